"""Faults that a test or a demo orders: each strikes the next matching calls, then is spent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from threading import Event, Lock
from typing import Any

from tests.standins.aws.calls import Call
from tests.standins.aws.ground import AwsError
from tests.standins.aws.quotas import throttled

ADMIN_DENIED = (
    "Received a 403 status error: Access denied by IAM. Please check your policy, "
    "or wait for role propagation to complete."
)


class Kind(StrEnum):
    THROTTLING = "throttling"
    CONFLICT = "conflict"
    HTTP500 = "http500"
    ACCESS_DENIED = "access_denied"
    ERROR = "error"
    """Any other error: say its `code`, and `status` if it is not 400."""
    ASYNC_FAILURE = "async_failure"
    """Accepted, then FAILED with `reason` as FailureReason."""
    DROP = "drop"
    """The connection is cut before anything happens."""
    LOST_ANSWER = "lost_answer"
    """The call is executed, then the connection is cut."""
    STALL = "stall"
    """Nothing happens until `release()`; then the call goes on."""
    STALL_ANSWER = "stall_answer"
    """The call is executed at once, its answer held back until `release()`."""


@dataclass(slots=True, eq=False)
class Fault:
    """`reached` is set when a call meets it; `release()` lets stalled calls go on."""

    operation: str
    kind: Kind
    times: int | None = 1
    skip: int = 0
    code: str = "InternalServerException"
    message: str = "Ordered by the test."
    status: int = 400
    reason: str = ADMIN_DENIED
    where: Mapping[str, Any] = field(default_factory=dict)
    region: str = ""
    """Only there; empty: everywhere."""
    until: Event = field(default_factory=Event)
    reached: Event = field(default_factory=Event)
    struck: int = 0

    def release(self) -> None:
        self.until.set()

    def strikes(self, call: Call) -> bool:
        if not call.is_called(self.operation):
            return False
        if any(call.parameters.get(name) != value for name, value in self.where.items()):
            return False
        if self.region not in {"", call.region}:
            return False
        if self.skip:
            self.skip -= 1
            return False
        return self.times is None or self.struck < self.times

    def error(self, call: Call) -> AwsError | None:
        match self.kind:
            case Kind.THROTTLING:
                return throttled(call.service)
            case Kind.CONFLICT:
                return AwsError("ConflictException", "A previous write has not finished yet.")
            case Kind.HTTP500:
                return AwsError("InternalServerException", "Ordered by the test.", status=500)
            case Kind.ACCESS_DENIED:
                asked = f"{call.service}:{call.operation}"
                code = "AccessDenied" if call.service == "sts" else "AccessDeniedException"
                return AwsError(code, f"Not authorized to perform: {asked}", status=self.status)
            case Kind.ERROR:
                return AwsError(self.code, self.message, status=self.status)
            case _:
                return None


class Faults:
    def __init__(self) -> None:
        self._lock = Lock()
        self._faults: list[Fault] = []
        self.ordered = 0
        """How many there ever were."""

    def add(self, operation: str, kind: Kind | str, times: int | None = 1, **facts: Any) -> Fault:
        """Orders a fault for `Operation`, `service.Operation`, `service.*` or `*`.

        It strikes so many times; `times=None` is for ever.
        Facts: skip, code, message, status, reason, where (parameters that must match), region, until.
        """
        ordered = Fault(operation, Kind(kind), times, **facts)
        with self._lock:
            self._faults.append(ordered)
            self.ordered += 1
        return ordered

    def striking(self, call: Call) -> Fault | None:
        """The first fault that this call meets, counted as having struck."""
        with self._lock:
            for fault in self._faults:
                if fault.strikes(call):
                    fault.struck += 1
                    return fault
        return None

    def pending(self) -> list[Fault]:
        with self._lock:
            return [f for f in self._faults if f.times is None or f.struck < f.times]

    def release(self) -> None:
        """Lets every stalled call go on."""
        with self._lock:
            for fault in self._faults:
                fault.release()

    def clear(self) -> None:
        self.release()
        with self._lock:
            self._faults.clear()
