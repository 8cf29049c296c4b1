"""A lock that is handed over in the order in which it was asked for."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock, get_ident


class Turns:
    """First come, first served: SQLite's own way of waiting lets some starve for seconds."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._waiting: deque[Lock] = deque()
        self._holder: int | None = None
        """The thread whose turn it is. Handed over, never let go of, while somebody waits."""

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for it, and have it for as long as the block lasts."""
        self._come()
        try:
            yield
        finally:
            self._go()

    def _come(self) -> None:
        with self._guard:
            if self._holder == get_ident():
                raise RuntimeError("this thread has a unit of work open: it would wait for itself")
            if self._holder is None:
                self._holder = get_ident()
                return
            mine = Lock()
            mine.acquire()
            self._waiting.append(mine)
        try:
            mine.acquire()
        except BaseException:
            self._give_up(mine)
            raise
        self._holder = get_ident()

    def _go(self) -> None:
        with self._guard:
            if not self._waiting:
                self._holder = None
                return
            self._holder = 0
            self._waiting.popleft().release()

    def _give_up(self, mine: Lock) -> None:
        with self._guard:
            if mine in self._waiting:
                self._waiting.remove(mine)
                return
        self._go()
