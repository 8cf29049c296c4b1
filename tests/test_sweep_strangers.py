"""The sweep: what was not made here is told of with who made it, and never touched."""

from typing import Any, cast

import pytest

from bot.findings import Verdict
from grants.model import State
from grants.ports import IdentityCenter
from tests.sweeping import (
    BY_ADA,
    CREATE,
    DELETE,
    HELD,
    LOOKUP,
    alarms,
    checked,
    create_late,
    delete_late,
    ended,
    events,
    everything_is_seen,
    later,
    next_day,
    standing,
    sweeps,
)
from tests.world import World


def test_what_we_took_away_long_ago_is_not_ours_by_that(world: World) -> None:
    """A database that was lost: it knows of no grant, and CloudTrail has what we did then."""
    everything_is_seen(world)
    create_late(world)
    delete_late(world)
    world.clock.passes(days=40)
    world.company.assign(*HELD)

    sweeps(world)
    later(world, minutes=26)
    world.rounds()

    assert world.company.is_assigned(*HELD)
    assert "does not tell who made it" in alarms(world)[0]


def test_what_somebody_had_before_our_late_order_is_theirs(world: World) -> None:
    ended(world)
    world.company.assigned_by("ada", *HELD)
    world.passes(minutes=10)
    create_late(world)

    sweeps(world)
    world.passes(minutes=1)

    assert world.company.is_assigned(*HELD)
    assert BY_ADA in alarms(world)[0]


def test_while_cloudtrail_does_not_answer_everywhere_nothing_is_decided(world: World) -> None:
    everything_is_seen(world)
    ended(world)
    create_late(world)
    world.company.assigned_by("ada", *HELD, home=world.company.management_account)
    world.aws.faults.add("AssumeRole", "throttling", times=8)

    sweeps(world)
    assert alarms(world) == []
    later(world, minutes=3)
    world.rounds()

    assert world.company.is_assigned(*HELD)
    assert BY_ADA in alarms(world)[0]


def test_where_cloudtrail_never_answers_it_is_told_without_it(world: World) -> None:
    ended(world)
    create_late(world)
    world.aws.faults.add(LOOKUP, "http500", times=None)

    sweeps(world)
    later(world, minutes=50)
    world.rounds()
    assert alarms(world) == []
    later(world, minutes=20)
    world.rounds()

    assert world.company.is_assigned(*HELD)
    (alarm,) = alarms(world)
    assert "It does not answer" in alarm


def test_by_our_role_without_our_name_it_is_not_ours_where_no_grant_was(world: World) -> None:
    everything_is_seen(world)
    made = world.company.assign(*HELD)
    arn = f"arn:aws:sts::{world.company.home_account}:assumed-role/Elevate/script"
    who = {"type": "AssumedRole", "accountId": world.company.home_account, "arn": arn}
    world.company.record_assigning(
        made, by=who, agent="Boto3/1.44.5 md/Botocore", account=world.company.home_account
    )

    sweeps(world)
    later(world, minutes=26)
    world.rounds()

    assert world.company.is_assigned(*HELD)
    assert "Elevate itself asked for it" in alarms(world)[0]


def test_once_cloudtrail_may_be_read_what_was_told_as_unknown_is_judged_anew(world: World) -> None:
    ended(world)
    create_late(world)
    world.company.assigned_by("ada", "dan", *HELD[1:])
    world.aws.faults.add(LOOKUP, "access_denied", times=None)
    sweeps(world)
    later(world, minutes=26)
    world.rounds()
    assert len(alarms(world)) == 2
    world.aws.faults.clear()

    next_day(world)
    world.passes(seconds=10)

    assert not world.company.is_assigned(*HELD)
    assert world.company.is_assigned("dan", *HELD[1:])
    assert [BY_ADA in one.what for one in checked(world)] == [True]
    assert len(alarms(world)) == 3


def test_a_list_that_lags_once_has_nobody_told_of_again(world: World) -> None:
    world.company.assigned_by("ada", *HELD)
    sweeps(world)
    world.company.unassign(*HELD)
    next_day(world)
    world.company.assign(*HELD)

    next_day(world)
    next_day(world)

    assert len(alarms(world)) == 1


def test_a_strangers_is_told_with_who_made_it_and_never_touched(world: World) -> None:
    world.company.assigned_by("ada", *HELD)

    sweeps(world)
    next_day(world)
    next_day(world)

    assert world.company.is_assigned(*HELD)
    assert world.aws.calls.count(DELETE) == 0
    (alarm,) = alarms(world)
    for fact in ("not given here", "Bob", "AdministratorAccess", "payments-prod", BY_ADA):
        assert fact in alarm
    (line,) = events(world, "sweep.stranger")
    assert "ada (role AWSReservedSSO_" in str(line["made_by"])
    assert any(BY_ADA in str(finding) for finding in checked(world))


def test_what_an_administrator_gives_anew_after_our_grant_is_theirs(world: World) -> None:
    ended(world)
    world.company.assigned_by("ada", *HELD)

    sweeps(world)
    world.passes(minutes=1)

    assert world.company.is_assigned(*HELD)
    (alarm,) = alarms(world)
    assert BY_ADA in alarm


def test_where_cloudtrail_does_not_know_it_is_told_when_it_would(world: World) -> None:
    world.company.assign(*HELD)

    sweeps(world)
    assert alarms(world) == []
    later(world, minutes=21)
    world.rounds()

    (alarm,) = alarms(world)
    assert "CloudTrail does not tell who made it" in alarm
    assert world.company.is_assigned(*HELD)


