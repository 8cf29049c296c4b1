"""Every state, in every place, with the longest and most hostile words: Slack takes it all."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from itertools import product
from typing import Any

import pytest

from blocks import activity, audit, card, direct, reminder, thread
from blocks.text import Message, Style
from grants.activity import Summary
from grants.lifecycle import BIRTHS, LIFECYCLE
from grants.model import (
    AWS,
    CLOCK,
    AccountId,
    Actor,
    Ballot,
    Move,
    Moved,
    PermissionSetArn,
    Person,
    Place,
    Request,
    RequestId,
    Role,
    SlackUserId,
    State,
    Tally,
    Target,
    UserId,
    Vote,
    Wanted,
)
from tests.standins.blockkit import check_message

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HOSTILE = "<!channel> <@U123> *x* `y` & <https://e.vil|x> \u202egnp.exe\u2069 \u05d0 "
LONG = (HOSTILE * 4)[:128]
TOKENS = Style(date_tokens=True, portal_url="https://d-1.awsapps.com/start")
WORDS = Style(date_tokens=False)


def a_person(name: str = "Bob") -> Person:
    return Person(SlackUserId("U0BOB"), UserId(f"u-{name}"), name, name, f"{name}@example.com")


BOB, EVE, DAN = a_person("Bob"), a_person("Eve"), a_person("Dan")


def a_request(state: State = State.PENDING, **changes: Any) -> Request:
    """Bob's request, as far along as its state says."""
    decided = state not in {State.PENDING, State.CANCELLED, State.EXPIRED}
    given = state in {State.ACTIVE, State.REVOKING, State.ENDED, State.REVOKED}
    gone = state in {State.ENDED, State.REVOKED}
    return replace(
        Request(
            id=RequestId("ABCD2345"),
            requester=BOB,
            target=Target(
                AccountId("111122223333"), PermissionSetArn("arn:aws:sso:::permissionSet/i/p")
            ),
            account_name="payments-prod",
            permission_set_name="AdministratorAccess",
            session_duration=timedelta(hours=4),
            duration=timedelta(hours=1),
            starts_at=None,
            justification="The queue is stuck",
            ticket="OPS-1",
            form_id="V1",
            asked_at=NOON,
            expires_at=NOON + timedelta(hours=3),
            approval_needed=True,
            approvals=2,
            may_approve=("ops (Eve, Dan)", "Frank"),
            policy_version=1,
            ticket_url="https://tracker.example.com/OPS-1",
            state=state,
            version=7,
            decided_at=NOON + timedelta(minutes=5) if decided else None,
            decided_by="Eve" if decided else "",
            active_at=NOON + timedelta(minutes=6) if given else None,
            ends_at=NOON + timedelta(minutes=66) if given else None,
            ended_at=NOON + timedelta(minutes=50) if gone else None,
            because=State.REVOKED if state is State.REVOKING else state if gone else None,
            reason="not today" if state in {State.REJECTED, State.REVOKED, State.FAILED} else "",
            closed_by="Dan" if state in {State.REVOKING, State.REVOKED} else "",
        ),
        **changes,
    )


def worst(state: State) -> Request:
    """The same with words as long and as bad as they come."""
    return a_request(
        state,
        requester=a_person(LONG),
        account_name=LONG,
        permission_set_name=LONG,
        justification=(HOSTILE * 60)[:3000],
        ticket=LONG,
        may_approve=(LONG,) * 40,
        starts_at=NOON + timedelta(days=1),
        decided_by=LONG,
        closed_by=LONG,
        reason=(HOSTILE * 60)[:3000],
        standing=True,
        tally=Tally((LONG,) * 20, (Wanted((LONG,) * 20, 20),) * 5),
    )


def votes(request: Request, *names: str, comment: str = "") -> list[Vote]:
    return [Vote(request.id, a_person(n), Ballot.APPROVE, comment, NOON) for n in names]


