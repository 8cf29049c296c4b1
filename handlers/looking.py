"""What Slack says of people just now; of whoever presses without end, as of a second ago."""

from datetime import datetime
from threading import Lock
from typing import Any, Final

from slack_sdk import WebClient

from grants.model import SlackUserId
from grants.ports import Clock
from handlers.often import REMEMBERED, Often

OFTEN: Final = 30
"""Within a minute so often it is asked anew each time. Of `users.info` there are a hundred for all (FACTS-slack)."""
HOLDS: Final = 1.0
"""Seconds for which an answer about somebody beyond that holds."""


class Looks:
    """Asks `users.info`. One person who presses without end leaves calls to others, and is turned away by nobody."""

    def __init__(self, client: WebClient, clock: Clock) -> None:
        """Nobody has been looked at."""
        self._client = client
        self._clock = clock
        self._often = Often(OFTEN, clock)
        self._seen: dict[SlackUserId, tuple[datetime, dict[str, Any]]] = {}
        self._lock = Lock()

    def user(self, slack_id: SlackUserId) -> dict[str, Any]:
        """Raises what the SDK raises."""
        if self._often.is_enough(slack_id) and (held := self._held(slack_id)):
            return held
        self._often.note(slack_id)
        at = self._clock()
        user: dict[str, Any] = self._client.users_info(user=slack_id)["user"]
        with self._lock:
            self._seen.pop(slack_id, None)
            if len(self._seen) >= REMEMBERED:
                self._seen.pop(next(iter(self._seen)))
            self._seen[slack_id] = (at, user)
        return user

    def _held(self, slack_id: SlackUserId) -> dict[str, Any] | None:
        with self._lock:
            found = self._seen.get(slack_id)
        if found is None or (self._clock() - found[0]).total_seconds() >= HOLDS:
            return None
        return found[1]
