"""A channel that cannot be told is given up: others still hear, approvers are asked, admins know."""

from collections.abc import Callable

import pytest

from grants.model import RequestId, State
from tests.lives import AUDITED, LIVES, PROD, ended, first_words, top
from tests.standins.aws import Kind
from tests.standins.slack import Message
from tests.world import APPROVALS, AUDIT, DEFAULT, World

TWICE = f"""
  - name: production, seen by everybody
    ous: [{{id: ou-ab12-33333333, nested: true}}]
    approvers: {{groups: [production-approvers]}}
    channel: {DEFAULT}
"""


def archived(world: World, channel: str) -> None:
    world.slack.channel(channel).is_archived = True


def shared(world: World, channel: str) -> None:
    world.slack.channel(channel).is_ext_shared = True


def about_to_be_shared(world: World, channel: str) -> None:
    world.slack.channel(channel).is_pending_ext_shared = True


def without_the_bot(world: World, channel: str) -> None:
    world.slack.channel(channel).members.discard(world.slack.workspace.bot_user)


def private_without_the_bot(world: World, channel: str) -> None:
    world.slack.channel(channel).is_private = True
    without_the_bot(world, channel)


def deleted(world: World, channel: str) -> None:
    del world.slack.workspace.channels[channel]


TROUBLES: dict[Callable[[World, str], None], str] = {
    archived: "is_archived",
    shared: "is_ext_shared",
    about_to_be_shared: "is_ext_shared",
    without_the_bot: "not_in_channel",
    private_without_the_bot: "channel_not_found",
    deleted: "channel_not_found",
}


@pytest.fixture
def world(world: World) -> World:
    """With an audit channel."""
    world.policies(AUDITED)
    return world


@pytest.fixture(params=TROUBLES, ids=lambda trouble: trouble.__name__)
def trouble(request: pytest.FixtureRequest) -> Callable[[World, str], None]:
    chosen: Callable[[World, str], None] = request.param
    return chosen


def test_approvers_are_asked_directly_where_their_channel_is_no_use(
    world: World, trouble: Callable[[World, str], None]
) -> None:
    trouble(world, APPROVALS)

    request = world.asks("bob", PROD)

    assert [asked(world, who).buttons() for who in ("eve", "dan")] == [["Approve", "Reject"]] * 2
    assert {card.channel for card in world.cards(request)} == {
        world.slack.dm(who).id for who in ("eve", "dan")
    }
    (alarm,) = top(world, AUDIT)
    assert alarm.text.startswith("Alarm:")
    assert all(word in alarm.text for word in (request, APPROVALS, TROUBLES[trouble]))


def test_a_request_lives_on_in_the_approvers_direct_messages(world: World) -> None:
    archived(world, APPROVALS)
    request = world.asks("bob", PROD, Justification="x" * 600)

    world["eve"].click(asked(world, "eve"), "Approve")
    world.passes(hours=1, seconds=10)

    assert world.state(request) is State.ENDED
    for who in ("eve", "dan"):
        assert first_words(lines(world, asked(world, who))) == LIVES[ended][0]
        assert asked(world, who).buttons() == ["Show Activity"]
        assert "x" * 600 in world.slack.thread(asked(world, who))[0].words().replace("\n", "")
    assert len(world.told("bob")) == len(LIVES[ended][1])
    assert first_words([line.text for line in top(world, AUDIT)]) == [
        "Alarm", *LIVES[ended][2],
    ]  # fmt: skip


def test_another_channel_is_enough(world: World, trouble: Callable[[World, str], None]) -> None:
    world.policies(AUDITED + TWICE)
    trouble(world, APPROVALS)

    request = world.asks("bob", PROD)

    (card,) = world.cards(request)
    assert card.channel == DEFAULT
    assert (world.told("eve"), world.told("dan")) == ([], [])
    assert len(top(world, AUDIT)) == 1


def test_when_both_channels_are_dead_each_approver_is_asked_once(world: World) -> None:
    world.policies(AUDITED + TWICE)
    archived(world, APPROVALS)
    archived(world, DEFAULT)
    world.slack.channel("audit").members.update({"UBOB"})

    request = ask_in(world, "audit")

    assert len(world.cards(request)) == 2
    assert [len(world.told(who)) for who in ("eve", "dan")] == [1, 1]
    assert len(top(world, AUDIT)) == 2


def test_who_could_not_be_asked_because_aws_was_busy_is_asked_later(world: World) -> None:
    archived(world, APPROVALS)
    world.slack.faults.add(
        "conversations.info",
        "internal_error",
        matches=lambda args: args.get("channel") == APPROVALS,
    )
    request = world.asks("bob", PROD)
    world.aws.faults.add("ListGroupMemberships", Kind.HTTP500, times=None)
    world.passes(seconds=30)
    assert world.told("eve") == []

    world.aws.faults.clear()
    world.passes(minutes=3)

    assert [asked(world, who).buttons() for who in ("eve", "dan")] == [["Approve", "Reject"]] * 2
    assert len(world.cards(request)) == 2
    assert len(top(world, AUDIT)) == 1


