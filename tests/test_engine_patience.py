"""Each grant is waited for as long as any other, a look that fails costs nothing, and what nobody foresaw waits before it is tried again."""

from datetime import timedelta
from typing import Any

import pytest

from grants import pace
from grants.aws.clients import PATIENT
from grants.errors import AwsBusy, AwsUnsure, NoLongerGiven, Why
from grants.model import Holding, Lane, Request, Slot, State
from grants.policy import PolicyBook
from tests.engine_room import Room
from tests.troubles import always, first, throttled

HOUR = timedelta(hours=1)
BUSY = AwsBusy("Rate exceeded", code="ThrottlingException")


# Looks that fail


def test_a_throttled_poll_forgets_nothing_of_the_removal_under_way(room: Room) -> None:
    request = room.active(duration=HOUR)
    room.aws.takes = timedelta(seconds=20)
    room.aws.before = first(BUSY, BUSY, BUSY, to="deletion")

    room.closed(request)
    room.passes(seconds=4)
    assert room.ledger(request).operation
    assert room.ledger(request).slot is Slot.TAKEN
    room.passes(minutes=1)

    assert room.state(request) is State.REVOKED
    assert room.aws.begun(request.key, creates=False) == 1


def test_polls_that_fail_are_no_failures_of_the_removal(room: Room) -> None:
    request = room.active(duration=HOUR)
    room.aws.takes = timedelta(seconds=50)
    room.aws.before = first(*[BUSY] * 5, to="deletion")

    room.closed(request)
    room.passes(seconds=58)

    assert room.ledger(request).attempts == 0
    assert room.alarms() == []


def test_a_removal_that_takes_very_long_is_polled_and_not_sent_again(room: Room) -> None:
    request = room.active(duration=HOUR)
    room.aws.takes = timedelta(minutes=10)
    calls: list[str] = []
    room.aws.before = lambda name: calls.append(name)

    room.closed(request)
    room.passes(minutes=11)

    assert room.state(request) is State.REVOKED
    assert calls.count("delete") == 1


# Whose time it is


def test_a_grant_does_not_inherit_the_time_that_another_one_used_up(room: Room) -> None:
    earlier = room.started(duration=HOUR)
    room.aws.before = always(AwsUnsure("no answer"), to="create")
    room.passes(minutes=11)
    assert room.row(earlier).because is State.FAILED

    room.aws.before = lambda _: None
    request = room.started(duration=HOUR)
    room.passes(seconds=30)

    assert room.state(request) is State.ACTIVE


def test_of_two_that_wait_for_one_access_each_fails_in_its_own_time(room: Room) -> None:
    room.aws.before = throttled("create")
    earlier = room.started(duration=HOUR)
    room.passes(minutes=6)
    later = room.started(duration=2 * HOUR)

    room.passes(minutes=5)
    assert room.row(earlier).because is State.FAILED
    assert room.state(later) is State.GRANTING

    room.passes(minutes=6)
    assert room.state(later) is State.FAILED


@pytest.mark.parametrize("standing", [False, True])
def test_a_second_grant_of_held_access_fails_after_ten_minutes_without_a_look(
    room: Room, *, standing: bool
) -> None:
    first_one = room.approved(duration=9 * HOUR)
    room.aws.there |= {first_one.key} if standing else set()
    room.passes(seconds=3)
    room.aws.before = throttled("assigned")

    request = room.started(duration=HOUR)
    room.passes(minutes=9)
    assert room.state(request) is State.GRANTING
    room.passes(minutes=2)

    assert room.row(request).because is State.FAILED
    assert room.row(request).reason == "Rate exceeded"
    assert room.state(first_one) is State.ACTIVE
    room.aws.before = lambda _: None
    room.passes(minutes=2)
    assert room.state(request) is State.FAILED
    assert room.aws.holds(first_one.key)


# Routine


def test_a_routine_look_is_in_nobodys_way(room: Room) -> None:
    room.active(duration=9 * HOUR)
    room.aws.lanes.clear()

    room.passes(minutes=16)

    assert set(room.aws.lanes) == {Lane.REFRESH}


def test_routine_looks_have_workers_of_their_own(room: Room) -> None:
    request = room.active(duration=9 * HOUR)
    room.jobs.looks = room.idle()
    room.clock.passes(minutes=30)
    room.jobs.round()
    assert room.jobs.looks.busy == 1

    another = room.approved("Eve", duration=HOUR)
    room.closed(request)
    for _ in range(5):
        room.jobs.round()
        room.clock.passes(seconds=1)

    assert room.state(another) is State.ACTIVE
    assert room.state(request) is State.REVOKED


def test_a_look_that_somebody_waits_for_goes_before_routine(room: Room) -> None:
    room.active(duration=9 * HOUR)
    room.aws.lanes.clear()

    room.active(duration=HOUR)

    assert room.aws.lanes[0] is Lane.GRANT


# A decision that is old when its turn comes


