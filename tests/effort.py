"""What a statement costs the database, counted: SQLite's steps, and the blocks that PostgreSQL looks at."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

from sqlalchemy import Connection, event, text

from storage.engine import Database

EXPLAINED = {"SELECT", "INSERT", "UPDATE", "DELETE", "WITH"}
A_ROW = 4
"""Blocks that a row may take which is asked for: a few of an index, and its own."""
A_FEW = 4
"""Executions of each statement that PostgreSQL explains."""


@dataclass
class Effort:
    """The most that one execution of each statement took."""

    of: dict[str, int] = field(default_factory=dict)
    database: ClassVar[str]

    def note(self, statement: str, work: int) -> None:
        self.of[statement] = max(self.of.get(statement, 0), work)

    def before(self, connection: Connection, _: Any, statement: str, given: Any, *__: Any) -> None:
        """`before_cursor_execute`."""
        raise NotImplementedError


class Steps(Effort):
    """Of SQLite's machine."""

    GRAIN: ClassVar = 200
    ENOUGH: ClassVar = 500
    """Fewer are no scan."""

    def before(self, connection: Connection, _: Any, statement: str, given: Any, *__: Any) -> None:
        taken = 0

        def step() -> None:
            nonlocal taken
            taken += self.GRAIN
            self.note(statement, taken)

        self.note(statement, 0)
        raw: Any = connection.connection.dbapi_connection
        raw.set_progress_handler(step, self.GRAIN)


class Blocks(Effort):
    """Of PostgreSQL's tables and indexes, as it says after doing it once more."""

    ENOUGH: ClassVar = 150
    """A list of a hundred looks at as many of each state."""
    seen: Counter[str]

    def __init__(self) -> None:
        super().__init__()
        self.seen = Counter()

    def before(self, connection: Connection, _: Any, statement: str, given: Any, *__: Any) -> None:
        self.seen[statement] += 1
        verb = statement.split()[0]
        if verb not in EXPLAINED or self.seen[statement] > A_FEW:
            return
        raw: Any = connection.connection.dbapi_connection
        with raw.cursor() as cursor:
            one = given[0] if isinstance(given, list) else given
            cursor.execute("SAVEPOINT looked_at")
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", one)
            plan = cursor.fetchone()[0][0]["Plan"]
            cursor.execute("ROLLBACK TO SAVEPOINT looked_at")
        looked_at: int = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
        self.note(statement, max(0, looked_at - A_ROW * plan["Actual Rows"]))


@contextmanager
def watched(database: Database) -> Iterator[Steps | Blocks]:
    effort = Steps() if database.writers.dialect.name == "sqlite" else Blocks()
    for engine in (database.writers, database.readers):
        event.listen(engine, "before_cursor_execute", effort.before)
    try:
        yield effort
    finally:
        for engine in (database.writers, database.readers):
            event.remove(engine, "before_cursor_execute", effort.before)


def as_a_server_would(db: Connection) -> None:
    """PostgreSQL's autovacuum, which is off in tests, tells it how long its tables are."""
    if db.dialect.name == "postgresql":
        db.execute(text("ANALYZE"))
