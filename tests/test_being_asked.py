"""Who is asked to decide on a request, and where; and what the card tells them."""

from typing import Any

import pytest

from grants.model import RequestId, State
from tests.world import APPROVALS, DEFAULT, POLICIES, World

PROD = "payments-prod · AdministratorAccess"
SANDBOX = "data-sandbox · PowerUserAccess"
OPS = "C0000000004"

OWN_CHANNEL = f"    channel: {APPROVALS}\n"
NO_CHANNEL = POLICIES.replace(OWN_CHANNEL, "")
NO_DEFAULT = POLICIES.replace(f"  default_channel: {DEFAULT}\n", "")
NO_CHANNEL_AT_ALL = NO_DEFAULT.replace(OWN_CHANNEL, "")

ON_THE_ACCOUNT = 'accounts: ["333344445555"]'
ON_ITS_UNIT = "ous: [ou-ab12-33333333]"
ON_ANOTHER_UNIT = "ous: [ou-ab12-22222222]"


def another(name: str, scope: str, channel: str = "") -> str:
    """One more approval policy, for the group ops."""
    asked = f"    channel: {channel}\n" if channel else ""
    return f"  - name: {name}\n    {scope}\n    approvers: {{groups: [ops]}}\n{asked}"


def hanging(world: World, request: RequestId) -> list[str]:
    """The names of the places where a copy of its card hangs."""
    return sorted(world.slack.channel(card.channel).name for card in world.cards(request))


@pytest.fixture
def ops(world: World) -> World:
    """dan has left production's approvers for a group of his own, with its channel."""
    world.slack.workspace.add_channel("ops", "eve", "dan", id=OPS)
    world.company.add_group("ops")
    world.company.add_member("ops", "dan")
    world.company.remove_member("production-approvers", "dan")
    return world


# Who


@pytest.mark.parametrize("approver", ["eve", "dan"])
def test_any_one_of_the_approvers_of_the_account_and_of_a_parent_unit_can_decide(
    ops: World, approver: str
) -> None:
    ops.policies(POLICIES + another("the account", ON_THE_ACCOUNT))
    request = ops.asks("bob", PROD)
    card = next(card for card in ops.cards(request) if card.channel == APPROVALS)

    ops[approver].click(card, "Approve")

    assert ops.state(request) is State.SCHEDULED


def test_a_policy_on_another_unit_asks_nobody(ops: World) -> None:
    ops.policies(POLICIES + another("development", ON_ANOTHER_UNIT, OPS))
    request = ops.asks("bob", PROD)

    ops["dan"].click(ops.card(request), "Approve")

    assert hanging(ops, request) == ["approvals"]
    assert ops.state(request) is State.PENDING


def test_a_requester_who_is_an_approver_is_not_among_those_asked(world: World) -> None:
    world.policies(NO_CHANNEL_AT_ALL)
    world.company.add_member("production-approvers", "bob")

    request = world.asks("bob", PROD)

    assert hanging(world, request) == ["dan", "eve"]
    named = "May approve: group production-approvers (Eve Approver, Dan Approver)"
    assert [named in card.words() for card in world.cards(request)] == [True, True]


# Where


def test_each_channel_is_asked_once_however_many_policies_name_it(ops: World) -> None:
    more = (
        another("the account", ON_THE_ACCOUNT, OPS)
        + another("its unit", ON_ITS_UNIT, APPROVALS)
        + another("its unit again", ON_ITS_UNIT)
        + another("the account again", ON_THE_ACCOUNT)
    )
    ops.policies(POLICIES + more)

    request = ops.asks("bob", PROD)

    assert hanging(ops, request) == ["approvals", "general", "ops"]


def test_a_policy_without_a_channel_asks_in_the_default_channel(world: World) -> None:
    world.policies(NO_CHANNEL)

    request = world.asks("bob", PROD)

    assert hanging(world, request) == ["general"]
    assert world.card(request).buttons() == ["Approve", "Reject"]


def test_without_any_channel_its_approvers_are_asked_directly_and_can_decide(
    world: World,
) -> None:
    world.policies(NO_CHANNEL_AT_ALL)
    request = world.asks("bob", PROD)
    assert hanging(world, request) == ["dan", "eve"]

    world["eve"].click(world.slack.dms("eve")[0], "Approve")
    world.rounds()

    assert world.request(request).decided_by == "Eve Approver"
    assert [card.buttons() for card in world.cards(request)] == [["Revoke"], ["Revoke"]]


