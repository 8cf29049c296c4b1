"""How rough it is: drawn once for each seed, and asked at every call."""

from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Final, Literal

from grants.errors import AwsBusy, AwsFault, AwsRefused, AwsUnsure

WRITES: Final = frozenset({"create", "delete"})
PAUSE: Final = timedelta(seconds=200)
"""The longest that anything but a process that died stands still: longer than a lease."""
LATEST: Final = timedelta(minutes=11)
"""A write whose answer was lost is begun so late at the latest, and is over before UNKNOWN_FOR."""

Fate = Literal["", "lost", "late"]


def some(random: Random, *most: float) -> float:
    """Often nothing at all, else up to one of these."""
    return random.choice((0.0, *most)) * random.random()


@dataclass
class Weather:
    """The probabilities, for each call, of what may go wrong with it."""

    random: Random
    rough: bool = True
    processes: int = 1
    busy: float = 0.0
    unsure: float = 0.0
    refused: float = 0.0
    lost_request: float = 0.0
    lost_answer: float = 0.0
    late: float = 0.0
    fails: float = 0.0
    slow: float = 0.0
    crash: float = 0.0
    pause: float = 0.0
    database: float = 0.0
    slack: float = 0.0
    lag: float = 0.0
    counted: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, random: Random) -> "Weather":
        """One seed in eight is calm: there everything is to happen in its time."""
        processes = random.choice((1, 1, 2, 2, 3))
        if random.random() < 0.125:
            return cls(random, rough=False, processes=processes)
        return cls(
            random,
            processes=processes,
            busy=some(random, 0.1, 0.5),
            unsure=some(random, 0.1, 0.3),
            refused=some(random, 0.02),
            lost_request=some(random, 0.2, 0.5),
            lost_answer=some(random, 0.2, 0.5),
            late=some(random, 0.2, 0.5),
            fails=some(random, 0.2, 0.5),
            slow=some(random, 0.1, 0.4),
            crash=some(random, 0.002, 0.008),
            pause=some(random, 0.005, 0.02),
            database=some(random, 0.02),
            slack=some(random, 0.1, 0.4),
            lag=random.choice((0.0, 0.0, 4.0)),
        )

    def clears(self) -> None:
        """Nothing goes wrong any more."""
        self.rough = False
        for name in ("busy", "unsure", "refused", "lost_request", "lost_answer", "late", "fails",
                     "slow", "crash", "pause", "database", "slack", "lag"):  # fmt: skip
            setattr(self, name, 0.0)

    def strikes(self, what: str, probability: float) -> bool:
        """Whether it happens here and now."""
        if probability <= 0.0 or self.random.random() >= probability:
            return False
        self.counted[what] = self.counted.get(what, 0) + 1
        return True

    # Calls to AWS

    def before(self, call: str) -> AwsFault | None:
        """Nothing was done, whether the caller can know it or not."""
        if self.strikes("busy", self.busy):
            return AwsBusy("Rate exceeded", code="ThrottlingException")
        if self.strikes("refused", self.refused):
            return AwsRefused("not authorized", code="AccessDeniedException")
        lost = self.lost_request if call in WRITES else self.unsure
        return AwsUnsure("the connection broke") if self.strikes("lost request", lost) else None

    def after(self, call: str) -> AwsFault | None:
        """It was done, and nobody hears of it."""
        lost = self.lost_answer if call in WRITES else self.unsure
        return (
            AwsUnsure("AWS did not answer in time") if self.strikes("lost answer", lost) else None
        )

    def is_late(self) -> bool:
        return self.strikes("late execution", self.late)

    def lateness(self) -> timedelta:
        return LATEST * self.random.random() ** 2

    def failure(self) -> str:
        return "AWS could not do it" if self.strikes("FAILED", self.fails) else ""

    def takes(self) -> timedelta:
        """How long an operation of AWS's is under way."""
        if self.strikes("slow operation", self.slow):
            return timedelta(seconds=self.random.choice((20, 150, 600)) * self.random.random())
        return timedelta(seconds=3 * self.random.random())

    def lags(self) -> timedelta:
        """How long lists do not show what has changed."""
        return timedelta(seconds=self.lag * self.random.random())

    def travels(self) -> timedelta:
        """A call's way there or back."""
        if self.strikes("slow call", self.slow / 5):
            return timedelta(seconds=12 * self.random.random())
        return timedelta(milliseconds=self.random.randrange(20, 200))

    def stands_still(self) -> timedelta:
        """A process that is paused: sometimes for longer than its lease."""
        return PAUSE * self.random.random() ** 2
