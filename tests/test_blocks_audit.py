"""How requests are listed, filtered and shown whole: within Slack's limits, and harmless."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from blocks import filter_form, home, home_audit, request_view
from blocks.home_audit import Listed
from blocks.text import Message
from grants.activity import to_json
from grants.auditing import Found, Whole
from grants.errors import Field, Flaw, Problem, Tampered, Unfit
from grants.exporting import Format
from grants.lifecycle import OPEN
from grants.model import AccountId, Actor, Ballot, Request, RequestId, Role, State, UserId, Vote
from grants.records import Entry, Line, Search
from grants.searching import Sought
from tests.standins.blockkit import check_home, check_message, check_view
from tests.test_blocks_drawings import (
    BOB,
    EVE,
    HOSTILE,
    LONG,
    NOON,
    TOKENS,
    WORDS,
    a_person,
    a_request,
    a_summary,
    is_harmless,
    texts,
    worst,
)

DAY = timedelta(days=1)
MIDNIGHT = datetime(2026, 11, 2, tzinfo=UTC)
SEARCH = Search(BOB.user_id, AccountId("111122223333"), OPEN, MIDNIGHT, MIDNIGHT + DAY)


def a_list(requests: list[Request], **changes: Any) -> Listed:
    shown = tuple(requests[: home_audit.SIZE])
    found = Found(shown, 3, more=len(requests) > len(shown), reached=NOON)
    return replace(Listed(found, everything=True, search=Search()), **changes)


def many(count: int) -> list[Request]:
    kept = min(count, 100)
    return [replace(worst(State.ENDED), id=RequestId(f"{number:08}")) for number in range(kept)]


def words(blocks: object) -> str:
    return "\n".join(text["text"] for text in texts(blocks))


# The list


@pytest.mark.parametrize("count", [0, 1, 100, 5000])
@pytest.mark.parametrize("search", [Search(), SEARCH], ids=["all", "some"])
def test_a_list_of_any_length_fits(count: int, search: Search) -> None:
    listed = a_list(many(count), search=search, person=a_person(LONG), account=LONG)

    blocks = list(home.placed("audit", home_audit.requests(listed, TOKENS)))
    message = home.message(blocks)

    assert len(blocks) <= home_audit.BUDGET
    assert check_home(home.view(blocks)) == []
    assert check_message(message.text, message.blocks) == []
    assert is_harmless(Message("", message.blocks))


@pytest.mark.parametrize("state", State)
def test_a_line_says_who_what_how_far_and_when(state: State) -> None:
    blocks = home_audit.requests(a_list([a_request(state)]), WORDS)
    told = words([block.to_dict() for block in blocks])

    for fact in ("Bob: AdministratorAccess on payments-prod", "111122223333", "ABCD2345",
                 f"*{state.title()}*", "Asked 2026-"):  # fmt: skip
        assert fact in told


@pytest.mark.parametrize(
    ("search", "said"),
    [
        (Search(), "Not filtered."),
        (Search(UserId("u-1")), "Only those of u-1."),
        (Search(since=MIDNIGHT), "Only those asked for since 2026-11-02 (UTC)."),
        (Search(until=MIDNIGHT), "Only those asked for until 2026-11-01 (UTC)."),
        (
            Search(until=MIDNIGHT + timedelta(hours=1)),
            "Only those asked for until 2026-11-02 01:00 UTC.",
        ),
        (Search(states=frozenset({State.ENDED, State.ACTIVE})), "Only those active, ended."),
    ],
    ids=["all", "person", "since", "until", "until-an-hour", "states"],
)
def test_how_a_list_is_narrowed_down_is_said_in_a_sentence(search: Search, said: str) -> None:
    assert home_audit.narrowed(search, None, "") == said


def test_the_names_of_what_is_looked_for_are_said() -> None:
    search = Search(BOB.user_id, AccountId("111122223333"))

    assert (
        home_audit.narrowed(search, BOB, "payments-prod")
        == "Only those of Bob; for payments-prod (111122223333)."
    )


def test_that_nobody_looked_deeper_is_said_only_where_it_is_so() -> None:
    deep, whole = a_list([]), a_list([], found=Found((), 0, more=False))

    drawn = [words([b.to_dict() for b in home_audit.requests(one, WORDS)]) for one in (deep, whole)]

    assert ["Looked back to" in told for told in drawn] == [True, False]


# The filters


@pytest.mark.parametrize(
    "search", [Search(), SEARCH, Search(UserId("u" * 47))], ids=["empty", "full", "long"]
)
@pytest.mark.parametrize("of_others", [True, False])
def test_the_form_fits(search: Search, *, of_others: bool) -> None:
    view = filter_form.form(search, replace(BOB, user_name=LONG), of_others=of_others)

    assert check_view(view) == []


def answered(view: dict[str, Any], **values: Any) -> dict[str, Any]:
    """The form as Slack sends it: what was not touched is there as it was drawn."""
    state = {}
    for block in view["blocks"]:
        element = block["element"]
        drawn = {
            "value": element.get("initial_value"),
            "selected_option": element.get("initial_option"),
            "selected_date": element.get("initial_date"),
        }
        given = values.get(block["label"]["text"], drawn)
        state[block["block_id"]] = {element["action_id"]: given}
    return view | {"state": {"values": state}}


def test_a_form_that_nobody_touched_means_what_it_showed() -> None:
    view = filter_form.form(SEARCH, BOB, of_others=True).to_dict()

    assert filter_form.read(answered(view)) == Sought(
        "Bob", "111122223333", ("open",), "2026-11-02", "2026-11-02"
    )


def test_an_empty_form_means_everything() -> None:
    view = filter_form.form(Search(), None, of_others=True).to_dict()

    assert filter_form.read(answered(view)) == Sought()
    assert filter_form.read({"state": {"values": {}}}) == Sought()


@pytest.mark.parametrize(
    "values",
    [
        {"State": {"selected_option": {"value": "unheard"}}},
        {"State": {"selected_option": "active"}},
        {"Person": {"value": 7}},
        {"Person": []},
        {"Since": {"selected_date": {}}},
    ],
    ids=str,
)
def test_what_the_form_could_not_have_sent_is_tampering(values: dict[str, Any]) -> None:
    view = filter_form.form(Search(), None, of_others=True).to_dict()

    with pytest.raises(Tampered):
        filter_form.read(answered(view, **values))


@pytest.mark.parametrize("view", [None, [], {"state": []}, {"state": {"values": 7}}], ids=str)
def test_what_is_no_form_is_nothing_or_tampering(view: object) -> None:
    try:
        found = filter_form.read(view)
    except Tampered:
        found = Sought()

    assert found == Sought()


def test_each_problem_stands_beside_its_field() -> None:
    fields = (Field.PERSON, Field.ACCOUNT, Field.SINCE, Field.UNTIL)
    unfit = Unfit(tuple(Problem(field, Flaw.NOT_FOUND) for field in fields))
    view = filter_form.form(Search(), None, of_others=True).to_dict()

    drawn = {block["block_id"] for block in view["blocks"]}
    assert filter_form.errors(unfit).keys() <= drawn
    assert len(filter_form.errors(unfit)) == 4


# One request whole


def a_vote(number: int) -> Vote:
    voter = replace(a_person(LONG), user_id=UserId(f"u-{number}"))
    return Vote(RequestId("ABCD2345"), voter, Ballot.APPROVE, (HOSTILE * 60)[:3000], NOON)


def a_line(number: int, **changes: Any) -> Line:
    by = Actor(Role.APPROVER, LONG)
    entry = Entry(NOON, "refusal", by, RequestId("ABCD2345"), reason="NotAnApprover")
    return Line(number, replace(entry, **changes), "", "")


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("count", [0, 1, 100, 5000])
def test_one_request_fits_into_a_window_whatever_happened_to_it(state: State, count: int) -> None:
    votes = [a_vote(number) for number in range(count)]
    lines = [a_line(number) for number in range(count)]
    summary = a_summary(
        services={LONG[:99] + str(n): n for n in range(count)},
        write_actions={LONG[:99] + str(n): n for n in range(count)},
        regions_missing={LONG: LONG},
    )

    view = request_view.view(Whole(worst(state), votes, lines, to_json(summary)), TOKENS)

    assert check_view(view) == []
    drawn = view.to_dict()["blocks"]
    assert is_harmless(Message("", drawn))


def test_what_was_refused_never_hides_what_was_decided() -> None:
    moved = {"event": "request.approve", "before": "pending", "after": "scheduled"}
    tried = [
        a_line(n, actor=Actor(Role.REQUESTER, f"Nobody {n}."), at=NOON + timedelta(minutes=n))
        for n in range(100)
    ]
    voted = [
        a_line(n, actor=Actor(Role.APPROVER, "Eve"), at=NOON + timedelta(minutes=n), **changes)
        for n, changes in [(30, {"event": "vote", "after": "approve"}), (99, moved)]
    ]
    lines = [*tried[:30], voted[0], *tried[30:99], voted[1], tried[99]]

    told = words(request_view.view(Whole(a_request(), [], lines, None), WORDS).to_dict())

    order = ["Vote: approve, by Eve.", "Nobody 82.", "Nobody 98.", "Approved by Eve.", "Nobody 99."]
    assert sorted(order, key=told.index) == order
    assert "Nobody 81." not in told
    assert "… and 82 more lines: the command line has all." in told


def test_what_alarmed_goes_before_what_was_refused() -> None:
    alarm = a_line(0, event="alarm.overdue", reason="Conflict")

    lines = [alarm, *(a_line(n) for n in range(1, 100))]
    told = words(request_view.view(Whole(a_request(), [], lines, None), WORDS).to_dict())

    assert "AWS said: Conflict." in told


def test_what_a_request_extends_is_told() -> None:
    request = worst(State.ACTIVE)
    extension = replace(request, extends=RequestId("AAAA2345"))

    view = request_view.view(Whole(extension, [], [], None), WORDS)

    assert "Extends: request AAAA2345" in words(view.to_dict())
    assert check_view(view) == []


def test_every_kind_of_line_is_told_in_words() -> None:
    request = a_request(State.ENDED)
    moved = {"event": "request.approve", "before": "pending", "after": "scheduled"}
    lines = [
        a_line(1, actor=Actor(Role.APPROVER, "Eve"), **moved),
        a_line(2, actor=Actor(Role.APPROVER, "Eve"), event="vote", after="approve"),
        a_line(3, actor=Actor(Role.REQUESTER, "Mallory")),
        a_line(4, actor=Actor(Role.REQUESTER, "Bob"), event="nudge"),
        a_line(5, actor=Actor(Role.AWS, "AWS"), event="alarm.overdue", reason="Conflict"),
        a_line(6, actor=Actor(Role.CLOCK, "clock"), event="unheard.of"),
    ]

    told = words(request_view.view(Whole(request, [], lines, None), WORDS).to_dict())

    for line in (
        "Approved by Eve.",
        "Vote: approve, by Eve.",
        "Refused: Mallory tried what is not theirs to do (NotAnApprover).",
        "Nudged: Bob had the approvers reminded.",
        "Alarm: the removal does not succeed. AWS said: Conflict.",
        "unheard.of, by Elevate.",
    ):
        assert line in told


def test_votes_are_shown_with_their_comments() -> None:
    vote = Vote(RequestId("ABCD2345"), EVE, Ballot.REJECT, "Not today.", NOON)

    told = words(request_view.view(Whole(a_request(), [vote], [], None), WORDS).to_dict())

    assert "Eve (Eve) rejected" in told
    assert "Not today." in told


def test_a_sentence_alone_fits_too() -> None:
    views = [request_view.looking_up(), request_view.nothing(HOSTILE * 100)]

    assert [check_view(view) for view in views] == [[], []]


# What becomes of an export


def test_what_stands_above_a_file_is_harmless() -> None:
    only = home_audit.narrowed(SEARCH, a_person(LONG), LONG)

    said = home_audit.sent(100_000, Format.CSV, only, NOON)

    assert "100,000 requests as CSV" in said
    assert is_harmless(Message(said, []))


@pytest.mark.parametrize("code", ["missing_scope", "internal_error", ""])
def test_that_a_file_was_not_sent_says_what_to_do(code: str) -> None:
    message = home_audit.not_sent(code)

    assert check_message(message.text, message.blocks) == []
    assert "again" in message.text or "manifest.yml" in message.text
