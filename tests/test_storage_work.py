"""Units of work come one after the other, and none is lost."""

import sqlite3
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from threading import Barrier, Event, Thread

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from grants.errors import StaleRequest
from grants.model import CLOCK, RequestId, State
from grants.records import Entry
from grants.stores import Work, Works
from storage.engine import Database, now, open_database
from storage.lock import AlreadyRunningError, only_one
from storage.turns import Turns
from storage.work import SqlWorks
from tests import make
from tests.make import NOON

THREADS, MOVES = 8, 12


def at_once(*jobs: Thread) -> None:
    for job in jobs:
        job.start()
    for job in jobs:
        job.join(60)


def test_only_what_is_committed_is_told_to_whoever_listens(database: Database) -> None:
    heard: list[tuple[str, str]] = []
    works = SqlWorks(
        database, lambda entry, row: heard.append((entry.event, row.state if row else ""))
    )
    with works() as work:
        work.requests.add(make.a_request("BOTH"))
        work.journal.write(Entry(NOON, "request.ask", CLOCK, RequestId("BOTH")))
        assert heard == []
    with suppress(ZeroDivisionError), works() as work:
        work.journal.write(Entry(NOON, "request.approve", CLOCK, RequestId("BOTH")))
        _ = 1 / 0
    with works() as work:
        work.requests.save(replace(work.requests.get(RequestId("BOTH")), state=State.REJECTED))
        work.journal.write(Entry(NOON, "request.reject", CLOCK, RequestId("BOTH")))

    assert heard == [("request.ask", ""), ("request.reject", "rejected")]


def test_it_has_the_shape_that_the_domain_asks_for(works: SqlWorks) -> None:
    shape: Works = works
    with shape() as opened:
        work: Work = opened

        assert work.requests.listed() == []


