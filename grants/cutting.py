"""Cuts the sessions that a revoked grant has left open, and undoes it when they are over.

A denial goes into the permission set's inline policy and from there into the account; once the last
session that it denies is over, it goes out the same way. The row is the queue: what is about to be
done stands in it first, and whoever comes after looks before asking again.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from grants import denying, pace, telling
from grants.crew import Crew
from grants.denying import Deny, NotUnderstoodError
from grants.errors import AwsFault, AwsMissing, AwsTooLate, AwsUnsure
from grants.lifecycle import FINAL
from grants.model import AWS, Lane, PermissionSetArn, Request
from grants.pace import Jitter
from grants.ports import Clock, Denials, Operation, Progress, Still, Work, Works
from grants.records import PUSHING, Cut, CutLease, CutPhase, Entry
from grants.staying import unseen

log = logging.getLogger(__name__)

AT_ONCE: Final = 2
"""So many are provisioned at a time, of AWS's three."""
AFTERWARDS: Final = timedelta(minutes=15)
"""So long after the last session's end the denial stays: clocks differ."""
BEAT: Final = timedelta(minutes=5)
"""So often it is looked whether the denial still stands there."""
TURN: Final = timedelta(seconds=2)
"""Before the next look at what has to come first."""
PATIENT_FROM: Final = timedelta(minutes=1)
PATIENT: Final = timedelta(seconds=15)
"""The same of a removal that takes long."""
GIVES_WAY: Final = timedelta(minutes=1)
"""So long other removals in the account go first."""
LATE: Final = timedelta(minutes=5)
NOT_UNDERSTOOD: Final = (
    "the permission set's inline policy is none that can be changed without harm, and is left alone"
)
NO_ROOM: Final = "there is no room left in the permission set's inline policy"
DROPPED: Final = (
    "somebody took the denial out of the permission set's inline policy; it is put back"
)
LOOKED_AT: Final = frozenset({CutPhase.WANTED, CutPhase.IN_FORCE, CutPhase.LIFTING})
"""Phases in which something is to be found out or changed in the policy."""
FORCING: Final = frozenset({CutPhase.WANTED, CutPhase.WRITTEN, CutPhase.PUSHED, CutPhase.IN_FORCE})
BACK: Final = {CutPhase.PUSHED: CutPhase.WRITTEN, CutPhase.PUSHED_BACK: CutPhase.TAKEN_OUT}
AHEAD: Final = {before: after for after, before in BACK.items()}


def begin(work: Work, request: Request, *, at: datetime) -> None:
    """Have the sessions of this grant cut, once AWS has taken the access itself away.

    A denial that still stands for an earlier grant stays until the new one takes its place.
    """
    known = work.cuts.get(request.key)
    cut = Cut(request.key, request.id, CutPhase.WAITING, due_at=at, since=at)
    if known is None:
        work.cuts.add(cut)
        return
    before = known.before if known.denies else None
    work.cuts.save(
        replace(cut, before=before, unsure_until=known.unsure_until, version=known.version)
    )


