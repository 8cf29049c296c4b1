"""Revoke and cut sessions: what somebody with an open session notices, and what is left afterwards."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from grants.model import RequestId, State
from grants.records import Cut, CutPhase
from tests.soundness import PRODUCTION, WITH_ALARMS, alarms, deletes, sound
from tests.standins.aws import Kind
from tests.standins.slack import Outcome
from tests.world import POLICIES, World

ON = "  revoke_sessions: inline_policy\n  default_channel"
CUTTING = POLICIES.replace("  default_channel", ON)
CUTTING_WITH_ALARMS = WITH_ALARMS.replace("  default_channel", ON)
PROD, ADMIN = "payments-prod", "AdministratorAccess"
THEIRS = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Sid": "Theirs", "Effect": "Deny", "Action": "iam:*", "Resource": "*"}],
    },
    indent=2,
)


@pytest.fixture(autouse=True)
def _sound(world: World) -> Iterator[None]:
    """Cutting is switched on, and dan holds the same access by other means."""
    world.policies(CUTTING_WITH_ALARMS)
    world.company.assign("dan", PROD, ADMIN)
    world.company.put_inline_policy(ADMIN, THEIRS)
    yield
    sound(world)


def revokes(world: World, request: RequestId, choice: str = "Revoke and cut sessions") -> Outcome:
    world["eve"].click(world.card(request), "Revoke")
    world["eve"].fill({"Reason": "the laptop is lost", "What is taken away": choice})
    outcome = world["eve"].submit()
    world.rounds()
    return outcome


def a_cut(world: World) -> RequestId:
    """Of bob's, in force."""
    request = world.active("bob", PRODUCTION)
    world.passes(minutes=10)
    revokes(world, request)
    world.passes(seconds=30)
    assert phase(world, request) is CutPhase.IN_FORCE
    return request


def cut(world: World, request: RequestId) -> Cut:
    with world.works.reading() as work:
        found = work.cuts.of(request)
    assert found is not None
    return found


def phase(world: World, request: RequestId) -> CutPhase:
    return cut(world, request).phase


def allowed(world: World, who: str, **ago: float) -> bool:
    """Whether a session works now that was opened so long ago."""
    return world.company.session_allowed(who, PROD, ADMIN, world.clock() - timedelta(**ago))


def policy(world: World) -> object:
    document = world.company.inline_policy(ADMIN)
    return json.loads(document) if document else None


def puts(world: World) -> int:
    return world.aws.calls.count("PutInlinePolicyToPermissionSet")


# What somebody notices


def test_a_session_that_is_open_is_denied(world: World) -> None:
    request = world.active("bob", PRODUCTION)
    world.passes(minutes=10)
    opened = world.clock()
    assert world.company.session_allowed("bob", PROD, ADMIN, opened)

    revokes(world, request)
    world.passes(seconds=30)

    assert world.state(request) is State.REVOKED
    assert not world.company.session_allowed("bob", PROD, ADMIN, opened)


def test_another_persons_session_goes_on(world: World) -> None:
    a_cut(world)

    assert allowed(world, "dan", minutes=10)


def test_a_later_session_of_the_same_person_is_let_through(world: World) -> None:
    a_cut(world)
    world.passes(minutes=2)

    world.active("bob", PRODUCTION)

    assert allowed(world, "bob", seconds=1)
    assert not allowed(world, "bob", minutes=5)


def test_afterwards_the_policy_is_as_it_was_and_nothing_is_denied(world: World) -> None:
    request = a_cut(world)

    world.passes(hours=1, minutes=20)

    assert phase(world, request) is CutPhase.LIFTED
    assert policy(world) == json.loads(THEIRS)
    account, permission_set = world.company.key("dan", PROD, ADMIN)[2:]
    assert json.loads(world.company.in_account[account, permission_set]) == json.loads(THEIRS)


def test_where_there_was_no_policy_there_is_none_afterwards(world: World) -> None:
    world.company.put_inline_policy(ADMIN, "")
    a_cut(world)
    assert policy(world) is not None

    world.passes(hours=1, minutes=20)

    assert policy(world) is None


def test_it_stays_until_the_last_session_is_over_and_a_quarter_of_an_hour(world: World) -> None:
    request = a_cut(world)
    ended_at = world.request(request).ended_at
    assert ended_at is not None

    world.passes(hours=1, minutes=14)

    assert cut(world, request).until == cut(world, request).before + timedelta(minutes=75)  # type: ignore[operator]  # it is in force
    assert cut(world, request).before == ended_at.replace(microsecond=0) + timedelta(seconds=1)
    assert phase(world, request) is CutPhase.IN_FORCE


