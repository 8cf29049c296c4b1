"""A flood by one person: they wait behind themselves, and everybody else is served."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import ExitStack
from contextvars import copy_context
from datetime import timedelta
from threading import Event, Semaphore
from typing import Any

import pytest
from slack_bolt.adapter.wsgi import SlackRequestHandler

from bot.slack import EXPLAINING
from grants.errors import TooSlow
from grants.model import SlackUserId
from handlers.errors import WHISPERS
from handlers.looking import OFTEN
from handlers.promptly import Promptly
from handlers.shares import AT_ONCE, MOST, Doorkeeper, Shares, working_for
from tests.standins.slack import Hand, SlackStandIn, over_wsgi, tamper
from tests.standins.slack.example import NOON, Heard, an_app, card
from tests.test_identity import PROD, says
from tests.world import DEFAULT, World

MALLORY, EVE = SlackUserId("UMALLORY"), SlackUserId("UEVE")
BUSY = "Elevate is still busy with what you did before. Please wait, and try again."


class Flood:
    """Work of one person's that goes on until it is let go."""

    def __init__(self, shares: Shares) -> None:
        self.shares = shares
        self.over = Event()
        self.begun = Semaphore(0)
        self.done: list[int] = []

    def work(self, number: int) -> None:
        self.begun.release()
        self.over.wait(10)
        self.done.append(number)

    def comes(self, who: SlackUserId, count: int) -> list[Future[None]]:
        return [as_(who, self.shares.submit, self.work, number) for number in range(count)]


def as_(who: SlackUserId | None, do: Callable[..., Any], *args: Any) -> Any:
    """What is done for somebody in particular."""
    context = copy_context()
    context.run(working_for.set, who)
    return context.run(do, *args)


@pytest.fixture
def shares() -> Iterator[Shares]:
    with ThreadPoolExecutor(4 * AT_ONCE) as pool:
        yield Shares(pool)


@pytest.fixture
def flood(shares: Shares) -> Iterator[Flood]:
    flood = Flood(shares)
    yield flood
    flood.over.set()


def test_more_than_a_share_waits_behind_its_own_and_others_do_not(
    shares: Shares, flood: Flood
) -> None:
    flooding = flood.comes(MALLORY, 3 * AT_ONCE)
    for _ in range(AT_ONCE):
        assert flood.begun.acquire(timeout=10)

    assert as_(EVE, shares.submit, len, "four").result(10) == 4
    assert as_(None, shares.submit, len, "four").result(10) == 4
    assert shares.in_hand(MALLORY) == 3 * AT_ONCE
    assert not flood.begun.acquire(blocking=False)

    flood.over.set()
    for future in flooding:
        future.result(10)
    assert sorted(flood.done) == list(range(3 * AT_ONCE))


def test_what_waits_is_done_in_its_order_whatever_became_of_what_was_before(
    shares: Shares,
) -> None:
    one_by_one, done = Shares(shares, at_once=1), list[int]()
    over = Event()

    def fails() -> None:
        over.wait(10)
        raise LookupError

    failing = as_(EVE, one_by_one.submit, fails)
    waiting = [as_(EVE, one_by_one.submit, done.append, number) for number in range(9)]
    waiting[3].cancel()
    over.set()

    assert isinstance(failing.exception(10), LookupError)
    waiting[-1].result(10)
    assert done == [0, 1, 2, 4, 5, 6, 7, 8]
    as_(EVE, one_by_one.submit, len, "").result(10)


def test_whoever_leaves_has_their_whole_share_again(shares: Shares, flood: Flood) -> None:
    flood.over.set()
    for future in flood.comes(MALLORY, 2 * AT_ONCE):
        future.result(10)
    shares.shutdown(wait=True)

    assert shares.in_hand(MALLORY) == 0


def test_what_is_begun_for_somebody_is_theirs_too(shares: Shares) -> None:
    outer = as_(MALLORY, shares.submit, lambda: shares.submit(working_for.get))

    assert outer.result(10).result(10) == MALLORY


def test_decisions_of_others_are_made_while_one_person_holds_all_of_theirs(
    shares: Shares, flood: Flood
) -> None:
    promptly = Promptly(shares, lambda: lambda: None, lambda: 10)
    flood.comes(MALLORY, MOST)

    assert as_(EVE, promptly, lambda _: "taken") == "taken"
    with pytest.raises(TooSlow):
        as_(MALLORY, Promptly(shares, lambda: lambda: None, lambda: 0), lambda _: "taken")


