"""Life after life, until there is no boundary left at which nobody was killed."""

from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from statistics import median
from typing import Final

from tests.beside import Outside, outside
from tests.databases import Databases
from tests.kills import failpoints
from tests.kills.life import HELD, Ending, Life, Seat
from tests.kills.nursery import MINUTES, Nursery
from tests.kills.promises import kept
from tests.world import POLICIES

SHORT: Final = 1.5
"""A lease that is waited for: on a server others go on where one was killed."""


@dataclass(slots=True)
class Tally:
    """What was done, and what came of it."""

    lives: int = 0
    killed_at: list[str] = field(default_factory=list)
    late: list[timedelta] = field(default_factory=list)

    @property
    def boundaries(self) -> set[str]:
        return {at.rpartition(":")[0] for at in self.killed_at}

    def __str__(self) -> str:
        seconds = sorted(late.total_seconds() for late in self.late)
        return (
            f"{self.lives} lives, {len(self.killed_at)} kills at"
            f" {len(self.boundaries)} boundaries,"
            f" removal asked for {median(seconds):.2f} s late at the median,"
            f" {seconds[-1]:.2f} s at most"
        )


@dataclass(frozen=True, slots=True)
class Matrix:
    """Lives on databases of one kind, each with a company of its own."""

    databases: Databases
    nursery: Nursery
    folder: Path
    kind: str = "sqlite"
    processes: int = 1
    kills: int = 1
    """In one life, at the most."""
    tally: Tally = field(default_factory=Tally)
    _numbers: Iterator[int] = field(default_factory=count)

    def at_each_boundary(self, *, at_once: int) -> None:
        """Whoever lives a life undisturbed has found nothing new, and tries the other ending."""
        died = self.folder / "died"
        died.mkdir()
        with ThreadPoolExecutor(at_once) as threads:
            each = [
                threads.submit(self._find_all, f"{failpoints.NEW}:{died}") for _ in range(at_once)
            ]
        for lived in each:
            lived.result()

    def at_later_passings(self, *, at_once: int) -> None:
        """Every further one of a commit, the last one of a call: as a life undisturbed has them.

        Another life may pass a boundary less often; then nobody is killed in it.
        """
        for ending in Ending:
            passed = self.folder / f"{ending}.passed"
            self.live(ending, f"{failpoints.RECORD}:{passed}")
            times = Counter(passed.read_text().splitlines())
            with ThreadPoolExecutor(at_once) as threads:
                each = [
                    threads.submit(self.live, ending, f"{name}:{number}")
                    for name, last in times.items()
                    for number in _later(name, last)
                ]
            for lived in each:
                lived.result()

    def _find_all(self, failpoint: str) -> None:
        for ending in Ending:
            while self.live(ending, failpoint):
                pass

    def live(self, ending: Ending, failpoint: str = "") -> list[str]:
        """One life; where the bot was killed in it."""
        with self.a_life(ending, failpoint) as life:
            standing = life.company.aws.company.current_assignments()
            try:
                late = kept(life, life.lived(), standing)
            except Exception as broken:
                broken.add_note(f"{self.kind}, {ending}, killed at {life.killed_at()}")
                raise
            killed_at = life.killed_at()
        self.tally.lives += 1
        self.tally.killed_at += killed_at
        self.tally.late.append(late)
        return killed_at

    @contextmanager
    def a_life(self, ending: Ending, failpoint: str = "") -> Iterator[Life]:
        """In a company of its own, where somebody holds what is none of ours."""
        folder = self.folder / f"life-{next(self._numbers)}"
        folder.mkdir()
        with self.databases.fresh(self.kind, folder) as url, outside(url, folder) as company:
            company.aws.company.assign("dan", *HELD)
            others = [Seat(f"other-{number}") for number in range(1, self.processes)]
            life = Life(
                company,
                self.nursery,
                [Seat("first", failpoint), *others],
                ending,
                lease=SHORT if self.kind == "postgresql" else MINUTES,
                most=self.kills,
                settings=_cutting(company) if ending is Ending.CUT else {},
            )
            try:
                yield life
            finally:
                life.closed()


def _cutting(company: Outside) -> dict[str, str]:
    """By a service control policy that was prepared, with policies that say so."""
    aws = company.aws.company
    scp = aws.add_scp("cuts")
    aws.attach_scp(scp, "Workloads")
    aws.may_write_scps.add(aws.home_account)
    policies = company.folder / "cutting.yml"
    policies.write_text(POLICIES.replace("settings:", "settings:\n  revoke_sessions: scp"))
    return {"ELEVATE_CUT_POLICY_ID": scp, "ELEVATE_POLICY_FILE": str(policies)}


def _later(name: str, last: int) -> Iterable[int]:
    if name.startswith("commit"):
        return range(2, last + 1)
    return [last] if last > 1 else []
