"""Right before access is given everything is looked at once more, and whoever lost the right is not given it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.assemble import bindings
from grants.model import Lane, SlackUserId, State
from grants.naming import user_called
from grants.people import operator
from tests.clock import NOON
from tests.policy_files import MANAGEMENT, a_policy_file, may
from tests.soundness import PRODUCTION, SANDBOX, creates, sound
from tests.standins.aws.company import Company
from tests.world import DEFAULT, POLICIES, World

HOUR = timedelta(hours=1)
LATER = NOON + 2 * HOUR

Change = Callable[[Company], object]

LOST: dict[str, tuple[Change, str]] = {
    "bob left the group": (
        lambda company: company.remove_member("engineers", "bob"),
        "no eligibility policy names the requester",
    ),
    "bob was disabled": (
        lambda company: company.disable_user("bob"),
        "Identity Center user is disabled (Bob Requester)",
    ),
    "bob was removed": (
        lambda company: company.remove_user("bob"),
        "Identity Center user is not there any more",
    ),
    "the account moved out": (
        lambda company: company.move_account("payments-prod", "Security"),
        "no eligibility policy names the requester",
    ),
    "the account was closed": (
        lambda company: company.set_account_state("payments-prod", "PENDING_CLOSURE"),
        "the account is closed, or about to be (payments-prod)",
    ),
    "the account was suspended": (
        lambda company: company.set_account_state("payments-prod", "SUSPENDED"),
        "the account is closed, or about to be (payments-prod)",
    ),
    "the account left": (
        lambda company: company.remove_account("payments-prod"),
        "the account is not in the organization any more (payments-prod)",
    ),
    "the permission set was deleted": (
        lambda company: company.remove_permission_set("AdministratorAccess"),
        "the permission set is not there any more (AdministratorAccess)",
    ),
    "eve left the approvers": (
        lambda company: company.remove_member("production-approvers", "eve"),
        "not enough of those who agreed may still approve it (Eve Approver)",
    ),
    "eve was disabled": (
        lambda company: company.disable_user("eve"),
        "not enough of those who agreed may still approve it (Eve Approver)",
    ),
}

OWNERS = """
  - name: owners
    accounts: ["333344445555"]
    approvers: {users: [ada]}
