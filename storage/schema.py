"""Brings a database to the schema that this code is written for."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select

from storage.engine import open_database, open_for_migration, sqlite_file
from storage.lock import in_turn

MIGRATIONS: Final = Path(__file__).parent / "migrations"
ADVISORY: Final = 0x454C4556
"""The number of PostgreSQL's lock: "ELEV"."""


class UnknownSchemaError(Exception):
    """The database has a schema that this version has never heard of."""


def migrate(url: str) -> None:
    """To the newest schema. Several may start at once: one migrates, the others find it done."""
    if at_head(url):
        return
    with _alone(url) as connection:
        _must_be_known(_revisions(connection))
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def at_head(url: str) -> bool:
    """Whether the database has the schema that this code is written for.

    UnknownSchemaError where it has one that this code has never heard of.
    """
    file = sqlite_file(url)
    if file and not file.exists():
        return False
    with closing(open_database(url)) as database, database.reading() as connection:
        there = _revisions(connection)
    _must_be_known(there)
    return there == heads()


def _must_be_known(there: frozenset[str]) -> None:
    if there - _known():
        raise UnknownSchemaError(
            f"the database has schema {', '.join(sorted(there))}, newer than this version:"
            " start the version that migrated it"
        )


@cache
def heads() -> frozenset[str]:
    """The newest revisions that this code knows: one, unless two branches met unnoticed."""
    return frozenset(ScriptDirectory.from_config(_config()).get_heads())


@cache
def _known() -> frozenset[str]:
    script = ScriptDirectory.from_config(_config())
    return frozenset(revision.revision for revision in script.walk_revisions())


def _revisions(connection: Connection) -> frozenset[str]:
    return frozenset(MigrationContext.configure(connection).get_current_heads())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


@contextmanager
def _alone(url: str) -> Iterator[Connection]:
    engine = open_for_migration(url)
    file = sqlite_file(url)
    if file:
        file.touch(mode=0o600)  # who asked for what, and why, is nobody else's business
        with in_turn(file, ".migrating"), engine.begin() as connection:
            yield connection
        return
    with engine.begin() as connection:
        # Until the transaction ends, so that it also holds behind a pool of connections.
        connection.execute(select(func.pg_advisory_xact_lock(ADVISORY)))
        yield connection