def test_a_session_opened_while_the_access_was_still_being_taken_away_is_denied_too(
    world: World,
) -> None:
    world.company.operation_seconds = 20
    request = _slow(world)
    revokes(world, request)
    world.passes(seconds=15)
    assert world.state(request) is State.REVOKING
    opened = world.clock()

    world.passes(minutes=2)

    assert not world.company.session_allowed("bob", PROD, ADMIN, opened)


def _slow(world: World) -> RequestId:
    request = world.asks("bob", PRODUCTION)
    world.decides("eve", request, "Approve")
    world.passes(minutes=1)
    return request


def test_where_the_role_leaves_with_the_last_assignment_there_is_nothing_to_push(
    world: World,
) -> None:
    world.company.unassign("dan", PROD, ADMIN)

    request = a_cut(world)
    world.passes(hours=2)

    assert phase(world, request) is CutPhase.LIFTED
    assert policy(world) == json.loads(THEIRS)
    assert alarms(world) == []


# Who may ask for it


def test_the_form_asks_only_for_a_reason_where_it_is_not_switched_on(world: World) -> None:
    world.policies(POLICIES)
    request = world.active("bob", PRODUCTION)

    world["eve"].click(world.card(request), "Revoke")

    view = world["eve"].view()
    assert view is not None
    assert view.labels() == ["Reason"]


def test_whoever_chooses_nothing_revokes_without_cutting(world: World) -> None:
    request = world.active("bob", PRODUCTION)

    world.decides("eve", request, "Revoke", "over")
    world.passes(minutes=5)

    assert world.state(request) is State.REVOKED
    assert allowed(world, "bob", minutes=5)
    assert puts(world) == 0


def test_a_form_of_before_it_was_switched_off_revokes_nothing(world: World) -> None:
    request = world.active("bob", PRODUCTION)
    world["eve"].click(world.card(request), "Revoke")
    world["eve"].fill({"Reason": "over", "What is taken away": "Revoke and cut sessions"})
    world.policies(POLICIES)

    outcome = world["eve"].submit()

    assert "is not switched on" in outcome.errors["Reason"]
    assert world.state(request) is State.ACTIVE


def test_on_a_standing_assignment_it_is_not_offered(world: World) -> None:
    world.company.assign("bob", PROD, ADMIN)
    world.sends("bob", PRODUCTION)
    world["bob"].submit()
    world.rounds()
    (request,) = [each.id for each in world.requests()]
    world.decides("eve", request, "Approve")
    world.passes(seconds=3)
    assert world.request(request).standing

    world["eve"].click(world.card(request), "Revoke")

    view = world["eve"].view()
    assert view is not None
    assert view.labels() == ["Reason"]


def test_what_a_grant_never_gave_it_does_not_cut(world: World) -> None:
    """bob had it before; AWS answers so late that nobody knows when he is revoked."""
    world.company.assign("bob", PROD, ADMIN)
    throttled = world.aws.faults.add("ListAccountAssignments", Kind.THROTTLING, times=None)
    # The form would warn him; he knows.
    request = world.asks("bob", PRODUCTION)
    world.decides("eve", request, "Approve")
    assert world.state(request) is State.GRANTING
    revokes(world, request)
    throttled.times = 0

    world.passes(minutes=5)

    assert world.state(request) is State.REVOKED
    assert (phase(world, request), puts(world)) == (CutPhase.LIFTED, 0)
    assert allowed(world, "bob", hours=1)
    assert not any(line.startswith("Sessions") for line in world.thread(request))


def test_switched_off_it_is_lifted_all_the_same(world: World) -> None:
    request = a_cut(world)

    world.policies(POLICIES)
    world.passes(hours=2)

    assert phase(world, request) is CutPhase.LIFTED
    assert policy(world) == json.loads(THEIRS)


# What is told


def test_the_thread_says_what_is_done_and_until_when_credentials_may_live(world: World) -> None:
    request = a_cut(world)
    world.passes(hours=2)

    thread = world.thread(request)
    (removing,) = [line for line in thread if line.startswith("Removing")]
    (in_force,) = [line for line in thread if line.startswith("Sessions cut")]
    assert "credentials already issued may go on working, about until" in removing
    assert "is taken out again after" in in_force
    assert any(line.startswith("Sessions that were cut are over") for line in thread)
    assert [each for each in world.journal(request) if each.startswith("cut.")] == [
        "cut.force",
        "cut.lift",
    ]


def test_verify_finds_nothing_wrong_with_these_lines(world: World) -> None:
    request = a_cut(world)
    world.passes(hours=2)

    world["aud"].command(f"verify {request}")
    world.rounds()

    assert any("says what the journal says" in text for text in world.whispers("aud")), (
        world.whispers("aud")
    )


# What goes wrong


