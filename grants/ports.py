"""What the domain needs of the world beside memory (`grants/stores.py`): AWS above all, by shape."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from grants.activity import Evidence, Session
from grants.model import (
    Account,
    AccountId,
    Group,
    GroupId,
    Instance,
    Key,
    Lane,
    Ou,
    OuId,
    PermissionSet,
    PermissionSetArn,
    User,
    UserId,
)
from grants.records import Row
from grants.whose import Calls

Clock = Callable[[], datetime]
"""Aware, UTC."""


Still = Callable[[], bool]
"""Asked right before a write leaves: whether it is still to be made. If not, AwsTooLate rises."""


# AWS. Every method may raise AwsBusy, AwsUnsure or AwsRefused (grants.errors); none retries a
# write. `lane` says who goes first at the quota; Lane.PERSON also means short timeouts, because
# somebody is waiting.


class Progress(StrEnum):
    """AWS's own word for an assignment operation. There is no PENDING."""

    IN_PROGRESS = "IN_PROGRESS"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Operation:
    """An assignment operation as AWS reports it."""

    id: str
    progress: Progress
    reason: str = ""
    key: Key | None = None
    """Absent in the pages that list operations."""
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Assigned:
    """Who is assigned to one account and permission set, directly or through which groups."""

    users: frozenset[UserId]
    groups: frozenset[GroupId]


class IdentityCenter(Protocol):
    """sso-admin: the instance, its permission sets and its account assignments."""

    def instance(self) -> Instance: ...
    def permission_set_arns(self, *, lane: Lane) -> list[PermissionSetArn]: ...
    def permission_set(self, arn: PermissionSetArn, *, lane: Lane) -> PermissionSet | None: ...
    def permission_set_tags(self, arn: PermissionSetArn, *, lane: Lane) -> Mapping[str, str]: ...
    def provisioned_in(
        self, account: AccountId, *, lane: Lane
    ) -> frozenset[PermissionSetArn] | None:
        """None: it may not be read (a delegate is sometimes refused)."""
        ...

    def assigned(
        self, account: AccountId, permission_set: PermissionSetArn, *, lane: Lane
    ) -> Assigned: ...
    def create(self, key: Key, *, still: Still) -> Operation: ...
    def delete(self, key: Key, *, still: Still) -> Operation:
        """AwsMissing: it was not there."""
        ...

    def creation(self, operation: str) -> Operation: ...
    def deletion(self, operation: str) -> Operation: ...
    def creations(self, *, progress: Progress | None = None) -> Iterable[Operation]:
        """The operations AWS still lists, without their keys: id, progress, created_at."""
        ...

    def deletions(
        self, *, progress: Progress | None = None, lane: Lane = Lane.STATUS
    ) -> Iterable[Operation]: ...


class Denials(Protocol):
    """Policies of one kind that denials are put into: permission sets' inline ones, or SCPs."""

    def read(self, carrier: str, *, lane: Lane) -> str:
        """As AWS has it; empty: there is none. AwsMissing: no such permission set, or policy."""
        ...

    def write(self, carrier: str, document: str, *, still: Still) -> None:
        """In place of what is there; empty: there is to be none."""
        ...

    def targets(self, carrier: str, *, lane: Lane) -> frozenset[str] | None:
        """The root, OUs and accounts that it is attached to; None: it reaches accounts otherwise."""
        ...


class Provisioning(Protocol):
    """sso-admin: a permission set's way into one account, its inline policy with it."""

    def push(
        self, permission_set: PermissionSetArn, account: AccountId, *, still: Still
    ) -> Operation:
        """Provision it to this account alone. AwsMissing: it is not in use there.

        Harmless to ask for twice.
        """
        ...

    def pushed(self, operation: str) -> Operation:
        """How that stands; AwsMissing: AWS no longer knows it."""
        ...


class Directory(Protocol):
    """identitystore: users, groups, memberships."""

    def user(self, user_id: UserId, *, lane: Lane) -> User | None: ...
    def user_by_email(self, email: str, *, lane: Lane) -> User | None:
        """Exactly as spelled: AWS decides about case."""
        ...

    def user_by_name(self, user_name: str, *, lane: Lane) -> User | None: ...
    def group(self, group_id: GroupId, *, lane: Lane) -> Group | None: ...
    def group_by_name(self, name: str, *, lane: Lane) -> Group | None: ...
    def member_of(
        self, user_id: UserId, groups: Collection[GroupId], *, lane: Lane
    ) -> frozenset[GroupId]:
        """Which of these groups the user is in now. A deleted group is one they are not in."""
        ...

    def members(self, group_id: GroupId, *, lane: Lane) -> Iterator[UserId]:
        """Page by page; a deleted group has none."""
        ...


class Organization(Protocol):
    """organizations: accounts, and where each stands in the tree."""

    def accounts(self, *, lane: Lane, ous: Sequence[Ou] = ()) -> list[Account]:
        """All of them with `path`: ListAccounts' Paths, else by asking each OU; `ous`: if known."""
        ...

    def accounts_page(self, token: str, *, lane: Lane) -> tuple[list[Account], str]:
        """One page of them and the next one's token; `path` is empty where AWS gives no Paths."""
        ...

    def accounts_in(self, parent: OuId, *, lane: Lane) -> list[AccountId]:
        """Right in this OU."""
        ...

    def account(self, account: AccountId, *, lane: Lane) -> Account | None:
        """One, live, with its path."""
        ...

    def tags(self, account: AccountId, *, lane: Lane) -> Mapping[str, str] | None:
        """One account's, live; None: it is not in the organization."""
        ...

    def ous(self, *, lane: Lane) -> list[Ou]:
        """The root and every OU below it."""
        ...

    def roots(self, *, lane: Lane) -> list[Ou]: ...
    def children(self, parent: Ou, *, lane: Lane) -> list[Ou]:
        """The OUs right below this one."""
        ...


class Provenance(Protocol):
    """Who called for assignments."""

    def calls(self, since: datetime) -> Calls:
        """What may not be read is said in it; AwsBusy and AwsUnsure rise."""
        ...


class Trail(Protocol):
    """A source of CloudTrail events. What it could not see it says in the evidence."""

    def fetch(self, session: Session) -> Evidence: ...


class Destination(Protocol):
    """Where lines of the journal go as they are written."""

    @property
    def name(self) -> str:
        """The same after a restart, and without a secret: it is shown."""
        ...

    def send(self, rows: Sequence[Row]) -> None:
        """Taken, all of them and for good, when this returns. Else NotTakenError or an AwsFault.

        What was sent before may come again, the same rows.
        """
        ...


class Seal(Protocol):
    """Keeps what must not stand in memory as it is."""

    def seal(self, plain: str, about: str) -> str:
        """It opens only where it is about the same."""
        ...

    def open(self, sealed: str, about: str) -> str:
        """NotOpenedError where it does not."""
        ...

    def is_newest(self, sealed: str, about: str) -> bool:
        """Whether it would be sealed with the same key today."""
        ...
