"""Who does something wakes the loops for which it may be due, and those alone."""

from collections.abc import Iterator
from typing import Any

import pytest

from bot.meters import Meters
from bot.run import Part, Process
from tests.world import World

AT_ONCE = {"jobs", "outbox", "cuts"}


@pytest.fixture
def process(world: World) -> Iterator[Process]:
    """Put together, and never started."""
    settings = world.settings.model_copy(update={"port": 0})
    process = Process(settings, Part.ALL, world.storage, world.ports, Meters())
    yield process
    for door in process._server._doors:
        door.task_dispatcher.shutdown(timeout=10)
        door.close()


def woken(process: Process) -> set[str]:
    """Since it was asked last."""
    loops = [loop for loop in process._schedule._loops if loop._kick.is_set()]
    for loop in loops:
        loop._kick.clear()
    return {loop.name for loop in loops}


def of(process: Process, name: str) -> Any:
    """What comes round in this loop."""
    (loop,) = (loop for loop in process._schedule._loops if loop.name == name)
    return loop._round.do.__self__  # type: ignore[attr-defined]  # a method of it


def test_what_people_do_and_each_step_of_a_grant_is_seen_to_at_once(process: Process) -> None:
    for wakes in (
        process.slack.front.desk.wake,
        process.slack.front.review.wake,
        process.slack.front.closing.wake,
        process.slack.front.reminding.wake,
        process._jobs.ends._wake,
        process._jobs.grants._wake,
        process._jobs.pages.crew._wake,
    ):
        wakes()
        assert woken(process) == AT_ONCE


def test_what_was_told_wakes_only_who_tells(process: Process) -> None:
    process.slack.announcer.crew._wake()

    assert woken(process) == {"outbox"}


def test_a_piece_of_the_catalogue_is_followed_by_the_next_and_is_indexed(process: Process) -> None:
    of(process, "catalogue").crew._wake()

    assert woken(process) == {"catalogue", "indexes", "outbox"}


def test_what_a_sweep_finds_is_seen_to_at_once(process: Process) -> None:
    of(process, "sweep").crew._wake()

    assert woken(process) == {"sweep", *AT_ONCE}
