"""The append-only record in which each line holds the hash of the one before."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, insert, or_, select, update

from grants.model import Actor, RequestId, Role, SlackUserId, UserId
from grants.records import Checkpoint, Entry, Finding, Line, LineSearch, Row
from storage.chain import as_it_stands, digest, rows
from storage.columns import canonical, fit, moment, ticks
from storage.engine import Held
from storage.own_lines import own_lines
from storage.tables import journal, journal_counts, journal_head
from storage.verifying import Verifying

HEAD: Final = Held(select(journal_head.c.seq, journal_head.c.hash))  # made once: asked without end


def said(entry: Entry) -> dict[str, Any]:
    """The content of a line but for its number, as it is stored and hashed."""
    by = entry.actor
    words = {
        "event": entry.event,
        "actor_role": by.role.value,
        "actor_name": by.name,
        "actor_user_id": by.user_id,
        "actor_slack_id": by.slack_id,
        "request_id": entry.request_id,
        "before": entry.before,
        "after": entry.after,
        "reason": entry.reason,
        "facts": None if entry.facts is None else canonical(dict(entry.facts)),
    }
    fitting = {name: None if word is None else fit(word) for name, word in words.items()}
    return {"at": ticks(entry.at), **fitting}


def line(row: Mapping[Any, Any]) -> Line:
    actor = Actor(
        Role(row["actor_role"]),
        row["actor_name"],
        _id(UserId, row["actor_user_id"]),
        _id(SlackUserId, row["actor_slack_id"]),
    )
    entry = Entry(
        at=moment(row["at"]),
        event=row["event"],
        actor=actor,
        request_id=_id(RequestId, row["request_id"]),
        before=row["before"],
        after=row["after"],
        reason=row["reason"],
        facts=None if row["facts"] is None else json.loads(row["facts"]),
    )
    return Line(row["seq"], entry, row["prev_hash"], row["hash"])


class SqlJournal:
    """`grants.stores.Journal`. What is written reaches the table when the unit of work ends.

    Every writer locks the head; as the last of its locks, nobody waits for it crosswise.
    """

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._unwritten: list[dict[str, Any]] = []
        self.written: list[Entry] = []
        """Everything that this unit of work wrote, flushed or not."""

    def write(self, entry: Entry) -> None:
        self._unwritten.append(said(entry))
        self.written.append(entry)

    def flush(self) -> None:
        """Append what was written so far."""
        if not self._unwritten:
            return
        seq, last = self._head()
        written = []
        for content in self._unwritten:
            seq += 1
            row = {"seq": seq, **content}
            row |= {"prev_hash": last, "hash": digest(last, row)}
            last = row["hash"]
            written.append({**row, "at": moment(row["at"])})
        self._unwritten = []
        self._db.execute(insert(journal), written)
        self._db.execute(update(journal_head).values(seq=seq, hash=last))
        for request_id, lines in Counter(row["request_id"] for row in written).items():
            self._count(request_id, lines)

    def of(self, request_id: RequestId) -> list[Line]:
        self.flush()
        return [line(row) for row in rows(self._db, journal.c.request_id == request_id)]

    def walk(self, *, after: int = 0) -> Iterator[Line]:
        self.flush()
        return (line(row) for row in rows(self._db, after=after))

    def rows(self, search: LineSearch, *, after: int | None = None) -> Iterator[Row]:
        self.flush()
        return rows(self._db, *_wanted(search), after=after)

    def head(self) -> Checkpoint | None:
        self.flush()
        with as_it_stands(self._db):
            found = self._db.execute(select(journal_head.c.seq, journal_head.c.hash)).first()
        return Checkpoint(found.seq, found.hash) if found else None

    def verify(self, checkpoints: Iterable[Checkpoint] = ()) -> tuple[int, Finding | None]:
        self.flush()
        verifying = Verifying(self._db, checkpoints)
        found = verifying.finding()
        return verifying.read, found

    def verify_of(self, request_id: RequestId) -> tuple[int, Finding | None]:
        self.flush()
        return own_lines(self._db, request_id)

    def refused_lately(
        self, actor: Actor, request_id: RequestId | None, reason: str, since: datetime
    ) -> bool:
        self._head()  # locked: of two who look at the same time, one looks after the other wrote
        self.flush()
        found = select(journal.c.seq).where(
            journal.c.event == "refusal",
            journal.c.at >= since,
            journal.c.actor_slack_id.is_not_distinct_from(actor.slack_id),
            journal.c.actor_user_id.is_not_distinct_from(actor.user_id),
            journal.c.actor_name == actor.name,
            journal.c.request_id.is_not_distinct_from(request_id),
            journal.c.reason == reason,
        )
        return self._db.execute(found.limit(1)).first() is not None

    def _head(self) -> tuple[int, str]:
        seq, last = self._db.execute(HEAD.by(self._db)).one()
        return seq, last

    def _count(self, request_id: str | None, lines: int) -> None:
        if request_id is None:
            return
        counted = self._db.execute(
            update(journal_counts)
            .where(journal_counts.c.request_id == request_id)
            .values(lines=journal_counts.c.lines + lines)
        )
        if not counted.rowcount:
            self._db.execute(insert(journal_counts).values(request_id=request_id, lines=lines))


def _wanted(search: LineSearch) -> Iterator[ColumnElement[bool]]:
    if search.by:
        who = (journal.c.actor_user_id, journal.c.actor_slack_id, journal.c.actor_name)
        yield or_(*(column.in_(search.by) for column in who))
    if search.request_id is not None:
        yield journal.c.request_id == search.request_id
    if search.kinds:
        event = journal.c.event
        yield or_(event.in_(search.kinds), *(event.startswith(f"{kind}.") for kind in search.kinds))
    if search.since is not None:
        yield journal.c.at >= search.since
    if search.until is not None:
        yield journal.c.at < search.until


def _id(kind: Any, value: str | None) -> Any:
    return None if value is None else kind(value)
