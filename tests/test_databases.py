"""What tests are promised of their databases."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from tests.databases import Databases


def ask(url: str, question: str) -> object:
    with create_engine(url, poolclass=NullPool).begin() as connection:
        return connection.execute(text(question)).scalar()


def tell(url: str, statement: str) -> None:
    with create_engine(url, poolclass=NullPool).begin() as connection:
        connection.execute(text(statement))


def migrate_a_little(url: str) -> None:
    tell(url, "CREATE TABLE notes (words TEXT)")


@pytest.fixture(scope="module")
def little(databases: Databases) -> Iterator[Databases]:
    """In the same run, but with a schema of one table."""
    with closing(Databases(databases.run, "little", migrate_a_little)) as little:
        yield little


@pytest.mark.parametrize(
    ("database_kind", "question", "oldest"),
    [
        ("sqlite", "SELECT 'x ' || sqlite_version()", (3, 35)),  # RETURNING
        ("postgresql", "SELECT version()", (13,)),  # DROP DATABASE … WITH (FORCE)
    ],
)
def test_a_database_answers_and_is_new_enough(
    empty_database_url: str, question: str, oldest: tuple[int, ...]
) -> None:
    version = str(ask(empty_database_url, question)).split()[1]

    assert tuple(int(number) for number in version.split(".")) >= oldest


def test_an_empty_database_has_no_tables(empty_database_url: str) -> None:
    engine = create_engine(empty_database_url, poolclass=NullPool)

    assert inspect(engine).get_table_names() == []


@pytest.mark.parametrize("turn", ["first", "second"])
def test_no_test_sees_the_rows_of_another(
    little: Databases, database_kind: str, tmp_path: Path, turn: str
) -> None:
    with little.fresh(database_kind, tmp_path) as url:
        before = ask(url, "SELECT count(*) FROM notes")
        tell(url, "INSERT INTO notes VALUES ('here')")

        assert (before, ask(url, "SELECT count(*) FROM notes")) == (0, 1)


def test_two_databases_at_once_are_two(
    little: Databases, database_kind: str, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    with (
        little.fresh(database_kind, tmp_path) as one,
        little.fresh(database_kind, tmp_path / "other") as other,
    ):
        tell(one, "INSERT INTO notes VALUES ('here')")

        assert ask(other, "SELECT count(*) FROM notes") == 0


def test_a_database_is_dropped_though_somebody_is_still_connected(
    databases: Databases, tmp_path: Path
) -> None:
    with databases.empty("postgresql", tmp_path) as url:
        engine = create_engine(url)
        engine.connect().close()
    engine.dispose()

    with pytest.raises(OperationalError, match=f'"{make_url(url).database}" does not exist'):
        ask(url, "SELECT 1")