def test_an_approver_whom_slack_does_not_know_keeps_no_other_from_being_asked(
    world: World,
) -> None:
    archived(world, APPROVALS)
    world.slack.user("dan").deleted = True

    world.asks("bob", PROD)

    assert asked(world, "eve").buttons() == ["Approve", "Reject"]
    assert world.told("dan") == []


def test_where_no_channel_is_named_approvers_are_asked_directly(world: World) -> None:
    world.policies(without_channels())

    request = world.asks("bob", PROD)
    world["dan"].click(asked(world, "dan"), "Approve")
    world.passes(seconds=5)

    assert world.state(request) is State.ACTIVE
    assert [asked(world, who).buttons() for who in ("eve", "dan")] == [
        ["Revoke", "Show Activity"]
    ] * 2
    assert first_words(lines(world, asked(world, "eve")))[-1] == "Active"


def test_a_channel_that_dies_while_access_is_held_is_told_of_in_the_audit_channel(
    world: World,
) -> None:
    request = world.active()
    archived(world, APPROVALS)

    world.passes(hours=1, seconds=10)

    assert world.state(request) is State.ENDED
    assert not world.has_access("bob", "payments-prod", "AdministratorAccess")
    assert world.told("bob")[-1].startswith("Ended:")
    alarms = [line.text for line in top(world, AUDIT) if line.text.startswith("Alarm")]
    assert len(alarms) == 1


def test_a_dead_audit_channel_keeps_nothing_waiting(world: World) -> None:
    archived(world, AUDIT)

    request = world.active()
    world.passes(hours=1, seconds=10)

    assert first_words(world.thread(request)) == LIVES[ended][0]
    assert world.told("bob")[-1].startswith("Ended:")


def test_an_alarm_that_no_channel_takes_goes_to_no_guest_who_has_the_address(world: World) -> None:
    for channel in (APPROVALS, DEFAULT, AUDIT):
        archived(world, channel)
    del world.slack.workspace.users["UADA"]
    other = world.slack.workspace.add_user("other", email="ada@example.com")
    other.is_restricted = True

    world.asks("bob", PROD)
    world.passes(minutes=1)

    assert any("alarm" in event for event in world.journal())
    assert world.slack.dms("other") == []


def test_a_card_that_somebody_deleted_keeps_nothing_waiting(world: World) -> None:
    request = world.asks("bob", PROD)
    card = world.card(request)
    world["eve"].click(card, "Approve")
    world.slack.channel(APPROVALS).everything.remove(card)

    world.passes(hours=1, seconds=10)

    assert world.state(request) is State.ENDED
    assert len(world.told("bob")) == len(LIVES[ended][1])
    assert [line.text for line in top(world, AUDIT) if line.text.startswith("Alarm")] == []


def test_a_deleted_direct_message_keeps_nothing_waiting(world: World) -> None:
    request = world.asks("bob", PROD)
    world.slack.dm("bob").everything.clear()

    world.decides("eve", request, "Approve")
    world.passes(hours=1, seconds=10)

    assert len(world.told("bob")) == len(LIVES[ended][1]) - 1


def test_somebody_who_switched_the_messages_tab_off_hears_nothing_and_gets_access(
    world: World,
) -> None:
    world.slack.messages_tab = False

    request = world.active()

    assert first_words(world.thread(request))[-1] == "Active"


# Reading


def without_channels() -> str:
    lines = AUDITED.splitlines(keepends=True)
    return "".join(line for line in lines if "channel: C" not in line or "audit" in line)


def asked(world: World, who: str) -> Message:
    """The card in an approver's direct messages."""
    (card,) = world.slack.dms(who)
    return card


def lines(world: World, card: Message) -> list[str]:
    return [line.text for line in world.slack.thread(card)]


def ask_in(world: World, channel: str) -> RequestId:
    """Where the usual channel takes no commands."""
    bob = world["bob"]
    bob.command("", channel)
    bob.fill({"Access": PROD, "Justification": "the disk is full"})
    assert bob.submit().closed
    world.rounds()
    (request,) = world.requests()
    return request.id


def test_however_many_requests_a_channel_is_told_of_as_lost_once(world: World) -> None:
    archived(world, APPROVALS)
    for _ in range(3):
        world.asks("bob", PROD)

    alarms = [line.text for line in top(world, AUDIT) if line.text.startswith("Alarm:")]

    assert len(alarms) == 1
    assert "of this or of other requests" in alarms[0]


def test_a_channel_that_is_lost_again_is_told_again(world: World) -> None:
    archived(world, APPROVALS)
    world.asks("bob", PROD)
    world.slack.channel(APPROVALS).is_archived = False
    world.asks("bob", PROD)
    archived(world, APPROVALS)

    world.asks("bob", PROD)

    alarms = [line.text for line in top(world, AUDIT) if line.text.startswith("Alarm:")]
    assert len(alarms) == 2
