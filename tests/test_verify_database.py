"""`/elevate verify`: what was changed in the database alone, or there and in the thread, is named."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert, update

from blocks import verdict as drawn
from blocks.text import Style
from grants.comparing import Comparison
from grants.journalled import differing, journalled
from grants.model import CLOCK, Place, RequestId, Role, State, acting
from grants.records import Entry, Finding
from storage.tables import copies, journal_counts, requests
from tests import make
from tests.lives import PROD, revoked
from tests.make import NOON
from tests.standins.blockkit import check_message
from tests.standins.slack.faults import HTTP_500
from tests.verifying import active_in_two_places, forgets, line, rewrites, verdict
from tests.world import APPROVALS, DEFAULT, POLICIES, World

WELL = "says what the journal says"


@pytest.fixture
def request_id(world: World) -> RequestId:
    return revoked(world)


def sets(world: World, request: RequestId, **values: Any) -> None:
    """In the request's row, by somebody who owns the database."""
    with world.storage.database.writing() as connection:
        connection.execute(update(requests).where(requests.c.id == request).values(**values))


def hangs(world: World, request: RequestId, *, at: str = APPROVALS, **values: Any) -> None:
    """The same in the row of one of its cards."""
    with world.storage.database.writing() as connection:
        this = copies.c.request_id == request, copies.c.address == at
        connection.execute(update(copies).where(*this).values(**values))


# The request's row


def test_a_row_that_was_changed_is_named_and_nothing_else_is(
    world: World, request_id: RequestId
) -> None:
    sets(
        world,
        request_id,
        account_id="111122223333",
        account_name="another",
        closed_by="Mallory",
        decided_by="Mallory",
        duration=timedelta(hours=9),
        ends_at=NOON + timedelta(days=9),
        expires_at=NOON + timedelta(days=9),
        extends="7K2M9QXB",
        justification="another",
        permission_set_name="Another",
        reason="another",
        requester_name="Mallory",
        session_duration=timedelta(hours=12),
        standing=True,
        starts_at=NOON,
        ticket="OPS-1",
    )

    answer = verdict(world, request_id)

    assert answer.startswith("1 finding")
    assert (
        "Database: the request's row is not what the journal says of it: requester, target, account"
        " name, permission set name, session duration, duration, starts at, justification, ticket,"
        " expires at, extends, decided by, ends at, reason, closed by, standing." in answer
    )


def test_a_state_that_nothing_led_to_is_named(world: World, request_id: RequestId) -> None:
    sets(world, request_id, state=State.ENDED, because=None, ended_at=NOON)

    assert "what the journal says of it: state, ended at, because." in verdict(world, request_id)


def test_a_line_that_was_posted_anew_to_fit_a_changed_row_is_named(
    world: World, request_id: RequestId
) -> None:
    asked, card = line(world, request_id, "Requested"), world.card(request_id)
    sets(world, request_id, justification="for a coffee")
    blocks = json.loads(json.dumps(asked.blocks).replace("the disk is full", "for a coffee"))
    text = asked.text.replace("the disk is full", "for a coffee")
    assert text != asked.text
    world.slack.workspace.delete(asked)
    world.slack.workspace.write(world.slack.channel(APPROVALS), text, blocks, thread_ts=card.ts)

    answer = verdict(world, request_id)

    assert answer.startswith("2 findings")
    assert "what the journal says of it: justification." in answer
    assert "Edited: Requested" in answer


def test_what_an_older_version_did_not_write_is_believed_of_the_row() -> None:
    request = make.a_request(
        state=State.ACTIVE, active_at=NOON, ends_at=NOON, standing=True, decided_by=""
    )
    request = replace(request, decided_at=None)
    bob = acting(request.requester, Role.REQUESTER)
    entries = [
        Entry(request.asked_at, "request.ask", bob, request.id, "", "pending"),
        Entry(NOON, "request.start", CLOCK, request.id, "scheduled", "granting"),
        Entry(NOON, "request.confirm", CLOCK, request.id, "granting", "active"),
        Entry(NOON, "vote", bob, request.id),
    ]

    assert differing(request, journalled(request, entries)) == ()
    assert differing(request, journalled(request, [])) == ()


def test_what_the_row_cannot_hold_is_no_difference() -> None:
    request = make.a_request(justification="a\N{REPLACEMENT CHARACTER}b")
    bob = acting(request.requester, Role.REQUESTER)
    facts = {"justification": "a\0b"}
    asked = Entry(request.asked_at, "request.ask", bob, request.id, "", "pending", facts=facts)

    assert differing(request, journalled(request, [asked])) == ()


@pytest.mark.parametrize(
    "facts", ['{"justification":5}', '{"seconds":"9"}', '{"starts_at":[1]}', "[1]", '{"seconds":1e300}']
)  # fmt: skip
def test_facts_that_are_none_of_ours_are_said_to_be_unreadable(world: World, facts: str) -> None:
    request = world.asks("bob", PROD)
    rewrites(world, request, "request.ask", facts=facts)

    answer = verdict(world, request)

    assert "cannot be read as lines" in answer
    assert "its content was changed" in answer


def test_facts_that_fit_into_no_line_are_said_to_be_unreadable(
    world: World, request_id: RequestId
) -> None:
    rewrites(world, request_id, "request.revoke", facts=json.dumps({"held_by": "x" * 5000}))

    assert "cannot be read as lines" in verdict(world, request_id)


