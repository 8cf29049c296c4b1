"""The answer leaves as soon as a listener acks: Bolt by itself looks for it every ten milliseconds."""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextvars import ContextVar
from threading import Event
from typing import Final, ParamSpec, TypeVar

from slack_bolt import Ack, BoltRequest, BoltResponse
from slack_bolt.middleware import Middleware

P = ParamSpec("P")
T = TypeVar("T")

LONGEST: Final = 3.0
"""Seconds: Bolt waits no longer, and neither does Slack."""


class Awaited(Ack):
    """An ack by which whoever waits for it is woken."""

    def __init__(self) -> None:
        """Nothing was said yet."""
        self.came = Event()
        self._response: BoltResponse | None = None

    @property
    def response(self) -> BoltResponse | None:
        """What was said; Bolt puts an error's answer here, too."""
        return self._response

    @response.setter
    def response(self, said: BoltResponse | None) -> None:
        self._response = said
        if said is not None:
            self.came.set()


_awaited: Final[ContextVar[Awaited | None]] = ContextVar("_awaited", default=None)


class Acking(Middleware):
    """Hands listeners such an ack."""

    def process(
        self,
        *,
        req: BoltRequest,
        resp: BoltResponse,
        next: Callable[[], BoltResponse],  # noqa: A002 - Bolt's name
    ) -> BoltResponse:
        """Of this payload, in this thread."""
        ack = req.context["ack"] = Awaited()
        _awaited.set(ack)
        return next()


class UntilAcked(Executor):
    """The listeners' threads: what is submitted for a payload is acked, or done, when this returns."""

    def __init__(self, pool: Executor, longest: float = LONGEST) -> None:
        """In this pool; nothing is waited for longer than so many seconds."""
        self._pool = pool
        self._longest = longest

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Done there; whoever asked waits here, instead of in Bolt's loop right behind it."""
        future = self._pool.submit(fn, *args, **kwargs)
        if ack := _awaited.get():
            future.add_done_callback(lambda _: ack.came.set())
            ack.came.wait(self._longest)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - as Executor has it
        """The pool's."""
        self._pool.shutdown(wait, cancel_futures=cancel_futures)