def test_a_worker_that_stood_still_before_its_create_decides_again(room: Room) -> None:
    request = room.started(duration=HOUR)
    stands_still = iter([True])

    def gives_back(name: str) -> None:
        for _ in stands_still if name == "create" else ():
            room.clock.passes(seconds=6)
            room.closed(request)

    room.aws.before = gives_back
    room.passes(minutes=1)

    assert room.aws.begun(request.key, creates=True) == 0
    assert room.state(request) is State.REVOKED


def test_a_worker_that_stood_still_before_its_delete_takes_nothing_from_the_next(
    room: Room,
) -> None:
    request = room.active(duration=HOUR)
    given: list[Request] = []

    def another_takes_over(name: str) -> None:
        if name != "delete" or given:
            return
        given.append(request)
        room.clock.now += pace.LEASE + timedelta(seconds=1)
        other = room.process()
        room.passes(other, seconds=5)
        given.append(room.started(duration=9 * HOUR))
        room.passes(other, seconds=5)

    room.aws.before = another_takes_over
    room.closed(request)
    room.jobs.round()
    room.passes(minutes=20)

    assert room.state(request) is State.REVOKED
    assert room.state(given[1]) is State.ACTIVE
    assert room.aws.holds(request.key)


def test_a_turn_that_never_comes_in_time_fails_nothing_and_keeps_no_slot(room: Room) -> None:
    request = room.active(duration=HOUR)

    def slow(name: str) -> None:
        room.clock.passes(seconds=6 if name == "delete" else 0)

    room.aws.before = slow
    room.closed(request)
    room.jobs.round()

    assert room.aws.begun(request.key, creates=False) == 0
    assert room.ledger(request).attempts == 0
    assert room.ledger(request).slot is Slot.NONE
    assert room.ledger(request).lease_until is None


def test_the_lease_outlasts_the_slowest_read() -> None:
    patient: Any = PATIENT
    tries: int = patient.retries["total_max_attempts"]
    waits = sum(2**again for again in range(tries - 1))

    slowest = tries * (patient.connect_timeout + patient.read_timeout) + waits

    assert pace.LEASE.total_seconds() > slowest


# What nobody foresaw


def test_whoever_meets_the_unforeseen_lets_go_and_it_is_tried_again_later(room: Room) -> None:
    request = room.active(duration=HOUR)
    tried: list[str] = []

    def breaks(name: str) -> None:
        if name == "delete":
            tried.append(name)
            raise KeyError(name)

    room.aws.before = breaks
    room.closed(request)
    for _ in range(60):
        room.jobs.round()
        room.clock.passes(seconds=1)

    assert 3 < len(tried) < 10
    room.aws.before = lambda _: None
    room.passes(minutes=2)
    assert room.state(request) is State.REVOKED


def test_a_start_whose_check_breaks_is_not_checked_every_second_and_fails_in_the_end(
    room: Room,
) -> None:
    request = room.approved(duration=HOUR)
    checks = 0

    def breaks(_: Request) -> PolicyBook:
        nonlocal checks
        checks += 1
        raise KeyError("eventTime")

    room.jobs.last_check = breaks  # type: ignore[assignment]  # behaves alike
    for _ in range(60):
        room.jobs.round()
        room.clock.passes(seconds=1)

    assert room.state(request) is State.SCHEDULED
    assert 3 < checks < 10
    room.passes(minutes=12)
    assert room.state(request) is State.FAILED
    assert "its log says what" in room.row(request).reason


def test_a_process_that_begins_anew_gives_a_start_no_more_time(room: Room) -> None:
    request = room.approved(duration=HOUR)

    for _ in range(12):
        jobs = room.process()
        jobs.last_check = unanswered  # type: ignore[assignment]  # behaves alike
        room.passes(jobs, minutes=1)

    assert room.state(request) is State.FAILED
    assert room.row(request).reason == "AWS is away"


def test_however_many_starts_cannot_be_checked_the_next_one_is(room: Room) -> None:
    stuck = [room.approved(f"P{number}", duration=HOUR) for number in range(220)]
    answers = {each.id for each in stuck}
    room.jobs.last_check = lambda each: (  # type: ignore[assignment]  # behaves alike
        unanswered(each) if each.id in answers else room.checked(each)
    )
    room.jobs.round()
    room.jobs.round()

    room.clock.passes(seconds=1)
    request = room.approved("Late", duration=HOUR)
    room.jobs.round()

    assert room.state(request) is State.GRANTING


def test_what_loses_its_right_while_it_is_put_off_fails_as_before(room: Room) -> None:
    request = room.approved(duration=HOUR)
    room.jobs.last_check = unanswered  # type: ignore[assignment]  # behaves alike
    room.passes(seconds=5)

    room.jobs.last_check = lost  # type: ignore[assignment]  # behaves alike
    room.passes(minutes=1)

    assert room.state(request) is State.FAILED
    assert room.held(request.key) is Holding.ABSENT


def unanswered(_: Request) -> PolicyBook:
    raise AwsUnsure("AWS is away")


def lost(_: Request) -> PolicyBook:
    raise NoLongerGiven(Why.NOT_ELIGIBLE, "Bob")
