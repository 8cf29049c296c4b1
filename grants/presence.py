"""Processes that share one database share AWS's quotas: each says that it is there, and counts them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from grants.ports import Clock
from grants.stores import Works

ANNOUNCED: Final = timedelta(seconds=5)
GONE: Final = timedelta(seconds=20)
"""Whoever has not been heard of for so long has ended without a word."""


@dataclass(slots=True)
class Presence:
    """This process among the others. For some seconds after one begins, both may ask too much: AWS
    then says so, and both ask again.
    """

    works: Works
    clock: Clock
    name: str
    """Unlike any other process's."""
    share: Callable[[int], None]
    """Told how many there are, this one among them."""
    next_at: datetime | None = field(default=None, init=False)

    def round(self) -> None:
        """Say that it is there, and see who else is."""
        now = self.clock()
        if self.next_at is not None and now < self.next_at:
            return
        with self.works() as work:
            work.processes.announce(self.name, at=now)
            count = work.processes.count(since=now - GONE)
        self.share(count)
        self.next_at = now + ANNOUNCED

    def leave(self) -> None:
        """The others need not wait until it is missed."""
        with self.works() as work:
            work.processes.leave(self.name)

    def next_due(self) -> datetime | None:
        """When it says so again."""
        return self.next_at
