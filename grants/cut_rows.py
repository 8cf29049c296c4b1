"""How the row of a cut moves, and who is told of it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from grants import cut_words, pace, telling
from grants.cut_words import facts_of
from grants.model import AWS, AccountId, RequestId
from grants.pace import Jitter
from grants.policy import CutWay
from grants.ports import Clock
from grants.records import Cut, CutPhase, Entry
from grants.stores import Works

BEAT: Final = timedelta(minutes=5)
"""So often it is looked whether the denial still stands there."""
LATE: Final = timedelta(minutes=5)
LOOKED_AT: Final = frozenset({CutPhase.WANTED, CutPhase.IN_FORCE, CutPhase.LIFTING})
"""Phases in which something is to be found out or changed in the policy."""
REACHING: Final = frozenset({CutPhase.WANTED, CutPhase.IN_FORCE})
"""Of these the ones in which it is looked whether the policy reaches the account."""
FORCING: Final = frozenset({CutPhase.WANTED, CutPhase.WRITTEN, CutPhase.PUSHED, CutPhase.IN_FORCE})
BACK: Final = {CutPhase.PUSHED: CutPhase.WRITTEN, CutPhase.PUSHED_BACK: CutPhase.TAKEN_OUT}


@dataclass(frozen=True, slots=True)
class CutRows:
    """Each method is one unit of work, and nothing happens where the row was begun anew meanwhile."""

    works: Works
    clock: Clock
    jitter: Jitter
    scp: str = ""
    """The service control policy that is named for cuts now; empty: none."""

    def put_back(
        self, cuts: Iterable[Cut], standing: Collection[RequestId], beyond: Collection[AccountId]
    ) -> list[Cut]:
        """What others have made of no effect is wanted again, and somebody is told."""
        return [self._held_against(cut, standing, beyond) for cut in cuts]

    def _held_against(
        self, cut: Cut, standing: Collection[RequestId], beyond: Collection[AccountId]
    ) -> Cut:
        if cut.phase not in FORCING - {CutPhase.WANTED}:
            return cut
        if cut.request_id not in standing:
            return self.wanted_again(cut, cut_words.taken_out(cut.carrier))
        if cut.key.account_id in beyond:
            return self.wanted_again(cut, cut_words.out_of_reach(cut.carrier))
        return cut

    def wanted_again(self, cut: Cut, why: str) -> Cut:
        """Told where it was in force: now it is not."""
        now = self.clock()
        after = replace(cut, phase=CutPhase.WANTED, due_at=now, since=now, operation="", attempts=0)
        with self.works() as work:
            request = work.requests.get(cut.request_id)
            if not work.cuts.save(after):
                return cut
            if cut.phase is CutPhase.IN_FORCE:
                facts = {**facts_of(cut, request), "error": why}
                telling.alarm(work, "cut_dropped", facts, at=now, by=AWS, reason=why)
        return replace(after, version=after.version + 1)

    def stands(self, cut: Cut) -> None:
        """The policy is as this one wants it."""
        now, provisioned = self.clock(), cut.carrier.way is CutWay.INLINE_POLICY
        match cut.phase:
            case CutPhase.WANTED if provisioned:
                self._on(cut, CutPhase.WRITTEN, now)
            case CutPhase.WANTED:
                self.in_force(cut)
            case CutPhase.LIFTING if provisioned:
                self._on(cut, CutPhase.TAKEN_OUT, now)
            case CutPhase.LIFTING:
                self.out(cut)
            case _:
                self._on(cut, cut.phase, now + BEAT)

    def _on(self, cut: Cut, phase: CutPhase, due_at: datetime) -> None:
        after = replace(cut, phase=phase, due_at=due_at, attempts=0, last_error="")
        if phase is CutPhase.IN_FORCE:
            after = replace(after, due_at=min(due_at, cut.until or due_at), alarmed_at=None)
        self.save(after)

    def done(self, cut: Cut) -> None:
        """It was provisioned, or needs not to be."""
        if cut.phase is CutPhase.PUSHED:
            self.in_force(cut)
        else:
            self.out(cut)

    def in_force(self, cut: Cut) -> None:
        """From now on it is looked from time to time whether it still is."""
        now = self.clock()
        due_at = min(now + BEAT, cut.until or now + BEAT)
        after = replace(
            cut, phase=CutPhase.IN_FORCE, due_at=due_at, operation="", attempts=0, last_error="",
            alarmed_at=None, forced_at=cut.forced_at or now,
        )  # fmt: skip
        news = cut.forced_at is None or cut.alarmed_at is not None
        self._tell(after, "cut.force", "cut", news=news)

    def out(self, cut: Cut) -> None:
        """Nothing that is known of stands there any more."""
        if cut.unsure_until and self.clock() < cut.unsure_until:
            # What was asked without an answer may still be carried out: looked at once more then.
            at = cut.unsure_until
            self.save(
                replace(cut, phase=CutPhase.LIFTING, operation="", due_at=at, since=at, attempts=0)
            )
        else:
            self.lifted(cut)

    def lifted(self, cut: Cut) -> None:
        """It is over."""
        after = replace(
            cut, phase=CutPhase.LIFTED, due_at=None, operation="", attempts=0, last_error="",
            alarmed_at=None,
        )  # fmt: skip
        self._tell(after, "cut.lift", "cut_lifted", news=True)

    def gone(self, cut: Cut) -> None:
        """The policy is no more. With a permission set's go its roles, with an SCP only the denial:
        it is put into the one that is named now.
        """
        if cut.phase is CutPhase.WAITING:
            return
        if cut.carrier.way is CutWay.INLINE_POLICY or cut.phase is CutPhase.LIFTING:
            self.lifted(cut)
            return
        why = cut_words.missing(cut.carrier)
        wanted = cut if cut.phase is CutPhase.WANTED else self.wanted_again(cut, why)
        if self.scp in {"", cut.scp}:
            self.failed(wanted, why)
        else:
            self.save(replace(wanted, scp=self.scp, due_at=self.clock(), attempts=0))

    def _tell(self, after: Cut, event: str, kind: str, *, news: bool) -> None:
        now = self.clock()
        with self.works() as work:
            request = work.requests.get(after.request_id)
            if not work.cuts.save(after):
                return
            facts = facts_of(after, request)
            known = {name: fact for name, fact in facts.items() if name != "request"}
            work.journal.write(Entry(now, event, AWS, request.id, facts=known))
            if news:
                telling.remark(work, request, kind, facts, at=now)

    def unsure(self, cuts: Iterable[Cut], reason: str) -> None:
        """It may have been written, or may be for a quarter of an hour: it is read and compared."""
        until = self.clock() + pace.UNKNOWN_FOR
        for cut in cuts:
            after = replace(cut, unsure_until=until)
            if cut.phase in LOOKED_AT:
                self.failed(after, reason)
            else:
                self.save(after)

    def all_failed(self, cuts: Iterable[Cut], reason: str) -> None:
        """Whatever of them is about the policy itself."""
        for cut in cuts:
            if cut.phase in LOOKED_AT:
                self.failed(cut, reason)

    def failed(self, cut: Cut, reason: str, *, phase: CutPhase | None = None) -> None:
        """Tried for ever; a place among those that are provisioned is given up meanwhile."""
        due_at = self.clock() + pace.backoff(cut.attempts + 1, self.jitter)
        back = phase or BACK.get(cut.phase, cut.phase)
        self.late(
            replace(
                cut, phase=back, operation=cut.operation if phase else "", due_at=due_at,
                attempts=cut.attempts + 1, last_error=reason,
            )
        )  # fmt: skip

    def late(self, cut: Cut) -> None:
        """From the third failure or some minutes after it began somebody is told, once."""
        now = self.clock()
        slow = now - cut.since >= LATE and cut.phase is not CutPhase.IN_FORCE
        late = slow or cut.attempts >= pace.ALARM_AT
        if cut.alarmed_at or not late or cut.phase is CutPhase.WAITING:
            self.save(cut)
            return
        with self.works() as work:
            request = work.requests.get(cut.request_id)
            if not work.cuts.save(replace(cut, alarmed_at=now)):
                return
            facts = {**facts_of(cut, request), "error": cut.last_error, "attempts": cut.attempts}
            kind = "cut_late" if cut.phase in FORCING else "lift_late"
            telling.remark(work, request, kind, facts, at=now)
            telling.alarm(work, kind, facts, at=now, by=AWS, reason=cut.last_error)

    def save(self, cut: Cut) -> bool:
        """False: it was begun anew meanwhile."""
        with self.works() as work:
            return work.cuts.save(cut)
