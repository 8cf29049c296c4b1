"""What people read: a card's thread, the direct messages, the summary, the audit channel."""

from datetime import timedelta
from typing import Any

import pytest

from blocks import activity, audit, direct, thread
from blocks import help as help_words
from blocks.text import utc
from grants.model import AWS, Actor, Move, Moved, RequestId, Role, State
from tests.standins.blockkit import check_message
from tests.test_blocks_drawings import (
    MOVES,
    NOON,
    TOKENS,
    WORDS,
    a_request,
    a_summary,
    buttons,
    on_screen,
    texts,
)

FIXED = (
    "requested approved rejected active ended revoked expired cancelled failed granting removing"
)
MOVE_WORDS = {*FIXED.split(), "stopping"}
BY_EVE = Actor(Role.APPROVER, "Eve")
TOMORROW = NOON + timedelta(days=1)


def moved(move: Move, source: State | None, target: State, by: Actor = AWS, why: str = "") -> Moved:
    return Moved(RequestId("ABCD2345"), move, source, target, by, NOON, why)


# The thread


@pytest.mark.parametrize("one", MOVES, ids=lambda m: f"{m.move}-{m.source}-{m.target}-{m.by.role}")
@pytest.mark.parametrize("standing", [False, True])
def test_a_line_begins_with_its_moves_word_and_uses_no_other(one: Moved, standing: bool) -> None:
    request = a_request(one.target, standing=standing, reason="")

    line = thread.line(one, request, {}, TOKENS)

    own = thread.word(one)
    assert line.text.startswith(own)
    assert on_screen(line).startswith(own)
    said = f"{line.text} {on_screen(line)}".lower()
    assert [word for word in MOVE_WORDS - {own.lower()} if word in said] == []


@pytest.mark.parametrize("facts", [{"cut": True}, {"cut": True, "held_by": "WXYZ2345"}])
def test_that_sessions_are_cut_is_said_where_access_is_taken_away(facts: dict[str, object]) -> None:
    one = moved(Move.REVOKE, State.ACTIVE, State.REVOKING, BY_EVE)

    line = thread.line(one, a_request(State.REVOKING, reason=""), facts, TOKENS)

    said = f"{line.text} {on_screen(line)}".lower()
    assert [word for word in MOVE_WORDS - {"removing"} if word in said] == []
    assert "the sessions already open are cut after that" in said
    assert f"about until {utc(NOON + timedelta(hours=4))}".lower() in said


@pytest.mark.parametrize("kind", thread.Note)
def test_no_notice_begins_as_the_line_of_a_move_does(kind: thread.Note) -> None:
    assert thread.note(kind, {}).text.split()[0].strip(":,.") not in thread.WORDS


def test_every_word_is_used_by_some_move() -> None:
    assert {thread.word(one) for one in MOVES} == set(thread.WORDS)


@pytest.mark.parametrize("typed", ["é" * 3000, "😀" * 3000, "&" * 3000, "a\n" * 1500])
def test_the_whole_justification_stands_in_the_thread_in_parts(typed: str) -> None:
    one = moved(Move.ASK, None, State.PENDING, Actor(Role.REQUESTER, "Bob"))

    line = thread.line(one, a_request(justification=typed), {}, TOKENS)

    parts = [text["text"] for text in texts(line.blocks) if text["text"][0] == typed[0]]
    assert "".join(parts) == typed
    assert max(map(len, parts)) <= 1500
    assert check_message(line.text, line.blocks) == []


def test_a_line_says_who_when_and_why() -> None:
    line = thread.line(
        moved(Move.REJECT, State.PENDING, State.REJECTED, BY_EVE, "not *today*"),
        a_request(State.REJECTED),
        {},
        WORDS,
    )

    for words in (on_screen(line), line.text):
        assert words.startswith("Rejected by Eve.")
        assert "2026-11-22 12:00 UTC" in words
        assert "not *today*" in words


def test_the_active_line_says_until_when_access_and_credentials_last() -> None:
    line = thread.line(
        moved(Move.CONFIRM, State.GRANTING, State.ACTIVE), a_request(State.ACTIVE), {}, WORDS
    )

    for words in (on_screen(line), line.text):
        assert "Until 2026-11-22 13:06 UTC." in words
        assert "may go on working until 2026-11-22 17:06 UTC." in words


