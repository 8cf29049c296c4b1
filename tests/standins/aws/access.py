"""Identity Center: instances, permission sets, and assignments with the operations on them."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from tests.standins.aws.directory import Directory
from tests.standins.aws.ground import AwsError, Clock, digits_of, locked, uuid_of
from tests.standins.aws.organization import Organization

TOO_MANY = "There are too many requests processing. Please try again later."


class Assignment(NamedTuple):
    principal_type: str
    principal_id: str
    account: str
    permission_set: str


@dataclass(frozen=True, slots=True)
class PermissionSet:
    arn: str
    name: str
    description: str | None
    session_duration: str
    created: datetime


@dataclass(frozen=True, slots=True)
class Instance:
    arn: str
    owner: str
    store_id: str
    created: datetime


@dataclass(slots=True)
class Operation:
    """One asynchronous create or delete, from IN_PROGRESS to SUCCEEDED or FAILED."""

    request_id: str
    kind: str
    assignment: Assignment
    created: datetime
    done_at: datetime
    failure: str | None
    status: str = "IN_PROGRESS"


class Access(Organization, Directory):
    instance_id = "ssoins-7223a1b2c3d4e5f6"

    def __init__(
        self,
        clock: Clock,
        *,
        management_account: str,
        management_name: str,
        operation_seconds: float,
        region: str,
    ) -> None:
        super().__init__(
            clock, management_account=management_account, management_name=management_name
        )
        self.operation_seconds = operation_seconds
        self.outstanding_limit = 15
        self.one_at_a_time = False
        """On: operations in one account queue behind each other (one role at a time)."""
        self.region = region
        self.instance_arn = f"arn:aws:sso:::instance/{self.instance_id}"
        self.instances = {
            self.instance_arn: Instance(
                self.instance_arn, management_account, self.store_id, self.now()
            )
        }
        self.permission_sets: dict[str, PermissionSet] = {}
        self.set_by_name: dict[str, str] = {}
        self.assignments: dict[Assignment, None] = {}
        self.assigned: dict[tuple[str, str], dict[Assignment, None]] = {}
        self.provisioned: dict[str, dict[str, None]] = {}
        self.held_by: dict[tuple[str, str], dict[Assignment, None]] = {}
        self.operations: dict[str, Operation] = {}
        self.operations_by: dict[tuple[str, str], dict[str, Operation]] = {}
        self.in_flight: dict[Assignment, Operation] = {}
        self.on_active: list[Callable[[Assignment, datetime], None]] = []
        self.on_gone: list[Callable[[Assignment, datetime], None]] = []
        self._due: list[tuple[datetime, int, Operation]] = []
        self._busy_until: dict[str, datetime] = {}
        self._roles_made: dict[tuple[str, str], int] = {}

    @locked
    def add_permission_set(
        self,
        name: str,
        *,
        description: str | None = None,
        session_duration: str = "PT1H",
        tags: Mapping[str, str] | None = None,
    ) -> str:
        if name in self.set_by_name:
            raise ValueError(f"a permission set {name!r} is there already")
        suffix = digits_of("set", name)[:16]
        arn = f"arn:aws:sso:::permissionSet/{self.instance_id}/ps-{suffix}"
        self.permission_sets[arn] = PermissionSet(
            arn, name, description, session_duration, self.now()
        )
        self.set_by_name[name] = arn
        self.tags[arn] = dict(tags or {})
        return arn

    @locked
    def remove_permission_set(self, permission_set: str) -> None:
        gone = self.permission_set(permission_set)
        del self.permission_sets[gone.arn], self.set_by_name[gone.name]

    @locked
    def add_account_instance(self, owner: str) -> str:
        """Another instance, of one member account, that ListInstances shows first."""
        account = self.account(owner).id
        arn = f"arn:aws:sso:::instance/ssoins-{digits_of('instance', account)[:16]}"
        store = f"d-{digits_of('store', account)[:10]}"
        self.instances = {arn: Instance(arn, account, store, self.now()), **self.instances}
        return arn

    def permission_set(self, ref: str) -> PermissionSet:
        """By ARN or name."""
        found = self.permission_sets.get(ref)
        found = found or self.permission_sets.get(self.set_by_name.get(ref, ""))
        if found is None:
            raise LookupError(f"no permission set {ref!r}")
        return found

    def key(self, principal: str, account: str, permission_set: str) -> Assignment:
        """The assignment of a user or group, all three by name or id."""
        if principal in self.groups or principal in self.group_by_name:
            kind, principal_id = "GROUP", self.group(principal).id
        else:
            kind, principal_id = "USER", self.user(principal).id
        arn = self.permission_set(permission_set).arn
        return Assignment(kind, principal_id, self.account(account).id, arn)

    @locked
    def assign(self, principal: str, account: str, permission_set: str) -> Assignment:
        """An administrator's own assignment, there at once; told to nobody."""
        self.settle()
        made = self.key(principal, account, permission_set)
        self._add(made)
        return made

    @locked
    def unassign(self, principal: str, account: str, permission_set: str) -> None:
        self.settle()
        self._drop(self.key(principal, account, permission_set))

    @locked
    def is_assigned(self, principal: str, account: str, permission_set: str) -> bool:
        self.settle()
        return self.key(principal, account, permission_set) in self.assignments

    @locked
    def current_assignments(self) -> list[Assignment]:
        self.settle()
        return list(self.assignments)

    @locked
    def begin(self, kind: str, wanted: Assignment, *, failure: str | None = None) -> Operation:
        """CREATE or DELETE, refused as AWS refuses: a key in flight, or too many outstanding."""
        self.settle()
        if wanted in self.in_flight:
            raise AwsError("ConflictException", "A previous write has not finished yet.")
        if len(self.in_flight) >= self.outstanding_limit:
            raise AwsError("ThrottlingException", TOO_MANY)
        now = self.now()
        start = self._busy_until.get(wanted.account, now) if self.one_at_a_time else now
        done_at = max(start, now) + timedelta(seconds=self.operation_seconds)
        self._busy_until[wanted.account] = done_at
        request_id = uuid_of("operation", len(self.operations), wanted)
        begun = Operation(request_id, kind, wanted, now, done_at, failure)
        self.operations[request_id] = self.in_flight[wanted] = begun
        self.operations_by.setdefault((kind, begun.status), {})[request_id] = begun
        heapq.heappush(self._due, (done_at, len(self.operations), begun))
        return begun

    @locked
    def settle(self) -> None:
        """Finishes every operation whose time has come on the given clock."""
        now = self.now()
        while self._due and self._due[0][0] <= now:
            self._finish(heapq.heappop(self._due)[2])

    def _finish(self, done: Operation) -> None:
        del self.in_flight[done.assignment]
        del self.operations_by[done.kind, done.status][done.request_id]
        done.status = "FAILED" if done.failure else "SUCCEEDED"
        self.operations_by.setdefault((done.kind, done.status), {})[done.request_id] = done
        if done.failure:
            return
        if done.kind == "CREATE":
            self._add(done.assignment)
            told = self.on_active
        else:
            self._drop(done.assignment)
            told = self.on_gone
        for tell in told:
            tell(done.assignment, done.done_at)

    def _add(self, new: Assignment) -> None:
        pair = (new.account, new.permission_set)
        if pair not in self.assigned:
            self._roles_made[pair] = self._roles_made.get(pair, 0) + 1
        self.assignments[new] = None
        self.assigned.setdefault(pair, {})[new] = None
        self.provisioned.setdefault(new.account, {})[new.permission_set] = None
        self.held_by.setdefault((new.principal_type, new.principal_id), {})[new] = None

    def _drop(self, gone: Assignment) -> None:
        if gone not in self.assignments:
            return
        pair = (gone.account, gone.permission_set)
        del self.assignments[gone], self.assigned[pair][gone]
        del self.held_by[gone.principal_type, gone.principal_id][gone]
        if not self.assigned[pair]:
            del self.assigned[pair], self.provisioned[gone.account][gone.permission_set]

    def role_name(self, account: str, permission_set: str) -> str:
        """The role's name in the account; a role that went and came back has another suffix."""
        found, where = self.permission_set(permission_set), self.account(account).id
        generation = self._roles_made.get((where, found.arn), 0)
        suffix = digits_of("role", where, found.arn, generation)[:16]
        return f"AWSReservedSSO_{found.name}_{suffix}"
