"""What was changed in a request's own lines of the journal is found without reading the others."""

from typing import Any

import pytest
from sqlalchemy import delete, insert, text, update

from grants.model import RequestId
from grants.records import Finding
from storage.chain import digest
from storage.engine import Database
from storage.journal import said
from storage.tables import journal, journal_counts, journal_head
from storage.work import SqlWorks
from tests.make import NOON
from tests.test_journal import ENTRIES, ONE, TWO
from tests.test_storage_tampering import CHANGES, unguarded


@pytest.fixture
def works(database: Database) -> SqlWorks:
    """With six lines in the journal: three about one request, then one about none, two about another."""
    works = SqlWorks(database)
    with works() as work:
        for entry in ENTRIES:
            work.journal.write(entry)
    return works


def verified(works: SqlWorks, request_id: RequestId = ONE) -> tuple[int, Finding | None]:
    with works.reading() as work:
        return work.journal.verify_of(request_id)


def changes(database: Database, seq: int, **values: Any) -> None:
    with database.writing() as connection:
        unguarded(connection)
        connection.execute(update(journal).where(journal.c.seq == seq).values(**values))


def test_lines_that_nobody_touched_are_fine(works: SqlWorks) -> None:
    assert verified(works) == (3, None)
    assert verified(works, TWO) == (2, None)


@pytest.mark.parametrize("column", sorted(CHANGES.keys() - {"request_id"}))
@pytest.mark.parametrize("seq", [1, 2, 3])
def test_a_changed_column_is_found(
    works: SqlWorks, database: Database, seq: int, column: str
) -> None:
    with database.writing() as connection:
        unguarded(connection)
        connection.execute(
            text(f"UPDATE journal SET {column} = :value WHERE seq = :seq"),  # noqa: S608  # ours
            {"value": CHANGES[column], "seq": seq},
        )

    assert verified(works) == (3, Finding(seq, "its content was changed"))


def test_a_line_that_was_made_another_requests_is_missed(
    works: SqlWorks, database: Database
) -> None:
    changes(database, 2, request_id=TWO)

    assert verified(works) == (2, Finding(0, f"request {ONE} has 2 lines of the 3 written"))
    assert verified(works, TWO) == (3, Finding(2, "its content was changed"))


def test_a_changed_link_is_found(works: SqlWorks, database: Database) -> None:
    changes(database, 2, prev_hash="0" * 64)

    assert verified(works) == (3, Finding(2, "it does not follow from the line before"))


@pytest.mark.parametrize(("seq", "whose", "lines"), [(2, ONE, 3), (3, ONE, 3), (5, TWO, 2)])
def test_a_changed_line_with_a_fitting_hash_is_found_by_the_next(
    works: SqlWorks, database: Database, seq: int, whose: RequestId, lines: int
) -> None:
    with works.reading() as work:
        before = list(work.journal.walk())[seq - 2]
    forged = {"seq": seq, **said(ENTRIES[seq - 1]), "reason": "another"}
    changes(database, seq, reason="another", hash=digest(before.hash, forged))

    expected = Finding(seq + 1, "it does not follow from the line before")
    assert verified(works, whose) == (lines, expected)


def test_a_changed_last_line_with_a_fitting_hash_is_found_by_the_head(
    works: SqlWorks, database: Database
) -> None:
    with works.reading() as work:
        fifth = list(work.journal.walk())[4]
    forged = {"seq": 6, **said(ENTRIES[5]), "reason": "another"}
    changes(database, 6, reason="another", hash=digest(fifth.hash, forged))

    assert verified(works, TWO) == (2, Finding(6, "the head row says otherwise"))


@pytest.mark.parametrize(
    ("seq", "whose", "finding"),
    [
        (1, ONE, Finding(1, "line 1 is missing")),
        (2, ONE, Finding(2, "line 2 is missing")),
        (3, ONE, Finding(3, "line 3 is missing")),
        (4, ONE, Finding(4, "line 4 is missing")),
        (4, TWO, Finding(4, "line 4 is missing")),
        (6, TWO, Finding(6, "line 6 is missing")),
        (6, ONE, Finding(6, "line 6 is missing")),
    ],
)
def test_a_missing_line_is_found_by_those_beside_it_or_by_the_head(
    works: SqlWorks, database: Database, seq: int, whose: RequestId, finding: Finding
) -> None:
    with database.writing() as connection:
        unguarded(connection)
        connection.execute(delete(journal).where(journal.c.seq == seq))

    _, found = verified(works, whose)
    assert found == finding


def test_all_its_lines_gone_are_found_by_their_count(works: SqlWorks, database: Database) -> None:
    with database.writing() as connection:
        unguarded(connection)
        connection.execute(delete(journal).where(journal.c.request_id == ONE))

    assert verified(works) == (0, Finding(0, f"request {ONE} has 0 lines of the 3 written"))


def test_a_line_that_was_added_is_found(works: SqlWorks, database: Database) -> None:
    row = {"seq": 0, **said(ENTRIES[0]), "prev_hash": "0" * 64, "hash": "0" * 64}
    with database.writing() as connection:
        connection.execute(insert(journal).values({**row, "at": NOON}))

    assert verified(works) == (4, Finding(0, "no line has such a number: it was added"))


@pytest.mark.parametrize(("counts", "said"), [([4], "3 lines of the 4 written"), ([], "no count")])
def test_a_count_that_was_changed_or_is_gone_is_found(
    works: SqlWorks, database: Database, counts: list[int], said: str
) -> None:
    with database.writing() as connection:
        connection.execute(delete(journal_counts).where(journal_counts.c.request_id == ONE))
        for lines in counts:
            connection.execute(insert(journal_counts).values(request_id=ONE, lines=lines))

    _, found = verified(works)
    assert found is not None
    assert said in found.what
    assert verified(works, TWO) == (2, None)


def test_a_head_that_was_changed_is_found(works: SqlWorks, database: Database) -> None:
    with database.writing() as connection:
        connection.execute(update(journal_head).values(hash="0" * 64))

    assert verified(works) == (3, Finding(6, "the head row says otherwise"))


def test_what_was_changed_elsewhere_is_not_looked_at(works: SqlWorks, database: Database) -> None:
    changes(database, 5, reason="another")

    assert verified(works) == (3, None)