OUTLIVE = "Credentials already issued may go on working until 2026-11-22 16:30 UTC."
ENDS = {
    "over": moved(Move.GONE, State.REVOKING, State.ENDED),
    "revoked": moved(Move.GONE, State.REVOKING, State.REVOKED),
    "taken away outside": moved(Move.GONE, State.ACTIVE, State.REVOKED),
}


def told_everywhere(one: Moved, facts: thread.Facts, **changes: Any) -> list[str]:
    """In the thread, to the requester, in the audit channel; each as seen and as heard."""
    request = a_request(one.target, ended_at=NOON + timedelta(minutes=30), **changes)
    told = (
        thread.line(one, request, facts, WORDS),
        direct.direct(one, request, facts, buttons=True, style=WORDS),
        audit.audit(one, request, facts, WORDS),
    )
    return [words for each in told for words in (on_screen(each), each.text)]


@pytest.mark.parametrize("one", ENDS.values(), ids=ENDS)
def test_at_every_end_all_read_until_when_credentials_may_live(one: Moved) -> None:
    assert [words for words in told_everywhere(one, {}) if OUTLIVE not in words] == []


@pytest.mark.parametrize("one", ENDS.values(), ids=ENDS)
def test_where_the_access_stays_nothing_is_said_of_credentials(one: Moved) -> None:
    held = told_everywhere(one, {"held_by": "7K2M9QXB"})
    standing = told_everywhere(one, {}, standing=True)

    assert [words for words in held + standing if "Credentials" in words] == []


def test_the_line_of_an_approval_says_when_it_starts() -> None:
    approved = moved(Move.APPROVE, State.PENDING, State.SCHEDULED, BY_EVE)

    line = thread.line(approved, a_request(State.SCHEDULED, starts_at=TOMORROW), {}, WORDS)

    for words in (on_screen(line), line.text):
        assert "It starts 2026-11-23 12:00 UTC." in words


def test_an_alarm_says_what_aws_said_and_how_often_it_was_tried() -> None:
    note = thread.note("overdue", {"error": "Throttled", "attempts": 3})

    assert note.text.startswith("Still being removed. AWS said: Throttled. Tried 3 times")


# Direct messages


def test_the_requester_is_told_of_what_concerns_them_and_not_of_every_step() -> None:
    told = {(one.move, one.target) for one in MOVES if direct.tells(one)}

    assert told == {
        (Move.ASK, State.PENDING),
        (Move.ASK, State.SCHEDULED),
        (Move.APPROVE, State.SCHEDULED),
        (Move.REJECT, State.REJECTED),
        (Move.CANCEL, State.CANCELLED),
        (Move.LAPSE, State.EXPIRED),
        (Move.CONFIRM, State.ACTIVE),
        (Move.FAIL, State.FAILED),
        (Move.END, State.REVOKED),
        (Move.REVOKE, State.REVOKED),
        (Move.GONE, State.ENDED),
        (Move.GONE, State.REVOKED),
        (Move.GONE, State.FAILED),
    }


def test_an_active_message_has_the_way_in_and_when_it_ends() -> None:
    one = moved(Move.CONFIRM, State.GRANTING, State.ACTIVE)

    sent = direct.direct(one, a_request(State.ACTIVE), {}, buttons=True, style=TOKENS)

    url = "https://d-1.awsapps.com/start/#/console?account_id=111122223333&amp;role_name=AdministratorAccess"
    assert f"<{url}|" in on_screen(sent)
    for words in (
        url,
        "aws sso login --profile payments-prod-AdministratorAccess",
        "sso_start_url = https://d-1.awsapps.com/start",
        "sso_role_name = AdministratorAccess",
        "2026-11-22 13:06 UTC",
        "2026-11-22 17:06 UTC",
    ):
        assert words in sent.text
    assert "sso_account_id = 111122223333\nsso_role_name = AdministratorAccess" in on_screen(sent)
    assert list(buttons(sent)) == ["End Access", "Extend", "Show Activity"]


def test_an_active_message_says_until_when_access_and_credentials_last() -> None:
    one = moved(Move.CONFIRM, State.GRANTING, State.ACTIVE)

    sent = direct.direct(one, a_request(State.ACTIVE), {}, buttons=True, style=WORDS)

    for words in (on_screen(sent), sent.text):
        assert "Until 2026-11-22 13:06 UTC." in words
        assert "may go on working until 2026-11-22 17:06 UTC." in words


