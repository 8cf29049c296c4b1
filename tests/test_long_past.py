"""However much was asked for in the past, nothing that people or the loops do reads more of it.

Counted, not timed: what SQLite steps through, and the blocks that PostgreSQL looks at, for each statement of one life
after another, between which the past grows sevenfold.
"""

from grants.retention import forget
from tests import make
from tests.effort import as_a_server_would, watched
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
    forget(world.works, world.clock())


def test_a_past_that_is_seven_times_as_long_is_looked_at_no_more(world: World) -> None:
    others = [make.a_person("P0")], [make.a_target(make.an_account(f"{0:012d}"))]
    past = a_past(world, *others)
    database = world.storage.database
    with database.writing() as db:
        past.make(db, SHORT)
        as_a_server_would(db)
    with watched(database) as short:
        a_day(world)

    with database.writing() as db:
        past.make(db, LONG)
        as_a_server_would(db)
    with watched(database) as long:
        a_day(world)

    grown = {
        statement: (short.of[statement], work)
        for statement, work in long.of.items()
        if statement in short.of and work > 2 * short.of[statement] + long.ENOUGH
    }
    assert grown == {}
    assert len(long.of) >= 90
