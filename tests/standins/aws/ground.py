"""What every part of the company stands on: the given clock and the one lock."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import update_wrapper
from threading import RLock
from typing import Any, Concatenate, ParamSpec, TypeVar

Clock = Callable[[], datetime]
Params = Mapping[str, Any]
Answer = dict[str, Any]

P = ParamSpec("P")
R = TypeVar("R")
G = TypeVar("G", bound="Ground")


class AwsError(Exception):
    """A refusal as AWS words it: a code from the service model and the facts beside it."""

    def __init__(self, code: str, message: str, *, status: int = 400, **facts: str | int) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status, self.facts = code, message, status, facts


class Ground:
    """Time is given here and never asked of the system."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.lock = RLock()

    def now(self) -> datetime:
        now = self.clock()
        if now.tzinfo is None:
            raise ValueError("the stand-in's clock must give aware datetimes")
        return now


def locked(method: Callable[Concatenate[G, P], R]) -> Callable[Concatenate[G, P], R]:
    def held(self: G, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with self.lock:
            return method(self, *args, **kwargs)

    return update_wrapper(held, method)


def digits_of(*words: object) -> str:
    """Sixty-four hex digits, the same for the same words in every run."""
    return hashlib.sha256("\x1f".join(map(str, words)).encode()).hexdigest()


def uuid_of(*words: object) -> str:
    d = digits_of(*words)
    return f"{d[:8]}-{d[8:12]}-{d[12:16]}-{d[16:20]}-{d[20:32]}"
