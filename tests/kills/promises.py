"""What must be true of a life when it is over, however often the bot was killed in it."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from grants.model import Place, Request, State
from grants.telling import moved_in
from tests.beside import Outside
from tests.kills.life import Ending, Life
from tests.soundness import sound
from tests.standins.aws import Assignment
from tests.standins.aws.scps import PREPARED
from tests.standins.slack import Message

OVER = {Ending.CLOCK: State.ENDED, Ending.PRESS: State.REVOKED, Ending.CUT: State.REVOKED}
LAST = {Ending.CLOCK: "Ended", Ending.PRESS: "Revoked", Ending.CUT: "Revoked"}
CUT = ["Sessions cut:", "Sessions that"]
THREAD = ["Requested", "Approved", "Granting", "Active", "Removing"]
DIRECT = ["You", "Approved", "Active"]
MOVES = ["request.ask", "vote", "request.approve", "request.start", "request.confirm"]


def kept(life: Life, request: Request, standing: Sequence[Assignment]) -> timedelta:
    """How late its removal was asked for; AssertionError where a promise is broken."""
    company = life.company
    sound(company, hastened=life.ending is Ending.CLOCK)
    assert request.state is OVER[life.ending]
    assert _events(company, request)[: len(MOVES)] == MOVES
    late = _one_create_and_one_delete_within_its_window(company, request)
    assert company.aws.company.current_assignments() == list(standing)
    (card, lines), direct = _told(company, request), company.slack.dms("bob")
    cut = [line for line in lines if line.text.startswith("Sessions")]
    lines = [line for line in lines if line not in cut]
    happened = [event for event in _events(company, request) if event.startswith("cut.")]
    assert happened == (["cut.force", "cut.lift"] if life.ending is Ending.CUT else [])
    carriers = [one for one in company.aws.company.scps.values() if not one.aws_managed]
    assert [json.loads(one.content) for one in carriers] == [json.loads(PREPARED)] * len(carriers)
    assert (card.text.count(f"{LAST[life.ending]}:"), card.buttons()) == (1, ["Show Activity"])
    told = [*THREAD, LAST[life.ending], "Activity"]
    twice = _doubled([_word(line) for line in lines], told)
    twice += _doubled([_word(message) for message in direct], [*DIRECT, LAST[life.ending]])
    said = [" ".join(line.text.split()[:2]) for line in cut]
    twice += _doubled(said, CUT if life.ending is Ending.CUT else [])
    twice += len(company.cards(request.id)) - 1
    assert twice == 0, f"{twice} told twice: {[message.text for message in [*lines, *direct]]}"
    return late


def _events(company: Outside, request: Request) -> list[str]:
    with company.reading() as work:
        return [line.entry.event for line in work.journal.of(request.id)]


def _one_create_and_one_delete_within_its_window(company: Outside, request: Request) -> timedelta:
    created, deleted = company.aws.company.operations.values()
    assert (created.kind, created.status) == ("CREATE", "SUCCEEDED")
    assert (deleted.kind, deleted.status) == ("DELETE", "SUCCEEDED")
    assert request.decided_at is not None
    assert request.decided_at <= created.created
    over = _over_since(company, request)
    assert over <= deleted.created
    return deleted.created - over


def _over_since(company: Outside, request: Request) -> datetime:
    with company.reading() as work:
        moves = [moved_in(line.entry) for line in work.journal.of(request.id)]
    (over,) = [moved.at for moved in moves if moved and moved.target is State.REVOKING]
    ends_at = request.ends_at or over
    return min(over, ends_at)


def _told(company: Outside, request: Request) -> tuple[Message, list[Message]]:
    """The card that is kept up to date, and what stands under it."""
    with company.reading() as work:
        (copy,) = [one for one in work.copies.of(request.id) if one.place is Place.CHANNEL]
    channel = company.slack.channel(copy.channel)
    card = channel.message(copy.ts)
    assert card is not None
    return card, channel.thread(card)


def _word(message: Message) -> str:
    return message.text.split()[0].removesuffix(":")


def _doubled(told: Sequence[str], expected: Sequence[str]) -> int:
    """How many stand there more than once; all in their order, and none is missing."""
    assert list(dict.fromkeys(told)) == list(expected)
    return len(told) - len(expected)
