"""AWS may carry out what it did not answer, and lists may lag: what comes late is still ours, and so is what goes."""

from datetime import timedelta

import pytest

from grants import pace
from grants.errors import AwsBusy, AwsRefused, AwsUnsure
from grants.model import Holding, State
from tests.engine_room import Room
from tests.memory_identity_center import Trouble
from tests.troubles import always, first, lost_once

HOUR = timedelta(hours=1)


# A removal without an answer


def test_a_removal_that_was_carried_out_unanswered_is_not_sent_again(room: Room) -> None:
    request = room.active(duration=HOUR)
    room.aws.after = lost_once("delete")

    room.closed(request)
    room.passes(minutes=1)

    assert room.state(request) is State.REVOKED
    assert room.aws.begun(request.key, creates=False) == 1


def test_a_removal_without_an_answer_is_found_while_it_is_under_way(room: Room) -> None:
    request = room.active(duration=HOUR)
    room.aws.takes = timedelta(seconds=40)
    room.aws.after = lost_once("delete")

    room.closed(request)
    room.passes(minutes=1)

    assert room.state(request) is State.REVOKED
    assert room.aws.begun(request.key, creates=False) == 1


def test_a_removal_that_never_arrived_is_sent_again_after_looking(room: Room) -> None:
    request = room.active(duration=HOUR)
    room.aws.before = lost_once("delete")

    room.closed(request)
    room.rounds()
    assert room.aws.holds(request.key)
    room.passes(seconds=5)

    assert room.state(request) is State.REVOKED
    assert not room.aws.holds(request.key)


def test_where_aws_will_not_say_what_is_under_way_the_list_decides_after_two_minutes(
    room: Room,
) -> None:
    request = room.active(duration=HOUR)
    room.aws.before = denied_after_a_lost("delete")

    room.closed(request)
    room.passes(minutes=1, seconds=50)
    assert room.state(request) is State.REVOKING
    room.passes(minutes=1)

    assert room.state(request) is State.REVOKED
    assert not room.aws.holds(request.key)


def test_a_creation_that_aws_will_not_tell_of_is_asked_for_again_after_two_minutes(
    room: Room,
) -> None:
    room.aws.before = denied_after_a_lost("create")

    request = room.started(duration=HOUR)
    room.passes(minutes=3)

    assert room.state(request) is State.ACTIVE
    assert room.aws.holds(request.key)


@pytest.mark.parametrize(("name", "ends"), [("creation", False), ("deletion", True)])
def test_an_operation_that_aws_will_not_describe_is_settled_by_the_list(
    room: Room, name: str, ends: bool
) -> None:
    request = (room.active if ends else room.started)(duration=HOUR)
    room.aws.before = always(AwsRefused("not authorized"), to=name)

    for each in [request] * ends:
        room.closed(each)
    room.passes(minutes=3)

    assert room.aws.holds(request.key) is not ends
    assert room.state(request) is (State.REVOKED if ends else State.ACTIVE)


def test_what_passes_by_itself_does_not_have_a_removal_sent_again(room: Room) -> None:
    request = room.active(duration=HOUR)
    room.aws.after = lost_once("delete")
    room.closed(request)
    room.rounds()
    room.clock.passes(minutes=3)
    room.aws.create(request.key)
    room.aws.before = first(AwsBusy("Rate exceeded"), to="listed")

    room.passes(minutes=5)

    assert room.aws.begun(request.key, creates=False) == 1
    assert room.aws.holds(request.key)


def denied_after_a_lost(write: str) -> Trouble:
    """One write is lost on its way, and what is under way is not told, for ever."""
    lost, denied = lost_once(write), always(AwsRefused("not authorized"), to="listed")
    return lambda name: lost(name) or denied(name)


def test_what_somebody_else_gives_after_our_removal_is_left_to_them_and_told(room: Room) -> None:
    request = room.active(duration=HOUR)
    room.aws.after = lost_once("delete")
    room.closed(request)
    room.rounds()

    room.clock.passes(seconds=2)
    room.aws.create(request.key)
    room.passes(minutes=5)

    assert room.state(request) is State.REVOKED
    assert room.aws.holds(request.key)
    assert room.aws.begun(request.key, creates=False) == 1
    assert room.held(request.key) is Holding.ABSENT
    assert "given_by_others" in room.alarms()
    assert room.events().count("alarm.given_by_others") == 1


