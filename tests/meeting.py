"""Two who do something at the same instant."""

from collections.abc import Callable
from contextlib import suppress
from threading import Barrier, BrokenBarrierError

Meet = Callable[[], None]


def meeting() -> Meet:
    """Waits until two have come here for the first time; whoever comes again goes on."""
    barrier = Barrier(2)

    def meet() -> None:
        with suppress(BrokenBarrierError):
            barrier.wait(timeout=5)
        barrier.abort()

    return meet