def all_moves() -> Iterator[Moved]:
    """Each row of the table, and both births."""
    for birth in sorted(BIRTHS):
        yield Moved(
            RequestId("ABCD2345"), Move.ASK, None, birth, Actor(Role.REQUESTER, "Bob"), NOON
        )
    names = {Role.REQUESTER: "Bob", Role.APPROVER: "Eve", Role.ADMINISTRATOR: "Dan"}
    for step in LIFECYCLE:
        by = {Role.CLOCK: CLOCK, Role.AWS: AWS}.get(step.by) or Actor(step.by, names[step.by])
        yield Moved(RequestId("ABCD2345"), step.move, step.source, step.target, by, NOON)


MOVES = list(all_moves())


def texts(blocks: object) -> Iterator[dict[str, Any]]:
    """Every text object, however deep."""
    if isinstance(blocks, dict):
        if blocks.get("type") in {"plain_text", "mrkdwn"}:
            yield blocks
        for value in blocks.values():
            yield from texts(value)
    if isinstance(blocks, list):
        for value in blocks:
            yield from texts(value)


def on_screen(message: Message) -> str:
    return "\n".join(text["text"] for text in texts(message.blocks))


def buttons(message: Message) -> dict[str, dict[str, Any]]:
    rows = [block for block in message.blocks if block["type"] == "actions"]
    return {element["text"]["text"]: element for row in rows for element in row["elements"]}


def a_summary(**changes: Any) -> Summary:
    return replace(
        Summary(
            source="lookup_events",
            unavailable="",
            final=True,
            calls=42,
            reads=40,
            writes=2,
            errors={"AccessDenied": 3},
            services={"s3": 30, "ec2": 12},
            write_actions={"s3:PutObject": 2},
            first_at=NOON,
            last_at=NOON + timedelta(minutes=30),
            after_end=0,
            by_name=0,
            truncated=False,
            regions=("eu-central-1", "us-east-1"),
            regions_missing={},
            management_only=True,
            read_at=NOON + timedelta(hours=2),
        ),
        **changes,
    )


def is_harmless(message: Message) -> bool:
    """No typed word is in mrkdwn, none in the text is unescaped, and no mark reaches further."""
    mrkdwn = [text["text"] for text in texts(message.blocks) if text["type"] == "mrkdwn"]
    marked = [words for words in mrkdwn if "```" not in words and "#/console?" not in words]
    plain = [text for text in texts(message.blocks) if text["type"] == "plain_text"]
    return (
        not any("e.vil" in words or "U123" in words for words in marked)
        and not any(text["emoji"] for text in plain)
        and not any(bad in message.text for bad in ("<!channel", "<@U", "<http"))
        and stays_inside(message.text)
    )


def stays_inside(text: str) -> bool:
    """Whether every turn of direction stands in an isolate, and every isolate is closed."""
    depth = 0
    for character in text:
        depth += (character in "\u2066\u2067\u2068") - (character == "\u2069")
        if depth < 0 or (depth == 0 and character == "\u202e"):
            return False
    return depth == 0


@pytest.mark.parametrize("style", [TOKENS, WORDS])
@pytest.mark.parametrize("place", Place)
@pytest.mark.parametrize("state", State)
def test_slack_takes_the_card_in_every_state(state: State, place: Place, style: Style) -> None:
    for request in (a_request(state), worst(state)):
        drawn = card.card(
            request, votes=votes(request, LONG, "Dan", comment=LONG * 9), style=style, place=place
        )

        assert check_message(drawn.text, drawn.blocks) == []
        assert len(drawn.text) <= 3900
        assert is_harmless(drawn)


@pytest.mark.parametrize(
    "moved", MOVES, ids=lambda m: f"{m.move}-{m.source}-{m.target}-{m.by.role}"
)
def test_slack_takes_everything_that_is_told_of_a_move(moved: Moved) -> None:
    bad = replace(moved, by=replace(moved.by, name=LONG), reason=(HOSTILE * 60)[:3000])
    for one, request in [(moved, a_request(moved.target)), (bad, worst(moved.target))]:
        for message in [
            thread.line(one, request, {}, TOKENS),
            audit.audit(one, request, {}, TOKENS),
            direct.direct(one, request, {}, buttons=True, style=TOKENS),
            direct.direct(one, request, {}, buttons=False, style=WORDS),
        ]:
            assert check_message(message.text, message.blocks) == []
            assert len(message.text) <= 3900
            assert is_harmless(message)