def test_the_message_of_an_approval_says_when_it_starts() -> None:
    one = moved(Move.APPROVE, State.PENDING, State.SCHEDULED, BY_EVE)
    request = a_request(State.SCHEDULED, starts_at=TOMORROW)

    sent = direct.direct(one, request, {}, buttons=True, style=WORDS)

    for words in (on_screen(sent), sent.text):
        assert "It starts 2026-11-23 12:00 UTC." in words


def test_every_direct_message_says_which_request_in_which_account() -> None:
    one = moved(Move.CONFIRM, State.GRANTING, State.ACTIVE)

    sent = direct.direct(one, a_request(State.ACTIVE), {}, buttons=True, style=WORDS)

    assert "Account id 111122223333. Request ABCD2345" in sent.text


NEXT = {
    "approved": (
        moved(Move.APPROVE, State.PENDING, State.SCHEDULED, BY_EVE),
        "You will read here when the access is there.",
    ),
    "rejected": (
        moved(Move.REJECT, State.PENDING, State.REJECTED, BY_EVE),
        "If you still need it, type /elevate and ask again with what was missing.",
    ),
    "expired": (
        moved(Move.LAPSE, State.PENDING, State.EXPIRED),
        "If you still need it, turn to ops (Eve, Dan); Frank, and ask again with /elevate.",
    ),
    "failed": (
        moved(Move.FAIL, State.SCHEDULED, State.FAILED),
        "Once the reason is mended, ask again with /elevate.",
    ),
    "revoked": (
        moved(Move.GONE, State.REVOKING, State.REVOKED),
        "If you still need it, ask again with /elevate.",
    ),
}


@pytest.mark.parametrize(("one", "what"), NEXT.values(), ids=NEXT.keys())
def test_a_direct_message_says_what_to_do_next(one: Moved, what: str) -> None:
    sent = direct.direct(one, a_request(one.target), {}, buttons=True, style=WORDS)

    assert what in on_screen(sent)
    assert what in sent.text


def test_without_a_portal_the_message_still_says_where_to_go() -> None:
    one = moved(Move.CONFIRM, State.GRANTING, State.ACTIVE)

    sent = direct.direct(one, a_request(State.ACTIVE), {}, buttons=True, style=WORDS)

    assert "AWS access portal" in on_screen(sent)
    assert "http" not in on_screen(sent)


@pytest.mark.parametrize(
    ("state", "titles"),
    [
        (State.PENDING, ["Cancel Request", "Nudge Approvers"]),
        (State.SCHEDULED, ["End Access"]),
        (State.GRANTING, ["End Access"]),
        (State.ACTIVE, ["End Access", "Extend", "Show Activity"]),
        (State.REVOKING, ["Show Activity"]),
        (State.REJECTED, ["Request Again"]),
    ],
)
def test_only_the_newest_direct_message_has_buttons(state: State, titles: list[str]) -> None:
    one = moved(Move.ASK, None, State.PENDING, Actor(Role.REQUESTER, "Bob"))

    new = direct.direct(one, a_request(state), {}, buttons=True, style=TOKENS)
    old = direct.direct(one, a_request(state), {}, buttons=False, style=TOKENS)

    assert list(buttons(new)) == titles
    assert buttons(old) == {}


def test_a_revocation_is_told_with_by_whom_and_why() -> None:
    one = moved(Move.GONE, State.REVOKING, State.REVOKED)

    sent = direct.direct(one, a_request(State.REVOKED), {}, buttons=True, style=TOKENS)

    for words in (sent.text, on_screen(sent)):
        assert "Revoked: Dan took away AdministratorAccess on payments-prod" in words
        assert "not today" in words


def test_who_gave_their_access_back_is_not_told_that_somebody_took_it() -> None:
    one = moved(Move.GONE, State.REVOKING, State.REVOKED)

    sent = direct.direct(
        one, a_request(State.REVOKED, closed_by="Bob", reason=""), {}, buttons=True, style=TOKENS
    )

    assert sent.text.startswith("Revoked: you gave back")


