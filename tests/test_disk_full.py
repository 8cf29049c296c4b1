"""SQLite's disk is full: people hear that it was not recorded, and all goes on when there is room."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import pytest
from sqlalchemy import Connection, event

from grants.model import RequestId, State
from tests.soundness import deletes, sound
from tests.standins.slack import Outcome
from tests.world import POLICIES, World

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])

PROD = "payments-prod · AdministratorAccess"
WEB = "web-prod · ReadOnlyAccess"
NOT_YET = "Not recorded yet. Press again: it is safe."
MOST_PAGES = 1_073_741_823


@contextmanager
def a_full_disk(world: World) -> Iterator[None]:
    """Not one page more than there is: what needs room is refused as by a disk that has none."""
    writers = world.storage.database.writers

    def full(connection: Connection) -> None:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")

    event.listen(writers, "begin", full)
    try:
        yield
    finally:
        event.remove(writers, "begin", full)
        with world.storage.database.writing() as connection:
            connection.exec_driver_sql(f"PRAGMA max_page_count={MOST_PAGES}")


def until_nothing_fits(world: World) -> tuple[list[str], str, Outcome]:
    """bob asks on; what was acknowledged, the last justification, and what he hears of that."""
    taken: list[str] = []
    for number in count():
        why = f"reason {number} {'x' * 400}"
        outcome = world.sends("bob", WEB, Justification=why)
        if not outcome.closed:
            return taken, why, outcome
        taken.append(why)
    raise AssertionError


def until_she_hears(world: World, waiting: list[RequestId]) -> RequestId:
    """eve approves one after the other: a vote is small, and some may fit in what pages have left."""
    for request in waiting:
        world["eve"].click(world.card(request), "Approve")
        if world.whispers("eve"):
            return request
    raise AssertionError("everything fitted")


def whole(world: World) -> bool:
    with world.storage.database.reading() as connection:
        found = connection.exec_driver_sql("PRAGMA integrity_check").scalar_one()
    return bool(found == "ok")


def reasons(world: World) -> list[str]:
    return [request.justification for request in world.requests()]


def test_whoever_presses_hears_that_it_was_not_recorded_and_presses_again_when_there_is_room(
    world: World,
) -> None:
    world.policies(POLICIES.replace("  reminder", "  max_open_requests: 200\n  reminder"))
    waiting = [world.asks("bob", PROD) for _ in range(20)]
    with a_full_disk(world):
        taken, refused, heard = until_nothing_fits(world)
        asked = until_she_hears(world, waiting)

        assert list(heard.errors.values()) == [NOT_YET]
        assert world.whispers("eve") == [NOT_YET]
        assert world.state(asked) is State.PENDING
        assert whole(world)

    assert world["bob"].submit().closed
    world["eve"].click(world.card(asked), "Approve")
    world.passes(seconds=3)

    assert sorted(reasons(world)) == sorted([*["the disk is full"] * 20, *taken, refused])
    assert world.state(asked) is State.ACTIVE
    assert whole(world)
    sound(world)


def test_what_ends_meanwhile_is_taken_away_as_soon_as_there_is_room(world: World) -> None:
    held = world.active("bob", PROD)
    with a_full_disk(world):
        until_nothing_fits(world)
        world.clock.passes(hours=2)
        world.jobs.round()

        assert world.state(held) in {State.ACTIVE, State.REVOKING}
        assert whole(world)

    world.passes(minutes=3)

    assert world.state(held) is State.ENDED
    assert not world.has_access("bob", "payments-prod", "AdministratorAccess")
    assert len(deletes(world)) == 1
    sound(world)
