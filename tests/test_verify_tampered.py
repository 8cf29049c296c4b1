"""`/elevate verify`: what was changed, deleted or added, in the thread or in the journal, is named."""

from collections.abc import Callable

import pytest
from sqlalchemy import delete

from grants.model import RequestId
from storage.tables import journal
from tests.lives import PROD, Life, ended, rejected, revoked
from tests.standins.blockkit import check_message
from tests.standins.slack import Message
from tests.test_storage_tampering import unguarded
from tests.verifying import active_in_two_places, forgets, line, rewrites, verdict, worded_otherwise
from tests.world import APPROVALS, DEFAULT, POLICIES, World


@pytest.fixture
def request_id(world: World) -> RequestId:
    return revoked(world)


# Tampered threads


def test_a_line_whose_words_were_changed_is_named(world: World, request_id: RequestId) -> None:
    approved = line(world, request_id, "Approved")
    approved.text = approved.text.replace("Eve", "Dan")

    answer = verdict(world, request_id)

    assert answer.startswith(f"1 finding about request {request_id}.")
    assert (
        "Edited: Approved, 2026-11-02 12:00 UTC, in #approvals: it does not read as it was"
        in answer
    )


def test_a_line_of_which_only_the_blocks_were_changed_is_named(
    world: World, request_id: RequestId
) -> None:
    reason = line(world, request_id, "Removing").blocks[-1]
    reason["text"]["text"] = "no reason at all"

    assert "Edited: Removing" in verdict(world, request_id)


def test_a_line_that_slack_says_was_edited_is_named_though_it_reads_as_before(
    world: World, request_id: RequestId
) -> None:
    active = line(world, request_id, "Active")
    words, blocks = active.text, active.blocks
    world.slack.workspace.edit(active, "nothing to see", [])
    world.slack.workspace.edit(active, words, blocks)

    assert "Edited: Active" in verdict(world, request_id)


@pytest.mark.parametrize("remembered", [True, False])
def test_a_deleted_line_is_missing(world: World, request_id: RequestId, remembered: bool) -> None:
    world.slack.workspace.delete(line(world, request_id, "Revoked"))
    if not remembered:
        forgets(world)

    answer = verdict(world, request_id)

    assert answer.startswith("1 finding")
    assert "Missing: Revoked" in answer
    assert ("it was told there, and has been deleted" in answer) is remembered


def test_an_edited_line_of_before_lines_were_remembered_is_named(
    world: World, request_id: RequestId
) -> None:
    forgets(world)
    approved = line(world, request_id, "Approved")
    world.slack.workspace.edit(approved, "Approved by somebody.", [])
    active = line(world, request_id, "Active")
    active.text, active.blocks = "Active: for ever.", []

    answer = verdict(world, request_id)

    assert answer.startswith("2 findings")
    assert "Edited: Approved" in answer
    assert "Edited: Active" in answer


@pytest.mark.parametrize("ours", [False, True], ids=["slackbots", "still ours"])
def test_a_deleted_card_is_named_and_its_lines_are_compared_all_the_same(
    world: World, request_id: RequestId, ours: bool
) -> None:
    """Whose bot Slack says that a tombstone is of, it does not promise."""
    card = world.card(request_id)
    world.slack.workspace.delete(line(world, request_id, "Granting"))
    world.slack.workspace.delete(card)
    card.bot_id = world.slack.workspace.bot_id if ours else None

    answer = verdict(world, request_id)

    assert answer.startswith("2 findings")
    assert "Deleted: the card in #approvals" in answer
    assert "Missing: Granting" in answer


def test_a_thread_of_which_nothing_is_left_is_one_finding(
    world: World, request_id: RequestId
) -> None:
    card = world.card(request_id)
    world.slack.channel(APPROVALS).everything.clear()
    assert card

    answer = verdict(world, request_id)

    assert answer.startswith("1 finding")
    assert "Deleted: the card in #approvals" in answer


def test_what_was_changed_in_one_of_two_places_is_named_with_its_place(world: World) -> None:
    request = active_in_two_places(world)
    here, there = world.cards(request)
    assert {here.channel, there.channel} == {APPROVALS, DEFAULT}
    copies = {card.channel: nth for nth, card in enumerate(world.cards(request))}
    world.slack.workspace.delete(line(world, request, "Active", copies[DEFAULT]))

    answer = verdict(world, request)

    assert answer.startswith("1 finding")
    assert "Missing: Active" in answer
    assert "in #general" in answer


def test_a_line_that_the_app_was_made_to_say_is_not_in_the_journal(
    world: World, request_id: RequestId
) -> None:
    channel, card = world.slack.channel(APPROVALS), world.card(request_id)
    world.slack.workspace.write(channel, "Approved by Mallory.", [], thread_ts=card.ts)

    answer = verdict(world, request_id)

    assert answer.startswith("1 finding")
    assert "Not in the journal: Approved" in answer


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("✅ Approved by Mallory.", "Approved"),
        (":white_check_mark: Approved by Mallory.", "Approved"),
        ("_*Approved*_ by Mallory.", "Approved"),
        (" Approved by Mallory.", "Approved"),
        ("Mallory may do this.", "A message"),
    ],
)
@pytest.mark.parametrize("remembered", [True, False])
def test_whatever_the_app_was_made_to_say_is_a_finding_or_counted(
    world: World, request_id: RequestId, words: str, found: str, remembered: bool
) -> None:
    channel, card = world.slack.channel(APPROVALS), world.card(request_id)
    world.slack.workspace.write(channel, words, [], thread_ts=card.ts)
    if not remembered:
        forgets(world)

    answer = verdict(world, request_id)

    if remembered or found == "Approved":
        assert answer.startswith("1 finding")
        assert f"Not in the journal: {found}, " in answer
    else:
        assert answer.startswith("The thread says")
        assert "1 message of Elevate's app, in #approvals" in answer


