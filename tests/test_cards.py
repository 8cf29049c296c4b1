"""The card is drawn again at every move; each move is a line in its thread; no button is dead."""

import pytest

from grants.model import RequestId
from tests.lives import AUDITED, LIVES, PROD, Life, first_words, rejected, revoked, top
from tests.standins.aws import Kind
from tests.world import APPROVALS, AUDIT, World


@pytest.fixture
def world(world: World) -> World:
    """With an audit channel."""
    world.policies(AUDITED)
    return world


def test_the_card_is_drawn_again_at_every_move_with_the_buttons_that_work(world: World) -> None:
    request = world.asks("bob", PROD)
    drawn = [seen(world, request)]

    world.decides("eve", request, "Approve")
    drawn.append(seen(world, request))
    world.passes(seconds=5)
    drawn.append(seen(world, request))
    world.aws.faults.add("DeleteAccountAssignment", Kind.THROTTLING, times=1)
    world.clock.passes(hours=1)
    world.rounds()
    drawn.append(seen(world, request))
    world.passes(minutes=2)
    drawn.append(seen(world, request))

    assert drawn == [
        ("Pending", ["Approve", "Reject"]),
        ("Granting", ["Revoke"]),
        ("Active", ["Revoke", "Show Activity"]),
        ("Revoking", ["Show Activity"]),
        ("Ended", ["Show Activity"]),
    ]
    assert len(top(world, APPROVALS)) == 1


@pytest.mark.parametrize("live", LIVES, ids=lambda live: live.__name__)
def test_at_the_end_nobody_can_decide_any_more_only_look_and_ask_again(
    world: World, live: Life
) -> None:
    request = live(world)
    looking = ["Show Activity"] if world.request(request).active_at else []

    *earlier, last = world.slack.dms("bob")
    everywhere = [*earlier, *top(world, AUDIT)]
    assert [message.text for message in everywhere if message.buttons()] == []
    assert world.card(request).buttons() == looking
    assert last.buttons() == ["Request Again", *looking]


def test_an_older_direct_message_keeps_its_words_when_it_loses_its_buttons(world: World) -> None:
    request = world.asks("bob", PROD, Justification="the disk of payments is full")
    shown = world.last("bob").snapshot()
    assert shown.buttons() == ["Cancel Request", "Nudge Approvers"]

    world.decides("eve", request, "Approve")
    world.passes(seconds=5)

    asked, approved, active = world.slack.dms("bob")
    buttons = [message.buttons() for message in (asked, approved, active)]
    assert buttons == [[], [], ["End Access", "Extend", "Show Activity"]]
    assert asked.text == shown.text


def test_every_line_says_who_when_and_why(world: World) -> None:
    request = world.asks("bob", PROD, Justification="the disk is full", Ticket="OPS-7")
    world.decides("eve", request, "Approve")
    world.passes(seconds=5)
    world.clock.passes(minutes=10)
    world.decides("dan", request, "Revoke", "the incident is over")
    world.passes(seconds=10)

    asked, approved, granting, active, removing, gone, *_ = world.thread(request)

    assert "By Bob Requester, 2026-11-02 12:00 UTC." in asked
    assert "Justification: the disk is full" in asked
    assert "Ticket: OPS-7" in asked
    assert "by Eve Approver" in approved
    assert "By Elevate" in granting
    assert "By AWS" in active
    assert "Until 2026-11-02 13:00 UTC." in active
    assert "Dan Approver takes the access away" in removing
    assert "2026-11-02 12:10 UTC" in removing
    assert "Reason: the incident is over" in removing
    assert "Dan Approver took it away" in gone


def test_every_line_of_the_thread_belongs_to_one_line_of_the_journal(world: World) -> None:
    request = revoked(world)

    moves = [event for event in world.journal(request) if event.startswith("request.")]
    assert len(moves) == len([w for w in first_words(world.thread(request)) if w != "Activity"])


def test_a_comment_reaches_the_requester_and_the_thread(world: World) -> None:
    request = rejected(world)

    assert "not on a Friday" in world.told("bob")[-1]
    assert "not on a Friday" in world.thread(request)[-1]
    assert "not on a Friday" in world.card(request).words()


def seen(world: World, request: RequestId) -> tuple[str, list[str]]:
    """The card's state in its own word, and its buttons."""
    card = world.card(request)
    state = card.words().splitlines()[1].partition(":")[0]
    return state, card.buttons()
