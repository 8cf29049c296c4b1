"""Slack slow, refusing, cut off or gone for an hour: access does not wait, and all is told later."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any, cast

import pytest
from slack_sdk import WebClient

from grants.model import RequestId, State
from handlers.pace import InTurn, Pace
from handlers.posting import Posting
from tests.lives import AUDITED, LIVES, PROD, ended, first_words, top
from tests.standins.slack.faults import DROP, EXECUTE_THEN_DROP, HTTP_500, RATE_LIMITED
from tests.world import APPROVALS, AUDIT, World

POST, UPDATE = "chat.postMessage", "chat.update"
LINES, DIRECT, AUDIT_LINES = LIVES[ended]


@pytest.fixture
def world(world: World) -> World:
    """With an audit channel."""
    world.policies(AUDITED)
    return world


def test_access_starts_and_ends_on_time_while_slack_is_down_for_an_hour(world: World) -> None:
    request = approved_while_nothing_can_be_told(world, Duration="30m")
    world.slack.faults.add("*", DROP, times=None)

    world.passes(seconds=3)
    assert world.has_access("bob", "payments-prod", "AdministratorAccess")
    world.passes(minutes=29, seconds=50)
    assert world.has_access("bob", "payments-prod", "AdministratorAccess")
    world.passes(seconds=10)
    assert not world.has_access("bob", "payments-prod", "AdministratorAccess")
    world.passes(minutes=30)
    assert "Pending" in world.card(request).words()

    world.slack.faults.clear()
    world.passes(minutes=2)

    told_once_in_order(world, request)


def test_what_waited_is_told_with_the_times_at_which_it_happened(world: World) -> None:
    request = approved_while_nothing_can_be_told(world, Duration="5m")
    world.passes(minutes=6)

    world.slack.faults.clear()
    world.passes(minutes=2)

    removing, gone = world.thread(request)[4:6]
    assert "By Elevate, 2026-11-02 12:05 UTC." in removing
    assert "By AWS, 2026-11-02 12:05 UTC." in gone


def test_a_card_is_drawn_once_from_its_row_when_slack_is_back(world: World) -> None:
    request = approved_while_nothing_can_be_told(world, Duration="5m")
    world.passes(minutes=6)
    drawn = len(world.card(request).history)

    world.slack.faults.clear()
    world.passes(minutes=2)

    assert len(world.card(request).history) == drawn + 1
    assert world.card(request).buttons() == ["Show Activity"]


@pytest.mark.parametrize("kind", [RATE_LIMITED, HTTP_500, DROP, "internal_error", "fatal_error"])
def test_whatever_slack_answers_all_is_told_once_and_in_order(world: World, kind: str) -> None:
    for method in (POST, UPDATE):
        world.slack.faults.add(method, kind, times=4, retry_after=5)
    request = world.asks("bob", PROD)
    world.passes(minutes=2)
    for method in (POST, UPDATE):
        world.slack.faults.add(method, kind, times=4, retry_after=5)

    world.decides("eve", request, "Approve")
    world.passes(hours=1, minutes=5)

    told_once_in_order(world, request)


def test_each_message_fails_at_first_and_all_is_told_once_and_in_order(world: World) -> None:
    tried = Counter[str]()

    def too_early(args: dict[str, Any]) -> bool:
        tried[message := f"{args.get('ts')} {args.get('thread_ts')} {args.get('text')}"] += 1
        return "blocks" in args and tried[message] < 3

    world.slack.faults.add("*", HTTP_500, times=None, matches=too_early)
    request = world.asks("bob", PROD)
    world.passes(minutes=2)
    world.decides("eve", request, "Approve")
    world.passes(hours=1, minutes=5)

    told_once_in_order(world, request)


def test_nothing_of_a_method_leaves_before_its_retry_after(world: World) -> None:
    world.slack.faults.add(POST, RATE_LIMITED, retry_after=30)

    request = world.asks("bob", PROD)
    world.passes(minutes=2)

    first, *later = [call.at for call in world.slack.calls.of(POST)]
    assert later
    assert min(later) >= first + timedelta(seconds=30)
    assert first_words(world.thread(request)) == ["Requested"]


def test_a_limit_on_edits_does_not_keep_messages_waiting(world: World) -> None:
    request = world.asks("bob", PROD)
    world.slack.faults.add(UPDATE, RATE_LIMITED, times=None, retry_after=30)

    world.decides("eve", request, "Reject", "no")
    world.passes(seconds=1)

    assert world.told("bob")[-1].startswith("Rejected by")
    assert world.card(request).buttons() == ["Approve", "Reject"]


@pytest.mark.parametrize("method", [POST, UPDATE])
def test_what_slack_did_without_saying_so_stands_there_once(world: World, method: str) -> None:
    world.slack.faults.add(method, EXECUTE_THEN_DROP, times=4)
    request = world.asks("bob", PROD)
    world.passes(minutes=2)
    world.slack.faults.add(method, EXECUTE_THEN_DROP, times=4)

    world.decides("eve", request, "Approve")
    world.passes(hours=1, minutes=5)

    told_once_in_order(world, request)


def test_where_messages_may_not_be_read_nothing_is_lost(world: World) -> None:
    """An app whose scopes are older: it cannot find out, and rather says it twice."""
    world.slack.scopes -= {"channels:history", "groups:history", "im:history"}
    request = world.asks("bob", PROD)
    world.slack.faults.add(POST, EXECUTE_THEN_DROP, times=2)

    world.decides("eve", request, "Approve")
    world.passes(hours=1, minutes=5)

    assert list(dict.fromkeys(first_words(world.thread(request)))) == LINES
    assert world.card(request).buttons() == ["Show Activity"]


def test_a_process_that_died_after_posting_has_it_stand_there_once(world: World) -> None:
    request = world.asks("bob", PROD)
    alive = world.bot.announcer
    world.bot = replace(world.bot, announcer=replace(alive, undelivered=cast(Any, None)))
    world.slack.faults.add(POST, EXECUTE_THEN_DROP, times=3)

    world["eve"].click(world.card(request), "Approve")
    world.rounds()
    world.bot = replace(world.bot, announcer=alive)
    world.passes(hours=1, minutes=5)

    told_once_in_order(world, request)


def test_another_apps_message_with_our_rows_id_is_not_taken_for_ours(world: World) -> None:
    request = world.asks("bob", PROD)
    world.slack.faults.add(POST, DROP, times=None)
    world.decides("eve", request, "Approve")
    calls = [call.args for call in world.slack.calls.of(POST)]
    lost = next(args for args in calls if args.get("thread_ts") and "Approved" in args["text"])
    with world.slack.workspace.changed:
        channel = world.slack.channel("approvals")
        forged = world.slack.workspace.write(
            channel, "hello", [], thread_ts=lost["thread_ts"], metadata=lost["metadata"]
        )
        forged.bot_id = "B0000000666"
    world.slack.faults.clear()

    world.passes(minutes=10)

    assert "Approved" in first_words(world.thread(request))


def test_one_request_that_cannot_be_told_keeps_no_other_waiting(world: World) -> None:
    stuck = world.asks("bob", PROD)
    ts = world.card(stuck).ts
    world.slack.faults.add(UPDATE, HTTP_500, times=None, matches=lambda args: args.get("ts") == ts)
    world.slack.faults.add(
        POST, HTTP_500, times=None, matches=lambda args: args.get("thread_ts") == ts
    )
    world.decides("eve", stuck, "Approve")

    request = world.active("bob", "payments-prod · ReadOnlyAccess")

    assert first_words(world.thread(request))[-1] == "Active"
    assert first_words(world.thread(stuck)) == ["Requested"]


def test_a_click_is_counted_though_nothing_can_be_told_of_it(world: World) -> None:
    request = world.asks("bob", PROD)
    for method in (POST, UPDATE):
        world.slack.faults.add(method, DROP, times=None)

    reply = world["eve"].click(world.card(request), "Approve")

    assert reply.ok
    assert world.state(request) is State.SCHEDULED


# Standing still for longer than a lease, with a message drawn and not sent


class Sleepy:
    """A client that falls asleep once, before a call to this channel leaves; others go on meanwhile."""

    def __init__(self, client: WebClient, method: str, meanwhile: Callable[[], None]) -> None:
        self._client, self._method, self._meanwhile = client, method, meanwhile

    def __getattr__(self, name: str) -> Any:
        def call(**arguments: Any) -> Any:
            if name == self._method and arguments["channel"] == APPROVALS:
                self._method = ""
                self._meanwhile()
            return getattr(self._client, name)(**arguments)

        return call


def test_a_card_that_is_drawn_over_by_who_stood_still_is_drawn_again(world: World) -> None:
    request = world.active("bob", PROD)
    with world.beside(world.settings.database_url) as other:

        def meanwhile() -> None:
            world.clock.passes(minutes=2)
            other.passes(seconds=30)

        world["bob"].click(world.last("bob"), "End Access")
        announcer = world.bot.announcer
        sleepy = cast(WebClient, Sleepy(announcer.client, "chat_update", meanwhile))
        world.bot = replace(world.bot, announcer=replace(announcer, client=sleepy))
        world.rounds()
        other.passes(minutes=2)

    assert world.state(request) is State.REVOKED
    assert "Revoked" in world.card(request).words()


def test_of_a_card_that_was_hung_twice_one_is_kept_up_to_date(world: World) -> None:
    with world.beside(world.settings.database_url) as other:

        def meanwhile() -> None:
            world.clock.passes(minutes=2)
            other.passes(seconds=30)

        announcer = world.bot.announcer
        posting = announcer.posting
        client = cast(WebClient, Sleepy(posting.client, "chat_postMessage", meanwhile))
        posting = Posting(client, posting.clock, posting.call)
        world.bot = replace(world.bot, announcer=replace(announcer, posting=posting))
        request = world.asks("bob", PROD)
        other.passes(minutes=1)

    cards = [one for one in top(world, APPROVALS) if request in one.text]
    assert len(cards) == 2
    assert [len(world.slack.thread(one)) for one in cards] == [1, 0]
    with world.works.reading() as work:
        (copy,) = [one for one in work.copies.of(request) if one.address == APPROVALS]
    assert copy.ts == cards[0].ts


# Pace


@pytest.fixture
def in_step(world: World) -> Iterator[World]:
    """With the pace that the product keeps, and a Slack that holds it to Slack's own."""
    posting = world.bot.announcer.posting
    posting = Posting(posting.client, posting.clock, InTurn(Pace(), posting.clock))
    announcer = replace(world.bot.announcer, posting=posting)
    world.bot = replace(world.bot, announcer=announcer)
    world.slack.rate_limits = True
    yield world
    assert [call for call in world.slack.calls if call.outcome == "ratelimited"] == []


