"""One at a time for each person, and few at once: for what keeps a listener busy for a while."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from grants.errors import Refusal
from grants.model import SlackUserId


class Turns:
    """Who is at it just now."""

    def __init__(self, at_once: int, refusal: Callable[[bool], Refusal]) -> None:
        """Nobody is. `refusal` is told whether it is their own that is under way."""
        self._at_once = at_once
        self._refusal = refusal
        self._under_way: set[SlackUserId] = set()
        self._lock = Lock()

    @contextmanager
    def of(self, slack_id: SlackUserId) -> Iterator[None]:
        """The refusal, where it is not their turn."""
        with self._lock:
            theirs = slack_id in self._under_way
            if theirs or len(self._under_way) >= self._at_once:
                raise self._refusal(theirs)
            self._under_way.add(slack_id)
        try:
            yield
        finally:
            with self._lock:
                self._under_way.remove(slack_id)
