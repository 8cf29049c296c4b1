"""What Slack will not take is told later or elsewhere, and whoever can mend it hears of it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from grants.crew import Crew
from grants.model import RequestId, State
from handlers.fates import NOBODY_THERE, NOTHING_THERE, OURS_OR_PASSING, perhaps
from tests.lives import AUDITED, LIVES, PROD, ended, first_words, top
from tests.standins.aws import Kind
from tests.world import APPROVALS, AUDIT, DEFAULT, Later, World

POST, UPDATE = "chat.postMessage", "chat.update"


@pytest.fixture
def world(world: World) -> World:
    """With an audit channel."""
    world.policies(AUDITED)
    return world


def to(channel: str) -> Callable[[dict[str, Any]], bool]:
    return lambda args: args.get("channel") == channel


def alarms(world: World, channel: str = AUDIT) -> list[str]:
    return [line.text for line in top(world, channel) if line.text.startswith("Alarm")]


@pytest.mark.parametrize(
    ("status", "code", "may_be_done"),
    [
        (200, "internal_error", True), (200, "fatal_error", True), (200, "request_timeout", True),
        (500, "", True), (503, "", True), (503, "service_unavailable", False),
        (200, "not_in_channel", False), (429, "ratelimited", False),
    ],
)  # fmt: skip
def test_what_slack_may_have_done_all_the_same(status: int, code: str, may_be_done: bool) -> None:
    response = SlackResponse(
        client=WebClient(), http_verb="POST", api_url="", req_args={},
        data={"ok": False, "error": code}, headers={}, status_code=status,
    )  # fmt: skip

    assert perhaps(SlackApiError("refused", response)) is may_be_done  # type: ignore[no-untyped-call]


def test_no_word_of_slacks_has_two_fates() -> None:
    assert not NOBODY_THERE & NOTHING_THERE
    assert not OURS_OR_PASSING & (NOBODY_THERE | NOTHING_THERE)


@pytest.mark.parametrize("code", ["account_inactive", "token_revoked", "missing_scope"])
def test_trouble_with_our_own_token_gives_up_no_place_and_loses_nothing(
    world: World, code: str
) -> None:
    world.slack.faults.add("*", code, times=8, matches=lambda args: "blocks" in args)

    request = world.asks("bob", PROD)
    world.passes(minutes=15)
    world.decides("eve", request, "Approve")
    world.passes(hours=1, minutes=10)

    assert first_words(world.thread(request)) == LIVES[ended][0]
    assert len(world.told("bob")) == len(LIVES[ended][1])
    assert alarms(world) == []


def test_a_channel_that_refuses_with_an_unknown_word_is_given_up_in_the_end(world: World) -> None:
    world.slack.faults.add(POST, "a_word_of_next_year", times=None, matches=to(APPROVALS))

    world.asks("bob", PROD)
    world.passes(minutes=5)

    assert asked_directly(world) == [["Approve", "Reject"]] * 2
    assert "a_word_of_next_year" in alarms(world)[0]


def test_a_line_that_is_refused_with_an_unknown_word_keeps_the_next_ones_waiting_for_minutes_only(
    world: World,
) -> None:
    world.slack.faults.add(
        POST, "a_word_of_next_year", times=None, matches=lambda a: "Approved" in a.get("text", "")
    )

    request = world.asks("bob", PROD)
    world.decides("eve", request, "Approve")
    world.passes(minutes=6)

    assert first_words(world.thread(request)) == ["Requested", "Granting", "Active"]
    assert world.told("bob")[-1].startswith("Active")
    assert first_words([line.text for line in top(world, AUDIT)]) == ["Active"]


def test_a_card_that_slack_finds_invalid_has_the_approvers_asked_directly(world: World) -> None:
    world.slack.faults.add(POST, "invalid_blocks", matches=to(APPROVALS))

    world.asks("bob", PROD)

    assert asked_directly(world) == [["Approve", "Reject"]] * 2
    assert "invalid_blocks" in alarms(world)[0]


def test_where_nobody_can_be_asked_bob_and_the_administrators_hear_of_it(world: World) -> None:
    world.slack.channel(APPROVALS).is_archived = True
    for who in ("eve", "dan"):
        world.slack.user(who).deleted = True

    request = world.asks("bob", PROD)

    assert world.told("bob")[-1].startswith("Nobody who may approve")
    assert "elevate-admins" in world.told("bob")[-1]
    assert any("nobody who may approve" in line and request in line for line in alarms(world))


def test_where_there_is_nobody_left_to_ask_bob_is_told_once(world: World) -> None:
    request_before = len(world.told("bob"))
    world.slack.channel(APPROVALS).is_archived = True
    world.company.remove_member("production-approvers", "dan")
    world.slack.user("eve").deleted = True

    world.asks("bob", PROD)
    world.passes(minutes=30)

    told = world.told("bob")[request_before:]
    assert sum(text.startswith("Nobody who may approve") for text in told) == 1


def test_an_alarm_whose_channel_is_dead_goes_to_the_default_channel(world: World) -> None:
    world.slack.channel(AUDIT).is_archived = True

    overdue(world)

    assert [line for line in alarms(world, DEFAULT) if "Still being removed" in line]


def test_an_alarm_that_no_channel_takes_goes_to_the_administrators(world: World) -> None:
    world.slack.channel(AUDIT).is_archived = True
    world.slack.channel(DEFAULT).is_archived = True

    overdue(world)

    assert [line for line in world.told("ada") if "Still being removed" in line]


def test_an_alarm_reaches_the_administrators_where_no_channel_is_named(world: World) -> None:
    world.policies(
        "".join(line for line in AUDITED.splitlines(keepends=True) if "_channel:" not in line)
    )

    overdue(world)

    assert [line for line in world.told("ada") if "Still being removed" in line]


def test_what_waited_for_a_thread_past_its_lease_is_told_once(world: World) -> None:
    request = world.asks("bob", PROD)
    later = Later()
    prompt = world.bot.announcer
    slow = replace(prompt, crew=Crew(later, lambda: None))
    world["eve"].click(world.card(request), "Approve")
    world.listeners.settle()

    slow.round()
    world.clock.passes(seconds=61)
    prompt.round()
    later.goes_on()
    world.passes(seconds=10)

    assert first_words(world.thread(request)) == ["Requested", "Approved", "Granting", "Active"]
    assert len(world.told("bob")) == 3


def test_a_channel_that_is_shared_later_hears_no_more_and_its_card_is_withdrawn(
    world: World,
) -> None:
    request = world.asks("bob", PROD, Justification="a secret reason")
    card = world.card(request)
    world.passes(minutes=2)
    world.slack.channel(APPROVALS).is_ext_shared = True

    world["eve"].click(card, "Approve")
    world.passes(hours=1, seconds=10)

    assert world.state(request) is State.ENDED
    assert first_words([line.text for line in world.slack.thread(card)]) == ["Requested"]
    assert card.buttons() == []
    assert "a secret reason" not in card.words()
    assert asked_directly(world) == [["Show Activity"]] * 2


def test_an_audit_channel_that_is_shared_hears_nothing(world: World) -> None:
    world.slack.channel(AUDIT).is_ext_shared = True

    world.active()

    assert top(world, AUDIT) == []


def test_a_channel_that_may_not_be_looked_at_gets_no_card(world: World) -> None:
    world.slack.faults.add("conversations.info", "missing_scope", times=None)

    request = world.asks("bob", PROD)

    assert {card.channel for card in world.cards(request)} == {
        world.slack.dm(who).id for who in ("eve", "dan")
    }


def test_a_card_that_somebody_deletes_while_it_waits_hangs_anew(world: World) -> None:
    world.policies(AUDITED + "    approvals: 2\n")
    request = world.asks("bob", PROD)
    card = world.card(request)
    world["eve"].click(card, "Approve")
    world.slack.channel(APPROVALS).everything.remove(card)
    world.rounds()

    world["dan"].click(world.card(request), "Approve")
    world.passes(seconds=5)

    assert world.state(request) is State.ACTIVE
    assert first_words(world.thread(request))[0] == "Requested"


# Means


def asked_directly(world: World) -> list[list[str]]:
    """The buttons of the card in each approver's own messages."""
    return [world.slack.dms(who)[0].buttons() for who in ("eve", "dan")]


def overdue(world: World) -> RequestId:
    """A removal that does not succeed for a while."""
    request = world.active()
    world.aws.faults.add("DeleteAccountAssignment", Kind.HTTP500, times=None)
    world.passes(hours=1, minutes=5)
    return request