def test_whoever_is_taken_for_an_approver_no_more_is_not_asked_directly(world: World) -> None:
    world.policies(NO_CHANNEL_AT_ALL)
    world["eve"].command("", DEFAULT)
    world.slack.user("eve").email = "eve.married@example.com"
    world.passes(minutes=10)
    world["eve"].command("", DEFAULT)

    request = world.asks("bob", PROD)

    assert world.journal().count("people.broken") == 1
    assert hanging(world, request) == ["dan"]


@pytest.mark.parametrize(
    "flags",
    [{"is_restricted": True}, {"is_email_confirmed": False}],
    ids=["guest", "unconfirmed"],
)
def test_an_approvers_address_that_somebody_else_has_in_slack_is_sent_nothing(
    world: World, flags: dict[str, Any]
) -> None:
    world.policies(NO_CHANNEL_AT_ALL)
    del world.slack.workspace.users["UDAN"]
    other = world.slack.workspace.add_user("other", email="dan@example.com")
    for name, value in flags.items():
        setattr(other, name, value)

    request = world.asks("bob", PROD)

    assert hanging(world, request) == ["eve"]
    assert world.slack.dms("other") == []
    assert world.journal(request).count("alarm.unreachable") == 1


def test_an_address_that_slack_takes_for_an_approvers_is_sent_nothing(world: World) -> None:
    world.policies(NO_CHANNEL_AT_ALL)
    world.company.add_user("kate", "kate@example.com")
    world.company.add_member("production-approvers", "kate")
    world.slack.workspace.add_user("other", email="\N{KELVIN SIGN}ate@example.com")

    request = world.asks("bob", PROD)

    assert hanging(world, request) == ["dan", "eve"]
    assert world.slack.dms("other") == []


def test_a_policy_without_a_channel_has_its_approvers_asked_beside_anothers_channel(
    ops: World,
) -> None:
    ops.policies(NO_DEFAULT + another("the account", ON_THE_ACCOUNT))

    request = ops.asks("bob", PROD)

    assert hanging(ops, request) == ["approvals", "dan"]


def test_at_most_twenty_approvers_are_asked_directly(world: World) -> None:
    world.policies(NO_CHANNEL_AT_ALL)
    for number in range(25):
        name = f"approver-{number}"
        world.slack.workspace.add_user(name)
        world.company.add_user(name, f"{name}@example.com")
        world.company.add_member("production-approvers", name)

    request = world.asks("bob", PROD)

    assert len(world.cards(request)) == 20


def test_without_a_channel_and_without_approval_the_requesters_messages_hold_the_thread(
    world: World,
) -> None:
    world.policies(NO_CHANNEL_AT_ALL)

    request = world.active(access=SANDBOX)

    assert hanging(world, request) == ["bob"]
    assert world.card(request).buttons() == []
    assert [line.split()[0].rstrip(":.") for line in world.thread(request)] == [
        "Requested", "Granting", "Active",
    ]  # fmt: skip


def test_where_no_channel_is_fit_those_asked_directly_read_the_whole_story(world: World) -> None:
    world.slack.channel(APPROVALS).is_archived = True

    request = world.asks("bob", PROD, Justification="Disk full on db-1")

    assert hanging(world, request) == ["dan", "eve"]
    stories = [world.slack.thread(card) for card in world.cards(request)]
    assert [[line.text.split()[0] for line in story] for story in stories] == [["Requested:"]] * 2
    assert all("Disk full on db-1" in story[0].words() for story in stories)


def test_where_no_channel_is_fit_and_nobody_has_to_agree_the_requester_holds_the_thread(
    world: World,
) -> None:
    world.slack.channel(DEFAULT).is_archived = True
    bob = world["bob"]
    bob.command("", APPROVALS)
    bob.fill({"Access": SANDBOX, "Justification": "trying something"})
    bob.submit()

    world.rounds()

    (request,) = world.requests()
    assert hanging(world, request.id) == ["bob"]
    assert world.thread(request.id)[0].startswith("Requested")


# What


def test_the_card_says_what_is_asked_for_and_who_decides_until_when(world: World) -> None:
    request = world.asks(
        "bob", PROD, Duration="90m", Justification="Disk full on db-1", Ticket="OPS-42"
    )

    card = world.card(request)

    facts = (
        "Bob Requester", "payments-prod", "333344445555", "AdministratorAccess", "1 h 30 min",
        "as soon as approved", "Disk full on db-1", "OPS-42", request, "1 needed", "0 of 1 so far",
        "group production-approvers (Eve Approver, Dan Approver)", "2026-11-02 15:00",
    )  # fmt: skip
    assert [fact for fact in facts if fact not in card.words()] == []
    assert [fact for fact in facts if fact not in card.spoken()] == []
