"""Whose activity is still to be looked up, and what was found last."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Select, bindparam, func, select, update

from grants.model import RequestId
from grants.records import ActivityRow
from storage.rows import put
from storage.tables import activities

FIELDS: Final = tuple(ActivityRow.__dataclass_fields__)

# Made once: what the loops ask without end takes longer to put together than to answer.
DUE: Final = (
    select(activities)
    .where(activities.c.due_at <= bindparam("now"))
    .order_by(activities.c.due_at)
    .limit(bindparam("limit"))
)
FIRST: Final = select(func.min(activities.c.due_at)).where(activities.c.due_at.is_not(None))


@dataclass(frozen=True, slots=True)
class SqlActivities:
    """`grants.stores.Activities`."""

    db: Connection

    def put(self, row: ActivityRow) -> None:
        """Over one that is there too; whoever had read that may no longer save it."""
        put(self.db, activities, _values(row), version=activities.c.version + 1)

    def get(self, request_id: RequestId) -> ActivityRow | None:
        return self.of([request_id]).get(request_id)

    def of(self, requests: Collection[RequestId]) -> dict[RequestId, ActivityRow]:
        these = select(activities).where(activities.c.request_id.in_(requests))
        return {row.request_id: row for row in self._all(these)}

    def due(self, now: datetime, *, limit: int) -> list[ActivityRow]:
        return self._all(DUE, now=now, limit=limit)

    def next_due(self) -> datetime | None:
        first: datetime | None = self.db.scalar(FIRST)
        return first

    def save(self, row: ActivityRow) -> bool:
        wrote = self.db.execute(
            update(activities)
            .where(activities.c.request_id == row.request_id, activities.c.version == row.version)
            .values({**_values(row), "version": row.version + 1})
        )
        return wrote.rowcount == 1

    def _all(self, statement: Select[Any], **values: Any) -> list[ActivityRow]:
        return [_row(found) for found in self.db.execute(statement, values).mappings()]


def _values(row: ActivityRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in FIELDS}


def _row(found: Mapping[Any, Any]) -> ActivityRow:
    return ActivityRow(**{name: found[name] for name in FIELDS})
