"""The jobs: what the clock and AWS ask for. Any of them may run twice, late, or in two processes."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from grants import pace, telling
from grants.activity import Evidence, Session, summarise, to_json
from grants.crew import Crew, each
from grants.engine import Engine
from grants.errors import AwsFault, NoLongerGiven
from grants.holding import nudge
from grants.last_check import LastCheck
from grants.lifecycle import take
from grants.model import CLOCK, Move, Place, Request, RequestId, State, Told
from grants.ports import ActivityRow, Clock, Notice, Trail, Works
from grants.reminding import Reminding

ROUND: Final = 200
"""So many rows of a kind are taken at a time; what is left over is due at once again."""
DELIVERY: Final = timedelta(minutes=15)
"""CloudTrail usually delivers within five minutes and promises nothing."""
PATIENT: Final = 4
"""So often a source that does not answer is asked again before the thread says so."""

Spell = Callable[[NoLongerGiven], str]
"""Puts a failed last check into words; the words live in `blocks`."""


@dataclass(slots=True)
class Jobs:
    """Rounds over what is due. Taking access away is never behind giving it."""

    works: Works
    engine: Engine
    last_check: LastCheck
    trail: Trail
    reminding: Reminding
    clock: Clock
    ends: Crew
    """Workers of their own for taking away: giving, however stuck, is never in front of them."""
    grants: Crew
    reads: Crew
    spell: Spell
    _trouble: dict[RequestId, tuple[datetime, datetime]] = field(default_factory=dict)
    """Starts whose last check AWS would not answer: since when, and when to try again."""

    # Requests

    def finish_due(self) -> None:
        """Active, and its time is over."""
        with self.works.reading() as work:
            due = work.requests.finishing(self.clock(), limit=ROUND)
        each(due, self._finish)

    def _finish(self, request: Request) -> None:
        now = self.clock()
        with self.works() as work:
            request = work.requests.get(request.id)
            if (
                request.state is not State.ACTIVE
                or request.ends_at is None
                or request.ends_at > now
            ):
                return
            after, moved = take(request, Move.FINISH, by=CLOCK, at=now)
            after = work.requests.save(after)
            telling.record(work, after, moved)
            nudge(work, after.key, at=now, over_since=request.ends_at)

    def lapse_due(self) -> None:
        """Pending, and nobody decided in time."""
        with self.works.reading() as work:
            due = work.requests.lapsing(self.clock(), limit=ROUND)
        each(due, self._lapse)

    def _lapse(self, request: Request) -> None:
        now = self.clock()
        with self.works() as work:
            request = work.requests.get(request.id)
            if request.state is not State.PENDING or request.expires_at > now:
                return
            after, moved = take(request, Move.LAPSE, by=CLOCK, at=now)
            telling.record(work, work.requests.save(after), moved)

    def start_due(self) -> None:
        """Approved, and its start has come."""
        now = self.clock()
        with self.works.reading() as work:
            due = work.requests.starting(now, limit=ROUND)
        ready = [r for r in due if self._trouble.get(r.id, (now, now))[1] <= now]
        for request in ready:
            self.grants.take(request, self._start, name=request.id)

    def _start(self, request: Request) -> None:
        try:
            book = self.last_check(request)
        except NoLongerGiven as reason:
            self._refuse(request, self.spell(reason))
            return
        except AwsFault as fault:
            self._start_later(request, fault)
            return
        self._trouble.pop(request.id, None)
        now = self.clock()
        with self.works() as work:
            request = work.requests.get(request.id)
            if request.state is not State.SCHEDULED or work.policies.version() != book.version:
                return
            after, moved = take(request, Move.START, by=CLOCK, at=now)
            after = work.requests.save(after)
            telling.record(work, after, moved)
            nudge(work, after.key, at=now)
        self.engine.reconcile(after.key)

    def _start_later(self, request: Request, fault: AwsFault) -> None:
        now = self.clock()
        since, _ = self._trouble.get(request.id, (now, now))
        if now - since >= pace.CREATE_FOR:
            self._trouble.pop(request.id, None)
            self._refuse(request, fault.reason)
            return
        tries = int((now - since).total_seconds()) // 5
        self._trouble[request.id] = (since, now + pace.backoff(1 + tries, self.engine.jitter))

    def _refuse(self, request: Request, why: str) -> None:
        now = self.clock()
        with self.works() as work:
            request = work.requests.get(request.id)
            if request.state is not State.SCHEDULED:
                return
            after, moved = take(
                request, Move.FAIL, by=CLOCK, at=now, note=why, reason=why, ended_at=now
            )
            telling.record(work, work.requests.save(after), moved)

    # Assignments

    def reconcile_due(self) -> None:
        """Every assignment that is due, what has to go first."""
        with self.works.reading() as work:
            due = work.assignments.due(self.clock(), limit=ROUND)
        for row in due:
            crew = self.ends if row.wanted_gone_at else self.grants
            crew.take(row.key, self.engine.reconcile, name=row.key)

    # Activity

    def look_up_due(self) -> None:
        """Grants whose activity is to be looked up: once at the end, and once when it is final."""
        with self.works.reading() as work:
            due = work.activities.due(self.clock(), limit=ROUND)
        for row in due:
            self.reads.take(row, self._look_up, name=row.request_id)

    def _look_up(self, row: ActivityRow) -> None:
        with self.works.reading() as work:
            request = work.requests.get(row.request_id)
        session = session_of(request)
        if session is None:
            return
        try:
            evidence = self.trail.fetch(session)
        except AwsFault as fault:
            if row.tries < PATIENT:
                self._look_up_later(row)
                return
            evidence = Evidence(source="", unavailable=fault.reason)
        now = self.clock()
        final_at = session.end + DELIVERY
        final = now >= final_at and not evidence.unavailable
        summary = summarise(evidence, session, final=final, at=now)
        due_at = _look_again(now, final_at, row.tries, unavailable=bool(evidence.unavailable))
        with self.works() as work:
            after = ActivityRow(
                row.request_id,
                None if final else due_at,
                tries=row.tries + 1,
                summary=to_json(summary),
                version=row.version,
            )
            if work.activities.save(after):
                work.outbox.put(
                    [
                        Notice(Told.SUMMARY, request.id, copy.id)
                        for copy in work.copies.of(request.id)
                        if copy.place is not Place.DIRECT
                    ],
                    at=now,
                )

    def _look_up_later(self, row: ActivityRow) -> None:
        """A passing trouble says nothing to whoever reads the thread: it is tried again first."""
        due_at = self.clock() + pace.backoff(row.tries + 2, self.engine.jitter)
        with self.works() as work:
            work.activities.save(replace(row, due_at=due_at, tries=row.tries + 1))

    # When

    def round(self) -> None:
        """Everything that is due now, what takes away first. Waits for no AWS call."""
        each(
            [
                self.finish_due,
                self.reconcile_due,
                self.lapse_due,
                self.start_due,
                self.reminding.round,
                self.look_up_due,
            ],
            lambda job: job(),
        )

    def next_due(self) -> datetime | None:
        """The next instant at which any of these has something to do."""
        with self.works.reading() as work:
            instants = (
                work.requests.next_due(),
                work.assignments.next_due(),
                work.activities.next_due(),
            )
        return min((instant for instant in instants if instant), default=None)


def session_of(request: Request) -> Session | None:
    """Whose activity a grant's is; None for one that never was active."""
    if request.active_at is None:
        return None
    ended = request.ended_at or request.ends_at
    if ended is None:
        return None
    return Session(
        account_id=request.target.account_id,
        user_id=request.requester.user_id,
        user_name=request.requester.user_name,
        permission_set_name=request.permission_set_name,
        start=request.active_at,
        end=ended + request.session_duration,
        ended_at=ended,
    )


def _look_again(
    now: datetime, final_at: datetime, tries: int, *, unavailable: bool
) -> datetime | None:
    if not unavailable:
        return final_at
    if now >= final_at + timedelta(days=1):
        return None  # Whoever reads the thread has been told why for a whole day.
    return now + min(timedelta(hours=1), timedelta(minutes=2 ** min(tries, 6)))
