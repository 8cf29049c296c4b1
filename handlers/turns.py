"""What takes long and so is done for a few at a time, and once for each person."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from grants.errors import Refusal
from grants.model import SlackUserId


class Turns:
    """Of this process."""

    def __init__(self, most: int, refusal: Callable[[bool], Refusal]) -> None:
        """`refusal` says whether it is this person's own that is still under way."""
        self._most = most
        self._refusal = refusal
        self._whose: set[SlackUserId] = set()
        self._lock = Lock()

    @contextmanager
    def of(self, slack_id: SlackUserId) -> Iterator[None]:
        """The refusal rises where there is none to be had."""
        with self._lock:
            theirs = slack_id in self._whose
            if theirs or len(self._whose) >= self._most:
                raise self._refusal(theirs)
            self._whose.add(slack_id)
        try:
            yield
        finally:
            with self._lock:
                self._whose.remove(slack_id)