CUTS = (thread.Note.CUT_LATE, thread.Note.LIFT_LATE, audit.CUT_DROPPED)


def test_slack_takes_alarms_and_notes() -> None:
    at = NOON.isoformat()
    facts = {"error": LONG * 20, "attempts": 3, "voter": LONG, "comment": LONG, "words": LONG,
             "before": at, "until": at, "credentials_until": at,
             "besides": [{"more": 20, "whom": [LONG] * 20}] * 5}  # fmt: skip

    for message in [
        *(thread.note(kind, facts) for kind in [*thread.Note, "another"]),
        *(thread.note(kind, {}) for kind in [*thread.Note, "another"]),
        audit.audit(None, worst(State.REVOKING), {"error": LONG, "attempts": 3}, TOKENS),
        audit.audit(None, None, facts, TOKENS),
        *(
            audit.audit(None, worst(State.REVOKED), {**facts, "kind": kind}, TOKENS)
            for kind in CUTS
        ),
    ]:
        assert check_message(message.text, message.blocks) == []
        assert is_harmless(message)


@pytest.mark.parametrize("style", [TOKENS, WORDS])
def test_slack_takes_every_reminder(style: Style) -> None:
    by = {"by": LONG, "wider": True}
    soon, held = NOON + timedelta(minutes=56), {"held_by": "WXYZ2345"}

    for message in [
        *(reminder.decision(worst(State.PENDING), by, place=p, style=style) for p in Place),
        *(reminder.decision(worst(State.PENDING), {}, place=p, style=style) for p in Place),
        reminder.nudged(worst(State.PENDING), {"again_at": NOON.isoformat()}, style),
        reminder.nudged(worst(State.PENDING), {"again_at": None}, style),
        reminder.end(worst(State.ACTIVE), {}, now=soon, style=style),
        reminder.end(a_request(State.ACTIVE), held, now=soon, style=style),
        reminder.past(worst(State.ENDED), style),
    ]:
        assert check_message(message.text, message.blocks) == []
        assert len(message.text) <= 3900
        assert is_harmless(message)


def test_whoever_only_hears_a_reminder_hears_every_fact() -> None:
    soon = NOON + timedelta(minutes=56)
    drawn = reminder.end(a_request(State.ACTIVE), {}, now=soon, style=TOKENS)

    for words in (drawn.text, on_screen(drawn)):
        assert "10 min left of AdministratorAccess on payments-prod" in words
        assert "13:06 UTC" in words
        assert "If you need it for longer, press Extend now." in words
        assert "ABCD2345" in words


@pytest.mark.parametrize(("final", "truncated"), [*product([True, False], repeat=2)])
def test_slack_takes_every_summary(final: bool, truncated: bool) -> None:
    many = {f"{LONG}{n}": n for n in range(50)}
    for found in [
        a_summary(final=final, truncated=truncated),
        a_summary(final=final, truncated=truncated, calls=0, first_at=None, last_at=None),
        a_summary(unavailable=LONG * 9),
        a_summary(
            errors=many,
            services=many,
            write_actions=many,
            regions_missing=dict.fromkeys(many, LONG),
        ),
    ]:
        for request in (a_request(State.ENDED), worst(State.ENDED)):
            drawn = activity.summary(found, request, TOKENS)

            assert check_message(drawn.text, drawn.blocks) == []
            assert len(drawn.text) <= 3900
            assert drawn.text.startswith("Activity")
            assert is_harmless(drawn)


@pytest.mark.parametrize("state", State)
def test_whoever_only_hears_the_card_hears_every_fact(state: State) -> None:
    drawn = card.card(a_request(state, justification=HOSTILE * 40), style=TOKENS)

    heard = unescape(drawn.text)
    for fact in [
        "Bob requests AdministratorAccess on payments-prod for 1 h",
        "111122223333",
        "OPS-1",
        "ABCD2345",
        state.value.capitalize(),
        (HOSTILE * 40)[:40],
    ]:
        assert fact in heard
    assert "<!date" not in heard
