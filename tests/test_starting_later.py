"""Starting later: the field that a button brings, and what is taken for a start."""

from datetime import timedelta

from grants.model import State
from tests.policy_files import a_policy_file, may
from tests.test_asking_fields import filled_in, refused
from tests.test_forms import ADMIN, FIELDS, seen
from tests.world import World


def test_start_later_adds_the_field_and_start_now_takes_it_away(world: World) -> None:
    bob = world.opens("bob")

    bob.press("Start later")
    assert seen(bob).labels() == [*FIELDS, "Start"]

    bob.press("Start now")
    assert seen(bob).labels() == FIELDS


def test_what_was_typed_stays_when_start_later_is_pressed(world: World) -> None:
    bob = world.opens("bob")
    bob.fill(Access=ADMIN, Duration="2h", Justification="the disk is full", Ticket="OPS-1")

    bob.press("Start later")
    bob.fill(Start=world.clock() + timedelta(hours=3))
    assert bob.submit().closed

    (request,) = world.requests()
    assert (request.justification, request.ticket) == ("the disk is full", "OPS-1")
    assert request.duration == timedelta(hours=2)
    assert request.starts_at == world.clock() + timedelta(hours=3)


def test_a_start_that_was_taken_back_is_now(world: World) -> None:
    bob = filled_in(world)
    bob.press("Start later")
    bob.fill(Start=world.clock() + timedelta(hours=3))
    bob.press("Start now")

    assert bob.submit().closed

    (request,) = world.requests()
    assert request.starts_at is None


def test_start_later_works_in_a_form_that_has_been_open_for_long(world: World) -> None:
    bob = world.opens("bob")
    world.clock.passes(hours=2)

    bob.press("Start later")

    assert "Start" in seen(bob).labels()


def in_time(world: World, **span: float) -> str:
    return f"{world.clock() + timedelta(**span):%Y-%m-%d %H:%M} UTC"


def test_a_start_in_the_future_is_kept_in_utc_and_shown_in_each_readers_zone(world: World) -> None:
    start = world.clock() + timedelta(hours=2)

    request = world.asks("bob", ADMIN, Start=start)

    assert world.request(request).starts_at == start
    assert in_time(world, hours=2) in world.card(request).words()
    assert f"<!date^{int(start.timestamp())}^" in str(world.card(request).blocks)


def test_access_that_starts_later_is_not_given_before(world: World) -> None:
    request = world.asks("bob", ADMIN, Start=world.clock() + timedelta(hours=2))
    world.decides("eve", request, "Approve")

    world.passes(hours=1, minutes=59)
    assert world.state(request) is State.SCHEDULED
    assert not world.has_access("bob", "payments-prod", "AdministratorAccess")

    world.passes(minutes=1, seconds=3)
    assert world.state(request) is State.ACTIVE


def test_a_start_four_minutes_ago_is_now(world: World) -> None:
    request = world.asks("bob", ADMIN, Start=world.clock() - timedelta(minutes=4))

    assert world.request(request).starts_at is None


def test_a_start_six_minutes_ago_is_refused_beside_the_field(world: World) -> None:
    past = world.clock() - timedelta(minutes=6)

    errors = refused(world.sends("bob", ADMIN, Start=past), world)

    assert list(errors) == ["Start"]
    assert "in the past" in errors["Start"]


def test_a_start_beyond_the_horizon_is_refused_with_the_bound(world: World) -> None:
    world.policies(a_policy_file(may("AdministratorAccess"), max_start_ahead="7d"))
    too_far = world.clock() + timedelta(days=7, minutes=1)

    errors = refused(world.sends("bob", ADMIN, Start=too_far), world)

    assert list(errors) == ["Start"]
    assert "at most 7 days ahead" in errors["Start"]
    assert world.sends("bob", ADMIN, Start=world.clock() + timedelta(days=7)).closed


def test_whoever_may_ask_for_nothing_any_more_is_told_so_in_the_form(world: World) -> None:
    bob = world.opens("bob")
    world.company.remove_member("engineers", "bob")
    world.clock.passes(minutes=61)

    bob.press("Start later")

    assert "There is nothing that you may ask for." in seen(bob).words()
