"""Who decides on a request, and what everybody hears of it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from grants.model import Ballot, RequestId, State
from tests.policy_files import DEVELOPMENT, PRODUCTION, a_policy_file, approves, may
from tests.standins.aws import Kind
from tests.standins.slack import Message
from tests.world import APPROVALS, POLICIES, World

PROD = "payments-prod · AdministratorAccess"
COMMENTED = POLICIES.replace("decision_comment: false", "decision_comment: true")


def refusals(world: World, request: RequestId | None = None) -> int:
    return world.journal(request).count("refusal")


def looks(card: Message) -> tuple[str, list[str], int]:
    """What anybody would notice of a change."""
    return card.words(), card.buttons(), len(card.history)


# The decision and who hears of it


def test_one_click_approves_and_bob_and_the_other_approvers_are_told(world: World) -> None:
    request = world.asks("bob", PROD)

    world["eve"].click(world.card(request), "Approve")
    world.rounds()

    assert world.request(request).decided_by == "Eve Approver"
    assert world.thread(request)[1].startswith("Approved by Eve Approver")
    assert "Approved by Eve Approver" in world.card(request).words()
    assert any("Approved by Eve Approver" in told for told in world.told("bob"))


def test_groups_are_read_while_it_is_looked_up_who_approves(world: World) -> None:
    world.opens("eve")  # from then on it is known which user she is
    request = world.asks("bob", PROD)
    who = world.aws.faults.add("DescribeUser", Kind.STALL, times=None)
    before = world.aws.calls.count("IsMemberInGroups")

    with ThreadPoolExecutor() as threads:
        pressing = threads.submit(world["eve"].click, world.card(request), "Approve")
        assert who.reached.wait(30)
        asked_meanwhile = world.slack.wait_until(
            lambda: world.aws.calls.count("IsMemberInGroups") == before + 2, within=1
        )
        who.release()
        pressing.result()

    assert asked_meanwhile


def test_identity_center_is_asked_for_whoever_approves_while_slack_is(world: World) -> None:
    world.opens("eve")
    request = world.asks("bob", PROD)
    before, asked_meanwhile = world.aws.calls.count("DescribeUser"), list[bool]()

    def while_slack_is_asked(_: object) -> bool:
        asked_meanwhile.append(
            world.slack.wait_until(
                lambda: world.aws.calls.count("DescribeUser") > before, within=10
            )
        )
        return False

    world.slack.faults.add("users.info", "none", matches=while_slack_is_asked)
    world["eve"].click(world.card(request), "Approve")

    assert asked_meanwhile[0]
    assert world.state(request) is State.SCHEDULED


def eve_approves(
    world: World, request: RequestId, *, while_slack_is_asked: Callable[[], object]
) -> None:
    """What she decides on was read by then; who she is is not known yet."""
    eve, left = world.slack.user("eve").id, [while_slack_is_asked]

    def meanwhile(asked: dict[str, object]) -> bool:
        if asked.get("user") == eve and left:
            left.pop()()
        return False

    world.slack.faults.add("users.info", "none", matches=meanwhile)
    world["eve"].click(world.card(request), "Approve")
    assert not left


def test_who_is_looked_up_while_somebody_else_decides_hears_who_did(world: World) -> None:
    world.opens("eve")
    request, front = world.asks("bob", PROD), world.bot.front
    world.opens("dan")
    dan = front.people.lately({"user": {"id": world.slack.user("dan").id}})
    assert dan is not None

    eve_approves(
        world,
        request,
        while_slack_is_asked=lambda: front.review.vote(dan, request, Ballot.REJECT, "Not today."),
    )

    assert world.state(request) is State.REJECTED
    assert "it was rejected by Dan Approver" in world.whispers("eve")[-1]


def test_who_is_looked_up_while_the_policies_change_decides_nothing_by_the_old_ones(
    world: World,
) -> None:
    world.opens("eve")
    request = world.asks("bob", PROD)

    others = a_policy_file(may("AdministratorAccess"), approval=[approves("elevate-auditors")])
    eve_approves(world, request, while_slack_is_asked=lambda: world.policies(others))

    assert world.state(request) is State.PENDING
    assert "vote" not in world.journal(request)


def test_who_is_looked_up_while_the_account_comes_to_others_decides_nothing(world: World) -> None:
    world.policies(
        a_policy_file(
            may("AdministratorAccess"),
            approval=[
                approves("production-approvers", ous=[PRODUCTION]),
                approves("elevate-auditors", ous=[DEVELOPMENT]),
            ],
        )
    )
    world.opens("eve")
    request = world.asks("bob", PROD)

    def moves() -> None:
        world.company.move_account("payments-prod", "Development")
        world.refresher.refresh()

    eve_approves(world, request, while_slack_is_asked=moves)

    assert world.state(request) is State.PENDING
    assert "vote" not in world.journal(request)


def test_a_rejection_tells_bob_why_and_aws_is_never_called(world: World) -> None:
    request = world.asks("bob", PROD)

    world.decides("eve", request, "Reject", "Use the read-only role, please.")
    world.passes(hours=4)

    assert world.state(request) is State.REJECTED
    assert "Rejected by Eve Approver" in world.told("bob")[-1]
    assert "Use the read-only role, please." in world.told("bob")[-1]
    assert world.thread(request)[-1].startswith("Rejected by Eve Approver")
    assert world.card(request).buttons() == []
    assert world.aws.calls.count("CreateAccountAssignment") == 0


def test_a_rejection_needs_no_comment_where_none_is_required(world: World) -> None:
    request = world.asks("bob", PROD)
    world["eve"].click(world.card(request), "Reject")

    outcome = world["eve"].submit()

    assert outcome.closed
    assert world.state(request) is State.REJECTED


# The comment


@pytest.mark.parametrize("label", ["Approve", "Reject"])
def test_where_a_comment_is_required_none_is_refused_beside_the_field(
    world: World, label: str
) -> None:
    world.policies(COMMENTED)
    request = world.asks("bob", PROD)
    world["eve"].click(world.card(request), label)

    for nothing in (None, " \n\t ", "\u200b"):
        world["eve"].fill(Comment=nothing)
        outcome = world["eve"].submit()

        assert (outcome.kind, list(outcome.errors)) == ("errors", ["Comment"])
        assert "required" in outcome.errors["Comment"]
    assert (world.state(request), refusals(world)) == (State.PENDING, 0)


@pytest.mark.parametrize(
    ("label", "state", "word"),
    [("Approve", State.SCHEDULED, "Approved"), ("Reject", State.REJECTED, "Rejected")],
)
def test_a_comment_that_is_required_is_shown_in_the_thread(
    world: World, label: str, state: State, word: str
) -> None:
    world.policies(COMMENTED)
    request = world.asks("bob", PROD)
    world["eve"].click(world.card(request), label)
    world["eve"].fill(Comment="Seen with <!channel> & *dan*")

    outcome = world["eve"].submit()

    assert (outcome.kind, world.state(request)) == ("closed", state)
    world.rounds()
    line = next(line for line in world.thread(request) if line.startswith(word))
    assert "Seen with &lt;!channel&gt; &amp; *dan*" in line


# Never oneself


def with_bob_as_an_approver(world: World) -> RequestId:
    world.company.add_member("production-approvers", "bob")
    return world.asks("bob", PROD)


@pytest.mark.parametrize("label", ["Approve", "Reject"])
def test_nobody_decides_on_their_own_request(world: World, label: str) -> None:
    request = with_bob_as_an_approver(world)

    world["bob"].click(world.card(request), label)

    assert world.state(request) is State.PENDING
    assert world["bob"].view() is None
    assert "your own request" in world.whispers("bob")[-1]
    assert refusals(world, request) == 1


def test_a_second_slack_account_with_the_address_in_another_case_is_still_oneself(
    world: World,
) -> None:
    request = with_bob_as_an_approver(world)
    world.slack.workspace.add_user("bobby", id="UBOBBY", email="BOB@Example.COM")
    world.slack.channel(APPROVALS).members.add("UBOBBY")

    world["bobby"].click(world.card(request), "Approve")

    assert world.state(request) is State.PENDING
    assert "your own request" in world.whispers("bobby")[-1]


def test_nobody_completes_their_own_request_after_another_has_voted(world: World) -> None:
    world.policies(POLICIES + "    approvals: 2\n")
    request = with_bob_as_an_approver(world)
    world.decides("eve", request, "Approve")

    world["bob"].click(world.card(request), "Approve")

    assert world.state(request) is State.PENDING
    assert world.journal(request).count("vote") == 1


# Nobody else


@pytest.mark.parametrize("label", ["Approve", "Reject"])
def test_mallory_alone_sees_why_not_and_the_card_stays_as_it_is(world: World, label: str) -> None:
    request = world.asks("bob", PROD)
    before = looks(world.card(request))

    world["mallory"].click(world.card(request), label)
    world.rounds()

    (whisper,) = world.whispers("mallory")
    assert "You may not decide on this request" in whisper
    assert [world.whispers(name) for name in ("bob", "eve", "dan")] == [[], [], []]
    assert world["mallory"].view() is None
    assert looks(world.card(request)) == before
    assert (world.state(request), len(world.thread(request))) == (State.PENDING, 1)


def test_an_attempt_is_recorded_once_a_minute_however_often_it_is_made(world: World) -> None:
    request = world.asks("bob", PROD)
    for _ in range(3):
        world["mallory"].click(world.card(request), "Approve")
    assert refusals(world, request) == 1

    world.passes(seconds=61)
    world["mallory"].click(world.card(request), "Approve")

    assert (refusals(world, request), refusals(world)) == (2, 2)
    world.verify()


def test_a_requester_who_may_no_longer_ask_is_not_approved_but_can_be_rejected(
    world: World,
) -> None:
    request = world.asks("bob", PROD)
    world.company.remove_member("engineers", "bob")

    world["eve"].click(world.card(request), "Approve")

    assert "may no longer ask" in world.whispers("eve")[-1]
    assert world.state(request) is State.PENDING
    world.decides("eve", request, "Reject", "You left the team.")
    assert world.state(request) is State.REJECTED


# As things stand now


def test_who_left_the_group_meanwhile_is_refused(world: World) -> None:
    request = world.asks("bob", PROD)
    world.company.remove_member("production-approvers", "eve")

    world["eve"].click(world.card(request), "Approve")

    assert (world.state(request), refusals(world, request)) == (State.PENDING, 1)
    assert "You may not decide" in world.whispers("eve")[-1]


def test_who_was_disabled_meanwhile_is_refused(world: World) -> None:
    request = world.asks("bob", PROD)
    world.company.disable_user("eve")

    world["eve"].click(world.card(request), "Approve")

    assert (world.state(request), refusals(world)) == (State.PENDING, 1)
    assert "disabled" in world.whispers("eve")[-1]


def test_who_leaves_the_group_with_the_form_open_is_refused_in_the_form(world: World) -> None:
    world.policies(COMMENTED)
    request = world.asks("bob", PROD)
    world["eve"].click(world.card(request), "Approve")
    world["eve"].fill(Comment="Fine.")
    world.company.remove_member("production-approvers", "eve")

    outcome = world["eve"].submit()

    assert "You may not decide" in outcome.errors["Comment"]
    assert (world.state(request), refusals(world, request)) == (State.PENDING, 1)


def test_who_joined_the_group_meanwhile_counts(world: World) -> None:
    request = world.asks("bob", PROD)
    world.company.add_member("production-approvers", "mallory")

    world["mallory"].click(world.card(request), "Approve")

    assert world.request(request).decided_by == "Mallory Stranger"


def test_an_approver_whom_the_policies_no_longer_name_is_refused(world: World) -> None:
    request = world.asks("bob", PROD)
    world.policies(POLICIES.replace("groups: [production-approvers]", "users: [dan]"))

    world["eve"].click(world.card(request), "Approve")

    assert world.state(request) is State.PENDING
    world["dan"].click(world.card(request), "Approve")
    assert world.request(request).decided_by == "Dan Approver"
