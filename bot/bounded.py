"""Looks that may take for ever, and for which nobody waits longer than they can."""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Bounded(Generic[T]):
    """Who asks while somebody looks waits for the same look, and so for one connection."""

    def __init__(self, look: Callable[[], T], thread: Executor, within: float) -> None:
        """`thread` may be left hanging; `within`: seconds."""
        self._look = look
        self._thread = thread
        self._within = within
        self._lock = Lock()
        self._looking: Future[T] | None = None

    def ask(self) -> T:
        """What is found. TimeoutError: nothing in time; otherwise what the look raises."""
        return self._in_hand().result(self._within)

    def _in_hand(self) -> Future[T]:
        with self._lock:
            if self._looking is None or self._looking.done():
                self._looking = self._thread.submit(self._look)
            return self._looking
