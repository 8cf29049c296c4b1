"""How words, times and refusals read."""

import inspect
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from itertools import product

import pytest

from blocks import refusals, text
from grants import errors
from grants.errors import Doubt, Field, Flaw, NoLongerGiven, Problem, Refusal, Thing, Unfit, Why
from grants.lifecycle import FINAL
from grants.model import Move, Role, State
from tests.standins.blockkit import check_message
from tests.test_blocks_drawings import HOSTILE, LONG, NOON, a_request
from tests.test_blocks_messages import MOVE_WORDS

EXAMPLES: dict[type[Refusal], list[Refusal]] = {
    Refusal: [Refusal()],
    errors.Denied: [errors.Denied()],
    Unfit: [Unfit((Problem(f, w),)) for f, w in product(Field, Flaw)],
    errors.AlreadyHeld: [errors.AlreadyHeld(LONG, "Admin", t) for t in (True, False)],
    errors.NothingToAskFor: [errors.NothingToAskFor(), errors.NothingToAskFor(("Dan", LONG))],
    errors.UnknownRequest: [errors.UnknownRequest(HOSTILE * 90)],
    errors.Unseen: [errors.Unseen(HOSTILE * 90)],
    errors.StillExporting: [errors.StillExporting(theirs) for theirs in (True, False)],
    errors.StillLookingUp: [errors.StillLookingUp(theirs) for theirs in (True, False)],
    errors.StillExplaining: [errors.StillExplaining(theirs) for theirs in (True, False)],
    errors.TooMuchAtOnce: [errors.TooMuchAtOnce()],
    errors.StillReading: [errors.StillReading(theirs) for theirs in (True, False)],
    errors.AlreadyMoved: [
        errors.AlreadyMoved(a_request(state), yours) for state in State for yours in (False, True)
    ],
    errors.RequesterNoLongerEligible: [errors.RequesterNoLongerEligible(a_request())],
    errors.WrongRole: [errors.WrongRole(m, r) for m, r in product(Move, Role)],
    errors.OwnRequest: [errors.OwnRequest()],
    errors.NotAnApprover: [errors.NotAnApprover(), errors.NotAnApprover(("ops (Eve)", LONG) * 40)],
    errors.NothingToApprove: [errors.NothingToApprove()],
    errors.NotTheRequester: [errors.NotTheRequester()],
    errors.NotAllowed: [errors.NotAllowed((role,)) for role in refusals.ROLES],
    errors.Tampered: [errors.Tampered("a choice")],
    errors.NotAPerson: [errors.NotAPerson(doubt, LONG) for doubt in Doubt],
    errors.PoliciesMoved: [errors.PoliciesMoved(4, LONG, datetime(2026, 11, 2, tzinfo=UTC), 3)],
    errors.UnknownName: [
        errors.UnknownName(thing, HOSTILE, several, near)
        for thing, several, near in product(Thing, ((), ("1" * 12, LONG)), ("", LONG))
    ],
    errors.NothingRead: [errors.NothingRead()],
    errors.NoCut: [errors.NoCut(why) for why in errors.Uncut],
    errors.NudgedLately: [errors.NudgedLately(NOON, again) for again in (NOON, None)],
    errors.TooSlow: [errors.TooSlow()],
    errors.NotOpened: [errors.NotOpened()],
    errors.OutOfDate: [errors.OutOfDate()],
    errors.AwsDenies: [errors.AwsDenies(LONG), errors.AwsDenies(HOSTILE * 90)],
    errors.AlreadyExtended: [errors.AlreadyExtended(a_request(state)) for state in State],
    errors.AskedAlready: [errors.AskedAlready(a_request())],
    errors.UnknownPolicy: [errors.UnknownPolicy("approval", HOSTILE * 90)],
    errors.TooLongHere: [errors.TooLongHere("settings"), errors.TooLongHere("approval", LONG)],
    errors.AboutOneself: [errors.AboutOneself()],
    errors.CodeRefusal: [errors.CodeRefusal()],
    errors.NoCodesHere: [errors.NoCodesHere(), errors.NoCodesHere(("group admins", LONG))],
    errors.CodesNotSetUp: [errors.CodesNotSetUp()],
    errors.WrongCode: [errors.WrongCode(left) for left in (1, 4)],
    errors.CodeUsed: [errors.CodeUsed()],
    errors.CodesLocked: [errors.CodesLocked(NOON)],
    errors.SetUpOver: [errors.SetUpOver()],
    errors.CannotBeLinked: [errors.CannotBeLinked(doubt) for doubt in Doubt],
}


