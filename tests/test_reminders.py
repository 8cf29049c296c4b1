"""Who is reminded, of what and when: approvers of what waits for them, bob of his end."""

from datetime import timedelta

import pytest

from grants.model import RequestId, State
from tests.lives import PROD, SANDBOX, first_words
from tests.standins.slack import Message, tamper
from tests.standins.slack.faults import DROP
from tests.test_being_asked import hanging
from tests.world import APPROVALS, AUDIT, DEFAULT, POLICIES, World

BY_DEFAULT = POLICIES.replace("  nudge_interval: 3h\n  reminder: 4h\n", "")
AUDITED = BY_DEFAULT.replace("eligibility:", f"  audit_channel: {AUDIT}\neligibility:", 1)
NO_DEFAULT = BY_DEFAULT.replace(f"  default_channel: {DEFAULT}\n", "")
NO_CHANNEL = BY_DEFAULT.replace(f"    channel: {APPROVALS}\n", "")
NO_CHANNEL_AT_ALL = NO_DEFAULT.replace(f"    channel: {APPROVALS}\n", "")


@pytest.fixture
def world(world: World) -> World:
    """As the policies have it where they say nothing: every 15 minutes, and 10 minutes before the end."""
    world.policies(BY_DEFAULT)
    return world


def card_in(world: World, request: RequestId, channel: str) -> Message:
    return next(card for card in world.cards(request) if card.channel == channel)


def thread_in(world: World, request: RequestId, channel: str = APPROVALS) -> list[str]:
    return [line.text for line in world.slack.thread(card_in(world, request, channel))]


def reminders(world: World, request: RequestId, channel: str = APPROVALS) -> list[str]:
    return [line for line in thread_in(world, request, channel) if line.startswith("Reminder")]


def nudging(world: World) -> Message:
    """bob's message that has the button."""
    return next(m for m in world.slack.dms("bob") if "Nudge Approvers" in m.buttons())


def nudges(world: World) -> None:
    world["bob"].click(nudging(world), "Nudge Approvers")
    world.rounds()


def left(world: World) -> list[str]:
    """What bob was told of how long he has."""
    return [text for text in world.told("bob") if " left of " in text]


# While nobody decides


def test_the_approvers_are_reminded_every_interval_until_when_they_can_decide(
    world: World,
) -> None:
    request = world.asks("bob", PROD)

    world.passes(minutes=14, seconds=59)
    assert reminders(world, request) == []
    world.passes(seconds=1)
    assert len(reminders(world, request)) == 1
    world.passes(minutes=30)

    assert len(reminders(world, request)) == 3
    assert "To be decided until 2026-11-02 15:00 UTC." in reminders(world, request)[0]


def test_a_reminder_mentions_nobody_and_its_channel_sees_it_beside_the_thread(
    world: World,
) -> None:
    request = world.asks("bob", PROD)

    world.passes(minutes=15)

    _, line = world.slack.thread(card_in(world, request, APPROVALS))
    assert "<@" not in line.words() + line.text
    assert "<!" not in line.text
    card, shown = world.slack.channel(APPROVALS).messages
    assert (shown.ts, shown.thread_ts) == (line.ts, card.ts)


def test_from_the_second_reminder_on_the_default_channel_is_asked_too_with_all_lines_so_far(
    world: World,
) -> None:
    request = world.asks("bob", PROD, Justification="the disk of payments is full")
    world.passes(minutes=29)
    assert hanging(world, request) == ["approvals"]

    world.passes(minutes=1)

    assert hanging(world, request) == ["approvals", "general"]
    assert first_words(thread_in(world, request, DEFAULT)) == ["Requested", "Reminder"]
    assert "the disk of payments is full" in thread_in(world, request, DEFAULT)[0]
    assert "default channel" in thread_in(world, request)[-1]
    world["eve"].click(card_in(world, request, DEFAULT), "Approve")
    assert world.request(request).decided_by == "Eve Approver"


