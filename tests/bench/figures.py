"""What the bench measures: a line of the budget, at a size, in rounds, each beside its yardstick."""

from dataclasses import dataclass
from statistics import median
from typing import Literal

Engine = Literal["sqlite", "postgresql"]


@dataclass(frozen=True, slots=True, order=True)
class Size:
    """How large the organization is, and how much it has already asked for."""

    accounts: int
    permission_sets: int
    people: int
    history: int = 0
    """Requests that have ended."""

    def __str__(self) -> str:
        size = f"{self.accounts:,} x {self.permission_sets:,} x {self.people:,}"
        return f"{size}, {self.history:,} past" if self.history else size


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table.

    `ours` and `yardstick` are of the same rounds, in `unit`; `budget` bounds the median of their ratios, or, where
    there is no yardstick, the median of `ours` itself. Without a budget the figure is only told.
    """

    line: str
    size: Size
    database: Engine
    unit: str
    ours: tuple[float, ...]
    yardstick: tuple[float, ...] = ()
    budget: float | None = None

    def held_against(self) -> tuple[float, ...]:
        """What the budget bounds, round by round."""
        if not self.yardstick:
            return self.ours
        return tuple(ours / bare for ours, bare in zip(self.ours, self.yardstick, strict=True))

    def median(self) -> float:
        return median(self.held_against())

    def spread(self) -> tuple[float, float]:
        """The least and the most of the rounds."""
        return min(self.held_against()), max(self.held_against())

    def is_kept(self) -> bool:
        return self.budget is None or self.median() <= self.budget
