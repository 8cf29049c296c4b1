"""What was told, and what was acted on, is forgotten after a week."""

from datetime import datetime, timedelta
from typing import Final

from grants.stores import Works

TOLD_FOR: Final = timedelta(days=7)
"""So long the outbox keeps what it has told; and so long it is known what was acted on."""
AT_ONCE: Final = 500
"""Rows of each: no more are read to find out that none is old enough, and no one who writes waits for more."""
MOST: Final = 10_000
"""Rows of each, in one go."""


def forget(works: Works, now: datetime) -> None:
    """The oldest first, until nothing is old enough."""
    before = now - TOLD_FOR
    for _ in range(MOST // AT_ONCE):
        with works() as work:
            told = work.outbox.forget(before, limit=AT_ONCE)
            acted = work.acted.forget(before, limit=AT_ONCE)
        if not (told or acted):
            return
