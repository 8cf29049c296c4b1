"""How often somebody has come within a minute, where each time costs calls of which all together have a hundred."""

from collections import deque
from datetime import datetime
from threading import Lock
from typing import Final

from grants.model import SlackUserId
from grants.ports import Clock

WITHIN: Final = 60.0
"""Seconds."""
REMEMBERED: Final = 1000
"""Of so many people it is counted: of whoever is beyond that, the one heard of longest ago is forgotten."""


class Often:
    """Counts for each by themselves."""

    def __init__(self, most: int, clock: Clock) -> None:
        """Nobody has come yet."""
        self._most = most
        self._clock = clock
        self._when: dict[SlackUserId, deque[datetime]] = {}
        self._lock = Lock()

    def note(self, slack_id: SlackUserId) -> None:
        """Once more."""
        with self._lock:
            when = self._when.pop(slack_id, None) or deque(maxlen=self._most)
            if len(self._when) >= REMEMBERED:
                self._when.pop(next(iter(self._when)))
            self._when[slack_id] = when
            when.append(self._clock())

    def is_enough(self, slack_id: SlackUserId) -> bool:
        """Whether they have come as often as may be."""
        with self._lock:
            when = self._when.get(slack_id)
            if when is None or len(when) < self._most:
                return False
            return (self._clock() - when[0]).total_seconds() < WITHIN
