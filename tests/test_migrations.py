"""From nothing to the newest schema, on both databases."""

import contextlib
import json
import threading
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from grants.records import NEVER
from storage import schema
from storage.catalogue import SqlCatalogue, to_json
from storage.engine import open_database, open_for_migration, sqlite_file
from storage.kept import Kept
from storage.people import SqlPeople
from storage.schema import UnknownSchemaError, at_head, heads, migrate
from storage.tables import metadata
from storage.versions import SeenVersions
from tests import make


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


# What a database of before carries over

AT = 1_700_000_000_000_000
"""A moment, as it is stored; and a minute."""
MINUTE = 60_000_000


@pytest.fixture
def old_url(empty_database_url: str) -> str:
    """A database of schema 0002."""
    with open_for_migration(empty_database_url).begin() as connection:
        to(connection, "0002")
    return empty_database_url


def to(connection: Connection, revision: str) -> None:
    config = schema._config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def insert(connection: Connection, table: str, **values: Any) -> None:
    """As the code of then would, which knew nothing of today's columns."""
    places = ", ".join(f":{name}" for name in values)
    words = f"INSERT INTO {table} ({', '.join(values)}) VALUES ({places})"  # noqa: S608  # a test's own
    connection.execute(text(words), values)


def a_row(id_: str, state: str, **values: Any) -> dict[str, Any]:
    words = (
        "requester_slack_id requester_user_id requester_user_name requester_name requester_email"
        " account_id permission_set_arn account_name permission_set_name justification ticket"
        " ticket_url decided_by reason closed_by"
    )
    return {
        **dict.fromkeys(words.split(), "x"),
        "id": id_,
        "form_id": id_,
        "state": state,
        "asked_at": AT,
        "may_approve": "[]",
        "session_duration": 3600,
        "duration": 3600,
        "expires_at": AT + 180 * MINUTE,
        "approval_needed": True,
        "approvals": 1,
        "policy_version": 1,
        "version": 1,
        "standing": False,
        "due_at": AT + 180 * MINUTE,
        **values,
    }


def reminded_at(url: str) -> dict[str, int | None]:
    with open_for_migration(url).connect() as connection:
        rows = connection.execute(text("SELECT id, remind_at FROM requests ORDER BY id")).all()
    return dict(map(tuple, rows))


def test_who_waits_or_has_access_at_the_upgrade_is_reminded_too(old_url: str) -> None:
    with open_for_migration(old_url).begin() as connection:
        insert(connection, "requests", **a_row("pending", "pending"))
        insert(connection, "requests", **a_row("soon", "pending", expires_at=AT + 10 * MINUTE))
        lasts = {"active_at": AT, "ends_at": AT + 60 * MINUTE}
        insert(connection, "requests", **a_row("active", "active", **lasts))
        brief = {"active_at": AT, "ends_at": AT + 5 * MINUTE}
        insert(connection, "requests", **a_row("brief", "active", **brief))
        insert(connection, "requests", **a_row("over", "rejected", due_at=None))

    migrate(old_url)

    assert reminded_at(old_url) == {
        "active": AT + 50 * MINUTE,
        "brief": None,
        "over": None,
        "pending": AT + 15 * MINUTE,
        "soon": None,
    }


def test_the_settings_say_when(old_url: str) -> None:
    with open_for_migration(old_url).begin() as connection:
        for version, seconds in ((1, 60), (2, 1200)):
            document = json.dumps({"settings": {"reminder": seconds, "nudge_interval": seconds}})
            row = {"version": version, "at": AT, "by": "x", "document": document}
            insert(connection, "policy_versions", **row)
        insert(connection, "requests", **a_row("pending", "pending"))
        lasts = {"active_at": AT, "ends_at": AT + 60 * MINUTE}
        insert(connection, "requests", **a_row("active", "active", **lasts))

    migrate(old_url)

    assert reminded_at(old_url) == {"active": AT + 40 * MINUTE, "pending": AT + 20 * MINUTE}


def test_accounts_that_were_stored_as_if_they_carried_no_tags_count_as_unread(
    old_url: str,
) -> None:
    written = to_json(make.a_catalogue())
    written["accounts"] = [[*account[:5], {}] for account in written["accounts"]]
    with open_for_migration(old_url).begin() as connection:
        insert(connection, "catalogue", id=1, version=7, read_at=AT, digest="x")
        insert(connection, "catalogue_documents", version=7, document=json.dumps(written))

    migrate(old_url)

    with contextlib.closing(open_database(old_url)) as database, database.reading() as connection:
        found = SqlCatalogue(connection, Kept(), SeenVersions(connection)).load()
    assert found is not None
    assert found.accounts.keys() == make.a_catalogue().accounts.keys()
    assert {account.tags for account in found.accounts.values()} == {None}


def test_whoever_was_matched_by_address_was_not_linked_by_hand(old_url: str) -> None:
    makers = {"U1": "verified address", "U2": "operator:root@host", "U3": "Ada Administrator"}
    row = {"team_id": "T1", "user_id": "u", "email": "", "made_at": AT, "broken": ""}
    with open_for_migration(old_url).begin() as connection:
        for slack_id, by in makers.items():
            insert(connection, "bindings", **row, slack_id=slack_id, made_by=by)

    migrate(old_url)

    with contextlib.closing(open_database(old_url)) as database, database.reading() as connection:
        found = SqlPeople(connection).all()
    assert {each.slack_id: each.by_hand for each in found} == {"U1": False, "U2": True, "U3": True}
    assert {each.checked_at for each in found} == {NEVER}


def test_no_id_of_an_outbox_line_is_given_twice(old_url: str) -> None:
    row = {"stream": "C1", "kind": "card", "state": "sent", "due_at": AT, "created_at": AT}
    row |= {"attempts": 1, "error": "", "version": 1}
    with open_for_migration(old_url).begin() as connection:
        for _ in range(3):
            insert(connection, "outbox", **row)
        connection.execute(text("DELETE FROM outbox WHERE id > 1"))

    migrate(old_url)

    with open_for_migration(old_url).begin() as connection:
        insert(connection, "outbox", **row)
        assert connection.execute(text("SELECT max(id) FROM outbox")).scalar() == 4
