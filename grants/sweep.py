"""The sweep: what Identity Center lists against what the ledger knows, in the lowest lane.

The engine looks at what is held; the sweep at what should not be there. It notes down who is
assigned although the ledger has nothing of it in hand; `grants/judging.py` finds out whose that is.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, TypeVar

from grants import pace
from grants.crew import Crew
from grants.errors import AwsFault, AwsMissing, AwsRefused
from grants.judging import Judging
from grants.model import (
    AccountId,
    Catalogue,
    Holding,
    Key,
    Lane,
    PermissionSetArn,
    Target,
    UserId,
)
from grants.policy import PolicyBook, managed_sets
from grants.ports import Clock, IdentityCenter
from grants.records import Stranger, SweepName, SweepRow
from grants.stores import Work, Works

log = logging.getLogger(__name__)

T = TypeVar("T")

EVERY: Final = {SweepName.LATELY: timedelta(minutes=5), SweepName.ALL: timedelta(days=1)}
AT_START: Final = timedelta(hours=1)
"""A process that begins has everything looked at, unless that was done so lately."""
TOUCHED: Final = timedelta(days=30)
CLAIMED: Final = timedelta(minutes=15)
"""Longer than a slice takes: should whoever took it die, it goes on then."""
SLICE: Final = 50
"""So many pairs or accounts are looked at between two lines in the database, but"""
SPAN: Final = timedelta(minutes=1)
"""no longer than this."""
PATIENCE: Final = 5
"""So often what AWS does not answer about is tried; then the others have their turn."""
OURS: Final = frozenset({Holding.CREATING, Holding.PRESENT, Holding.DELETING})
"""Not what only waits for its turn to be created: what is there was made by others."""
UNFORESEEN: Final = "an unforeseen error, which the log shows"


@dataclass(slots=True)
class Sweep:
    """One for each process; the rows say whose turn it is."""

    works: Works
    identity_center: IdentityCenter
    judging: Judging
    clock: Clock
    crew: Crew
    jitter: pace.Jitter = pace.jitter
    _begun: bool = field(default=False, init=False)

    def round(self) -> None:
        """Have what is due looked at, a slice at a time."""
        now = self.clock()
        if not self._begun:
            self._begin(now)
            self._begun = True
        with self.works.reading() as work:
            due = [row for row in work.sweeps.all() if row.due_at <= now]
        for row in due:
            self.crew.take(row, self._slice, name=row.name)

    def next_due(self) -> datetime | None:
        """When the next slice is."""
        with self.works.reading() as work:
            return min((row.due_at for row in work.sweeps.all()), default=None)

    def _begin(self, now: datetime) -> None:
        with self.works() as work:
            rows = {row.name: row for row in work.sweeps.all()}
            for name in SweepName:
                if (row := rows.get(name)) is None:
                    work.sweeps.add(SweepRow(name, due_at=now))
                elif row.began_at is None and row.ended_at and now - row.ended_at >= AT_START:
                    work.sweeps.save(replace(row, due_at=min(row.due_at, now)))

    def _slice(self, row: SweepRow) -> None:
        """Put off first: whatever goes wrong, it is not looked at every second."""
        now = self.clock()
        claimed = replace(row, due_at=now + CLAIMED, began_at=row.began_at or now)
        with self.works() as work:
            if not work.sweeps.save(claimed):
                return
            book, catalogue = work.policies.current(), work.catalogue.load()
        claimed = replace(claimed, version=claimed.version + 1)
        if catalogue is None:
            after = replace(claimed, due_at=now + EVERY[SweepName.LATELY], began_at=None)
        elif row.name is SweepName.LATELY:
            after = self._lately(claimed, catalogue)
        else:
            after = self._all(claimed, book, catalogue)
        with self.works() as work:
            work.sweeps.save(after)

    def _lately(self, row: SweepRow, catalogue: Catalogue) -> SweepRow:
        with self.works.reading() as work:
            since = self.clock() - TOUCHED
            targets = work.sweeps.pairs(since, after=_target(row.after), limit=SLICE)
        return self._one_by_one(row, targets, _name, self._compare, catalogue)

    def _all(self, row: SweepRow, book: PolicyBook, catalogue: Catalogue) -> SweepRow:
        managed, instance = managed_sets(book), catalogue.instance
        beyond = {instance.management_account} if instance.delegated else set()
        accounts = [one for one in sorted(catalogue.accounts) if one > row.after]

        def look(account: AccountId) -> str:
            return self._account(account, managed) if managed and account not in beyond else ""

        return self._one_by_one(row, accounts[:SLICE], str, look, catalogue)

    def _one_by_one(
        self,
        row: SweepRow,
        things: Sequence[T],
        name: Callable[[T], str],
        look: Callable[[T], str],
        catalogue: Catalogue,
    ) -> SweepRow:
        """The row as it is afterwards: behind the last one that was looked at, or at the end.

        One that AWS does not answer about is tried again, with what was done before it kept; after
        some tries it is left out, and said to be.
        """
        row = replace(row, trouble=row.trouble if row.after else "")
        until = self.clock() + SPAN
        for thing in things:
            try:
                trouble = look(thing)
            except AwsFault as fault:
                if row.tries < PATIENCE:
                    return self._again(row)
                trouble = f"{name(thing)}: {fault.reason}"
            except Exception:
                # Whatever it is, it would be so again, and nobody else may wait for it.
                log.exception("the sweep could not look", extra={"at": name(thing)})
                trouble = f"{name(thing)}: {UNFORESEEN}"
            row = replace(row, after=name(thing), tries=0, trouble=trouble or row.trouble)
            if self.clock() > until:
                return replace(row, due_at=self.clock())
        if len(things) == SLICE:
            return replace(row, due_at=self.clock())
        return self._judged(row, catalogue)

    def _judged(self, row: SweepRow, catalogue: Catalogue) -> SweepRow:
        """At the end."""
        whole, last_try = row.name is SweepName.ALL, row.tries >= PATIENCE
        try:
            if whole:
                self._forget_what_is_gone(catalogue)
            self.judging.judge(
                catalogue, anew=whole, report=whole or self._was_whole(), last_try=last_try
            )
        except AwsFault:
            if not last_try:
                return self._again(row)
        except Exception:
            log.exception("the sweep could not find out whose something is")
            row = replace(row, trouble=row.trouble or UNFORESEEN)
        return self._over(row)

    def _forget_what_is_gone(self, catalogue: Catalogue) -> None:
        """With an account or a permission set, AWS takes away what was assigned."""
        with self.works.reading() as work:
            gone = [
                each.key
                for each in work.sweeps.strangers()
                if each.key.account_id not in catalogue.accounts
                or each.key.permission_set_arn not in catalogue.permission_sets
            ]
        for key in gone:
            with self.works() as work:
                work.sweeps.remove_stranger(key)

    def _was_whole(self) -> bool:
        """Whether everything was looked at once: what was there before is told of together."""
        with self.works.reading() as work:
            return any(row.ended_at for row in work.sweeps.all() if row.name is SweepName.ALL)

    def _again(self, row: SweepRow) -> SweepRow:
        tries = row.tries + 1
        return replace(row, due_at=self.clock() + pace.backoff(tries, self.jitter), tries=tries)

    def _over(self, row: SweepRow) -> SweepRow:
        now = self.clock()
        due_at = max((row.began_at or now) + EVERY[row.name], now)
        return replace(row, due_at=due_at, began_at=None, after="", ended_at=now, tries=0)

    # What is there

    def _account(self, account: AccountId, managed: frozenset[PermissionSetArn]) -> str:
        """Why it could not be looked at; empty: it was."""
        provisioned = self.identity_center.provisioned_in(account, lane=Lane.REFRESH)
        if provisioned is None:
            return f"which permission sets are provisioned in account {account} may not be read"
        with self.works.reading() as work:
            known = work.sweeps.strangers(account=account)
        sets = {stranger.key.permission_set_arn for stranger in known}
        targets = [Target(account, arn) for arn in sorted((provisioned & managed) | sets)]
        troubles = [self._compare(target) for target in targets]
        return next(filter(None, troubles), "")

    def _compare(self, target: Target) -> str:
        """Notes down who is assigned though the ledger knows nothing of it; forgets who is not.

        Why it could not be looked at; empty: it was.
        """
        try:
            listed = self._listed(target)
        except AwsRefused as refused:
            return f"{_name(target)}: {refused.reason}"
        with self.works.reading() as work:
            held = work.sweeps.held(target)
            known = {each.key.user_id: each for each in work.sweeps.strangers_at(target)}
        found = sorted(listed - held.keys() - known.keys())
        missed = [each for user, each in known.items() if user not in listed or each.missed_at]
        ours = [user for user in known if held.get(user) in OURS]
        if found or missed or ours:
            with self.works() as work:
                self._note(work, target, found, ours)
                for stranger in missed:
                    self._note_missing(work, stranger, there=stranger.key.user_id in listed)
        return ""

    def _note(self, work: Work, target: Target, found: list[UserId], ours: list[UserId]) -> None:
        """Of those in hand by now nothing is noted: on what a grant holds, the engine looks.

        On a standing assignment a grant runs on paper: it is a stranger's before and after.
        """
        held = work.sweeps.held(target)
        for user in found:
            if user not in held:
                work.sweeps.add_stranger(_key(user, target), at=self.clock())
        for user in sorted(ours):
            work.sweeps.remove_stranger(_key(user, target))

    def _note_missing(self, work: Work, stranger: Stranger, *, there: bool) -> None:
        """Lists lag: what was told of once is not told of again for having been missed in one."""
        now = self.clock()
        if there:
            work.sweeps.missed(stranger.key, at=None)
        elif stranger.missed_at is None and stranger.told_at:
            work.sweeps.missed(stranger.key, at=now)
        elif stranger.missed_at is None or now >= stranger.missed_at + pace.MISSED:
            work.sweeps.remove_stranger(stranger.key)

    def _listed(self, target: Target) -> frozenset[UserId]:
        try:
            assigned = self.identity_center.assigned(
                target.account_id, target.permission_set_arn, lane=Lane.REFRESH
            )
        except AwsMissing:
            return frozenset()
        return assigned.users


def _key(user: UserId, target: Target) -> Key:
    return Key(user, target.account_id, target.permission_set_arn)


def _name(target: Target) -> str:
    return f"{target.account_id} {target.permission_set_arn}"


def _target(name: str) -> Target | None:
    if not name:
        return None
    account, _, permission_set = name.partition(" ")
    return Target(AccountId(account), PermissionSetArn(permission_set))
