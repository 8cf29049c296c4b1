"""A message of which it is not known whether it stands there: looked for first, and in good time."""

from dataclasses import replace
from datetime import timedelta

import pytest

from blocks.text import Message
from grants.model import Told
from grants.records import Notice, Pending
from handlers.pace import HISTORY, InTurn, LaterError, Pace
from handlers.posting import SETTLES, Posting
from tests.lives import LIVES, PROD, ended, first_words
from tests.standins.slack.faults import EXECUTE_THEN_DROP
from tests.world import APPROVALS, World

POST = "chat.postMessage"
HELLO = Message("hello", [])
MINUTE = timedelta(minutes=1)


@pytest.fixture
def row(world: World) -> Pending:
    """Tried just now, and nobody heard how it went."""
    now = world.clock()
    notice = Notice(Told.AUDIT, None, None)
    return Pending(7, notice, 2, now, attempted_at=now, version=1, leased_until=now + MINUTE)


def test_what_may_not_be_shown_yet_is_waited_for(world: World, row: Pending) -> None:
    posting = world.bot.announcer.posting

    with pytest.raises(LaterError) as later:
        posting.post(row, APPROVALS, HELLO)
    world.clock.now = later.value.at

    assert world.clock() == row.attempted_at + SETTLES if row.attempted_at else False
    assert posting.post(row, APPROVALS, HELLO)["ok"]


def test_what_stands_there_is_found_however_much_was_said_since(world: World, row: Pending) -> None:
    pace = Pace()
    posting = world.bot.announcer.posting
    posting = Posting(posting.client, world.clock, InTurn(pace, world.clock))
    first = posting.post(replace(row, attempted_at=None), APPROVALS, HELLO)
    for _ in range(450):
        world.slack.workspace.write(world.slack.channel("approvals"), "busy", [])
    world.clock.passes(seconds=20)
    while pace.take(HISTORY, APPROVALS, world.clock()) is None:
        pass  # Others have searched so much that it is let in one page at a time.

    found = None
    for _ in range(4):
        try:
            found = posting.post(
                replace(row, leased_until=world.clock() + MINUTE), APPROVALS, HELLO
            )
        except LaterError as later:
            world.clock.now = later.at

    assert found is not None
    assert found["ts"] == first["ts"]
    assert world.slack.calls.count(POST) == 1


def test_who_has_searched_for_too_long_leaves_it_to_others(world: World, row: Pending) -> None:
    world.clock.passes(seconds=20)
    late = replace(row, leased_until=world.clock() + timedelta(seconds=10))

    with pytest.raises(LaterError):
        world.bot.announcer.posting.post(late, APPROVALS, HELLO)

    assert world.slack.calls.count(POST) == 0


def test_while_it_could_not_be_posted_it_is_not_searched_for(world: World, row: Pending) -> None:
    posting = world.bot.announcer.posting
    posting = Posting(posting.client, world.clock, InTurn(Pace(), world.clock))
    world.clock.passes(seconds=20)
    posting.call.pace.pause(POST, world.clock() + MINUTE)

    with pytest.raises(LaterError):
        posting.post(row, APPROVALS, HELLO)

    assert world.slack.calls.count("conversations.history") == 0


def test_where_a_thread_may_not_be_read_it_goes_on(world: World) -> None:
    world.slack.scopes -= {"channels:history", "groups:history", "im:history"}
    request = world.asks("bob", PROD)
    world.slack.faults.add(
        POST, EXECUTE_THEN_DROP, times=2, matches=lambda args: bool(args.get("thread_ts"))
    )

    world.decides("eve", request, "Approve")
    world.passes(hours=1, minutes=5)

    assert list(dict.fromkeys(first_words(world.thread(request)))) == LIVES[ended][0]
