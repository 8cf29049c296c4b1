"""The ledger of account assignments: what is known of each, and when it is looked at next."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    func,
    insert,
    or_,
    select,
    union_all,
    update,
)

from grants.model import Assignment, Holding, Key
from storage.columns import Moment
from storage.engine import held
from storage.tables import assignments, journal_head

KEY: Final = ("user_id", "account_id", "permission_set_arn")
FIELDS: Final = tuple(name for name in Assignment.__dataclass_fields__ if name != "key")


def to_row(assignment: Assignment) -> dict[str, Any]:
    return {
        **{name: getattr(assignment.key, name) for name in KEY},
        **{name: getattr(assignment, name) for name in FIELDS},
    }


def from_row(row: Mapping[Any, Any]) -> Assignment:
    return Assignment(Key(*(row[name] for name in KEY)), **{name: row[name] for name in FIELDS})


def of(key: Key) -> ColumnElement[bool]:
    return and_(*(assignments.c[name] == getattr(key, name) for name in KEY))


@dataclass(frozen=True, slots=True)
class SqlAssignments:
    """`grants.ports.Assignments`."""

    db: Connection

    def get(self, key: Key) -> Assignment | None:
        found = self._all(held(self.db, select(assignments).where(of(key))))
        return found[0] if found else None

    def add(self, assignment: Assignment) -> None:
        self.db.execute(insert(assignments).values(to_row(assignment)))

    def save(self, assignment: Assignment) -> bool:
        wrote = self.db.execute(
            update(assignments)
            .where(of(assignment.key), assignments.c.version == assignment.version)
            .values({**to_row(assignment), "version": assignment.version + 1})
        )
        return wrote.rowcount == 1

    def due(self, now: datetime, *, limit: int) -> list[Assignment]:
        free = or_(assignments.c.lease_until.is_(None), assignments.c.lease_until <= now)
        gone_first = case((assignments.c.wanted_gone_at.is_(None), 1), else_=0)
        return self._all(
            select(assignments)
            .where(assignments.c.due_at <= now, free)
            .order_by(gone_first, assignments.c.wanted_gone_at, assignments.c.due_at)
            .limit(limit)
        )

    def next_due(self) -> datetime | None:
        due, lease = assignments.c.due_at, assignments.c.lease_until
        # The leased are few; of the others the index knows the first.
        free = (
            select(due.label("at"))
            .where(due.is_not(None), lease.is_(None))
            .order_by(due)
            .limit(1)
            .subquery()
        )
        leased = select(case((lease > due, lease), else_=due).label("at")).where(
            lease.is_not(None), due.is_not(None)
        )
        both = union_all(select(free.c.at), leased).subquery()
        first: datetime | None = self.db.scalar(select(func.min(both.c.at, type_=Moment)))
        return first

    def under_way(self) -> int:
        # Whoever counts is about to add one: the others wait at the journal's head until it is there.
        self.db.execute(held(self.db, select(journal_head.c.seq))).first()
        unseen = and_(assignments.c.unknown_until.is_not(None), assignments.c.polls == 0)
        counted: int = self.db.execute(
            select(func.count())
            .select_from(assignments)
            .where(
                assignments.c.holding.in_((Holding.CREATING, Holding.DELETING)),
                or_(assignments.c.operation != "", unseen),
            )
        ).scalar_one()
        return counted

    def forget_leases(self) -> None:
        """Whoever held them is gone."""
        held_ones = assignments.c.lease_until.is_not(None)
        self.db.execute(
            update(assignments)
            .where(held_ones)
            .values(lease_until=None, version=assignments.c.version + 1)
        )

    def _all(self, statement: Select[Any]) -> list[Assignment]:
        return [from_row(row) for row in self.db.execute(statement).mappings()]
