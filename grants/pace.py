"""How long to wait: between looks at an operation, and after a failure."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Final
from zlib import crc32

Jitter = Callable[[], float]
"""A number from 0 up to 1."""

POLLS: Final = (1, 2, 3, 5)
"""Seconds before the first looks at an operation under way; the last one goes on."""
CROWD: Final = 5
"""So many removals under way are looked at together, on a page that lists them."""
PAGES: Final = timedelta(seconds=0.5)
"""Between two pages that told something: AWS may be quicker than a second, and every slot waits for it."""
PAGES_IN_VAIN: Final = timedelta(seconds=8)
"""The longest wait after pages that told nothing."""
BESIDE_PAGES: Final = timedelta(seconds=5)
"""Before a removal is asked about by itself, where pages tell of the others."""
LOST_LOOKS: Final = (2, 5, 15, 30)
"""Seconds between looks for a write whose answer was lost."""
CREATE_FOR: Final = timedelta(minutes=10)
"""So long a creation that meets Conflict, throttling, 5xx or silence is tried again."""
CHECK_HOLDS: Final = timedelta(minutes=1)
"""So long after the last check access may be created without another."""
LIST_DECIDES: Final = timedelta(minutes=2)
"""An operation that takes longer is judged by the list of assignments."""
UNKNOWN_FOR: Final = timedelta(minutes=15)
"""So long a write whose answer was lost may still take effect."""
LOOK_AGAIN: Final = timedelta(minutes=15)
"""An assignment that is held is looked at this often at the least, in case it vanished."""
MISSED: Final = timedelta(seconds=5)
"""Before a second look for an assignment that a list did not show."""
LEASE: Final = timedelta(seconds=120)
"""Longer than the longest call to AWS: four tries of up to 13 seconds, and the waits between."""
DECISION_HOLDS: Final = timedelta(seconds=5)
"""So long after it was written down a decision may leave for AWS; then it is made again."""
LEASE_LEFT: Final = timedelta(seconds=5)
"""A write to AWS leaves only where the lease lasts so much longer."""
ALARM_AFTER: Final = timedelta(seconds=60)
ALARM_AT: Final = 3
NO_WAIT: Final = timedelta(seconds=10)
"""So soon a slot is had when there are enough."""
BACKLOG_ALARM_AFTER: Final = timedelta(minutes=15)
"""What is late for want of a slot alone is told so late, and as one."""
SKEW: Final = timedelta(seconds=60)
"""AWS's clock may be so far behind ours: its operation may then seem older than our intent."""


def jitter() -> float:
    """Full jitter needs no secrecy."""
    return random.random()  # noqa: S311 - spreads retries, guards nothing


def poll(count: int) -> timedelta:
    """Before the look after this many looks."""
    return timedelta(seconds=POLLS[min(count, len(POLLS) - 1)])


def look_again(at: object) -> timedelta:
    """Before the next routine look at this: spread, so that what was given at once does not come at once."""
    spread = crc32(repr(at).encode()) / 2**32
    return LOOK_AGAIN * (1 - spread / 3)


def lost(count: int) -> timedelta:
    """Before the next look for an operation whose answer was lost."""
    return timedelta(seconds=LOST_LOOKS[min(count, len(LOST_LOOKS) - 1)])


def backoff(attempts: int, jitter: Jitter) -> timedelta:
    """Full jitter from 1 s up to 60 s, doubling."""
    ceiling = min(60.0, 2.0 ** min(attempts, 6))
    return timedelta(seconds=1 + jitter() * (ceiling - 1))
