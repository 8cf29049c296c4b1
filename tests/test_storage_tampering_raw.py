"""What nothing but a hand at the database itself can put there is found, and named, and stops nobody."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, update

from grants.records import Entry, Finding
from storage.chain import GENESIS, digest
from storage.engine import Database, sqlite_file
from storage.journal import said
from storage.schema import migrate
from storage.tables import journal, journal_counts, journal_head
from storage.work import SqlWorks
from tests.make import NOON
from tests.opened import opened
from tests.test_journal import ENTRIES, EVE, verified
from tests.test_storage_tampering import unguarded

LATER = Entry(NOON, "vote", EVE, reason="Never said.")
COLUMNS = tuple(journal.c.keys())
TEXTS = tuple(name for name in COLUMNS if name not in {"seq", "at"})


@pytest.fixture
def works(database: Database) -> SqlWorks:
    """With six lines in the journal."""
    works = SqlWorks(database)
    with works() as work:
        for entry in ENTRIES:
            work.journal.write(entry)
    return works


def fitting(seq: int, prev_hash: str) -> dict[str, Any]:
    """A line that follows from the one before as it should."""
    row = {"seq": seq, **said(LATER), "prev_hash": prev_hash}
    return {**row, "at": NOON, "hash": digest(prev_hash, row)}


# On both databases


def test_lines_behind_what_the_head_says_are_found(works: SqlWorks, database: Database) -> None:
    with works.reading() as work:
        head = work.journal.head()
    assert head is not None
    with database.writing() as connection:
        connection.execute(insert(journal).values(fitting(7, head.hash)))

    assert verified(works) == (7, Finding(7, "line 7 is behind what the head row says"))


@pytest.mark.parametrize("seq", [0, -1, -(2**62)])
def test_a_line_in_front_of_the_first_is_found(
    works: SqlWorks, database: Database, seq: int
) -> None:
    with database.writing() as connection:
        connection.execute(insert(journal).values(fitting(seq, GENESIS)))

    assert verified(works) == (1, Finding(seq, "no line has such a number: it was added"))


def test_a_head_that_is_gone_is_found(works: SqlWorks, database: Database) -> None:
    with database.writing() as connection:
        connection.execute(delete(journal_head))

    assert verified(works) == (6, Finding(6, "the head row is missing"))
    with works.reading() as work:
        assert work.journal.head() is None


def test_counts_that_are_all_gone_are_found(works: SqlWorks, database: Database) -> None:
    with database.writing() as connection:
        connection.execute(delete(journal_counts))

    _, found = verified(works)
    assert found is not None
    assert "no count" in found.what


def test_a_journal_that_was_emptied_is_found_by_its_head(
    works: SqlWorks, database: Database
) -> None:
    with database.writing() as connection:
        unguarded(connection)
        connection.execute(delete(journal))

    assert verified(works) == (0, Finding(1, "lines 1 to 6 are missing"))


def test_one_emptied_together_with_its_head_is_found_by_the_counts(
    works: SqlWorks, database: Database
) -> None:
    with database.writing() as connection:
        unguarded(connection)
        connection.execute(delete(journal))
        connection.execute(update(journal_head).values(seq=0, hash=GENESIS))

    _, found = verified(works)
    assert found is not None
    assert "has lines and no count" in found.what


# On SQLite, which takes any value in any column


@contextmanager
def by_hand(database_url: str) -> Iterator[sqlite3.Connection]:
    """Somebody with the file and no scruples; what they do is undone."""
    file = sqlite_file(database_url)
    assert file is not None
    before = file.read_bytes()
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("DROP TRIGGER journal_no_update")
        connection.execute("PRAGMA ignore_check_constraints=ON")
        yield connection
    file.write_bytes(before)


def an_old_journal(url: str) -> None:
    migrate(url)
    with opened(url) as database, SqlWorks(database)() as work:
        for entry in ENTRIES:
            work.journal.write(entry)
    with closing(sqlite3.connect(str(sqlite_file(url)))) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database with six lines, whole in its one file."""
    url = f"sqlite:///{tmp_path_factory.mktemp('raw') / 'elevate.db'}"
    an_old_journal(url)
    return url


