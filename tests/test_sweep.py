"""The sweep: ours that outlived its grant goes, a stranger's is told of and left alone."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast

import pytest

from bot.check_sweep import swept
from bot.findings import Finding, Verdict
from grants.model import Catalogue, RequestId, State
from grants.ports import Assigned, IdentityCenter
from grants.whose import Calls
from tests.standins.aws import ACTIVITY_ROLE
from tests.world import POLICIES, World

PROD = "payments-prod · AdministratorAccess"
HELD = ("bob", "payments-prod", "AdministratorAccess")
CREATE, DELETE, LIST = (
    "CreateAccountAssignment",
    "DeleteAccountAssignment",
    "ListAccountAssignments",
)
LOOKUP = "LookupEvents"
BY_ADA = "made by ada (role AWSReservedSSO_AdministratorAccess_"


def sweeps(world: World) -> None:
    """As often as there is something to look at now, and what follows from it."""
    for _ in range(50):
        world.sweep.round()
        due = world.sweep.next_due()
        if due is None or due > world.clock():
            break
    world.rounds()


def later(world: World, **span: float) -> None:
    """Time goes by, with a sweep whenever it is due."""
    until = world.clock() + timedelta(**span)
    while (due := world.sweep.next_due()) and due <= until:
        world.clock.now = max(due, world.clock())
        sweeps(world)
    world.clock.now = until


def next_day(world: World) -> None:
    """Everything is looked at again."""
    world.clock.passes(days=1, minutes=1)
    sweeps(world)


def ended(world: World) -> RequestId:
    """A grant that was over yesterday."""
    request = world.active("bob", PROD, Duration="1h")
    world.passes(hours=2)
    assert world.state(request) is State.ENDED
    world.passes(days=1)
    return request


def create_late(world: World, who: str = "bob") -> None:
    """A request of ours that reaches AWS long after anybody waits for it."""
    order = order_for(world, who)
    world.address.clients.sso_admin.writing.create_account_assignment(**order)
    world.passes(seconds=3)


def delete_late(world: World, who: str = "bob") -> None:
    order = order_for(world, who)
    world.address.clients.sso_admin.writing.delete_account_assignment(**order)
    world.passes(seconds=3)


def order_for(world: World, who: str) -> dict[str, Any]:
    user, account, permission_set = world.company.key(who, *HELD[1:])[1:]
    return {
        "InstanceArn": world.company.instance_arn,
        "TargetId": account,
        "TargetType": "AWS_ACCOUNT",
        "PermissionSetArn": permission_set,
        "PrincipalType": "USER",
        "PrincipalId": user,
    }


def everything_is_seen(world: World) -> None:
    """What people do in the management account, too."""
    world.company.prepare_role(ACTIVITY_ROLE, world.company.management_account)


def alarms(world: World) -> list[str]:
    return [each.text for each in world.slack.channel("general").messages if "Alarm" in each.text]


def events(world: World, about: str) -> list[dict[str, object]]:
    with world.works.reading() as work:
        lines = [line.entry for line in work.journal.walk()]
    return [dict(entry.facts or {}) for entry in lines if entry.event == about]


def standing(world: World) -> RequestId:
    """A grant that runs on what is there already."""
    before = {each.id for each in world.requests()}
    bob = world["bob"]
    bob.command("")
    bob.fill({"Access": PROD, "Justification": "the disk is full", "Duration": "1h"})
    bob.submit()
    sent = bob.submit()
    assert sent.kind == "closed", sent
    world.rounds()
    (request,) = [each.id for each in world.requests() if each.id not in before]
    world.decides("eve", request, "Approve")
    world.passes(seconds=10)
    assert world.state(request) is State.ACTIVE
    return request


def catalogue(world: World) -> Catalogue:
    with world.works.reading() as work:
        found = work.catalogue.load()
    assert found is not None
    return found


def checked(world: World) -> list[Finding]:
    known = catalogue(world)
    with world.works.reading() as work:
        return list(swept(work.sweeps.all(), work.sweeps.strangers(), known))


# Ours


def test_ours_that_outlived_its_grant_is_taken_away_and_told(world: World) -> None:
    ended(world)
    create_late(world)
    assert world.company.is_assigned(*HELD)

    sweeps(world)
    world.passes(seconds=10)

    assert not world.company.is_assigned(*HELD)
    (alarm,) = alarms(world)
    assert "access that no request holds" in alarm
    assert "payments-prod" in alarm
    (line,) = events(world, "sweep.outlived")
    assert line["user"] == world.company.user("bob").id


def test_it_is_told_once_however_often_the_sweep_comes_round(world: World) -> None:
    ended(world)
    create_late(world)

    for _ in range(4):
        sweeps(world)
        world.passes(minutes=6)

    assert len(alarms(world)) == 1
    assert world.aws.calls.count(DELETE) == 2  # the grant's own, and this one


def test_should_it_not_go_somebody_hears_of_it(world: World) -> None:
    ended(world)
    create_late(world)
    world.aws.faults.add(DELETE, "throttling", times=None)

    sweeps(world)
    world.passes(minutes=3)

    assert world.company.is_assigned(*HELD)
    assert any("Still being removed" in alarm for alarm in alarms(world))


def test_of_a_database_that_lost_the_grant_ours_is_known_by_its_name(world: World) -> None:
    everything_is_seen(world)
    create_late(world)

    sweeps(world)
    assert world.company.is_assigned(*HELD)
    later(world, minutes=26)
    world.passes(seconds=10)

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

    sweeps(world)
    later(world, minutes=26)
    world.passes(minutes=2)

    (alarm,) = alarms(world)
    assert "12 assignments that Elevate made" in alarm
    assert len(events(world, "sweep.outlived")) == 12


# Strangers'


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


# How it goes


def test_only_sets_that_the_policies_offer_are_looked_at(world: World) -> None:
    world.policies(POLICIES.replace("[ReadOnlyAccess, AdministratorAccess]", "[ReadOnlyAccess]"))
    world.company.assigned_by("ada", *HELD)

    sweeps(world)
    next_day(world)

    assert alarms(world) == []


def test_it_asks_in_the_lowest_lane_and_each_pair_once(world: World) -> None:
    for user in ("bob", "dan", "eve"):
        world.company.assigned_by("ada", user, "payments-prod", "AdministratorAccess")
    world.aws.calls.clear()

    world.sweep.round()

    pairs = [
        (call.parameters["AccountId"], call.parameters["PermissionSetArn"])
        for call in world.aws.calls.of(LIST)
    ]
    assert pairs
    assert len(pairs) == len(set(pairs))


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
    world.company.assigned_by("ada", "dan", *HELD[1:])
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
        sweeps(world)
    world.passes(seconds=10)

    assert sweeping
    assert len(alarms(world)) == 2
    assert len(events(world, "sweep.stranger")) == len(events(world, "sweep.outlived")) == 1


def test_what_is_given_while_it_is_judged_is_left_to_its_grant(world: World) -> None:
    ended(world)
    create_late(world)
    provenance = world.ports.provenance

    class Slow:
        def calls(self, since: datetime) -> Calls:
            if len(world.requests()) == 1:
                standing(world)
            return provenance.calls(since)

    world.sweep.judging = replace(world.sweep.judging, provenance=Slow())
    sweeps(world)
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
