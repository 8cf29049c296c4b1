"""Keeps the last thing that was read and parsed, by its version."""

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

Thing = TypeVar("Thing")


class Kept(Generic[Thing]):
    """For many threads: what they see is whole, and one reads it for all who ask at that moment."""

    def __init__(self) -> None:
        self._kept: tuple[Hashable, Thing] | None = None
        self._reading = Lock()

    def get(self, version: Hashable, read: Callable[[], Thing]) -> Thing:
        """The thing of this version, read only if another one was kept."""
        kept = self._kept
        if kept is None or kept[0] != version:
            with self._reading:
                kept = self._kept
                if kept is None or kept[0] != version:
                    kept = self._kept = version, read()
        return kept[1]
