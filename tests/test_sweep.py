"""How the sweep goes about it: what it looks at, when, and what keeps it from nothing."""

from dataclasses import replace
from datetime import datetime
from typing import Any, cast

import pytest

from bot.findings import Verdict
from grants.model import Lane
from grants.ports import Assigned, IdentityCenter
from grants.whose import Calls
from tests.sweeping import (
    HELD,
    LIST,
    LOOKUP,
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
from tests.world import POLICIES, World


def test_only_sets_that_the_policies_offer_are_looked_at(world: World) -> None:
    world.policies(POLICIES.replace("[ReadOnlyAccess, AdministratorAccess]", "[ReadOnlyAccess]"))
    world.company.assigned_by("ada", *HELD)

    sweeps(world)
    next_day(world)

    assert alarms(world) == []


def test_it_asks_in_the_lowest_lane_and_about_each_pair_once(world: World) -> None:
    for user in ("bob", "dan", "eve"):
        world.company.assigned_by("ada", user, "payments-prod", "AdministratorAccess")
    center, lanes, pairs = world.sweep.identity_center, set[Lane](), list[tuple[str, str]]()

    class Watched:
        def assigned(self, account: Any, arn: Any, *, lane: Lane) -> Assigned:
            lanes.add(lane)
            pairs.append((account, arn))
            return center.assigned(account, arn, lane=lane)

        def provisioned_in(self, account: Any, *, lane: Lane) -> Any:
            lanes.add(lane)
            return center.provisioned_in(account, lane=lane)

    world.sweep.identity_center = cast(IdentityCenter, Watched())
    world.sweep.round()

    assert lanes == {Lane.REFRESH}
    assert len(pairs) == len(set(pairs)) > 0


def test_one_pair_that_aws_never_answers_about_keeps_the_others_from_nothing(
    world: World,
) -> None:
    where = {"AccountId": world.company.account("payments-prod").id}
    world.company.assigned_by("ada", *HELD)
    world.company.assigned_by("ada", "dan", "web-prod", "ReadOnlyAccess")
    world.aws.faults.add(LIST, "http500", times=None, where=where)

    sweeps(world)
    later(world, minutes=10)
    world.rounds()

    assert len(alarms(world)) == 1
    assert any("could be looked at" in finding.what for finding in checked(world))
    assert all(finding.verdict is not Verdict.OK for finding in checked(world))


def test_what_is_provisioned_where_is_asked_again_when_aws_did_not_say(world: World) -> None:
    world.company.assigned_by("ada", *HELD)
    world.aws.faults.add("ListPermissionSetsProvisionedToAccount", "http500", times=8)

    sweeps(world)
    later(world, minutes=3)
    world.rounds()

    assert len(alarms(world)) == 1


def test_two_processes_that_judge_at_once_tell_once(world: World) -> None:
    ended(world)
    create_late(world)
    world.company.assign("dan", *HELD[1:])
    sweeps(world)
    later(world, minutes=16)
    provenance = world.ports.provenance
    with world.beside(world.settings.database_url) as other:
        sweeping: list[bool] = []

        class Slow:
            def calls(self, since: datetime) -> Calls:
                if not sweeping:
                    sweeping.append(True)
                    other.sweep.judging.judge(catalogue(other), anew=False, report=True)
                return provenance.calls(since)

        world.sweep.judging = replace(world.sweep.judging, provenance=Slow())
        later(world, minutes=10)
    world.passes(seconds=10)

    assert sweeping
    assert len(alarms(world)) == 2
    assert len(events(world, "sweep.stranger")) == len(events(world, "sweep.outlived")) == 1


def test_what_is_given_while_it_is_judged_is_left_to_its_grant(world: World) -> None:
    ended(world)
    create_late(world)
    sweeps(world)
    later(world, minutes=16)
    provenance = world.ports.provenance

    class Slow:
        def calls(self, since: datetime) -> Calls:
            if len(world.requests()) == 1:
                standing(world)
            return provenance.calls(since)

    world.sweep.judging = replace(world.sweep.judging, provenance=Slow())
    later(world, minutes=10)
    world.passes(minutes=2)

    assert world.company.is_assigned(*HELD)
    assert events(world, "sweep.outlived") == []


def test_more_than_fit_into_a_slice_are_all_looked_at(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grants.sweep.SLICE", 1)
    for user, account in (("bob", "payments-prod"), ("dan", "web-prod"), ("eve", "payments-dev")):
        world.company.assign(user, account, "ReadOnlyAccess")

    sweeps(world)
    later(world, minutes=26)
    world.rounds()

    assert len(alarms(world)) == 3


def test_of_the_pairs_that_were_held_lately_each_is_looked_at_once_in_each_sweep(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grants.sweep.SLICE", 1)
    accounts = ("payments-prod", "web-prod", "payments-dev")
    for account in accounts:
        world.active("bob", f"{account} · ReadOnlyAccess", Duration="15m")
        world.passes(hours=1)
    lately = sorted(world.company.account(name).id for name in accounts)
    sweeps(world)
    center, looked = world.sweep.identity_center, list[str]()

    class Watched:
        def assigned(self, account: Any, arn: Any, *, lane: Lane) -> Assigned:
            looked.append(account)
            return center.assigned(account, arn, lane=lane)

    world.sweep.identity_center = cast(IdentityCenter, Watched())
    for _ in range(2):
        looked.clear()
        later(world, minutes=5)
        assert looked == lately


def test_of_what_a_grant_runs_on_by_now_cloudtrail_is_not_asked(world: World) -> None:
    world.company.assign(*HELD)
    sweeps(world)
    standing(world)
    world.aws.calls.clear()

    later(world, minutes=16)

    assert world.aws.calls.count(LOOKUP) == 0


def test_an_account_that_cannot_be_read_keeps_the_others_from_nothing(world: World) -> None:
    world.company.assigned_by("ada", *HELD)
    where = {"AccountId": world.company.account("web-prod").id}
    world.company.assigned_by("ada", "dan", "web-prod", "ReadOnlyAccess")
    world.aws.faults.add(LIST, "access_denied", times=None, where=where)

    sweeps(world)

    assert len(alarms(world)) == 1
    assert any("could be looked at" in finding.what for finding in checked(world))


def test_while_aws_is_away_it_goes_on_later_where_it_was(world: World) -> None:
    world.company.assigned_by("ada", *HELD)
    away = world.aws.faults.add(LIST, "http500", times=None)

    sweeps(world)
    assert away.struck
    world.aws.faults.clear()
    later(world, minutes=2)
    world.rounds()

    assert len(alarms(world)) == 1


def test_two_processes_look_at_nothing_twice(world: World) -> None:
    world.company.assigned_by("ada", *HELD)
    with world.beside(world.settings.database_url) as other:
        sweeps(world)
        world.aws.calls.clear()
        other.sweep.round()

    assert world.aws.calls.count(LIST) == 0
    assert len(alarms(world)) == 1


def test_a_process_that_died_in_a_sweep_has_its_slice_done_by_another(world: World) -> None:
    world.company.assigned_by("ada", *HELD)

    class Killed(BaseException):
        pass

    class Dying:
        def provisioned_in(self, *args: Any, **kwargs: Any) -> Any:
            raise Killed

    world.sweep.identity_center = cast(IdentityCenter, Dying())
    with pytest.raises(Killed):
        world.sweep.round()

    with world.beside(world.settings.database_url) as other:
        sweeps(other)
        assert alarms(world) == []
        other.clock.passes(minutes=16)
        sweeps(other)

    assert len(alarms(world)) == 1


def test_a_process_that_begins_has_everything_looked_at(world: World) -> None:
    sweeps(world)
    world.company.assigned_by("ada", *HELD)
    world.clock.passes(hours=2)

    with world.beside(world.settings.database_url) as other:
        sweeps(other)

    assert len(alarms(world)) == 1


def test_before_all_was_looked_at_the_check_says_so(world: World) -> None:
    assert [one.verdict for one in checked(world)] == [Verdict.NOTE]

    sweeps(world)

    assert [one.verdict for one in checked(world)] == [Verdict.OK]
