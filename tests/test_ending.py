"""Access ends: on time, when its holder gives it back, when somebody takes it away, and whatever changed meanwhile."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from grants.errors import NotAllowed
from grants.model import Holding, State
from tests.clock import NOON
from tests.soundness import (
    PRODUCTION,
    SANDBOX,
    creates,
    deletes,
    held,
    leaps,
    moves,
    sound,
)
from tests.standins.aws.company import Company
from tests.world import POLICIES, World

TARGET = ("payments-prod", "AdministratorAccess")
TEST_BED = ("data-sandbox", "PowerUserAccess")


@pytest.fixture(autouse=True)
def _sound(world: World) -> Iterator[None]:
    yield
    sound(world)


def test_one_delete_says_the_same_five_values_as_the_create(world: World) -> None:
    world.active("bob", PRODUCTION, Duration="1h")

    world.passes(hours=1)

    assert [call.parameters for call in deletes(world)] == [creates(world)[0].parameters]


def test_the_delete_leaves_in_the_second_in_which_the_time_is_over(world: World) -> None:
    request = world.active("bob", PRODUCTION, Duration="1h")
    ends_at = world.request(request).ends_at
    assert ends_at is not None

    world.passes(hours=1)

    assert [call.at for call in deletes(world)] == [ends_at]


def test_the_time_is_over_and_it_is_told(world: World) -> None:
    request = world.active("bob", PRODUCTION, Duration="1h")

    world.passes(hours=1, seconds=5)

    assert world.state(request) is State.ENDED
    assert moves(world, request)[-2:] == ["finish", "gone"]
    assert world.told("bob")[-1].startswith("Ended: the time for AdministratorAccess")
    assert any(line.startswith("Ended: its time was over") for line in world.thread(request))


def test_bob_gives_it_back(world: World) -> None:
    request = world.active("bob", PRODUCTION)

    world["bob"].click(world.last("bob"), "End Access")
    world.passes(seconds=3)

    assert world.state(request) is State.REVOKED
    assert not world.has_access("bob", *TARGET)
    assert world.told("bob")[-1].startswith("Revoked: you gave back")
    assert any("Bob Requester gave it back" in line for line in world.thread(request))


def test_eve_takes_it_away_with_a_reason(world: World) -> None:
    request = world.active("bob", PRODUCTION)

    world.decides("eve", request, "Revoke", "the incident is over")
    world.passes(seconds=3)

    assert world.state(request) is State.REVOKED
    assert not world.has_access("bob", *TARGET)
    assert world.told("bob")[-1].startswith("Revoked: Eve Approver took away")
    assert "the incident is over" in world.told("bob")[-1]
    assert any("the incident is over" in line for line in world.thread(request))


def test_a_revocation_without_a_reason_is_refused_beside_the_field(world: World) -> None:
    request = world.active("bob", PRODUCTION)

    world["eve"].click(world.card(request), "Revoke")
    world["eve"].fill({"Reason": "   "})
    outcome = world["eve"].submit()

    assert outcome.kind == "errors"
    assert list(outcome.errors) == ["Reason"]
    assert world.state(request) is State.ACTIVE


def test_an_administrator_takes_away_any_grant(world: World) -> None:
    request = world.active("bob", SANDBOX)

    world.decides("ada", request, "Revoke", "not today")
    world.passes(seconds=3)

    assert world.state(request) is State.REVOKED
    assert not world.has_access("bob", *TEST_BED)


def test_mallory_cannot_take_it_away(world: World) -> None:
    request = world.active("bob", PRODUCTION)

    world["mallory"].click(world.card(request), "Revoke")
    world.passes(seconds=3)

    assert world.state(request) is State.ACTIVE
    assert world["mallory"].view() is None
    assert len(world.whispers("mallory")) == 1
    assert deletes(world) == []


def test_who_may_revoke_when_the_form_opens_may_not_when_it_is_sent(world: World) -> None:
    request = world.active("bob", PRODUCTION)
    world["eve"].click(world.card(request), "Revoke")

    world.company.remove_member("production-approvers", "eve")
    world["eve"].fill({"Reason": "one last time"})
    world["eve"].submit()

    assert world.state(request) is State.ACTIVE
    assert NotAllowed.__name__ in refusals(world)


def refusals(world: World) -> list[str]:
    with world.works.reading() as work:
        lines = [line.entry for line in work.journal.walk()]
    return [entry.reason for entry in lines if entry.event == "refusal"]


def test_a_scheduled_grant_that_is_revoked_never_starts(world: World) -> None:
    request = world.asks("bob", PRODUCTION, Start=NOON + timedelta(hours=2))
    world.decides("eve", request, "Approve")

    world.decides("eve", request, "Revoke", "not needed")
    assert world.state(request) is State.REVOKED

    world.passes(hours=3)
    assert world.state(request) is State.REVOKED
    assert creates(world) == []


def test_a_scheduled_grant_that_bob_gives_back_never_starts(world: World) -> None:
    request = world.asks("bob", PRODUCTION, Start=NOON + timedelta(hours=2))
    world.decides("eve", request, "Approve")

    world["bob"].click(world.last("bob"), "End Access")
    world.passes(hours=3)

    assert world.state(request) is State.REVOKED
    assert creates(world) == []


def test_what_was_revoked_is_not_ended_again_when_its_time_comes(world: World) -> None:
    request = world.active("bob", PRODUCTION, Duration="1h")
    world.decides("eve", request, "Revoke", "over")
    world.passes(seconds=3)
    told = len(world.told("bob"))

    world.passes(hours=2)

    assert world.state(request) is State.REVOKED
    assert len(deletes(world)) == 1
    assert len(world.told("bob")) == told


def test_revoked_while_the_create_is_under_way_it_is_never_active(world: World) -> None:
    world.company.operation_seconds = 10
    request = world.asks("bob", PRODUCTION)
    world.decides("eve", request, "Approve")
    world.passes(seconds=2)

    world.decides("eve", request, "Revoke", "too late")
    world.passes(seconds=9)
    assert world.state(request) is State.REVOKING

    world.passes(seconds=30)
    assert world.state(request) is State.REVOKED
    assert "confirm" not in moves(world, request)
    assert not world.has_access("bob", *TARGET)
    assert len(deletes(world)) == 1


CHANGES: dict[str, Callable[[Company], object]] = {
    "bob left the group": lambda company: company.remove_member("engineers", "bob"),
    "bob was disabled": lambda company: company.disable_user("bob"),
    "the account moved": lambda company: company.move_account("payments-prod", "Security"),
    "the account was closed": lambda company: company.set_account_state("payments-prod", "CLOSED"),
    "eve left the approvers": lambda company: company.remove_member("production-approvers", "eve"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_it_ends_on_time_whatever_changed(world: World, what: str) -> None:
    request = world.active("bob", PRODUCTION, Duration="1h")

    CHANGES[what](world.company)
    world.passes(hours=1, seconds=3)

    assert world.state(request) is State.ENDED
    assert world.company.current_assignments() == []


@pytest.mark.parametrize("what", ["bob left the group", "the account was closed"])
def test_bob_gives_it_back_whatever_changed(world: World, what: str) -> None:
    request = world.active("bob", PRODUCTION)

    CHANGES[what](world.company)
    world["bob"].click(world.last("bob"), "End Access")
    world.passes(seconds=3)

    assert world.state(request) is State.REVOKED
    assert world.company.current_assignments() == []


@pytest.mark.parametrize("who", ["eve", "ada"])
def test_it_is_taken_away_also_where_the_account_is_known_to_be_closed(
    world: World, who: str
) -> None:
    request = world.active("bob", PRODUCTION)
    world.company.set_account_state("payments-prod", "CLOSED")
    world.refresher.refresh()

    world.decides(who, request, "Revoke", "it is closed")
    world.passes(seconds=3)

    assert world.state(request) is State.REVOKED
    assert not world.has_access("bob", *TARGET)


@pytest.mark.parametrize(
    "policies",
    [
        POLICIES.replace("max_duration: 4h", "max_duration: 1m"),
        POLICIES.replace("groups: [engineers]", "users: [dan@example.com]"),
        "version: 1\nsettings:\n  default_channel: C0000000001\n  admins: {groups: [elevate-admins]}\n",
    ],
    ids=["the maximum was lowered", "the eligibility is gone", "every policy is gone"],
)
def test_it_ends_on_time_under_any_policies(world: World, policies: str) -> None:
    request = world.active("bob", PRODUCTION, Duration="1h")
    ends_at = world.request(request).ends_at

    world.policies(policies)
    world.passes(minutes=59, seconds=57)
    assert world.state(request) is State.ACTIVE
    assert world.request(request).ends_at == ends_at

    world.passes(seconds=5)
    assert world.state(request) is State.ENDED
    assert not world.has_access("bob", *TARGET)


def test_an_account_or_set_that_is_gone_took_the_access_with_it(world: World) -> None:
    request = world.active("bob", PRODUCTION, Duration="1h")
    company = world.company
    company.unassign("bob", *TARGET)
    company.remove_permission_set("AdministratorAccess")

    leaps(world, hours=2)
    world.passes(seconds=5)

    assert world.state(request) in {State.ENDED, State.REVOKED}
    assert held(world, request).holding is Holding.ABSENT


def test_removed_outside_it_is_revoked_told_and_not_created_again(world: World) -> None:
    request = world.active("bob", PRODUCTION, Duration="4h")

    world.company.unassign("bob", *TARGET)
    world.passes(minutes=20)

    assert world.state(request) is State.REVOKED
    assert world.request(request).reason == "removed outside Elevate"
    assert "taken away outside Elevate" in world.told("bob")[-1]
    assert any("taken away outside Elevate" in line for line in world.thread(request))
    world.passes(hours=4)
    assert len(creates(world)) == 1
    assert deletes(world) == []


def test_three_days_down_ends_what_is_overdue_first_and_the_oldest_before_all(
    world: World,
) -> None:
    world.company.add_member("engineers", "dan")
    long = world.active("bob", PRODUCTION, Duration="3h")
    short = world.active("dan", PRODUCTION, Duration="1h")
    world.asks("bob", SANDBOX, Start=NOON + timedelta(hours=1))
    world.aws.calls.clear()

    world.clock.passes(days=3)
    world.jobs.round()

    asked = [
        call
        for call in world.aws.calls
        if call.operation in {"DeleteAccountAssignment", "CreateAccountAssignment"}
    ]
    users = [call.parameters["PrincipalId"] for call in asked]
    assert [call.operation[:6] for call in asked] == ["Delete", "Delete", "Create"]
    assert users[:2] == [world.request(each).requester.user_id for each in (short, long)]
    world.passes(seconds=5)
    assert {world.state(long), world.state(short)} == {State.ENDED}