"""

POLICY_CHANGES = {
    "two must agree by now": (
        POLICIES + "    approvals: 2\n",
        "not enough of those who agreed may still approve it (Eve Approver)",
    ),
    "the owners must agree by now": (
        POLICIES + OWNERS + "    required: true\n",
        "not enough of those who agreed may still approve it (Eve Approver)",
    ),
    "eve approves other permission sets by now": (
        POLICIES + "    permission_sets: [ReadOnlyAccess]\n",
        "not enough of those who agreed may still approve it (Eve Approver)",
    ),
    "the eligibility is gone": (
        POLICIES.replace("groups: [engineers]", "users: [dan@example.com]"),
        "no eligibility policy names the requester",
    ),
    "the maximum was lowered": (
        POLICIES.replace("max_duration: 4h", "max_duration: 30m"),
        "the duration is longer than is allowed now",
    ),
    "somebody else approves now": (
        POLICIES.replace("groups: [production-approvers]", "users: [dan@example.com]"),
        "not enough of those who agreed may still approve it (Eve Approver)",
    ),
}


@pytest.fixture(autouse=True)
def _sound(world: World) -> Iterator[None]:
    yield
    sound(world)


@pytest.mark.parametrize("what", LOST)
def test_what_changed_since_the_approval_is_not_given_and_both_are_told(
    world: World, what: str
) -> None:
    change, why = LOST[what]
    request = world.asks("bob", PRODUCTION, Start=LATER)
    world.decides("eve", request, "Approve")

    change(world.company)
    world.passes(hours=2)

    assert world.state(request) is State.FAILED
    assert creates(world) == []
    assert why in world.told("bob")[-1]
    assert why in world.thread(request)[-1]


@pytest.mark.parametrize("what", POLICY_CHANGES)
def test_todays_policies_decide_and_both_are_told(world: World, what: str) -> None:
    policies, why = POLICY_CHANGES[what]
    request = world.asks("bob", PRODUCTION, Start=LATER)
    world.decides("eve", request, "Approve")

    world.policies(policies)
    world.passes(hours=2)

    assert world.state(request) is State.FAILED
    assert creates(world) == []
    assert why in world.told("bob")[-1]
    assert why in world.thread(request)[-1]


@pytest.fixture
def unlinks(world: World) -> Callable[[str], object]:
    """As `people unlink` does."""
    bound = bindings(world.settings, world.storage, world.ports)
    return lambda who: bound.unlink(SlackUserId(world[who].id), by=operator("root@host"))


UNLINKED = {
    "bob": "the Slack user who asked is not linked to the requester's Identity Center user any more",
    "eve": "not enough of those who agreed may still approve it (Eve Approver)",
}


@pytest.mark.parametrize("who", UNLINKED)
def test_whose_slack_user_is_theirs_no_more_neither_gets_nor_has_agreed(
    world: World, unlinks: Callable[[str], object], who: str
) -> None:
    request = world.asks("bob", PRODUCTION, Start=LATER)
    world.decides("eve", request, "Approve")

    unlinks(who)
    world.passes(hours=2)

    assert world.state(request) is State.FAILED
    assert creates(world) == []
    assert UNLINKED[who] in world.told("bob")[-1]
    assert UNLINKED[who] in world.thread(request)[-1]


@pytest.mark.parametrize("who", UNLINKED)
def test_whose_slack_user_is_somebody_elses_by_now_neither(world: World, who: str) -> None:
    request = world.asks("bob", PRODUCTION, Start=LATER)
    world.decides("eve", request, "Approve")
    dan = user_called(world.ports.directory, "dan", lane=Lane.STATUS)

    bound = bindings(world.settings, world.storage, world.ports)
    bound.link(
        SlackUserId(world[who].id), dan, team_id="T1", by=operator("root@host"), email="x@y.example"
    )
    world.passes(hours=2)

    assert world.state(request) is State.FAILED
    assert creates(world) == []


def test_a_link_that_is_broken_counts_as_none_until_it_is_mended(world: World) -> None:
    requests = [world.asks("bob", PRODUCTION, Start=LATER + n * HOUR) for n in range(2)]
    for request in requests:
        world.decides("eve", request, "Approve")
    world.slack.user("bob").email = "bob.married@example.com"
    world["bob"].command("mine", DEFAULT)
    world.passes(hours=2)

    bob = user_called(world.ports.directory, "bob", lane=Lane.STATUS)
    bound = bindings(world.settings, world.storage, world.ports)
    bound.link(SlackUserId("UBOB"), bob, team_id="T1", by=operator("root@host"))
    world.passes(hours=1, seconds=2)

    assert [world.state(request) for request in requests] == [State.FAILED, State.ACTIVE]


def test_what_is_held_ends_in_time_whoever_was_unlinked(
    world: World, unlinks: Callable[[str], object]
) -> None:
    request = world.active("bob", PRODUCTION)

    for who in UNLINKED:
        unlinks(who)
    world.passes(hours=2)

    assert world.state(request) is State.ENDED
    assert not world.has_access("bob", "payments-prod", "AdministratorAccess")


def test_a_bot_that_moved_out_of_the_management_account_asks_for_nothing_there(
    world: World, database_url: str
) -> None:
    world.company.delegate_to(None)
    allowed = may("ReadOnlyAccess", accounts=[MANAGEMENT], approval="none")
    world.policies(a_policy_file(allowed))
    request = world.asks("bob", "acme-management · ReadOnlyAccess", Start=LATER)

    world.company.delegate_to("security-audit")
    with world.beside(database_url) as moved:
        moved.refresher.refresh()
        moved.passes(hours=2)

    assert world.state(request) is State.FAILED
    assert creates(world) == []
    assert "Elevate cannot assign" in world.told("bob")[-1]


def test_without_approval_asked_for_and_needed_now_it_is_not_given(world: World) -> None:
    request = world.asks("bob", SANDBOX, Start=LATER)
    ous = "ous: [{id: ou-ab12-11111111, nested: true}]\n    approvers"
    needed = POLICIES.replace("    approval: none\n", "").replace(
        ous, ous.replace("ous:", 'accounts: ["666677778888"]\n    ous:')
    )

    world.policies(needed)
    world.passes(hours=2)

    assert world.state(request) is State.FAILED
    assert "not enough of those who agreed" in world.told("bob")[-1]


def test_a_vote_of_somebody_who_lost_and_regained_the_right_counts(world: World) -> None:
    request = world.asks("bob", PRODUCTION, Start=LATER)
    world.decides("eve", request, "Approve")

    world.company.remove_member("production-approvers", "eve")
    world.passes(hours=1)
    world.company.add_member("production-approvers", "eve")
    world.passes(hours=1, seconds=2)

    assert world.state(request) is State.ACTIVE


def test_another_policy_that_names_bob_is_as_good(world: World) -> None:
    request = world.asks("bob", PRODUCTION, Start=LATER)
    world.decides("eve", request, "Approve")

    world.policies(POLICIES.replace("groups: [engineers]", "users: [bob@example.com]"))
    world.passes(hours=2, seconds=2)

    assert world.state(request) is State.ACTIVE


def test_policies_that_change_during_the_check_are_checked_again(world: World) -> None:
    look = world.jobs.last_check
    lowered = iter([POLICIES.replace("max_duration: 4h", "max_duration: 30m")])

    def checked_while_policies_change(request: object) -> object:
        book = look(request)  # type: ignore[arg-type]  # handed through as it came
        for text in lowered:
            world.policies(text)
        return book

    world.jobs.last_check = checked_while_policies_change  # type: ignore[assignment]  # behaves alike
    request = world.asks("bob", PRODUCTION)

    world.decides("eve", request, "Approve")

    assert world.state(request) is State.FAILED
    assert creates(world) == []


def test_aws_does_not_answer_the_check_and_it_is_asked_again(world: World) -> None:
    request = world.asks("bob", SANDBOX, Start=LATER)
    trouble = world.aws.faults.add("DescribeUser", "access_denied", times=None)

    world.clock.now = LATER
    world.jobs.round()
    assert world.state(request) is State.SCHEDULED
    assert trouble.struck

    world.aws.faults.clear()
    world.clock.passes(seconds=60)
    world.passes(seconds=2)
    assert world.state(request) is State.ACTIVE


def test_aws_does_not_answer_the_check_for_ten_minutes_and_it_fails(world: World) -> None:
    world.aws.faults.add("DescribePermissionSet", "access_denied", times=None)
    request = world.asks("bob", SANDBOX, Start=LATER)
    world.clock.now = LATER

    for _ in range(12):
        world.jobs.round()
        world.clock.passes(seconds=59)

    assert world.state(request) is State.FAILED
    world.rounds()
    assert "Not authorized to perform" in world.told("bob")[-1]
    assert creates(world) == []


def test_a_check_that_cannot_be_made_keeps_no_other_request_waiting(world: World) -> None:
    world.company.add_member("engineers", "dan")
    where = {"UserId": world.company.user("bob").id}
    stuck = world.asks("bob", SANDBOX, Start=LATER)
    other = world.asks("dan", SANDBOX, Start=LATER)
    world.aws.faults.add("DescribeUser", "access_denied", times=None, where=where)
    world.clock.now = LATER

    world.jobs.round()

    assert world.state(stuck) is State.SCHEDULED
    assert world.state(other) is State.GRANTING


# Once more, where a creation comes late


def test_what_is_tried_again_is_checked_again_first(world: World) -> None:
    world.aws.faults.add("CreateAccountAssignment", "throttling", times=2)
    request = world.asks("bob", SANDBOX)
    assert world.state(request) is State.GRANTING

    world.company.remove_member("engineers", "bob")
    world.passes(minutes=1)

    assert world.state(request) is State.FAILED
    assert world.company.current_assignments() == []
    assert "no eligibility policy names the requester" in world.told("bob")[-1]


def test_what_waited_while_the_bot_was_down_is_checked_again_first(world: World) -> None:
    world.jobs.engine = replace(world.jobs.engine, identity_center=Gone())  # type: ignore[arg-type]  # nothing of it is reached
    with pytest.raises(KeyboardInterrupt):
        world.asks("bob", SANDBOX)
    (request,) = world.requests()
    assert request.state is State.GRANTING

    world.company.disable_user("bob")
    world.clock.passes(days=3)
    world.jobs.engine = replace(world.jobs.engine, identity_center=world.ports.identity_center)
    world.rounds()

    assert world.state(request.id) is State.FAILED
    assert creates(world) == []


class Gone:
    """The process is killed before it reaches AWS."""

    def __getattr__(self, _: str) -> object:
        raise KeyboardInterrupt
