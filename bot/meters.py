"""What a process counts of its own doings, and the page on which Prometheus reads it."""

import inspect
import logging
import platform
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from threading import BoundedSemaphore
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from bot import VERSION
from grants import errors
from grants.aws.faults import Outcome
from grants.aws.limiter import Family
from grants.errors import Refusal
from grants.lateness import lateness
from grants.model import Lane, Move, Request
from grants.records import Entry

OWN: Final = "This process alone: sum it over all processes."
"""Stands in the help of whatever is counted here."""
AT_ONCE: Final = 4
"""So many are given the page at the same moment: the other threads are for people."""
LATE: Final = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600)
"""Seconds: a second is what is promised where all is well."""
ANSWERED: Final = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
WAITED: Final = (0.01, 0.1, 0.5, 1, 2, 5, 15, 60, 300)
ALARMS: Final = (
    "backlog", "catalogue_not_read", "cut_dropped", "cut_late", "given_by_others", "journal_not_taken", "lift_late",
    "outlived", "overdue", "proof_locked", "stranger", "unasked", "unreachable",
)  # fmt: skip
"""What the journal calls `alarm.…`, and what a sweep finds: `sweep.…`."""
REFUSALS: Final = tuple(
    name
    for name, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, Refusal) and kind is not Refusal
)
LOUD: Final = ("warning", "error", "critical")
MISSED: Final = (Move.START, Move.CONFIRM, Move.FINISH, Move.GONE)
"""Moves that were to come at some instant."""

# What was created when doubles every series, and nobody asks for it.
disable_created_metrics()  # type: ignore[no-untyped-call]  # the library leaves it untyped


class Meters:
    """One for each process, with a registry of its own. What is told to it never raises."""

    def __init__(self) -> None:
        """Nothing has happened yet."""
        self.registry = CollectorRegistry()
        self._readers = BoundedSemaphore(AT_ONCE)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self._built()
        self._moves = self._counter(
            "elevate_moves", "Moves of requests that were committed, by the word for the move.",
            "move",
        )  # fmt: skip
        self._late = self._histogram(
            "elevate_lateness_seconds",
            "How long after the instant at which it was wanted a move was committed. start: AWS is"
            " asked for access from then on; confirm: AWS has confirmed it; finish: the end was"
            " noticed, AWS is asked from then on; gone: AWS has confirmed the end.",
            "move", buckets=LATE,
        )  # fmt: skip
        self._alarms = self._counter(
            "elevate_alarms",
            "Alarms that were raised, and what sweeps found, by the journal's word for it.",
            "alarm",
        )
        self._refusals = self._counter(
            "elevate_refusals",
            "What somebody asked for in Slack and was refused, by the journal's word for why.",
            "refusal",
        )
        self._aws = self._counter(
            "elevate_aws_calls",
            "Calls of AWS. busy: not done; unsure: perhaps done; tries that boto3 makes by itself"
            " are one call.",
            "service", "operation", "outcome",
        )  # fmt: skip
        self._aws_seconds = self._histogram(
            "elevate_aws_call_seconds", "How long calls of AWS took, waits for their turn apart.",
            "service", "operation", buckets=ANSWERED,
        )  # fmt: skip
        self._waits = self._histogram(
            "elevate_limiter_wait_seconds",
            "How long calls of AWS waited for their turn at a quota.",
            "family", "lane", buckets=WAITED,
        )  # fmt: skip
        self._given_up = self._counter(
            "elevate_limiter_given_up",
            "Calls of AWS for somebody in Slack whose turn did not come within two seconds.",
            "family",
        )
        self._slack = self._counter(
            "elevate_slack_calls",
            "Calls of Slack's Web API. refused: Slack said no; failed: its answer was none;"
            " lost: there was no answer.",
            "method", "outcome",
        )  # fmt: skip
        self._slack_seconds = self._histogram(
            "elevate_slack_call_seconds", "How long calls of Slack's Web API took.",
            "method", buckets=ANSWERED,
        )  # fmt: skip
        self._logged = self._counter(
            "elevate_log_records", "What the log said, from warnings on.", "level"
        )
        # What has not happened yet is 0 from the start: Prometheus takes the first for no increase.
        for counted, words in (
            (self._moves, Move),
            (self._alarms, ALARMS),
            (self._refusals, REFUSALS),
            (self._given_up, Family),
            (self._logged, LOUD),
        ):
            for word in words:
                counted.labels(word)
        for move in MISSED:
            self._late.labels(move)

    # What is told to it

    def happened(self, entry: Entry, request: Request | None) -> None:
        """A line of the journal is committed. `storage.work.Hears`."""
        kind, _, word = entry.event.partition(".")
        if kind in {"alarm", "sweep"}:
            self._alarms.labels(word).inc()
        if kind != "request":
            return
        move = Move(word)
        self._moves.labels(move).inc()
        if request and (late := lateness(request, move, entry.at)) is not None:
            self._late.labels(move).observe(late.total_seconds())

    def refused(self, refusal: Refusal) -> None:
        """Somebody was told no."""
        self._refusals.labels(type(refusal).__name__).inc()

    def aws_called(self, service: str, operation: str, outcome: Outcome, seconds: float) -> None:
        """`grants.aws.clients.Hears`."""
        self._aws.labels(service, operation, outcome).inc()
        self._aws_seconds.labels(service, operation).observe(seconds)

    def waited(self, family: Family, lane: Lane, seconds: float, served: bool) -> None:  # noqa: FBT001  # as it is called
        """`grants.aws.limiter.Waited`."""
        self._waits.labels(family, lane.name.lower()).observe(seconds)
        if not served:
            self._given_up.labels(family).inc()

    def slack_called(self, method: str, outcome: str, seconds: float) -> None:
        """`bot.counted.Hears`."""
        self._slack.labels(method, outcome).inc()
        self._slack_seconds.labels(method).observe(seconds)

    def logged(self, record: logging.LogRecord) -> None:
        """A record of the log, as its handler let it through."""
        if record.levelno >= logging.WARNING:
            self._logged.labels(record.levelname.lower()).inc()

    def also(self, collector: Collector) -> None:
        """One that looks when it is asked."""
        self.registry.register(collector)

    # What it tells

    def page(self) -> bytes | None:
        """In Prometheus's text format. None: so many read it just now that it is not given."""
        if not self._readers.acquire(blocking=False):
            return None
        try:
            return generate_latest(self.registry)
        finally:
            self._readers.release()

    def _built(self) -> None:
        about = Info("elevate_build", "What runs, in this process.", registry=self.registry)
        about.info({"version": VERSION, "python": platform.python_version()})

    def _counter(self, name: str, says: str, *labels: str) -> Counter:
        return Counter(name, f"{says} {OWN}", labels, registry=self.registry)

    def _histogram(self, name: str, says: str, *labels: str, buckets: Iterable[float]) -> Histogram:
        return Histogram(
            name, f"{says} {OWN}", labels, registry=self.registry, buckets=tuple(buckets)
        )


class Beats(Collector):
    """When each of the process's loops came round last."""

    def __init__(self, seen: Callable[[], Mapping[str, datetime | None]]) -> None:
        """`seen` is asked at each scrape."""
        self._seen = seen

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """0: it has not come round yet."""
        (family,) = self.describe()
        for beat, at in self._seen().items():
            family.add_metric([beat], at.timestamp() if at else 0)
        yield family

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Without looking."""
        yield GaugeMetricFamily(
            "elevate_beat_last_success_timestamp_seconds",
            "When each of this process's loops came round last; each process has its own.",
            labels=["beat"],
        )
