"""Who runs next: one at a time, each up to its next call, and time that passes when nobody can."""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from greenlet import getcurrent, greenlet  # type: ignore[import-untyped]  # it ships no types

from tests.clock import FakeClock
from tests.engine_room import Killed
from tests.world import P, T

MOST: Final = 20_000
"""So many turns are taken in no schedule that comes to rest."""


@dataclass(eq=False)
class Life:
    """One process, from its start to its death."""

    name: str
    alive: bool = True


@dataclass(eq=False)
class Task:
    """Something that one process has begun, suspended at a call."""

    name: str
    life: Life
    runs: greenlet
    wakes: datetime


@dataclass
class Schedule:
    """The seeded order in which everything happens."""

    random: Random
    clock: FakeClock
    tasks: list[Task] = field(default_factory=list)
    now: Task | None = None
    turns: int = 0
    hub: greenlet = field(default_factory=getcurrent)

    def begin(self, name: str, life: Life, do: Callable[[], object]) -> None:
        """From now on it takes its turns."""
        runs = greenlet(lambda: _mortal(do), self.hub)
        self.tasks.append(Task(name, life, runs, self.clock()))

    def running(self) -> Task | None:
        """Whose turn it is; None: nobody's, or a thread's that somebody began beside."""
        task = self.now
        return task if task is not None and getcurrent() is task.runs else None

    def suspend(self, task: Task, span: timedelta) -> None:
        """Others go on; it does so after this span. Where its process died meanwhile it goes no further."""
        task.wakes = self.clock() + span
        self.hub.switch()

    def kill(self, life: Life) -> None:
        """Of all it had in hand nothing goes on."""
        life.alive = False
        if getcurrent() is self.hub:
            self._bury()

    def turn(self) -> bool:
        """Somebody who can goes on to the next call; False: nobody can."""
        now = self.clock()
        ready = [task for task in self.tasks if task.wakes <= now]
        if not ready:
            return False
        self.turns += 1
        assert self.turns < MOST, "it comes to no rest"
        task = ready[0] if len(ready) == 1 else self.random.choice(ready)
        self.now = task
        task.runs.switch()
        self.now = None
        if task.runs.dead:
            self.tasks.remove(task)
        if not task.life.alive:
            self._bury()
        return True

    def wakes(self) -> datetime | None:
        return min((task.wakes for task in self.tasks), default=None)

    def end(self) -> None:
        """Nothing goes on."""
        for task in self.tasks:
            task.life.alive = False
        self._bury()

    def _bury(self) -> None:
        dead = [task for task in self.tasks if not task.life.alive]
        self.tasks = [task for task in self.tasks if task.life.alive]
        for task in dead:
            if task.runs:
                task.runs.throw(Killed)


def _mortal(do: Callable[[], object]) -> None:
    try:
        do()
    except Killed:
        return


@dataclass
class Beside(Executor):
    """Has a crew's work done by another task of the same process."""

    schedule: Schedule
    life: Life
    name: str

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        def do() -> Any:
            return fn(*args, **kwargs)

        self.schedule.begin(self.name, self.life, do)
        return Future()
