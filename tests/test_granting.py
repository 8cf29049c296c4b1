"""Access is given once, for exactly what was approved, and counts as given when AWS lists it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from grants.model import State
from tests.clock import NOON
from tests.soundness import PRODUCTION, SANDBOX, creates, deletes, held, leaps, moves, sound
from tests.standins.aws.faults import ADMIN_DENIED
from tests.world import World

TARGET = ("payments-prod", "AdministratorAccess")


@pytest.fixture(autouse=True)
def _sound(world: World) -> Iterator[None]:
    yield
    sound(world)


def five_values(world: World) -> dict[str, str]:
    """What both the create and the delete must say, and nothing else."""
    company = world.company
    return {
        "InstanceArn": company.instance_arn,
        "TargetId": company.account("payments-prod").id,
        "TargetType": "AWS_ACCOUNT",
        "PermissionSetArn": company.permission_set("AdministratorAccess").arn,
        "PrincipalType": "USER",
        "PrincipalId": company.user("bob").id,
    }


def test_one_create_says_exactly_what_was_approved(world: World) -> None:
    world.active("bob", PRODUCTION)

    assert [call.parameters for call in creates(world)] == [five_values(world)]
    assert deletes(world) == []


def test_it_leaves_in_the_second_in_which_it_was_approved(world: World) -> None:
    request = world.asks("bob", PRODUCTION)

    world.decides("eve", request, "Approve")

    assert [call.at for call in creates(world)] == [NOON]


def test_a_start_in_the_past_is_now(world: World) -> None:
    request = world.asks("bob", PRODUCTION, Start=NOON - timedelta(minutes=4))

    world.decides("eve", request, "Approve")

    assert len(creates(world)) == 1


def test_a_start_in_two_hours_waits_for_them(world: World) -> None:
    request = world.asks("bob", PRODUCTION, Start=NOON + timedelta(hours=2))
    world.decides("eve", request, "Approve")

    world.passes(hours=1, minutes=59, seconds=59)
    assert world.state(request) is State.SCHEDULED
    assert creates(world) == []

    world.passes(seconds=1)
    assert [call.at for call in creates(world)] == [NOON + timedelta(hours=2)]
    world.passes(seconds=2)
    assert world.state(request) is State.ACTIVE


def test_approved_after_its_start_it_lasts_as_long_as_was_approved(world: World) -> None:
    start = NOON + timedelta(minutes=30)
    request = world.asks("bob", PRODUCTION, Start=start, Duration="1h")
    world.passes(hours=2)

    world.decides("eve", request, "Approve")
    world.passes(seconds=3)

    row = world.request(request)
    assert row.active_at is not None
    assert row.active_at >= NOON + timedelta(hours=2)
    assert row.ends_at == row.active_at + timedelta(hours=1)


def test_time_runs_from_the_moment_aws_confirms(world: World) -> None:
    world.company.operation_seconds = 20
    request = world.asks("bob", SANDBOX, Duration="30m")

    world.passes(seconds=19)
    assert world.state(request) is State.GRANTING

    world.passes(seconds=10)
    row = world.request(request)
    assert row.active_at is not None
    assert NOON + timedelta(seconds=20) <= row.active_at <= NOON + timedelta(seconds=26)
    assert row.ends_at == row.active_at + timedelta(minutes=30)


def test_status_is_polled_at_1_2_3_and_5_seconds(world: World) -> None:
    world.company.operation_seconds = 20
    world.asks("bob", SANDBOX)

    world.passes(seconds=20)

    polls = world.aws.calls.of("DescribeAccountAssignmentCreationStatus")
    assert [(poll.at - NOON).seconds for poll in polls] == [1, 3, 6, 11, 16]


def test_in_progress_then_failed_is_never_active(world: World) -> None:
    world.company.operation_seconds = 4
    world.aws.faults.add("CreateAccountAssignment", "async_failure")
    request = world.asks("bob", PRODUCTION)
    world.decides("eve", request, "Approve")

    world.passes(seconds=3)
    assert world.state(request) is State.GRANTING

    world.passes(seconds=5)
    assert world.state(request) is State.FAILED
    assert moves(world, request) == ["ask", "approve", "start", "fail", "gone"]


def test_a_failed_creation_is_not_tried_again_and_leaves_nothing(world: World) -> None:
    world.aws.faults.add("CreateAccountAssignment", "async_failure")
    request = world.asks("bob", SANDBOX)

    world.passes(hours=1)

    assert world.state(request) is State.FAILED
    assert len(creates(world)) == 1
    assert world.company.current_assignments() == []
    assert held(world, request).due_at is None


def test_a_failed_creation_that_is_listed_all_the_same_is_taken_away(world: World) -> None:
    world.company.operation_seconds = 4
    world.aws.faults.add("CreateAccountAssignment", "async_failure")
    request = world.asks("bob", SANDBOX)

    world.company.assign("bob", "data-sandbox", "PowerUserAccess")
    world.passes(seconds=30)

    assert world.company.current_assignments() == []
    assert world.state(request) is State.FAILED


def test_a_failed_creation_tells_both_sides_why(world: World) -> None:
    world.aws.faults.add("CreateAccountAssignment", "async_failure")
    request = world.asks("bob", PRODUCTION)
    world.decides("eve", request, "Approve")

    world.passes(seconds=5)

    assert "Failed" in world.told("bob")[-1]
    assert ADMIN_DENIED in world.told("bob")[-1]
    assert world.thread(request)[-1].startswith("Failed")
    assert ADMIN_DENIED in world.thread(request)[-1]
    assert not [line for line in world.thread(request) if line.startswith("Active")]


def test_what_failed_may_be_asked_for_again(world: World) -> None:
    world.aws.faults.add("CreateAccountAssignment", "async_failure")
    world.asks("bob", SANDBOX)
    world.passes(seconds=5)

    again = world.active("bob", SANDBOX)

    assert world.state(again) is State.ACTIVE
    assert len(creates(world)) == 2


def test_a_create_that_aws_refuses_fails_at_once(world: World) -> None:
    world.aws.faults.add("CreateAccountAssignment", "access_denied")

    request = world.asks("bob", SANDBOX)

    assert world.state(request) is State.FAILED
    assert "Not authorized to perform" in world.told("bob")[-1]
    assert len(creates(world)) == 1


def test_succeeded_and_not_yet_listed_is_not_active(world: World) -> None:
    company = world.company
    company.on_active.append(lambda given, _: company._drop(given))
    request = world.asks("bob", SANDBOX)

    leaps(world, minutes=3)
    assert world.state(request) is State.GRANTING
    assert "Active" not in " ".join(world.told("bob"))

    company.assign("bob", "data-sandbox", "PowerUserAccess")
    world.passes(seconds=6)
    assert world.state(request) is State.ACTIVE
    assert not world.request(request).standing


def test_succeeded_and_never_listed_fails_after_fifteen_minutes(world: World) -> None:
    company = world.company
    company.on_active.append(lambda given, _: company._drop(given))
    request = world.asks("bob", SANDBOX)

    leaps(world, minutes=14)
    assert world.state(request) is State.GRANTING

    leaps(world, minutes=2)
    assert world.state(request) is State.FAILED
    assert company.current_assignments() == []


def test_after_two_minutes_in_progress_the_list_decides(world: World) -> None:
    world.company.operation_seconds = 3600
    request = world.asks("bob", SANDBOX)
    leaps(world, seconds=110)
    assert world.state(request) is State.GRANTING

    world.company.assign("bob", "data-sandbox", "PowerUserAccess")
    world.passes(seconds=30)

    assert world.state(request) is State.ACTIVE


def test_active_brings_the_door_the_lines_and_the_end(world: World) -> None:
    world.active("bob", PRODUCTION, Duration="1h")

    said = world.last("bob").words() + world.told("bob")[-1]

    account = world.company.account("payments-prod").id
    assert f"account_id={account}" in said
    assert "role_name=AdministratorAccess" in said
    assert "aws sso login --profile payments-prod-AdministratorAccess" in said
    assert "Until 2026-11-02 13:00" in said


def test_active_says_how_long_issued_credentials_may_live_on(world: World) -> None:
    company = world.company
    company.remove_permission_set("AdministratorAccess")
    company.add_permission_set("AdministratorAccess", session_duration="PT4H")
    world.policies()

    world.active("bob", PRODUCTION, Duration="1h")

    assert "may go on working until 2026-11-02 17:00" in world.told("bob")[-1]
