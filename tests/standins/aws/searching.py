"""Where a company's whole trail can be searched, and the queries that are running there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import merge
from typing import Any, TypeVar

from tests.standins.aws.ground import Clock, locked, uuid_of
from tests.standins.aws.trail import Event, Trail

T = TypeVar("T")


@dataclass(slots=True)
class Query:
    """One that was begun: done once it was looked at often enough, unless it was stopped before."""

    id: str
    service: str
    rows: Sequence[Any]
    needs: int
    failure: str
    looks: int = 0
    stopped: bool = False

    @property
    def under_way(self) -> bool:
        return not self.stopped and self.looks <= self.needs

    @property
    def waiting(self) -> bool:
        return self.under_way and self.looks <= 1

    def named(self, *, waits: str, runs: str, stopped: str, failed: str, done: str) -> str:
        """Its status in a service's words."""
        if self.stopped:
            return stopped
        if self.under_way:
            return waits if self.waiting else runs
        return failed if self.failure else done


class Searchable(Trail):
    def __init__(self, clock: Clock, **facts: Any) -> None:
        super().__init__(clock, **facts)
        self.log_groups: set[tuple[str, str]] = set()
        """Region and name."""
        self.tables: set[str] = set()
        """`database.table`."""
        self.workgroups: dict[str, str] = {"primary": ""}
        """And where each puts its results; empty: nowhere by itself."""
        self.stores: set[tuple[str, str]] = set()
        """Event data stores: Region and id."""
        self.query_looks = 2
        """A query is done when it was looked at more often than this."""
        self.query_failure = ""
        """What the queries that are begun from now on will fail of."""
        self.queries_at_once = 100
        self.unseen: set[str] = set()
        """Accounts whose events do not reach the trail that can be searched."""
        self.log_seconds_late = 0.0
        """How long after it happened an event's log line and file are dated."""
        self.queries: dict[str, Query] = {}
        self.query_tokens: dict[str, Query] = {}

    @locked
    def add_log_group(self, name: str, *, region: str | None = None) -> str:
        """Every event of the organization is in it; gives its ARN."""
        region = region or self.region
        self.log_groups.add((region, name))
        return f"arn:aws:logs:{region}:{self.home_account}:log-group:{name}"

    @locked
    def add_store(self, *, region: str | None = None) -> str:
        """An event data store of the organization; gives its ARN."""
        region, new = region or self.region, uuid_of("store", len(self.stores))
        self.stores.add((region, new))
        return f"arn:aws:cloudtrail:{region}:{self.management_account}:eventdatastore/{new}"

    @locked
    def delivered(self) -> list[Event]:
        """Every event of the accounts that the trail sees, as far as it is there by now, oldest first."""
        now = self.now()
        late = timedelta(seconds=self.delivery_seconds)
        seen = (events for (where, _), events in self._events.items() if where not in self.unseen)
        return [event for event in merge(*seen) if event.at + late <= now]

    def dated(self, event: Event) -> datetime:
        """When its log line and its file are dated."""
        return event.at + timedelta(seconds=self.log_seconds_late)

    @locked
    def begin_query(self, service: str, rows: Sequence[Any], *, failure: str = "") -> Query:
        """With what it will give in the end."""
        begun = Query(
            uuid_of("query", len(self.queries)),
            service,
            rows,
            self.query_looks,
            failure or self.query_failure,
        )
        self.queries[begun.id] = begun
        return begun

    @locked
    def running(self, service: str) -> int:
        return sum(one.under_way for one in self.queries.values() if one.service == service)


def cut(rows: Sequence[T], token: str | None, size: int) -> tuple[Sequence[T], str]:
    """A page, and the token of the next. LookupError: no token of ours."""
    if token is not None and not (token.startswith("from-") and token[5:].isdigit()):
        raise LookupError("The token is not valid.")
    at = int(token[5:]) if token else 0
    following = f"from-{at + size}" if at + size < len(rows) else ""
    return rows[at : at + size], following


def leaves(record: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each value with its dotted path, as they stand in the record."""
    if isinstance(record, dict):
        for name, inner in record.items():
            yield from leaves(inner, f"{path}.{name}" if path else name)
    elif isinstance(record, list):
        for number, inner in enumerate(record):
            yield from leaves(inner, f"{path}.{number}")
    else:
        yield path, record
