"""The sweep: what Identity Center lists against what the ledger knows, in the lowest lane.

The engine looks at what is held; the sweep at what should not be there. What of ours outlived its
grant is handed to the engine, which takes it away; what nobody here made is reported, never touched.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from grants import pace, telling
from grants.crew import Crew
from grants.errors import AwsFault, AwsMissing, AwsRefused
from grants.model import (
    CLOCK,
    AccountId,
    Assignment,
    Catalogue,
    Holding,
    Key,
    Lane,
    PermissionSetArn,
    Slot,
    Target,
    UserId,
)
from grants.policy import PolicyBook
from grants.ports import (
    Clock,
    Creation,
    Creations,
    Directory,
    IdentityCenter,
    Provenance,
    Work,
    Works,
)
from grants.records import Entry, Stranger, SweepName, SweepRow

EVERY: Final = {SweepName.LATELY: timedelta(minutes=5), SweepName.ALL: timedelta(days=1)}
AT_START: Final = timedelta(hours=1)
"""A process that begins has everything looked at, unless that was done so lately."""
TOUCHED: Final = timedelta(days=30)
CLAIMED: Final = timedelta(minutes=15)
"""Longer than a slice takes: should whoever took it die, it goes on then."""
SLICE: Final = 50
"""So many pairs are looked at between two lines in the database; or accounts, but"""
SPAN: Final = timedelta(minutes=1)
"""no longer than this."""
DELIVERED: Final = timedelta(minutes=20)
"""After so long CloudTrail has told of a call, or will not; it promises nothing."""
KEPT: Final = timedelta(days=90)
"""So far back CloudTrail's event history goes."""
SINGLY: Final = 10
"""More strangers than that at once are told of in one line: `check` has them all."""

OUTLIVED: Final = "outlived"
STRANGER: Final = "stranger"
STRANGERS: Final = "strangers"


