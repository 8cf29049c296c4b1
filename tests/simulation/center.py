"""An Identity Center that does what AWS does on bad days: late, lost, failed, and seen late in lists."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from grants.errors import AwsBusy, AwsUnsure
from grants.model import AccountId, Key, Lane, PermissionSet, PermissionSetArn
from grants.pace import UNKNOWN_FOR
from grants.ports import Assigned, Operation
from tests import make
from tests.memory_identity_center import Doing, MemoryIdentityCenter
from tests.simulation.weather import LATEST, Weather

Leaving = Callable[[Key, bool], None]
"""Told of each write that AWS carries out or will: its key, and whether it creates."""


@dataclass
class Center(MemoryIdentityCenter):
    """`there` is the truth; what of it is not ours is `theirs`, or nobody can say: `contested`."""

    weather: Weather = field(kw_only=True)
    leaving: Leaving = lambda _key, _creates: None
    theirs: set[Key] = field(default_factory=set)
    contested: set[Key] = field(default_factory=set)
    late: list[tuple[datetime, Key, bool]] = field(default_factory=list)
    shown: set[Key] = field(default_factory=set)
    unseen: list[tuple[datetime, Key, bool]] = field(default_factory=list)
    """Changes that lists show from then on."""
    came: dict[Key, datetime] = field(default_factory=dict)
    went: dict[Key, datetime] = field(default_factory=dict)
    taken: dict[Key, datetime] = field(default_factory=dict)
    """When an administrator removed it last."""
    sets: dict[PermissionSetArn, PermissionSet] = field(default_factory=dict)

    @property
    def ours(self) -> set[Key]:
        return self.there - self.theirs - self.contested

    def assigned(
        self, account: AccountId, permission_set: PermissionSetArn, *, lane: Lane
    ) -> Assigned:
        with self._asked("assigned"):
            self._shows()
            pair = (account, permission_set)
            for key in self.theirs - self.shown:
                if (key.account_id, key.permission_set_arn) == pair:
                    self._contest(key)
            users = (k.user_id for k in self.shown if (k.account_id, k.permission_set_arn) == pair)
            return Assigned(frozenset(users), frozenset())

    def permission_set(self, arn: PermissionSetArn, *, lane: Lane) -> PermissionSet | None:
        with self._asked("permission_set"):
            return self.sets.get(arn) or make.a_permission_set()

    # Administrators, with the console

    def given_by_hand(self, key: Key, *, claimed: bool) -> bool:
        """`claimed`: we may be about to create it, so that nobody can say whose it is."""
        self._settle()
        if self.running(key) or key in self.there:
            return False
        (self.contested if claimed else self.theirs).add(key)
        self._comes(key)
        return True

    def taken_by_hand(self, key: Key) -> bool:
        self._settle()
        if self.running(key) or key not in self.there:
            return False
        self.taken[key] = self.clock()
        self._goes(key)
        return True

    # Inside

    def _begin(self, key: Key, *, creates: bool) -> Operation:
        self.leaving(key, creates)
        if self.weather.is_late():
            self.late.append((self.clock() + self.weather.lateness(), key, creates))
            self.late.sort()
            raise AwsUnsure("AWS did not answer in time")
        return self._does(key, creates=creates)

    def _does(self, key: Key, *, creates: bool, most: timedelta = timedelta.max) -> Operation:
        self.takes, self.fails = min(self.weather.takes(), most), self.weather.failure()
        return super()._begin(key, creates=creates)

    def _settle(self) -> None:
        now = self.clock()
        super()._settle()
        while self.late and self.late[0][0] <= now:
            _, key, creates = self.late.pop(0)
            if creates or key in self.there:
                self._tries(key, creates=creates)
        super()._settle()

    def _tries(self, key: Key, *, creates: bool) -> None:
        try:
            self._does(key, creates=creates, most=UNKNOWN_FOR - LATEST)
        except AwsBusy:
            return

    def _carry_out(self, doing: Doing) -> None:
        if doing.creates and doing.key not in self.there:
            self._comes(doing.key)
        if doing.creates and doing.key in self.theirs:
            self._contest(doing.key)
        if not doing.creates and doing.key in self.there:
            self._goes(doing.key)

    def _comes(self, key: Key) -> None:
        self.there.add(key)
        self.came[key] = self.clock()
        self._will_show(key, there=True)

    def _goes(self, key: Key) -> None:
        for keys in (self.there, self.theirs, self.contested):
            keys.discard(key)
        self.went[key] = self.clock()
        self._will_show(key, there=False)

    def _contest(self, key: Key) -> None:
        self.theirs.discard(key)
        self.contested.add(key)

    def _will_show(self, key: Key, *, there: bool) -> None:
        before = [at for at, other, _ in self.unseen if other == key]
        at = max([self.clock() + self.weather.lags(), *before])
        self.unseen.append((at, key, there))

    def _shows(self) -> None:
        now = self.clock()
        for at, key, there in [each for each in self.unseen if each[0] <= now]:
            self.unseen.remove((at, key, there))
            (self.shown.add if there else self.shown.discard)(key)
