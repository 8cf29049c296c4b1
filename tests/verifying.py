"""How `/elevate verify` is asked, and what is done to threads and journals before it is."""

import pytest
from sqlalchemy import delete, update

from blocks import thread
from grants.model import RequestId
from storage.tables import journal, told_lines
from tests.lives import PROD
from tests.standins.slack import Message
from tests.test_storage_tampering import unguarded
from tests.world import DEFAULT, POLICIES, World

TWICE = f"""
  - name: production, seen by everybody
    ous: [{{id: ou-ab12-33333333, nested: true}}]
    approvers: {{groups: [production-approvers]}}
    channel: {DEFAULT}
"""
HISTORY = {"channels:history", "groups:history", "im:history"}


def answers(world: World, request: str, who: str = "aud", channel: str = DEFAULT) -> list[str]:
    """All that `/elevate verify` brings."""
    before = len(world.slack.ephemerals(who))
    world[who].command(f"verify {request}", channel)
    world.listeners.settle()
    return [message.words() for message in world.slack.ephemerals(who)[before:]]


def verdict(world: World, request: str, who: str = "aud", channel: str = DEFAULT) -> str:
    """The answer, where there is one."""
    (answer,) = answers(world, request, who, channel)
    return answer


def line(world: World, request: RequestId, word: str, nth: int = 0) -> Message:
    """The thread's line that begins with the word."""
    thread = world.slack.thread(world.cards(request)[nth])
    return next(one for one in thread if one.text.startswith(word))


def active_in_two_places(world: World) -> RequestId:
    world.policies(POLICIES + TWICE)
    request = world.asks("bob", PROD)
    world["eve"].click(world.cards(request)[0], "Approve")
    world.passes(seconds=3)
    return request


def forgets(world: World) -> None:
    """As a database has it that was upgraded since."""
    with world.storage.database.writing() as connection:
        connection.execute(delete(told_lines))


def rewrites(world: World, request: RequestId, of: str, **values: str) -> None:
    """A line of the journal, by somebody who owns the database and cares for no hash."""
    with world.storage.database.writing() as connection:
        unguarded(connection)
        this = journal.c.request_id == request, journal.c.event == of
        connection.execute(update(journal).where(*this).values(**values))


def worded_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the next version may."""
    told = thread.told
    monkeypatch.setattr(thread, "told", lambda *args: f"{told(*args)} So it was.")