def test_it_is_hung_in_the_default_channel_once(world: World) -> None:
    request = world.asks("bob", PROD)

    world.passes(hours=2)

    assert hanging(world, request) == ["approvals", "general"]
    assert sum("default channel" in line for line in thread_in(world, request)) == 1
    assert len(reminders(world, request, DEFAULT)) == 7


def test_what_hangs_in_the_default_channel_already_is_not_hung_there_again(world: World) -> None:
    world.policies(NO_CHANNEL)
    request = world.asks("bob", PROD)

    world.passes(hours=1)

    assert hanging(world, request) == ["general"]
    assert [line for line in reminders(world, request, DEFAULT) if "default" in line] == []


def test_without_a_default_channel_there_is_no_wider_circle(world: World) -> None:
    world.policies(NO_DEFAULT)
    request = world.asks("bob", PROD)

    world.passes(hours=1)

    assert hanging(world, request) == ["approvals"]
    assert len(reminders(world, request)) == 4


def test_a_default_channel_that_is_no_use_is_tried_once(world: World) -> None:
    world.policies(AUDITED)
    world.slack.channel(DEFAULT).is_archived = True
    bob = world["bob"]
    bob.command("", APPROVALS)
    bob.fill({"Access": PROD, "Justification": "the disk is full"})
    bob.submit()
    world.rounds()
    (request,) = world.requests()

    world.passes(hours=2)

    alarms = [m.text for m in world.slack.channel(AUDIT).messages if "is_archived" in m.text]
    assert len(alarms) == 1
    assert hanging(world, request.id) == ["approvals"]


def test_a_channel_asked_later_reads_who_has_agreed_so_far(world: World) -> None:
    world.policies(BY_DEFAULT + "    approvals: 2\n")
    request = world.asks("bob", PROD)
    world.decides("eve", request, "Approve")

    world.passes(minutes=30)

    requested, agreed, reminder = thread_in(world, request, DEFAULT)
    assert requested.startswith("Requested")
    assert agreed.startswith("1 of 2: Eve Approver agrees")
    assert reminder.startswith("Reminder")
    world["dan"].click(card_in(world, request, DEFAULT), "Approve")
    world.rounds()
    assert world.state(request) is not State.PENDING


def test_who_was_asked_directly_is_reminded_by_a_message_and_not_in_a_thread(
    world: World,
) -> None:
    world.policies(NO_CHANNEL_AT_ALL)
    request = world.asks("bob", PROD)

    world.passes(minutes=15)

    card, reminder = world.slack.dms("eve")
    assert first_words([m.text for m in world.slack.thread(card)]) == ["Requested"]
    assert reminder.text.startswith("Reminder: a request still waits for a decision.")
    for fact in ("Bob Requester", "AdministratorAccess on payments-prod", "15:00 UTC", request):
        assert fact in reminder.text


def test_who_was_asked_directly_and_has_agreed_is_left_in_peace(world: World) -> None:
    world.policies(NO_CHANNEL_AT_ALL + "    approvals: 2\n")
    world.asks("bob", PROD)
    world["eve"].click(world.slack.dms("eve")[0], "Approve")
    world.rounds()

    world.passes(minutes=15)

    reminded = [any("Reminder" in m.text for m in world.slack.dms(who)) for who in ("eve", "dan")]
    assert reminded == [False, True]


@pytest.mark.parametrize("label", ["Approve", "Reject"])
def test_after_a_decision_nobody_is_reminded_of_it(world: World, label: str) -> None:
    request = world.asks("bob", PROD, Start=world.clock() + timedelta(hours=4))
    world.passes(minutes=15)
    world.decides("eve", request, label)

    world.passes(hours=1)

    assert len(reminders(world, request)) == 1
    assert world.request(request).remind_at is None


def test_what_expires_before_the_interval_is_over_is_not_reminded_of(world: World) -> None:
    world.policies(BY_DEFAULT.replace("settings:", "settings:\n  pending_expiry: 15m"))
    request = world.asks("bob", PROD)

    world.passes(hours=1)

    assert first_words(thread_in(world, request)) == ["Requested", "Expired"]


def test_what_needs_no_approval_reminds_nobody(world: World) -> None:
    request = world.asks("bob", SANDBOX, Start=world.clock() + timedelta(hours=4))

    world.passes(hours=1)

    assert reminders(world, request, DEFAULT) == []