def test_a_pool_that_takes_nothing_more_keeps_nobody_waiting() -> None:
    class Closed(Executor):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            raise RuntimeError("cannot schedule new futures after shutdown")

    shares = Shares(Closed(), at_once=1)

    with pytest.raises(RuntimeError):
        as_(EVE, shares.submit, len, "four")

    assert shares.in_hand(EVE) == 0


# At the door


@pytest.fixture
def slack() -> Iterator[SlackStandIn]:
    with SlackStandIn(lambda: NOON) as slack:
        slack.workspace.add_user("mallory", id=MALLORY)
        slack.workspace.add_user("eve", id=EVE)
        slack.workspace.add_channel("approvals", "eve", "mallory", id="CAPPROVE")
        yield slack
    assert slack.violations == []


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def hand(slack: SlackStandIn, heard: Heard, shares: Shares) -> Hand:
    app = an_app(slack, heard, shares)
    app.use(Doorkeeper(shares))
    return Hand(slack, over_wsgi(SlackRequestHandler(app)))


def test_who_has_too_much_in_hand_is_told_so_and_others_are_served(
    slack: SlackStandIn, hand: Hand, heard: Heard, flood: Flood
) -> None:
    channel = slack.channel("CAPPROVE")
    message = slack.workspace.write(channel, "A request", card("A request"))
    mallory, eve = hand.of("mallory"), hand.of("eve")
    flooding = flood.comes(MALLORY, MOST)
    heard.payloads.clear()

    assert mallory.command("", "CAPPROVE").json["text"] == BUSY
    assert mallory.click(message, "Approve").body == b""
    assert heard.payloads == []

    eve.click(message, "Approve")
    assert [payload["user"]["id"] for payload in heard.payloads] == [EVE]

    flood.over.set()
    for future in flooding:
        future.result(10)
    mallory.command("", "CAPPROVE")
    assert heard.payloads[-1]["user_id"] == MALLORY


def test_a_form_that_is_not_taken_stays_with_what_was_typed(
    slack: SlackStandIn, hand: Hand, flood: Flood
) -> None:
    eve = hand.of("eve")
    eve.command("", "CAPPROVE")
    assert slack.wait_until(lambda: eve.view() is not None)
    eve.fill({"Account": "Dev", "Duration": "2h"})
    flood.comes(EVE, MOST)

    assert eve.search("Role", "adm") == []
    outcome = eve.submit()

    assert outcome.errors["Account"] == BUSY
    assert eve.view() is not None


def test_a_form_without_a_field_is_drawn_anew_and_not_closed(
    slack: SlackStandIn, hand: Hand, flood: Flood
) -> None:
    eve = hand.of("eve")
    eve.command("", "CAPPROVE")
    assert slack.wait_until(lambda: eve.view() is not None)
    flood.comes(EVE, MOST)

    outcome = eve.tampering(tamper.put("view.blocks", [])).submit()

    seen = eve.view()
    assert outcome.kind == "updated"
    assert seen is not None
    assert BUSY in seen.words()


# Whoever presses without end


def test_of_whoever_presses_without_end_slack_is_asked_once_a_second_and_others_are_served(
    world: World,
) -> None:
    request = world.asks("bob", PROD)
    card = world.card(request)
    world.slack.rate_limits = True
    for _ in range(OFTEN + 100):
        world["mallory"].click(card, "Approve")

    assert world.slack.calls.count("users.info") <= OFTEN + 2
    assert len(world.whispers("mallory")) <= WHISPERS
    world["eve"].click(card, "Approve")
    assert world.request(request).decided_by == "Eve Approver"


def test_whoever_presses_without_end_is_what_they_were_a_second_ago(world: World) -> None:
    first, request = world.asks("bob", PROD), world.asks("bob", PROD)
    card = world.card(first)
    for _ in range(OFTEN + 5):
        world["eve"].click(card, "Approve")
    says(world, "eve", deleted=True)

    world.clock.now += timedelta(seconds=1)
    world["eve"].click(world.card(request), "Approve")

    assert not world.request(request).decided_by


def test_access_is_explained_to_each_once_at_a_time_and_to_a_few_together(world: World) -> None:
    explained = world.bot.front.explained
    with explained.of(SlackUserId("UBOB")):
        world["bob"].command("explain payments-prod AdministratorAccess", DEFAULT)
    with ExitStack() as others:
        for number in range(EXPLAINING):
            others.enter_context(explained.of(SlackUserId(f"U{number}")))
        world["eve"].command("explain payments-prod AdministratorAccess", DEFAULT)
    world["dan"].command("explain payments-prod AdministratorAccess", DEFAULT)

    assert "still being explained" in world.whispers("bob")[-1]
    assert "Others have access explained just now" in world.whispers("eve")[-1]
    assert "payments-prod" in world.whispers("dan")[-1]
