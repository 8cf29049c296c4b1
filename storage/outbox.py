"""What must still be told, in order per stream."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    FromClause,
    Subquery,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from grants.model import Actor, Move, Moved, RequestId, Role, State, Told
from grants.records import Notice, Pending, Untold
from grants.telling import line_of
from storage.columns import moment, ticks
from storage.tables import Sending, copies, outbox

# Written out and not bound, for else SQLite does not see that the partial index fits.
WAITING: Final = outbox.c.state == literal_column(f"'{Sending.WAITING}'")
DROPPED: Final = outbox.c.state == literal_column(f"'{Sending.DROPPED}'")

IN_THREADS: Final = (Told.CARD, Told.LINE, Told.SUMMARY)
"""What stands where a card hangs, and is posted once."""
IN_HAND: Final = timedelta(seconds=0.5)
"""What is due so soon may be drawn before the unit of work that changes something has committed."""


def stream_of(notice: Notice) -> str:
    if notice.kind is Told.HOME and notice.facts:
        return f"home:{notice.facts['slack_id']}"
    return f"copy:{notice.copy_id}" if notice.copy_id is not None else "audit"


def moved_to_json(moved: Moved) -> dict[str, Any]:
    by = moved.by
    return {
        "request_id": moved.request_id,
        "move": moved.move,
        "source": moved.source,
        "target": moved.target,
        "by": [by.role, by.name, by.user_id, by.slack_id],
        "at": ticks(moved.at),
        "reason": moved.reason,
        "because": moved.because,
    }


def moved_from_json(values: Mapping[str, Any]) -> Moved:
    role, *who = values["by"]
    return Moved(
        request_id=values["request_id"],
        move=Move(values["move"]),
        source=State(values["source"]) if values["source"] else None,
        target=State(values["target"]),
        by=Actor(Role(role), *who),
        at=moment(values["at"]),
        reason=values["reason"],
        because=State(values["because"]) if values["because"] else None,
    )


def content(notice: Notice) -> dict[str, Any]:
    return {
        "moved": moved_to_json(notice.moved) if notice.moved else None,
        "facts": dict(notice.facts) if notice.facts is not None else None,
    }


def notice_in(row: Mapping[Any, Any]) -> Notice:
    moved = moved_from_json(row["moved"]) if row["moved"] else None
    return Notice(row["kind"], row["request_id"], row["copy_id"], moved, row["facts"])


def _heads() -> Subquery:
    """The first row still waiting in each stream: it alone may be told next.

    Numbered, not joined: PostgreSQL's guess about a queue that has just filled up is bad.
    """
    place = func.row_number().over(partition_by=outbox.c.stream, order_by=outbox.c.id)
    waiting = (
        select(outbox.c.id, outbox.c.due_at, outbox.c.lease_until, place.label("place"))
        .where(WAITING)
        .subquery()
    )
    return select(waiting).where(waiting.c.place == 1).subquery()


def _free(rows: FromClause) -> ColumnElement[bool]:
    now: BindParameter[datetime] = bindparam("now")
    lease = rows.c.lease_until
    return and_(rows.c.due_at <= now, or_(lease.is_(None), lease <= now))


# Made once: what the loops ask without end takes longer to put together than to answer.
HEADS: Final = _heads()
CHOSEN: Final = (
    select(HEADS.c.id)
    .where(_free(HEADS))
    .order_by(HEADS.c.due_at, HEADS.c.id)
    .limit(bindparam("limit"))
)
MINE: Final = (
    select(outbox)
    .where(outbox.c.id.in_(bindparam("ids", expanding=True)), WAITING, _free(outbox))
    .order_by(outbox.c.due_at, outbox.c.id)
    .with_for_update(skip_locked=True)
)
PUT: Final = insert(outbox)
SETTLE: Final = update(outbox).where(
    outbox.c.id == bindparam("this"), outbox.c.version == bindparam("read_version")
)
DRAW_LATER: Final = (
    update(outbox)
    .where(
        outbox.c.stream == bindparam("this"),
        outbox.c.kind == bindparam("of_kind"),
        outbox.c.lease_until.is_(None),
        WAITING,
    )
    .values(moved=bindparam("moved"), facts=bindparam("facts"), version=outbox.c.version + 1)
)
WAITS: Final = (
    select(outbox.c.id)
    .where(
        outbox.c.stream == bindparam("stream"),
        outbox.c.lease_until.is_(None),
        outbox.c.due_at >= bindparam("after"),
        WAITING,
    )
    .limit(1)
)
FIRST: Final = select(
    func.min(
        case((HEADS.c.lease_until > HEADS.c.due_at, HEADS.c.lease_until), else_=HEADS.c.due_at)
    )
)


@dataclass(frozen=True, slots=True)
class SqlOutbox:
    """`grants.stores.Outbox`."""

    db: Connection

    def put(self, notices: Iterable[Notice], *, at: datetime) -> None:
        """Of what is coalesced, one for each stream: they are not held against each other."""
        rows = [_row(notice, at) for notice in notices if not self._is_told_by(notice, at)]
        if rows:
            self.db.execute(PUT, rows)

    def claim(self, now: datetime, *, until: datetime, limit: int) -> list[Pending]:
        ids = self.db.scalars(CHOSEN, {"now": now, "limit": limit}).all()
        if not ids:
            return []
        # Looked at again once they are locked: meanwhile somebody may have claimed or sent some.
        rows = self.db.execute(MINE, {"now": now, "ids": ids}).mappings().all()
        if rows:
            self._lease([row["id"] for row in rows], now, until)
        return [_claimed(row, until) for row in rows]

    def done(self, row: Pending) -> bool:
        return self._settle(row, state=Sending.SENT, error="")

    def again(
        self, row: Pending, *, at: datetime, error: str, unsure_since: datetime | None = None
    ) -> None:
        doubt = unsure_since or row.attempted_at
        self._settle(row, due_at=at, error=error, attempted_at=doubt)

    def drop(self, row: Pending, *, why: str) -> None:
        self._settle(row, state=Sending.DROPPED, error=why)

    def next_due(self) -> datetime | None:
        first: datetime | None = self.db.scalar(FIRST)
        return first

    def depth(self) -> int:
        counted: int = self.db.execute(
            select(func.count()).select_from(outbox).where(WAITING)
        ).scalar_one()
        return counted

    def in_doubt(self, request_id: RequestId, channel: str) -> bool:
        there = select(copies.c.id).where(
            copies.c.id == outbox.c.copy_id, copies.c.address == channel
        )
        card = and_(outbox.c.kind == Told.CARD, there.exists())
        attempted = select(outbox.c.id).where(WAITING, outbox.c.attempted_at.is_not(None))
        found = attempted.where(or_(outbox.c.request_id == request_id, card)).limit(1)
        return self.db.scalar(found) is not None

    def untold(self, request_id: RequestId) -> list[Untold]:
        lines = select(outbox).where(
            outbox.c.request_id == request_id, outbox.c.kind.in_(IN_THREADS)
        )
        return [
            _untold(row)
            for state in (WAITING, DROPPED)
            for row in self.db.execute(lines.where(state).order_by(outbox.c.id)).mappings()
        ]

    def forget(self, before: datetime, *, limit: int) -> int:
        """Remove rows that were told and had been written before then; how many.

        Of the oldest `limit`: rows are numbered as they are written, so behind these none is older.
        """
        told = select(outbox.c.id, outbox.c.created_at).where(outbox.c.state == Sending.SENT)
        oldest = told.order_by(outbox.c.id).limit(limit).subquery()
        ids = self.db.scalars(select(oldest.c.id).where(oldest.c.created_at < before)).all()
        self.db.execute(delete(outbox).where(outbox.c.id.in_(ids)))
        return len(ids)

    def forget_leases(self) -> None:
        """Whoever held them is gone; what they had begun to tell may have been told."""
        self.db.execute(
            update(outbox)
            .where(WAITING, outbox.c.lease_until.is_not(None))
            .values(lease_until=None, version=outbox.c.version + 1)
        )

    def _is_told_by(self, notice: Notice, at: datetime) -> bool:
        """Whether what waits already will tell it as well."""
        if notice.kind is Told.REDRAW:
            return self._coalesced(notice)
        return notice.kind is Told.HOME and self._waits(notice, after=at - IN_HAND)

    def _lease(self, ids: list[int], now: datetime, until: datetime) -> None:
        self.db.execute(
            update(outbox)
            .where(outbox.c.id.in_(ids))
            .values(
                lease_until=until,
                attempted_at=now,
                attempts=outbox.c.attempts + 1,
                version=outbox.c.version + 1,
            )
        )

    def _coalesced(self, notice: Notice) -> bool:
        this = {"this": stream_of(notice), "of_kind": notice.kind}
        return self.db.execute(DRAW_LATER, this | content(notice)).rowcount > 0

    def _waits(self, notice: Notice, *, after: datetime) -> bool:
        """Whether one is due late enough to be drawn with this change.

        Only looked at: many units of work concern one home, and a row that all of them wrote would
        be a queue in front of it, and now and then a deadlock.
        """
        this = {"stream": stream_of(notice), "after": after}
        return self.db.scalar(WAITS, this) is not None

    def _settle(self, row: Pending, **values: Any) -> bool:
        """False, and nothing, where somebody else has claimed the row since: it is theirs to settle."""
        this = {"this": row.id, "read_version": row.version}
        after = {"lease_until": None, "version": row.version + 1, **values}
        return self.db.execute(SETTLE, this | after).rowcount == 1


def _row(notice: Notice, at: datetime) -> dict[str, Any]:
    return {
        "stream": stream_of(notice),
        "kind": notice.kind,
        "request_id": notice.request_id,
        "copy_id": notice.copy_id,
        "state": Sending.WAITING,
        "due_at": at,
        "attempts": 0,
        "created_at": at,
        "error": "",
        "version": 1,
        **content(notice),
    }


def _claimed(row: Mapping[Any, Any], until: datetime) -> Pending:
    return Pending(
        id=row["id"],
        notice=notice_in(row),
        attempts=row["attempts"] + 1,
        created_at=row["created_at"],
        attempted_at=row["attempted_at"],
        version=row["version"] + 1,
        leased_until=until,
    )


def _untold(row: Mapping[Any, Any]) -> Untold:
    kind, at = row["kind"].value, row["created_at"]
    if row["kind"] is Told.LINE:
        kind, at = line_of(notice_in(row), at)
    dropped = row["error"] or "dropped" if row["state"] is Sending.DROPPED else ""
    return Untold(row["copy_id"], kind, at, dropped)
