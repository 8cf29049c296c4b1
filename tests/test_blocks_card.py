"""The card: what it shows, what it can be pressed for, and what it never says."""

from dataclasses import replace
from urllib.parse import quote

import pytest

from blocks import card, wording
from grants.lifecycle import FINAL
from grants.model import State, Tally, Wanted
from tests.test_blocks_drawings import (
    HOSTILE,
    TOKENS,
    WORDS,
    a_request,
    buttons,
    on_screen,
    texts,
    votes,
)


def test_the_card_begins_with_who_wants_what_where_and_for_how_long() -> None:
    drawn = card.card(a_request(), style=TOKENS)

    first = drawn.blocks[0]["text"]["text"]
    assert first == "Bob requests AdministratorAccess on payments-prod for 1 h"
    assert drawn.text.startswith(first)


def test_the_card_says_who_may_approve_how_many_must_and_until_when() -> None:
    drawn = card.card(a_request(tally=Tally(("Eve",))), style=WORDS)

    assert "May approve: ops (Eve, Dan); Frank" in on_screen(drawn)
    assert "1 of 2 so far: Eve" in on_screen(drawn)
    assert "until 2026-11-22 15:00 UTC" in on_screen(drawn)


def test_the_card_says_who_must_agree_besides_until_they_have() -> None:
    owners = Wanted(("group payments-owners", "Ann"), approvals=2)
    request = a_request(tally=Tally(("Eve", "Dan"), (owners,)))

    waiting = card.card(request, style=WORDS)
    one = card.card(
        replace(request, tally=Tally(("Eve", "Ann"), (replace(owners, count=1),))), style=WORDS
    )
    met = card.card(
        replace(request, tally=Tally(("Eve", "Ann"), (replace(owners, count=2),))), style=WORDS
    )

    so_far = "2 of 2 so far: Eve and Dan; besides 2 of: group payments-owners, Ann"
    assert so_far in on_screen(waiting)
    assert so_far in waiting.text
    assert "besides 1 of: group payments-owners, Ann" in on_screen(one)
    assert "besides" not in on_screen(met)


def test_an_approval_by_several_names_them_all() -> None:
    request = a_request(State.SCHEDULED, decided_by="Dan", tally=Tally(("Eve", "Dan")))

    drawn = card.card(request, style=WORDS)

    assert "Approved by Eve and Dan" in on_screen(drawn)
    assert "Approved by Eve and Dan" in drawn.text


@pytest.mark.parametrize(
    ("state", "titles"),
    [
        (State.PENDING, ["Approve", "Reject"]),
        (State.SCHEDULED, ["Revoke"]),
        (State.GRANTING, ["Revoke"]),
        (State.ACTIVE, ["Revoke", "Show Activity"]),
        *((state, ["Show Activity"]) for state in (State.REVOKING, State.ENDED, State.REVOKED)),
        *((state, []) for state in sorted(FINAL - {State.ENDED, State.REVOKED})),
    ],
)
def test_the_card_has_the_buttons_that_work_and_no_others(state: State, titles: list[str]) -> None:
    drawn = card.card(a_request(state), style=TOKENS)

    assert list(buttons(drawn)) == titles


def test_a_button_carries_the_request_and_its_revision_and_nothing_else() -> None:
    found = buttons(card.card(a_request(), style=TOKENS))

    assert found["Approve"]["value"] == "ABCD2345:7"
    assert found["Approve"]["style"] == "primary"
    assert "style" not in found["Reject"]


def test_another_revision_or_another_vote_is_drawn_in_other_blocks() -> None:
    request = a_request()

    drawings = [
        card.card(request, style=TOKENS),
        card.card(replace(request, version=8), style=TOKENS),
        card.card(request, votes=votes(request, "Eve"), style=TOKENS),
    ]

    ids = [{block["block_id"] for block in drawn.blocks} for drawn in drawings]
    assert len(set().union(*ids)) == sum(map(len, ids))


def test_what_was_typed_is_shown_as_typed() -> None:
    drawn = card.card(a_request(justification=HOSTILE.strip()), style=TOKENS)

    assert {"type": "plain_text", "text": HOSTILE.strip(), "emoji": False} in list(
        texts(drawn.blocks)
    )


