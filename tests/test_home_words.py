"""`/elevate mine`, `approvals` and `active`: App Home's lists, answered to whoever types them, alone."""

import pytest

from grants.model import State
from tests.standins.slack import Message, tamper
from tests.world import APPROVALS, DEFAULT, World

PROD = "payments-prod · AdministratorAccess"


def told(world: World, who: str, word: str, channel: str = DEFAULT) -> Message:
    """What they alone are shown for a word."""
    world[who].command(word, channel)
    return world.slack.ephemerals(who)[-1]


def asks_for_five(world: World) -> None:
    for n in range(5):
        world.clock.passes(seconds=1)
        world.asks("bob", PROD, Justification=f"reason {n}")


def test_mine_is_what_somebody_holds_waits_for_and_has_asked_for(world: World) -> None:
    request = world.active()

    message = told(world, "bob", "mine")

    for fact in ("What you hold (1)", "AdministratorAccess on payments-prod", "1 h left", request):
        assert fact in message.words()
        assert fact in message.spoken()
    assert message.buttons() == ["End Access", "Extend"]


def test_approvals_is_what_waits_for_whoever_asks(world: World) -> None:
    request = world.asks("bob", PROD)

    message = told(world, "eve", "approvals")

    assert request in message.words()
    assert message.buttons() == ["Approve", "Reject"]


def test_active_is_what_one_holds_and_what_one_may_revoke(world: World) -> None:
    world.active()

    assert "What you may revoke" not in told(world, "bob", "active").words()
    assert told(world, "bob", "active").buttons() == ["End Access", "Extend"]
    assert told(world, "eve", "active").buttons() == ["Revoke"]
    assert told(world, "ada", "active").buttons() == ["Revoke"]


@pytest.mark.parametrize("typed", ["MINE", " mine ", "mine please", "Mine\tnow"])
def test_a_word_is_taken_in_any_case_and_with_more_after_it(world: World, typed: str) -> None:
    assert "What you hold" in told(world, "bob", typed).words()


def test_only_whoever_typed_it_sees_it(world: World) -> None:
    world.asks("bob", PROD)

    told(world, "eve", "approvals", APPROVALS)

    assert world.slack.ephemerals("dan") == []
    assert all("Waits for you" not in one.text for one in world.slack.channel(APPROVALS).messages)


def test_who_approves_nothing_hears_that_no_policy_names_them(world: World) -> None:
    world.asks("bob", PROD)

    message = told(world, "mallory", "approvals")

    assert "No approval policy names you" in message.words()
    assert "Bob" not in message.words()


def test_membership_is_read_when_the_word_is_typed(world: World) -> None:
    world.asks("bob", PROD)
    told(world, "eve", "approvals")
    world.company.remove_member("production-approvers", "eve")

    assert "Bob" not in told(world, "eve", "approvals").words()


def test_a_guest_hears_why_not_and_it_is_recorded(world: World) -> None:
    world.slack.workspace.user("mallory").is_restricted = True

    assert "Guests" in told(world, "mallory", "mine").words()
    assert "refusal" in world.journal()


def test_what_is_pressed_there_is_done_and_the_list_is_drawn_again(world: World) -> None:
    request = world.asks("bob", PROD)
    message = told(world, "eve", "approvals")

    world["eve"].click(message, "Approve")

    assert world.state(request) is State.SCHEDULED
    assert "No request waits for your decision" in world.slack.ephemerals("eve")[-1].words()
    assert len(world.slack.ephemerals("eve")) == 1


def test_a_decision_counts_though_its_list_is_too_old_to_be_drawn_again(world: World) -> None:
    message = told(world, "eve", "approvals")
    request = world.asks("bob", PROD)
    message = told(world, "eve", "approvals")
    world.slack.workspace.response_urls.clear()

    world["eve"].click(message, "Approve")

    assert world.state(request) is State.SCHEDULED


def test_a_list_in_a_message_is_turned_there(world: World) -> None:
    asks_for_five(world)
    message = told(world, "bob", "mine")
    assert "Waiting for a decision (5)" in message.words()
    assert message.buttons().count("Cancel Request") == 4

    world["bob"].click(message, "Next (2 of 2)")

    turned = world.slack.ephemerals("bob")[-1]
    assert turned.buttons().count("Cancel Request") == 1
    assert "Previous (1 of 2)" in turned.buttons()


def test_what_happened_since_is_refused_with_what_happened(world: World) -> None:
    request = world.asks("bob", PROD)
    message = told(world, "eve", "approvals")
    world.decides("dan", request, "Reject", "not now")

    world["eve"].click(message, "Approve")

    assert world.state(request) is State.REJECTED
    assert "it was rejected by Dan Approver" in world.whispers("eve")[-1]


def test_help_names_every_word(world: World) -> None:
    message = told(world, "bob", "help")

    for word in ("mine", "approvals", "active", "explain", "audit", "verify", "admin", "help"):
        assert f"/elevate {word}" in message.words()
        assert f"/elevate {word}" in message.spoken()


def test_a_word_that_there_is_not_is_said_back(world: World) -> None:
    assert "/elevate yours <!here> is not known" in told(world, "bob", "yours <!here>").words()


@pytest.mark.parametrize("action", ["approve", "page_on"])
def test_a_card_is_never_replaced_by_a_list(world: World, action: str) -> None:
    request = world.asks("bob", PROD)
    card = world.card(request)
    lies = [tamper.put("actions.0.block_id", "home:approvals:2"), tamper.action_id(action)]
    if_turned = [tamper.button_value("approvals:1")] * (action == "page_on")

    world["eve"].tampering(*lies, *if_turned).click(card, "Approve")
    world.rounds()

    assert request in world.card(request).words()
    assert "Waits for you" not in world.card(request).words()
