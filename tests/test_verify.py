"""`/elevate verify`: who may ask, that nothing is found where nothing is, and what cannot be read."""

from dataclasses import replace
from datetime import timedelta

import pytest

from grants.model import RequestId, SlackUserId, State
from tests.lives import LIVES, PROD, SANDBOX, Life, ended, rejected, revoked
from tests.standins.slack.faults import EXECUTE_THEN_DROP, HTTP_500, RATE_LIMITED
from tests.verifying import (
    HISTORY,
    TWICE,
    active_in_two_places,
    answers,
    forgets,
    verdict,
    worded_otherwise,
)
from tests.world import APPROVALS, DEFAULT, POLICIES, World


@pytest.fixture
def request_id(world: World) -> RequestId:
    return revoked(world)


# All is well


@pytest.mark.parametrize("live", LIVES, ids=lambda live: live.__name__)
def test_a_thread_that_nobody_touched_says_what_the_journal_says(world: World, live: Life) -> None:
    request = live(world)
    moves = [word for word in LIVES[live][0] if word != "Activity"]

    first, journal_line = verdict(world, request).split("\n")[:2]

    seen = "card and the activity's summary were" if "Activity" in LIVES[live][0] else "card was"
    assert first == (
        f"The thread says what the journal says: {len(moves)} lines in 1 place."
        f" The {seen} only seen to stand there."
    )
    assert journal_line.startswith("The journal holds: ")


@pytest.mark.parametrize("live", LIVES, ids=lambda live: live.__name__)
def test_a_thread_of_before_lines_were_remembered_is_compared_with_what_would_be_drawn(
    world: World, live: Life
) -> None:
    request = live(world)
    forgets(world)

    assert "says what the journal says" in verdict(world, request)


def test_every_copy_of_the_card_is_compared(world: World) -> None:
    request = active_in_two_places(world)

    assert "8 lines in 2 places" in verdict(world, request)


def test_an_extension_and_what_it_extends_are_both_as_they_were_told(world: World) -> None:
    held = world.active("bob", PROD, Duration="1h")
    bob = world["bob"]
    bob.click(
        next(m for m in reversed(world.slack.dms("bob")) if "Extend" in m.buttons()), "Extend"
    )
    bob.fill({"Duration": "1h", "Justification": "not done yet"})
    bob.submit()
    world.rounds()
    new = next(each.id for each in world.requests() if each.extends == held)
    world.decides("eve", new, "Approve")
    world.passes(hours=3)

    assert world.state(new) is State.ENDED
    assert "6 lines in 1 place" in verdict(world, held)
    assert "6 lines in 1 place" in verdict(world, new)


def test_what_was_typed_is_compared_and_not_repeated(world: World) -> None:
    request = world.active(Justification="<!channel> *look* & <@UBOB> `x` :fire: &lt;")
    world.decides("eve", request, "Revoke", "<!channel> a <https://evil.example|private> reason")
    world.passes(seconds=10)

    answer = verdict(world, request)

    assert "6 lines in 1 place" in answer
    assert "reason" not in answer
    assert "look" not in answer


