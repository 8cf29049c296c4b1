"""How fast Slack may be told things: about a message a second in each channel."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Final, TypeVar

from slack_sdk.errors import SlackApiError

from grants.ports import Clock
from handlers.fates import retry_after

T = TypeVar("T")

POST: Final = "chat.postMessage"
UPDATE: Final = "chat.update"
INFO: Final = "conversations.info"
PUBLISH: Final = "views.publish"
HISTORY: Final = "conversations.history"
REPLIES: Final = "conversations.replies"
OPEN: Final = "conversations.open"
BETWEEN_POSTS: Final = timedelta(seconds=1)
"""In one channel (FACTS-slack 2)."""
BETWEEN_UPDATES: Final = timedelta(seconds=1.2)
"""Of the whole workspace, for each of the other methods: tier 3, fifty a minute."""
TIER4: Final = frozenset({PUBLISH})
"""A hundred a minute."""
UPDATES_AT_ONCE: Final = 10


class Pace:
    """Says when the next call may leave, and obeys Retry-After by method."""

    def __init__(
        self,
        *,
        between_posts: timedelta = BETWEEN_POSTS,
        between_updates: timedelta = BETWEEN_UPDATES,
    ) -> None:
        """Nothing was sent yet."""
        self._between_posts = between_posts
        self._between_updates = between_updates
        self._lock = Lock()
        self._channels: dict[str, datetime] = {}
        self._spent: dict[str, datetime] = {}
        self._paused: dict[str, datetime] = {}

    def take(self, method: str, channel: str, now: datetime) -> datetime | None:
        """None: it may leave now, and counts. Else when to come again."""
        with self._lock:
            paused = self._paused.get(method, now)
            if paused > now:
                return paused
            return self._post(channel, now) if method == POST else self._tier(method, now)

    def when(self, channel: str, now: datetime) -> datetime | None:
        """None: a post there could leave now. Nothing is counted."""
        with self._lock:
            later = max(self._paused.get(POST, now), self._channels.get(channel, now))
            return later if later > now else None

    def pause(self, method: str, until: datetime) -> None:
        """Slack said 429: nothing of this method leaves before then."""
        with self._lock:
            self._paused[method] = max(until, self._paused.get(method, until))

    def _post(self, channel: str, now: datetime) -> datetime | None:
        free = self._channels.get(channel, now)
        if free > now:
            return free
        if len(self._channels) > 1000:
            self._channels = {name: at for name, at in self._channels.items() if at > now}
        self._channels[channel] = now + self._between_posts
        return None

    def _tier(self, method: str, now: datetime) -> datetime | None:
        between = self._between_updates / 2 if method in TIER4 else self._between_updates
        burst = between * UPDATES_AT_ONCE
        spent = max(self._spent.get(method, now - burst), now - burst) + between
        if spent > now:
            return spent
        self._spent[method] = spent
        return None


@dataclass(frozen=True, slots=True)
class LaterError(Exception):
    """It is not this one's turn yet."""

    at: datetime


@dataclass(frozen=True, slots=True)
class InTurn:
    """Makes calls at this pace. A 429 holds back every call of its method, and of no other."""

    pace: Pace
    clock: Clock

    def __call__(self, method: str, place: str, call: Callable[[], T]) -> T:
        """LaterError where it may not leave yet."""
        if later := self.pace.take(method, place, self.clock()):
            raise LaterError(later)
        try:
            return call()
        except SlackApiError as error:
            if after := retry_after(error):
                self.pace.pause(method, self.clock() + after)
            raise

    def check(self, place: str) -> None:
        """LaterError where a post there could not leave yet. Nothing is counted."""
        if later := self.pace.when(place, self.clock()):
            raise LaterError(later)