@dataclass(slots=True)
class Cutting:
    """One for each process. Of a permission set's cuts one worker at a time has charge."""

    works: Works
    denials: Denials
    clock: Clock
    crew: Crew
    """Workers of their own: cutting is never in front of taking away, or of giving."""
    jitter: Jitter = field(default=pace.jitter)

    def round(self) -> None:
        """Have what is due done. Waits for no AWS call."""
        with self.works.reading() as work:
            due = work.cuts.due(self.clock())
        for permission_set in due:
            self.crew.take(permission_set, self.work_on, name=permission_set)

    def next_due(self) -> datetime | None:
        """When there is something to do next."""
        with self.works.reading() as work:
            return work.cuts.next_due()

    def work_on(self, permission_set: PermissionSetArn) -> None:
        """One turn at a set. Harmless to call at any time, twice."""
        now = self.clock()
        with self.works() as work:
            lease = work.cuts.claim(permission_set, now, until=now + pace.LEASE)
        if lease is None:
            return
        try:
            self._turn(lease)
        except Exception:
            self._put_off(lease)
            raise
        finally:
            with self.works() as work:
                work.cuts.let_go(lease)

    def _turn(self, lease: CutLease) -> None:
        for cut in self._due(lease):
            self._come_of_age(cut)
        if any(cut.phase in LOOKED_AT for cut in self._due(lease)):
            self._look(lease)
        for cut in self._due(lease):
            if cut.phase in AHEAD:
                self._push(lease, cut)
            elif cut.phase in PUSHING and not cut.operation:
                self._ask(lease, cut)
            elif cut.phase in PUSHING:
                self._watch(cut)

    def _all(self, lease: CutLease) -> list[Cut]:
        with self.works.reading() as work:
            return work.cuts.of_set(lease.permission_set_arn)

    def _due(self, lease: CutLease) -> list[Cut]:
        now = self.clock()
        return [cut for cut in self._all(lease) if cut.due_at and cut.due_at <= now]

    def _put_off(self, lease: CutLease) -> None:
        """Something went wrong that nobody foresaw: not again at once."""
        for cut in self._due(lease):
            self._failed(
                cut, "something went wrong that Elevate did not foresee; its log says what"
            )

    # What time brings

    def _come_of_age(self, cut: Cut) -> None:
        """It begins when the access is gone, and ends when no session that it denies can live."""
        now = self.clock()
        if cut.phase is CutPhase.WAITING:
            self._begin(cut)
        elif cut.phase in FORCING and cut.until is not None and cut.until <= now:
            self._save(
                replace(cut, phase=CutPhase.LIFTING, due_at=now, since=now, operation="",
                        attempts=0, last_error="", alarmed_at=None)
            )  # fmt: skip

    def _begin(self, cut: Cut) -> None:
        """Sessions may be opened up to the very moment at which AWS shows the access no more.

        A grant that gave nothing has left nothing open: what was there before it is not its to cut.
        """
        now = self.clock()
        with self.works() as work:
            request = work.requests.get(cut.request_id)
            if request.state not in FINAL:
                wait = TURN if now - cut.since < PATIENT_FROM else PATIENT
                work.cuts.save(replace(cut, due_at=now + wait))
                return
            before = _whole(request.ended_at or now) if _gave(work, request) else cut.before
            if before is None:
                work.cuts.save(replace(cut, phase=CutPhase.LIFTED, due_at=None))
                return
            until = before + _session_duration(work, request) + AFTERWARDS
            after = replace(
                cut, phase=CutPhase.WANTED, due_at=now, since=now, before=before, until=until
            )
            work.cuts.save(after)

    # The policy

    def _look(self, lease: CutLease) -> None:
        """Read, compare, and write once where it differs. An answer that was lost: the same again."""
        decided, cuts = self.clock(), self._all(lease)
        routine = all(cut.phase is CutPhase.IN_FORCE for cut in cuts if cut.phase in LOOKED_AT)
        try:
            found = self.denials.read(
                lease.permission_set_arn, lane=Lane.REFRESH if routine else Lane.GRANT
            )
        except AwsMissing:
            self._perhaps_gone(lease, cuts)
        except AwsFault as fault:
            self._all_failed(cuts, fault.reason)
        else:
            self._compare(lease, cuts, found, still=self._still(lease, decided))

    def _compare(self, lease: CutLease, cuts: list[Cut], found: str, *, still: Still) -> None:
        denials = [_deny(cut) for cut in cuts if cut.denies]
        try:
            cuts = self._put_back(cuts, denying.standing(found, denials))
            wanted = denying.merged(found, denials)
            if wanted.changed:
                self.denials.write(lease.permission_set_arn, wanted.document, still=still)
        except NotUnderstoodError:
            self._all_failed(cuts, NOT_UNDERSTOOD)
        except AwsTooLate:
            return
        except AwsUnsure as fault:
            self._unsure(cuts, fault.reason)
        except AwsFault as fault:
            self._all_failed(cuts, fault.reason)
        else:
            for cut in cuts:
                if cut.request_id in wanted.no_room:
                    self._failed(cut, NO_ROOM)
                elif cut.phase in LOOKED_AT:
                    self._stands(cut)

    def _put_back(self, cuts: Iterable[Cut], standing: Iterable[object]) -> list[Cut]:
        """What was taken out by others is wanted again, and somebody is told."""
        there = set(standing)
        return [
            self._wanted_again(cut)
            if cut.phase in FORCING - {CutPhase.WANTED} and cut.request_id not in there
            else cut
            for cut in cuts
        ]

    def _wanted_again(self, cut: Cut) -> Cut:
        now = self.clock()
        after = replace(cut, phase=CutPhase.WANTED, due_at=now, since=now, operation="", attempts=0)
        with self.works() as work:
            request = work.requests.get(cut.request_id)
            if not work.cuts.save(after):
                return cut
            if cut.phase is CutPhase.IN_FORCE:
                facts = {**_facts(cut, request), "error": DROPPED}
                telling.alarm(work, "cut_dropped", facts, at=now, by=AWS, reason=DROPPED)
        return replace(after, version=after.version + 1)

    def _stands(self, cut: Cut) -> None:
        """The policy is as this one wants it."""
        now = self.clock()
        match cut.phase:
            case CutPhase.WANTED:
                self._on(cut, CutPhase.WRITTEN, now)
            case CutPhase.LIFTING:
                self._on(cut, CutPhase.TAKEN_OUT, now)
            case _:
                self._on(cut, cut.phase, now + BEAT)

    def _on(self, cut: Cut, phase: CutPhase, due_at: datetime) -> None:
        after = replace(cut, phase=phase, due_at=due_at, attempts=0, last_error="")
        if phase is CutPhase.IN_FORCE:
            after = replace(after, due_at=min(due_at, cut.until or due_at), alarmed_at=None)
        self._save(after)

    def _unsure(self, cuts: Iterable[Cut], reason: str) -> None:
        """It may have been written, or may be for a quarter of an hour: it is read and compared."""
        until = self.clock() + pace.UNKNOWN_FOR
        for cut in cuts:
            after = replace(cut, unsure_until=until)
            if cut.phase in LOOKED_AT:
                self._failed(after, reason)
            else:
                self._save(after)

    def _perhaps_gone(self, lease: CutLease, cuts: Iterable[Cut]) -> None:
        """With a permission set go its policy and its roles: told twice, it is believed."""
        try:
            self.denials.read(lease.permission_set_arn, lane=Lane.GRANT)
        except AwsMissing:
            for cut in cuts:
                if cut.phase is not CutPhase.WAITING:
                    self._lifted(cut)
        except AwsFault as fault:
            self._all_failed(cuts, fault.reason)

    # Its way into the account

    def _push(self, lease: CutLease, cut: Cut) -> None:
        """Say what will be asked; a few at a time, and behind what takes access away there."""
        now = self.clock()
        with self.works() as work:
            work.cuts.get(cut.key)  # Locked before the others that count are.
            gives_way = now - cut.since < GIVES_WAY and work.cuts.ends_wait(cut.key.account_id)
            if gives_way or work.cuts.pushing() >= AT_ONCE:
                work.cuts.save(replace(cut, due_at=now + TURN))
                return
            after = replace(cut, phase=AHEAD[cut.phase], operation="", due_at=now)
            if not work.cuts.save(after):
                return
        self._ask(lease, replace(after, version=after.version + 1))

    def _ask(self, lease: CutLease, cut: Cut) -> None:
        """Harmless to ask for twice: it is not found out first whether it was asked already."""
        permission_set, account = cut.key.permission_set_arn, cut.key.account_id
        try:
            operation = self.denials.push(
                permission_set, account, still=self._still(lease, self.clock())
            )
        except AwsTooLate:
            return
        except AwsMissing:
            self._done(cut)  # The role left the account with its last assignment.
        except AwsFault as fault:
            self._failed(cut, fault.reason)
        else:
            self._came(cut, operation)

    def _watch(self, cut: Cut) -> None:
        try:
            operation = self.denials.pushed(cut.operation)
        except AwsMissing:
            self._save(replace(cut, operation="", due_at=self.clock()))
        except AwsFault as fault:
            self._failed(cut, fault.reason, phase=cut.phase)
        else:
            self._came(cut, operation)

    def _came(self, cut: Cut, operation: Operation) -> None:
        match operation.progress:
            case Progress.SUCCEEDED:
                self._done(cut)
            case Progress.FAILED:
                self._failed(cut, operation.reason)
            case Progress.IN_PROGRESS:
                self._late(replace(cut, operation=operation.id, due_at=self.clock() + TURN))

    def _done(self, cut: Cut) -> None:
        if cut.phase is CutPhase.PUSHED:
            self._in_force(cut)
        elif cut.unsure_until and self.clock() < cut.unsure_until:
            # What was asked without an answer may still be carried out: looked at once more then.
            at = cut.unsure_until
            self._save(
                replace(cut, phase=CutPhase.LIFTING, operation="", due_at=at, since=at, attempts=0)
            )
        else:
            self._lifted(cut)

    def _in_force(self, cut: Cut) -> None:
        now = self.clock()
        due_at = min(now + BEAT, cut.until or now + BEAT)
        after = replace(
            cut, phase=CutPhase.IN_FORCE, due_at=due_at, operation="", attempts=0, last_error="",
            alarmed_at=None, forced_at=cut.forced_at or now,
        )  # fmt: skip
        self._tell(after, "cut.force", "cut", first=cut.forced_at is None)

    def _lifted(self, cut: Cut) -> None:
        after = replace(
            cut, phase=CutPhase.LIFTED, due_at=None, operation="", attempts=0, last_error="",
            alarmed_at=None,
        )  # fmt: skip
        self._tell(after, "cut.lift", "cut_lifted", first=True)

    def _tell(self, after: Cut, event: str, kind: str, *, first: bool) -> None:
        now = self.clock()
        with self.works() as work:
            request = work.requests.get(after.request_id)
            if not work.cuts.save(after):
                return
            facts = _facts(after, request)
            known = {name: fact for name, fact in facts.items() if name != "request"}
            work.journal.write(Entry(now, event, AWS, request.id, facts=known))
            if first:
                telling.remark(work, request, kind, facts, at=now)

    # What goes wrong

    def _all_failed(self, cuts: Iterable[Cut], reason: str) -> None:
        for cut in cuts:
            if cut.phase in LOOKED_AT:
                self._failed(cut, reason)

    def _failed(self, cut: Cut, reason: str, *, phase: CutPhase | None = None) -> None:
        """Tried for ever; a place among those that are provisioned is given up meanwhile."""
        due_at = self.clock() + pace.backoff(cut.attempts + 1, self.jitter)
        back = phase or BACK.get(cut.phase, cut.phase)
        self._late(
            replace(
                cut, phase=back, operation=cut.operation if phase else "", due_at=due_at,
                attempts=cut.attempts + 1, last_error=reason,
            )
        )  # fmt: skip

    def _late(self, cut: Cut) -> None:
        """From the third failure or some minutes after it began somebody is told, once."""
        now = self.clock()
        slow = now - cut.since >= LATE and cut.phase is not CutPhase.IN_FORCE
        late = slow or cut.attempts >= pace.ALARM_AT
        if cut.alarmed_at or not late or cut.phase is CutPhase.WAITING:
            self._save(cut)
            return
        with self.works() as work:
            request = work.requests.get(cut.request_id)
            if not work.cuts.save(replace(cut, alarmed_at=now)):
                return
            facts = {**_facts(cut, request), "error": cut.last_error, "attempts": cut.attempts}
            kind = "cut_late" if cut.phase in FORCING else "lift_late"
            telling.remark(work, request, kind, facts, at=now)
            telling.alarm(work, kind, facts, at=now, by=AWS, reason=cut.last_error)

    def _save(self, cut: Cut) -> bool:
        """False: it was begun anew meanwhile."""
        with self.works() as work:
            return work.cuts.save(cut)

    def _still(self, lease: CutLease, decided: datetime) -> Still:
        """Whether what was read then may be written over now."""

        def still() -> bool:
            now = self.clock()
            fresh = decided <= now < decided + pace.DECISION_HOLDS
            return fresh and now + pace.LEASE_LEFT < lease.lease_until

        return still