@dataclass(slots=True)
class Sweep:
    """One for each process; the rows say whose turn it is."""

    works: Works
    identity_center: IdentityCenter
    directory: Directory
    provenance: Provenance
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
        else:
            after = self._looked(claimed, book, catalogue)
        with self.works() as work:
            work.sweeps.save(after)

    def _looked(self, row: SweepRow, book: PolicyBook, catalogue: Catalogue) -> SweepRow:
        """The row as it is after one more slice."""
        try:
            if row.name is SweepName.LATELY:
                row = self._lately(row)
            else:
                row = self._all(row, book, catalogue)
            if row.began_at is None:
                self._judge(catalogue)
        except AwsFault as fault:
            wait = pace.backoff(row.tries + 1, self.jitter)
            return replace(
                row, due_at=self.clock() + wait, tries=row.tries + 1, trouble=fault.reason
            )
        return row

    def _lately(self, row: SweepRow) -> SweepRow:
        after = _target(row.after)
        with self.works.reading() as work:
            since = self.clock() - TOUCHED
            targets = work.sweeps.pairs(since, after=after, limit=SLICE)
        trouble = row.trouble if row.after else ""
        for target in targets:
            trouble = self._compare(target) or trouble
        row = replace(row, trouble=trouble)
        if len(targets) < SLICE:
            return self._over(row)
        return replace(row, after=_name(targets[-1]), due_at=self.clock(), tries=0)

    def _all(self, row: SweepRow, book: PolicyBook, catalogue: Catalogue) -> SweepRow:
        managed = managed_sets(book)
        instance = catalogue.instance
        beyond = {instance.management_account} if instance.delegated else set()
        accounts = sorted(one for one in catalogue.accounts if one > row.after)
        trouble = row.trouble if row.after else ""
        until = self.clock() + SPAN
        for account in accounts[:SLICE]:
            if managed and account not in beyond:
                trouble = self._account(account, managed) or trouble
            row = replace(row, after=account, trouble=trouble)
            if self.clock() > until:
                break
        if accounts and row.after != accounts[-1]:
            return replace(row, due_at=self.clock(), tries=0)
        self._forget_others(catalogue)
        return self._over(row)

    def _account(self, account: AccountId, managed: frozenset[PermissionSetArn]) -> str:
        """Why it could not be looked at; empty: it was."""
        provisioned = self.identity_center.provisioned_in(account, lane=Lane.REFRESH)
        if provisioned is None:
            return f"which permission sets are provisioned in account {account} could not be read"
        with self.works.reading() as work:
            strangers = work.sweeps.strangers(in_account=account)
        known = {stranger.key.permission_set_arn for stranger in strangers}
        targets = [Target(account, arn) for arn in sorted((provisioned & managed) | known)]
        return next(filter(None, [self._compare(target) for target in targets]), "")

    def _over(self, row: SweepRow) -> SweepRow:
        now = self.clock()
        due_at = max((row.began_at or now) + EVERY[row.name], now)
        return replace(row, due_at=due_at, began_at=None, after="", ended_at=now, tries=0)

    # What is there

    def _compare(self, target: Target) -> str:
        """Notes down who is assigned though the ledger knows nothing of it; forgets who is not.

        Why it could not be looked at; empty: it was.
        """
        try:
            listed = self._listed(target)
        except AwsRefused as refused:
            return f"{target.permission_set_arn} in account {target.account_id}: {refused.reason}"
        now = self.clock()
        with self.works.reading() as work:
            held = work.sweeps.held(target)
            strangers = work.sweeps.strangers(in_account=target.account_id)
        arn = target.permission_set_arn
        known = {each.key.user_id for each in strangers if each.key.permission_set_arn == arn}
        found = listed - held.keys() - known
        # On a standing assignment a grant runs on paper: it is a stranger's before and after.
        gone = {user for user in known if user not in listed or _is_ours(held.get(user))}
        if not found and not gone:
            return ""
        with self.works() as work:
            held = work.sweeps.held(target)
            for user in sorted(found - held.keys()):
                work.sweeps.put(Stranger(_key(user, target), found_at=now))
            for user in gone:
                work.sweeps.remove(_key(user, target))
        return ""

    def _listed(self, target: Target) -> frozenset[UserId]:
        try:
            assigned = self.identity_center.assigned(
                target.account_id, target.permission_set_arn, lane=Lane.REFRESH
            )
        except AwsMissing:
            return frozenset()
        return assigned.users

    def _forget_others(self, catalogue: Catalogue) -> None:
        """Those in accounts and of permission sets that are no more."""
        with self.works() as work:
            for stranger in work.sweeps.strangers():
                key = stranger.key
                here = key.account_id in catalogue.accounts
                if not (here and key.permission_set_arn in catalogue.permission_sets):
                    work.sweeps.remove(key)

    # Whose it is

    def _judge(self, catalogue: Catalogue) -> None:
        """Of those who were found: whose are they? Ours are handed over, strangers reported."""
        with self.works.reading() as work:
            untold = work.sweeps.strangers(untold=True)
        if not untold:
            return
        now = self.clock()
        made = self.provenance.creations(now - KEPT)
        strangers = []
        for stranger in untold:
            with self.works() as work:
                row = work.assignments.get(stranger.key)
                if row and (row.holding is not Holding.ABSENT or row.due_at):
                    continue  # It is in hand by now; the next look sees to it.
                creation = _since_absent(made.last.get(stranger.key), row)
                if creation and is_ours(creation, row):
                    self._hand_over(work, stranger.key, row, creation, catalogue)
                    continue
                if creation is None and now - stranger.found_at < DELIVERED:
                    continue
                strangers.append(_told(stranger, creation, now))
        self._report(strangers, made, catalogue)

    def _hand_over(
        self, work: Work, key: Key, row: Assignment | None, creation: Creation, catalogue: Catalogue
    ) -> None:
        """To the engine, as what it holds and nobody wants any more."""
        now = self.clock()
        ours = replace(
            row or Assignment(key, Holding.ABSENT, due_at=now),
            holding=Holding.PRESENT,
            slot=Slot.NONE,
            wanted_gone_at=now,
            alarmed_at=None,
            due_at=now,
        )
        if row is None:
            work.assignments.add(ours)
        elif not work.assignments.save(ours):
            return
        work.sweeps.remove(key)
        facts = {**self._named(key, catalogue), "made_at": creation.at.isoformat()}
        work.journal.write(Entry(now, f"sweep.{OUTLIVED}", CLOCK, facts=facts))
        telling.alarm(work, OUTLIVED, facts, at=now)

    def _report(self, strangers: list[Stranger], made: Creations, catalogue: Catalogue) -> None:
        if not strangers:
            return
        singly = len(strangers) <= SINGLY
        told = {one.key: self._named(one.key, catalogue, look_up=singly) for one in strangers}
        now = self.clock()
        with self.works() as work:
            for stranger in strangers:
                work.sweeps.put(stranger)
                facts = {**told[stranger.key], **_maker(stranger, made)}
                work.journal.write(Entry(now, f"sweep.{STRANGER}", CLOCK, facts=facts))
                if singly:
                    telling.alarm(work, STRANGER, facts, at=now)
            if not singly:
                telling.alarm(work, STRANGERS, {"count": len(strangers)}, at=now)

    def _named(self, key: Key, catalogue: Catalogue, *, look_up: bool = False) -> dict[str, str]:
        """Ids, and names where they are known."""
        account = catalogue.accounts.get(key.account_id)
        permission_set = catalogue.permission_sets.get(key.permission_set_arn)
        return {
            "account": key.account_id,
            "account_name": account.name if account else "",
            "permission_set": key.permission_set_arn,
            "permission_set_name": permission_set.name if permission_set else "",
            "user": key.user_id,
            "user_name": self._user_name(key.user_id) if look_up else "",
        }

    def _user_name(self, user_id: UserId) -> str:
        try:
            user = self.directory.user(user_id, lane=Lane.REFRESH)
        except AwsFault:
            return ""
        return (user.name or user.user_name) if user else ""


