"""Messages that stand twice, or come from an older version: nobody waits for them in vain."""

from dataclasses import replace

import pytest

from grants.errors import OwnRequest
from grants.model import State
from tests.lives import PROD
from tests.standins.slack import tamper
from tests.standins.slack.faults import EXECUTE_THEN_DROP
from tests.world import APPROVALS, Later, World


@pytest.fixture
def world(world: World) -> World:
    """Slack does not let us find out what stands where."""
    world.slack.scopes -= {"channels:history", "groups:history", "im:history"}
    return world


def test_a_card_that_stands_twice_loses_its_buttons_when_one_is_pressed(world: World) -> None:
    world.slack.faults.add(
        "chat.postMessage", EXECUTE_THEN_DROP, matches=lambda args: args.get("channel") == APPROVALS
    )
    request = world.asks("bob", PROD)
    world.passes(minutes=2)
    twin, card = world.cards(request)

    world["eve"].click(twin, "Approve")
    world.passes(seconds=5)

    assert world.state(request) is State.ACTIVE
    assert card.buttons() == ["Revoke", "Show Activity"]
    assert twin.buttons() == []
    assert "out of date" in twin.words()


def test_a_direct_message_that_stands_twice_keeps_its_words_and_loses_its_buttons(
    world: World,
) -> None:
    request = world.asks("bob", PROD)
    world.slack.faults.add(
        "chat.postMessage",
        EXECUTE_THEN_DROP,
        matches=lambda args: args.get("text", "").startswith("Active"),
    )
    world.decides("eve", request, "Approve")
    world.passes(minutes=2)
    twin, last = [m for m in world.slack.dms("bob") if m.text.startswith("Active")]

    world["bob"].click(twin, "End Access")
    world.passes(seconds=10)

    assert world.state(request) is State.REVOKED
    assert (twin.buttons(), last.buttons()) == ([], [])
    assert "Open the AWS console" in twin.words()


def test_a_card_that_may_be_the_one_keeps_its_buttons_until_that_is_known(world: World) -> None:
    """Its answer was lost, and somebody presses it before it is looked for."""
    world.slack.scopes |= {"channels:history", "groups:history", "im:history"}
    world.slack.faults.add(
        "chat.postMessage", EXECUTE_THEN_DROP, matches=lambda args: args.get("channel") == APPROVALS
    )
    request = world.asks("bob", PROD)
    (card,) = world.cards(request)

    world["mallory"].click(card, "Approve")
    assert card.buttons() == ["Approve", "Reject"]
    world.passes(minutes=2)
    world.decides("eve", request, "Approve")
    world.passes(seconds=5)

    assert world.state(request) is State.ACTIVE
    assert len(world.cards(request)) == 1
    assert card.buttons() == ["Revoke", "Show Activity"]


def test_a_button_of_an_older_version_is_said_to_be_one(world: World) -> None:
    request = world.asks("bob", PROD)
    old = world["eve"].tampering(tamper.put("actions.0.action_id", "approve_v0"))

    reply = old.click(world.card(request), "Approve")

    assert reply.ok
    assert "an older version" in world.whispers("eve")[-1]
    assert world.state(request) is State.PENDING


def test_a_form_of_an_older_version_says_so_when_it_is_sent(world: World) -> None:
    bob = world.opens("bob")
    bob.fill({"Access": PROD, "Justification": "the disk is full"})

    outcome = bob.tampering(tamper.put("view.callback_id", "request_form_v0")).submit()

    assert outcome.kind == "updated"
    view = bob.view()
    assert view is not None
    assert "an older version" in view.words()
    assert world.requests() == []


def test_who_is_refused_is_answered_at_once_and_reads_why_a_moment_later(world: World) -> None:
    later = Later()
    net = replace(world.bot.front.net, later=later)
    body = {"type": "block_actions", "user": {"id": "UMALLORY"}, "channel": {"id": APPROVALS}}

    answer = net(OwnRequest(), body)
    asked_so_far = world.slack.calls.count("chat.postEphemeral")
    later.goes_on()

    assert (answer.status, asked_so_far) == (200, 0)
    assert "your own request" in world.whispers("mallory")[-1]
