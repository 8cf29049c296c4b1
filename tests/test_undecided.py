"""What ends a request that nobody decided on, and what needs no decision at all."""

import pytest

from grants.model import RequestId, State
from tests.standins.slack import Message, tamper
from tests.world import APPROVALS, DEFAULT, POLICIES, World

PROD = "payments-prod · AdministratorAccess"
SANDBOX = "data-sandbox · PowerUserAccess"
NONE_NEEDED = POLICIES.replace("max_duration: 4h", "max_duration: 4h\n    approval: none")
OFF = POLICIES.replace("settings:", "settings:\n  approval: off")
SHORT = POLICIES.replace("settings:", "settings:\n  pending_expiry: 30m")
UNAPPROVED = """
  - name: the same without approval
    who: {users: [bob]}
    accounts: ["333344445555"]
    permission_sets: [AdministratorAccess]
    approval: none
approval:"""


def cancelling(world: World, who: str = "bob") -> Message:
    """The message that has the button."""
    return next(
        message for message in world.slack.dms(who) if "Cancel Request" in message.buttons()
    )


def too_late(world: World, request: RequestId) -> str:
    """What eve hears when she approves the card as it was while the request was pending."""
    card = world.card(request)
    world["eve"].click(next(old for old in [*card.history, card] if old.buttons()), "Approve")
    return world.whispers("eve")[-1]


# Nobody decides


def test_after_three_hours_without_a_decision_it_expires_and_everybody_is_told(
    world: World,
) -> None:
    request = world.asks("bob", PROD)
    world.passes(hours=2, minutes=59)
    assert world.state(request) is State.PENDING

    world.passes(minutes=1)

    assert world.state(request) is State.EXPIRED
    assert world.card(request).buttons() == []
    assert "Expired" in world.card(request).words()
    assert world.thread(request)[-1].startswith("Expired")
    assert world.told("bob")[-1].startswith("Expired")
    assert all("Cancel Request" not in message.buttons() for message in world.slack.dms("bob"))


def test_a_changed_expiry_concerns_new_requests_only(world: World) -> None:
    before = world.asks("bob", PROD)
    world.policies(SHORT)
    after = world.asks("bob", PROD)

    world.passes(minutes=31)

    assert (world.state(before), world.state(after)) == (State.PENDING, State.EXPIRED)
    world.passes(hours=3)
    assert world.state(before) is State.EXPIRED


def test_an_approval_after_the_expiry_is_refused_even_before_it_was_written_down(
    world: World,
) -> None:
    request = world.asks("bob", PROD)
    world.clock.passes(hours=3)

    said = too_late(world, request)

    assert "it expired, because nobody decided until 2026-11-02 15:00" in said
    assert world.journal(request).count("vote") == 0


def test_an_approval_after_the_expiry_is_refused_with_what_happened(world: World) -> None:
    request = world.asks("bob", PROD)
    world.passes(hours=4)

    said = too_late(world, request)

    assert "it expired, because nobody decided until 2026-11-02 15:00" in said
    assert world.state(request) is State.EXPIRED


# Taken back


def test_bob_cancels_while_it_is_pending_and_the_approvers_are_told(world: World) -> None:
    request = world.asks("bob", PROD)

    world["bob"].click(cancelling(world), "Cancel Request")
    world.rounds()

    assert world.state(request) is State.CANCELLED
    assert world.card(request).buttons() == []
    assert world.thread(request)[-1].startswith("Cancelled by Bob Requester")
    assert all("Cancel Request" not in message.buttons() for message in world.slack.dms("bob"))
    assert "it was cancelled by Bob Requester" in too_late(world, request)
    assert world.state(request) is State.CANCELLED


@pytest.mark.parametrize("who", ["mallory", "eve", "ada"])
def test_nobody_else_cancels_it(world: World, who: str) -> None:
    request = world.asks("bob", PROD)
    forged = world[who].tampering(tamper.action_id("cancel_request"))

    forged.click(world.card(request), "Approve")

    assert world.state(request) is State.PENDING
    assert "Only whoever made this request" in world.whispers(who)[-1]
    assert world.journal(request).count("refusal") == 1


@pytest.mark.parametrize(
    ("label", "happened"),
    [
        ("Approve", "it is scheduled already; it was approved by Eve Approver"),
        ("Reject", "it was rejected by Eve Approver"),
    ],
)
def test_after_a_decision_it_is_cancelled_no_more(world: World, label: str, happened: str) -> None:
    request = world.asks("bob", PROD, Start=world.clock().replace(hour=18))
    button = cancelling(world).snapshot()
    world.decides("eve", request, label)

    world["bob"].click(button, "Cancel Request")

    assert happened in world.told("bob")[-1]
    assert world.journal(request).count("request.cancel") == 0


def test_after_the_expiry_it_is_cancelled_no_more_even_before_it_was_written_down(
    world: World,
) -> None:
    request = world.asks("bob", PROD)
    world.clock.passes(hours=3)

    world["bob"].click(cancelling(world), "Cancel Request")

    assert "it expired, because nobody decided" in world.told("bob")[-1]
    assert world.journal(request).count("request.cancel") == 0


def test_an_approval_after_another_decision_is_refused_with_who_was_faster(world: World) -> None:
    request = world.asks("bob", PROD)
    world.decides("dan", request, "Reject", "Not today.")

    assert "it was rejected by Dan Approver, 2026-11-02 12:00" in too_late(world, request)
    assert world.state(request) is State.REJECTED


# Nobody has to decide


@pytest.mark.parametrize(
    ("policies", "access", "channel"),
    [
        pytest.param(OFF, PROD, APPROVALS, id="switched off"),
        pytest.param(POLICIES, SANDBOX, DEFAULT, id="every policy says none"),
        pytest.param(
            NONE_NEEDED, PROD, APPROVALS, id="every policy says none, approvers read along"
        ),
    ],
)
def test_without_approval_it_goes_straight_to_its_start_and_the_channel_reads_of_it(
    world: World, policies: str, access: str, channel: str
) -> None:
    world.policies(policies)

    request = world.asks("bob", access)
    world.passes(seconds=3)

    card = world.card(request)
    drawn = [button for each in [*card.history, card] for button in each.buttons()]
    assert world.state(request) is State.ACTIVE
    assert card.channel == channel
    assert set(drawn) == {"Revoke", "Show Activity"}
    assert world.thread(request)[0].startswith("Requested")
    assert "Nobody has to agree." in world.thread(request)[0]
    assert "vote" not in world.journal(request)


def test_one_matching_policy_with_approval_is_enough_for_it_to_be_needed(world: World) -> None:
    world.policies(POLICIES.replace("\napproval:", UNAPPROVED))

    request = world.asks("bob", PROD)
    world.passes(seconds=3)

    assert world.state(request) is State.PENDING
    assert world.card(request).buttons() == ["Approve", "Reject"]


def test_approval_switched_off_later_leaves_an_older_request_to_its_approvers(
    world: World,
) -> None:
    request = world.asks("bob", PROD)
    world.policies(OFF)
    world.passes(minutes=1)
    assert world.state(request) is State.PENDING

    world.decides("eve", request, "Approve")
    world.passes(seconds=3)

    assert world.state(request) is State.ACTIVE