def test_what_is_left_to_others_was_gone_before_they_gave_it(room: Room) -> None:
    """Whoever asks CloudTrail whose it is finds their call, and not our own before it."""
    request = room.active(duration=HOUR)
    room.aws.after = lost_once("delete")
    room.clock.passes(minutes=10)
    room.closed(request)
    room.rounds()
    room.clock.passes(seconds=2)
    given = room.clock()
    room.aws.create(request.key)
    room.passes(minutes=5)

    gone = room.ledger(request).absent_seen_at

    assert gone is not None
    assert given - timedelta(seconds=3) <= gone <= given


def test_what_aws_still_lists_and_nobody_gave_is_removed_again(room: Room) -> None:
    request = room.active(duration=HOUR)
    room.closed(request)
    room.rounds()

    room.clock.passes(seconds=1)
    room.aws._settle()
    room.aws.there.add(request.key)
    room.passes(minutes=5)

    assert room.state(request) is State.REVOKED
    assert not room.aws.holds(request.key)


def test_a_removal_that_comes_late_takes_nothing_from_whoever_holds_it_by_now(room: Room) -> None:
    earlier = room.active(duration=HOUR)
    room.aws.before = lost_once("delete")
    room.closed(earlier)
    room.rounds()
    request = room.started(duration=HOUR)
    room.passes(seconds=10)
    assert room.state(request) is State.ACTIVE

    room.aws.there.discard(request.key)
    room.passes(minutes=1)

    assert room.state(earlier) is State.REVOKED
    assert room.state(request) is State.ACTIVE
    assert room.aws.holds(request.key)
    room.passes(hours=1)
    assert room.state(request) is State.ENDED
    assert not room.aws.holds(request.key)


def test_a_removal_that_comes_after_a_second_one_and_a_new_grant_takes_nothing(room: Room) -> None:
    earlier = room.active(duration=HOUR)
    room.aws.before = lost_once("delete")
    room.closed(earlier)
    room.passes(seconds=10)
    assert room.state(earlier) is State.REVOKED
    request = room.active(duration=HOUR)

    room.aws.there.discard(request.key)
    room.passes(minutes=1)

    assert room.state(request) is State.ACTIVE
    assert room.aws.holds(request.key)


def test_a_create_of_ours_that_comes_after_our_removal_is_not_left_as_somebody_elses(
    room: Room,
) -> None:
    request = room.started(duration=HOUR)
    room.aws.before = lost_once("create")
    room.passes(minutes=1)
    assert room.state(request) is State.ACTIVE
    room.aws.takes = timedelta(seconds=2)
    room.closed(request)
    room.rounds()
    room.clock.passes(seconds=3)

    room.aws.create(request.key)  # The first one, carried out only now.
    room.clock.passes(seconds=3)
    room.passes(minutes=20)

    assert room.state(request) is State.REVOKED
    assert not room.aws.holds(request.key)


def test_what_is_gone_long_after_was_taken_by_somebody_else(room: Room) -> None:
    earlier = room.active(duration=HOUR)
    room.aws.before = lost_once("delete")
    room.closed(earlier)
    room.rounds()
    request = room.started(duration=HOUR)
    room.passes(minutes=16)

    room.aws.there.discard(request.key)
    room.passes(minutes=16)

    assert room.state(request) is State.REVOKED
    assert room.row(request).reason == "removed outside Elevate"


def test_what_cannot_be_given_anew_is_over_and_says_why(room: Room) -> None:
    earlier = room.active(duration=HOUR)
    room.aws.before = lost_once("delete")
    room.closed(earlier)
    room.rounds()
    request = room.started(duration=HOUR)
    room.passes(seconds=10)

    room.aws.there.discard(request.key)
    room.aws.before = first(AwsRefused("no longer allowed"), to="create")
    room.passes(minutes=1)

    assert room.state(request) is State.REVOKED
    assert room.row(request).reason == "no longer allowed"


