"""Decides while somebody waits in Slack: their answer leaves in time, whatever AWS does."""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final, TypeVar

from grants.errors import TooSlow

T = TypeVar("T")
InTime = Callable[[], None]
ANSWER_WITHIN: Final = 2.5
"""Seconds: half of one after the last moment to commit, and half before Slack gives up."""


@dataclass(frozen=True, slots=True)
class Promptly:
    """Hands the deciding to another thread, for one whose AWS never answers stays there."""

    deciders: Executor
    in_time: Callable[[], InTime]
    within: Callable[[], float] = lambda: ANSWER_WITHIN

    def __call__(self, decide: Callable[[InTime], T]) -> T:
        """What it comes to. TooSlow where that is not known yet: doing it again is safe."""
        deciding = self.deciders.submit(decide, self.in_time())
        try:
            return deciding.result(self.within())
        except TimeoutError:
            raise TooSlow from None