def test_what_somebody_else_takes_out_is_put_back_and_told(world: World) -> None:
    request = a_cut(world)
    world.company.put_inline_policy(ADMIN, THEIRS)
    world.company.provision(world.company.account(PROD).id, ADMIN)
    assert allowed(world, "bob", minutes=5)

    world.passes(minutes=6)

    assert phase(world, request) is CutPhase.IN_FORCE
    assert not allowed(world, "bob", minutes=10)
    assert any("somebody took the denial out of the permission set's inline policy" in each for each in alarms(world))  # fmt: skip


def test_what_others_add_meanwhile_stays(world: World) -> None:
    a_cut(world)
    more = json.loads(world.company.inline_policy(ADMIN))
    more["Statement"].append({"Effect": "Deny", "Action": "s3:*", "Resource": "*"})
    world.company.put_inline_policy(ADMIN, json.dumps(more))

    world.passes(hours=2)

    kept = [*json.loads(THEIRS)["Statement"], more["Statement"][-1]]
    assert policy(world) == {**json.loads(THEIRS), "Statement": kept}


def test_a_policy_that_is_not_understood_is_not_touched_and_somebody_is_told(world: World) -> None:
    odd = '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Effect": "Deny"}]}'
    world.company.put_inline_policy(ADMIN, odd)
    request = world.active("bob", PRODUCTION)

    revokes(world, request)
    world.passes(minutes=6)

    assert world.company.inline_policy(ADMIN) == odd
    assert phase(world, request) is CutPhase.WANTED
    assert any("Sessions are not cut yet" in each for each in alarms(world))
    assert any("Sessions are not cut yet" in line for line in world.thread(request))
    assert any("Credentials already issued may go on working until" in each for each in alarms(world))  # fmt: skip


@pytest.mark.parametrize("kind", ["lost_answer", "drop", "throttling", "http500", "conflict"])
@pytest.mark.parametrize(
    "operation",
    [
        "GetInlinePolicyForPermissionSet",
        "PutInlinePolicyToPermissionSet",
        "ProvisionPermissionSet",
        "DescribePermissionSetProvisioningStatus",
    ],
)
def test_whatever_answer_is_lost_it_is_cut_and_undone(
    world: World, operation: str, kind: str
) -> None:
    world.company.operation_seconds = 2
    request = _slow(world)
    opened = world.clock()
    world.aws.faults.add(operation, kind)

    revokes(world, request)
    world.passes(minutes=2)

    assert phase(world, request) is CutPhase.IN_FORCE
    assert not world.company.session_allowed("bob", PROD, ADMIN, opened)

    world.aws.faults.add(operation, kind)
    world.passes(hours=2)
    assert phase(world, request) is CutPhase.LIFTED
    assert policy(world) == json.loads(THEIRS)
    assert alarms(world) == []


def test_a_provisioning_that_fails_is_asked_for_again(world: World) -> None:
    world.aws.faults.add(
        "ProvisionPermissionSet", "async_failure", 2, reason="Access denied by IAM."
    )

    request = world.active("bob", PRODUCTION)
    revokes(world, request)
    world.passes(minutes=3)

    assert phase(world, request) is CutPhase.IN_FORCE
    assert world.aws.calls.count("ProvisionPermissionSet") == 3


def test_refused_for_good_it_is_tried_on_and_somebody_is_told_once(world: World) -> None:
    world.aws.faults.add("PutInlinePolicyToPermissionSet", "access_denied", None)

    request = world.active("bob", PRODUCTION)
    revokes(world, request)
    world.passes(minutes=30)

    assert world.state(request) is State.REVOKED
    assert len([each for each in alarms(world) if "Sessions are not cut yet" in each]) == 1
    world.aws.faults.clear()
    world.passes(minutes=3)
    assert phase(world, request) is CutPhase.IN_FORCE


def test_a_permission_set_that_is_gone_takes_its_cuts_with_it(world: World) -> None:
    request = a_cut(world)
    world.company.remove_permission_set(ADMIN)

    world.passes(minutes=6)

    assert phase(world, request) is CutPhase.LIFTED


def test_taking_access_away_is_never_behind_it(world: World) -> None:
    request = world.active("bob", PRODUCTION)

    revokes(world, request)
    world.passes(minutes=2)

    names = world.aws.calls.operations()
    assert len(deletes(world)) == 1
    assert names.index("DeleteAccountAssignment") < names.index("PutInlinePolicyToPermissionSet")


# Again


def test_revoked_twice_the_second_cut_takes_the_place_of_the_first(world: World) -> None:
    a_cut(world)
    second = world.active("bob", PRODUCTION)
    world.passes(minutes=10)
    opened = world.clock()

    revokes(world, second)
    world.passes(seconds=30)

    assert phase(world, second) is CutPhase.IN_FORCE
    assert not world.company.session_allowed("bob", PROD, ADMIN, opened)
    document = world.company.inline_policy(ADMIN)
    assert document.count("ElevateCut") == 1
    world.passes(hours=2)
    assert policy(world) == json.loads(THEIRS)
