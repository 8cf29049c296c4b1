"""The metronome comes round when something is due, never in a hot loop, and survives a round that fails."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event, Thread
from typing import Any

import pytest
from apscheduler.events import EVENT_SCHEDULER_PAUSED
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler

from bot.schedule import REST, Loop, Round, Schedule
from tests.clock import NOON, FakeClock

SECOND = timedelta(seconds=1)


@dataclass
class Metronome:
    """The scheduler, as far as a loop sees it: what it is asked for is kept."""

    wake_ups: list[datetime] = field(default_factory=list)

    def add_job(self, _: Callable[[], None], trigger: str, **options: Any) -> None:
        if trigger == "date":
            self.wake_ups.append(options["run_date"])


class A:
    """A loop that came round once, in a round that took so long, with this due next."""

    def __init__(
        self, due: datetime | None, *, took: float = 0, fails: type[Exception] | None = None
    ) -> None:
        self.clock, self.metronome = FakeClock(), Metronome()

        def do() -> None:
            self.clock.passes(seconds=took)
            for fault in [fails] if fails else []:
                raise fault

        scheduler: Any = self.metronome
        assert hasattr(BackgroundScheduler, "add_job")
        self.loop = Loop(Round("jobs", do, lambda: due), self.clock, scheduler)
        self.loop._come_round()

    @property
    def comes_again_at_once(self) -> bool:
        return self.loop._kick.is_set()


@pytest.mark.parametrize("due", [None, NOON - SECOND, NOON, NOON + 3 * SECOND])
def test_the_beat_is_soon_enough(due: datetime | None) -> None:
    loop = A(due)

    assert not loop.comes_again_at_once
    assert loop.metronome.wake_ups == []


def test_what_is_due_before_the_beat_after_next_is_waked_for() -> None:
    loop = A(NOON + SECOND / 2)

    assert not loop.comes_again_at_once
    assert len(loop.metronome.wake_ups) == 1


def test_what_became_due_during_the_round_is_seen_at_once() -> None:
    loop = A(NOON + SECOND / 2, took=0.7)

    assert loop.comes_again_at_once


def test_what_was_due_before_the_round_and_still_is_makes_no_hot_loop() -> None:
    loop = A(NOON, took=0.7)

    assert not loop.comes_again_at_once


def test_a_round_that_fails_leaves_the_next_to_the_beat() -> None:
    loop = A(NOON + SECOND / 2, fails=RuntimeError)

    assert not loop.comes_again_at_once
    assert loop.metronome.wake_ups == []


class Rests(Event):
    """Kept in mind, and cut short."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.taken.append(timeout)
        return super().wait(0)


class Held:
    """A loop that stands in each of its rounds until it is let go."""

    def __init__(self) -> None:
        self.clock, self.inside, self.go = FakeClock(), Event(), Event()
        scheduler: Any = Metronome()
        self.loop = Loop(Round("indexes", self.stand, lambda: None), self.clock, scheduler)
        self.fails = False

    def stand(self) -> None:
        self.inside.set()
        assert self.go.wait(timeout=60)
        self.go.clear()
        for fault in [OSError] if self.fails else []:
            raise fault

    def leaves(self) -> None:
        """This round, and enters the next."""
        self.inside.clear()
        self.loop.kick()
        self.go.set()
        assert self.inside.wait(timeout=60)


@pytest.fixture
def held() -> Iterator[Held]:
    held = Held()
    held.loop.start()
    assert held.inside.wait(timeout=60)
    yield held
    held.loop._stopping.set()
    held.go.set()
    held.loop.stop(60)


def test_however_often_it_is_woken_a_loop_rests_between_two_rounds(held: Held) -> None:
    """What became due meanwhile is one round's."""
    rests = held.loop._stopping = Rests()
    for _ in range(3):
        held.loop.kick()
    held.leaves()

    assert rests.taken == [REST]


def test_a_loop_is_alive_in_its_first_round_unless_that_takes_too_long(held: Held) -> None:
    assert held.loop.alive()

    held.clock.passes(seconds=15)

    assert not held.loop.alive()
    held.leaves()
    assert held.loop.alive()


def test_a_loop_whose_first_round_failed_is_not_alive(held: Held) -> None:
    held.fails = True

    held.leaves()

    assert not held.loop.alive()


def test_who_wakes_some_loops_leaves_the_others_to_their_beat() -> None:
    """A message that was told is no reason to look at the catalogue."""
    rounds = (Round(name, lambda: None, lambda: None) for name in ("jobs", "outbox", "catalogue"))
    schedule = Schedule(tuple(rounds), FakeClock())

    schedule.wake("jobs", "outbox", "none of ours")

    assert [loop.name for loop in schedule._loops if loop._kick.is_set()] == ["jobs", "outbox"]


class Slow(MemoryJobStore):  # type: ignore[misc]  # apscheduler has no types
    """Whoever asks it for what is due is kept waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.goes_on = Event(), Event()

    def get_due_jobs(self, now: datetime) -> list[Any]:
        due: list[Any] = super().get_due_jobs(now)
        if due:
            self.asked.set()
            self.goes_on.wait(30)
        return due


def test_a_wake_up_that_begins_while_everything_stops_is_no_fault() -> None:
    schedule, slow, paused = Schedule((), FakeClock()), Slow(), Event()
    scheduler = schedule._scheduler
    scheduler.add_jobstore(slow, "slow")
    scheduler.add_listener(lambda _: paused.set(), EVENT_SCHEDULER_PAUSED)
    schedule.start()
    scheduler.add_job(Event().set, "date", run_date=NOON, jobstore="slow")
    assert slow.asked.wait(30)

    stopping = Thread(target=schedule.stop)
    stopping.start()
    begun = paused.wait(30)
    slow.goes_on.set()  # What its thread then raised would fail this test.
    stopping.join(30)

    assert begun
    assert not scheduler.running
