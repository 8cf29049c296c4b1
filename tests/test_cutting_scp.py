"""Revoke and cut sessions by a service control policy: who notices what, and what is left afterwards."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from blocks.refusals import words
from bot.assemble import closing
from grants.errors import NoCut
from grants.model import (
    AccountId,
    Actor,
    PermissionSetArn,
    RequestId,
    Role,
    State,
    Target,
)
from grants.records import Cut, CutPhase
from tests import make
from tests.admin_hand import pressed
from tests.soundness import PRODUCTION, WITH_ALARMS, alarms, sound
from tests.standins.aws.scps import NOBODY
from tests.test_cutting import revokes
from tests.world import World, a_world

ON = "  revoke_sessions: scp\n  default_channel"
CUTTING = WITH_ALARMS.replace("  default_channel", ON)
PROD, ADMIN = "payments-prod", "AdministratorAccess"
SCP = "p-1a2b3c4d5e"
THEIRS = {
    "Version": "2012-10-17",
    "Statement": [
        NOBODY,
        {"Sid": "Theirs", "Effect": "Deny", "Action": "iam:CreateUser", "Resource": "*"},
    ],
}


@pytest.fixture
def world(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Sessions are cut by a policy that was prepared and attached; bob and dan hold more besides."""
    with a_world(database_url, monkeypatch.setenv, cut_policy_id=SCP) as world:
        company = world.company
        company.add_scp("cuts", json.dumps(THEIRS, indent=2), scp_id=SCP)
        company.attach_scp(SCP, "Workloads")
        company.may_write_scps.add(company.home_account)
        company.assign("dan", PROD, ADMIN)
        company.assign("bob", "web-prod", ADMIN)
        company.assign("bob", PROD, "ReadOnlyAccess")
        world.policies(CUTTING)
        yield world
        sound(world)


def a_cut(world: World) -> RequestId:
    """Of bob's, in force."""
    request = world.active("bob", PRODUCTION)
    world.passes(minutes=10)
    revokes(world, request)
    world.passes(seconds=30)
    assert cut(world, request).phase is CutPhase.IN_FORCE
    return request


def cut(world: World, request: RequestId) -> Cut:
    with world.works.reading() as work:
        found = work.cuts.of(request)
    assert found is not None
    return found


def allowed(world: World, who: str, account: str = PROD, permission_set: str = ADMIN) -> bool:
    """Whether a session works now that was opened five minutes ago."""
    opened = world.clock() - timedelta(minutes=5)
    return world.company.session_allowed(who, account, permission_set, opened)


def policy(world: World) -> Any:
    return json.loads(world.company.scp(SCP).content)


def ours(world: World) -> list[Any]:
    return [one for one in policy(world)["Statement"] if one not in THEIRS["Statement"]]


# What somebody notices


def test_this_session_is_denied_and_none_in_another_account_or_of_another_set(
    world: World,
) -> None:
    request = a_cut(world)
    account = world.company.account(PROD).id

    assert not allowed(world, "bob")
    assert allowed(world, "dan")
    assert allowed(world, "bob", "web-prod")
    assert allowed(world, "bob", PROD, "ReadOnlyAccess")
    (statement,) = ours(world)
    before = cut(world, request).before
    assert before is not None
    assert statement == {
        "Sid": f"ElevateCut{request}",
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": {
            "StringEquals": {"identitystore:UserId": world.company.user("bob").id},
            "DateLessThan": {"aws:TokenIssueTime": before.strftime("%Y-%m-%dT%H:%M:%SZ")},
            "ArnLike": {
                "aws:PrincipalArn": f"arn:aws:iam::{account}:role/aws-reserved/sso.amazonaws.com"
                f"/*AWSReservedSSO_{ADMIN}_*"
            },
        },
    }
    assert world.aws.calls.count("ProvisionPermissionSet") == 0
    world.passes(minutes=6)
    world.active("bob", PRODUCTION)
    world.passes(minutes=6)
    assert allowed(world, "bob")


def test_afterwards_it_is_undone_and_told_and_what_others_added_stays(world: World) -> None:
    request = a_cut(world)
    more = {"Sid": "More", "Effect": "Deny", "Action": "s3:*", "Resource": "*"}
    written = policy(world)
    world.company.put_scp(SCP, json.dumps({**written, "Statement": [*written["Statement"], more]}))

    world.passes(hours=1, minutes=20)

    assert cut(world, request).phase is CutPhase.LIFTED
    assert policy(world) == {**THEIRS, "Statement": [*THEIRS["Statement"], more]}
    assert alarms(world) == []
    thread = world.thread(request)
    (removing,) = [line for line in thread if line.startswith("Removing")]
    (in_force,) = [line for line in thread if line.startswith("Sessions cut")]
    assert "credentials already issued may go on working, about until" in removing
    assert "is taken out again after" in in_force
    assert any(f"is out of the service control policy {SCP} again" in line for line in thread)
    kept = [each for each in world.journal(request) if each.startswith("cut.")]
    assert kept == ["cut.force", "cut.lift"]
    world["aud"].command(f"verify {request}")
    world.rounds()
    assert any("says what the journal says" in text for text in world.whispers("aud"))


def test_where_nothing_else_is_left_it_denies_nobody(world: World) -> None:
    """AWS takes no policy without a statement."""
    request = a_cut(world)
    world.company.put_scp(SCP, json.dumps({**THEIRS, "Statement": ours(world)}))

    world.passes(hours=1, minutes=20)

    assert cut(world, request).phase is CutPhase.LIFTED
    (left,) = policy(world)["Statement"]
    assert left["Condition"] == {"StringEquals": {"identitystore:UserId": "nobody"}}
    assert alarms(world) == []