def test_a_channel_gets_about_a_message_a_second(in_step: World) -> None:
    requests = [in_step.asks("bob", access) for access in (PROD, "web-prod · ReadOnlyAccess")]
    in_step.passes(seconds=10)
    channel = in_step.card(requests[0]).channel

    posted = [call.at for call in in_step.slack.calls.of(POST) if call.args["channel"] == channel]

    assert len(posted) == 4
    assert {later - one for one, later in pairwise(posted)} == {timedelta(seconds=1)}


def test_channels_do_not_wait_for_each_other(in_step: World) -> None:
    in_step.asks("bob", PROD)

    first = [call for call in in_step.slack.calls.of(POST) if call.at == in_step.clock()]
    assert {call.args["channel"] for call in first} - {AUDIT} == {APPROVALS, "UBOB"}


def test_a_crowd_is_told_in_order_at_the_pace_that_slack_allows(in_step: World) -> None:
    accesses = [
        f"{account} · {permission_set}"
        for account in ("payments-dev", "payments-prod", "web-prod")
        for permission_set in ("ReadOnlyAccess", "AdministratorAccess")
    ]
    requests = [in_step.asks("bob", access, Duration="5m") for access in accesses]
    in_step.passes(minutes=2)
    for request in requests:
        in_step.decides("eve", request, "Approve")

    in_step.passes(minutes=20)

    threads = [first_words(in_step.thread(request)) for request in requests]
    assert threads == [LINES] * len(requests)
    assert [in_step.card(request).buttons() for request in requests] == [["Show Activity"]] * len(
        requests
    )


# Reading


def approved_while_nothing_can_be_told(world: World, **fields: str) -> RequestId:
    request = world.asks("bob", PROD, **fields)
    for method in (POST, UPDATE):
        world.slack.faults.add(method, DROP, times=None)
    world.decides("eve", request, "Approve")
    return request


def told_once_in_order(world: World, request: RequestId) -> None:
    assert first_words(world.thread(request)) == LINES
    told = world.told("bob")
    assert len(told) == len(DIRECT), told
    assert all(text.startswith(words) for text, words in zip(told, DIRECT, strict=True)), told
    assert first_words([line.text for line in top(world, AUDIT)]) == AUDIT_LINES
    assert "Ended" in world.card(request).words()
    everywhere = [world.card(request), *world.slack.dms("bob")]
    assert [m.buttons() for m in everywhere if m.buttons()] == [
        ["Show Activity"],
        ["Request Again", "Show Activity"],
    ]
