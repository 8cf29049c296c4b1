"""Who is taken for a person, and who is turned away: from Slack's flags and Identity Center."""

from dataclasses import replace
from typing import Any

import pytest

from blocks.refusals import DOUBTS
from grants.errors import Doubt
from grants.model import RequestId, State
from tests.standins.slack import Reply, tamper
from tests.world import APPROVALS, World

PROD = "payments-prod · AdministratorAccess"
ELSEWHERE = "T0ELSEWHERE"
ORG = "E0ELEVATE"
AN_ORG_USER = {"id": "W0EVE", "enterprise_id": ORG, "enterprise_name": "Elevate Org"}

FLAGS: dict[str, tuple[dict[str, Any], Doubt]] = {
    "bot": ({"is_bot": True}, Doubt.BOT),
    "guest": ({"is_restricted": True}, Doubt.GUEST),
    "single-channel guest": ({"is_restricted": True, "is_ultra_restricted": True}, Doubt.GUEST),
    "ultra restricted only": ({"is_ultra_restricted": True}, Doubt.GUEST),
    "stranger": ({"is_stranger": True}, Doubt.STRANGER),
    "invited": ({"is_invited_user": True}, Doubt.INVITED),
    "deactivated": ({"deleted": True}, Doubt.DEACTIVATED),
    "unconfirmed": ({"is_email_confirmed": False}, Doubt.UNCONFIRMED),
    "no address": ({"email": None}, Doubt.NO_ADDRESS),
    "empty address": ({"email": ""}, Doubt.NO_ADDRESS),
    "other workspace": ({"team_id": ELSEWHERE}, Doubt.OTHER_TEAM),
    "other organization": (
        {"team_id": ELSEWHERE, "enterprise_user": AN_ORG_USER | {"enterprise_id": "E0OTHER"}},
        Doubt.OTHER_TEAM,
    ),
    "an organization where we have none": (
        {"team_id": ELSEWHERE, "enterprise_user": AN_ORG_USER},
        Doubt.OTHER_TEAM,
    ),
    "no is_bot": ({"absent": {"is_bot"}}, Doubt.BOT),
    "no is_restricted": ({"absent": {"is_restricted"}}, Doubt.GUEST),
    "no is_ultra_restricted": ({"absent": {"is_ultra_restricted"}}, Doubt.GUEST),
    "no is_email_confirmed": ({"absent": {"is_email_confirmed"}}, Doubt.UNCONFIRMED),
    "no profile": ({"absent": {"profile"}}, Doubt.NO_ADDRESS),
    "no team": ({"absent": {"team_id"}}, Doubt.OTHER_TEAM),
    "no id": ({"absent": {"id"}}, Doubt.UNKNOWN),
    "foreign domain": ({"email": "eve@example.org"}, Doubt.FOREIGN_DOMAIN),
    "longer domain": ({"email": "eve@evil-example.com"}, Doubt.FOREIGN_DOMAIN),
    "domain below": ({"email": "eve@sub.example.com"}, Doubt.FOREIGN_DOMAIN),
    "two at signs": ({"email": "eve@example.org@example.com"}, Doubt.NO_USER),
    "nobody's address": ({"email": "nobody@example.com"}, Doubt.NO_USER),
}
"""What Slack says of eve when she presses, and what Elevate says to her."""


def says(world: World, who: str = "eve", **flags: Any) -> None:
    """From now on Slack says this of somebody; what they send stays as it is."""
    users = world.slack.workspace.users
    users[world[who].id] = replace(world[who].user, **flags)


def approves(world: World, request: RequestId, who: str = "eve") -> Reply:
    return world[who].click(world.card(request), "Approve")


def refused(world: World) -> list[tuple[str, str | None]]:
    """Who was refused, and about which request."""
    with world.works.reading() as work:
        lines = [line.entry for line in work.journal.walk()]
    return [(e.actor.slack_id or "", e.request_id) for e in lines if e.event == "refusal"]


# Slack's flags


def test_who_is_not_a_confirmed_member_of_the_workspace_does_nothing_and_is_told_why(
    world: World,
) -> None:
    request = world.asks("bob", PROD)

    for flags, _ in FLAGS.values():
        says(world, **flags)
        approves(world, request)
        world.clock.passes(seconds=61)

    told = dict(zip(FLAGS, world.whispers("eve"), strict=True))
    assert told == {
        name: f"{DOUBTS[doubt]} Nothing was changed." for name, (_, doubt) in FLAGS.items()
    }
    assert refused(world) == [("UEVE", request)] * len(FLAGS)
    assert (world.state(request), world.journal(request).count("vote")) == (State.PENDING, 0)


def test_flags_that_a_good_user_lacks_are_no_reason(world: World) -> None:
    request = world.asks("bob", PROD)
    says(world, absent={"deleted", "is_stranger", "is_invited_user", "enterprise_user"})

    approves(world, request)

    assert world.request(request).decided_by == "Eve Approver"


