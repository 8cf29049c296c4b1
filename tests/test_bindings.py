"""Which Identity Center user a Slack user is: bound once, by id, and mended by an administrator."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from blocks.refusals import DOUBTS
from bot.assemble import bindings
from grants.errors import Doubt
from grants.model import Actor, Lane, RequestId, Role, SlackUserId, State, UserId
from tests.test_identity import says
from tests.world import APPROVALS, AUDIT, DEFAULT, POLICIES, World

PROD = "payments-prod · AdministratorAccess"
OPERATOR = Actor(Role.ADMINISTRATOR, "operator:test")
AUDITED = POLICIES.replace("default_channel", f"audit_channel: {AUDIT}\n  default_channel")
CHANGED = f"{DOUBTS[Doubt.ADDRESS_CHANGED]} Nothing was changed."
BROKEN = f"{DOUBTS[Doubt.BROKEN]} Nothing was changed."
BREAKS: dict[str, tuple[Callable[[World], object], Doubt]] = {
    "guest": (lambda world: says(world, is_restricted=True), Doubt.GUEST),
    "bot": (lambda world: says(world, is_bot=True), Doubt.BOT),
    "deactivated": (lambda world: says(world, deleted=True), Doubt.DEACTIVATED),
    "of another organization": (lambda world: says(world, is_stranger=True), Doubt.STRANGER),
    "of another workspace": (lambda world: says(world, team_id="T0ELSEWHERE"), Doubt.OTHER_TEAM),
    "not there any more": (lambda world: world.company.remove_user("eve"), Doubt.NO_USER),
}
PASSES: dict[str, tuple[Callable[[World], object], Doubt]] = {
    "disabled": (lambda world: world.company.disable_user("eve"), Doubt.DISABLED),
    "unconfirmed": (lambda world: says(world, is_email_confirmed=False), Doubt.UNCONFIRMED),
    "no address": (lambda world: says(world, email=None), Doubt.NO_ADDRESS),
    "no flags": (lambda world: says(world, absent={"is_bot", "is_restricted"}), Doubt.BOT),
    "no team": (lambda world: says(world, absent={"team_id"}), Doubt.OTHER_TEAM),
}


def a_bound_eve(world: World) -> RequestId:
    """She pressed something before; another request waits."""
    world["eve"].command("", DEFAULT)
    return world.asks("bob", PROD)


def approves(world: World, request: RequestId, who: str = "eve") -> None:
    world[who].click(world.card(request), "Approve")


def links(world: World, slack_id: str, user_name: str) -> None:
    """As `people link` does."""
    user = world.ports.directory.user(UserId(world.company.user(user_name).id), lane=Lane.STATUS)
    assert user
    bindings(world.settings, world.storage, world.ports).link(
        SlackUserId(slack_id), user, team_id=world.slack.workspace.team, by=OPERATOR
    )


def is_a_second_account(world: World, name: str, email: str) -> None:
    """Somebody's second Slack user, in the approvers' channel."""
    user = world.slack.workspace.add_user(name, email=email)
    world.slack.channel(APPROVALS).members.add(user.id)


def test_a_binding_survives_a_renamed_user(world: World) -> None:
    request = a_bound_eve(world)
    world.company.change_user("eve", name="eve.married", email="eve.married@example.com")

    approves(world, request)

    assert world.request(request).decided_by == "Eve Approver"


def test_a_bound_slack_user_is_not_taken_for_who_bears_the_address_now(world: World) -> None:
    request = a_bound_eve(world)
    world.company.change_user("eve", email="eve.old@example.com")
    world.company.remove_member("production-approvers", "eve")
    world.company.add_user("eve.new", "eve@example.com")
    world.company.add_member("production-approvers", "eve.new")

    approves(world, request)

    assert world.state(request) is State.PENDING


@pytest.mark.parametrize("what", BREAKS)
def test_what_slack_or_identity_center_says_breaks_the_binding_for_good_and_loudly(
    world: World, what: str
) -> None:
    world.policies(AUDITED)
    request = a_bound_eve(world)
    before = world["eve"].user
    change, doubt = BREAKS[what]

    change(world)
    for _ in range(2):
        approves(world, request)
    world.slack.workspace.users["UEVE"] = before
    approves(world, request)
    world.rounds()

    reads = f"{DOUBTS[doubt]} Nothing was changed."
    assert world.whispers("eve")[0] == reads
    assert world.whispers("eve")[-1] == BROKEN
    assert world.state(request) is State.PENDING
    assert world.journal().count("people.broken") == 1
    told = [message.text for message in world.slack.channel(AUDIT).messages]
    (alarm,) = [text for text in told if text.startswith("Alarm")]
    assert ("UEVE" in alarm, what in alarm) == (True, True)


@pytest.mark.parametrize("what", PASSES)
def test_what_passes_or_is_only_not_said_refuses_and_breaks_nothing(
    world: World, what: str
) -> None:
    request = a_bound_eve(world)
    before = world["eve"].user
    change, doubt = PASSES[what]

    change(world)
    approves(world, request)

    assert world.whispers("eve") == [f"{DOUBTS[doubt]} Nothing was changed."]
    assert world.state(request) is State.PENDING
    assert "people.broken" not in world.journal()
    world.slack.workspace.users["UEVE"] = before
    world.company.enable_user("eve")
    approves(world, request)
    assert world.request(request).decided_by == "Eve Approver"


def test_the_address_in_another_case_breaks_nothing(world: World) -> None:
    request = a_bound_eve(world)
    world.slack.user("eve").email = "Eve@Example.com"

    approves(world, request)

    assert world.request(request).decided_by == "Eve Approver"


def test_a_changed_address_breaks_the_binding_for_good_and_loudly(world: World) -> None:
    world.policies(AUDITED)
    request = a_bound_eve(world)
    world.slack.user("eve").email = "dan@example.com"

    approves(world, request)
    world.slack.user("eve").email = "eve@example.com"
    approves(world, request)
    world.rounds()

    assert world.whispers("eve") == [CHANGED, BROKEN]
    assert world.state(request) is State.PENDING
    assert world.journal().count("people.broken") == 1
    assert world.journal(request).count("refusal") == 1
    told = [message.text for message in world.slack.channel(AUDIT).messages]
    (alarm,) = [text for text in told if text.startswith("Alarm")]
    assert ("Alarm" in alarm, "UEVE" in alarm, "people link" in alarm) == (True, True, True)


def test_an_address_that_only_capitals_make_the_same_is_a_changed_one(world: World) -> None:
    request = a_bound_eve(world)
    world.slack.user("eve").email = "EVE@EXAMPLE.COM"
    world["eve"].command("mine", DEFAULT)
    links(world, "UMALLORY", "dan")
    says(world, "mallory", email="kate@example.com")
    world["mallory"].command("mine", DEFAULT)
    says(world, "mallory", email="\N{KELVIN SIGN}ate@example.com")

    approves(world, request, "mallory")
    approves(world, request, "eve")

    assert world.whispers("mallory")[-1] == CHANGED
    assert world.request(request).decided_by == "Eve Approver"


def test_an_administrator_mends_a_broken_binding(world: World) -> None:
    request = a_bound_eve(world)
    world.slack.user("eve").email = "eve.married@example.com"
    approves(world, request)

    links(world, "UEVE", "eve")
    approves(world, request)

    assert world.request(request).decided_by == "Eve Approver"
    assert world.journal().count("people.link") == 3


def test_in_a_domain_that_is_allowed_no_more_nobody_is_let_in_by_their_address(
    world: World, database_url: str
) -> None:
    links(world, "UDAN", "dan")
    requests = [a_bound_eve(world), world.asks("bob", PROD)]

    with world.beside(database_url, email_domains="other.example") as moved:
        moved["eve"].click(world.card(requests[0]), "Approve")
        moved["dan"].click(world.card(requests[1]), "Approve")

    assert world.state(requests[0]) is State.PENDING
    assert world.whispers("eve") == [f"{DOUBTS[Doubt.FOREIGN_DOMAIN]} Nothing was changed."]
    assert world.request(requests[1]).decided_by == "Dan Approver"
    world.decides("eve", requests[0], "Approve")
    assert world.request(requests[0]).decided_by == "Eve Approver"


def test_a_link_goes_before_the_address(world: World) -> None:
    links(world, "UMALLORY", "eve")
    request = world.asks("bob", PROD)

    approves(world, request, "mallory")

    assert world.request(request).decided_by == "Eve Approver"


def test_a_link_made_by_hand_breaks_with_the_address_that_it_was_used_with(world: World) -> None:
    links(world, "UMALLORY", "eve")
    world["mallory"].command("mine", DEFAULT)
    world.slack.user("mallory").email = "elsewhere@evil.test"
    request = world.asks("bob", PROD)

    approves(world, request, "mallory")

    assert world.state(request) is State.PENDING


def test_two_slack_users_of_one_identity_center_user_have_one_vote(world: World) -> None:
    book = world.book()
    two = replace(book, approval=(replace(book.approval[0], approvals=2),))
    world.administration.apply(
        two, by=OPERATOR
    )  # in a file this is refused by name until its issue
    request = world.asks("bob", PROD)
    is_a_second_account(world, "eve2", "EVE@example.com")
    world.decides("eve", request, "Approve")

    approves(world, request, "eve2")

    assert world.state(request) is State.PENDING
    assert world.journal(request).count("vote") == 1
    assert "your first vote counts" in world.whispers("eve2")[-1]
    world.decides("dan", request, "Approve")
    assert world.state(request) is not State.PENDING


def test_a_second_slack_user_takes_back_what_the_first_asked_for(world: World) -> None:
    request = world.asks("bob", PROD)
    is_a_second_account(world, "bob2", "BOB@example.com")
    links(world, world["bob2"].id, "bob")
    button = next(one for one in world.slack.dms("bob") if "Cancel Request" in one.buttons())
    world.slack.dm("bob").members.add(world["bob2"].id)

    world["bob2"].click(button, "Cancel Request")

    assert world.state(request) is State.CANCELLED
