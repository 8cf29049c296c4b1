"""One seed, from its first act to its rest; what is broken is told with the history and how to repeat it."""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final

from grants.errors import AwsFault
from grants.model import Slot
from tests.clock import FakeClock
from tests.memory_works import MemoryWorks
from tests.simulation.people import NOISE, Act, People, acts_of
from tests.simulation.promises import Promises
from tests.simulation.telling import told
from tests.simulation.universe import KEYS, AnyWorks, Process, Universe, furnish

BEAT: Final = timedelta(seconds=1)
AWAY: Final = timedelta(minutes=5)
"""The longest until another process stands in for one that died."""
SETTLES: Final = timedelta(minutes=16)
"""So long after the noise what is under way at AWS may still come."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one seed came to."""

    seed: int
    lines: tuple[str, ...]
    counted: Counter[str]
    late: tuple[float, ...]
    requests: int
    turns: int


class FoundError(AssertionError):
    """A seed that breaks a promise."""

    def __init__(self, seed: int, why: BaseException, lines: Sequence[str]) -> None:
        """With the whole history."""
        history = "\n".join(lines)
        again = f"python -m tests.simulation --from {seed} --seeds 1 --history"
        super().__init__(f"seed {seed}: {type(why).__name__}: {why}\n{history}\nagain: {again}")
        self.seed, self.why, self.lines = seed, why, lines


@dataclass
class Run:
    """The hub: whose turn it is, and what happens when nobody can go on."""

    universe: Universe
    acts: list[Act]

    def __post_init__(self) -> None:
        self.promises = Promises(self.universe)
        self.universe.committed = self.promises.committed
        self.universe.aws.leaving = self.promises.leaves
        self.people = People(self.universe, self.promises)
        self.random = Random(f"{self.universe.seed} hub")
        self.restart_at: datetime | None = None
        self.began = self.universe.clock()

    def starts(self) -> None:
        """Its processes."""
        for _ in range(self.universe.weather.processes):
            self.universe.comes_round(self.universe.starts())

    def to_its_rest(self) -> None:
        """The noise, and then as long as it takes until nothing is due any more."""
        self.starts()
        self.passes(self.began + NOISE)
        self.rests()

    def rests(self) -> None:
        """From here on everything is well."""
        self.universe.weather.clears()
        self.universe.say("everything is well from here on")
        self.promises.calm_since = self.universe.clock() + SETTLES
        self.passes(None)

    def passes(self, until: datetime | None) -> None:
        """Time, up to this instant; None: until nothing is due."""
        clock, beats = self.universe.clock, 0
        while True:
            beats = 0 if self._turns() else beats
            self.promises.idle()
            if until is not None and clock() >= until:
                return
            self._replace_the_dead(quiet=until is None)
            jobs, tells = self._due()
            due = min((at for at in (jobs, tells) if at), default=None)
            overdue = due is not None and due <= clock()
            if overdue and self.universe.woken:
                self._round(jobs, tells)
                continue
            if overdue:
                beats += 1
                due = clock() + BEAT * min(beats, 20)
            if not self._time_goes_on(due, until):
                return
            if due is not None and due <= clock():
                self._round(jobs, tells)

    def _turns(self) -> bool:
        """Everybody goes on as far as they can; what broke meanwhile is raised."""
        any_turn = False
        while self.universe.schedule.turn():
            any_turn = True
            if self.promises.broken:
                raise self.promises.broken
        return any_turn

    def _time_goes_on(self, due: datetime | None, until: datetime | None) -> bool:
        """To the next instant at which anything happens; False: there is none."""
        clock, schedule = self.universe.clock, self.universe.schedule
        act = self.began + self.acts[0].after if self.acts else None
        instants = [at for at in (due, schedule.wakes(), act, self.restart_at, until) if at]
        if not instants:
            return False
        clock.now = max(clock(), min(instants))
        while self.acts and self.began + self.acts[0].after <= clock():
            self.people.act(self.acts.pop(0))
        return True

    def _round(self, jobs: datetime | None, tells: datetime | None) -> None:
        now = self.universe.clock()
        self.universe.woken = False
        for process in self._who_looks():
            self.universe.comes_round(
                process,
                jobs=jobs is not None and jobs <= now,
                tells=tells is not None and tells <= now,
            )

    def _due(self) -> tuple[datetime | None, datetime | None]:
        if not self.universe.processes:
            return None, None
        process = self.universe.processes[0]
        jobs = [process.jobs.next_due(), *self._left_to_the_beat()]
        return min((at for at in jobs if at), default=None), process.announcer.next_due()

    def _left_to_the_beat(self) -> list[datetime]:
        """What waits for a slot under the lease of one who died is nobody's wake-up."""
        with self.universe.works.reading() as work:
            rows = [work.assignments.get(key) for key in KEYS]
        leased = [row.lease_until for row in rows if row and row.slot is Slot.WAITING]
        return [at for at in leased if at]

    def _who_looks(self) -> list[Process]:
        processes = self.universe.processes
        if len(processes) > 1 and self.random.random() < 0.6:
            return [self.random.choice(processes)]
        return list(processes)

    def _replace_the_dead(self, *, quiet: bool) -> None:
        """Somebody starts another after a while; at once, when the noise is over."""
        universe = self.universe
        missing = universe.weather.processes - len(universe.processes)
        if not missing:
            return
        if not quiet and self.restart_at is None:
            self.restart_at = universe.clock() + AWAY * self.random.random() ** 2
        if not quiet and self.restart_at and universe.clock() < self.restart_at:
            return
        self.restart_at = None
        if universe.weather.processes == 1 and self.random.random() < 0.5:
            universe.forgets_leases()
        for _ in range(missing):
            universe.comes_round(universe.starts())


class Unforeseen(logging.Handler):
    """Hears of what a job raised that nobody expects."""

    def __init__(self, promises: Promises) -> None:
        super().__init__()
        self.promises = promises

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and not isinstance(error, ConnectionError | AwsFault):
            self.promises.broken = self.promises.broken or error


@contextmanager
def listening(promises: Promises) -> Iterator[None]:
    """Nothing is printed, and what is raised is not lost."""
    logs = [logging.getLogger(name) for name in ("grants", "handlers")]
    handler = Unforeseen(promises)
    before = [(log.level, log.propagate) for log in logs]
    for log in logs:
        log.addHandler(handler)
        log.setLevel(logging.ERROR)
        log.propagate = False
    try:
        yield
    finally:
        for log, (level, propagate) in zip(logs, before, strict=True):
            log.removeHandler(handler)
            log.setLevel(level)
            log.propagate = propagate


def run(seed: int, works: AnyWorks | None = None, acts: list[Act] | None = None) -> Outcome:
    """To its rest, or FoundError."""
    clock = FakeClock()
    if works is None:
        works = MemoryWorks()
        furnish(works, clock)
    universe = Universe(seed, works, clock)
    going = Run(universe, acts_of(seed) if acts is None else list(acts))
    try:
        with listening(going.promises):
            going.to_its_rest()
        going.promises.kept()
        if universe.tells:
            told(universe, going.promises)
    except Exception as why:
        raise FoundError(seed, why, universe.lines) from why
    finally:
        universe.schedule.end()
    counted = going.promises.counted + Counter(universe.weather.counted)
    return Outcome(
        seed, tuple(universe.lines), counted, tuple(going.promises.late),
        len(going.promises.grants), universe.schedule.turns,
    )  # fmt: skip