# A create without an answer


def test_a_create_that_comes_after_another_one_was_answered_and_removed_is_caught(
    room: Room,
) -> None:
    room.aws.before = lost_once("create")
    request = room.started(duration=timedelta(minutes=1))
    room.passes(minutes=3)
    assert room.state(request) is State.ENDED

    room.aws.there.add(request.key)
    room.passes(minutes=1)

    assert not room.aws.holds(request.key)


def test_a_create_that_comes_after_another_one_failed_is_caught(room: Room) -> None:
    room.aws.before = first(AwsUnsure("silence"), AwsRefused("not allowed"), to="create")
    request = room.started(duration=HOUR)
    room.passes(minutes=1)
    assert room.row(request).because is State.FAILED

    room.aws.there.add(request.key)
    room.passes(minutes=1)

    assert room.state(request) is State.FAILED
    assert not room.aws.holds(request.key)


def test_what_never_comes_is_not_watched_for_ever(room: Room) -> None:
    room.aws.before = lost_once("create")
    request = room.started(duration=timedelta(minutes=1))

    room.passes(minutes=20)

    assert room.ledger(request).due_at is None
    assert room.ledger(request).may_appear_until is None


def test_a_create_that_comes_late_is_whose_who_asks_next(room: Room) -> None:
    room.aws.before = lost_once("create")
    earlier = room.started(duration=timedelta(minutes=1))
    room.passes(minutes=3)
    assert room.state(earlier) is State.ENDED

    room.aws.there.add(earlier.key)
    request = room.started(duration=HOUR)
    room.passes(seconds=5)

    assert room.state(request) is State.ACTIVE
    assert not room.row(request).standing
    room.passes(hours=1)
    assert not room.aws.holds(request.key)


# Lists that lag


def test_somebody_who_asks_does_not_hasten_the_second_look(room: Room) -> None:
    request = room.active(duration=2 * HOUR)
    room.clock.now = room.ledger(request).due_at or room.clock()
    room.aws.unlisted = {request.requester.user_id}
    room.jobs.round()

    another = room.started(duration=HOUR)
    room.rounds()
    room.clock.passes(seconds=1)
    room.aws.unlisted = set()
    room.passes(minutes=1)

    assert room.state(request) is State.ACTIVE
    assert room.state(another) is State.ACTIVE
    room.passes(hours=2)
    assert not room.aws.holds(request.key)


def test_what_reappears_after_it_had_vanished_is_ours_and_goes(room: Room) -> None:
    request = room.active(duration=2 * HOUR)
    room.aws.unlisted = {request.requester.user_id}
    room.passes(minutes=16)
    assert room.state(request) is State.REVOKED

    room.aws.unlisted = set()
    room.passes(minutes=1)

    assert not room.aws.holds(request.key)


def test_what_reappears_for_whoever_asks_next_is_not_standing(room: Room) -> None:
    request = room.active(duration=2 * HOUR)
    room.aws.unlisted = {request.requester.user_id}
    room.passes(minutes=16)
    room.aws.unlisted = set()

    another = room.active(duration=HOUR)

    assert not room.row(another).standing
    room.passes(hours=1)
    assert not room.aws.holds(another.key)


def test_a_standing_one_that_vanishes_and_reappears_is_standing(room: Room) -> None:
    request = room.approved(duration=2 * HOUR)
    room.aws.there.add(request.key)
    room.passes(seconds=1)
    room.aws.unlisted = {request.requester.user_id}
    room.passes(minutes=16)
    assert room.state(request) is State.REVOKED
    room.aws.unlisted = set()

    another = room.active(duration=HOUR)
    room.passes(hours=2)

    assert room.row(another).standing
    assert room.aws.holds(another.key)


def test_routine_looks_are_spread_and_none_is_later_than_a_quarter_of_an_hour(room: Room) -> None:
    requests = [room.started(f"P{number}", duration=9 * HOUR) for number in range(30)]
    room.passes(minutes=3)

    after = {room.ledger(each).due_at for each in requests}

    assert len(after) > 20
    assert max(due for due in after if due) <= room.clock() + pace.LOOK_AGAIN
