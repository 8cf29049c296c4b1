"""The jobs: what the clock and AWS ask for. Any of them may run twice, late, or in two processes."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from grants import endings, pace, telling
from grants.crew import Crew, each
from grants.engine import Engine
from grants.errors import AwsFault, NoLongerGiven
from grants.extending import goes_on
from grants.holding import is_at_rest, nudge
from grants.last_check import LastCheck
from grants.lifecycle import take
from grants.model import CLOCK, Assignment, Move, Request, State
from grants.pages import Pages
from grants.ports import Clock
from grants.reminding import Reminding
from grants.stores import Works
from grants.summing import Summing

log = logging.getLogger(__name__)

ROUND: Final = 200
"""So many rows of a kind are taken at a time; what is left over is due at once again."""
A_HANDFUL: Final = 20
"""So many ends are written down before AWS is asked for those that are."""
UNFORESEEN: Final = "something went wrong that Elevate did not foresee; its log says what"

Spell = Callable[[NoLongerGiven], str]
"""Puts a failed last check into words; the words live in `blocks`."""


@dataclass(slots=True)
class Jobs:
    """Rounds over what is due. Taking access away is never behind giving it."""

    works: Works
    engine: Engine
    last_check: LastCheck
    reminding: Reminding
    summing: Summing
    clock: Clock
    ends: Crew
    """Workers of their own for taking away: giving, however stuck, is never in front of them."""
    grants: Crew
    looks: Crew
    """For what is held and only looked at in case it vanished: however many, never in front."""
    gone: Crew
    """For what AWS has taken away and is only looked at once more."""
    pages: Pages
    spell: Spell

    # Requests

    def finish_due(self) -> None:
        """Active, and its time is over."""
        with self.works.reading() as work:
            due = work.requests.finishing(self.clock(), limit=ROUND)
        for start in range(0, len(due), A_HANDFUL):
            if start:
                # Slots that are free by now do not stay so until all of them are written down.
                self.reconcile_due()
                self.pages.round()
            each(due[start : start + A_HANDFUL], self._finish)

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
        with self.works.reading() as work:
            due = work.requests.starting(self.clock(), limit=ROUND)
        for request in due:
            self.grants.take(request, self._start, name=request.id)

    def _start(self, request: Request) -> None:
        """Put off first: whatever goes wrong with the last check, it is not made every second."""
        if not self._put_off(
            request, pace.backoff(_tries(request, self.clock()), self.engine.jitter)
        ):
            return
        try:
            book = self.last_check(request)
        except NoLongerGiven as reason:
            self._refuse(request, self.spell(reason))
            return
        except AwsFault as fault:
            self._refuse_if_late(request, fault.reason)
            return
        except Exception:
            self._refuse_if_late(request, UNFORESEEN)
            raise
        now = self.clock()
        with self.works() as work:
            # The extended one first, as whoever ends both locks them.
            prolonged = work.requests.get(request.extends) if request.extends else None
            request = work.requests.get(request.id)
            if request.state is not State.SCHEDULED:
                return
            over = prolonged is not None and not goes_on(prolonged)
            if over or work.policies.version() != book.version:
                work.requests.put_off(request, until=now, now=now)
                return
            after, moved = take(request, Move.START, by=CLOCK, at=now)
            after = work.requests.save(after)
            telling.record(work, after, moved)
            nudge(work, after.key, at=now)
        self.engine.reconcile(after.key)

    def _put_off(self, request: Request, wait: timedelta) -> bool:
        now = self.clock()
        with self.works() as work:
            return work.requests.put_off(request, until=now + wait, now=now)

    def _refuse_if_late(self, request: Request, why: str) -> None:
        now = self.clock()
        if now - (request.tried_since or now) >= pace.CREATE_FOR:
            self._refuse(request, why)

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
        """Every assignment that is due, what has to go first; of those that wait for a slot, as
        many as there are.
        """
        now = self.clock()
        with self.works.reading() as work:
            rows = [*work.assignments.let_in(now), *work.assignments.due(now, limit=ROUND)]
        for row in rows:
            self._crew_for(row).take(row.key, self.engine.reconcile, name=row.key)

    def _crew_for(self, row: Assignment) -> Crew:
        if row.is_taken_away:
            return self.gone
        if row.wanted_gone_at:
            return self.ends
        return self.looks if is_at_rest(row) else self.grants

    def alarm_backlog(self) -> None:
        """Ends that wait for a slot for so long that somebody should know."""
        before = self.clock() - pace.BACKLOG_ALARM_AFTER
        with self.works.reading() as work:
            count, _ = work.assignments.backlog(before)
        if count:
            with self.works() as work:
                endings.alarm_backlog(work, self.clock())

    # When

    def round(self) -> None:
        """Everything that is due now, what takes away first. Waits for no AWS call."""
        asked_for, ended = self._are_due()
        jobs = (
            (asked_for, self.finish_due),
            (True, self.reconcile_due),
            (True, self.pages.round),
            (True, self.alarm_backlog),
            (asked_for, self.lapse_due),
            (asked_for, self.start_due),
            (asked_for, self.reminding.round),
            (ended, self.summing.round),
        )
        each((job for is_due, job in jobs if is_due), lambda job: job())

    def _are_due(self) -> tuple[bool, bool]:
        """Whether any request is, and any activity: nearly never, and then it is not asked which."""
        now = self.clock()
        try:
            with self.works.reading() as work:
                firsts = work.requests.next_due(), work.activities.next_due()
        except Exception:
            log.exception(
                "not known what is due"
            )  # Each job sees for itself: one keeps none from the others.
            return True, True
        asked_for, ended = (at is not None and at <= now for at in firsts)
        return asked_for, ended

    def next_due(self) -> datetime | None:
        """The next instant at which any of these has something to do."""
        with self.works.reading() as work:
            instants = (
                work.requests.next_due(),
                work.assignments.next_due(),
                work.activities.next_due(),
                self.pages.next_due(),
                *(row.due_at for row in work.assignments.let_in(self.clock())),
            )
        return min((instant for instant in instants if instant), default=None)


def _tries(request: Request, now: datetime) -> int:
    """How often its last check may have been tried so far, for the wait before the next."""
    return 1 + int((now - (request.tried_since or now)).total_seconds()) // 5
