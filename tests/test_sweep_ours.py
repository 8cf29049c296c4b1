"""The sweep: what of ours no grant holds is taken away, and nothing else is."""

from typing import Any, cast

from bot.findings import Verdict
from grants.model import State
from grants.ports import Assigned, IdentityCenter
from tests.sweeping import (
    DELETE,
    HELD,
    PROD,
    alarms,
    checked,
    create_late,
    ended,
    events,
    everything_is_seen,
    later,
    sweeps,
    when_cloudtrail_has_told,
)
from tests.world import World


def test_ours_that_outlived_its_grant_is_taken_away_and_told(world: World) -> None:
    ended(world)
    create_late(world)
    assert world.company.is_assigned(*HELD)

    when_cloudtrail_has_told(world)

    assert not world.company.is_assigned(*HELD)
    (alarm,) = alarms(world)
    assert "access that no request holds" in alarm
    assert "payments-prod" in alarm
    (line,) = events(world, "sweep.outlived")
    assert line["user"] == world.company.user("bob").id


def test_it_is_told_once_however_often_the_sweep_comes_round(world: World) -> None:
    ended(world)
    create_late(world)

    for _ in range(6):
        sweeps(world)
        world.passes(minutes=6)

    assert len(alarms(world)) == 1
    assert world.aws.calls.count(DELETE) == 2  # the grant's own, and this one


def test_should_it_not_go_somebody_hears_of_it(world: World) -> None:
    ended(world)
    create_late(world)
    world.aws.faults.add(DELETE, "throttling", times=None)

    when_cloudtrail_has_told(world)
    world.passes(minutes=3)

    assert world.company.is_assigned(*HELD)
    assert any("Still being removed" in alarm for alarm in alarms(world))


def test_of_a_database_that_lost_the_grant_ours_is_known_by_its_name(world: World) -> None:
    everything_is_seen(world)
    create_late(world)

    sweeps(world)
    assert world.company.is_assigned(*HELD)
    when_cloudtrail_has_told(world)

    assert not world.company.is_assigned(*HELD)
    assert events(world, "sweep.outlived")


def test_what_a_grant_holds_is_left_alone(world: World) -> None:
    request = world.active("bob", PROD, Duration="4h")

    for _ in range(3):
        sweeps(world)
        world.passes(minutes=20)

    assert world.state(request) is State.ACTIVE
    assert world.company.is_assigned(*HELD)
    assert alarms(world) == []


def test_what_goes_while_the_sweep_looks_is_nobodys(world: World) -> None:
    request = world.active("bob", PROD, Duration="4h")
    center = world.sweep.identity_center

    class Slow:
        def assigned(self, *args: Any, **kwargs: Any) -> Assigned:
            listed = center.assigned(*args, **kwargs)
            if world.state(request) is State.ACTIVE:
                world["bob"].click(world.last("bob"), "End Access")
                world.passes(seconds=5)
            return listed

        def __getattr__(self, name: str) -> Any:
            return getattr(center, name)

    world.sweep.identity_center = cast(IdentityCenter, Slow())

    sweeps(world)
    later(world, minutes=21)
    world.rounds()

    assert world.state(request) is State.REVOKED
    assert alarms(world) == []
    assert all(finding.verdict is Verdict.OK for finding in checked(world))


def test_many_of_ours_are_one_line(world: World) -> None:
    for n in range(12):
        world.company.add_user(f"user{n}")
        create_late(world, f"user{n}")
    everything_is_seen(world)

    when_cloudtrail_has_told(world)
    world.passes(minutes=2)

    (alarm,) = alarms(world)
    assert "12 assignments that Elevate made" in alarm
    assert len(events(world, "sweep.outlived")) == 12
