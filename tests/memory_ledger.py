"""The rows of units of work in memory, with the ledger of assignments and the outbox among them."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from grants.model import (
    Assignment,
    Catalogue,
    Copy,
    Holding,
    Key,
    Request,
    RequestId,
    SlackUserId,
    Slot,
    Told,
    Vote,
)
from grants.policy import PolicyBook
from grants.records import ActivityRow, Binding, Line, Notice, Pending
from grants.slots import Outstanding

AT_REST = frozenset({Holding.PRESENT, Holding.STANDING})


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the outbox that waits, or was let go of."""

    id: int
    stream: str
    notice: Notice
    due_at: datetime
    created_at: datetime
    attempts: int = 0
    attempted_at: datetime | None = None
    lease_until: datetime | None = None
    version: int = 1


@dataclass(slots=True)
class Store:
    """Everything that is remembered; every value in it is frozen."""

    requests: dict[RequestId, Request] = field(default_factory=dict)
    due: dict[RequestId, datetime | None] = field(default_factory=dict)
    votes: dict[int, Vote] = field(default_factory=dict)
    assignments: dict[Key, Assignment] = field(default_factory=dict)
    outbox: dict[int, Row] = field(default_factory=dict)
    written: dict[str, int] = field(default_factory=lambda: {"outbox": 0})
    copies: dict[int, Copy] = field(default_factory=dict)
    unreachable: dict[str, str] = field(default_factory=dict)
    journal: dict[int, Line] = field(default_factory=dict)
    books: dict[int, PolicyBook] = field(default_factory=dict)
    activities: dict[RequestId, ActivityRow] = field(default_factory=dict)
    bindings: dict[SlackUserId, Binding] = field(default_factory=dict)
    dropped: dict[int, str] = field(default_factory=dict)
    catalogue: Catalogue | None = None

    def kept(self) -> dict[str, Any]:
        found = {name: getattr(self, name) for name in self.__slots__}
        return {name: it.copy() if isinstance(it, dict) else it for name, it in found.items()}

    def back_to(self, before: dict[str, Any]) -> None:
        for name, value in before.items():
            setattr(self, name, value)


def unleased(lease_until: datetime | None, now: datetime) -> bool:
    return lease_until is None or lease_until <= now


@dataclass(frozen=True, slots=True)
class MemoryAssignments:
    """`grants.stores.Assignments`."""

    store: Store

    def get(self, key: Key) -> Assignment | None:
        return self.store.assignments.get(key)

    def add(self, assignment: Assignment) -> None:
        assert assignment.key not in self.store.assignments, "two rows of one key"
        self._put(assignment)

    def save(self, assignment: Assignment) -> bool:
        if self.store.assignments[assignment.key].version != assignment.version:
            return False
        self._put(replace(assignment, version=assignment.version + 1))
        return True

    def due(self, now: datetime, *, limit: int) -> list[Assignment]:
        def turn(row: Assignment) -> tuple[int, bool, datetime, datetime]:
            rests = row.holding in AT_REST and row.deadline is None
            gone = 2 if row.is_taken_away else 0
            number = gone if row.wanted_gone_at else 3 if rests else 1
            return number, row.wanted_gone_at is not None, row.wanted_gone_at or now, row.due_at or now  # fmt: skip

        due = [row for row in self._coming() if row.due_at and row.due_at <= now]
        return sorted((row for row in due if unleased(row.lease_until, now)), key=turn)[:limit]

    def let_in(self, now: datetime) -> list[Assignment]:
        if all(row.slot is not Slot.WAITING for row in self.store.assignments.values()):
            return []
        slots = self.outstanding()
        ends = self._waiting(Holding.PRESENT, now)[: slots.for_ends]
        slots = replace(slots, taking=slots.taking + len(ends))
        return [*ends, *self._waiting(Holding.ABSENT, now)[: slots.for_giving]]

    def being_removed(self) -> list[Assignment]:
        rows = self.store.assignments.values()
        running = (row for row in rows if row.slot is Slot.TAKEN and row.operation)
        return [row for row in running if row.holding is Holding.DELETING]

    def backlog(self, before: datetime) -> tuple[int, datetime | None]:
        untold = self._untold()
        if not any(row.due_at and row.due_at <= before for row in untold):
            return 0, None
        return len(untold), min(row.wanted_gone_at for row in untold if row.wanted_gone_at)

    def backlog_told(self, now: datetime) -> None:
        for row in self._untold():
            if unleased(row.lease_until, now):
                self._put(replace(row, alarmed_at=now, version=row.version + 1))

    def next_due(self) -> datetime | None:
        instants = (max(row.due_at, row.lease_until or row.due_at) for row in self._coming() if row.due_at)  # fmt: skip
        return min(instants, default=None)

    def outstanding(self) -> Outstanding:
        rows = self.store.assignments.values()
        taken = Counter(row.holding for row in rows if row.slot is Slot.TAKEN)
        giving = taken[Holding.ABSENT] + taken[Holding.CREATING]
        waits = any(
            row.slot is Slot.WAITING and row.holding is Holding.ABSENT
            for row in self.store.assignments.values()
        )
        return Outstanding(giving, taken.total() - giving, waits)

    def _waiting(self, holding: Holding, now: datetime) -> list[Assignment]:
        rows = [
            row
            for row in self.store.assignments.values()
            if row.slot is Slot.WAITING
            and row.holding is holding
            and unleased(row.lease_until, now)
        ]
        return sorted(
            rows,
            key=lambda row: (
                row.wanted_gone_at is not None,
                row.wanted_gone_at or now,
                row.due_at or now,
            ),
        )

    def _untold(self) -> list[Assignment]:
        return [
            row
            for row in self.store.assignments.values()
            if row.slot is Slot.WAITING and row.wanted_gone_at and not row.alarmed_at
        ]

    def _coming(self) -> Iterable[Assignment]:
        rows = self.store.assignments.values()
        return (row for row in rows if row.due_at is not None and row.slot is not Slot.WAITING)

    def _put(self, row: Assignment) -> None:
        assert row.holding is Holding.ABSENT or row.due_at, "forgotten"
        assert row.may_appear_until is None or row.due_at, "forgotten"
        self.store.assignments[row.key] = row


