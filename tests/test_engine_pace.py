"""At most twelve operations at once, with room for ends kept free, and none of it makes us forget a lost answer."""

from dataclasses import replace
from datetime import timedelta

from grants.errors import AwsBusy, AwsFault, AwsUnsure
from grants.model import Assignment, Holding, Move, Request, Role, Slot, State
from tests import make
from tests.engine_room import Room
from tests.memory_identity_center import Trouble

HOUR = timedelta(hours=1)


def busy_with(room: Room, count: int, holding: Holding = Holding.CREATING) -> None:
    """AWS has so many operations of ours in hand."""
    with room.works() as work:
        for number in range(count):
            key = make.a_key(make.a_person(f"Busy{number}"))
            later, operation = room.clock() + HOUR, f"op-{number}"
            row = Assignment(key, holding, later, slot=Slot.TAKEN, operation=operation)
            work.assignments.add(row)


def unsure_about(room: Room, count: int) -> None:
    """The answers to so many creates were lost, and looking found nothing so far."""
    with room.works() as work:
        for number in range(count):
            key = make.a_key(make.a_person(f"Lost{number}"))
            later = room.clock() + HOUR
            row = Assignment(key, Holding.ABSENT, later, attempts=1, may_appear_until=later)
            work.assignments.add(row)


def test_thirty_starts_at_once_leave_room_for_ends(room: Room) -> None:
    room.aws.takes = timedelta(seconds=3)

    requests = [room.approved(f"P{number}", duration=HOUR) for number in range(30)]
    room.passes(minutes=3)

    assert {room.state(request) for request in requests} == {State.ACTIVE}
    assert room.aws.crowded == 8


def test_thirty_ends_at_once_are_twelve_at_a_time_and_all_done(room: Room) -> None:
    requests = [room.approved(f"P{number}", duration=HOUR) for number in range(30)]
    room.passes(minutes=3)
    room.aws.takes = timedelta(seconds=3)

    room.passes(hours=1, minutes=3)

    assert {room.state(request) for request in requests} == {State.ENDED}
    assert room.aws.crowded == 12
    assert room.aws.there == set()


def test_an_end_does_not_wait_for_creations_that_take_long(room: Room) -> None:
    request = room.active(duration=timedelta(minutes=5))
    room.passes(minutes=4, seconds=50)
    room.aws.takes = timedelta(minutes=1)
    for number in range(20):
        room.started(f"P{number}")

    room.passes(seconds=10)

    assert room.aws.begun(request.key, creates=False) == 1


def test_answers_that_were_lost_do_not_keep_ends_waiting(room: Room) -> None:
    request = room.active(duration=timedelta(minutes=5))
    unsure_about(room, 20)

    room.passes(minutes=5)

    assert room.state(request) is State.ENDED


def test_a_start_waits_for_a_free_place_and_does_not_fail(room: Room) -> None:
    busy_with(room, 12)
    request = room.started()
    room.passes(minutes=1)
    assert room.state(request) is State.GRANTING
    assert room.aws.operations == []

    with room.works() as work:
        for number in range(12):
            row = work.assignments.get(make.a_key(make.a_person(f"Busy{number}")))
            assert row is not None
            work.assignments.save(
                replace(row, operation="", slot=Slot.NONE, holding=Holding.PRESENT)
            )
    room.passes(seconds=10)

    assert room.state(request) is State.ACTIVE


def test_a_late_create_is_ours_also_when_there_was_no_place_to_ask_again(room: Room) -> None:
    room.aws.before = lost_once("create")
    request = room.started(duration=HOUR)
    room.rounds()
    busy_with(room, 12)
    room.passes(seconds=4)

    room.aws.there.add(request.key)
    room.passes(seconds=40)

    assert room.state(request) is State.ACTIVE
    assert not room.row(request).standing
    room.passes(hours=2)
    assert not room.aws.holds(request.key)


