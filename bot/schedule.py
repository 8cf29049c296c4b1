"""When the jobs run. APScheduler is only the metronome: what is due is a question for storage."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from typing import Final

from apscheduler.schedulers.background import BackgroundScheduler

from bot.clock import system_clock
from grants.ports import Clock

log = logging.getLogger(__name__)

BEAT: Final = timedelta(seconds=1)
"""The safety net: what a lost wake-up, a stepped clock or another process made due is seen then."""
REST: Final = 0.025
"""Seconds from one round to the next, however often somebody wakes: what became due meanwhile is one round's."""
QUIET: Final = timedelta(seconds=15)
"""A loop that has not come round for so long is not alive."""


@dataclass(frozen=True, slots=True)
class Round:
    """A loop of its own: what it does when it comes round, and when it must come round next."""

    name: str
    do: Callable[[], None]
    next_due: Callable[[], datetime | None]


class Loop:
    """One thread that comes round when it is woken, by the beat or by a one-shot wake-up."""

    def __init__(self, round_: Round, clock: Clock, scheduler: BackgroundScheduler) -> None:
        """Not started yet."""
        self._round = round_
        self._clock = clock
        self._scheduler = scheduler
        self._kick = Event()
        self._stopping = Event()
        self._seen: datetime | None = None
        self._first: datetime | None = None
        """When its first round began; None: that is over."""
        self._thread = Thread(target=self._run, name=round_.name, daemon=True)

    def start(self) -> None:
        """Come round at once, then at every beat and wake-up."""
        self._scheduler.add_job(
            self.kick, "interval", seconds=BEAT.total_seconds(), id=f"{self._round.name}-beat"
        )
        self._first = self._clock()
        self._thread.start()
        self.kick()

    def kick(self) -> None:
        """Something may have become due."""
        self._kick.set()

    def stop(self, timeout: float) -> None:
        """Finish the round in hand and come round no more."""
        self._stopping.set()
        self._kick.set()
        self._thread.join(timeout)

    @property
    def name(self) -> str:
        """Of what it does."""
        return self._round.name

    @property
    def seen(self) -> datetime | None:
        """When it came round last; None: not yet."""
        return self._seen

    def alive(self) -> bool:
        """Whether it came round lately, or is about to for the first time: people need not wait for that."""
        seen = self._seen or self._first
        return seen is not None and self._thread.is_alive() and self._clock() - seen < QUIET

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._kick.wait()
            self._kick.clear()
            if self._stopping.is_set():
                return
            self._come_round()
            self._stopping.wait(REST)

    def _come_round(self) -> None:
        try:
            began = self._clock()
            self._round.do()
            self._seen = self._clock()
            self._wake_at(self._round.next_due(), began=began)
        except Exception:
            # The database is out of reach, most likely: the next beat tries again.
            log.exception("round left", extra={"loop": self._round.name})
        finally:
            self._first = None

    def _wake_at(self, due: datetime | None, *, began: datetime) -> None:
        now = self._clock()
        if due is None or due >= now + 2 * BEAT or due <= began:
            return  # The beat is soon enough; and what was due by then is in hand or backing off.
        if due <= now:
            self.kick()  # Its time came while the round was under way.
            return
        # The scheduler runs by the host's clock, which may differ from the one that decides.
        run_at = system_clock() + (due - now)
        self._scheduler.add_job(
            self.kick,
            "date",
            run_date=run_at,
            id=f"{self._round.name}-wake-up",
            replace_existing=True,
        )


class Schedule:
    """The metronome and its loops."""

    def __init__(self, rounds: tuple[Round, ...], clock: Clock) -> None:
        """Not started yet."""
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            # The library's own default drops a run that is one second late. Ours never does.
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self._loops = [Loop(round_, clock, self._scheduler) for round_ in rounds]

    def start(self) -> None:
        """Every loop comes round at once: what is overdue begins in the first second."""
        self._scheduler.start()
        for loop in self._loops:
            loop.start()

    def wake(self, *names: str) -> None:
        """Something may have become due for these loops; the others see it at their beat."""
        for loop in self._loops:
            if loop.name in names:
                loop.kick()

    def seen(self) -> Mapping[str, datetime | None]:
        """When each loop came round last."""
        return {loop.name: loop.seen for loop in self._loops}

    def alive(self) -> bool:
        """Whether every loop came round lately."""
        return all(loop.alive() for loop in self._loops)

    def stop(self, timeout: float = 10) -> None:
        """Finish what is in hand."""
        self._scheduler.pause()
        for loop in self._loops:
            loop.stop(timeout)
        # Waits for a job that is just being started: else the scheduler's thread, which puts it away
        # afterwards, finds that it is stopped by then, and takes that for an error.
        self._scheduler.remove_all_jobs()
        self._scheduler.shutdown(wait=False)
