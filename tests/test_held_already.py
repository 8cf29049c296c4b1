"""Asking for what somebody has without Elevate: said before it is sent, and never taken away."""

from datetime import timedelta

from grants.model import State
from tests.policy_files import PROD, a_policy_file, may
from tests.test_forms import ADMIN, filled_in, seen
from tests.world import World


def test_who_holds_the_very_access_already_is_told_before_sending_and_may_send_anyway(
    world: World,
) -> None:
    world.company.assign("bob", "payments-prod", "AdministratorAccess")
    bob = world.opens("bob")
    bob.fill(Access=ADMIN, Duration="2h", Justification="the disk is full", Ticket="OPS-1")

    noticed = bob.submit()

    assert noticed.kind == "updated"
    assert "You hold AdministratorAccess on payments-prod already" in seen(bob).words()
    assert "Send Anyway" in seen(bob).words()
    assert world.requests() == []

    assert bob.submit().closed
    (request,) = world.requests()
    assert (request.justification, request.ticket) == ("the disk is full", "OPS-1")
    assert request.duration == timedelta(hours=2)


def test_access_held_through_a_group_is_told_too(world: World) -> None:
    world.company.assign("engineers", "payments-prod", "AdministratorAccess")
    bob = filled_in(world)

    assert bob.submit().kind == "updated"
    assert "already through a group" in seen(bob).words()
    assert bob.submit().closed


def test_a_group_that_bob_is_not_in_is_no_news_to_him(world: World) -> None:
    world.company.assign("elevate-auditors", "payments-prod", "AdministratorAccess")
    world.company.assign("eve", "payments-prod", "AdministratorAccess")

    assert filled_in(world).submit().closed


def test_the_notice_about_one_access_does_not_wave_another_through(world: World) -> None:
    world.company.assign("bob", "payments-prod", "AdministratorAccess")
    world.company.assign("bob", "web-prod", "AdministratorAccess")
    bob = filled_in(world)
    assert bob.submit().kind == "updated"

    bob.fill(Access="web-prod · AdministratorAccess")

    assert bob.submit().kind == "updated"
    assert "on web-prod already" in seen(bob).words()
    assert world.requests() == []


def test_access_that_elevate_gave_is_no_standing_one(world: World) -> None:
    world.active(access=ADMIN)

    assert filled_in(world).submit().closed


def test_the_standing_access_outlives_the_request_for_it(world: World) -> None:
    world.policies(a_policy_file(may("AdministratorAccess", accounts=[PROD], approval="none")))
    world.company.assign("bob", "payments-prod", "AdministratorAccess")
    bob = filled_in(world)
    bob.submit()
    assert bob.submit().closed
    (request,) = world.requests()

    world.passes(hours=1, minutes=1)

    assert world.state(request.id) is State.ENDED
    assert world.has_access("bob", "payments-prod", "AdministratorAccess")


def test_the_notice_stays_while_a_start_is_chosen(world: World) -> None:
    world.company.assign("bob", "payments-prod", "AdministratorAccess")
    bob = filled_in(world)
    assert bob.submit().kind == "updated"

    bob.press("Start later")
    bob.press("Start now")

    assert "You hold AdministratorAccess on payments-prod already" in seen(bob).words()
    assert bob.submit().closed


def test_the_notice_of_access_through_a_group_stays_what_it_is(world: World) -> None:
    world.company.assign("engineers", "payments-prod", "AdministratorAccess")
    bob = filled_in(world)
    bob.submit()

    bob.press("Start later")

    assert "already through a group" in seen(bob).words()
