"""An Identity Center in memory that behaves: set semantics, operations that take time, conflicts, lost answers."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import RLock

from grants.errors import AwsBusy, AwsFault, AwsMissing, AwsTooLate
from grants.model import AccountId, Key, Lane, PermissionSetArn, UserId
from grants.ports import Assigned, Operation, Progress, Still

Trouble = Callable[[str], AwsFault | None]
"""Asked before and after each call, by its name: what goes wrong there."""


@dataclass
class Doing:
    """One operation, from IN_PROGRESS to its end."""

    id: str
    creates: bool
    key: Key
    since: datetime
    fails: str
    until: datetime
    progress: Progress = Progress.IN_PROGRESS

    def told(self, *, whole: bool = True) -> Operation:
        failed = self.progress is Progress.FAILED
        reason, key = (self.fails if failed else "", self.key) if whole else ("", None)
        return Operation(self.id, self.progress, reason, key, self.since)


@dataclass
class MemoryIdentityCenter:
    """What the engine asks of `grants.ports.IdentityCenter`; `there` is the truth."""

    clock: Callable[[], datetime]
    takes: timedelta = timedelta(0)
    most: int = 15
    there: set[Key] = field(default_factory=set)
    operations: list[Doing] = field(default_factory=list)
    fails: str = ""
    """Operations begun from now on end as FAILED, with this reason."""
    before: Trouble = lambda _: None
    after: Trouble = lambda _: None
    unlisted: set[UserId] = field(default_factory=set)
    """Whom lists do not show, although they are there: lists lag."""
    lanes: list[Lane] = field(default_factory=list)
    """By which each list was asked for."""
    crowded: int = 0
    """The most operations that ever ran at once."""
    lock: RLock = field(default_factory=RLock)

    def assigned(
        self, account: AccountId, permission_set: PermissionSetArn, *, lane: Lane
    ) -> Assigned:
        with self._asked("assigned"):
            self.lanes.append(lane)
            pair = (account, permission_set)
            users = {k.user_id for k in self.there if (k.account_id, k.permission_set_arn) == pair}
            return Assigned(frozenset(users - self.unlisted), frozenset())

    def create(self, key: Key, *, still: Still = lambda: True) -> Operation:
        with self._asked("create", still):
            return self._begin(key, creates=True)

    def delete(self, key: Key, *, still: Still = lambda: True) -> Operation:
        with self._asked("delete", still):
            if key not in self.there and not self.running(key):
                raise AwsMissing("there is no such assignment")
            return self._begin(key, creates=False)

    def creation(self, operation: str) -> Operation:
        with self._asked("creation"):
            return self._doing(operation, creates=True).told()

    def deletion(self, operation: str) -> Operation:
        with self._asked("deletion"):
            return self._doing(operation, creates=False).told()

    def creations(self, *, progress: Progress | None = None) -> Iterator[Operation]:
        return self._listed(progress, creates=True)

    def deletions(
        self, *, progress: Progress | None = None, lane: Lane = Lane.STATUS
    ) -> Iterator[Operation]:
        return self._listed(progress, creates=False)

    # What a test sees

    def holds(self, key: Key) -> bool:
        with self.lock:
            self._settle()
            return key in self.there

    def begun(self, key: Key, *, creates: bool) -> int:
        return len([d for d in self.operations if d.key == key and d.creates is creates])

    def running(self, key: Key | None = None) -> list[Doing]:
        return [
            d
            for d in self.operations
            if d.progress is Progress.IN_PROGRESS and key in (None, d.key)
        ]

    # Inside

    def _asked(self, name: str, still: Still = lambda: True) -> "_Call":
        return _Call(self, name, still)

    def _begin(self, key: Key, *, creates: bool) -> Operation:
        if self.running(key):
            raise AwsBusy("a previous write has not finished", code="ConflictException")
        if len(self.running()) >= self.most:
            raise AwsBusy("too many requests processing", code="ThrottlingException")
        number = f"op-{len(self.operations)}"
        now = self.clock()
        doing = Doing(number, creates, key, now, self.fails, now + self.takes)
        self.operations.append(doing)
        self.crowded = max(self.crowded, len(self.running()))
        return doing.told()

    def _doing(self, operation: str, *, creates: bool) -> Doing:
        for doing in self.operations:
            if (doing.id, doing.creates) == (operation, creates):
                return doing
        raise AwsMissing("there is no such operation")

    def _listed(self, progress: Progress | None, *, creates: bool) -> Iterator[Operation]:
        with self._asked("listed"):
            found = [d for d in self.operations if d.creates is creates]
        yield from (d.told(whole=False) for d in found if progress in (None, d.progress))

    def _settle(self) -> None:
        now = self.clock()
        for doing in self.running():
            if doing.until <= now:
                doing.progress = Progress.FAILED if doing.fails else Progress.SUCCEEDED
                if not doing.fails:
                    self._carry_out(doing)

    def _carry_out(self, doing: Doing) -> None:
        if doing.creates:
            self.there.add(doing.key)
        else:
            self.there.discard(doing.key)

    def forget(self, user: UserId) -> None:
        """An administrator removes what this user holds."""
        self.there = {key for key in self.there if key.user_id != user}


@dataclass
class _Call:
    aws: MemoryIdentityCenter
    name: str
    still: Still

    def __enter__(self) -> None:
        if fault := self.aws.before(self.name):
            raise fault
        if not self.still():
            raise AwsTooLate("its turn came too late")
        self.aws.lock.acquire()
        self.aws._settle()

    def __exit__(self, kind: object, *_: object) -> None:
        self.aws.lock.release()
        if kind is None and (fault := self.aws.after(self.name)):
            raise fault