# What others do meanwhile


def test_what_somebody_takes_out_is_put_back_and_told(world: World) -> None:
    request = a_cut(world)
    world.company.put_scp(SCP, json.dumps(THEIRS))
    assert allowed(world, "bob")

    world.passes(minutes=6)

    assert cut(world, request).phase is CutPhase.IN_FORCE
    assert len(ours(world)) == 1
    (alarm,) = alarms(world)
    assert f"somebody took the denial out of the service control policy {SCP}" in alarm
    assert "Credentials already issued may work until" in alarm


def test_where_it_is_not_attached_nothing_is_said_to_be_cut_until_it_is(world: World) -> None:
    world.company.detach_scp(SCP, "Workloads")
    world.company.attach_scp(SCP, "Security")
    request = world.active("bob", PRODUCTION)

    revokes(world, request)
    world.passes(minutes=6)

    assert world.state(request) is State.REVOKED
    assert cut(world, request).phase is CutPhase.WANTED
    (alarm,) = alarms(world)
    assert "attached neither to the account nor to an OU above it" in alarm
    assert "Credentials already issued may go on working until" in alarm
    assert not any(line.startswith("Sessions cut") for line in world.thread(request))

    world.company.attach_scp(SCP, PROD)
    world.passes(minutes=2)
    assert cut(world, request).phase is CutPhase.IN_FORCE
    assert any(line.startswith("Sessions cut") for line in world.thread(request))


def test_whoever_detaches_it_while_it_is_in_force_is_noticed(world: World) -> None:
    request = a_cut(world)
    world.company.detach_scp(SCP, "Workloads")

    world.passes(minutes=6)
    assert cut(world, request).phase is CutPhase.WANTED
    assert any("sessions that were cut may go on" in each for each in alarms(world))

    world.company.attach_scp(SCP, "Production")
    world.passes(minutes=2)
    assert cut(world, request).phase is CutPhase.IN_FORCE
    told = [line for line in world.thread(request) if line.startswith("Sessions")]
    assert [" ".join(line.split()[:3]) for line in told] == [
        "Sessions cut: AWS",
        "Sessions are not",
        "Sessions cut: AWS",
    ]
    world.passes(hours=2)
    assert cut(world, request).phase is CutPhase.LIFTED
    assert policy(world) == THEIRS


# What goes wrong


@pytest.mark.parametrize("kind", ["lost_answer", "drop", "throttling", "http500"])
def test_whatever_answer_is_lost_it_is_cut_and_undone(world: World, kind: str) -> None:
    asked = ("DescribePolicy", "UpdatePolicy", "ListTargetsForPolicy")
    request = world.active("bob", PRODUCTION)
    world.passes(minutes=10)
    for operation in asked:
        world.aws.faults.add(operation, kind)

    revokes(world, request)
    world.passes(minutes=2)

    assert cut(world, request).phase is CutPhase.IN_FORCE
    assert not allowed(world, "bob")

    for operation in asked:
        world.aws.faults.add(operation, kind)
    world.passes(hours=2)
    assert cut(world, request).phase is CutPhase.LIFTED
    assert policy(world) == THEIRS
    assert alarms(world) == []


def test_refused_for_good_it_is_tried_on_and_somebody_is_told_once(world: World) -> None:
    world.company.may_write_scps.clear()
    request = world.active("bob", PRODUCTION)

    revokes(world, request)
    world.passes(minutes=30)

    assert world.state(request) is State.REVOKED
    assert len([each for each in alarms(world) if "Sessions are not cut yet" in each]) == 1
    world.company.may_write_scps.add(world.company.home_account)
    world.passes(minutes=3)
    assert cut(world, request).phase is CutPhase.IN_FORCE


def test_a_policy_of_another_kind_is_left_alone(world: World) -> None:
    world.company.scp(SCP).kind = "TAG_POLICY"
    request = world.active("bob", PRODUCTION)

    revokes(world, request)
    world.passes(minutes=6)

    assert cut(world, request).phase is CutPhase.WANTED
    assert policy(world) == THEIRS
    assert any("is no service control policy" in each for each in alarms(world))


# Where it can be, and where not


def test_an_administrator_may_choose_it_where_a_policy_is_named(world: World) -> None:
    asked = "Cut open sessions when access is revoked"
    for choice, said in (("No", "off"), ("By a service control policy", "scp")):
        ada = pressed(world, "Settings")
        ada.fill({asked: choice})

        assert ada.submit().closed
        assert world.book().settings.revoke_sessions == said


def test_in_the_management_account_it_is_not_offered(world: World) -> None:
    def may_be_cut(account: str) -> bool:
        arn = PermissionSetArn(world.company.permission_set(ADMIN).arn)
        target = Target(AccountId(world.company.account(account).id), arn)
        return the_closing.may_cut(make.a_request(target=target))

    the_closing = closing(world.settings, world.storage, world.desk.memberships)

    assert may_be_cut(PROD)
    assert not may_be_cut("acme-management")


def test_where_no_policy_is_named_it_is_not_offered_and_nothing_is_revoked(world: World) -> None:
    request = world.active("bob", PRODUCTION)

    with world.beside(world.settings.database_url) as other:
        other["eve"].click(world.card(request), "Revoke")

        view = other["eve"].view()
        assert view is not None
        assert view.labels() == ["Reason"]
        operator = Actor(Role.ADMINISTRATOR, "operator:test")
        with pytest.raises(NoCut) as refused:
            closing(other.settings, other.storage, other.desk.memberships).revoke_as(
                operator, request, "the laptop is lost", cut=True
            )
    assert "ELEVATE_CUT_POLICY_ID names none here" in words(refused.value)
    assert world.state(request) is State.ACTIVE
