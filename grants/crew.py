"""Work that waits for AWS, handed to threads so that nothing that is due waits behind it."""

import logging
from collections.abc import Callable, Hashable, Iterable
from concurrent.futures import Executor
from threading import Lock
from typing import TypeVar

from grants.errors import StaleRequest

log = logging.getLogger(__name__)
T = TypeVar("T")


def each(things: Iterable[T], do: Callable[[T], None]) -> bool:
    """One bad row must not stop the round: the others may be access that has to end.

    Whether all of them went well.
    """
    well = True
    for thing in things:
        try:
            do(thing)
        except StaleRequest:
            log.info("another worker has it")
        except Exception:
            log.exception("left for the next round")
            well = False
    return well


class Crew:
    """Hands each thing to one worker at a time, and asks for a new round when one is done."""

    def __init__(self, executor: Executor, wake: Callable[[], None]) -> None:
        """`wake` is called after work that went well: what it wrote may be due already."""
        self._executor = executor
        self._wake = wake
        self._lock = Lock()
        self._busy: set[Hashable] = set()

    def take(self, thing: T, do: Callable[[T], None], *, name: Hashable) -> bool:
        """Have it done soon. False: a worker has it in hand already, and nothing happens."""
        with self._lock:
            if name in self._busy:
                return False
            self._busy.add(name)
        self._executor.submit(self._do, thing, do, name)
        return True

    @property
    def busy(self) -> int:
        """How many things are in hand or waiting for a worker."""
        with self._lock:
            return len(self._busy)

    def _do(self, thing: T, do: Callable[[T], None], name: Hashable) -> None:
        try:
            well = each([thing], do)
        finally:
            with self._lock:
                self._busy.discard(name)
        if well:
            self._wake()
