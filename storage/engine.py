"""The database behind a URL: one writer at a time on SQLite, as many as there are on PostgreSQL."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any, Final, cast

from psycopg import Error as PostgresError
from sqlalchemy import (
    URL,
    Connection,
    DateTime,
    Engine,
    ExceptionContext,
    Select,
    create_engine,
    event,
    func,
    make_url,
    select,
)
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry, NullPool, PoolProxiedConnection

from storage.cursor import PlainCursor
from storage.turns import Turns

POSTGRESQL: Final = "postgresql+psycopg"
OURS: Final = (
    "busy_timeout=5000",  # other commands write beside `run`, in short transactions
    "synchronous=FULL",
    "trusted_schema=OFF",
    "cell_size_check=ON",
    "recursive_triggers=ON",  # REPLACE would else pass by the journal's guard
)
# One connection checkpoints: the readers' doing so too is what the WAL-reset bug (SQLite before
# 3.51.3) needs to corrupt a file.
READING: Final = ("foreign_keys=ON", "wal_autocheckpoint=0", "query_only=ON")
WRITING: Final = ("foreign_keys=ON", "journal_mode=WAL")
READER: Final = {"reading": True}
WRITER: Final = {"reading": False}
LASTING: Final = {
    "pool_size": 5,
    "max_overflow": 10,
    "pool_use_lifo": True,  # so that few are in use, and those need not be asked
}
IDLE: Final = 2.0
"""Seconds unused, after which a connection is asked whether it is still there before it is used again."""
GLANCES: Final = {
    "pool_size": 2,
    "max_overflow": 3,
    "pool_timeout": 1,
    "pool_reset_on_return": None,  # there is nothing to be undone
}
"""Who glances goes the long way where that fails, so that nobody asks before whether it will."""
MIGRATING: Final = ("foreign_keys=OFF", "journal_mode=WAL")


def parsed(url: str) -> URL:
    """The URL, of a database that we know."""
    found = make_url(url)
    if found.drivername in {"postgres", "postgresql"}:
        found = found.set(drivername=POSTGRESQL)
    if found.drivername == POSTGRESQL:
        return found
    if found.drivername == "sqlite" and found.database and found.database != ":memory:":
        return found
    raise ValueError("a database URL begins with sqlite:///path or postgresql+psycopg://")


def sqlite_file(url: str) -> Path | None:
    """The file of an embedded database; None: it is not one."""
    found = parsed(url)
    return Path(found.database or "") if found.drivername == "sqlite" else None


@dataclass(frozen=True, slots=True)
class Database:
    """Connections to one database: those that write, and those that only read."""

    writers: Engine
    readers: Engine
    glances: Engine
    """For a single look: PostgreSQL is asked for that alone, with no transaction around it."""
    turn: Callable[[], AbstractContextManager[object]]

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction: leaving commits, raising rolls back. On SQLite, each in its turn."""
        with self.turn(), self.writers.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One snapshot, which neither waits for a writer nor keeps it waiting."""
        with self.readers.begin() as connection:
            yield connection

    def close(self) -> None:
        """Let go of every connection that is not in use."""
        for engine in (self.writers, self.readers, self.glances):
            engine.dispose()


def open_database(url: str) -> Database:
    """Nothing is connected to before it is asked."""
    found = parsed(url)
    if found.drivername == "sqlite":
        return _embedded(found)
    writers = _served(
        found,
        WRITER,
        isolation_level="READ COMMITTED",
        statement_timeout="15s",
        lock_timeout="5s",
        idle_in_transaction_session_timeout="10s",
    )
    readers = _served(
        found,
        READER,
        isolation_level="REPEATABLE READ",
        statement_timeout="60s",
        # Whoever prints a long export waits for its reader; nobody waits for us.
        idle_in_transaction_session_timeout="600s",
        default_transaction_read_only="on",
    )
    glances = _served(
        found,
        READER,
        isolation_level="AUTOCOMMIT",
        statement_timeout="1s",
        default_transaction_read_only="on",
        pool=GLANCES,
    )
    for engine in (writers, readers):
        _ask_whether_it_is_there(engine)
    return Database(writers, readers, glances, nullcontext)


def open_for_migration(url: str) -> Engine:
    """A connection of its own each time, without the limits that are for serving."""
    found = parsed(url)
    if found.drivername == "sqlite":
        return _sqlite(found, MIGRATING, "BEGIN IMMEDIATE", poolclass=NullPool)
    engine = create_engine(
        found,
        poolclass=NullPool,
        hide_parameters=True,
        connect_args={"application_name": "elevate"},
    )
    event.listen(engine, "handle_error", _without_the_row)
    return engine


def now(database: Database) -> datetime | None:
    """The database's own time, by which several processes agree; None: the host's is as good."""
    if database.writers.dialect.name == "sqlite":
        return None
    with database.readers.connect() as connection:
        found = connection.execute(select(func.clock_timestamp(type_=DateTime()))).scalar_one()
    return found.astimezone(UTC)


def held(connection: Connection, statement: Select[Any]) -> Select[Any]:
    """With its rows locked for this unit of work, unless that only reads.

    As weakly as writers need it, so that rows that refer to these may be added meanwhile.
    """
    if connection.get_execution_options().get("reading"):
        return statement
    return statement.with_for_update(key_share=True)


class Held:
    """A statement that is made once, in both of its forms: `held` of what is asked all the time."""

    def __init__(self, statement: Select[Any]) -> None:
        self._looked_at = statement
        self._locked = statement.with_for_update(key_share=True)

    def by(self, connection: Connection) -> Select[Any]:
        """The one for this unit of work."""
        reads = connection.get_execution_options().get("reading")
        return self._looked_at if reads else self._locked


def _embedded(url: URL) -> Database:
    writers = _sqlite(
        url, WRITING, "BEGIN IMMEDIATE", execution_options=WRITER, pool_size=1, max_overflow=0
    )
    readers = _sqlite(url, READING, "BEGIN", execution_options=READER, pool_size=5, max_overflow=15)
    return Database(writers, readers, readers, Turns().turn)


def _sqlite(url: URL, pragmas: tuple[str, ...], begin: str, **options: Any) -> Engine:
    # Errors quote no parameters: they are people's words (ACCEPTANCE 76).
    engine = create_engine(url, hide_parameters=True, **options)

    @event.listens_for(engine, "connect")
    def connected(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # the driver's own BEGIN comes too late to be of use
        for pragma in OURS + pragmas:
            connection.execute(f"PRAGMA {pragma}")

    def begun(connection: PoolProxiedConnection) -> None:
        # What reads first and writes then would fail at once instead of waiting for its turn.
        cast(sqlite3.Connection, connection.dbapi_connection).execute(begin)

    # Not an event: where there is a single one, every statement asks whether somebody listens to it.
    engine.dialect.do_begin = begun  # type: ignore[assignment] # as a dialect for each would do
    return engine


def _served(
    url: URL,
    options: dict[str, bool],
    *,
    isolation_level: Any,
    pool: Mapping[str, Any] = LASTING,
    **settings: str,
) -> Engine:
    engine = create_engine(
        url,
        execution_options=options,
        hide_parameters=True,
        isolation_level=isolation_level,
        **pool,
        connect_args={
            "application_name": "elevate",
            "cursor_factory": PlainCursor,
            "connect_timeout": 5,
            "keepalives_idle": 30,
            "tcp_user_timeout": 10_000,  # else one whose peer is gone hangs for a quarter of an hour
            "options": " ".join(f"-c {name}={value}" for name, value in settings.items()),
        },
    )
    event.listen(engine, "handle_error", _without_the_row)
    return engine


def _ask_whether_it_is_there(engine: Engine) -> None:
    """SQLAlchemy's own asking (`pool_pre_ping`) is a round trip more for each unit of work."""
    pinged = engine.dialect.do_ping

    @event.listens_for(engine, "checkin")
    def given_back(_: DBAPIConnection | None, record: ConnectionPoolEntry) -> None:
        record.info["unused_since"] = monotonic()

    @event.listens_for(engine, "checkout")
    def taken(
        connection: DBAPIConnection, record: ConnectionPoolEntry, _: PoolProxiedConnection
    ) -> None:
        since = record.info.get("unused_since")
        if since is None or monotonic() - since < IDLE:
            return
        try:
            pinged(connection)
        except PostgresError as error:
            raise DisconnectionError from error  # the pool takes another


def _without_the_row(context: ExceptionContext) -> None:
    """PostgreSQL's DETAIL quotes the row, which is people's words: errors keep the first line alone."""
    original, told = context.original_exception, context.sqlalchemy_exception
    if not isinstance(original, PostgresError) or not original.diag.message_primary:
        return
    whole, original.args = str(original), (original.diag.message_primary,)
    if told is not None:
        told.args = (str(told.args[0]).replace(whole, original.diag.message_primary),)
