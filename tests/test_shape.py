"""What Slack signed and could not have sent: answered, by nobody's fault, and nothing comes of it."""

import logging
from collections.abc import Mapping
from typing import Any, Final

import pytest

from blocks import ids
from bot.serve import wsgi
from handlers.reading import first_field
from handlers.shape import is_shapely
from tests.standins.slack import Hand, Person, over_wsgi, payloads, tamper
from tests.standins.slack.tamper import Twist
from tests.world import DEFAULT, World

PROD: Final = "payments-prod · AdministratorAccess"


def over_http(world: World, who: str) -> Person:
    """As the server has it."""
    app = wsgi(world.bot.app, lambda: ("", ""), bytes, secret=world.slack.signing_secret)
    return Hand(world.slack, over_wsgi(app), settle=world.listeners.settle).of(who)


def faults(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


def nothing_came_of_it(world: World, before: list[str], caplog: pytest.LogCaptureFixture) -> None:
    assert world.journal() == before
    assert faults(caplog) == []


NO_PRESS: Final[Mapping[str, Twist]] = {
    "no action": tamper.put("actions", []),
    "actions that are none": tamper.put("actions", {"0": {}}),
    "an action that is none": tamper.put("actions.0", None),
    "an action without a name": tamper.without("actions.0.action_id"),
    "an action whose name is a number": tamper.put("actions.0.action_id", 7),
    "nobody": tamper.without("user"),
    "a user that is a word": tamper.put("user", "UEVE"),
    "a user without an id": tamper.put("user", {}),
    "a user with a NUL": tamper.put("user.id", "UEVE\0"),
    "a user with half a character": tamper.put("user.id", "\ud800"),
    "a team that is a list": tamper.put("team", ["T0ELEVATE1"]),
    "no trigger": tamper.without("trigger_id"),
    "a trigger that is an object": tamper.put("trigger_id", {"id": "1.2.3"}),
    "an answer into a file": tamper.put("response_url", "file:///etc/passwd"),
    "a channel that is a word": tamper.put("channel", "C0000000003"),
    "a channel that is named by a number": tamper.put("channel", {"id": 3}),
    "a container that is a list": tamper.put("container", ["C1"]),
    "a message that is a word": tamper.put("message", "card"),
    "a window that is a word": tamper.put("view", "V1"),
    "a window without an id": tamper.put("view", {}),
}


def test_a_press_that_slack_could_not_have_sent_is_no_press(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    card = world.card(world.asks("bob", PROD))
    world["eve"].command("mine")
    before = world.journal()

    for name, twist in NO_PRESS.items():
        reply = over_http(world, "eve").tampering(twist).click(card, "Approve")

        assert reply.status == 400, name
        nothing_came_of_it(world, before, caplog)


NO_COMMAND: Final[Mapping[str, Twist]] = {
    "nobody": tamper.without("user_id"),
    "a user with a NUL": tamper.put("user_id", "UBOB\0"),
    "no trigger": tamper.without("trigger_id"),
    "an answer that is no address": tamper.put("response_url", "here"),
}


@pytest.mark.parametrize("typed", ["", "mine", "verify", "explain payments-prod"])
def test_a_command_that_slack_could_not_have_sent_is_none(
    world: World, caplog: pytest.LogCaptureFixture, typed: str
) -> None:
    before = world.journal()

    for name, twist in NO_COMMAND.items():
        reply = over_http(world, "bob").tampering(twist).command(typed, DEFAULT)

        assert reply.status == 400, name
        nothing_came_of_it(world, before, caplog)


def test_a_press_in_app_home_may_have_a_channel_without_a_name(world: World) -> None:
    world["bob"].open_home()
    there = tamper.put("channel", {"id": "", "name": ""})

    assert over_http(world, "bob").tampering(there).press("Request Access").ok


def test_what_has_no_address_for_an_answer_is_done_and_not_answered_there(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    card = world.card(world.asks("bob", PROD))
    nowhere = tamper.without("response_url")

    assert over_http(world, "bob").tampering(nowhere).command("mine", DEFAULT).ok
    assert over_http(world, "eve").tampering(nowhere).click(card, "Approve").ok

    assert "request.approve" in world.journal()
    assert faults(caplog) == []


NO_EVENT: Final[Mapping[str, Twist]] = {
    "no event": tamper.put("event", ""),
    "an event without a kind": tamper.without("event.type"),
    "an event of nobody": tamper.without("event.user"),
    "an event with a window that is none": tamper.put("event.view", "V1"),
}


def test_an_event_that_slack_could_not_have_sent_is_none(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    before = world.journal()

    for name, twist in NO_EVENT.items():
        reply = over_http(world, "bob").tampering(twist).open_home()

        assert reply.status == 400, name
        nothing_came_of_it(world, before, caplog)
    assert world.slack.home("bob") is None


NO_FORM: Final[Mapping[str, Twist]] = {
    "no form": tamper.without("view"),
    "a form that is a list": tamper.put("view", []),
    "a form without an id": tamper.without("view.id"),
    "a form whose name is a number": tamper.put("view.callback_id", 7),
    "a form of nobody": tamper.put("user", None),
}


def test_a_form_that_slack_could_not_have_sent_is_none(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.opens("bob").fill(Access=PROD, Justification="the disk is full")
    before = world.journal()

    for name, twist in NO_FORM.items():
        outcome = over_http(world, "bob").tampering(twist).submit()

        assert outcome.reply, name
        assert outcome.reply.status == 400, name
        nothing_came_of_it(world, before, caplog)


@pytest.mark.parametrize("name", ["action_id", "block_id"])
def test_a_search_in_a_field_without_a_name_finds_nothing(
    world: World, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    view = world.opens("bob").view()
    assert view
    before = world.journal()
    where = {"action_id": ids.ACCOUNT, "block_id": ids.ACCOUNT, name: True}
    search = payloads.suggestion(world.slack, world["bob"].user, view, where, "pay")

    assert over_http(world, "bob").raw(search).status == 400
    nothing_came_of_it(world, before, caplog)


def test_an_event_that_nobody_listens_for_is_not_looked_at() -> None:
    assert is_shapely({"type": "event_callback", "event": {"type": "team_rename"}})
    assert is_shapely({"type": "view_closed"})


# What is judged by its reader


@pytest.mark.parametrize("action_id", [ids.START_LATER, ids.START_NOW, ids.ACCOUNT])
def test_a_forms_button_in_no_form_is_tampering(
    world: World, caplog: pytest.LogCaptureFixture, action_id: str
) -> None:
    card = world.card(world.asks("bob", PROD))
    block = ids.ACCOUNT if action_id == ids.ACCOUNT else ids.WHEN
    action = {"type": "button", "block_id": block, "action_id": action_id}
    press = payloads.message_actions(world.slack, world["bob"].user, card, action)

    assert over_http(world, "bob").raw(press).ok

    assert world.journal().count("refusal") == 1
    assert faults(caplog) == []


@pytest.mark.parametrize(
    "blocks",
    ["x", None, [], [None, 7, "x"], [{}], [{"type": "input"}], [{"type": "input", "block_id": 7}]],
)
def test_trouble_is_said_beside_a_field_whatever_came_back_as_blocks(blocks: Any) -> None:
    assert first_field({"blocks": blocks}, otherwise=ids.ACCESS) == ids.ACCESS


def test_a_form_whose_blocks_are_no_blocks_is_refused_and_recorded(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    bob = world.opens("bob")
    bob.fill(Access=PROD, Justification="the disk is full")
    broken = (tamper.put("view.blocks", [None, 7]), tamper.private_metadata("{"))

    assert bob.tampering(*broken).submit().kind == "errors"

    assert world.journal().count("refusal") == 1
    assert (world.requests(), faults(caplog)) == ([], [])