def test_after_two_hours_of_standstill_there_is_one_reminder_and_then_the_next_in_its_time(
    world: World,
) -> None:
    request = world.asks("bob", PROD)

    world.clock.passes(hours=2)
    world.rounds()
    assert len(reminders(world, request)) == 1
    world.passes(minutes=14, seconds=59)
    assert len(reminders(world, request)) == 1
    world.passes(seconds=1)

    assert len(reminders(world, request)) == 2


def test_while_slack_was_away_reminders_pile_up_nowhere(world: World) -> None:
    request = world.asks("bob", PROD)
    world.slack.faults.add("*", DROP, times=None)
    world.passes(hours=1)

    world.slack.faults.clear()
    world.passes(minutes=1)

    assert len(reminders(world, request)) == 1
    assert hanging(world, request) == ["approvals", "general"]


def test_a_reminder_that_a_decision_has_overtaken_is_not_told(world: World) -> None:
    request = world.asks("bob", PROD)
    world.slack.faults.add("*", DROP, times=None, matches=lambda args: "blocks" in args)
    world.passes(minutes=15)
    world["eve"].click(card_in(world, request, APPROVALS), "Reject")
    world["eve"].fill({"Comment": "not now"})
    world["eve"].submit()

    world.slack.faults.clear()
    world.passes(minutes=2)

    assert first_words(thread_in(world, request)) == ["Requested", "Rejected"]


def test_two_processes_that_find_the_same_request_due_remind_once(world: World) -> None:
    request = world.asks("bob", PROD)
    world.clock.passes(minutes=15)
    due = world.request(request)

    for _ in range(2):
        world.jobs.reminding._remind(due)
    world.rounds()

    assert len(reminders(world, request)) == 1
    assert world.request(request).reminded == 1


def test_a_reminder_is_no_move_and_the_journal_stays_whole(world: World) -> None:
    request = world.asks("bob", PROD)
    before = world.request(request).version

    world.passes(hours=1)

    assert world.request(request).version == before
    assert world.journal(request) == ["request.ask"]
    world.verify()


# Nudging


def test_bob_nudges_and_the_approvers_read_it_and_he_reads_when_he_may_again(
    world: World,
) -> None:
    request = world.asks("bob", PROD)
    world.passes(minutes=5)

    nudges(world)

    assert reminders(world, request)[0].startswith(
        "Reminder: Bob Requester asks for a decision. To be decided until 2026-11-02 15:00 UTC."
    )
    assert world.told("bob")[-1].startswith("Nudged")
    assert "from 2026-11-02 12:20 UTC on" in world.told("bob")[-1]
    assert world.journal(request) == ["request.ask", "nudge"]
    assert nudging(world).buttons() == ["Cancel Request", "Nudge Approvers"]


def test_a_nudge_too_early_is_refused_with_when_he_may_again(world: World) -> None:
    request = world.asks("bob", PROD)
    nudges(world)
    world.passes(minutes=14, seconds=59)

    nudges(world)

    refused = world.told("bob")[-1]
    assert "Nobody was reminded: you nudged them at 2026-11-02 12:00 UTC." in refused
    assert "from 2026-11-02 12:15 UTC on" in refused
    assert world.journal(request) == ["request.ask", "nudge"]
    assert len(reminders(world, request)) == 1


def test_after_an_interval_he_may_again(world: World) -> None:
    request = world.asks("bob", PROD)
    world.policies(BY_DEFAULT.replace("settings:", "settings:\n  nudge_interval: 5m"))
    nudges(world)
    world.clock.passes(minutes=5)

    world["bob"].click(nudging(world), "Nudge Approvers")

    assert world.journal(request) == ["request.ask", "nudge", "nudge"]


def test_a_nudge_counts_as_a_reminder(world: World) -> None:
    request = world.asks("bob", PROD)
    world.passes(minutes=10)
    nudges(world)

    world.passes(minutes=14)
    assert len(reminders(world, request)) == 1
    world.passes(minutes=1)

    assert len(reminders(world, request)) == 2
    assert hanging(world, request) == ["approvals", "general"]