def managed_sets(book: PolicyBook) -> frozenset[PermissionSetArn]:
    """The permission sets that some eligibility policy offers."""
    return frozenset(
        PermissionSetArn(one.id) for each in book.eligibility for one in each.permission_sets
    )


def is_ours(creation: Creation, row: Assignment | None) -> bool:
    """Our role made it; and we had to do with it, or it bears our name (of a database that lost it)."""
    return creation.by_elevate and (row is not None or creation.signed)


def _since_absent(creation: Creation | None, row: Assignment | None) -> Creation | None:
    """What we have seen to be absent since then was not made by it: CloudTrail's seconds are whole."""
    if creation is None or row is None or row.absent_seen_at is None:
        return creation
    return creation if creation.at >= row.absent_seen_at.replace(microsecond=0) else None


def _told(stranger: Stranger, creation: Creation | None, now: datetime) -> Stranger:
    if creation is None:
        return replace(stranger, told_at=now)
    return replace(stranger, told_at=now, made_by=creation.by, made_at=creation.at)


def _maker(stranger: Stranger, made: Creations) -> dict[str, str]:
    if stranger.made_at is None:
        return {"blind": made.blind}
    return {"made_by": stranger.made_by, "made_at": stranger.made_at.isoformat()}


def _is_ours(holding: Holding | None) -> bool:
    return holding is not None and holding is not Holding.STANDING


def _key(user: UserId, target: Target) -> Key:
    return Key(user, target.account_id, target.permission_set_arn)


def _name(target: Target) -> str:
    return f"{target.account_id} {target.permission_set_arn}"


def _target(name: str) -> Target | None:
    if not name:
        return None
    account, _, permission_set = name.partition(" ")
    return Target(AccountId(account), PermissionSetArn(permission_set))
