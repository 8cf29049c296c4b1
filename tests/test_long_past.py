"""However much was asked for in the past, nothing that people or the loops do reads more of it.

Counted, not timed: what SQLite steps through, and the blocks that PostgreSQL looks at, for each statement of one life
after another, between which the past grows sevenfold.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar

from sqlalchemy import Connection, event, text

from storage.engine import Database
from tests import make
from tests.past import a_past, asked
from tests.world import World

LOOKS = {
    "bob": ["mine"],
    "eve": ["approvals", "active"],
    "aud": ["audit"],
    "ada": ["active", "admin"],
}
SHORT, LONG = 200, 1200
"""So often everything was asked for. The lists that people look at are full after the short one."""
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


def a_day(world: World) -> None:
    """What people do and look at, and what the loops do besides, until everything has come to its end."""
    asked(world)
    for who, words in LOOKS.items():
        world[who].open_home()
        for word in words:
            world[who].command(word, "general")
    world.passes(minutes=30)
    world.sweep.round()
    world.passes(hours=2)
    with world.works() as work:
        work.outbox.forget(world.clock() - timedelta(days=7), limit=100)
        work.acted.forget(world.clock() - timedelta(days=7), limit=100)


def test_a_past_that_is_seven_times_as_long_is_looked_at_no_more(world: World) -> None:
    others = [make.a_person("P0")], [make.a_target(make.an_account(f"{0:012d}"))]
    past = a_past(world, *others)
    database = world.storage.database
    with database.writing() as db:
        past.make(db, SHORT)
        _as_a_server_would(db)
    with watched(database) as short:
        a_day(world)

    with database.writing() as db:
        past.make(db, LONG)
        _as_a_server_would(db)
    with watched(database) as long:
        a_day(world)

    grown = {
        statement: (short.of[statement], work)
        for statement, work in long.of.items()
        if statement in short.of and work > 2 * short.of[statement] + long.ENOUGH
    }
    assert grown == {}
    assert len(long.of) > 90


def _as_a_server_would(db: Connection) -> None:
    """PostgreSQL's autovacuum, which is off in tests, tells it how long its tables are."""
    if db.dialect.name == "postgresql":
        db.execute(text("ANALYZE"))