def test_a_double_click_nudges_once(world: World) -> None:
    request = world.asks("bob", PROD)
    button = nudging(world).snapshot()

    for _ in range(2):
        world["bob"].click(button, "Nudge Approvers")
    world.rounds()

    assert world.journal(request).count("nudge") == 1
    assert len(reminders(world, request)) == 1


def test_a_last_nudge_says_that_there_is_none_after_it(world: World) -> None:
    world.policies(BY_DEFAULT.replace("settings:", "settings:\n  pending_expiry: 20m"))
    request = world.asks("bob", PROD)
    world.passes(minutes=10)

    nudges(world)
    assert "It expires before they may be nudged again." in world.told("bob")[-1]
    nudges(world)

    assert "The request expires before they may be nudged again." in world.told("bob")[-1]
    assert world.journal(request).count("nudge") == 1


@pytest.mark.parametrize("who", ["mallory", "eve", "ada"])
def test_nobody_else_nudges(world: World, who: str) -> None:
    request = world.asks("bob", PROD)
    forged = world[who].tampering(tamper.action_id("nudge_approvers"))

    forged.click(world.card(request), "Approve")
    world.rounds()

    assert reminders(world, request) == []
    assert "Only whoever made this request" in world.whispers(who)[-1]
    assert world.journal(request) == ["request.ask", "refusal"]


def test_a_nudge_that_comes_too_late_says_what_happened(world: World) -> None:
    request = world.asks("bob", PROD)
    button = nudging(world).snapshot()
    world.decides("eve", request, "Reject", "not today")

    world["bob"].click(button, "Nudge Approvers")

    assert "it was rejected by Eve Approver" in world.told("bob")[-1]
    assert "nudge" not in world.journal(request)


def test_a_nudge_that_reaches_nobody_says_so(world: World) -> None:
    world.policies(NO_CHANNEL_AT_ALL)
    for who in ("eve", "dan"):
        world.slack.user(who).deleted = True
    world.asks("bob", PROD)
    before = len(world.told("bob"))

    nudges(world)

    (told,) = world.told("bob")[before:]
    assert told.startswith("Nobody who may approve")


def test_what_is_decided_has_no_nudge_any_more(world: World) -> None:
    request = world.asks("bob", PROD)
    nudges(world)

    world.decides("eve", request, "Approve")

    assert all("Nudge Approvers" not in message.buttons() for message in world.slack.dms("bob"))


# Before the end


def test_ten_minutes_before_the_end_bob_is_reminded_and_may_end_it_there(world: World) -> None:
    request = world.active(Duration="1h")
    confirmed = world.last("bob").snapshot()
    world.passes(minutes=49, seconds=50)
    assert left(world) == []

    world.passes(seconds=10)

    reminder = world.last("bob")
    assert reminder.text.startswith(
        "Reminder: 10 min left of AdministratorAccess on payments-prod. Until 2026-11-02 13:00 UTC."
    )
    assert reminder.buttons() == ["End Access", "Extend"]
    *_, active, _ = world.slack.dms("bob")
    assert (active.text, active.buttons()) == (confirmed.text, [])

    world["bob"].click(reminder, "End Access")
    world.passes(seconds=10)

    assert world.state(request) is State.REVOKED
    assert [m.buttons() for m in world.slack.dms("bob") if m.buttons()] == [
        ["Request Again", "Show Activity"]
    ]
    assert world.told("bob")[-1].startswith("Revoked")


def test_the_reminder_keeps_its_place_and_loses_its_button_at_the_end(world: World) -> None:
    world.active(Duration="1h")

    world.passes(hours=1, seconds=10)

    told = world.slack.dms("bob")
    assert first_words([message.text for message in told])[-3:] == ["Active", "Reminder", "Ended"]
    assert [message.buttons() for message in told if message.buttons()] == [
        ["Request Again", "Show Activity"]
    ]
    assert "of the end: AdministratorAccess on payments-prod." in told[-2].text
    assert "2026-11-02 13:00 UTC" in told[-2].text


