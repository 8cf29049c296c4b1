"""The stand-ins with a stopwatch: when each call came in, and for AWS the time that it takes to answer."""

import json
from bisect import bisect_left
from collections.abc import Callable
from datetime import datetime
from threading import Event, Lock
from time import perf_counter
from typing import Any, Final

from tests.standins.aws import AwsStandIn
from tests.standins.aws.company import Company
from tests.standins.slack import Deliver, SlackStandIn
from tests.standins.slack.deliver import Delivered
from tests.standins.slack.server import Answer, Asked

AWS_TAKES: Final = 0.030
"""Seconds from a call to its answer."""


class Arrivals:
    """Which calls came in when, by `perf_counter`: the caller's work until then, and nothing of ours."""

    def __init__(self) -> None:
        self._seen: dict[str, list[float]] = {}
        self._lock = Lock()

    def note(self, name: str) -> None:
        now = perf_counter()
        with self._lock:
            self._seen.setdefault(name, []).append(now)

    def of(self, name: str) -> list[float]:
        """Those of one name, oldest first."""
        with self._lock:
            return list(self._seen.get(name, ()))

    def after(self, name: str, since: float) -> float | None:
        """The first of this name since then; None: there was none yet."""
        with self._lock:
            seen = self._seen.get(name, [])
            place = bisect_left(seen, since)
            return seen[place] if place < len(seen) else None


class TimedSlack(SlackStandIn):
    def __init__(self, clock: Callable[[], datetime]) -> None:
        super().__init__(clock)
        self.arrivals = Arrivals()
        """By method: "views.open"."""

    def respond(self, asked: Asked) -> Answer:
        self.arrivals.note(asked.path.rpartition("/")[2])
        return super().respond(asked)


class TimedAws(AwsStandIn):
    def __init__(self, company: Company, **how: Any) -> None:
        super().__init__(company, **how)
        self.arrivals = Arrivals()
        """By operation: "CreateAccountAssignment"."""
        self.takes = AWS_TAKES
        self.answering: list[tuple[float, float]] = []
        """From when to when it had somebody wait."""
        self._never = Event()

    def hear(self, headers: dict[str, str], body: bytes) -> tuple[int, str, bytes]:
        began = perf_counter()
        self.arrivals.note(headers.get("x-amz-target", "").rpartition(".")[2])
        self._never.wait(self.takes)
        answer = super().hear(headers, body)
        self.answering.append((began, perf_counter()))
        return answer


class Watched:
    """A way to the app that knows when the last payload left, and when its answer was there."""

    def __init__(self, deliver: Deliver) -> None:
        self._deliver = deliver
        self.sent = self.answered = 0.0
        self.said: Any = None
        """What was answered, where that is JSON."""

    def __call__(self, body: bytes, headers: dict[str, str]) -> Delivered:
        self.sent = perf_counter()
        delivered = self._deliver(body, headers)
        self.answered = perf_counter()
        content = delivered[2]
        self.said = json.loads(content) if content.startswith(b"{") else None
        return delivered

    @property
    def took(self) -> float:
        return self.answered - self.sent
