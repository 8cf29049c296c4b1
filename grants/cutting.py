"""Cuts the sessions that a revoked grant has left open, and undoes it when they are over.

A denial goes into the policy that carries it: a service control policy, which holds where it is
attached; or the permission set's inline one, which has its way into the account before it. Once the
last session that it denies is over, it goes out the same way. The row is the queue: what is about
to be done stands in it first, and whoever comes after looks before asking again.
"""

import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from grants import cut_words, denying, pace
from grants.crew import Crew
from grants.cut_rows import BACK, FORCING, LOOKED_AT, REACHING, CutRows
from grants.denying import Deny, NotUnderstoodError
from grants.errors import AwsFault, AwsMissing, AwsTooLate, AwsUnsure
from grants.lifecycle import FINAL
from grants.model import AccountId, Lane, Request, RequestId
from grants.pace import Jitter
from grants.policy import CutWay
from grants.ports import Clock, Denials, Operation, Organization, Progress, Provisioning, Still
from grants.records import PUSHING, Carrier, Cut, CutLease, CutPhase
from grants.staying import unseen
from grants.stores import Work, Works

log = logging.getLogger(__name__)

AT_ONCE: Final = 2
"""So many are provisioned at a time, of AWS's three."""
AFTERWARDS: Final = timedelta(minutes=15)
"""So long after the last session's end the denial stays: clocks differ."""
TURN: Final = timedelta(seconds=2)
"""Before the next look at what has to come first."""
PATIENT_FROM: Final = timedelta(minutes=1)
PATIENT: Final = timedelta(seconds=15)
"""The same of a removal that takes long."""
GIVES_WAY: Final = timedelta(minutes=1)
"""So long other removals in the account go first."""
AHEAD: Final = {before: after for after, before in BACK.items()}
LEAST: Final = {CutWay.INLINE_POLICY: (), CutWay.SCP: (denying.NOBODY,)}
"""What stands in a policy at least: an inline policy may go altogether."""


def begin(work: Work, request: Request, *, at: datetime, scp: str = "") -> None:
    """Have the sessions of this grant cut, once AWS has taken the access itself away.

    By that service control policy; else by the permission set's inline policy. A denial that still
    stands for an earlier grant stays until the new one takes its place: in the same policy, then.
    """
    known = work.cuts.get(request.key)
    cut = Cut(request.key, request.id, CutPhase.WAITING, due_at=at, since=at, scp=scp)
    if known is None:
        work.cuts.add(cut)
        return
    before = known.before if known.denies else None
    scp = scp if known.phase is CutPhase.LIFTED else known.scp
    unsure_until, version = known.unsure_until, known.version
    work.cuts.save(replace(cut, before=before, scp=scp, unsure_until=unsure_until, version=version))


class NotKeptError(Exception):
    """What was written was not there when it was read again."""


