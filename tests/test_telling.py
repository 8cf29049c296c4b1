"""Each event reaches those it concerns, once: the requester, the thread, the audit channel."""

from datetime import timedelta

import pytest

from tests.lives import AUDITED, LIVES, PROD, SANDBOX, Life, ended, first_words, top
from tests.world import APPROVALS, AUDIT, DEFAULT, World


@pytest.fixture
def world(world: World) -> World:
    """With an audit channel."""
    world.policies(AUDITED)
    return world


@pytest.mark.parametrize("live", LIVES, ids=lambda live: live.__name__)
def test_each_event_reaches_exactly_those_it_concerns_once(world: World, live: Life) -> None:
    lines, direct, audited = LIVES[live]

    request = live(world)

    assert first_words(world.thread(request)) == lines
    told = world.told("bob")
    assert len(told) == len(direct), told
    assert all(text.startswith(words) for text, words in zip(told, direct, strict=True)), told
    assert first_words([line.text for line in top(world, AUDIT)]) == audited
    assert [len(top(world, channel)) for channel in (APPROVALS, DEFAULT)] == [1, 0]
    assert [world.told(who) for who in ("eve", "dan", "ada", "aud", "mallory")] == [[]] * 5
    assert world.slack.workspace.ephemerals == []


def test_what_nobody_has_to_approve_is_told_alike(world: World) -> None:
    request = world.active("bob", SANDBOX)
    world.passes(hours=1, seconds=10)

    assert first_words(world.thread(request))[:3] == ["Requested", "Granting", "Active"]
    assert [text.partition(":")[0].split()[0] for text in world.told("bob")] == [
        "You", "Active", "Ended",
    ]  # fmt: skip
    assert first_words([line.text for line in top(world, AUDIT)]) == ["Active", "Ended"]


def test_a_scheduled_start_is_told_to_the_requester_and_in_the_thread(world: World) -> None:
    request = world.asks("bob", PROD, Start=world.clock() + timedelta(hours=2))
    world.decides("eve", request, "Approve", "")

    assert "It starts 2026-11-02 14:00 UTC." in world.thread(request)[-1]
    assert "It starts 2026-11-02 14:00 UTC." in world.told("bob")[-1]
    assert "Scheduled" in world.card(request).words()


# Several channels


TWICE = f"""
  - name: production, seen by everybody
    ous: [{{id: ou-ab12-33333333, nested: true}}]
    approvers: {{groups: [production-approvers]}}
    channel: {DEFAULT}
"""


def test_each_channel_has_its_card_and_its_thread(world: World) -> None:
    world.policies(AUDITED + TWICE)

    request = world.asks("bob", PROD)
    world["dan"].click(world.cards(request)[0], "Approve")
    world.passes(hours=1, seconds=10)

    cards = world.cards(request)
    assert {card.channel for card in cards} == {APPROVALS, DEFAULT}
    threads = [[line.text for line in world.slack.thread(card)] for card in cards]
    assert threads[0] == threads[1]
    assert first_words(threads[0]) == LIVES[ended][0]
    assert [card.buttons() for card in cards] == [["Show Activity"]] * 2
    assert len(world.told("bob")) == 4


def test_a_channel_named_by_several_policies_has_one_card(world: World) -> None:
    world.policies(AUDITED + TWICE.replace(DEFAULT, APPROVALS))

    request = world.asks("bob", PROD)

    assert len(world.cards(request)) == 1


def test_two_requests_never_mix(world: World) -> None:
    mine = world.asks("bob", PROD)
    other = world.asks("bob", "payments-prod · ReadOnlyAccess")

    world.decides("eve", other, "Reject", "no")

    assert first_words(world.thread(mine)) == ["Requested"]
    assert first_words(world.thread(other)) == ["Requested", "Rejected"]
    assert world.card(mine).buttons() == ["Approve", "Reject"]