# Where its card hangs


@pytest.mark.parametrize(
    ("values", "also"),
    [
        ({"ts": ""}, "Missing: The card, in #approvals: the database does not know any more where"),
        ({"ts": "", "dead": "is_archived"}, "Missing: The card, in #approvals"),
        ({"place": Place.DIRECT}, ""),
        ({"ts": "1700000000.000001"}, "Deleted: the card in #approvals"),
    ],
    ids=["forgotten", "given up", "none", "another"],
)
def test_lines_below_a_card_that_the_database_was_made_to_forget_are_named(
    world: World, request_id: RequestId, values: dict[str, Any], also: str
) -> None:
    world.slack.workspace.delete(line(world, request_id, "Removing"))
    hangs(world, request_id, **values)

    answer = verdict(world, request_id)

    assert answer.startswith(f"{1 + bool(also)} finding")
    assert (
        "Database: 6 lines were told, in #approvals, below a card of which it does not know any"
        " more. Not compared." in answer
    )
    assert also in answer


def test_one_card_cannot_stand_in_for_another(world: World) -> None:
    request = active_in_two_places(world)
    here = next(card for card in world.cards(request) if card.channel == APPROVALS)
    copies_of = {card.channel: nth for nth, card in enumerate(world.cards(request))}
    world.slack.workspace.delete(line(world, request, "Active", copies_of[DEFAULT]))
    hangs(world, request, at=DEFAULT, channel=here.channel, ts=here.ts)

    answer = verdict(world, request)

    assert "4 lines were told, in #general, below a card of which it does not know" in answer


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"ts": ""}, "Missing: The card, in #approvals"),
        ({"place": Place.DIRECT}, "it does not know any more where the request's card hangs"),
    ],
    ids=["forgotten", "none"],
)
def test_a_card_that_is_forgotten_with_all_its_lines_is_named(
    world: World, request_id: RequestId, values: dict[str, Any], found: str
) -> None:
    hangs(world, request_id, **values)
    forgets(world)

    answer = verdict(world, request_id)

    assert answer.startswith("1 finding")
    assert found in answer


def test_a_card_that_was_hung_anew_has_lost_nothing(world: World) -> None:
    world.policies(POLICIES + "    approvals: 2\n")
    request = world.asks("bob", PROD)
    card = world.card(request)
    world["eve"].click(card, "Approve")
    world.slack.workspace.delete(card)
    world.slack.faults.add(
        "chat.postMessage", HTTP_500, times=4, matches=lambda args: args.get("channel") == APPROVALS
    )
    world.rounds()
    assert f"There is no thread in Slack yet of request {request}" in verdict(world, request)

    world.passes(minutes=5)

    assert len(world.thread(request)) == 2
    assert "1 line in 1 place" in verdict(world, request)

    world.decides("dan", request, "Approve")
    world.passes(seconds=5)
    assert "4 lines in 1 place" in verdict(world, request)


def test_a_card_that_slack_did_not_take_is_missing_and_why_is_said(world: World) -> None:
    world.slack.faults.add(
        "chat.postMessage",
        "is_inactive",
        matches=lambda args: args.get("channel") == APPROVALS,
    )
    request = world.asks("bob", PROD)

    answer = verdict(world, request)

    assert answer.startswith("1 finding")
    assert "Missing: The card, in #approvals: Slack did not take it (is_inactive)." in answer


# The journal


def test_what_was_changed_in_the_lines_of_others_is_for_audit_verify_to_find(
    world: World, request_id: RequestId
) -> None:
    other = world.asks("bob", PROD)
    rewrites(world, other, "request.ask", reason="x")
    with world.storage.database.writing() as connection:
        connection.execute(insert(journal_counts).values(request_id="0" * 4000, lines=1))

    answer = verdict(world, request_id)

    assert WELL in answer
    assert "Whether all of it is whole says python -m bot audit verify." in answer
    assert "its content was changed" in verdict(world, other)


def test_however_much_was_written_in_place_of_a_line_the_verdict_fits_into_a_message() -> None:
    long = "<!channel> " * 1000
    found = Comparison(RequestId(long), 1, Finding(1, long), illegible=False)

    message = drawn.message(found, Style(date_tokens=False))

    assert "<!channel>" not in message.text
    assert check_message(message.text, message.blocks) == []


def test_however_long_the_journal_is_no_more_of_it_is_read(
    world: World, request_id: RequestId
) -> None:
    verdict(world, request_id)
    with reads(world) as before:
        verdict(world, request_id)
    with world.works() as work:
        for number in range(2500):
            work.journal.write(Entry(NOON, "nudge", CLOCK, RequestId(f"{number:08}")))

    with reads(world) as after:
        assert WELL in verdict(world, request_id)

    assert after == before
    assert any("journal" in statement for statement, _ in before)


@contextmanager
def reads(world: World) -> Iterator[list[tuple[str, int]]]:
    """Each statement that reads, with the number of rows that it brought, where that is known."""
    seen: list[tuple[str, int]] = []

    def note(_c: object, cursor: Any, statement: str, *_: Any) -> None:
        seen.append((statement, cursor.rowcount))

    engine = world.storage.database.readers
    event.listen(engine, "after_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "after_cursor_execute", note)
