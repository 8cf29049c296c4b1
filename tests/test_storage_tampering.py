"""The journal only grows, and what was changed in it all the same is found."""

import pytest
from sqlalchemy import Connection, delete, insert, text, update
from sqlalchemy.exc import DatabaseError

from grants.model import RequestId
from grants.records import Finding
from storage.chain import digest
from storage.columns import ticks
from storage.engine import Database
from storage.journal import said
from storage.tables import journal, journal_counts, journal_head
from storage.work import SqlWorks
from tests.make import NOON
from tests.test_journal import ENTRIES, ONE, TWO, verified


@pytest.fixture
def works(database: Database) -> SqlWorks:
    """With six lines in the journal, written in three units of work."""
    works = SqlWorks(database)
    for start in (0, 2, 4):
        with works() as work:
            work.journal.write(ENTRIES[start])
            work.journal.write(ENTRIES[start + 1])
    return works


def unguarded(connection: Connection) -> None:
    """As somebody may who owns the database."""
    statements = {
        "sqlite": ("DROP TRIGGER journal_no_update", "DROP TRIGGER journal_no_delete"),
        "postgresql": ("DROP TRIGGER journal_only_grows ON journal",),
    }
    for statement in statements[connection.dialect.name]:
        connection.execute(text(statement))


CHANGES = {
    "at": ticks(NOON) + 1,
    "event": "request.reject",
    "actor_role": "auditor",
    "actor_name": "Somebody Else",
    "actor_user_id": "90670000-nobody",
    "actor_slack_id": "U1",
    "request_id": "9K2M9QXB",
    "before": "active",
    "after": "rejected",
    "reason": "Another.",
    "facts": '{"ballot":"reject","n":[1]}',
    "hash": "0" * 64,
}


@pytest.mark.parametrize("column", CHANGES)
@pytest.mark.parametrize("seq", [1, 2, 6])
def test_a_changed_column_is_found(
    works: SqlWorks, database: Database, seq: int, column: str
) -> None:
    with database.writing() as connection:
        unguarded(connection)
        connection.execute(
            text(f"UPDATE journal SET {column} = :value WHERE seq = :seq"),  # noqa: S608  # ours
            {"value": CHANGES[column], "seq": seq},
        )

    assert verified(works) == (seq, Finding(seq, "its content was changed"))


def test_a_changed_link_is_found(works: SqlWorks, database: Database) -> None:
    with database.writing() as connection:
        unguarded(connection)
        connection.execute(update(journal).where(journal.c.seq == 3).values(prev_hash="0" * 64))

    assert verified(works) == (3, Finding(3, "it does not follow from the line before"))


def test_a_changed_line_with_a_fitting_hash_is_found_by_the_next(
    works: SqlWorks, database: Database
) -> None:
    with works.reading() as work:
        before = work.journal.of(ONE)[1]
    with database.writing() as connection:
        unguarded(connection)
        forged = {"seq": 3, **said(ENTRIES[0])}
        connection.execute(
            update(journal)
            .where(journal.c.seq == 3)
            .values({**forged, "at": NOON, "hash": digest(before.hash, forged)})
        )

    assert verified(works) == (4, Finding(4, "it does not follow from the line before"))


@pytest.mark.parametrize("seq", [1, 3, 5])
def test_a_missing_line_is_found(works: SqlWorks, database: Database, seq: int) -> None:
    with database.writing() as connection:
        unguarded(connection)
        connection.execute(delete(journal).where(journal.c.seq == seq))

    assert verified(works) == (seq, Finding(seq, f"line {seq} is missing"))


def test_a_tail_that_was_cut_off_is_found_by_the_head(works: SqlWorks, database: Database) -> None:
    with database.writing() as connection:
        unguarded(connection)
        connection.execute(delete(journal).where(journal.c.seq > 4))

    assert verified(works) == (4, Finding(5, "lines 5 to 6 are missing"))


def test_a_head_that_was_changed_is_found(works: SqlWorks, database: Database) -> None:
    with database.writing() as connection:
        connection.execute(update(journal_head).values(hash="0" * 64))

    assert verified(works) == (6, Finding(6, "the head row says otherwise"))


def test_a_tail_that_was_cut_off_with_its_head_is_found_by_the_counts(
    works: SqlWorks, database: Database
) -> None:
    cut(works, database)

    assert verified(works) == (5, Finding(0, f"request {TWO} has 1 lines of the 2 written"))


def cut(works: SqlWorks, database: Database) -> None:
    with works.reading() as work:
        fifth = list(work.journal.walk())[4]
    with database.writing() as connection:
        unguarded(connection)
        connection.execute(delete(journal).where(journal.c.seq > 5))
        connection.execute(update(journal_head).values(seq=5, hash=fifth.hash))


@pytest.mark.parametrize("request_id", [ONE, TWO])
def test_a_count_that_is_gone_is_found(
    works: SqlWorks, database: Database, request_id: RequestId
) -> None:
    with database.writing() as connection:
        connection.execute(delete(journal_counts).where(journal_counts.c.request_id == request_id))

    _, found = verified(works)
    assert found is not None
    assert request_id in found.what


def test_a_count_of_nothing_is_found(works: SqlWorks, database: Database) -> None:
    with database.writing() as connection:
        connection.execute(insert(journal_counts).values(request_id="9K2M9QXB", lines=1))

    _, found = verified(works)
    assert found is not None
    assert "9K2M9QXB" in found.what


def test_two_lines_that_changed_places_are_found(works: SqlWorks, database: Database) -> None:
    with database.writing() as connection:
        unguarded(connection)
        for source, target in ((2, 99), (3, 2), (99, 3)):
            connection.execute(update(journal).where(journal.c.seq == source).values(seq=target))

    read, found = verified(works)
    assert read == 2
    assert found is not None
    assert found.seq == 2


def test_a_line_put_in_behind_the_last_is_found(works: SqlWorks, database: Database) -> None:
    row = {"seq": 7, **said(ENTRIES[0]), "at": NOON, "prev_hash": "1", "hash": "2"}
    with database.writing() as connection:
        connection.execute(insert(journal).values(row))

    assert verified(works) == (7, Finding(7, "it does not follow from the line before"))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal SET reason = 'none' WHERE seq = 1",
        "DELETE FROM journal WHERE seq = 6",
        "DELETE FROM journal",
    ],
)
def test_the_database_itself_refuses_a_change(
    works: SqlWorks, database: Database, statement: str
) -> None:
    with pytest.raises(DatabaseError, match="only grows"), database.writing() as connection:
        connection.execute(text(statement))

    assert verified(works) == (6, None)


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_replacing_a_line_is_refused_too(works: SqlWorks, database: Database) -> None:
    statement = "REPLACE INTO journal SELECT * FROM journal WHERE seq = 1"

    with pytest.raises(DatabaseError, match="only grows"), database.writing() as connection:
        connection.execute(text(statement))

    assert verified(works) == (6, None)


@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_emptying_it_is_refused_too(works: SqlWorks, database: Database) -> None:
    with pytest.raises(DatabaseError, match="only grows"), database.writing() as connection:
        connection.execute(text("TRUNCATE journal"))

    assert verified(works) == (6, None)