def test_many_threads_lose_no_move(works: SqlWorks) -> None:
    with works() as work:
        work.requests.add(make.a_request("FIRST"))
        work.requests.add(make.a_request("SECOND"))
    failed: list[Exception] = []
    together = Barrier(THREADS)

    def moves(ids: tuple[str, ...]) -> None:
        together.wait()
        try:
            for _ in range(MOVES):
                move(works, ids)
        except Exception as error:  # noqa: BLE001  # it is shown below
            failed.append(error)

    # Some hold the journal's head when they come to the second row, which others hold.
    both, second = ("FIRST", "SECOND"), ("SECOND",)
    at_once(*(Thread(target=moves, args=(ids,)) for ids in [both, second] * (THREADS // 2)))

    assert failed == []
    with works.reading() as work:
        found = [work.requests.get(make.a_request(name).id) for name in both]
        assert [request.approvals - 1 for request in found] == [48, 96]
        assert [len(work.journal.of(request.id)) for request in found] == [48, 96]
        assert work.journal.verify() == (144, None)


def move(works: SqlWorks, ids: tuple[str, ...]) -> None:
    with works() as work:
        for name in ids:
            request = work.requests.get(make.a_request(name).id)
            work.requests.save(replace(request, approvals=request.approvals + 1))
            work.journal.write(Entry(NOON, "request.approve", CLOCK, request.id))


def test_two_who_read_before_they_write_are_not_both_right(works: SqlWorks) -> None:
    with works() as work:
        work.requests.add(make.a_request())
    outcomes: list[str] = []
    together = Barrier(2)

    def decide() -> None:
        with works.reading() as work:
            request = work.requests.get(make.a_request().id)
        together.wait()
        try:
            with works() as work:
                work.requests.save(request)
            outcomes.append("saved")
        except StaleRequest:
            outcomes.append("stale")

    at_once(Thread(target=decide), Thread(target=decide))

    assert sorted(outcomes) == ["saved", "stale"]


def test_a_reader_does_not_wait_for_a_writer(works: SqlWorks) -> None:
    with works() as work:
        work.requests.add(make.a_request())

    with works() as writing:
        request = writing.requests.get(make.a_request().id)
        writing.requests.save(replace(request, reason="not yet to be seen"))

        with works.reading() as reading:
            assert reading.requests.get(request.id) == request


def test_a_writer_does_not_wait_for_a_reader(works: SqlWorks) -> None:
    with works() as work:
        work.requests.add(make.a_request())

    with works.reading() as reading:
        before = reading.requests.get(make.a_request().id)
        with works() as writing:
            writing.requests.save(before)

        assert reading.requests.get(before.id) == before  # one snapshot, to the end


def test_a_reader_cannot_write(works: SqlWorks) -> None:
    with pytest.raises(DatabaseError), works.reading() as work:
        work.requests.add(make.a_request())


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_unit_of_work_within_another_is_refused_instead_of_waiting_for_ever(
    works: SqlWorks,
) -> None:
    with works(), pytest.raises(RuntimeError, match="itself"), works():
        pass

    with works() as work:
        assert work.requests.listed() == []


def test_turns_are_taken_in_the_order_in_which_they_were_asked_for() -> None:
    turns, order = Turns(), list[int]()

    def take(n: int, asked: Event) -> None:
        asked.set()
        with turns.turn():
            order.append(n)

    threads = []
    with turns.turn():
        for n in range(5):
            asked = Event()
            threads.append(Thread(target=take, args=(n, asked)))
            threads[-1].start()
            asked.wait()
            while len(turns._waiting) <= n:
                pass
    for thread in threads:
        thread.join()

    assert order == [0, 1, 2, 3, 4]


def test_the_clock_is_the_databases_where_several_processes_share_one(
    database: Database, database_kind: str
) -> None:
    found = now(database)

    assert (found is None) is (database_kind == "sqlite")
    assert found is None or found.tzinfo is UTC


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_the_embedded_database_is_set_up_to_lose_nothing(database: Database) -> None:
    with database.writing() as connection:
        pragmas = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "trusted_schema")
        }

    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "trusted_schema": 0,
    }


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_lock_that_another_program_holds_is_told_like_every_fault_of_the_databases(
    database: Database, database_url: str
) -> None:
    with database.writers.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=0")
    file = database_url.removeprefix("sqlite:///")

    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(DatabaseError, match="locked"), database.writing():
            pass


def test_columns_are_known_by_their_names_and_what_writes_has_none(database: Database) -> None:
    with database.writing() as connection:
        (found,) = connection.execute(text("SELECT 1 AS one, 'x' AS letter")).mappings()
        wrote = connection.execute(text("DELETE FROM outbox"))

    assert dict(found) == {"one": 1, "letter": "x"}
    assert not wrote.returns_rows


@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_a_forgotten_transaction_does_not_hold_the_others_up_for_ever(database: Database) -> None:
    with database.writing() as connection:
        limits = {
            name: connection.execute(text(f"SHOW {name}")).scalar()
            for name in (
                "transaction_isolation",
                "statement_timeout",
                "lock_timeout",
                "idle_in_transaction_session_timeout",
                "application_name",
            )
        }

    assert limits == {
        "transaction_isolation": "read committed",
        "statement_timeout": "15s",
        "lock_timeout": "5s",
        "idle_in_transaction_session_timeout": "10s",
        "application_name": "elevate",
    }


@pytest.mark.parametrize("url", ["mysql://localhost/elevate", "sqlite://", "sqlite:///:memory:"])
def test_another_database_is_refused_by_name(url: str) -> None:
    with pytest.raises(ValueError, match="postgresql"):
        open_database(url)


def test_a_second_run_on_an_embedded_database_is_refused_in_one_line(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'elevate.db'}"

    with only_one(url):
        with pytest.raises(AlreadyRunningError) as refused, only_one(url):
            pass

        assert "\n" not in str(refused.value)
        assert "elevate.db" in str(refused.value)

    with only_one(url):
        pass


def test_several_may_run_on_postgresql() -> None:
    url = "postgresql+psycopg://elevate@localhost/elevate"

    with only_one(url), only_one(url):
        pass