def test_the_way_in_stays_in_the_message_that_told_it(world: World) -> None:
    world.active(Duration="1h")

    world.passes(hours=1, seconds=10)

    active = world.slack.dms("bob")[-3]
    assert "aws sso login" in active.text
    assert "aws sso login" in active.words()


@pytest.mark.parametrize("duration", ["10m", "5m"])
def test_access_no_longer_than_the_reminder_is_not_reminded_of(world: World, duration: str) -> None:
    world.active(Duration=duration)

    world.passes(hours=1)

    assert left(world) == []


def test_how_long_before_is_for_the_policies_to_say(world: World) -> None:
    world.policies(BY_DEFAULT.replace("settings:", "settings:\n  reminder: 20m"))
    world.active(Duration="1h")

    world.passes(minutes=40)

    assert left(world)[0].startswith("Reminder: 20 min left")


def test_access_that_ended_before_is_not_reminded_of(world: World) -> None:
    request = world.active(Duration="1h")
    world.decides("eve", request, "Revoke", "the incident is over")

    world.passes(hours=1)

    assert left(world) == []
    assert world.request(request).remind_at is None


def test_bob_is_reminded_once(world: World) -> None:
    request = world.active(Duration="1h")
    world.clock.passes(minutes=52)
    due = world.request(request)

    for _ in range(2):
        world.jobs.reminding._remind(due)
    world.passes(minutes=5)

    (told,) = left(world)
    assert told.startswith("Reminder: 8 min left")


def test_a_process_that_was_down_beyond_the_end_reminds_nobody_of_it(world: World) -> None:
    request = world.active(Duration="1h")
    world.clock.passes(hours=1)

    world.passes(minutes=1)

    assert left(world) == []
    assert world.state(request) is State.ENDED


def test_a_reminder_that_reaches_slack_after_the_end_is_not_told(world: World) -> None:
    request = world.active(Duration="1h")
    world.slack.faults.add("*", DROP, times=None)
    world.passes(minutes=55)

    world.clock.passes(minutes=6)
    world.slack.faults.clear()
    world.passes(minutes=2)

    assert left(world) == []
    assert world.state(request) is State.ENDED
    told = world.slack.dms("bob")
    assert first_words([message.text for message in told])[-2:] == ["Active", "Ended"]
    assert "aws sso login" in told[-2].text
    assert [message.buttons() for message in told if message.buttons()] == [
        ["Request Again", "Show Activity"]
    ]


def test_a_reminder_that_slack_takes_late_says_how_long_is_left_by_then(world: World) -> None:
    world.active(Duration="1h")
    world.slack.faults.add("*", DROP, times=None, matches=lambda args: "blocks" in args)
    world.passes(minutes=55)

    world.slack.faults.clear()
    world.passes(minutes=1)

    (told,) = left(world)
    assert told.startswith(("Reminder: 5 min left", "Reminder: 4 min left"))


def test_access_that_was_there_before_is_not_said_to_be_taken_away(world: World) -> None:
    world.company.assign("bob", "data-sandbox", "PowerUserAccess")
    bob = world.opens("bob")
    bob.fill({"Access": SANDBOX, "Justification": "trying something"})
    bob.submit()
    bob.submit()

    world.passes(minutes=51)

    (told,) = left(world)
    assert "The access was there before, and stays." in told
    assert "taken away" not in told


def test_access_that_another_request_holds_for_longer_is_said_to_stay(world: World) -> None:
    world.active(access=SANDBOX, Duration="1h")
    longer = world.active(access=SANDBOX, Duration="3h")

    world.passes(minutes=51)

    (told,) = left(world)
    assert f"request {longer} holds it as well" in told
    assert "taken away" not in told


def test_access_that_another_request_holds_no_longer_is_said_to_be_taken_away(
    world: World,
) -> None:
    world.active(access=SANDBOX, Duration="1h")
    shorter = world.active(access=SANDBOX, Duration="55m")

    world.passes(minutes=51)

    *_, told = left(world)
    assert world.state(shorter) is State.ACTIVE
    assert "taken away" in told
    assert "holds it as well" not in told
