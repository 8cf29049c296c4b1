"""Where several must agree: how many, of whom, and what is still missing."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from bot.assemble import bindings
from grants.model import RequestId, SlackUserId, State
from grants.people import operator
from tests.meeting import meeting
from tests.soundness import sound
from tests.verifying import verdict
from tests.world import APPROVALS, DEFAULT, POLICIES, World

PROD = "payments-prod · AdministratorAccess"
TWO = POLICIES + "    approvals: 2\n"
OWNERS = """
  - name: owners
    accounts: ["333344445555"]
    approvers: {groups: [payments-owners]}
"""
REQUIRED = POLICIES + OWNERS + "    required: true\n"
TWO_OWNERS = POLICIES + OWNERS + "    approvals: 2\n"


@pytest.fixture(autouse=True)
def _sound(world: World) -> Iterator[None]:
    yield
    sound(world)


@pytest.fixture
def owners(world: World) -> World:
    """ada and aud own the payments accounts; eve and dan approve in production."""
    world.company.add_group("payments-owners")
    for name in ("ada", "aud"):
        world.company.add_member("payments-owners", name)
    return world


def approves(world: World, who: str, request: RequestId) -> None:
    """On whichever copy of the card they come by first."""
    world[who].click(world.cards(request)[0], "Approve")
    world.rounds()


def shown(world: World, request: RequestId) -> str:
    """Every copy says the same."""
    (words,) = {card.words() for card in world.cards(request)}
    return words


# Two of them


def test_the_first_of_two_approvals_leaves_it_pending_and_the_card_says_so(world: World) -> None:
    world.policies(TWO)
    request = world.asks("bob", PROD)
    assert "0 of 2 so far" in shown(world, request)
    assert "It waits for 2 of these" in world.told("bob")[-1]

    approves(world, "eve", request)

    assert world.state(request) is State.PENDING
    assert world.card(request).buttons() == ["Approve", "Reject"]
    assert "1 of 2 so far: Eve Approver" in shown(world, request)
    assert world.thread(request)[-1] == "1 of 2: Eve Approver agrees."


def test_two_different_people_grant_it_and_both_are_named(world: World) -> None:
    world.policies(TWO)
    request = world.asks("bob", PROD)

    approves(world, "eve", request)
    approves(world, "dan", request)
    world.passes(seconds=3)

    assert world.state(request) is State.ACTIVE
    assert "Approved by Eve Approver and Dan Approver" in shown(world, request)
    assert any("Approved by Eve Approver and Dan Approver" in told for told in world.told("bob"))
    assert world.journal(request).count("vote") == 2


def test_two_who_were_here_before_grant_it_too(world: World) -> None:
    world.policies(TWO)
    for who in ("eve", "dan"):  # Of whom it is known who they are, more is read ahead.
        world[who].command("", DEFAULT)
    request = world.asks("bob", PROD)

    approves(world, "eve", request)
    approves(world, "dan", request)

    assert world.request(request).decided_by == "Dan Approver"
    assert "Approved by Eve Approver and Dan Approver" in shown(world, request)


def test_who_agreed_before_fewer_were_enough_presses_again_and_it_is_granted(world: World) -> None:
    world.policies(TWO)
    request = world.asks("bob", PROD)
    approves(world, "eve", request)
    world.policies(POLICIES)

    approves(world, "eve", request)

    assert world.request(request).decided_by == "Eve Approver"
    assert world.journal().count("vote") == 1


def test_one_person_twice_is_one_person(world: World) -> None:
    world.policies(TWO)
    request = world.asks("bob", PROD)

    approves(world, "eve", request)
    approves(world, "eve", request)

    assert world.state(request) is State.PENDING
    assert "your first vote counts" in world.whispers("eve")[-1]


@pytest.mark.parametrize("before", [[], ["eve"]])
def test_one_rejection_rejects(world: World, before: list[str]) -> None:
    world.policies(TWO)
    request = world.asks("bob", PROD)
    for name in before:
        approves(world, name, request)

    world.decides("dan", request, "Reject", "Not today.")

    assert world.state(request) is State.REJECTED
    assert "Rejected by Dan Approver" in shown(world, request)


def test_a_comment_of_each_is_shown(world: World) -> None:
    world.policies(TWO.replace("decision_comment: false", "decision_comment: true"))
    request = world.asks("bob", PROD)

    world.decides("eve", request, "Approve", "Seen the ticket.")
    world.decides("dan", request, "Approve", "So have I.")

    assert world.state(request) is not State.PENDING
    assert "1 of 2: Eve Approver agrees. Seen the ticket." in world.thread(request)
    assert "Eve Approver says" in shown(world, request)
    assert "So have I." in shown(world, request)


# Who counts


def test_a_vote_of_somebody_who_left_meanwhile_does_not_count(world: World) -> None:
    world.policies(TWO)
    world.company.add_member("production-approvers", "aud")
    request = world.asks("bob", PROD)
    approves(world, "eve", request)

    world.company.remove_member("production-approvers", "eve")
    approves(world, "dan", request)

    assert world.state(request) is State.PENDING
    assert "1 of 2 so far: Dan Approver" in shown(world, request)
    approves(world, "aud", request)
    assert world.state(request) is not State.PENDING
    assert "Approved by Dan Approver and Aud Auditor" in shown(world, request)


@pytest.mark.parametrize("gone", ["disable_user", "remove_user"])
def test_a_vote_of_somebody_who_is_no_longer_there_does_not_count(world: World, gone: str) -> None:
    world.policies(TWO.replace("groups: [production-approvers]", "users: [eve, dan, aud]"))
    request = world.asks("bob", PROD)
    approves(world, "eve", request)

    getattr(world.company, gone)("eve")
    approves(world, "dan", request)

    assert world.state(request) is State.PENDING
    assert "1 of 2 so far: Dan Approver" in shown(world, request)
    approves(world, "aud", request)
    assert world.state(request) is not State.PENDING


def test_a_vote_by_a_slack_user_that_is_theirs_no_more_does_not_count(world: World) -> None:
    world.policies(TWO)
    world.company.add_member("production-approvers", "aud")
    request = world.asks("bob", PROD)
    approves(world, "eve", request)

    bound = bindings(world.settings, world.storage, world.ports)
    bound.unlink(SlackUserId(world["eve"].id), by=operator("root@host"))
    approves(world, "dan", request)

    assert world.state(request) is State.PENDING
    assert "1 of 2 so far: Dan Approver" in shown(world, request)
    approves(world, "aud", request)
    assert world.state(request) is not State.PENDING


@pytest.mark.parametrize("label", ["Approve", "Reject"])
def test_who_has_another_slack_user_by_now_decides_anew(world: World, label: str) -> None:
    world.policies(TWO)
    request = world.asks("bob", PROD)
    approves(world, "eve", request)
    bound = bindings(world.settings, world.storage, world.ports)
    bound.unlink(SlackUserId(world["eve"].id), by=operator("root@host"))
    world.slack.workspace.add_user("eve2", id="UEVETWO", email="eve@example.com")
    world.slack.channel(APPROVALS).members.add("UEVETWO")

    approves(world, "dan", request)
    world.decides("eve2", request, label, "Not this time.")
    world.passes(seconds=3)

    assert world.state(request) is (State.ACTIVE if label == "Approve" else State.REJECTED)
    assert world.journal(request).count("vote") == 3
    assert "The thread says what the journal says" in verdict(world, request)


def test_who_is_unlinked_while_they_press_has_not_voted(world: World) -> None:
    request = world.asks("bob", PROD)
    bound = bindings(world.settings, world.storage, world.ports)
    eve = SlackUserId(world["eve"].id)

    def unlinked() -> None:
        bound.unlink(eve, by=operator("root@host"))

    world.in_time = lambda: unlinked
    for label in ("Approve", "Reject"):
        world.decides("eve", request, label, "No.")

    assert world.state(request) is State.PENDING
    assert "vote" not in world.journal(request)


def test_a_vote_counts_under_the_policies_of_today(world: World) -> None:
    world.policies(TWO)
    request = world.asks("bob", PROD)
    approves(world, "eve", request)

    world.policies(TWO.replace("approvals: 2", "approvals: 3"))
    approves(world, "dan", request)

    assert world.state(request) is State.PENDING
    assert "2 of 3 so far: Eve Approver and Dan Approver" in shown(world, request)
    world.policies(POLICIES.replace("groups: [production-approvers]", "users: [aud]"))
    approves(world, "aud", request)
    assert world.state(request) is not State.PENDING
    assert "Approved by Aud Auditor" in shown(world, request)


# Several policies


def test_the_largest_number_counts_whoever_of_the_union_they_are(owners: World) -> None:
    owners.policies(TWO_OWNERS)
    request = owners.asks("bob", PROD)
    assert "0 of 2 so far" in shown(owners, request)

    approves(owners, "eve", request)
    approves(owners, "dan", request)

    assert owners.state(request) is not State.PENDING


def test_a_required_policy_waits_for_its_own_and_says_for_whom(owners: World) -> None:
    owners.policies(REQUIRED)
    request = owners.asks("bob", PROD)
    besides = "besides 1 of: group payments-owners"
    assert f"0 of 1 so far; {besides}" in shown(owners, request)
    assert "Besides, it needs 1 of group payments-owners" in owners.told("bob")[-1]

    approves(owners, "eve", request)

    assert owners.state(request) is State.PENDING
    assert f"1 of 1 so far: Eve Approver; {besides}" in shown(owners, request)
    thread = owners.slack.thread(owners.cards(request)[0])
    assert thread[-1].text == f"1 of 1: Eve Approver agrees; {besides}."
    approves(owners, "ada", request)
    assert owners.state(request) is not State.PENDING
    assert "besides" not in shown(owners, request)


def test_a_required_policy_s_own_approver_is_enough_where_one_is(owners: World) -> None:
    owners.policies(REQUIRED)
    request = owners.asks("bob", PROD)

    approves(owners, "ada", request)

    assert owners.state(request) is not State.PENDING


def test_a_required_policy_of_two_is_met_by_two_of_its_own(owners: World) -> None:
    owners.policies(TWO_OWNERS + "    required: true\n")
    request = owners.asks("bob", PROD)

    for name in ("eve", "ada"):
        approves(owners, name, request)
    assert owners.state(request) is State.PENDING
    assert "besides 1 of: group payments-owners" in shown(owners, request)
    approves(owners, "aud", request)

    assert owners.state(request) is not State.PENDING


def test_one_person_counts_for_both_only_if_both_name_them(owners: World) -> None:
    both = REQUIRED.replace("groups: [production-approvers]}", "groups: [production-approvers]}\n"
                            "    required: true")  # fmt: skip
    owners.policies(both)
    first = owners.asks("bob", PROD)
    approves(owners, "ada", first)
    assert owners.state(first) is State.PENDING
    assert "besides 1 of: group production-approvers" in shown(owners, first)

    owners.company.add_member("production-approvers", "ada")
    second = owners.asks("bob", "payments-prod · ReadOnlyAccess")
    approves(owners, "ada", second)

    assert owners.state(second) is not State.PENDING


def test_each_policy_asks_in_its_own_channel(owners: World) -> None:
    owners.policies(REQUIRED)

    request = owners.asks("bob", PROD)

    assert sorted(card.channel for card in owners.cards(request)) == [DEFAULT, APPROVALS]


# Too few of them


@pytest.mark.parametrize(
    ("policies", "members", "refused"),
    [
        pytest.param(TWO, {"production-approvers": ["eve"]}, True, id="one of two"),
        pytest.param(TWO, {"production-approvers": ["eve", "bob"]}, True, id="bob is no second"),
        pytest.param(TWO, {"production-approvers": ["eve", "dan"]}, False, id="two"),
        pytest.param(TWO_OWNERS, {"production-approvers": ["eve"], "payments-owners": ["ada"]},
                     False, id="two of the union"),
        pytest.param(REQUIRED, {"production-approvers": ["eve", "dan"], "payments-owners": []},
                     True, id="nobody of its own"),
        pytest.param(REQUIRED, {"production-approvers": ["eve"], "payments-owners": ["bob"]},
                     True, id="bob alone of its own"),
        pytest.param(REQUIRED, {"production-approvers": [], "payments-owners": ["ada"]},
                     False, id="its own are enough"),
    ],
)  # fmt: skip
def test_what_could_never_be_agreed_on_is_not_taken(
    owners: World, policies: str, members: dict[str, list[str]], refused: bool
) -> None:
    owners.policies(policies)
    for group, names in members.items():
        for name in ("eve", "dan", "ada", "aud"):
            owners.company.remove_member(group, name)
        for name in names:
            owners.company.add_member(group, name)

    outcome = owners.sends("bob", PROD)

    assert ("There are not enough approvers" in outcome.errors.get("Access", "")) is refused
    assert len(owners.requests()) == (not refused)


# For some permission sets


def test_a_policy_for_some_permission_sets_counts_for_these_alone(owners: World) -> None:
    owners.policies(REQUIRED + "    permission_sets: [AdministratorAccess]\n")
    reading = owners.asks("bob", "payments-prod · ReadOnlyAccess")
    changing = owners.asks("bob", PROD)

    approves(owners, "eve", reading)
    approves(owners, "eve", changing)

    assert owners.state(reading) is not State.PENDING
    assert owners.state(changing) is State.PENDING
    owners["aud"].click(owners.cards(reading)[0], "Revoke")
    assert "Only administrators and approvers of this request" in owners.whispers("aud")[-1]


# At the same instant


def test_two_who_agree_at_the_same_instant_in_two_processes_are_two(
    world: World, database_url: str
) -> None:
    world.policies(TWO)
    with world.beside(database_url) as one, world.beside(database_url) as other:
        for _ in range(4):
            request = world.asks("bob", PROD, Start=world.clock().replace(hour=18))
            card = world.card(request)
            one.in_time = other.in_time = partial(lambda meet: meet, meeting())

            with ThreadPoolExecutor(2) as threads:
                for process, who in ((one, "eve"), (other, "dan")):
                    threads.submit(process[who].click, card, "Approve")

            assert world.state(request) is State.SCHEDULED
            assert world.journal(request).count("vote") == 2
            world.rounds()
            assert "Approved by" in world.card(request).words()