def test_given_back_with_no_place_to_ask_again_a_late_create_is_caught(room: Room) -> None:
    room.aws.before = lost_once("create")
    request = room.started(duration=HOUR)
    room.rounds()
    busy_with(room, 12)
    room.passes(seconds=4)
    room.closed(request)
    room.passes(minutes=1)
    assert room.state(request) is State.REVOKING

    room.aws.there.add(request.key)
    with room.works() as work:
        for number in range(12):
            row = work.assignments.get(make.a_key(make.a_person(f"Busy{number}")))
            assert row is not None
            work.assignments.save(
                replace(row, operation="", slot=Slot.NONE, holding=Holding.PRESENT)
            )
    room.passes(minutes=1)

    assert room.state(request) is State.REVOKED
    assert not room.aws.holds(request.key)


def test_given_back_right_before_it_is_asked_again_a_late_create_is_caught(room: Room) -> None:
    room.aws.before = lost_once("create")
    request = room.started(duration=HOUR)
    room.rounds()
    room.clock.passes(seconds=2)

    def gives_back(request: Request) -> str:
        room.closed(request)
        return ""

    replace(room.engine(), why_not=gives_back).reconcile(request.key)
    room.passes(minutes=1)
    assert room.state(request) is State.REVOKING
    room.aws.there.add(request.key)
    room.passes(minutes=1)

    assert room.state(request) is State.REVOKED
    assert not room.aws.holds(request.key)


def test_aws_is_out_of_reach_after_a_create_and_the_grant_fails_after_ten_minutes(
    room: Room,
) -> None:
    room.aws.takes = timedelta(seconds=3)
    request = room.started()
    room.rounds()
    room.aws.before = always(AwsUnsure("AWS did not answer in time."))

    room.passes(minutes=9)
    assert room.state(request) is State.GRANTING
    room.passes(minutes=2)
    assert room.row(request).because is State.FAILED

    room.aws.before = lambda _: None
    room.passes(minutes=20)
    assert room.state(request) is State.FAILED
    assert not room.aws.holds(request.key)


def test_aws_is_out_of_reach_for_an_hour_after_a_lost_create_and_nothing_stays(room: Room) -> None:
    room.aws.after = lost_once("create")
    request = room.started()
    room.rounds()
    room.aws.before = always(AwsUnsure("AWS did not answer in time."))
    room.clock.passes(hours=1)
    room.rounds()

    room.aws.before = lambda _: None
    room.passes(minutes=5)

    assert room.state(request) is State.FAILED
    assert not room.aws.holds(request.key)


def test_what_may_still_come_alarms_a_minute_after_it_was_given_back(room: Room) -> None:
    room.aws.before = lost_once("create")
    request = room.started()
    room.rounds()
    room.closed(request)

    room.passes(seconds=59)
    assert "alarm.overdue" not in room.events()

    room.passes(seconds=1)
    assert room.events().count("alarm.overdue") == 1


def test_a_list_that_lags_once_takes_nothing_away(room: Room) -> None:
    request = room.active(duration=HOUR)
    room.clock.now = room.jobs.next_due() or room.clock()
    room.aws.forget(request.requester.user_id)
    room.rounds()
    room.aws.there.add(request.key)
    room.passes(minutes=1)

    assert room.state(request) is State.ACTIVE
    room.passes(hours=1)
    assert room.state(request) is State.ENDED
    assert not room.aws.holds(request.key)


def test_one_that_is_busy_ten_minutes_does_not_keep_the_next_request_from_its_own(
    room: Room,
) -> None:
    room.aws.before = always(AwsBusy("a previous write has not finished"), to="create")
    first = room.started()
    room.passes(minutes=11)
    assert room.state(first) is State.FAILED

    second = room.started()
    room.passes(minutes=9)
    assert room.state(second) is State.GRANTING
    room.aws.before = lambda _: None
    room.passes(minutes=1)
    assert room.state(second) is State.ACTIVE


def test_revoked_in_the_same_instant_as_it_is_confirmed_it_goes(room: Room) -> None:
    room.aws.takes = timedelta(seconds=1)
    request = room.started()
    room.rounds()
    room.closed(request, Move.REVOKE, Role.APPROVER)

    room.passes(minutes=1)

    assert room.moves(request) == [Move.START, Move.REVOKE, Move.GONE]
    assert not room.aws.holds(request.key)


def always(fault: AwsFault, to: str = "") -> Trouble:
    return lambda name: fault if name.startswith(to) else None


def lost_once(to: str) -> Trouble:
    left = iter([AwsUnsure("the connection broke")])
    return lambda name: next(left, None) if name == to else None
