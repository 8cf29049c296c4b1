"""What is watched in the database costs the same however long the past is."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, insert, text

from grants.model import Holding, Slot, State, Told
from grants.records import CutPhase, SweepName
from grants.so_far import Piece, Refresh
from storage.engine import Database
from storage.requests import to_row
from storage.tables import Sending, activities, assignments, cuts, metadata, outbox, requests
from storage.work import SqlWorks
from tests import make
from tests.make import HOUR, NOON

PAST = 1000
LONG = ("requests", "outbox", "assignments", "activities", "journal")
"""Tables whose rows stay."""
PARTIAL = {
    str(index.name)
    for table in metadata.tables.values()
    for index in table.indexes
    if index.dialect_options["sqlite"]["where"] is not None
}


@pytest.fixture
def past(database: Database) -> Database:
    """Much that is over, and a little that is not."""
    over = make.a_request("OVER", state=State.ENDED)
    names = [f"P{number}" for number in range(PAST)]
    with database.writing() as db:
        db.execute(insert(requests), [
            to_row(over) | {"id": name, "form_id": name, "due_at": None} for name in names
        ])  # fmt: skip
        db.execute(insert(outbox), [_told(name, Sending.SENT) for name in names])
        db.execute(insert(assignments), [_absent(name) for name in names])
        db.execute(insert(activities), [
            {"request_id": name, "due_at": None, "tries": 1, "version": 1} for name in names
        ])  # fmt: skip
    if database.writers.dialect.name == "postgresql":
        with database.writers.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
            db.execute(text("ANALYZE"))
    return database


def _told(name: str, state: Sending) -> dict[str, Any]:
    return {
        "stream": "audit", "kind": Told.AUDIT, "request_id": name, "state": state,
        "due_at": NOON, "attempts": 0, "created_at": NOON, "error": "", "version": 1,
    }  # fmt: skip


def _absent(name: str) -> dict[str, Any]:
    return {
        "user_id": name, "account_id": "1", "permission_set_arn": "arn", "holding": Holding.ABSENT,
        "slot": Slot.NONE, "operation": "", "polls": 0, "attempts": 0, "last_error": "", "version": 1,
    }  # fmt: skip


@pytest.fixture
def said(past: Database) -> Iterator[list[tuple[str, Any]]]:
    """What the database is asked."""
    heard: list[tuple[str, Any]] = []

    def hear(_: Any, __: Any, statement: str, given: Any, *___: Any) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            heard.append((statement, given))

    event.listen(past.readers, "before_cursor_execute", hear)
    yield heard
    event.remove(past.readers, "before_cursor_execute", hear)


def test_nothing_of_the_past_is_looked_at(past: Database, said: list[tuple[str, Any]]) -> None:
    with SqlWorks(past).reading() as work:
        work.figures.at(NOON)
    asked = list(said)

    with past.reading() as db:
        looked_at = [line for statement, given in asked for line in _plan(db, statement, given)]

    assert len(asked) > 10
    assert [line for line in looked_at if _walks(line)] == []


def _plan(db: Connection, statement: str, given: Any) -> list[str]:
    if db.dialect.name == "sqlite":
        rows = db.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)
        return [str(row[3]) for row in rows]
    return [str(row[0]) for row in db.exec_driver_sql(f"EXPLAIN {statement}", given)]


def _walks(line: str) -> bool:
    """Whether a whole table of those is read, or an index in which the past has its place."""
    words = line.split()
    if "Seq" in words:
        return words[words.index("on") + 1] in LONG
    if words[0] != "SCAN":
        return False
    return words[1] in LONG and not PARTIAL & set(words)


def test_only_what_is_open_and_late_is_counted(database: Database) -> None:
    works = SqlWorks(database)
    with works() as work:
        for name, facts in OPEN.items():
            work.requests.add(make.a_request(name, form_id=name, **facts))
        work.assignments.add(make.an_assignment(due_at=NOON + HOUR, slot=Slot.TAKEN))
        work.refreshes.add(Refresh(Piece.OUS, due_at=NOON + 2 * HOUR, ended_at=NOON))
        work.processes.announce("one", at=NOON + HOUR)
        work.processes.announce("gone without a word", at=NOON)
    with database.writing() as db:
        db.execute(insert(outbox), [_told(name, Sending.WAITING) for name in ("LATE", "SOON")])
        db.execute(
            insert(activities), {"request_id": "LATE", "due_at": NOON, "tries": 1, "version": 1}
        )
        db.execute(insert(cuts), CUT)

    with works.reading() as work:
        found = work.figures.at(NOON + HOUR)

    assert found.requests == {
        State.PENDING: 1, State.SCHEDULED: 2, State.GRANTING: 0, State.ACTIVE: 1, State.REVOKING: 0,
    }  # fmt: skip
    assert found.assignments[Holding.PRESENT] == 1
    assert found.start_overdue == timedelta(minutes=20)
    assert found.end_overdue == timedelta(minutes=5)
    assert found.due == {
        "requests": 3, "assignments": 1, "activities": 1, "cuts": 1, "outbox": 2,
    }  # fmt: skip
    assert (found.untold, found.untold_for) == (2, HOUR)
    assert found.operations == {Slot.WAITING: 0, Slot.TAKEN: 1}
    assert found.processes == 1
    assert found.swept_at == dict.fromkeys(SweepName)
    assert found.pieces_read_at == {**dict.fromkeys(Piece), Piece.OUS: NOON}


CUT = {
    "user_id": "1", "account_id": "1", "permission_set_arn": "arn", "request_id": "LATE",
    "phase": CutPhase.WAITING, "due_at": NOON, "since": NOON, "operation": "", "attempts": 0,
    "last_error": "", "version": 1,
}  # fmt: skip
OPEN: dict[str, dict[str, Any]] = {
    "PENDING": {"expires_at": NOON + 2 * HOUR},
    "SOON": {"state": State.SCHEDULED, "decided_at": NOON, "starts_at": NOON + HOUR * 2 / 3},
    "DECIDED": {"state": State.SCHEDULED, "decided_at": NOON + HOUR * 5 / 6},
    "LATE": {"state": State.ACTIVE, "active_at": NOON, "ends_at": NOON + HOUR * 11 / 12},
}
