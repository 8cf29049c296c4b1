"""The append-only record in which each line holds the hash of the one before."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import zip_longest
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Select,
    Text,
    func,
    insert,
    select,
    type_coerce,
    update,
)

from grants.model import Actor, RequestId, Role, SlackUserId, UserId
from grants.records import Entry, Finding, Line
from storage.columns import canonical, fit, moment, ticks
from storage.engine import held
from storage.tables import journal, journal_counts, journal_head

GENESIS: Final = "0" * 64
PAGE: Final = 1000
CONTENT: Final = tuple(name for name in journal.c.keys() if name not in {"prev_hash", "hash"})  # noqa: SIM118  # a collection, not a dict
RAW: Final = [
    type_coerce(column, BigInteger if column.name in {"seq", "at"} else Text).label(column.name)
    for column in journal.c
]
"""The columns as they stand there: what somebody put in place of a value must not stop us."""


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


def digest(prev_hash: str, content: Mapping[str, Any]) -> str:
    """SHA-256 over the hash before and the canonical JSON of number and content."""
    plain = {name: content[name] for name in CONTENT}
    text = json.dumps(
        plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=repr
    )
    return hashlib.sha256(f"{prev_hash}{text}".encode()).hexdigest()


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
    """`grants.ports.Journal`. What is written reaches the table when the unit of work ends.

    Every writer locks the head; as the last of its locks, nobody waits for it crosswise.
    """

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._unwritten: list[dict[str, Any]] = []

    def write(self, entry: Entry) -> None:
        self._unwritten.append(said(entry))

    def flush(self) -> None:
        """Append what was written so far."""
        if not self._unwritten:
            return
        seq, last = self._head()
        rows = []
        for content in self._unwritten:
            seq += 1
            row = {"seq": seq, **content}
            row |= {"prev_hash": last, "hash": digest(last, row)}
            last = row["hash"]
            rows.append({**row, "at": moment(row["at"])})
        self._unwritten = []
        self._db.execute(insert(journal), rows)
        self._db.execute(update(journal_head).values(seq=seq, hash=last))
        for request_id, lines in Counter(row["request_id"] for row in rows).items():
            self._count(request_id, lines)

    def of(self, request_id: RequestId) -> list[Line]:
        self.flush()
        found = select(*RAW).where(journal.c.request_id == request_id).order_by(journal.c.seq)
        return [line(row) for row in self._db.execute(found).mappings()]

    def walk(self, *, after: int = 0) -> Iterator[Line]:
        self.flush()
        return (line(row) for row in self._rows(after))

    def head(self) -> tuple[int, str]:
        """The last line's number and hash: a checkpoint to be kept outside; (0, "") for none."""
        self.flush()
        found = self._db.execute(select(journal_head.c.seq, journal_head.c.hash)).first()
        return (found.seq, found.hash) if found else (0, "")

    def verify(self) -> tuple[int, Finding | None]:
        self.flush()
        head = self._head()
        read, last = 0, (0, GENESIS)
        for row in self._rows(0):
            read += 1
            if wrong := _wrong(row, *last):
                return read, wrong
            last = row["seq"], row["hash"]
        return read, _unfit(head, last) or self._miscounted()

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
        head = select(journal_head.c.seq, journal_head.c.hash)
        seq, last = self._db.execute(held(self._db, head)).one()
        return seq, last

    def _rows(self, after: int) -> Iterator[Mapping[Any, Any]]:
        while True:
            page = select(*RAW).where(journal.c.seq > after).order_by(journal.c.seq).limit(PAGE)
            rows = self._db.execute(page).mappings().all()
            yield from rows
            if len(rows) < PAGE:
                return
            after = rows[-1]["seq"]

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

    def _miscounted(self) -> Finding | None:
        there = select(journal.c.request_id, func.count()).group_by(journal.c.request_id)
        kept = select(journal_counts.c.request_id, journal_counts.c.lines)
        pairs = zip_longest(
            self._pages(there, journal.c.request_id),
            self._pages(kept, journal_counts.c.request_id),
            fillvalue=("", 0),
        )
        for (one, lines), (other, counted) in pairs:
            if one != other:
                name = min(filter(None, (one, other)))
                return Finding(0, f"request {name} has lines and no count, or a count and no lines")
            if lines != counted:
                return Finding(0, f"request {one} has {lines} lines of the {counted} written")
        return None

    def _pages(self, counts: Select[Any], key: Column[Any]) -> Iterator[tuple[str, int]]:
        after = ""
        while True:
            page = counts.where(key > after).order_by(key).limit(PAGE)
            rows = self._db.execute(page).all()
            yield from ((row[0], row[1]) for row in rows)
            if len(rows) < PAGE:
                return
            after = rows[-1][0]


def _wrong(row: Mapping[Any, Any], seq: int, last: str) -> Finding | None:
    if row["seq"] != seq + 1:
        return Finding(seq + 1, f"line {seq + 1} is missing")
    if row["prev_hash"] != last:
        return Finding(row["seq"], "it does not follow from the line before")
    if row["hash"] != digest(last, row):
        return Finding(row["seq"], "its content was changed")
    return None


def _unfit(head: tuple[int, str], last: tuple[int, str]) -> Finding | None:
    if head[0] > last[0]:
        return Finding(last[0] + 1, f"lines {last[0] + 1} to {head[0]} are missing")
    return None if head == last else Finding(last[0], "the head row says otherwise")


def _id(kind: Any, value: str | None) -> Any:
    return None if value is None else kind(value)
