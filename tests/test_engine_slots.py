"""More at once than AWS takes: who waits costs nothing, nobody starves, and nobody is alarmed for what only takes its time."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from grants.errors import AwsBusy
from grants.model import Assignment, Holding, Request, Slot, State
from grants.slots import Outstanding
from tests import make
from tests.engine_room import Room
from tests.troubles import always

HOUR = timedelta(hours=1)


def full_of(room: Room, holding: Holding, count: int = 12) -> list[Assignment]:
    """AWS has so many operations of ours in hand, and does not come to an end."""
    later = room.clock() + 9 * HOUR
    rows = [
        Assignment(
            make.a_key(make.a_person(f"Busy{number}")), holding, later,
            slot=Slot.TAKEN, operation=f"op-{number}",
        )
        for number in range(count)
    ]  # fmt: skip
    with room.works() as work:
        for row in rows:
            work.assignments.add(row)
    return rows


def free(room: Room, rows: list[Assignment]) -> None:
    with room.works() as work:
        for row in rows:
            work.assignments.save(
                replace(row, holding=Holding.PRESENT, slot=Slot.NONE, operation="")
            )


def counted(room: Room) -> Counter[str]:
    """The calls to AWS from now on."""
    calls: Counter[str] = Counter()
    room.aws.before = lambda name: calls.update([name])
    return calls


def versions(room: Room, requests: list[Request]) -> list[int]:
    return [room.ledger(each).version for each in requests]


def test_whoever_waits_to_be_given_access_asks_aws_nothing(room: Room) -> None:
    full_of(room, Holding.CREATING)
    requests = [room.started(f"P{number}", duration=HOUR) for number in range(20)]
    room.rounds()
    calls, before = counted(room), versions(room, requests)

    room.passes(minutes=5)

    assert not calls
    assert versions(room, requests) == before


def test_sixty_starts_at_once_are_sixty_creates_and_a_list_before_and_after_each(
    room: Room,
) -> None:
    room.aws.takes = timedelta(seconds=10)
    calls = counted(room)

    requests = [room.started(f"P{number}", duration=9 * HOUR) for number in range(60)]
    room.passes(minutes=3)

    assert {room.state(each) for each in requests} == {State.ACTIVE}
    assert calls["create"] == 60
    assert calls["assigned"] == 120


def test_an_end_that_waits_writes_nothing_meanwhile(room: Room) -> None:
    requests = [room.active(f"P{number}", duration=HOUR) for number in range(5)]
    full_of(room, Holding.DELETING)
    for request in requests:
        room.closed(request)
    room.rounds()
    before = versions(room, requests)

    room.passes(minutes=5)

    assert versions(room, requests) == before
    assert {room.state(each) for each in requests} == {State.REVOKING}


def test_a_hundred_ends_at_once_alarm_nobody_as_long_as_they_go_on(room: Room) -> None:
    requests = [room.started(f"P{number}", duration=9 * HOUR) for number in range(100)]
    room.passes(minutes=3)
    room.aws.takes = timedelta(seconds=10)

    for request in requests:
        room.closed(request)
    room.passes(minutes=4)

    assert {room.state(each) for each in requests} == {State.REVOKED}
    assert room.alarms() == []


def test_ends_that_wait_for_a_quarter_of_an_hour_are_one_alarm(room: Room) -> None:
    requests = [room.active(f"P{number}", duration=HOUR) for number in range(5)]
    full_of(room, Holding.DELETING)
    for request in requests:
        room.closed(request)
    room.passes(minutes=14)
    assert room.alarms() == []

    room.passes(minutes=20)

    assert room.alarms() == ["backlog"]
    assert room.events().count("alarm.backlog") == 1


def test_ends_that_come_to_a_backlog_that_was_told_are_told_in_their_turn(room: Room) -> None:
    first, second = room.active("P1", duration=9 * HOUR), room.active("P2", duration=9 * HOUR)
    full_of(room, Holding.DELETING)
    room.closed(first)
    room.passes(minutes=16)

    room.closed(second)
    room.passes(minutes=16)

    assert room.alarms() == ["backlog", "backlog"]


def test_what_ended_while_the_bot_was_down_is_no_backlog_when_it_comes_back(room: Room) -> None:
    requests = [room.active(f"P{number}", duration=HOUR) for number in range(5)]
    room.clock.passes(days=3)
    room.jobs.ends = room.idle()

    room.jobs.round()

    assert {room.state(each) for each in requests} == {State.REVOKING}
    assert room.alarms() == []


def test_an_end_that_waited_and_then_fails_alarms_by_itself(room: Room) -> None:
    request = room.active(duration=9 * HOUR)
    others = full_of(room, Holding.DELETING)
    room.closed(request)
    room.passes(minutes=30)
    assert room.alarms() == ["backlog"]

    room.aws.before = always(AwsBusy("a previous write has not finished"), to="delete")
    free(room, others)
    room.passes(seconds=1)
    assert room.alarms() == ["backlog"]
    room.passes(minutes=1)

    assert room.alarms() == ["backlog", "overdue"]
    assert "alarm.overdue" in room.events()


def test_thousands_of_ends_leave_two_places_for_giving(room: Room) -> None:
    ending = [room.active(f"P{number}", duration=9 * HOUR) for number in range(30)]
    room.aws.takes = timedelta(minutes=1)
    for request in ending:
        room.closed(request)
    room.rounds()
    given = [room.started(f"N{number}", duration=HOUR) for number in range(4)]

    room.passes(minutes=2, seconds=30)

    assert [room.state(each) for each in given].count(State.ACTIVE) >= 2
    assert room.aws.crowded == 12


@pytest.mark.parametrize(
    ("outstanding", "ends", "giving"),
    [
        (Outstanding(0, 0, somebody_waits=False), 12, 8),
        (Outstanding(0, 0, somebody_waits=True), 10, 8),
        (Outstanding(8, 0, somebody_waits=True), 4, 0),
        (Outstanding(0, 10, somebody_waits=True), 0, 2),
        (Outstanding(1, 10, somebody_waits=True), 0, 1),
        (Outstanding(0, 11, somebody_waits=False), 1, 1),
        (Outstanding(8, 4, somebody_waits=True), 0, 0),
        (Outstanding(9, 6, somebody_waits=True), 0, 0),
    ],
)
def test_twelve_are_shared_out_and_neither_side_is_kept_from_its_own(
    outstanding: Outstanding, ends: int, giving: int
) -> None:
    assert (outstanding.for_ends, outstanding.for_giving) == (ends, giving)


# What waited is given as of now, not as of then


def test_whoever_waited_for_a_slot_is_checked_again_before_access_is_given(room: Room) -> None:
    others = full_of(room, Holding.CREATING)
    request = room.started(duration=HOUR)
    room.passes(minutes=5)
    room.jobs.engine = replace(room.engine(), why_not=lambda _: "left the group")

    free(room, others)
    room.passes(minutes=1)

    assert room.state(request) is State.FAILED
    assert room.row(request).reason == "left the group"
    assert room.aws.begun(request.key, creates=True) == 0


def test_what_was_just_checked_is_not_checked_twice(room: Room) -> None:
    room.jobs.engine = replace(room.engine(), why_not=lambda _: "checked twice")

    request = room.active(duration=HOUR)

    assert room.state(request) is State.ACTIVE


def test_the_time_that_was_spent_waiting_for_a_slot_makes_nothing_fail(room: Room) -> None:
    others = full_of(room, Holding.CREATING)
    request = room.started(duration=HOUR)
    room.passes(minutes=30)
    assert room.state(request) is State.GRANTING

    room.aws.before = always(AwsBusy("a previous write has not finished"), to="create")
    free(room, others)
    room.passes(minutes=9)
    assert room.state(request) is State.GRANTING
    room.passes(minutes=2)

    assert room.state(request) is State.FAILED


def test_given_back_while_it_waits_for_a_slot_it_is_over_at_once(room: Room) -> None:
    full_of(room, Holding.CREATING)
    request = room.started(duration=HOUR)
    room.rounds()

    room.closed(request)
    room.rounds()

    assert room.state(request) is State.REVOKED
    assert room.aws.begun(request.key, creates=True) == 0


def test_wanted_again_while_its_end_waits_for_a_slot_it_stays(room: Room) -> None:
    first = room.active(duration=9 * HOUR)
    full_of(room, Holding.DELETING)
    room.closed(first)
    room.rounds()

    second = room.started(duration=HOUR)
    room.rounds()

    assert room.state(first) is State.REVOKED
    assert room.state(second) is State.ACTIVE
    assert room.aws.holds(second.key)
