"""The one place that asks the system what time it is."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Event, Lock
from typing import Final

from grants.errors import TooSlow

PATIENCE: Final = 2.0
"""Seconds in which a decision must be committed, so that its answer reaches Slack within three."""
ASK_AGAIN: Final = 60.0
"""Seconds after which the database is asked for its time again."""


def system_clock() -> datetime:
    """The host's time: what decides where the database is a file on the same host."""
    return datetime.now(UTC)


class DatabaseClock:
    """The database's time, carried on by the host's monotonic clock between two questions.

    All processes decide by it, so that their hosts' clocks may differ.
    """

    def __init__(self, ask: Callable[[], datetime]) -> None:
        """`ask` gives the database's time."""
        self._ask = ask
        self._lock = Lock()
        self._read: tuple[datetime, float] | None = None

    def __call__(self) -> datetime:
        """Now, to within the time of one question."""
        with self._lock:
            passed = time.monotonic()
            if self._read is None or passed - self._read[1] > ASK_AGAIN:
                self._read = (self._ask(), passed)
            at, read = self._read
            return at + timedelta(seconds=passed - read)


def resting(ended: Event, clock: Callable[[], datetime]) -> Callable[[datetime], bool]:
    """Waits until an instant. False, at once: what was waited for has ended."""

    def rest(at: datetime) -> bool:
        return not ended.wait(max(0.0, (at - clock()).total_seconds()))

    return rest


def in_time(seconds: float = PATIENCE) -> Callable[[], None]:
    """A check that raises TooSlow once so many seconds have passed from now."""
    until = time.monotonic() + seconds

    def check() -> None:
        if time.monotonic() > until:
            raise TooSlow

    return check
