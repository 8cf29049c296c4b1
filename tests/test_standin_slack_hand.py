"""A person's hand does in a Bolt app what a person does in Slack."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from slack_bolt.adapter.wsgi import SlackRequestHandler

from tests.standins.slack import (
    Hand,
    Listeners,
    NotPossible,
    Person,
    SlackStandIn,
    over_http,
    over_wsgi,
    tamper,
)
from tests.standins.slack.example import NOON, START, Heard, an_app, card, form

JSON = dict[str, Any]


@pytest.fixture
def slack() -> Iterator[SlackStandIn]:
    with SlackStandIn(lambda: NOON) as slack:
        slack.workspace.add_user("alice", id="UALICE")
        slack.workspace.add_user("bob", id="UBOB")
        slack.workspace.add_user("mallory", id="UMALLORY", team_id="TOTHER")
        slack.workspace.add_channel("approvals", "bob", "mallory", id="CAPPROVE")
        yield slack
    assert slack.violations == []


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def hand(slack: SlackStandIn, heard: Heard) -> Iterator[Hand]:
    with Listeners() as listeners:
        app = an_app(slack, heard, listeners)
        yield Hand(slack, over_wsgi(SlackRequestHandler(app)), settle=listeners.settle)


@pytest.fixture
def alice(hand: Hand) -> Person:
    return hand.of("alice")


@pytest.fixture
def bob(hand: Hand) -> Person:
    return hand.of("bob")


def test_a_command_is_answered_for_the_one_who_typed_it(
    slack: SlackStandIn, alice: Person, bob: Person
) -> None:
    reply = bob.command("hello", "approvals")

    assert reply.ok
    assert [one.words() for one in bob.ephemerals()] == ["You said hello"]
    assert alice.ephemerals() == []


def test_a_form_opens_with_its_labels_and_words(alice: Person) -> None:
    alice.command()

    view = alice.view()
    assert view is not None
    assert view.labels()[:3] == ["Account", "Role", "Duration"]
    assert view.options("Account") == ["Dev", "Prod"]
    assert view.buttons() == ["Start Later"]
    assert view.words().startswith("Request\nAccount\nRole\nDuration\n1h")


def test_choosing_tells_the_app_and_what_was_typed_stays(alice: Person, heard: Heard) -> None:
    alice.shortcut("request")
    alice.fill(Duration="2h")
    alice.search("Role", "Admin")
    alice.fill(Role="Admin in none")
    assert heard.last["view"]["state"] == {"values": {}}

    alice.fill(Account="Prod")
    found = alice.search("Role", "Adm")
    alice.fill(Role="Adm in p")
    outcome = alice.submit()

    assert [one.text for one in found] == ["Adm in p"]
    assert outcome.closed
    assert alice.view() is None
    state = heard.state()
    assert state["account"]["selected_option"]["value"] == "p"
    assert state["role-p"]["selected_option"]["value"] == "Adm in p"
    assert state["duration"] == {"type": "plain_text_input", "value": "2h"}
    assert "role-none" in state
    assert state["start"]["selected_date_time"] == START
    assert state["why"]["value"] is None
    assert heard.last["view"]["private_metadata"] == "p"


def test_every_kind_of_field_can_be_filled_and_emptied(alice: Person, heard: Heard) -> None:
    alice.command()
    when = datetime(2026, 12, 1, 9, tzinfo=UTC)

    alice.fill({"Start": when, "Terms": ["Yes"], "For": "bob", "In": "approvals", "Kind": "b"})
    alice.fill(Duration=None, Why="to see")
    alice.press("Start Later")

    state = heard.state()
    assert state["start"]["selected_date_time"] == int(when.timestamp())
    assert [one["value"] for one in state["terms"]["selected_options"]] == ["y"]
    assert state["for"]["selected_user"] == "UBOB"
    assert state["in"]["selected_conversation"] == "CAPPROVE"
    assert state["kind"]["selected_option"]["value"] == "b"
    assert state["duration"]["value"] is None
    assert heard.last["container"] == {"type": "view", "view_id": heard.last["view"]["id"]}


def test_what_slack_does_not_offer_cannot_be_done(hand: Hand, alice: Person) -> None:
    with pytest.raises(NotPossible, match="no modal"):
        alice.submit()
    with pytest.raises(NotPossible, match="not in"):
        alice.command("", "approvals")
    with pytest.raises(NotPossible, match="workspaces"):
        hand.of("mallory").command()

    alice.command()

    with pytest.raises(NotPossible, match="offered"):
        alice.fill(Account="Staging")
    with pytest.raises(NotPossible, match="Colour"):
        alice.fill(Colour="red")
    with pytest.raises(NotPossible, match="from 1 on"):
        alice.search("Role", "")
    with pytest.raises(NotPossible, match="buttons"):
        alice.press("Fly")


def test_errors_come_back_by_label_and_the_form_stays(alice: Person, heard: Heard) -> None:
    heard.answer = {"response_action": "errors", "errors": {"duration": "At most 4 h."}}
    alice.command()

    outcome = alice.submit()

    assert (outcome.kind, outcome.errors) == ("errors", {"Duration": "At most 4 h."})
    assert outcome.view is alice.view() is not None


def test_a_submission_can_update_push_and_clear(alice: Person, heard: Heard) -> None:
    alice.command()
    heard.answer = {"response_action": "update", "view": form("x")}
    assert alice.submit().kind == "updated"
    heard.answer = {"response_action": "push", "view": form("y")}
    pushed = alice.submit()
    assert pushed.kind == "pushed"
    assert pushed.view is not None
    assert pushed.view.private_metadata == "y"
    heard.answer = {"response_action": "clear"}

    assert alice.submit().kind == "cleared"
    assert alice.view() is None


def test_errors_for_a_field_that_is_not_there_are_held_against_us(
    slack: SlackStandIn, alice: Person, heard: Heard
) -> None:
    heard.answer = {"response_action": "errors", "errors": {"colour": "No."}}
    alice.command()

    outcome = alice.submit()

    assert outcome.kind == "failed"
    assert slack.violations == ["response_action: invalid_errors ['colour']"]
    slack.violations.clear()


def test_a_strict_client_keeps_an_unfinished_form(hand: Hand, slack: SlackStandIn) -> None:
    alice = Hand(slack, hand.deliver, hand.settle, strict_client=True).of("alice")
    alice.command()
    alice.fill(Why="far too long", Duration=None)

    outcome = alice.submit()

    assert outcome.kind == "blocked"
    assert sorted(outcome.errors) == ["Account", "Duration", "Role", "Why"]


def test_untouched_fields_may_be_left_out(slack: SlackStandIn, alice: Person, heard: Heard) -> None:
    slack.untouched_are_told = False
    alice.command()

    alice.submit()

    assert sorted(heard.state()) == ["duration", "start"]


def test_closing_is_told(alice: Person, heard: Heard) -> None:
    alice.command()

    alice.close(everything=True)

    assert heard.last["type"] == "view_closed"
    assert heard.last["is_cleared"] is True
    assert alice.view() is None


def test_a_click_carries_the_message_as_it_was_seen(
    slack: SlackStandIn, bob: Person, heard: Heard
) -> None:
    channel = slack.channel("approvals")
    message = slack.workspace.write(channel, "Alice asks", card("<@UALICE> asks `x`"))
    assert message.words() == "@alice asks x\nApprove\nWhisper"
    assert message.buttons() == ["Approve", "Whisper"]

    bob.click(message, "Approve")

    assert heard.last["actions"][0]["value"] == "R1"
    assert heard.last["message"]["ts"] == message.ts
    assert message.words() == "Done"
    bob.click(message.history[0], "Show")
    assert heard.last["actions"][0]["selected_option"]["value"] == "show"


def test_only_those_who_see_a_message_can_click_it(
    slack: SlackStandIn, alice: Person, bob: Person
) -> None:
    message = slack.workspace.write(slack.channel("approvals"), "x", card("x"))

    with pytest.raises(NotPossible, match="see"):
        alice.click(message, "Approve")
    bob.click(message, "Whisper")

    assert [one.text for one in bob.ephemerals()] == ["psst"]


def test_someone_of_another_workspace_clicks_in_a_shared_channel(
    slack: SlackStandIn, hand: Hand, heard: Heard
) -> None:
    message = slack.workspace.write(slack.channel("approvals"), "x", card("x"))

    hand.of("mallory").click(message, "Approve")

    assert heard.last["user"]["team_id"] == "TOTHER"
    assert heard.last["team"]["id"] == slack.workspace.team


def test_home_is_opened_pressed_and_told_again(alice: Person, heard: Heard) -> None:
    alice.open_home()
    home = alice.home()
    assert home is not None
    assert "Waiting: R1" in home.words()

    alice.press("Approve", within="R1")
    assert heard.last["view"]["type"] == "home"
    alice.open_home()
    first = heard.last["event_id"]
    alice.redeliver(2)

    assert heard.last["event_id"] == first
    assert heard.last["event"]["view"]["type"] == "home"
    assert len(heard.payloads) == 4


def test_what_is_not_signed_as_slack_signs_is_refused(
    slack: SlackStandIn, alice: Person, heard: Heard
) -> None:
    replies = [
        alice.tampering(signature="bad").command("x"),
        alice.tampering(signature="none").command("x"),
        alice.tampering(age=timedelta(minutes=6)).command("x"),
    ]

    assert [reply.status for reply in replies] == [401, 401, 401]
    assert heard.payloads == []
    assert len(slack.troubles) == 3


def test_a_replay_arrives_as_it_was(alice: Person, heard: Heard) -> None:
    alice.command("x")

    assert alice.replay().ok
    assert heard.payloads[0]["trigger_id"] == heard.payloads[1]["trigger_id"]


def test_every_word_of_a_payload_can_be_a_lie(
    slack: SlackStandIn, alice: Person, bob: Person, heard: Heard
) -> None:
    message = slack.workspace.write(slack.channel("approvals"), "x", card("x"))
    bob.tampering(tamper.button_value("R2"), tamper.as_user("UALICE", "TEVIL")).click(
        message, "Approve"
    )
    assert heard.last["actions"][0]["value"] == "R2"
    assert heard.last["user"]["id"] == "UALICE"
    assert heard.last["user"]["team_id"] == "TEVIL"

    alice.command()
    alice.tampering(
        tamper.private_metadata("forged"),
        tamper.field_value("Account", "admin"),
        tamper.field_value("Duration", "99h"),
        tamper.as_team("TEVIL"),
        tamper.token("wrong"),
        tamper.without("trigger_id"),
    ).submit()

    assert heard.last["view"]["private_metadata"] == "forged"
    assert heard.state()["account"]["selected_option"]["value"] == "admin"
    assert heard.state()["duration"]["value"] == "99h"
    assert (heard.last["team"]["id"], heard.last["token"]) == ("TEVIL", "wrong")


def test_a_form_is_waited_for_when_nobody_says_that_all_is_done(
    hand: Hand, slack: SlackStandIn
) -> None:
    alice = Hand(slack, hand.deliver).of("alice")

    alice.command()
    alice.fill(Account="Dev")

    assert slack.wait_until(lambda: alice.slack.workspace.stacks["UALICE"][0].versions == 2)


def test_a_running_app_is_reached_over_http(hand: Hand, slack: SlackStandIn) -> None:
    class Quiet(WSGIRequestHandler):
        def log_message(self, *_args: object) -> None:
            """Keep quiet."""

    def wsgi(environ: JSON, start_response: Any) -> list[bytes]:
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        sent = {"X-Slack-Signature": "", "X-Slack-Request-Timestamp": ""}
        headers = {name: environ["HTTP_" + name.upper().replace("-", "_")] for name in sent}
        headers["Content-Type"] = environ["CONTENT_TYPE"]
        status, told, content = hand.deliver(body, headers)
        start_response(f"{status} OK", list(told.items()))
        return [content]

    with make_server("127.0.0.1", 0, wsgi, handler_class=Quiet) as server:
        serving = Thread(target=server.handle_request)
        serving.start()
        alice = Hand(slack, over_http(f"http://127.0.0.1:{server.server_port}/"), hand.settle)
        reply = alice.of("alice").command("hello")
        serving.join()

    assert reply.body == b"You said hello"
    assert [one.words() for one in slack.ephemerals("alice")] == ["You said hello"]


def test_an_answer_that_is_no_answer_leaves_the_form_open(
    slack: SlackStandIn, alice: Person, hand: Hand
) -> None:
    alice.command()

    def odd(_body: bytes, _headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        return 200, {"Content-Type": "text/plain"}, b"fine"

    outcome = Hand(slack, odd).of("alice").submit()

    assert outcome.kind == "failed"
    assert alice.view() is not None
    assert slack.violations == ["view_submission: the answer is no JSON object"]
    slack.violations.clear()


def test_an_app_that_is_away_is_trouble_that_slack_shows(slack: SlackStandIn) -> None:
    def away(_body: bytes, _headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        raise TimeoutError

    reply = Hand(slack, away).of("alice").command()

    assert (reply.ok, reply.status) == (False, 0)
    assert slack.troubles == ["alice: /elevate: 0 b'TimeoutError()'"]


def test_a_payload_of_ones_own_is_signed_and_sent(alice: Person, heard: Heard) -> None:
    reply = alice.raw({"type": "block_actions", "user": {"id": "UALICE"}, "actions": []})

    assert reply.status in (404, 500)
    body, headers = alice.sent[-1]
    assert b"block_actions" in body
    assert headers["X-Slack-Signature"].startswith("v0=")
    assert json.dumps(heard.payloads) == "[]"
