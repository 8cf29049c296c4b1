"""What becomes of assignments that the sweep found: ours go back to the engine, others are told of."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from grants import telling
from grants.errors import AwsFault
from grants.model import CLOCK, Assignment, Catalogue, Holding, Key, Lane, Slot, UserId
from grants.ports import Clock, Directory, Provenance, Work, Works
from grants.records import Entry, Stranger
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

    def judge(self, catalogue: Catalogue, *, anew: bool, report: bool) -> None:
        """Of those not told of yet; `anew`: and those of which nobody knew who made them.

        `report`: others' are told of now, and not with those that are still to be found.
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
        calls = self._calls(since, first_found=min(each.found_at for each in open_ones))
        now = self.clock()
        judged = []
        for stranger in open_ones:
            delivered = now - stranger.found_at >= DELIVERED
            row = rows[stranger.key]
            verdict = whose(stranger.key, row, calls, asked_since=since, delivered=delivered)
            judged.append((stranger, verdict))
        self._hand_over([each for each in judged if each[1].whose is Whose.OURS], catalogue)
        told = [each for each in judged if each[1].whose in {Whose.THEIRS, Whose.NOT_TOLD}]
        if report:
            self._report(told, calls, catalogue)

    def _calls(self, since: datetime, *, first_found: datetime) -> Calls:
        """A passing fault rises; of one that does not pass, somebody has to be told at last."""
        try:
            return self.provenance.calls(since)
        except AwsFault as fault:
            now = self.clock()
            if now - first_found < SILENT:
                raise
            return Calls({}, since=now, blind=f"It does not answer: {fault.reason}")

    # Ours

    def _hand_over(self, judged: Sequence[Judged], catalogue: Catalogue) -> None:
        singly = len(judged) <= SINGLY
        for portion in _portions(judged):
            facts = [self._facts(each, catalogue, look_up=singly) for each in portion]
            with self.works() as work:
                for (stranger, _), told in zip(portion, facts, strict=True):
                    self._to_the_engine(work, stranger.key, told, singly=singly)
        self._in_one_line(OUTLIVED, judged)

    def _to_the_engine(self, work: Work, key: Key, facts: dict[str, str], *, singly: bool) -> None:
        """As what it holds and nobody wants any more; not what somebody was given meanwhile."""
        row = work.assignments.get(key)
        if in_hand(row) or not work.sweeps.remove_stranger(key):
            return
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
        self._tell(work, OUTLIVED, facts, now, alarm=singly)

    # Others'

    def _report(self, judged: Sequence[Judged], calls: Calls, catalogue: Catalogue) -> None:
        """Once; who made it may be found out later, and then stands in the row."""
        new = [each for each in judged if each[0].told_at is None]
        singly = len(new) <= SINGLY
        for portion in _portions(judged):
            facts = [
                {
                    **self._facts(each, catalogue, look_up=singly and not each[0].told_at),
                    "blind": calls.blind,
                }
                for each in portion
            ]
            with self.works() as work:
                for (stranger, verdict), told in zip(portion, facts, strict=True):
                    self._note(work, stranger, verdict, told, singly=singly)
        self._in_one_line(STRANGER, new)

    def _note(
        self,
        work: Work,
        stranger: Stranger,
        verdict: Verdict,
        facts: dict[str, str],
        *,
        singly: bool,
    ) -> None:
        now, made = self.clock(), verdict.call if verdict.whose is Whose.THEIRS else None
        if stranger.told_at and not made:
            return
        after = replace(
            stranger,
            told_at=stranger.told_at or now,
            made_by=made.by if made else "",
            made_at=made.at if made else None,
        )
        if work.sweeps.save_stranger(after, told_before=stranger.told_at) and not stranger.told_at:
            self._tell(work, STRANGER, facts, now, alarm=singly)

    # Words

    def _tell(
        self, work: Work, kind: str, facts: dict[str, str], at: datetime, *, alarm: bool
    ) -> None:
        work.journal.write(Entry(at, f"sweep.{kind}", CLOCK, facts=facts))
        if alarm:
            telling.alarm(work, kind, facts, at=at)

    def _in_one_line(self, kind: str, judged: Sequence[Judged]) -> None:
        if len(judged) > SINGLY:
            with self.works() as work:
                telling.alarm(work, MANY[kind], {"count": len(judged)}, at=self.clock())

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


def _portions(judged: Sequence[Judged]) -> list[Sequence[Judged]]:
    return [judged[at : at + PORTION] for at in range(0, len(judged), PORTION)]