def _deny(cut: Cut) -> Deny:
    if cut.before is None:
        raise ValueError("it denies nothing yet")
    return Deny(cut.request_id, cut.key.user_id, cut.before)


def _whole(at: datetime) -> datetime:
    """The second after it: IAM compares no parts of one."""
    return at.replace(microsecond=0) + timedelta(seconds=1)


def _session_duration(work: Work, request: Request) -> timedelta:
    """The longest that a session of it may be: as it was when asked for, or as it is known now."""
    catalogue = work.catalogue.load()
    known = catalogue.permission_sets.get(request.target.permission_set_arn) if catalogue else None
    return max(request.session_duration, known.session_duration if known else timedelta(0))


def _facts(cut: Cut, request: Request) -> dict[str, object]:
    return {
        "request": request.id,
        "account": cut.key.account_id,
        "account_name": request.account_name,
        "permission_set": cut.key.permission_set_arn,
        "permission_set_name": request.permission_set_name,
        "user": cut.key.user_id,
        "before": cut.before.isoformat() if cut.before else None,
        "until": cut.until.isoformat() if cut.until else None,
        "credentials_until": _alive(request),
    }


def _gave(work: Work, request: Request) -> bool:
    """Whether there was access by it, seen or unseen."""
    return not request.standing and (request.active_at is not None or unseen(work, request))


def _alive(request: Request) -> str | None:
    """Until when credentials may go on working where they are not denied."""
    until = request.credentials_until
    return until.isoformat() if until else None