def found_in(url: str) -> Finding | None:
    with opened(url) as database:
        return verified(SqlWorks(database))[1]


@settings(deadline=None)
@given(seq=st.integers(1, 6), column=st.sampled_from(TEXTS), data=st.data())
def test_any_byte_of_any_line_that_is_another_is_found_at_that_line(
    url: str, seq: int, column: str, data: st.DataObject
) -> None:
    with by_hand(url) as connection:
        cell = f"SELECT typeof({column}), CAST({column} AS BLOB) FROM journal WHERE seq = ?"  # noqa: S608  # ours
        before = connection.execute(cell, [seq]).fetchone()
        there = before[1] or b""
        place, bytes_ = data.draw(st.integers(0, len(there))), data.draw(st.binary(max_size=2))
        change = f"UPDATE journal SET {column} = CAST(? AS TEXT) WHERE seq = ?"  # noqa: S608  # ours
        connection.execute(change, [there[:place] + bytes_ + there[place + 1 :], seq])
        after = connection.execute(cell, [seq]).fetchone()

        found = found_in(url)

    assert (None if found is None else found.seq) == (None if after == before else seq)


VALUES = st.one_of(
    st.none(), st.integers(-(2**63), 2**63 - 1), st.floats(), st.text(), st.binary(max_size=8)
)


@settings(deadline=None)
@given(seq=st.integers(1, 6), column=st.sampled_from(COLUMNS[1:]), value=VALUES)
def test_a_value_of_any_type_in_place_of_another_is_found_at_its_line(
    url: str, seq: int, column: str, value: Any
) -> None:
    with by_hand(url) as connection:
        cell = f"SELECT typeof({column}), quote({column}) FROM journal WHERE seq = ?"  # noqa: S608
        before = connection.execute(cell, [seq]).fetchone()
        statement = "PRAGMA writable_schema=ON"
        connection.execute(statement)
        nullable = "UPDATE sqlite_master SET sql = replace(sql, ' NOT NULL', '') WHERE name = 'journal'"  # fmt: skip
        connection.execute(nullable)
        connection.execute("PRAGMA writable_schema=RESET")
        change = f"UPDATE journal SET {column} = ? WHERE seq = ?"  # noqa: S608  # ours
        connection.execute(change, [value, seq])
        after = connection.execute(cell, [seq]).fetchone()

        found = found_in(url)

    assert (None if found is None else found.seq) == (None if after == before else seq)


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_bytes_that_read_like_the_text_before_are_found(
    works: SqlWorks, database: Database
) -> None:
    with works() as work:
        work.journal.write(Entry(NOON, "vote", EVE, reason="b'as typed'"))
    with database.writing() as connection:
        unguarded(connection)
        connection.exec_driver_sql("UPDATE journal SET reason = CAST('as typed' AS BLOB) WHERE seq = 7")  # fmt: skip

    assert verified(works) == (7, Finding(7, "its content was changed"))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal_head SET seq = 'six'",
        "UPDATE journal_head SET seq = x'ff'",
        "UPDATE journal_head SET hash = x'ff'",
        "UPDATE journal_head SET hash = CAST(x'ff' AS TEXT)",
        "UPDATE journal_counts SET lines = 'two'",
        "UPDATE journal_counts SET request_id = CAST(request_id AS BLOB)",
        "UPDATE journal_counts SET request_id = CAST(x'ff' AS TEXT) WHERE lines = 2",
    ],
)
def test_nonsense_in_head_and_counts_is_a_finding(url: str, statement: str) -> None:
    with by_hand(url) as connection:
        connection.execute(statement)

        assert found_in(url) is not None
