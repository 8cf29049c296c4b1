"""What becomes of assignments that the sweep found: ours go back to the engine, others are told of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from grants import telling
from grants.errors import AwsFault
from grants.model import CLOCK, Assignment, Catalogue, Holding, Lane, Slot, UserId
from grants.ports import Clock, Directory, Provenance
from grants.records import Entry, Stranger
from grants.stores import Work, Works
from grants.whose import Calls, Verdict, Whose, whose

DELIVERED: Final = timedelta(minutes=20)
"""After so long CloudTrail has told of a call, or will not; it promises nothing."""
SILENT: Final = timedelta(hours=1)
"""So long CloudTrail is asked again before what was found is told without it."""
KEPT: Final = timedelta(days=90)
"""So far back CloudTrail's event history goes."""
SINGLY: Final = 10
"""More than that at once are told of in one line: journal and `check` have them all."""
PORTION: Final = 25
"""So many are written down in one transaction: others wait to write, too."""

OUTLIVED: Final = "outlived"
STRANGER: Final = "stranger"
MANY: Final = {OUTLIVED: "outlived_many", STRANGER: "strangers"}

Judged = tuple[Stranger, Verdict]


@dataclass(frozen=True, slots=True)
class Judging:
    """Asks CloudTrail whose they are, where there are any."""

    works: Works
    provenance: Provenance
    directory: Directory
    clock: Clock

    def judge(
        self, catalogue: Catalogue, *, anew: bool, report: bool, last_try: bool = False
    ) -> None:
        """Of those not told of yet; `anew`: and those of which nobody knew who made them.

        `report`: others' are told of now, and not with those that are still to be found. `last_try`:
        AWS's faults do not rise where somebody has waited long enough to be told without CloudTrail.
        """
        with self.works.reading() as work:
            found = work.sweeps.strangers(told=None if anew else False)
            open_ones = [each for each in found if each.made_at is None and not each.missed_at]
            rows = {each.key: work.assignments.get(each.key) for each in open_ones}
        # What is in hand by now, the next look sees to.
        open_ones = [each for each in open_ones if not in_hand(rows[each.key])]
        if not open_ones:
            return
        since = self.clock() - KEPT
        try:
            calls = self.provenance.calls(since)
        except AwsFault as fault:
            open_ones = [each for each in open_ones if self._waited_long(each)]
            if not last_try or not open_ones:
                raise
            calls = Calls({}, since=self.clock(), blind=f"It does not answer: {fault.reason}")
        judged = [(each, self._judged(each, rows[each.key], calls, since)) for each in open_ones]
        self._hand_over([each for each in judged if each[1].whose is Whose.OURS], catalogue)
        others = [each for each in judged if each[1].whose in {Whose.THEIRS, Whose.NOT_TOLD}]
        if report:
            new = [each for each in others if each[0].told_at is None]
            self._tell_of(new, catalogue, blind=calls.blind)
            self._name_makers([each for each in others if each[0].told_at is not None])

    def _waited_long(self, stranger: Stranger) -> bool:
        return not stranger.told_at and self.clock() - stranger.found_at >= SILENT

    def _judged(
        self, stranger: Stranger, row: Assignment | None, calls: Calls, since: datetime
    ) -> Verdict:
        delivered = self.clock() - stranger.found_at >= DELIVERED
        return whose(stranger.key, row, calls, asked_since=since, delivered=delivered)

    # Ours

    def _hand_over(self, judged: Sequence[Judged], catalogue: Catalogue) -> None:
        self._write(judged, OUTLIVED, self._to_the_engine, self._facts_of(judged, catalogue))

    def _to_the_engine(self, work: Work, judged: Judged) -> bool:
        """As what it holds and nobody wants any more; not what somebody was given meanwhile."""
        key = judged[0].key
        row = work.assignments.get(key)
        if in_hand(row) or not work.sweeps.remove_stranger(key):
            return False
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
        else:
            work.assignments.save(ours)
        return True

    # Others'

    def _tell_of(self, judged: Sequence[Judged], catalogue: Catalogue, *, blind: str) -> None:
        facts = self._facts_of(judged, catalogue, blind=blind)
        self._write(judged, STRANGER, self._is_news, facts)

    def _is_news(self, work: Work, judged: Judged) -> bool:
        """Of two processes one has it."""
        news = work.sweeps.told_of(judged[0].key, at=self.clock())
        if news:
            _name_maker(work, judged)
        return news

    def _name_makers(self, judged: Sequence[Judged]) -> None:
        """Of those told of long ago: it stands in the row, and nobody is told again."""
        for portion in _portions(judged):
            with self.works() as work:
                for each in portion:
                    _name_maker(work, each)

    # Words

    def _write(
        self,
        judged: Sequence[Judged],
        kind: str,
        write: Callable[[Work, Judged], bool],
        facts_of: Callable[[Judged], dict[str, str]],
    ) -> None:
        """What was written anew is told of in the same transaction; of many, in one line."""
        singly = len(judged) <= SINGLY
        told = False
        for portion in _portions(judged):
            facts = [facts_of(each) for each in portion]
            with self.works() as work:
                now = self.clock()
                new = [
                    about for each, about in zip(portion, facts, strict=True) if write(work, each)
                ]
                for about in new:
                    work.journal.write(Entry(now, f"sweep.{kind}", CLOCK, facts=about))
                    if singly:
                        telling.aloud(work, kind, about, at=now)
                if new and not singly and not told:
                    telling.aloud(work, MANY[kind], {"count": len(judged)}, at=now)
            told = told or bool(new)

    def _facts_of(
        self, judged: Sequence[Judged], catalogue: Catalogue, **more: str
    ) -> Callable[[Judged], dict[str, str]]:
        """Of many, nobody's name is looked up."""
        look_up = len(judged) <= SINGLY
        return lambda each: {**self._facts(each, catalogue, look_up=look_up), **more}

    def _facts(self, judged: Judged, catalogue: Catalogue, *, look_up: bool) -> dict[str, str]:
        """Ids, names where they are known, and by whom and when it was called for."""
        (stranger, verdict), key = judged, judged[0].key
        account = catalogue.accounts.get(key.account_id)
        permission_set = catalogue.permission_sets.get(key.permission_set_arn)
        call = verdict.call
        asked = {"asked_at" if verdict.whose is Whose.NOT_TOLD else "made_at": call.at.isoformat(),
                 "made_by": call.by} if call else {}  # fmt: skip
        return {
            "account": key.account_id,
            "account_name": account.name if account else "",
            "permission_set": key.permission_set_arn,
            "permission_set_name": permission_set.name if permission_set else "",
            "user": stranger.key.user_id,
            "user_name": self._user_name(key.user_id) if look_up else "",
            **asked,
        }

    def _user_name(self, user_id: UserId) -> str:
        try:
            user = self.directory.user(user_id, lane=Lane.REFRESH)
        except AwsFault:
            return ""
        return (user.name or user.user_name) if user else ""


def in_hand(row: Assignment | None) -> bool:
    """Whether the engine looks at it by itself."""
    return row is not None and (row.holding is not Holding.ABSENT or row.due_at is not None)


def _name_maker(work: Work, judged: Judged) -> None:
    stranger, verdict = judged
    if verdict.call and verdict.whose is Whose.THEIRS:
        work.sweeps.made_by(stranger.key, verdict.call.by, at=verdict.call.at)


def _portions(judged: Sequence[Judged]) -> list[Sequence[Judged]]:
    return [judged[at : at + PORTION] for at in range(0, len(judged), PORTION)]
