"""What of the database is worth watching, in numbers that cost the same however long the past is.

Each is read from what is open: its rows are found by an index in which the past has no place, or
none that is looked at.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    TextClause,
    bindparam,
    case,
    func,
    select,
    text,
    union_all,
)

from grants.lifecycle import OPEN
from grants.model import Holding, Slot, State
from grants.presence import GONE
from grants.records import SweepName
from grants.so_far import Piece
from storage.columns import Moment
from storage.outbox import WAITING
from storage.tables import (
    COMES_DUE,
    HAS_TO_DO_WITH_SLOTS,
    activities,
    assignments,
    catalogue,
    cuts,
    journal_head,
    outbox,
    policy_versions,
    processes,
    refreshes,
    requests,
    strangers,
    sweeps,
)

HELD: Final = tuple(each for each in Holding if each is not Holding.ABSENT)
BUSY: Final = (Slot.WAITING, Slot.TAKEN)


@dataclass(frozen=True, slots=True)
class Figures:
    """As of one instant."""

    requests: Mapping[State, int]
    """The open ones."""
    assignments: Mapping[Holding, int]
    """Those that are there, or on their way."""
    operations: Mapping[Slot, int]
    """What AWS has been asked for and has not done, and what waits until it has."""
    start_overdue: timedelta
    """Of the access that should have been given the longest ago, and is not."""
    end_overdue: timedelta
    """Of the access that should have been taken the longest ago, and is not."""
    due: Mapping[str, int]
    """By table: rows whose time has come."""
    untold: int
    """Rows of the outbox that wait."""
    untold_for: timedelta
    """The oldest of them."""
    catalogue_read_at: datetime | None
    """As of when all of it holds that changes often."""
    pieces_read_at: Mapping[Piece, datetime | None]
    """When each was last read to its end."""
    swept_at: Mapping[SweepName, datetime | None]
    strangers: int
    journal_lines: int
    policies_version: int
    processes: int
    """Heard of lately; none where the database is embedded, for there is one."""


def _due(table: Table, *where: ColumnElement[bool] | TextClause) -> Select[Any]:
    return select(func.count()).select_from(table).where(*where, table.c.due_at <= NOW)


NOW: Final = bindparam("now", type_=Moment)
DECIDED: Final = func.coalesce(requests.c.decided_at, requests.c.asked_at)
BEGINS: Final = case((requests.c.starts_at > DECIDED, requests.c.starts_at), else_=DECIDED)
"""As `grants.lateness.begins_at`."""

# Made once: putting a statement together takes longer than answering it.
BY_STATE: Final = (
    select(requests.c.state, func.count())
    .where(requests.c.state.in_(sorted(OPEN)))
    .group_by(requests.c.state)
)
BY_HOLDING: Final = (
    select(assignments.c.holding, func.count())
    .where(assignments.c.holding.in_(HELD))
    .group_by(assignments.c.holding)
)
BY_SLOT: Final = (
    select(assignments.c.slot, func.count())
    .where(text(HAS_TO_DO_WITH_SLOTS))
    .group_by(assignments.c.slot)
)
START: Final = select(func.min(BEGINS, type_=Moment)).where(
    requests.c.state.in_((State.SCHEDULED, State.GRANTING)), BEGINS <= NOW
)
_ENDING: Final = union_all(
    select(func.min(requests.c.ends_at, type_=Moment).label("at")).where(
        requests.c.state == State.ACTIVE, requests.c.due_at <= NOW
    ),
    select(func.min(assignments.c.wanted_gone_at, type_=Moment)).where(
        assignments.c.holding.in_(HELD), assignments.c.wanted_gone_at <= NOW
    ),
).subquery()
END: Final = select(func.min(_ENDING.c.at, type_=Moment))
DUE: Final = {
    "requests": _due(requests),
    "assignments": _due(assignments, text(COMES_DUE)),
    "activities": _due(activities),
    "cuts": _due(cuts),
    # Of the waiting alone: what was told had its time as well.
    "outbox": _due(outbox, WAITING),
}
UNTOLD: Final = select(func.count(), func.min(outbox.c.created_at, type_=Moment)).where(WAITING)
PIECES: Final = select(refreshes.c.piece, refreshes.c.ended_at)
SWEPT: Final = select(sweeps.c.name, sweeps.c.ended_at)
HEARD: Final = (
    select(func.count()).select_from(processes).where(processes.c.seen_at >= bindparam("since"))
)


@dataclass(frozen=True, slots=True)
class SqlFigures:
    """Of one snapshot."""

    db: Connection

    def at(self, now: datetime) -> Figures:
        """All of them."""
        untold, oldest = self.db.execute(UNTOLD).one()
        return Figures(
            requests=self._counted(BY_STATE, sorted(OPEN)),
            assignments=self._counted(BY_HOLDING, HELD),
            operations=self._counted(BY_SLOT, BUSY),
            start_overdue=_since(self.db.scalar(START, {"now": now}), now),
            end_overdue=_since(self.db.scalar(END, {"now": now}), now),
            due={name: self._one(due, now=now) for name, due in DUE.items()},
            untold=untold,
            untold_for=_since(oldest, now),
            catalogue_read_at=self.db.scalar(select(catalogue.c.read_at)),
            pieces_read_at={**dict.fromkeys(Piece), **self._ended(PIECES)},
            swept_at={**dict.fromkeys(SweepName), **self._ended(SWEPT)},
            strangers=self._one(select(func.count()).select_from(strangers)),
            journal_lines=self._one(select(journal_head.c.seq)),
            policies_version=self._one(select(func.max(policy_versions.c.version))),
            processes=self._one(HEARD, since=now - GONE),
        )

    def _counted(self, statement: Select[Any], words: Any) -> dict[Any, int]:
        """None of a kind is a number too."""
        found = {row[0]: row[1] for row in self.db.execute(statement)}
        return {word: found.get(word, 0) for word in words}

    def _ended(self, statement: Select[Any]) -> dict[Any, datetime | None]:
        return {row[0]: row[1] for row in self.db.execute(statement)}

    def _one(self, statement: Select[Any], **values: Any) -> int:
        found: int | None = self.db.scalar(statement, values)
        return found or 0


def _since(then: datetime | None, now: datetime) -> timedelta:
    return timedelta() if then is None else max(now - then, timedelta())
