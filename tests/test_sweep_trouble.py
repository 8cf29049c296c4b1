"""The sweep where something comes between: another process, a grant, a list that lags, an error."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, cast

from bot.findings import Verdict
from grants.crew import Crew
from grants.model import State
from grants.ports import Assigned, IdentityCenter
from grants.records import Stranger
from grants.stores import Works
from grants.whose import Calls
from tests.standins.aws import ACTIVITY_ROLE
from tests.sweeping import (
    BY_ADA,
    CREATE,
    DELETE,
    HELD,
    LIST,
    LOOKUP,
    PROD,
    PROVISIONED,
    alarms,
    catalogue,
    checked,
    create_late,
    ended,
    events,
    later,
    next_day,
    standing,
    sweeps,
)
from tests.world import Later, World


def strangers(world: World) -> list[Stranger]:
    with world.works.reading() as work:
        return work.sweeps.strangers()


def meanwhile(world: World, do: Callable[[], object]) -> list[bool]:
    """What happens once while CloudTrail is asked."""
    provenance, done = world.ports.provenance, list[bool]()

    class Slow:
        def calls(self, since: datetime) -> Calls:
            found = provenance.calls(since)
            if not done:
                done.append(True)
                do()
            return found

    world.sweep.judging = replace(world.sweep.judging, provenance=Slow())
    return done


def before_it_is_noted(world: World, do: Callable[[], object]) -> list[bool]:
    """What happens once when a list was read and compared, and before anything is written of it."""
    center, works = world.sweep.identity_center, world.works
    listed, done = list[bool](), list[bool]()

    class Listing:
        def assigned(self, *args: Any, **kwargs: Any) -> Assigned:
            found = center.assigned(*args, **kwargs)
            listed.extend([True] * bool(found.users))
            return found

        def __getattr__(self, name: str) -> Any:
            return getattr(center, name)

    class Writing:
        def __call__(self) -> Any:
            if listed and not done:
                done.append(True)
                do()
            return works()

        def __getattr__(self, name: str) -> Any:
            return getattr(works, name)

    world.sweep.identity_center = cast(IdentityCenter, Listing())
    world.sweep.works = cast(Works, Writing())
    return done


def failing_for(world: World, account: str) -> None:
    """An error that nobody foresaw, whenever this account is looked at."""
    center = world.sweep.identity_center

    class Broken:
        def provisioned_in(self, at: Any, **kwargs: Any) -> Any:
            if at == account:
                raise ValueError("what nobody foresaw")
            return center.provisioned_in(at, **kwargs)

        def __getattr__(self, name: str) -> Any:
            return getattr(center, name)

    world.sweep.identity_center = cast(IdentityCenter, Broken())


# Another process


def test_what_another_took_away_meanwhile_is_not_handed_over_again(world: World) -> None:
    ended(world)
    create_late(world)
    sweeps(world)
    later(world, minutes=16)
    with world.beside(world.settings.database_url) as other:

        def take_away() -> None:
            other.sweep.judging.judge(catalogue(other), anew=False, report=True)
            other.passes(seconds=10)

        judged = meanwhile(world, take_away)
        later(world, minutes=10)
    world.passes(seconds=10)

    assert judged
    assert len(events(world, "sweep.outlived")) == len(alarms(world)) == 1
    assert world.aws.calls.count(DELETE) == 2  # the grant's own, and this one


def test_whoever_comes_late_to_a_slice_leaves_it_to_the_one_who_took_it(world: World) -> None:
    world.company.assigned_by("ada", *HELD)
    behind = Later()
    world.sweep.crew = Crew(behind, lambda: None)
    world.sweep.round()
    with world.beside(world.settings.database_url) as other:
        sweeps(other)
    world.aws.calls.clear()

    behind.goes_on()

    assert world.aws.calls.count(LIST) == world.aws.calls.count(PROVISIONED) == 0


# A grant


def test_what_a_grant_runs_on_since_it_was_listed_is_no_strangers(world: World) -> None:
    world.company.assign(*HELD)
    began = before_it_is_noted(world, lambda: standing(world))

    world.sweep.round()

    assert began
    assert strangers(world) == []


def given_by_hand_while_a_grant_is_to_begin(world: World) -> None:
    """AWS holds our creation up; what its list shows then is looked at by the engine."""
    world.aws.faults.add(CREATE, "throttling", times=None)
    request = world.asks("bob", PROD)
    world.decides("eve", request, "Approve")
    world.passes(seconds=3)
    assert world.state(request) is State.GRANTING
    world.company.assign(*HELD)


def test_of_what_the_engine_is_about_to_give_nothing_is_noted(world: World) -> None:
    given_by_hand_while_a_grant_is_to_begin(world)

    world.sweep.round()

    assert strangers(world) == []


def test_whose_has_been_told_stays_so_while_a_grant_waits_to_begin(world: World) -> None:
    world.company.assigned_by("ada", *HELD)
    sweeps(world)
    world.clock.passes(hours=2)
    world.company.unassign(*HELD)
    given_by_hand_while_a_grant_is_to_begin(world)

    with world.beside(world.settings.database_url) as other:
        other.sweep.round()

    assert [each.told_at is not None for each in strangers(world)] == [True]


# Lists that lag, and what is gone


def test_of_what_a_list_missed_once_nothing_is_decided(world: World) -> None:
    ended(world)
    create_late(world)
    world.aws.faults.add(LOOKUP, "access_denied", times=None)
    sweeps(world)
    later(world, minutes=26)
    assert [each.made_by for each in strangers(world) if each.told_at] == [""]
    world.aws.faults.clear()
    world.company.unassign(*HELD)

    next_day(world)

    assert events(world, "sweep.outlived") == []


def test_what_went_before_it_was_told_of_is_told_of_to_nobody(world: World) -> None:
    world.company.assign(*HELD)
    sweeps(world)
    world.company.unassign(*HELD)

    later(world, minutes=26)
    world.rounds()

    assert alarms(world) == []
    assert strangers(world) == []


def test_with_an_account_what_was_told_of_there_is_forgotten(world: World) -> None:
    world.company.assigned_by("ada", *HELD)
    sweeps(world)
    assert len(strangers(world)) == 1
    world.company.remove_account("payments-prod")
    world.refresher.refresh()

    next_day(world)

    assert strangers(world) == []


# What is not asked


def test_a_delegate_does_not_ask_about_the_management_account(world: World) -> None:
    sweeps(world)

    asked = {call.parameters["AccountId"] for call in world.aws.calls.of(PROVISIONED)}
    assert asked
    assert world.company.management_account not in asked


# Errors


def test_an_error_that_nobody_foresaw_keeps_the_others_from_nothing(world: World) -> None:
    world.company.assigned_by("ada", *HELD)
    failing_for(world, world.company.account("web-prod").id)

    sweeps(world)

    assert BY_ADA in alarms(world)[0]
    assert any("unforeseen error" in one.what for one in checked(world))


def test_one_that_comes_up_in_judging_does_not_keep_the_sweep_at_it(world: World) -> None:
    world.company.assigned_by("ada", *HELD)

    def break_down() -> None:
        raise ValueError("what nobody foresaw")

    meanwhile(world, break_down)
    sweeps(world)
    assert any("unforeseen error" in one.what for one in checked(world))
    later(world, minutes=6)
    world.rounds()

    assert BY_ADA in alarms(world)[0]


def test_one_call_that_cloudtrail_turns_away_has_nobody_told_without_it(world: World) -> None:
    """However long ago it was found: it is asked again first."""
    world.company.assigned_by("ada", *HELD)
    world.aws.faults.add(LOOKUP, "http500", times=None)
    sweeps(world)
    world.clock.passes(minutes=65)
    world.aws.faults.clear()
    away = world.aws.faults.add(LOOKUP, "http500", times=12)

    world.sweep.round()
    assert away.struck
    assert alarms(world) == []
    later(world, minutes=10)
    world.rounds()

    assert BY_ADA in alarms(world)[0]


def test_of_many_a_second_process_tells_nobody_again(world: World) -> None:
    for n in range(12):
        name = f"user{n}"
        world.company.add_user(name)
        world.company.assigned_by("ada", name, *HELD[1:])
    with world.beside(world.settings.database_url) as other:
        judged = meanwhile(
            world,
            lambda: other.sweep.judging.judge(catalogue(other), anew=False, report=True),
        )
        sweeps(world)

    assert judged
    (alarm,) = alarms(world)
    assert "12 assignments" in alarm
    assert len(events(world, "sweep.stranger")) == 12


def test_all_is_well_again_when_it_is(world: World) -> None:
    world.company.prepare_role(ACTIVITY_ROLE, world.company.management_account)
    account = world.company.account("web-prod").id
    center = world.sweep.identity_center
    failing_for(world, account)
    sweeps(world)
    world.sweep.identity_center = center

    next_day(world)

    assert all(one.verdict is Verdict.OK for one in checked(world))