@pytest.mark.parametrize(
    ("live", "found"),
    [(rejected, "Not in the journal: A message"), (revoked, "1 message that begins like the summ")],
    ids=["where there is none", "beside the true one"],
)
def test_a_summary_that_the_app_was_made_to_say_is_a_finding_or_counted(
    world: World, live: Life, found: str
) -> None:
    request = live(world)
    channel, card = world.slack.channel(APPROVALS), world.card(request)
    world.slack.workspace.write(channel, "Activity: no calls.", [], thread_ts=card.ts)

    assert found in verdict(world, request)


def test_another_app_cannot_stand_in_for_a_line_that_was_deleted(
    world: World, request_id: RequestId
) -> None:
    approved = line(world, request_id, "Approved")
    twin = world.slack.workspace.write(
        world.slack.channel(APPROVALS), approved.text, approved.blocks, thread_ts=approved.thread_ts
    )
    twin.bot_id, twin.metadata = "B0OTHER001", approved.metadata
    world.slack.workspace.delete(approved)

    assert "Missing: Approved" in verdict(world, request_id)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda world, vote: world.slack.workspace.delete(vote), "Missing: A vote"),
        (lambda world, vote: setattr(vote, "text", "1 of 2: Dan agrees."), "Edited: A vote"),
    ],
    ids=["deleted", "edited"],
)
def test_a_vote_that_was_deleted_or_changed_is_named(
    world: World, change: Callable[[World, Message], None], found: str
) -> None:
    world.policies(POLICIES + "    approvals: 2\n")
    request = world.asks("bob", PROD)
    world.decides("eve", request, "Approve")
    assert "1 line in 1 place" in verdict(world, request)

    change(world, line(world, request, "1 of 2"))

    assert found in verdict(world, request)


def test_a_summary_that_was_deleted_is_named(world: World) -> None:
    request = ended(world)
    world.slack.workspace.delete(line(world, request, "Activity"))

    assert "Missing: The summary of the activity" in verdict(world, request)


def test_a_line_that_slack_did_not_take_is_missing_and_why_is_said(world: World) -> None:
    request = world.asks("bob", PROD)
    world.slack.faults.add(
        "chat.postMessage",
        "restricted_action_thread_locked",
        matches=lambda args: args.get("text", "").startswith("Approved") and "thread_ts" in args,
    )
    world.decides("eve", request, "Approve")
    world.passes(seconds=5)

    answer = verdict(world, request)

    assert "Missing: Approved" in answer
    assert "Slack did not take it (restricted_action_thread_locked)" in answer


# A tampered journal


def test_a_changed_line_of_the_journal_is_named_with_the_line_that_it_no_longer_fits(
    world: World, request_id: RequestId
) -> None:
    rewrites(world, request_id, "request.approve", actor_name="Mallory")

    answer = verdict(world, request_id)

    assert answer.startswith("3 findings")
    assert "Journal: line" in answer
    assert "the request's row is not what the journal says of it: decided by." in answer
    assert "its content was changed. See python -m bot audit verify." in answer
    assert "Differs: Approved" in answer
    assert "the journal says otherwise" in answer


def test_a_reason_that_was_changed_in_the_journal_differs(
    world: World, request_id: RequestId
) -> None:
    rewrites(world, request_id, "request.revoke", reason="another reason")

    assert "Differs: Removing" in verdict(world, request_id)


def test_a_move_that_was_taken_out_of_the_journal_is_found_in_the_thread(
    world: World, request_id: RequestId
) -> None:
    with world.storage.database.writing() as connection:
        unguarded(connection)
        this = journal.c.request_id == request_id, journal.c.event == "request.approve"
        connection.execute(delete(journal).where(*this))

    answer = verdict(world, request_id)

    assert "Not in the journal: Approved" in answer
    assert "is missing. See python -m bot audit verify." in answer


def test_a_journal_that_cannot_be_read_is_said_to_be_so(
    world: World, request_id: RequestId
) -> None:
    rewrites(world, request_id, "request.approve", facts="{not json", event="request.perhaps")

    answer = verdict(world, request_id)

    assert answer.startswith("2 findings")
    assert "cannot be read as lines" in answer


def test_another_version_may_word_its_lines_otherwise(
    world: World, request_id: RequestId, monkeypatch: pytest.MonkeyPatch
) -> None:
    worded_otherwise(monkeypatch)

    assert "6 lines in 1 place" in verdict(world, request_id)

    line(world, request_id, "Active").text += " Or so."
    assert "Edited: Active" in verdict(world, request_id)


def test_many_findings_are_cut_and_counted(world: World, request_id: RequestId) -> None:
    channel, card = world.slack.channel(APPROVALS), world.card(request_id)
    for _ in range(100):
        world.slack.workspace.write(channel, "Approved by Mallory.", [], thread_ts=card.ts)

    verdict(world, request_id)

    answer = world.slack.ephemerals("aud")[-1]
    assert answer.text.startswith("100 findings")
    assert "… and 41 more." in answer.words()
    assert "more." in answer.text
    assert check_message(answer.text, answer.blocks) == []
