"""Threads that may hang for ever, and keep no process from ending."""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from threading import Thread
from time import monotonic
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

PATIENCE: Final = 5.0
"""Seconds that all of them together are waited for at the end."""


class Daemons(Executor):
    """A thread for each thing: for few things at a time."""

    def __init__(self, name: str) -> None:
        """Nothing runs yet."""
        self._name = name
        self._threads: list[Thread] = []

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Begun at once."""
        future: Future[T] = Future()

        def work() -> None:
            try:
                future.set_result(fn(*args, **kwargs))
            except BaseException as error:  # noqa: BLE001  # as the library's own threads do
                future.set_exception(error)

        thread = Thread(target=work, name=self._name, daemon=True)
        thread.start()
        self._threads = [each for each in (*self._threads, thread) if each.is_alive()]
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002  # as it is called
        """Finish what is in hand, unless it takes too long. Nothing waits that could be cancelled."""
        until = monotonic() + (PATIENCE if wait else 0)
        for thread in self._threads:
            thread.join(max(0, until - monotonic()))
