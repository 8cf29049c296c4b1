"""What was asked of the stand-in, call by call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from tests.standins.aws.ground import Params


@dataclass(slots=True)
class Call:
    """One request as it arrived; `outcome` is "" until answered, then "ok", a code or a fault."""

    service: str
    operation: str
    parameters: Params
    account: str
    region: str
    at: datetime
    role: str | None = None
    session: str = ""
    agent: str = ""
    """The User-Agent that it came with."""
    signed_at: datetime | None = None
    outcome: str = ""
    failure: str | None = None
    """The FailureReason with which the asynchronous operation that this call begins will fail."""

    def arn(self) -> str:
        """The caller's, as STS and CloudTrail write it."""
        role = self.role or "Elevate"
        return f"arn:aws:sts::{self.account}:assumed-role/{role}/{self.session}"

    def is_called(self, name: str) -> bool:
        """Matches `Operation`, `service.Operation`, `service.*` or `*`."""
        own = (self.operation, f"{self.service}.{self.operation}", f"{self.service}.*")
        return name == "*" or name in own


class Calls:
    def __init__(self) -> None:
        self._lock = Lock()
        self._calls: list[Call] = []

    def add(self, call: Call) -> None:
        with self._lock:
            self._calls.append(call)

    def of(self, operation: str) -> list[Call]:
        """Those of one operation, oldest first."""
        return [call for call in self if call.is_called(operation)]

    def count(self, operation: str = "*") -> int:
        return len(self.of(operation))

    def operations(self) -> list[str]:
        return [call.operation for call in self]

    def clear(self) -> None:
        with self._lock:
            self._calls.clear()

    def __iter__(self) -> Iterator[Call]:
        with self._lock:
            return iter(list(self._calls))

    def __len__(self) -> int:
        with self._lock:
            return len(self._calls)
