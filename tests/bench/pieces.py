"""How a piece of the bench is written: a function of what it is given, to the figures that it measured.

    def measure(bench: Bench) -> Iterator[Figure]:
        for size, engine in bench.everywhere():
            with bench.stage(size, engine) as stage, stage.up() as bot:
                …
                yield Figure("…", size, engine, "ms", ours, yardstick, budget=1.5)

`tests/bench/__main__.py` lists the pieces by name.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from itertools import cycle
from statistics import median
from typing import Final

from tests.bench.figures import Engine, Figure, Size
from tests.bench.stage import Stage, a_stage
from tests.databases import Databases, Run
from tests.postgres import LASTING

ON_DISK: Final = "/var/tmp"
"""Where files are files: what is waited for is part of what is measured."""


@dataclass(frozen=True, slots=True)
class Bench:
    """Where and how thoroughly is measured."""

    databases: Databases
    sizes: tuple[Size, ...]
    engines: tuple[Engine, ...]
    rounds: int
    """Of each line."""
    times: int
    """In each round: its figure is their median."""
    short: bool
    """For a machine that builds: all of it within three minutes."""

    @property
    def few(self) -> int:
        """So many times in each round, of what takes long."""
        return max(3, self.times // 4)

    @property
    def largest(self) -> Size:
        return max(self.sizes, key=lambda size: (size.accounts, size.people))

    def everywhere(self) -> Iterator[tuple[Size, Engine]]:
        """Each size on each database; in short one database, and the next size on the next."""
        if self.short:
            return zip(self.sizes, cycle(self.engines), strict=False)
        return ((size, engine) for size in self.sizes for engine in self.engines)

    def stage(
        self, size: Size, engine: Engine, *, operation_seconds: float = 0.0, quotas: bool = False
    ) -> AbstractContextManager[Stage]:
        """Furnished, with no process yet; AWS has so many seconds for each of its operations."""
        return a_stage(
            size, engine, self.databases, operation_seconds=operation_seconds, quotas=quotas
        )


Measure = Callable[[Bench], Iterator[Figure]]


@contextmanager
def databases() -> Iterator[Databases]:
    """With a server of their own, once PostgreSQL is asked for."""
    run = Run.begin(ON_DISK)
    try:
        with closing(Databases(run.folder, configuration=LASTING)) as databases:
            yield databases
    finally:
        run.end()


def in_turn(
    rounds: int,
    times: int,
    ours: Callable[[], float],
    bare: Callable[[], float],
    *,
    before: Callable[[], object] = lambda: None,
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Of seconds milliseconds, the median of each round: one of ours, one of the yardstick's, and so on.

    What the machine does besides then slows both. `before` each round, which is not measured.
    """
    rounds_of_ours, rounds_of_bare = list[float](), list[float]()
    for _ in range(rounds):
        before()
        pairs = [(ours(), bare()) for _ in range(times)]
        rounds_of_ours.append(1000 * median(mine for mine, _ in pairs))
        rounds_of_bare.append(1000 * median(other for _, other in pairs))
    return tuple(rounds_of_ours), tuple(rounds_of_bare)