def stream_of(notice: Notice) -> str:
    if notice.kind is Told.HOME and notice.facts:
        return f"home:{notice.facts['slack_id']}"
    return f"copy:{notice.copy_id}" if notice.copy_id is not None else "audit"


@dataclass(frozen=True, slots=True)
class MemoryOutbox:
    """`grants.stores.Outbox`; what was told is gone."""

    store: Store

    def put(self, notices: Iterable[Notice], *, at: datetime) -> None:
        for notice in notices:
            if notice.kind is Told.REDRAW and self._coalesced(notice):
                continue
            written = self.store.written["outbox"] + 1
            self.store.written["outbox"] = written
            plain = json.loads(json.dumps(dict(notice.facts))) if notice.facts is not None else None
            self.store.outbox[written] = Row(
                written, stream_of(notice), replace(notice, facts=plain), at, at
            )

    def claim(self, now: datetime, *, until: datetime, limit: int) -> list[Pending]:
        free = [row for row in self._heads() if row.due_at <= now and unleased(row.lease_until, now)]  # fmt: skip
        chosen = sorted(free, key=lambda row: (row.due_at, row.id))[:limit]
        for row in chosen:
            self.store.outbox[row.id] = replace(
                row,
                lease_until=until,
                attempted_at=now,
                attempts=row.attempts + 1,
                version=row.version + 1,
            )
        return [
            Pending(
                row.id,
                row.notice,
                row.attempts + 1,
                row.created_at,
                row.attempted_at,
                row.version + 1,
                until,
            )
            for row in chosen
        ]

    def done(self, row: Pending) -> bool:
        if not self._is_theirs(row):
            return False
        del self.store.outbox[row.id]
        return True

    def again(
        self, row: Pending, *, at: datetime, error: str, unsure_since: datetime | None = None
    ) -> None:
        if self._is_theirs(row):
            known = self.store.outbox[row.id]
            self.store.outbox[row.id] = replace(
                known,
                due_at=at,
                attempted_at=unsure_since or row.attempted_at,
                lease_until=None,
                version=row.version + 1,
            )

    def drop(self, row: Pending, *, why: str) -> None:
        if self._is_theirs(row):
            del self.store.outbox[row.id]
            self.store.dropped[row.id] = why

    def next_due(self) -> datetime | None:
        instants = (max(row.due_at, row.lease_until or row.due_at) for row in self._heads())
        return min(instants, default=None)

    def depth(self) -> int:
        return len(self.store.outbox)

    def _is_theirs(self, row: Pending) -> bool:
        known = self.store.outbox.get(row.id)
        return known is not None and known.version == row.version

    def _heads(self) -> list[Row]:
        heads: dict[str, Row] = {}
        for row in self.store.outbox.values():
            heads.setdefault(row.stream, row)
        return list(heads.values())

    def _coalesced(self, notice: Notice) -> bool:
        stream, found = stream_of(notice), False
        for row in list(self.store.outbox.values()):
            if (row.stream, row.notice.kind, row.lease_until) == (stream, notice.kind, None):
                self.store.outbox[row.id] = replace(row, notice=notice, version=row.version + 1)
                found = True
        return found
