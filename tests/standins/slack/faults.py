"""What goes wrong on the way to Slack, ordered by a test; and the record of what was asked."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Any

Matches = Callable[[dict[str, Any]], bool]

RATE_LIMITED = "429"
HTTP_500 = "http500"
DROP = "drop"
TIMEOUT = "timeout"
EXECUTE_THEN_DROP = "execute_then_drop"


@dataclass(slots=True)
class Fault:
    """One thing that goes wrong: a kind from above, or an error code for Slack to answer."""

    method: str
    kind: str
    left: float
    retry_after: int
    matches: Matches | None


@dataclass(slots=True)
class Faults:
    """The troubles still to come; the first that fits a call happens to it."""

    coming: list[Fault] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def add(
        self,
        method: str,
        kind: str,
        *,
        times: int | None = 1,
        retry_after: int = 1,
        matches: Matches | None = None,
    ) -> None:
        """Let `method` ("*" for any) fail so many times (None: until cleared)."""
        left = float("inf") if times is None else times
        with self._lock:
            self.coming.append(Fault(method, kind, left, retry_after, matches))

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        with self._lock:
            self.coming.clear()

    def take(self, method: str, args: dict[str, Any]) -> Fault | None:
        """The fault that happens to this call, used up by one."""
        with self._lock:
            for fault in self.coming:
                fits = fault.matches is None or fault.matches(args)
                if fault.left > 0 and fault.method in ("*", method) and fits:
                    fault.left -= 1
                    return fault
        return None


@dataclass(frozen=True, slots=True)
class Call:
    """One request that reached the Web API, with what was answered (an error code or "ok")."""

    method: str
    args: dict[str, Any]
    at: datetime
    outcome: str


@dataclass(slots=True)
class Calls:
    """Every request that reached the Web API."""

    made: list[Call] = field(default_factory=list)

    def __iter__(self) -> Iterator[Call]:
        return iter(list(self.made))

    def __len__(self) -> int:
        return len(self.made)

    def of(self, method: str) -> list[Call]:
        """The calls of one method."""
        return [call for call in self if call.method == method]

    def count(self, method: str | None = None) -> int:
        """How many calls there were, of one method or of all."""
        return len(self.made) if method is None else len(self.of(method))

    def clear(self) -> None:
        """Forget them."""
        self.made.clear()