def test_whom_slack_does_not_know_is_refused(world: World) -> None:
    request = world.asks("bob", PROD)
    world.slack.faults.add("users.info", "user_not_found")

    approves(world, request)

    assert world.whispers("eve") == [f"{DOUBTS[Doubt.UNKNOWN]} Nothing was changed."]
    assert refused(world) == [("UEVE", request)]


def test_while_slack_does_not_answer_nobody_is_taken_on_trust(world: World) -> None:
    request = world.asks("bob", PROD)
    world.slack.faults.add("users.info", "http500")

    approves(world, request)

    assert world.whispers("eve") == ["Not recorded yet. Press again: it is safe."]
    assert world.state(request) is State.PENDING


def test_a_member_of_the_organization_is_known_by_its_id(world: World) -> None:
    world.slack.workspace.enterprise = ORG
    request = world.asks("bob", PROD)
    says(world, team_id=ORG, enterprise_user=AN_ORG_USER)

    world["eve"].tampering(tamper.put("user.team_id", ORG)).click(world.card(request), "Approve")

    assert world.request(request).decided_by == "Eve Approver"


def test_a_refusal_is_told_in_the_form_too_and_nothing_is_stored(world: World) -> None:
    bob = world.opens("bob")
    bob.fill({"Access": PROD, "Justification": "the disk is full"})
    says(world, "bob", is_restricted=True)

    outcome = bob.submit()

    assert DOUBTS[Doubt.GUEST] in outcome.errors["Access"]
    assert (world.requests(), refused(world)) == ([], [("UBOB", None)])


# Another workspace


def test_a_click_from_another_workspace_does_nothing_and_is_recorded(world: World) -> None:
    request = world.asks("bob", PROD)
    stranger = world.slack.workspace.add_user("eva", team_id=ELSEWHERE, email="eve@example.com")
    world.slack.channel(APPROVALS).members.add(stranger.id)
    world.slack.calls.clear()

    replies = [approves(world, request, "eva") for _ in range(3)]

    assert [(reply.status, reply.body) for reply in replies] == [(200, b"")] * 3
    assert [call.method for call in world.slack.calls if call.method != "auth.test"] == []
    assert world.state(request) is State.PENDING
    assert refused(world) == [(stranger.id, request)]


@pytest.mark.parametrize("named", ["its own", "another"])
def test_of_an_organization_who_belongs_to_another_workspace_changes_no_card(
    world: World, named: str
) -> None:
    world.slack.workspace.enterprise = ORG
    requests = {"its own": world.asks("bob", PROD), "another": world.asks("bob", PROD)}
    stranger = world.slack.workspace.add_user("eva", team_id=ELSEWHERE, email="eve@example.com")
    world.slack.channel(APPROVALS).members.add(stranger.id)
    card = world.card(requests["its own"])
    before = card.told(with_metadata=True)

    value = tamper.button_value(f"{requests[named]}:1")
    world["eva"].tampering(value).click(card, "Approve")
    world.rounds()

    assert (card.told(with_metadata=True), card.history) == (before, [])
    assert refused(world) == [(stranger.id, requests[named])]


@pytest.mark.parametrize(
    ("lie", "status"),
    [
        pytest.param(tamper.as_team(ELSEWHERE), 200, id="another team"),
        pytest.param(tamper.put("user.team_id", ELSEWHERE), 200, id="another team's user"),
        pytest.param(tamper.put("team", None), 200, id="no team"),
        pytest.param(tamper.put("user", None), 400, id="no user"),
        pytest.param(tamper.without("user.id"), 400, id="no user id"),
        pytest.param(tamper.put("user.id", ["UEVE"]), 400, id="an odd user id"),
        pytest.param(tamper.put("user.id", "UNOBODY"), 200, id="an unknown user"),
    ],
)
def test_a_payload_whose_sender_cannot_be_told_does_nothing(
    world: World, lie: tamper.Twist, status: int
) -> None:
    request = world.asks("bob", PROD)

    reply = world["eve"].tampering(lie).click(world.card(request), "Approve")

    assert reply.status == status
    assert (world.state(request), world.journal(request).count("vote")) == (State.PENDING, 0)


# Identity Center


def test_whose_identity_center_user_is_gone_is_refused(world: World) -> None:
    request = world.asks("bob", PROD)
    approves(world, world.asks("bob", PROD))
    world.company.remove_user("eve")

    approves(world, request)

    assert world.whispers("eve") == [f"{DOUBTS[Doubt.NO_USER]} Nothing was changed."]
    assert (world.state(request), refused(world)) == (State.PENDING, [("UEVE", request)])


def test_an_address_of_several_identity_center_users_is_nobodys(world: World) -> None:
    request = world.asks("bob", PROD)
    world.company.add_user("eve2", "EVE@example.com")
    says(world, email="EVE@example.com")

    approves(world, request)

    assert world.whispers("eve") == [f"{DOUBTS[Doubt.SEVERAL_USERS]} Nothing was changed."]
    assert world.state(request) is State.PENDING
