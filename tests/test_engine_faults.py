"""AWS is busy, breaks off or does not answer: creations are tried for ten minutes, removals for ever, none twice."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from grants.model import Holding, State
from tests.clock import NOON
from tests.soundness import (
    PRODUCTION,
    SANDBOX,
    WITH_ALARMS,
    alarms,
    creates,
    deletes,
    held,
    leaps,
    sound,
)
from tests.world import World

BED = ("data-sandbox", "PowerUserAccess")
PASSING = ["conflict", "throttling", "http500", "drop"]
CREATE, DELETE = "CreateAccountAssignment", "DeleteAccountAssignment"


@pytest.fixture(autouse=True)
def _sound(world: World) -> Iterator[None]:
    yield
    sound(world)


# Giving


@pytest.mark.parametrize("fault", PASSING)
def test_a_creation_that_meets_a_passing_fault_is_tried_again(world: World, fault: str) -> None:
    world.aws.faults.add(CREATE, fault, times=2)

    request = world.asks("bob", SANDBOX)
    world.passes(minutes=1)

    assert world.state(request) is State.ACTIVE
    assert not world.request(request).standing
    assert len(creates(world)) == 3
    world.passes(hours=2)
    assert not world.has_access("bob", *BED)


@pytest.mark.parametrize("fault", PASSING)
def test_a_creation_that_never_succeeds_fails_after_ten_minutes_and_says_why(
    world: World, fault: str
) -> None:
    world.aws.faults.add(CREATE, fault, times=None)

    request = world.asks("bob", SANDBOX)
    leaps(world, minutes=9, seconds=50)
    assert world.state(request) is State.GRANTING

    leaps(world, minutes=1, seconds=15)
    assert world.request(request).because is State.FAILED
    tried = len(creates(world))
    leaps(world, minutes=20)
    assert world.state(request) is State.FAILED
    assert len(creates(world)) == tried
    assert world.company.current_assignments() == []
    assert held(world, request).due_at is None
    assert world.told("bob")[-1].startswith("Failed")
    assert "Reason: " in world.told("bob")[-1]


def test_creations_are_tried_again_with_growing_waits_of_at_most_a_minute(world: World) -> None:
    world.jobs.engine = replace(world.jobs.engine, jitter=lambda: 1.0)
    world.aws.faults.add(CREATE, "conflict", times=None)

    world.asks("bob", SANDBOX)
    world.passes(minutes=9)

    waits = [(later.at - sooner.at).seconds for sooner, later in pairwise(creates(world))]
    assert waits[:6] == [2, 4, 8, 16, 32, 60]
    assert set(waits[6:]) == {60}


def test_a_create_that_goes_unanswered_is_tried_again_less_and_less_often(world: World) -> None:
    world.aws.faults.add(CREATE, "http500", times=None)

    world.asks("bob", SANDBOX)
    world.passes(minutes=2)

    waits = [(later.at - sooner.at).seconds for sooner, later in pairwise(creates(world))]
    assert waits == [2, 5, 15, 30, 30, 30]


def test_a_create_whose_answer_is_lost_is_settled_by_looking(world: World) -> None:
    world.aws.faults.add(CREATE, "lost_answer")

    request = world.asks("bob", SANDBOX, Duration="1h")
    world.passes(seconds=10)

    assert world.state(request) is State.ACTIVE
    assert not world.request(request).standing
    assert len(creates(world)) == 1
    world.passes(hours=1)
    assert not world.has_access("bob", *BED)
    assert len(deletes(world)) == 1


def test_a_create_whose_answer_is_lost_is_found_while_it_is_under_way(world: World) -> None:
    world.company.operation_seconds = 40
    world.aws.faults.add(CREATE, "lost_answer")

    request = world.asks("bob", SANDBOX)
    world.passes(seconds=60)

    assert world.state(request) is State.ACTIVE
    assert not world.request(request).standing
    assert len(creates(world)) == 1


def test_a_create_whose_answer_is_lost_and_that_fails_is_failed(world: World) -> None:
    world.company.operation_seconds = 10
    world.aws.faults.add(CREATE, "async_failure", times=None)
    world.aws.faults.add(CREATE, "lost_answer")

    request = world.asks("bob", SANDBOX)
    world.passes(minutes=2)

    assert world.state(request) is State.FAILED
    assert world.company.current_assignments() == []


def test_given_back_while_the_outcome_is_unknown_nothing_stays(world: World) -> None:
    world.aws.faults.add(CREATE, "lost_answer")
    request = world.asks("bob", SANDBOX)

    world.bot.front.closing.end(world.request(request).requester, request)
    world.passes(minutes=20)

    assert world.state(request) is State.REVOKED
    assert not world.has_access("bob", *BED)
    assert held(world, request).holding is Holding.ABSENT


def test_given_back_while_the_outcome_is_unknown_a_late_create_is_caught(world: World) -> None:
    world.aws.faults.add(CREATE, "drop")
    request = world.asks("bob", SANDBOX)
    world.bot.front.closing.end(world.request(request).requester, request)
    world.passes(minutes=10)
    assert world.state(request) is State.REVOKING

    world.company.assign("bob", *BED)
    world.passes(minutes=10)

    assert world.state(request) is State.REVOKED
    assert not world.has_access("bob", *BED)


# Taking away


@pytest.mark.parametrize("fault", [*PASSING, "lost_answer", "async_failure", "access_denied"])
def test_a_removal_that_meets_a_fault_is_tried_again_until_it_is_done(
    world: World, fault: str
) -> None:
    request = world.active("bob", SANDBOX, Duration="1h")
    world.aws.faults.add(DELETE, fault, times=2)

    world.passes(hours=1, seconds=30)

    assert world.state(request) is State.ENDED
    assert not world.has_access("bob", *BED)


def test_fifty_failures_and_nothing_says_ended_before_aws_does(world: World) -> None:
    world.policies(WITH_ALARMS)
    request = world.active("bob", PRODUCTION, Duration="1h")
    world.aws.faults.add(DELETE, "http500", times=50)

    for tried in range(50):
        leaps(world, hours=1)
        assert len(deletes(world)) == tried + 1
        assert world.state(request) is State.REVOKING
        assert "still being removed" in world.card(request).words()
        assert world.has_access("bob", "payments-prod", "AdministratorAccess")
    assert not [line for line in world.thread(request) if line.startswith("Ended")]

    leaps(world, hours=1)
    world.passes(seconds=5)
    assert world.state(request) is State.ENDED
    assert len(deletes(world)) == 51
    assert len(alarms(world)) == 1
    assert "Ended" in world.card(request).words()


@pytest.mark.parametrize("failures", [1, 2])
def test_two_failures_alarm_nobody(world: World, failures: int) -> None:
    world.policies(WITH_ALARMS)
    world.active("bob", SANDBOX, Duration="1h")
    world.aws.faults.add(DELETE, "conflict", times=failures)

    world.passes(hours=2)

    assert not world.has_access("bob", *BED)
    assert alarms(world) == []


def test_the_third_failure_alarms_with_awss_words(world: World) -> None:
    world.jobs.engine = replace(world.jobs.engine, jitter=lambda: 0.0)
    world.policies(WITH_ALARMS)
    request = world.active("bob", SANDBOX, Duration="1h")
    world.aws.faults.add(DELETE, "conflict", times=3)

    world.passes(hours=1, seconds=-2)
    world.passes(seconds=2)

    (alarm,) = alarms(world)
    assert "Still being removed. AWS said: A previous write has not finished yet" in alarm
    assert request in alarm
    assert "alarm.overdue" in world.journal(request)


def test_the_thread_says_that_a_removal_is_overdue_and_why(world: World) -> None:
    request = world.active("bob", SANDBOX, Duration="1h")
    world.aws.faults.add(DELETE, "conflict", times=None)

    world.passes(hours=1, minutes=1)

    overdue = "Still being removed. AWS said: A previous write has not finished yet"
    assert world.thread(request)[-1].startswith(overdue)


def test_a_minute_late_alarms_without_any_failure(world: World) -> None:
    world.policies(WITH_ALARMS)
    world.active("bob", SANDBOX, Duration="1h")
    world.company.operation_seconds = 100

    world.passes(hours=1, seconds=50)
    assert alarms(world) == []

    world.passes(seconds=18)
    assert len(alarms(world)) == 1


def test_what_the_bot_slept_through_is_alarmed_about_at_once(world: World) -> None:
    world.policies(WITH_ALARMS)
    world.active("bob", SANDBOX, Duration="1h")
    world.company.operation_seconds = 5

    leaps(world, days=3)

    assert len(alarms(world)) == 1


def test_creations_that_failed_are_no_failures_of_the_removal(world: World) -> None:
    world.policies(WITH_ALARMS)
    world.aws.faults.add(CREATE, "drop", times=6)
    request = world.asks("bob", SANDBOX)
    world.passes(seconds=25)
    assert len(creates(world)) == 4
    assert world.state(request) is State.GRANTING

    world.bot.front.closing.end(world.request(request).requester, request)
    world.passes(seconds=30)

    assert alarms(world) == []


def test_removals_wait_between_a_second_and_a_minute(world: World) -> None:
    world.active("bob", SANDBOX, Duration="1h")
    world.aws.faults.add(DELETE, "http500", times=None)

    world.passes(hours=1, minutes=10)

    waits = [(b.at - a.at).total_seconds() for a, b in pairwise(deletes(world))]
    assert len(waits) >= 10
    assert min(waits) >= 1
    assert max(waits) <= 60
    world.aws.faults.clear()
    assert NOON + timedelta(hours=1) <= deletes(world)[0].at