def test_emoji_that_slack_gives_back_by_their_names_are_no_edit(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.slack.workspace.emoji = {"🔥": ":fire:", "🚒": ":fire_engine:"}
    request = world.active(Justification="everything is on 🔥")
    world.decides("eve", request, "Revoke", "the 🚒 came")
    world.passes(seconds=10)

    assert "6 lines in 1 place" in verdict(world, request)

    worded_otherwise(monkeypatch)
    assert "6 lines in 1 place" in verdict(world, request)


def test_what_is_hung_late_tells_the_same(world: World) -> None:
    request = world.active("bob", SANDBOX, Duration="1h")
    world.passes(minutes=30)
    world.active("bob", SANDBOX, Duration="2h")
    world.slack.channel(DEFAULT).is_archived = True
    world.passes(hours=1)
    late = [line.text for card in world.cards(request) for line in world.slack.thread(card)]
    assert any(text.startswith("Removing") and "holds it as well" in text for text in late)
    forgets(world)

    answer = verdict(world, request, channel=APPROVALS)

    assert "8 lines in 2 places" in answer
    assert "2 lines were not told, in #general: the place was given up (is_archived)." in answer
    assert "finding" not in answer


def test_people_may_talk_in_the_thread(world: World) -> None:
    request = ended(world)
    card = world.card(request)
    channel = world.slack.channel(APPROVALS)
    for words in ("is this done?", "Approved by Eve.", " ✅ *Approved* by Eve."):
        world.slack.workspace.write(channel, words, [], thread_ts=card.ts, user="UMALLORY")

    answer = verdict(world, request)

    assert "6 lines in 1 place" in answer
    assert "3 messages by people or other apps" in answer
    assert "2 of them begin like a line of Elevate's, and are none" in answer


def test_a_line_that_stands_twice_is_harmless_and_said(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.slack.scopes -= HISTORY
    request = world.asks("bob", PROD)
    world.slack.faults.add(
        "chat.postMessage",
        EXECUTE_THEN_DROP,
        matches=lambda args: args.get("text", "").startswith("Approved") and "thread_ts" in args,
    )
    world.decides("eve", request, "Approve")
    world.passes(minutes=2)
    world.slack.scopes |= HISTORY
    assert [words for words in world.thread(request) if words.startswith("Approved")][1:]

    answer = verdict(world, request)

    assert "4 lines in 1 place" in answer
    assert "Said twice, which is harmless: Approved" in answer

    worded_otherwise(monkeypatch)
    assert "Said twice, which is harmless: Approved" in verdict(world, request)


def test_a_line_whose_answer_was_lost_and_that_was_found_is_right(world: World) -> None:
    request = world.asks("bob", PROD)
    world.slack.faults.add(
        "chat.postMessage",
        EXECUTE_THEN_DROP,
        matches=lambda args: args.get("text", "").startswith("Approved") and "thread_ts" in args,
    )
    world.decides("eve", request, "Approve")
    world.passes(minutes=2)

    answer = verdict(world, request)

    assert "4 lines in 1 place" in answer
    assert "twice" not in answer


def test_a_found_line_is_kept_as_slack_shows_it(world: World) -> None:
    world.slack.workspace.emoji = {"🔥": ":fire:"}
    request = world.asks("bob", PROD)
    world.slack.faults.add(
        "chat.postMessage",
        EXECUTE_THEN_DROP,
        matches=lambda args: args.get("text", "").startswith("Rejected") and "thread_ts" in args,
    )
    world.decides("eve", request, "Reject", "everything is on 🔥")
    world.passes(minutes=2)

    assert "2 lines in 1 place" in verdict(world, request)


def test_what_the_app_posted_before_it_was_created_anew_is_still_ours(world: World) -> None:
    request = ended(world)
    card = world.card(request)
    for message in (card, *world.slack.thread(card)):
        message.bot_id = "B0BEFORE01"

    assert "6 lines in 1 place" in verdict(world, request)


def test_notices_of_before_lines_were_remembered_are_counted(world: World) -> None:
    world.policies(POLICIES + "    approvals: 2\n")
    request = world.asks("bob", PROD)
    world.decides("eve", request, "Approve")
    forgets(world)

    answer = verdict(world, request)

    assert "1 line in 1 place" in answer
    assert "1 message of Elevate's app, in #approvals" in answer


@pytest.mark.parametrize("told", [True, False], ids=["twice", "not known yet"])
def test_a_vote_whose_answer_was_lost_is_no_finding(world: World, told: bool) -> None:
    world.policies(POLICIES + "    approvals: 2\n")
    world.slack.scopes -= HISTORY
    request = world.asks("bob", PROD)
    world.slack.faults.add(
        "chat.postMessage",
        EXECUTE_THEN_DROP,
        matches=lambda args: args.get("text", "").startswith("1 of 2") and "thread_ts" in args,
    )
    world.decides("eve", request, "Approve")
    world.passes(minutes=2 if told else 0)
    world.slack.scopes |= HISTORY
    assert sum(words.startswith("1 of 2") for words in world.thread(request)) == 1 + told

    answer = verdict(world, request)

    assert "1 line in 1 place" in answer
    assert "1 message of Elevate's app, in #approvals" in answer


@pytest.mark.parametrize("told", [True, False], ids=["twice", "not known yet"])
def test_a_summary_whose_answer_was_lost_is_no_finding(world: World, told: bool) -> None:
    request = world.active(Duration="1h")
    world.slack.scopes -= HISTORY
    world.slack.faults.add(
        "chat.postMessage",
        EXECUTE_THEN_DROP,
        matches=lambda args: args.get("text", "").startswith("Activity") and "thread_ts" in args,
    )
    world.passes(hours=1, seconds=120 if told else 3)
    world.slack.scopes |= HISTORY
    assert sum(words.startswith("Activity") for words in world.thread(request)) == 1 + told

    answer = verdict(world, request)

    assert "6 lines in 1 place" in answer
    assert (
        "1 message that begins like the summary of the activity, besides the one that is kept up to"
        " date, in #approvals" in answer
    )


def test_lines_that_are_not_told_yet_are_not_missing(world: World) -> None:
    request = world.asks("bob", PROD)
    world.slack.faults.add("chat.postMessage", HTTP_500, times=None)
    world.decides("eve", request, "Approve")

    answer = verdict(world, request)

    assert "1 line in 1 place" in answer
    assert "not told yet" in answer


# What cannot be read


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("missing_scope", "Give the app the scopes channels:history, groups:history"),
        ("not_in_channel", "Invite the app"),
        ("channel_not_found", "Invite the app"),
        ("is_archived", "Unarchive it"),
        ("invalid_auth", "python -m bot check"),
        ("a_word_of_tomorrow", "Slack says a_word_of_tomorrow."),
        (HTTP_500, "Slack did not answer."),
    ],
)
def test_a_place_that_cannot_be_read_is_never_well(
    world: World, request_id: RequestId, code: str, words: str
) -> None:
    world.slack.faults.add("conversations.replies", code, times=None)

    answer = verdict(world, request_id)

    assert answer.startswith("Not everything could be read: 0 lines in 0 places as the journal")
    assert "Not read: in #approvals: " in answer
    assert words in answer
    assert "says what" not in answer