def test_the_card_shows_the_first_500_characters_and_points_to_the_thread() -> None:
    drawn = card.card(a_request(justification="é" * 501), style=TOKENS)

    assert "é" * 500 in on_screen(drawn)
    assert "é" * 501 not in on_screen(drawn)
    assert "whole text in the thread" in on_screen(drawn)


@pytest.mark.parametrize(
    ("url", "linked"),
    [
        ("https://tracker.example.com/OPS-1", True),
        ("http://tracker.example.com/OPS-1", False),
        ("javascript:alert(1)", False),
        ("https://x|y>", False),
        ("https://", False),
        ("", False),
    ],
)
def test_a_ticket_is_linked_only_to_a_safe_address(url: str, linked: bool) -> None:
    drawn = card.card(a_request(ticket_url=url), style=TOKENS)

    assert (f"<{url}|OPS-1>" in on_screen(drawn)) is linked
    assert "OPS-1" in on_screen(drawn)


def test_a_ticket_of_any_characters_is_shown_as_typed_beside_a_link() -> None:
    drawn = card.card(a_request(ticket="<OPS 1>"), style=TOKENS)

    assert "Ticket: <OPS 1>" in on_screen(drawn)
    assert "<https://tracker.example.com/OPS-1|Open the ticket>" in on_screen(drawn)


def test_while_aws_takes_the_access_away_the_card_never_says_that_it_did() -> None:
    drawn = card.card(a_request(State.REVOKING), style=TOKENS)

    for words in (on_screen(drawn).lower(), drawn.text.lower()):
        assert "still being removed" in words
        assert "ended" not in words


def test_an_active_card_says_until_when_access_and_credentials_last() -> None:
    drawn = card.card(a_request(State.ACTIVE), style=WORDS)

    for words in (on_screen(drawn), drawn.text):
        assert "2026-11-22 13:06 UTC" in words
        assert "2026-11-22 17:06 UTC" in words


def test_the_card_says_that_what_was_held_already_stays() -> None:
    drawn = card.card(a_request(State.ACTIVE, standing=True), style=WORDS)

    for words in (on_screen(drawn), drawn.text):
        assert wording.STANDING in words


def test_a_revoked_card_says_who_took_it_away_and_why() -> None:
    drawn = card.card(a_request(State.REVOKED), style=WORDS)

    for words in (on_screen(drawn), drawn.text):
        assert "Dan took it away" in words
        assert "not today" in words


def test_a_rejection_and_its_comment_stand_there_once() -> None:
    request = a_request(State.REJECTED)

    drawn = card.card(request, votes=votes(request, "Eve", comment="not today"), style=TOKENS)

    assert "Rejected by Eve" in on_screen(drawn)
    assert on_screen(drawn).count("not today") == 1


@pytest.mark.parametrize(
    "fact",
    [
        "Ticket link: https://tracker.example.com/OPS-1 ",
        "Approved by Eve, 2026-11-22 12:05 UTC.",
        "Started: 2026-11-22 12:06 UTC.",
        "Dan took it away, 2026-11-22 12:50 UTC.",
        "Reason: not today.",
        "Eve says: go ahead.",
    ],
)
def test_whoever_only_hears_a_revoked_card_hears_how_it_came_to_it(fact: str) -> None:
    request = a_request(State.REVOKED)

    drawn = card.card(request, votes=votes(request, "Eve", comment="go ahead"), style=WORDS)

    assert fact in drawn.text


def test_times_are_tokens_or_words_and_words_in_what_is_heard() -> None:
    tokens = card.card(a_request(), style=TOKENS)
    words = card.card(a_request(), style=WORDS)

    assert "<!date^1795359600^{date_short_pretty} at {time}|2026-11-22 15:00 UTC>" in on_screen(
        tokens
    )
    assert "<!date" not in on_screen(words)
    assert tokens.text == words.text


def test_however_much_else_is_to_be_heard_the_first_300_characters_are() -> None:
    request = a_request(
        State.ACTIVE,
        ticket="修" * 195,
        ticket_url=f"https://tracker.example.com/{quote('修' * 195)}",
        justification="&" * 300,
        tally=Tally(("Eve Approver", "Dan Approver")),
    )

    drawn = card.card(
        request, votes=votes(request, "Eve", "Dan", comment="fine " * 60), style=TOKENS
    )

    assert len(drawn.text) <= 3900
    assert drawn.text.endswith("&amp;" * 300)