@dataclass(slots=True)
class Cutting:
    """One for each process. Of what a policy carries one worker at a time has charge."""

    works: Works
    denials: Mapping[CutWay, Denials]
    provisioning: Provisioning
    organization: Organization
    clock: Clock
    crew: Crew
    """Workers of their own: cutting is never in front of taking away, or of giving."""
    jitter: Jitter = field(default=pace.jitter)
    scp: str = ""
    """The service control policy that is named for cuts now; empty: none."""
    rows: CutRows = field(init=False)

    def __post_init__(self) -> None:
        """The rows are its own."""
        self.rows = CutRows(self.works, self.clock, self.jitter, self.scp)

    def round(self) -> None:
        """Have what is due done. Waits for no AWS call."""
        with self.works.reading() as work:
            due = work.cuts.due(self.clock())
        for carrier in due:
            self.crew.take(carrier, self.work_on, name=carrier)

    def next_due(self) -> datetime | None:
        """When there is something to do next."""
        with self.works.reading() as work:
            return work.cuts.next_due()

    def work_on(self, carrier: Carrier) -> None:
        """One turn at a policy. Harmless to call at any time, twice."""
        now = self.clock()
        with self.works() as work:
            lease = work.cuts.claim(carrier, now, until=now + pace.LEASE)
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
            return work.cuts.carried_by(lease.carrier)

    def _due(self, lease: CutLease) -> list[Cut]:
        now = self.clock()
        return [cut for cut in self._all(lease) if cut.due_at and cut.due_at <= now]

    def _put_off(self, lease: CutLease) -> None:
        """Something went wrong that nobody foresaw: not again at once."""
        for cut in self._due(lease):
            self.rows.failed(cut, cut_words.LOST)

    # What time brings

    def _come_of_age(self, cut: Cut) -> None:
        """It begins when the access is gone, and ends when no session that it denies can live."""
        now = self.clock()
        if cut.phase is CutPhase.WAITING:
            self._begin(cut)
        elif cut.phase in FORCING and cut.until is not None and cut.until <= now:
            self.rows.save(
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
        cuts = self._all(lease)
        routine = all(cut.phase is CutPhase.IN_FORCE for cut in cuts if cut.phase in LOOKED_AT)
        lane = Lane.REFRESH if routine else Lane.GRANT
        try:
            beyond = self._out_of_reach(lease, cuts, lane)
            decided = self.clock()
            found = self.denials[lease.carrier.way].read(lease.carrier.id, lane=lane)
        except AwsMissing:
            self._perhaps_gone(lease, cuts)
        except AwsFault as fault:
            self.rows.all_failed(cuts, fault.reason)
        else:
            self._compare(lease, cuts, found, beyond, still=self._still(lease, decided))

    def _out_of_reach(
        self, lease: CutLease, cuts: Iterable[Cut], lane: Lane
    ) -> frozenset[AccountId]:
        """The accounts in which the policy is to deny something, and is not attached to do so."""
        denying_in = {cut.key.account_id for cut in cuts if cut.phase in REACHING}
        if not denying_in:
            return frozenset()
        targets = self.denials[lease.carrier.way].targets(lease.carrier.id, lane=lane)
        if targets is None:
            return frozenset()
        return frozenset(each for each in denying_in if not self._below(targets, each, lane))

    def _below(self, targets: Collection[str], account: AccountId, lane: Lane) -> bool:
        if account in targets:
            return True
        found = self.organization.account(account, lane=lane)
        return found is not None and not set(found.path).isdisjoint(targets)

    def _compare(
        self,
        lease: CutLease,
        cuts: list[Cut],
        found: str,
        beyond: Collection[AccountId],
        *,
        still: Still,
    ) -> None:
        carrier, denials = lease.carrier, self._denials(cuts)
        try:
            cuts = self.rows.put_back(cuts, denying.standing(found, denials), beyond)
            wanted = denying.merged(found, denials, least=LEAST[carrier.way])
            if wanted.changed:
                self.denials[carrier.way].write(carrier.id, wanted.document, still=still)
                self._must_be_kept(carrier, wanted.document)
        except NotUnderstoodError:
            self.rows.all_failed(cuts, cut_words.not_understood(carrier))
        except NotKeptError as trouble:
            self.rows.all_failed(cuts, str(trouble))
        except AwsTooLate:
            return
        except AwsUnsure as fault:
            self.rows.unsure(cuts, fault.reason)
        except AwsFault as fault:
            self.rows.all_failed(cuts, fault.reason)
        else:
            for cut in cuts:
                self._compared(cut, wanted.no_room, beyond)

    def _compared(
        self, cut: Cut, no_room: Collection[RequestId], beyond: Collection[AccountId]
    ) -> None:
        if cut.request_id in no_room:
            self.rows.failed(cut, cut_words.no_room(cut.carrier))
        elif cut.phase in REACHING and cut.key.account_id in beyond:
            self.rows.failed(cut, cut_words.out_of_reach(cut.carrier))
        elif cut.phase in LOOKED_AT:
            self.rows.stands(cut)

    def _must_be_kept(self, carrier: Carrier, document: str) -> None:
        """What is not there when it is read again counts as not written."""
        try:
            there = self.denials[carrier.way].read(carrier.id, lane=Lane.GRANT)
        except AwsFault as fault:
            raise NotKeptError(fault.reason) from None
        if not denying.same(there, document):
            raise NotKeptError(cut_words.NOT_KEPT)

    def _denials(self, cuts: Iterable[Cut]) -> list[Deny]:
        with self.works.reading() as work:
            return [_deny(work, cut) for cut in cuts if cut.denies]

    def _perhaps_gone(self, lease: CutLease, cuts: Iterable[Cut]) -> None:
        """Told twice, it is believed."""
        try:
            self.denials[lease.carrier.way].read(lease.carrier.id, lane=Lane.GRANT)
        except AwsMissing:
            for cut in cuts:
                self.rows.gone(cut)
        except AwsFault as fault:
            self.rows.all_failed(cuts, fault.reason)

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
            operation = self.provisioning.push(
                permission_set, account, still=self._still(lease, self.clock())
            )
        except AwsTooLate:
            return
        except AwsMissing:
            self.rows.done(cut)  # The role left the account with its last assignment.
        except AwsFault as fault:
            self.rows.failed(cut, fault.reason)
        else:
            self._came(cut, operation)

    def _watch(self, cut: Cut) -> None:
        try:
            operation = self.provisioning.pushed(cut.operation)
        except AwsMissing:
            self.rows.save(replace(cut, operation="", due_at=self.clock()))
        except AwsFault as fault:
            self.rows.failed(cut, fault.reason, phase=cut.phase)
        else:
            self._came(cut, operation)

    def _came(self, cut: Cut, operation: Operation) -> None:
        match operation.progress:
            case Progress.SUCCEEDED:
                self.rows.done(cut)
            case Progress.FAILED:
                self.rows.failed(cut, operation.reason)
            case Progress.IN_PROGRESS:
                self.rows.late(replace(cut, operation=operation.id, due_at=self.clock() + TURN))

    def _still(self, lease: CutLease, decided: datetime) -> Still:
        """Whether what was read then may be written over now."""

        def still() -> bool:
            now = self.clock()
            fresh = decided <= now < decided + pace.DECISION_HOLDS
            return fresh and now + pace.LEASE_LEFT < lease.lease_until

        return still


def _deny(work: Work, cut: Cut) -> Deny:
    """In a service control policy, which all of an account's roles have, for this one role alone."""
    if cut.before is None:
        raise ValueError("it denies nothing yet")
    name = work.requests.get(cut.request_id).permission_set_name
    role = denying.role_of(cut.key, name) if cut.carrier.way is CutWay.SCP else ""
    return Deny(cut.request_id, cut.key.user_id, cut.before, role)


def _whole(at: datetime) -> datetime:
    """The second after it: IAM compares no parts of one."""
    return at.replace(microsecond=0) + timedelta(seconds=1)


def _session_duration(work: Work, request: Request) -> timedelta:
    """The longest that a session of it may be: as it was when asked for, or as it is known now."""
    catalogue = work.catalogue.load()
    known = catalogue.permission_sets.get(request.target.permission_set_arn) if catalogue else None
    return max(request.session_duration, known.session_duration if known else timedelta(0))


def _gave(work: Work, request: Request) -> bool:
    """Whether there was access by it, seen or unseen."""
    return not request.standing and (request.active_at is not None or unseen(work, request))