def test_without_the_scopes_it_is_said_which(world: World, request_id: RequestId) -> None:
    world.slack.scopes -= HISTORY

    assert "Give the app the scopes channels:history" in verdict(world, request_id)


def test_what_can_be_read_is_compared_though_another_place_cannot(world: World) -> None:
    request = active_in_two_places(world)
    world.slack.channel(DEFAULT).members.discard(world.slack.workspace.bot_user)

    answer = verdict(world, request, channel=APPROVALS)

    assert "4 lines in 1 place as the journal says, 1 place could" in answer


def test_a_place_that_was_given_up_is_told_of(world: World) -> None:
    world.policies(POLICIES + TWICE)
    request = world.asks("bob", PROD)
    world.slack.channel(DEFAULT).is_archived = True
    world["eve"].click(next(c for c in world.cards(request) if c.channel == APPROVALS), "Approve")
    world.passes(seconds=5)

    answer = verdict(world, request, channel=APPROVALS)

    assert "given up (is_archived)" in answer
    assert "finding" not in answer


def test_it_waits_its_turn_when_slack_says_so_and_says_that_it_does(
    world: World, request_id: RequestId
) -> None:
    world.slack.faults.add("conversations.replies", RATE_LIMITED, times=2, retry_after=20)
    began = world.clock()

    first, answer = answers(world, request_id)

    assert "are being read" in first
    assert "6 lines in 1 place" in answer
    assert world.clock() - began == timedelta(seconds=40)


def test_it_does_not_wait_for_ever(world: World, request_id: RequestId) -> None:
    world.slack.faults.add("conversations.replies", RATE_LIMITED, times=None, retry_after=30)

    _, answer = answers(world, request_id)

    assert "Slack gives no more for now." in answer


def test_a_process_that_stops_waits_for_nothing_more(world: World, request_id: RequestId) -> None:
    world.slack.faults.add("conversations.replies", RATE_LIMITED, times=None, retry_after=30)
    verifying = world.bot.front.verifying
    stopping = replace(verifying, threads=replace(verifying.threads, rest=lambda _: False))
    aud = world.bot.front.people.known(SlackUserId("UAUD"), seconds=0)

    said = stopping(aud, request_id, slow=lambda: None)

    assert "about to be restarted" in said.text


def test_a_thread_of_many_pages_is_read_to_its_end(world: World, request_id: RequestId) -> None:
    channel, card = world.slack.channel(APPROVALS), world.card(request_id)
    for number in range(450):
        world.slack.workspace.write(channel, f"{number}", [], thread_ts=card.ts, user="UMALLORY")
    world.slack.workspace.write(channel, "Approved by Mallory.", [], thread_ts=card.ts)

    answer = verdict(world, request_id)

    assert world.slack.calls.count("conversations.replies") == 3
    assert "450 messages by people" in answer
    assert "Not in the journal: Approved" in answer


# Who may


@pytest.mark.parametrize("who", ["aud", "ada"])
def test_auditors_and_administrators_are_answered(world: World, who: str) -> None:
    request = rejected(world)

    assert "2 lines in 1 place" in verdict(world, request.lower(), who)


@pytest.mark.parametrize("who", ["bob", "eve", "mallory"])
def test_others_are_refused_and_it_is_recorded(world: World, who: str) -> None:
    request = rejected(world)

    answer = verdict(world, request, who)

    assert "administrators and auditors" in answer
    assert world.journal()[-1] == "refusal"
    assert world.slack.calls.count("conversations.replies") == 0


def test_a_role_that_was_lost_verifies_nothing_more(world: World) -> None:
    request = rejected(world)
    world.company.remove_member("elevate-auditors", "aud")

    assert "administrators and auditors" in verdict(world, request)


def test_who_asked_for_what_is_a_line_of_the_journal(world: World) -> None:
    request = rejected(world)
    before = world.journal(request)

    verdict(world, request)

    with world.works.reading() as work:
        (entry,) = [x.entry for x in work.journal.walk() if x.entry.event == "audit.verify"]
    assert entry.facts == {"request": request}
    assert entry.actor.user_id == world.company.user("aud").id
    assert world.journal(request) == before
    world.verify()


def test_an_unknown_request_is_said_to_be_none(world: World) -> None:
    assert "There is no request ZZZZZZZZ" in verdict(world, "zzzzzzzz")


def test_without_an_id_it_is_said_how_it_is_asked(world: World) -> None:
    assert (
        verdict(world, "")
        == "Type /elevate verify and a request's id, as in /elevate verify 7K2M9QXB."
    )


def test_one_is_read_for_each_person_at_a_time(world: World) -> None:
    request = rejected(world)

    with world.bot.front.verifying.turns.of(SlackUserId("UAUD")):
        assert "still being read" in verdict(world, request)
        assert "2 lines in 1 place" in verdict(world, request, "ada")


def test_help_names_it(world: World) -> None:
    world["bob"].command("help", DEFAULT)

    assert "/elevate verify" in world.slack.ephemerals("bob")[-1].words()
