"""Everybody has a share of the threads: whoever floods the bot waits behind themselves, nobody else."""

import logging
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextvars import ContextVar, copy_context
from functools import partial
from threading import Lock
from typing import Any, Final, ParamSpec, TypeVar

from slack_bolt import BoltRequest, BoltResponse
from slack_bolt.middleware import Middleware

from blocks import elevate_form
from blocks.refusals import words
from grants.errors import TooMuchAtOnce
from grants.model import SlackUserId
from handlers.guard import user_of
from handlers.reading import first_field

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

AT_ONCE: Final = 8
"""So much of one person's is done at the same time, by each kind of threads."""
MOST: Final = 24
"""So much of theirs may be in hand, what waits included: each keeps a connection of Slack's waiting."""

working_for: Final[ContextVar[SlackUserId | None]] = ContextVar("working_for", default=None)
"""The Slack user for whom this thread works; None: for nobody in particular."""


class Shares(Executor):
    """Of a pool of threads. What is submitted for nobody in particular goes straight to the pool."""

    def __init__(self, pool: Executor, *, at_once: int = AT_ONCE) -> None:
        """Nobody has anything in hand."""
        self._pool = pool
        self._at_once = at_once
        self._running: Counter[SlackUserId] = Counter()
        self._waiting: dict[SlackUserId, deque[Callable[[], None]]] = {}
        self._lock = Lock()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """In its turn: at once, or behind what the same person has asked for before."""
        who = working_for.get()
        if not who:
            return self._pool.submit(fn, *args, **kwargs)
        future: Future[T] = Future()
        task = partial(_do, future, partial(copy_context().run, fn, *args, **kwargs))
        with self._lock:
            if self._running[who] >= self._at_once:
                self._waiting.setdefault(who, deque()).append(task)
                return future
            self._running[who] += 1
        try:
            self._pool.submit(self._work_off, who, task)
        except BaseException:
            future.cancel()
            self._work_off(who, self._next(who))
            raise
        return future

    def in_hand(self, who: SlackUserId) -> int:
        """How much of theirs is being done or waits."""
        with self._lock:
            return self._running.get(who, 0) + len(self._waiting.get(who, ()))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - as Executor has it
        """The pool's. What waits is done first, by the threads that do what is before it."""
        self._pool.shutdown(wait, cancel_futures=cancel_futures)

    def _work_off(self, who: SlackUserId, task: Callable[[], None] | None) -> None:
        while task is not None:
            task()
            task = self._next(who)

    def _next(self, who: SlackUserId) -> Callable[[], None] | None:
        """What waits behind it; None: nothing, and a share of theirs is free."""
        with self._lock:
            if waiting := self._waiting.get(who):
                task = waiting.popleft()
                if not waiting:
                    del self._waiting[who]
                return task
            self._running[who] -= 1
            if not self._running[who]:
                del self._running[who]
            return None


def _do(future: Future[T], work: Callable[[], T]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = work()
    except BaseException as error:  # noqa: BLE001 - whoever waits for it is told
        future.set_exception(error)
    else:
        future.set_result(result)


class Doorkeeper(Middleware):
    """Says for whom everything that follows is done, and lets nobody take it all."""

    def __init__(self, *pools: Shares, most: int = MOST) -> None:
        """`pools` do what is let in."""
        self._pools = pools
        self._most = most

    def process(
        self,
        *,
        req: BoltRequest,
        resp: BoltResponse,
        next: Callable[[], BoltResponse],  # noqa: A002 - Bolt's name
    ) -> BoltResponse:
        """Answered here and now, and nothing else happens, where too much of theirs is in hand."""
        body: dict[str, Any] = dict(req.body)
        who = user_of(body)
        working_for.set(who)
        in_hand = sum(pool.in_hand(who) for pool in self._pools)
        if in_hand < self._most:
            return next()
        log.warning("too much at once", extra={"slack_user": who})
        return BoltResponse(status=200, body=_too_much(body))


def _too_much(body: dict[str, Any]) -> dict[str, Any] | str:
    """Said where it costs no call to Slack. A button stays as it is, to be pressed again."""
    said = words(TooMuchAtOnce())
    if "command" in body:
        return {"response_type": "ephemeral", "text": said}
    match body.get("type"), body.get("view"):
        case "block_suggestion", _:
            return {"options": []}
        case "view_submission", dict() as view:
            if beside := first_field(view, otherwise=""):
                return {"response_action": "errors", "errors": {beside: said}}
            return {"response_action": "update", "view": elevate_form.nothing(said).to_dict()}
        case _:
            return ""
