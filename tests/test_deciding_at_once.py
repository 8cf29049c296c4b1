"""A decision counts once: double clicks, replays, two people or two processes at one instant."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from itertools import cycle
from threading import Barrier

import pytest

from grants.model import RequestId, State
from tests.standins.slack import tamper
from tests.world import POLICIES, World

PROD = "payments-prod · AdministratorAccess"
ROUNDS = 8
DECISIONS = ("request.approve", "request.reject", "request.lapse")

Process = Callable[[Callable[[], None]], World]


@pytest.fixture
def process(world: World, database_url: str) -> Iterator[Process]:
    """One more process on the same database; what is given happens right before it commits."""
    with ExitStack() as begun:

        def begin(before_commit: Callable[[], None]) -> World:
            other = begun.enter_context(world.beside(database_url))
            other.in_time = lambda: before_commit
            return other

        yield begin


@pytest.fixture
def meet() -> Callable[[], None]:
    """Waits until two have come here."""
    barrier = Barrier(2, timeout=10)

    def wait() -> None:
        barrier.wait()

    return wait


def decisions(world: World, request: RequestId) -> list[str]:
    return [event for event in world.journal(request) if event in DECISIONS]


# The same person


def test_a_double_click_counts_once(world: World) -> None:
    request = world.asks("bob", PROD)
    card = world.card(request)

    with ThreadPoolExecutor(2) as threads:
        clicks = [threads.submit(world["eve"].click, card, "Approve") for _ in range(2)]
    world.rounds()

    assert all(click.result().ok for click in clicks)

    assert decisions(world, request) == ["request.approve"]
    assert world.journal(request).count("vote") == 1
    assert sum(line.startswith("Approved") for line in world.thread(request)) == 1


def test_who_is_overtaken_by_their_own_click_hears_that_it_was_theirs(
    world: World, process: Process
) -> None:
    request = world.asks("bob", PROD)
    card = world.card(request)

    def meanwhile() -> None:
        world["eve"].click(card, "Approve")

    process(meanwhile)["eve"].click(card, "Approve")

    assert "You have decided on this already" in world.whispers("eve")[-1]
    assert decisions(world, request) == ["request.approve"]


def test_an_attempt_hammered_at_the_same_instant_is_recorded_once(world: World) -> None:
    request = world.asks("bob", PROD)
    card = world.card(request)

    with ThreadPoolExecutor(4) as threads:
        clicks = [threads.submit(world["mallory"].click, card, "Approve") for _ in range(8)]

    assert all(click.result().ok for click in clicks)
    assert world.journal(request).count("refusal") == 1


def test_a_click_that_slack_delivers_again_counts_once(world: World) -> None:
    request = world.asks("bob", PROD)
    world["eve"].click(world.card(request), "Approve")
    world.passes(seconds=3)

    reply = world["eve"].replay()
    world.passes(seconds=3)

    assert reply.ok
    assert decisions(world, request) == ["request.approve"]
    assert world.state(request) is State.ACTIVE
    assert world.aws.calls.count("CreateAccountAssignment") == 1


def test_a_form_that_is_delivered_again_counts_once(world: World) -> None:
    request = world.asks("bob", PROD)
    world["eve"].click(world.card(request), "Reject")
    world["eve"].fill(Comment="Not today.")
    world["eve"].submit()

    world["eve"].replay()
    world.rounds()

    assert decisions(world, request) == ["request.reject"]
    assert sum(line.startswith("Rejected") for line in world.thread(request)) == 1


def test_an_old_signature_is_refused_however_good_the_click(world: World) -> None:
    request = world.asks("bob", PROD)
    late = world["eve"].tampering(age=timedelta(seconds=301))

    reply = late.click(world.card(request), "Approve")

    assert (reply.status, world.state(request)) == (401, State.PENDING)


def test_a_click_on_the_card_as_it_was_is_judged_by_the_row_as_it_is(world: World) -> None:
    request = world.asks("bob", PROD, Start=world.clock().replace(hour=18))
    seen = world.card(request).snapshot()
    world.decides("dan", request, "Approve")

    world["eve"].click(seen, "Reject")

    assert world["eve"].view() is None
    assert "it was approved by Dan Approver" in world.whispers("eve")[-1]
    assert world.state(request) is State.SCHEDULED


def test_a_button_of_another_revision_is_judged_by_the_row(world: World) -> None:
    request = world.asks("bob", PROD)
    forged = world["eve"].tampering(tamper.button_value(f"{request}:999"))

    forged.click(world.card(request), "Approve")

    assert world.request(request).decided_by == "Eve Approver"


# Two people, two processes


def test_of_two_who_decide_at_the_same_instant_one_wins_and_the_other_hears_who(
    world: World, process: Process, meet: Callable[[], None]
) -> None:
    here, there = process(meet), process(meet)
    for _ in range(ROUNDS):
        request = world.asks("bob", PROD, Start=world.clock().replace(hour=18))
        card, heard = world.card(request), len(world.whispers("eve"))
        there["dan"].click(card, "Reject")
        there["dan"].fill(Comment="Not today.")

        with ThreadPoolExecutor(2) as threads:
            threads.submit(here["eve"].click, card, "Approve")
            rejecting = threads.submit(there["dan"].submit)

        said = [*world.whispers("eve")[heard:], *rejecting.result().errors.values()]
        assert len(decisions(world, request)) == 1
        assert world.journal(request).count("vote") == 1
        assert [world.request(request).decided_by in words for words in said] == [True]
    world.verify()


def test_of_an_approval_and_the_expiry_at_the_same_instant_one_wins(
    world: World, process: Process, meet: Callable[[], None]
) -> None:
    head_start: Iterator[Callable[[], object]] = cycle([lambda: None, world.requests])

    def meet_now_sooner_now_later() -> None:
        meet()
        next(head_start)()

    here = process(meet_now_sooner_now_later)

    def lapse(request: RequestId) -> None:
        due = world.request(request).expires_at
        meet()
        world.clock.now = due
        world.jobs.lapse_due()

    requests = []
    for _ in range(ROUNDS):
        requests.append(world.asks("bob", PROD, Start=world.clock().replace(hour=18)))
        world.clock.passes(minutes=1)
    for request in requests:
        card, heard = world.card(request), len(world.whispers("eve"))

        with ThreadPoolExecutor(2) as threads:
            approving = threads.submit(here["eve"].click, card, "Approve")
            threads.submit(lapse, request).result()
        approving.result()

        (decision,) = decisions(world, request)
        late = [words for words in world.whispers("eve")[heard:] if "it expired" in words]
        assert len(late) == (decision == "request.lapse")
        assert world.journal(request).count("vote") == (decision == "request.approve")
    world.verify()


# Policies that change meanwhile


def test_policies_that_change_between_look_and_commit_have_it_pressed_again(
    world: World, process: Process
) -> None:
    request = world.asks("bob", PROD)
    dan_alone = POLICIES.replace("groups: [production-approvers]", "users: [dan]")

    def change() -> None:
        world.policies(dan_alone)

    changing = process(change)

    changing["eve"].click(world.card(request), "Approve")

    assert world.whispers("eve")[-1] == "Not recorded yet. Press again: it is safe."
    assert decisions(world, request) == []
    world["eve"].click(world.card(request), "Approve")
    assert "You may not decide" in world.whispers("eve")[-1]


def test_what_takes_too_long_is_not_recorded_and_pressed_again_it_counts(
    world: World,
) -> None:
    request = world.asks("bob", PROD)
    world.patience = -1
    world["eve"].click(world.card(request), "Approve")

    assert world.whispers("eve") == ["Not recorded yet. Press again: it is safe."]
    assert (world.state(request), world.journal(request).count("vote")) == (State.PENDING, 0)
    world.patience = 60
    world["eve"].click(world.card(request), "Approve")
    assert world.request(request).decided_by == "Eve Approver"
