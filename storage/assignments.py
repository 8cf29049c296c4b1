"""The ledger of account assignments: what is known of each, and when it is looked at next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    TextClause,
    and_,
    case,
    func,
    insert,
    or_,
    select,
    text,
    union_all,
    update,
)

from grants.model import Assignment, Holding, Key, Slot
from grants.slots import Outstanding
from storage.columns import Moment
from storage.engine import held
from storage.tables import COMES_DUE, HAS_TO_DO_WITH_SLOTS, assignments, journal_head

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


def unleased(now: datetime) -> ColumnElement[bool]:
    return or_(assignments.c.lease_until.is_(None), assignments.c.lease_until <= now)


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
        at_rest = and_(
            assignments.c.holding.in_((Holding.PRESENT, Holding.STANDING)),
            assignments.c.deadline.is_(None),
        )
        turn = case((assignments.c.wanted_gone_at.is_not(None), 0), (at_rest, 2), else_=1)
        return self._all(
            select(assignments)
            .where(text(COMES_DUE), assignments.c.due_at <= now, unleased(now))
            .order_by(turn, assignments.c.wanted_gone_at, assignments.c.due_at)
            .limit(limit)
        )

    def let_in(self, now: datetime) -> list[Assignment]:
        if not self._waits():
            return []
        slots = self.outstanding()
        ends = self._waiting(Holding.PRESENT, now, limit=slots.for_ends)
        slots = replace(slots, taking=slots.taking + len(ends))
        return [*ends, *self._waiting(Holding.ABSENT, now, limit=slots.for_giving)]

    def _waiting(self, holding: Holding, now: datetime, *, limit: int) -> list[Assignment]:
        return self._all(
            select(assignments)
            .where(
                text(HAS_TO_DO_WITH_SLOTS),
                assignments.c.slot == Slot.WAITING,
                assignments.c.holding == holding,
                unleased(now),
            )
            .order_by(assignments.c.wanted_gone_at, assignments.c.due_at)
            .limit(limit)
        )

    def backlog(self, before: datetime) -> tuple[int, datetime | None]:
        waiting = select(func.count(), func.min(assignments.c.wanted_gone_at, type_=Moment))
        late = self.db.execute(waiting.where(*self._untold(), assignments.c.due_at <= before)).one()
        if not late[0]:
            return 0, None
        count, oldest = self.db.execute(waiting.where(*self._untold())).one()
        return count, oldest

    def backlog_told(self, now: datetime) -> None:
        self.db.execute(
            update(assignments)
            .where(*self._untold(), unleased(now))
            .values(alarmed_at=now, version=assignments.c.version + 1)
        )

    def _untold(self) -> tuple[ColumnElement[bool] | TextClause, ...]:
        return (
            text(HAS_TO_DO_WITH_SLOTS),
            assignments.c.slot == Slot.WAITING,
            assignments.c.wanted_gone_at.is_not(None),
            assignments.c.alarmed_at.is_(None),
        )

    def next_due(self) -> datetime | None:
        due, lease = assignments.c.due_at, assignments.c.lease_until
        # The leased are few; of the others the index knows the first.
        free = (
            select(due.label("at"))
            .where(text(COMES_DUE), lease.is_(None))
            .order_by(due)
            .limit(1)
            .subquery()
        )
        leased = select(case((lease > due, lease), else_=due).label("at")).where(
            lease.is_not(None), text(COMES_DUE)
        )
        both = union_all(select(free.c.at), leased).subquery()
        first: datetime | None = self.db.scalar(select(func.min(both.c.at, type_=Moment)))
        return first

    def outstanding(self) -> Outstanding:
        # Whoever counts is about to add one: the others wait at the journal's head until it is there.
        self.db.execute(held(self.db, select(journal_head.c.seq))).first()
        counted: Sequence[Any] = self.db.execute(
            select(assignments.c.holding, func.count())
            .where(text(HAS_TO_DO_WITH_SLOTS), assignments.c.slot == Slot.TAKEN)
            .group_by(assignments.c.holding)
        ).all()
        taken: dict[Holding, int] = dict(counted)
        giving = sum(taken.get(holding, 0) for holding in (Holding.ABSENT, Holding.CREATING))
        return Outstanding(
            giving,
            sum(taken.values()) - giving,
            self._waits(assignments.c.holding == Holding.ABSENT),
        )

    def _waits(self, *these: ColumnElement[bool]) -> bool:
        """Whether somebody does, of these."""
        waiting = assignments.c.slot == Slot.WAITING
        some = select(assignments.c.slot).where(text(HAS_TO_DO_WITH_SLOTS), waiting, *these)
        return self.db.execute(some.limit(1)).first() is not None

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
