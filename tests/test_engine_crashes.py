"""The process dies at any instant, loses its lease or has a rival: nothing is lost, doubled or left past its end."""

from contextlib import suppress
from datetime import timedelta

from grants import pace
from grants.errors import AwsUnsure
from grants.model import Holding, Move, State
from tests.engine_room import Doom, Killed, Room

INSTANTS = 90
"""More than a whole life has; a life that runs through without dying is as good a case."""
LIFE = [Move.START, Move.CONFIRM, Move.FINISH, Move.GONE]


def died_at(room: Room, at: int, *, seconds: float) -> Doom:
    """A life in which the process dies once, and another one takes over so many seconds later."""
    room.aws.takes = timedelta(seconds=2)
    doom = Doom(at)
    request = room.approved(f"P{at}", duration=timedelta(minutes=5))
    with suppress(Killed):
        room.passes(room.process(doom), minutes=6)
    room.clock.passes(seconds=seconds)
    room.rounds()
    room.passes(minutes=10)

    row = room.row(request)
    assert row.state is State.ENDED, at
    assert not row.standing, at
    assert row.ends_at is not None
    assert row.ended_at is not None
    assert row.ended_at - row.ends_at <= timedelta(seconds=60 + seconds), at
    assert room.moves(request) == LIFE, at
    assert room.held(row.key) is Holding.ABSENT, at
    assert not room.aws.holds(row.key), at
    assert room.aws.begun(row.key, creates=True) == 1, at
    assert room.aws.begun(row.key, creates=False) == 1, at
    return doom


def test_killed_at_any_instant_and_the_lease_runs_out(room: Room) -> None:
    longer = pace.LEASE.total_seconds() + 1

    dooms = [died_at(room, at, seconds=longer) for at in range(1, INSTANTS, 3)]

    assert dooms[-1].passed < INSTANTS


def test_killed_at_any_instant_and_another_process_starts_at_once(room: Room) -> None:
    for at in range(2, 76, 3):
        with suppress(Killed):
            request = room.approved(f"Q{at}", duration=timedelta(minutes=5))
            room.passes(room.process(Doom(at)), minutes=6)
        room.works.forget_leases()
        room.passes(minutes=10)

        assert room.moves(request) == LIFE, at
        assert room.aws.begun(request.key, creates=True) == 1, at
        assert not room.aws.holds(request.key), at


def test_a_removal_whose_answer_was_lost_is_found_by_a_clock_that_is_ahead(room: Room) -> None:
    first = room.active(duration=timedelta(hours=1))
    room.aws.clock = lambda: room.clock() - timedelta(seconds=20)
    room.aws.takes = timedelta(seconds=30)
    lost = iter([AwsUnsure("the connection broke")])
    room.aws.after = lambda name: next(lost, None) if name == "delete" else None
    room.closed(first)
    room.rounds()

    second = room.started(duration=timedelta(hours=1))
    room.passes(minutes=2)

    assert room.state(first) is State.REVOKED
    assert room.state(second) is State.ACTIVE
    assert room.aws.holds(second.key)
