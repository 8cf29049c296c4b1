"""Storage itself for schedules: SQLite in memory, emptied for each seed at the price of a copy."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.pool import StaticPool

from storage.engine import Database
from storage.work import SqlWorks
from tests.clock import FakeClock
from tests.simulation.universe import furnish

Fresh = Callable[[], SqlWorks]


@contextmanager
def on_sqlite(migrated: Path) -> Iterator[Fresh]:
    """Gives furnished works again and again; each time what was written before is gone.

    One connection is enough: nobody is suspended within a unit of work.
    """
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        engine = create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)

        @event.listens_for(engine, "begin")
        def begun(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN")

        readers = engine.execution_options(reading=True)
        database = Database(engine, readers, readers, nullcontext)
        connection.deserialize(image(migrated))
        furnish(SqlWorks(database), FakeClock())
        furnished = connection.serialize()

        def fresh() -> SqlWorks:
            connection.deserialize(furnished)
            return SqlWorks(database)

        yield fresh


def image(migrated: Path) -> bytes:
    """Of a database in memory there is no write-ahead log."""
    with closing(sqlite3.connect(migrated)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
        return connection.serialize()