def kinds(kind: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    yield kind
    for below in kind.__subclasses__():
        yield from kinds(below)


@pytest.mark.parametrize("kind", sorted(set(kinds()), key=str))
def test_every_refusal_has_words(kind: type[Refusal]) -> None:
    for refusal in EXAMPLES[kind]:
        words = refusals.words(refusal)
        whisper = refusals.whisper(refusal)

        assert words.endswith((".", "/elevate"))
        assert check_message(whisper.text, whisper.blocks) == []
        assert "<!channel" not in whisper.text
        assert not any(internal in words for internal in ("Error", "Exception", "None", "Tampered"))


def test_every_refusal_is_one_of_the_domains() -> None:
    named = {one for _, one in inspect.getmembers(errors, inspect.isclass)}

    assert set(kinds()) <= named


def test_every_doubt_and_every_last_check_has_words() -> None:
    assert set(refusals.DOUBTS) == set(Doubt)
    assert set(refusals.WHYS) == set(Why)


@pytest.mark.parametrize("why", Why)
def test_the_reason_of_a_failure_uses_no_moves_word(why: Why) -> None:
    said = refusals.no_longer(NoLongerGiven(why)).lower()

    assert [word for word in MOVE_WORDS if word in said] == []


@pytest.mark.parametrize("state", sorted(FINAL | {State.ACTIVE}))
def test_who_comes_too_late_hears_what_happened(state: State) -> None:
    words = refusals.words(errors.AlreadyMoved(a_request(state)))

    by = {State.ENDED: "time was over", State.REVOKED: "Dan", State.REJECTED: "Eve",
          State.CANCELLED: "Bob", State.EXPIRED: "nobody", State.FAILED: "not today",
          State.ACTIVE: "Eve"}  # fmt: skip
    assert words.startswith("Too late")
    assert by[state] in words


def test_too_slow_is_safe_to_press_again() -> None:
    assert refusals.words(errors.TooSlow()) == "Not recorded yet. Press again: it is safe."


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(0.5, "30 s"), (45, "45 min"), (60, "1 h"), (90, "1 h 30 min"), (480000, "8000 h")],
)
def test_a_span_reads_as_people_say_it(minutes: float, words: str) -> None:
    assert text.span(timedelta(minutes=minutes)) == words


def test_a_moment_of_any_zone_is_told_in_utc() -> None:
    at = datetime(2026, 11, 22, 15, 0, tzinfo=timezone(timedelta(hours=1)))

    assert text.utc(at) == "2026-11-22 14:00 UTC"
    assert text.moment(at, text.Style(date_tokens=False)) == "2026-11-22 14:00 UTC"
    assert text.moment(at, text.Style(date_tokens=True)) == (
        "<!date^1795356000^{date_short_pretty} at {time}|2026-11-22 14:00 UTC>"
    )
    assert at.astimezone(UTC).hour == 14


def test_marks_of_direction_act_within_what_was_typed() -> None:
    assert text.inline("a\u202eb\u2069c") == "\u2068a\u202ebc\u2069"
    assert text.inline("a\u2067b") == "\u2068a\u2067b\u2069\u2069"
    assert text.inline("plain\nwords") == "plain words"


def test_what_cannot_be_seen_is_made_visible() -> None:
    assert text.shown("a\x00b\x1bc\r\nd\ud800") == "a␀b␛c\nd\ufffd"


@pytest.mark.parametrize("typed", ["&" * 500, "😀" * 500, HOSTILE * 20, "x"])
@pytest.mark.parametrize("most", [1, 2, 75, 150, 4000])
def test_what_is_shortened_fits(typed: str, most: int) -> None:
    assert text.size(text.shorten(typed, most)) <= most
    assert text.size(text.label(typed, most)) <= most or most == 1
    assert text.size(text.quote(typed, max(most, 10))) <= max(most, 10)


@pytest.mark.parametrize(
    "url",
    [
        "https://a b",
        "https://a|b",
        "https://a>b",
        "ftp://a",
        "https:///x",
        "https://ä",
        "https://[",
    ],
)
def test_an_address_that_could_break_out_is_no_link(url: str) -> None:
    assert not text.is_safe_link(url)