def test_where_cloudtrail_may_not_be_read_nothing_is_taken_and_it_says_what_to_allow(
    world: World,
) -> None:
    ended(world)
    create_late(world)
    world.aws.faults.add(LOOKUP, "access_denied", times=None)

    sweeps(world)
    later(world, minutes=21)
    world.rounds()

    assert world.company.is_assigned(*HELD)
    (alarm,) = alarms(world)
    assert "Allow cloudtrail:LookupEvents" in alarm


def test_what_cloudtrail_delivers_late_is_waited_for(world: World) -> None:
    world.company.delivery_seconds = 600
    world.company.assigned_by("ada", *HELD)

    sweeps(world)
    assert alarms(world) == []
    later(world, minutes=16)
    world.rounds()

    (alarm,) = alarms(world)
    assert BY_ADA in alarm


def test_of_a_creation_before_we_saw_it_absent_nothing_follows(world: World) -> None:
    """Our own grant of yesterday did not make what somebody has made since, unseen."""
    ended(world)
    world.company.assign(*HELD)

    sweeps(world)
    later(world, minutes=21)
    world.rounds()

    assert world.company.is_assigned(*HELD)
    (alarm,) = alarms(world)
    assert "does not tell who made it" in alarm


def test_by_the_same_role_in_the_console_it_is_not_ours(world: World) -> None:
    ended(world)
    made = world.company.assign(*HELD)
    who = {"type": "AssumedRole", "accountId": world.company.home_account}
    arn = f"arn:aws:sts::{world.company.home_account}:assumed-role/Elevate/ada"
    world.company.record_assigning(
        made, by={**who, "arn": arn}, agent="AWS Internal", account=world.company.home_account
    )

    sweeps(world)
    world.passes(minutes=1)

    assert world.company.is_assigned(*HELD)
    assert "ada (role Elevate)" in alarms(world)[0]


def test_a_creation_that_aws_refused_made_nothing(world: World) -> None:
    ended(world)
    made = world.company.assigned_by("ada", *HELD)
    world.passes(minutes=1)
    who = {"type": "AssumedRole", "accountId": "1", "arn": world.aws.calls.of(CREATE)[0].arn()}
    world.company.record_assigning(
        made, by=who, agent="Boto3/1.44.5", account=world.company.home_account, refused="Conflict"
    )

    sweeps(world)
    world.passes(minutes=1)

    assert world.company.is_assigned(*HELD)
    assert BY_ADA in alarms(world)[0]


def test_asked_from_a_delegate_the_management_accounts_hand_is_seen_by_the_role(
    world: World,
) -> None:
    management = world.company.management_account
    assert world.company.home_account != management
    everything_is_seen(world)
    world.company.assigned_by("ada", *HELD, home=management)

    sweeps(world)

    (alarm,) = alarms(world)
    assert BY_ADA in alarm


def test_without_the_role_there_it_says_what_was_not_read(world: World) -> None:
    world.company.assigned_by("ada", *HELD, home=world.company.management_account)

    sweeps(world)
    later(world, minutes=21)
    world.rounds()

    (alarm,) = alarms(world)
    assert "does not tell who made it" in alarm
    assert "from the management account 111122223333 is not seen" in alarm


def test_many_at_once_are_one_line_and_the_check_lists_them(world: World) -> None:
    for n in range(12):
        name = f"user{n}"
        world.company.add_user(name)
        world.company.assigned_by("ada", name, "payments-prod", "AdministratorAccess")

    sweeps(world)

    (alarm,) = alarms(world)
    assert "12 assignments" in alarm
    assert len([one for one in checked(world) if one.verdict is Verdict.WARN]) == 12


def test_what_was_there_before_is_told_of_together_when_everything_was_looked_at(
    world: World,
) -> None:
    world.company.assigned_by("ada", *HELD)
    world.company.assigned_by("ada", "dan", "web-prod", "ReadOnlyAccess")
    center, web = world.sweep.identity_center, world.company.account("web-prod").id

    class DiesHalfWay:
        def provisioned_in(self, account: Any, **kwargs: Any) -> Any:
            if account == web:
                raise KeyboardInterrupt
            return center.provisioned_in(account, **kwargs)

        def __getattr__(self, name: str) -> Any:
            return getattr(center, name)

    world.sweep.identity_center = cast(IdentityCenter, DiesHalfWay())
    with pytest.raises(KeyboardInterrupt):
        world.sweep.round()
    world.sweep.identity_center = center

    later(world, minutes=11)
    world.rounds()
    assert alarms(world) == []
    later(world, minutes=10)
    world.rounds()

    assert len(alarms(world)) == 2


def test_what_is_gone_by_itself_is_forgotten(world: World) -> None:
    world.company.assigned_by("ada", *HELD)
    sweeps(world)
    world.company.unassign(*HELD)

    next_day(world)
    next_day(world)

    assert all(one.verdict is Verdict.OK for one in checked(world))


def test_a_standing_one_that_a_grant_runs_on_is_told_of_once(world: World) -> None:
    world.company.assigned_by("ada", *HELD)
    sweeps(world)
    request = standing(world)

    sweeps(world)
    world.passes(hours=2)
    later(world, minutes=21)
    world.rounds()

    assert world.state(request) is State.ENDED
    assert len(alarms(world)) == 1
    assert world.company.is_assigned(*HELD)
