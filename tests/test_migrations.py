"""From nothing to the newest schema, on both databases."""

import contextlib
import threading
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from storage import schema
from storage.engine import open_for_migration, sqlite_file
from storage.schema import UnknownSchemaError, at_head, heads, migrate
from storage.tables import metadata


def described(connection: Connection) -> dict[str, Any]:
    """What autogenerate does not compare: the checks, and which rows an index is of."""
    found = inspect(connection)
    return {
        table: (
            {check["name"]: check["sqltext"] for check in found.get_check_constraints(table)},
            {
                index["name"]: [str(where) for where in index.get("dialect_options", {}).values()]
                for index in found.get_indexes(table)
            },
        )
        for table in found.get_table_names()
        if table != "alembic_version"
    }


def test_the_migrations_come_to_what_the_tables_say(database_url: str) -> None:
    with open_for_migration(database_url).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})

        assert compare_metadata(context, metadata) == []


def test_checks_and_partial_indexes_are_what_the_tables_say(
    database_url: str, empty_database_url: str
) -> None:
    with open_for_migration(empty_database_url).begin() as connection:
        metadata.create_all(connection)
        wanted = described(connection)

    with open_for_migration(database_url).connect() as connection:
        assert described(connection) == wanted


def test_an_empty_database_is_not_at_head_and_a_migrated_one_is(empty_database_url: str) -> None:
    before = at_head(empty_database_url)

    migrate(empty_database_url)

    assert not before
    assert at_head(empty_database_url)


def test_migrating_again_changes_nothing(database_url: str) -> None:
    migrate(database_url)

    assert at_head(database_url)


def test_there_is_one_newest_schema() -> None:
    assert len(heads()) == 1


def test_several_may_start_at_once(empty_database_url: str) -> None:
    failed: list[BaseException] = []
    together = threading.Barrier(4)

    def start() -> None:
        together.wait()
        try:
            migrate(empty_database_url)
        except BaseException as error:  # noqa: BLE001  # it is shown below
            failed.append(error)

    starters = [threading.Thread(target=start) for _ in range(4)]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join()

    assert failed == []
    assert at_head(empty_database_url)


def test_a_migration_that_fails_leaves_nothing_behind(
    empty_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = "storage/migrations/versions/0002_the_journal.py"
    broken = tmp_path / "migrations"
    (broken / "versions").mkdir(parents=True)
    root = Path(schema.__file__).parent.parent
    for file in (schema.MIGRATIONS / "env.py", schema.MIGRATIONS / "script.py.mako"):
        (broken / file.name).write_text(file.read_text())
    for file in (schema.MIGRATIONS / "versions").glob("*.py"):
        (broken / "versions" / file.name).write_text(file.read_text())
    (broken / "versions" / Path(last).name).write_text(
        (root / last)
        .read_text()
        .replace("def downgrade", '    op.drop_table("nothing")\n\n\ndef downgrade')
    )
    monkeypatch.setattr(schema, "MIGRATIONS", broken)

    with pytest.raises(Exception, match="nothing"):
        migrate(empty_database_url)

    with open_for_migration(empty_database_url).connect() as connection:
        assert inspect(connection).get_table_names() == []


def test_a_schema_newer_than_the_code_is_refused_by_name(database_url: str) -> None:
    with open_for_migration(database_url).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(UnknownSchemaError, match="9999"):
        migrate(database_url)


def test_every_migration_can_be_taken_back(database_url: str) -> None:
    with open_for_migration(database_url).begin() as connection:
        config = schema._config()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")

    with contextlib.closing(open_for_migration(database_url).connect()) as connection:
        assert inspect(connection).get_table_names() == ["alembic_version"]


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_new_file_is_its_owners_alone(empty_database_url: str) -> None:
    migrate(empty_database_url)

    file = sqlite_file(empty_database_url)
    assert file is not None
    assert file.stat().st_mode & 0o077 == 0


def test_a_file_that_is_not_there_is_not_made_by_looking(tmp_path: Path) -> None:
    absent = tmp_path / "absent.db"

    assert not at_head(f"sqlite:///{absent}")
    assert not absent.exists()
