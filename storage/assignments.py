"""The ledger of account assignments: what is known of each, and when it is looked at next."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Select,
    and_,
    bindparam,
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
from grants.slots import Backlog, Outstanding
from storage.columns import Moment
from storage.engine import Held
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


def _first() -> Select[Any]:
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
    return select(func.min(both.c.at, type_=Moment))


# Made once: what the loops ask without end takes longer to put together than to answer.
ONE: Final = Held(
    select(assignments).where(*(assignments.c[name] == bindparam(name) for name in KEY))
)
ADD: Final = insert(assignments)
SAVE: Final = update(assignments).where(
    *(assignments.c[name] == bindparam(f"this_{name}") for name in KEY),
    assignments.c.version == bindparam("read_version"),
)
HEAD: Final = Held(select(journal_head.c.seq))
AT_REST: Final = and_(
    assignments.c.holding.in_((Holding.PRESENT, Holding.STANDING)), assignments.c.deadline.is_(None)
)
TAKEN_AWAY: Final = and_(assignments.c.holding == Holding.DELETING, assignments.c.slot == Slot.NONE)
UNLEASED: Final = or_(
    assignments.c.lease_until.is_(None), assignments.c.lease_until <= bindparam("now")
)
DUE: Final = (
    select(assignments)
    .where(text(COMES_DUE), assignments.c.due_at <= bindparam("now"), UNLEASED)
    .order_by(
        case(
            (TAKEN_AWAY, 2), (assignments.c.wanted_gone_at.is_not(None), 0), (AT_REST, 3), else_=1
        ),
        assignments.c.wanted_gone_at,
        assignments.c.due_at,
    )
    .limit(bindparam("limit"))
)
FIRST: Final = _first()
FOR_A_SLOT: Final = and_(text(HAS_TO_DO_WITH_SLOTS), assignments.c.slot == Slot.WAITING)
ANY_WAITS: Final = select(assignments.c.slot).where(FOR_A_SLOT).limit(1)
GIVING_WAITS: Final = ANY_WAITS.where(assignments.c.holding == Holding.ABSENT)
WAITING: Final = (
    select(assignments)
    .where(FOR_A_SLOT, assignments.c.holding == bindparam("holding"), UNLEASED)
    .order_by(assignments.c.wanted_gone_at, assignments.c.due_at)
    .limit(bindparam("limit"))
)
TAKEN: Final = (
    select(assignments.c.holding, func.count())
    .where(text(HAS_TO_DO_WITH_SLOTS), assignments.c.slot == Slot.TAKEN)
    .group_by(assignments.c.holding)
)
BEING_REMOVED: Final = select(assignments).where(
    text(HAS_TO_DO_WITH_SLOTS),
    assignments.c.slot == Slot.TAKEN,
    assignments.c.holding == Holding.DELETING,
    assignments.c.operation != "",
)
ENDS_WAITING: Final = select(
    func.count(), func.min(assignments.c.wanted_gone_at, type_=Moment)
).where(FOR_A_SLOT, assignments.c.wanted_gone_at.is_not(None))
IN_HAND: Final = (
    select(func.count()).select_from(assignments).where(assignments.c.holding == Holding.DELETING)
)
UNTOLD: Final = and_(
    FOR_A_SLOT, assignments.c.wanted_gone_at.is_not(None), assignments.c.alarmed_at.is_(None)
)
BACKLOG: Final = select(func.count(), func.min(assignments.c.wanted_gone_at, type_=Moment)).where(
    UNTOLD
)
LATE: Final = BACKLOG.where(assignments.c.due_at <= bindparam("before"))


@dataclass(frozen=True, slots=True)
class SqlAssignments:
    """`grants.stores.Assignments`."""

    db: Connection

    def get(self, key: Key) -> Assignment | None:
        found = self._all(ONE.by(self.db), **asdict(key))
        return found[0] if found else None

    def add(self, assignment: Assignment) -> None:
        self.db.execute(ADD, to_row(assignment))

    def save(self, assignment: Assignment) -> bool:
        row = to_row(assignment)
        this = {f"this_{name}": row.pop(name) for name in KEY}
        row |= {"version": assignment.version + 1, "read_version": assignment.version}
        return self.db.execute(SAVE, this | row).rowcount == 1

    def due(self, now: datetime, *, limit: int) -> list[Assignment]:
        return self._all(DUE, now=now, limit=limit)

    def let_in(self, now: datetime) -> list[Assignment]:
        if not self._any(ANY_WAITS):
            return []
        slots = self.outstanding()
        ends = self._waiting(Holding.PRESENT, now, limit=slots.for_ends)
        slots = replace(slots, taking=slots.taking + len(ends))
        return [*ends, *self._waiting(Holding.ABSENT, now, limit=slots.for_giving)]

    def _waiting(self, holding: Holding, now: datetime, *, limit: int) -> list[Assignment]:
        return self._all(WAITING, holding=holding, now=now, limit=limit)

    def being_removed(self) -> list[Assignment]:
        return self._all(BEING_REMOVED)

    def ends(self) -> Backlog:
        waiting, since = self.db.execute(ENDS_WAITING).one()
        return Backlog(waiting, since, self.db.execute(IN_HAND).scalar_one())

    def backlog(self, before: datetime) -> tuple[int, datetime | None]:
        late = self.db.execute(LATE, {"before": before}).one()
        if not late[0]:
            return 0, None
        count, oldest = self.db.execute(BACKLOG).one()
        return count, oldest

    def backlog_told(self, now: datetime) -> None:
        self.db.execute(
            update(assignments)
            .where(UNTOLD, UNLEASED)
            .values(alarmed_at=now, version=assignments.c.version + 1),
            {"now": now},
        )

    def next_due(self) -> datetime | None:
        first: datetime | None = self.db.scalar(FIRST)
        return first

    def outstanding(self) -> Outstanding:
        # Whoever counts is about to add one: the others wait at the journal's head until it is there.
        self.db.execute(HEAD.by(self.db)).first()
        counted: Sequence[Any] = self.db.execute(TAKEN).all()
        taken: dict[Holding, int] = dict(counted)
        giving = sum(taken.get(holding, 0) for holding in (Holding.ABSENT, Holding.CREATING))
        return Outstanding(
            giving,
            sum(taken.values()) - giving,
            self._any(GIVING_WAITS),
        )

    def _any(self, statement: Select[Any]) -> bool:
        return self.db.execute(statement).first() is not None

    def forget_leases(self) -> None:
        """Whoever held them is gone."""
        held_ones = assignments.c.lease_until.is_not(None)
        self.db.execute(
            update(assignments)
            .where(held_ones)
            .values(lease_until=None, version=assignments.c.version + 1)
        )

    def _all(self, statement: Select[Any], **values: Any) -> list[Assignment]:
        return [from_row(row) for row in self.db.execute(statement, values).mappings()]
