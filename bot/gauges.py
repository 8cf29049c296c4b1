"""What the database says at each scrape, within a bound: a slow one keeps nobody waiting."""

import logging
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from datetime import datetime
from typing import Any, Final

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from bot.bounded import Bounded
from storage.figures import Figures

log = logging.getLogger(__name__)

WITHIN: Final = 2.0
"""Seconds that a scrape waits for the database: Prometheus itself waits for ten."""
SHARED: Final = "From the database, the same in every process: never sum it, take one (max)."

Family = Callable[[], GaugeMetricFamily]
"""A new one for each scrape: they keep what is added to them."""


def _family(name: str, says: str, label: str = "", *, of: str = SHARED) -> Family:
    return lambda: GaugeMetricFamily(name, f"{says} {of}", labels=[label] if label else [])


UP = _family(
    "elevate_database_up",
    "1: the database answered in time. 0: what is read from it is left out of this scrape.",
    of="This process alone.",
)
REQUESTS = _family(
    "elevate_requests", "Requests that are not over, by state; ends are counted by moves.", "state"
)
ASSIGNMENTS = _family(
    "elevate_assignments", "Assignments that are there or on their way, by holding.", "holding"
)
OPERATIONS = _family(
    "elevate_assignment_operations",
    "Operations on assignments: taken, AWS has them in hand; waiting, until it takes another.",
    "slot",
)
OVERDUE = _family(
    "elevate_overdue_seconds",
    "For how long the access that is the latest should have been given (start) or taken (end)"
    " by now; 0: none is late.",
    "side",
)
DUE = _family("elevate_due", "Rows whose time has come, by the queue they are in.", "queue")
OUTBOX = _family("elevate_outbox_messages", "What must still be told in Slack.")
OLDEST = _family("elevate_outbox_oldest_seconds", "For how long the oldest of it waits; 0: none.")
CATALOGUE = _family(
    "elevate_catalogue_read_timestamp_seconds",
    "As of when what is known of accounts and permission sets holds; 0: not read yet.",
)
PIECES = _family(
    "elevate_catalogue_piece_timestamp_seconds",
    "When each piece of it was read to its end last; 0: not yet, or not wanted (tags).",
    "piece",
)
SWEPT = _family(
    "elevate_sweep_last_success_timestamp_seconds",
    "When each sweep came to its end last; 0: not yet.",
    "sweep",
)
STRANGERS = _family(
    "elevate_strangers", "Assignments of managed permission sets that were not made by Elevate."
)
JOURNAL = _family("elevate_journal_lines", "Lines of the journal.")
POLICIES = _family("elevate_policies_version", "The version of the policies in force; 0: none.")
PROCESSES = _family(
    "elevate_processes",
    "Processes heard of within twenty seconds; 0 where the database is embedded.",
)
FAMILIES: Final = (
    UP, REQUESTS, ASSIGNMENTS, OPERATIONS, OVERDUE, DUE, OUTBOX, OLDEST, CATALOGUE, PIECES, SWEPT, STRANGERS,
    JOURNAL, POLICIES, PROCESSES,
)  # fmt: skip


class Gauges(Collector):
    """Reads at each scrape; scrapes at the same time share one reading, and so one connection."""

    def __init__(
        self, read: Callable[[], Figures], thread: Executor, within: float = WITHIN
    ) -> None:
        """Whoever scrapes waits for `thread` no longer than `within` seconds."""
        self._reading = Bounded(read, thread, within)
        self._up = True

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Without looking."""
        return [family() for family in FAMILIES]

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """What it says; where it says nothing in time, that alone."""
        figures = self._figures()
        yield _one(UP, 0 if figures is None else 1)
        if figures is not None:
            yield from _told(figures)

    def _figures(self) -> Figures | None:
        try:
            figures = self._reading.ask()
        except TimeoutError:
            self._tell("the database does not say in time what there is to watch")
            return None
        except Exception as error:  # noqa: BLE001  # logged whole, the first time
            self._tell("the database does not say what there is to watch", error)
            return None
        self._up = True
        return figures

    def _tell(self, words: str, error: Exception | None = None) -> None:
        """Once, not at each scrape."""
        if self._up:
            log.warning(words, exc_info=error)
        self._up = False


def _told(figures: Figures) -> Iterable[GaugeMetricFamily]:
    yield _by(REQUESTS, figures.requests)
    yield _by(ASSIGNMENTS, figures.assignments)
    yield _by(OPERATIONS, figures.operations)
    sides = {"start": figures.start_overdue, "end": figures.end_overdue}
    yield _by(OVERDUE, {side: late.total_seconds() for side, late in sides.items()})
    yield _by(DUE, figures.due)
    yield _one(OUTBOX, figures.untold)
    yield _one(OLDEST, figures.untold_for.total_seconds())
    read_at = figures.catalogue_read_at
    yield _one(CATALOGUE, read_at.timestamp() if read_at else 0)
    yield _times(PIECES, figures.pieces_read_at)
    yield _times(SWEPT, figures.swept_at)
    yield _one(STRANGERS, figures.strangers)
    yield _one(JOURNAL, figures.journal_lines)
    yield _one(POLICIES, figures.policies_version)
    yield _one(PROCESSES, figures.processes)


def _by(family: Family, counted: Mapping[Any, float]) -> GaugeMetricFamily:
    told = family()
    for word, number in counted.items():
        told.add_metric([str(word)], number)
    return told


def _times(family: Family, ended: Mapping[Any, datetime | None]) -> GaugeMetricFamily:
    return _by(family, {name: at.timestamp() if at else 0 for name, at in ended.items()})


def _one(family: Family, number: float) -> GaugeMetricFamily:
    told = family()
    told.add_metric([], number)
    return told