def test_access_that_vanished_is_told_as_taken_away_outside() -> None:
    one = moved(Move.GONE, State.ACTIVE, State.REVOKED)
    request = a_request(State.REVOKED, closed_by="", reason="removed outside Elevate")

    assert "outside Elevate" in direct.direct(one, request, {}, buttons=True, style=WORDS).text
    assert "outside Elevate" in thread.line(one, request, {}, WORDS).text


# Activity and audit


def test_an_activity_summary_is_read_in_ten_seconds() -> None:
    drawn = activity.summary(a_summary(after_end=1), a_request(State.ENDED), WORDS)

    assert drawn.text.startswith("Activity: 42 calls, 40 reads, 2 writes, 3 errors. Bob")
    for words in (drawn.text, on_screen(drawn)):
        assert "Writes: s3:PutObject 2." in words
        assert "Services: s3 30, ec2 12." in words
        assert "After the end: 1 call" in words
        assert "Source: lookup_events, eu-central-1, us-east-1." in words
        assert "Management events only" in words


def test_what_could_not_be_read_is_never_an_empty_calm() -> None:
    request = a_request(State.ENDED)
    none = {"calls": 0, "services": {}, "errors": {}, "write_actions": {}, "first_at": None}

    missing = activity.summary(a_summary(unavailable="no role"), request, WORDS).text
    partial = activity.summary(
        a_summary(**none, regions_missing={"x": "denied"}), request, WORDS
    ).text
    early = activity.summary(a_summary(**none, final=False), request, WORDS).text
    unused = activity.summary(a_summary(**none), request, WORDS).text

    assert missing.startswith("Activity unavailable: no role")
    assert "in what could be read" in partial
    assert "x (denied)" in partial
    assert "so far" in early
    assert "Events can still arrive" in early
    assert "the access was not used" in unused
    assert "was not used" not in missing + partial + early


def test_an_alarm_in_the_audit_channel_names_what_it_is_about() -> None:
    facts = {"kind": "overdue", "error": "Throttled", "attempts": 3, "account_name": "payments-prod",
             "permission_set_name": "Admin", "request": "ABCD2345"}  # fmt: skip

    words = audit.audit(None, None, facts, WORDS).text

    assert words.startswith("Alarm: Still being removed. AWS said: Throttled. Tried 3 times")
    for fact in ("payments-prod", "Admin", "ABCD2345"):
        assert fact in words


def test_many_ends_that_wait_are_one_alarm_that_says_how_many_and_what_can_be_done() -> None:
    facts = {"kind": "backlog", "count": 1200, "since": NOON.isoformat()}

    words = audit.audit(None, None, facts, WORDS).text

    assert words.startswith("Alarm: 1200 ends wait for their turn")
    assert "12:00 UTC" in words
    assert "removed in IAM Identity Center" in words


def test_what_somebody_gave_after_our_removal_is_an_alarm_that_names_it() -> None:
    facts = {"kind": "given_by_others", "account_name": "payments-prod", "request": "ABCD2345"}

    words = audit.audit(None, None, facts, WORDS).text

    assert "made anew by somebody else since: it is left alone" in words
    for fact in ("payments-prod", "ABCD2345"):
        assert fact in words


def test_an_audit_line_says_what_of_whom_where_by_whom_and_when() -> None:
    one = moved(Move.APPROVE, State.PENDING, State.SCHEDULED, BY_EVE)

    words = audit.audit(one, a_request(State.SCHEDULED), {}, WORDS).text

    for fact in ("Approved by Eve", "Bob", "payments-prod (111122223333)", "ABCD2345", "12:00 UTC"):
        assert fact in words


def test_help_names_the_command_and_unknown_words_are_refused_by_name() -> None:
    for message in (
        help_words.message(),
        help_words.unknown("yours"),
        help_words.unknown("<!channel>" * 60),
    ):
        assert check_message(message.text, message.blocks) == []
        assert "<!channel" not in message.text
    assert "/elevate yours is not known" in help_words.unknown("yours").text


def test_a_summary_of_a_long_day_stays_short() -> None:
    many = {f"service-{n}": n + 1 for n in range(50)}

    drawn = activity.summary(
        a_summary(services=many, last_at=NOON + timedelta(days=1)), a_request(State.ENDED), WORDS
    )

    assert "service-49 50" in drawn.text
    assert "and 44 more" in drawn.text
