"""App Home: for each what is theirs, as it is now, with buttons that work like those of the card."""

from dataclasses import replace
from datetime import timedelta

import pytest

from grants.model import Actor, RequestId, Role, SlackUserId, State, UserId
from grants.records import Binding
from handlers.pace import Pace
from tests import make
from tests.clock import NOON
from tests.standins.aws.faults import Kind
from tests.standins.slack import tamper
from tests.standins.slack.faults import DROP, RATE_LIMITED
from tests.standins.slack.workspace import View
from tests.world import DEFAULT, POLICIES, World

PROD = "payments-prod · AdministratorAccess"
WEB = "web-prod · ReadOnlyAccess"
SANDBOX = "data-sandbox · PowerUserAccess"
PUBLISH = "views.publish"
MALLORY = SlackUserId("UMALLORY")
COMMENTED = POLICIES.replace("require_decision_comment: false", "require_decision_comment: true")


def home(world: World, who: str) -> View:
    """What they see when they open it."""
    world[who].open_home()
    return seen(world, who)


def seen(world: World, who: str) -> View:
    """What they have before them."""
    view = world[who].home()
    assert view is not None
    return view


def published(world: World, who: str) -> int:
    return sum(call.args["user_id"] == f"U{who.upper()}" for call in world.slack.calls.of(PUBLISH))


def a_moment(world: World) -> None:
    """So much later everybody's is drawn who has it open."""
    world.passes(seconds=5)


def asks_for_five(world: World) -> list[RequestId]:
    """One more than a page of what waits for a decision."""
    asked = []
    for n in range(5):
        world.clock.passes(seconds=1)
        asked.append(world.asks("bob", PROD, Justification=f"reason {n}"))
    return asked


def two_must_agree(world: World) -> None:
    book = world.policies()
    (asked,) = book.approval
    world.administration.apply(
        replace(book, approval=(replace(asked, approvals=2),)),
        by=Actor(Role.ADMINISTRATOR, "operator:test"),
    )


# What each of them sees


def test_the_requester_sees_what_they_hold_with_the_time_left(world: World) -> None:
    request = world.active(Duration="2h")
    world.passes(minutes=30)

    view = home(world, "bob")

    assert "What you hold (1)" in view.words()
    assert "AdministratorAccess on payments-prod (333344445555)" in view.words()
    assert "1 h 30 min left" in view.words()
    assert request in view.words()
    assert "End Access" in view.buttons()


def test_what_waits_for_a_decision_can_be_taken_back_there(world: World) -> None:
    request = world.asks("bob", PROD)
    home(world, "bob")

    world["bob"].press("Cancel Request")

    assert world.state(request) is State.CANCELLED
    assert "Cancel Request" not in seen(world, "bob").buttons()
    assert "Cancelled" in seen(world, "bob").words()


def test_what_is_held_can_be_given_back_there(world: World) -> None:
    request = world.active()
    home(world, "bob")

    world["bob"].press("End Access")
    a_moment(world)

    assert world.state(request) is State.REVOKED
    assert not world.has_access("bob", "payments-prod", "AdministratorAccess")
    assert "You hold no access" in seen(world, "bob").words()


def test_what_is_held_is_there_however_much_waits(world: World) -> None:
    bob = world.request(world.active()).requester
    with world.works() as work:
        for n in range(1, 101):
            asked, until = world.clock() + timedelta(seconds=n), world.clock() + timedelta(hours=9)
            work.requests.add(
                make.a_request(f"{n:08}", requester=bob, asked_at=asked, expires_at=until)
            )

    assert "End Access" in home(world, "bob").buttons()
    world["bob"].command("active", DEFAULT)
    assert "End Access" in world.slack.ephemerals("bob")[-1].buttons()


def test_what_is_over_says_why(world: World) -> None:
    request = world.asks("bob", PROD)
    world.decides("eve", request, "Reject", "not during the freeze")

    view = home(world, "bob")

    assert "Rejected" in view.words()
    assert "Reason: not during the freeze" in view.words()


def test_an_approver_sees_what_waits_for_them_with_what_they_decide_by(world: World) -> None:
    request = world.asks("bob", PROD, Justification="the disk is full", Ticket="OPS-1")

    view = home(world, "eve")

    for fact in ("Waits for you (1)", "Bob Requester requests AdministratorAccess", "333344445555",
                 "for 1 h", "OPS-1", "the disk is full", "15:00 UTC", request):  # fmt: skip
        assert fact in view.words()
    assert view.buttons()[2:4] == ["Approve", "Reject"]


def test_approve_is_one_click_and_the_request_waits_there_no_more(world: World) -> None:
    request = world.asks("bob", PROD)
    home(world, "eve")

    world["eve"].press("Approve")

    assert world.state(request) is State.SCHEDULED
    assert "No request waits for your decision" in seen(world, "eve").words()


def test_a_rejection_asks_for_its_comment_there_too(world: World) -> None:
    request = world.asks("bob", PROD)
    home(world, "eve")

    world["eve"].press("Reject")
    world["eve"].fill({"Comment": "not now"})
    world["eve"].submit()
    a_moment(world)

    assert world.request(request).reason == "not now"
    assert "No request waits for your decision" in seen(world, "eve").words()


def test_an_approval_asks_for_a_comment_where_one_is_required(world: World) -> None:
    world.policies(COMMENTED)
    request = world.asks("bob", PROD)
    home(world, "eve")

    world["eve"].press("Approve")
    world["eve"].fill({"Comment": "go ahead"})
    world["eve"].submit()

    assert world.state(request) is State.SCHEDULED


def test_ones_own_request_does_not_wait_for_oneself(world: World) -> None:
    world.company.add_member("production-approvers", "bob")
    world.asks("bob", PROD)

    assert "No request waits for your decision" in home(world, "bob").words()


def test_what_somebody_has_agreed_to_waits_for_others_alone(world: World) -> None:
    two_must_agree(world)
    world.asks("bob", PROD)
    home(world, "eve")

    world["eve"].press("Approve")
    a_moment(world)

    assert "No request waits for your decision" in seen(world, "eve").words()
    assert "1 of 2 so far: Eve Approver" in home(world, "dan").words()


def test_an_approver_sees_only_what_the_policies_let_them_decide(world: World) -> None:
    world.company.add_group("web-approvers")
    world.company.add_member("web-approvers", "mallory")
    world.policies(
        POLICIES
        + '  - name: web\n    accounts: ["555566667777"]\n    approvers: {groups: [web-approvers]}\n'
    )
    world.asks("bob", PROD)
    world.asks("bob", WEB)

    view = home(world, "mallory")

    assert "Waits for you (1)" in view.words()
    assert "web-prod" in view.words()
    assert "payments-prod" not in view.words()


def test_an_approver_revokes_there_what_they_might_have_approved(world: World) -> None:
    request = world.active()
    view = home(world, "eve")
    assert "What you may revoke (1)" in view.words()

    world["eve"].press("Revoke")
    world["eve"].fill({"Reason": "the incident is over"})
    world["eve"].submit()
    a_moment(world)

    assert world.state(request) is State.REVOKED
    assert "Nobody holds access" in seen(world, "eve").words()


def test_ones_own_access_is_not_among_what_one_may_revoke(world: World) -> None:
    world.company.add_member("production-approvers", "bob")
    world.active()

    words = home(world, "bob").words()

    assert "What you hold (1)" in words
    assert "What you may revoke (1)" not in words
    assert "What you may revoke (1)" in home(world, "eve").words()


def test_an_administrator_may_revoke_what_no_policy_lets_them_approve(world: World) -> None:
    world.active("bob", SANDBOX)

    assert "What you may revoke (1)" in home(world, "ada").words()
    assert "Nobody holds access" in home(world, "eve").words()
    assert "Waits for you" not in home(world, "ada").words()


def test_who_may_only_ask_sees_nothing_of_others(world: World) -> None:
    world.asks("bob", PROD)

    view = home(world, "mallory")

    assert "Bob" not in view.words()
    assert "Waits for you" not in view.words()
    assert "may revoke" not in view.words()
    assert view.buttons() == ["Request Access", "Refresh"]


def test_the_form_opens_there(world: World) -> None:
    home(world, "bob")

    world["bob"].press("Request Access")

    view = world["bob"].view()
    assert view is not None
    assert PROD in view.options("Access")


# Who they are


def test_who_has_left_the_group_sees_no_more_on_opening_it(world: World) -> None:
    world.asks("bob", PROD)
    assert "Waits for you (1)" in home(world, "eve").words()
    world.company.remove_member("production-approvers", "eve")

    assert "Bob" not in home(world, "eve").words()


def test_who_has_left_the_group_is_shown_new_requests_for_some_minutes_at_most(
    world: World,
) -> None:
    home(world, "eve")
    world.company.remove_member("production-approvers", "eve")
    world.clock.passes(minutes=6)

    world.asks("bob", PROD)
    a_moment(world)

    assert "Bob" not in seen(world, "eve").words()


def test_a_button_that_no_longer_is_theirs_is_refused_and_recorded(world: World) -> None:
    request = world.asks("bob", PROD)
    home(world, "eve")
    world.company.remove_member("production-approvers", "eve")

    world["eve"].press("Approve")

    assert world.state(request) is State.PENDING
    assert "may not decide" in world.told("eve")[-1]
    assert "refusal" in world.journal(request)


def test_who_is_nobody_for_elevate_reads_why_where_they_look(world: World) -> None:
    world.slack.workspace.user("mallory").is_restricted = True

    view = home(world, "mallory")

    assert "Guests of this workspace cannot use Elevate" in view.words()
    assert view.buttons() == ["Refresh"]
    assert world.told("mallory") == []


def test_who_has_become_nobody_is_shown_no_more_of_others(world: World) -> None:
    home(world, "eve")
    world.company.disable_user("eve")
    world.clock.passes(minutes=6)

    world.asks("bob", PROD)
    a_moment(world)

    assert "Your Identity Center user is disabled" in seen(world, "eve").words()


def test_aws_out_of_reach_says_so_and_refresh_draws_it(world: World) -> None:
    world.aws.faults.add("IsMemberInGroups", Kind.HTTP500, times=None)
    assert "could not look up" in home(world, "bob").words()
    world.aws.faults.clear()

    world["bob"].press("Refresh")

    assert "What you hold" in seen(world, "bob").words()


def test_the_other_tab_is_left_alone(world: World) -> None:
    world["bob"].open_home("messages")

    assert world.slack.calls.count(PUBLISH) == 0


# Drawn again


@pytest.mark.parametrize("how", ["unlinked", "broken", "linked to another"])
def test_who_is_taken_for_somebody_no_more_is_shown_nothing_more_as_them(
    world: World, how: str
) -> None:
    eve = Binding(MALLORY, "T", UserId(world.company.user("eve").id), "", world.clock(), "ada")
    with world.works() as work:
        work.people.put(eve)
    world.asks("bob", PROD)
    assert "Waits for you (1)" in home(world, "mallory").words()

    with world.works() as work:
        match how:
            case "unlinked":
                work.people.remove(MALLORY)
            case "broken":
                work.people.put(replace(eve, broken="the address"))
            case _:
                other = UserId(world.company.user("mallory").id)
                work.people.put(replace(eve, user_id=other))
    request = world.asks("bob", PROD)
    a_moment(world)

    assert "Waits for you" not in seen(world, "mallory").words()
    assert request not in seen(world, "mallory").words()


def test_a_new_request_appears_where_its_approvers_have_it_open(world: World) -> None:
    home(world, "eve")

    world.asks("bob", PROD)
    a_moment(world)

    assert "Waits for you (1)" in seen(world, "eve").words()


def test_the_requesters_is_drawn_again_when_somebody_else_decides(world: World) -> None:
    request = world.asks("bob", PROD)
    home(world, "bob")

    world.decides("eve", request, "Approve")
    a_moment(world)

    assert "What you hold (1)" in seen(world, "bob").words()


def test_many_changes_at_once_are_one_drawing(world: World) -> None:
    home(world, "eve")
    before = published(world, "eve")

    for n in range(5):
        world.sends("bob", PROD, Justification=f"reason {n}")
    a_moment(world)

    assert "Waits for you (5)" in seen(world, "eve").words()
    assert published(world, "eve") == before + 1


def test_who_has_not_opened_it_within_a_day_is_left_in_peace(world: World) -> None:
    home(world, "eve")
    world.passes(hours=25)
    before = published(world, "eve")

    world.asks("bob", PROD)
    a_moment(world)

    assert published(world, "eve") == before


def test_who_sees_only_their_own_is_not_drawn_for_others(world: World) -> None:
    home(world, "mallory")
    before = published(world, "mallory")

    world.asks("bob", PROD)
    a_moment(world)

    assert published(world, "mallory") == before


def test_changed_policies_are_seen(world: World) -> None:
    world.asks("bob", PROD)
    home(world, "eve")
    world.passes(minutes=6)

    world.policies(POLICIES.replace("groups: [production-approvers]", "users: [dan@example.com]"))
    a_moment(world)

    assert "Waits for you" not in seen(world, "eve").words()


@pytest.mark.parametrize("kind", [RATE_LIMITED, DROP, "internal_error"])
def test_what_slack_does_not_take_at_once_it_is_given_again(world: World, kind: str) -> None:
    world.slack.faults.add(PUBLISH, kind, times=2)
    world["bob"].open_home()
    assert world.slack.home("bob") is None

    world.passes(minutes=1)

    assert "What you hold" in seen(world, "bob").words()


def test_a_message_goes_out_while_no_home_does(world: World) -> None:
    home(world, "eve")
    world.slack.faults.add(PUBLISH, RATE_LIMITED, times=None, retry_after=60)

    request = world.asks("bob", PROD)
    a_moment(world)

    assert world.card(request).buttons() == ["Approve", "Reject"]


def test_homes_go_out_at_a_pace_of_their_own() -> None:
    pace = Pace()

    taken = [pace.take(PUBLISH, f"U{n}", NOON) for n in range(30)]

    assert taken.index(next(filter(None, taken))) == 10
    assert max(filter(None, taken)) - NOON <= timedelta(seconds=0.6)
    assert pace.take("chat.update", "C1", NOON) is None


def test_an_older_drawing_never_covers_a_newer_one(world: World) -> None:
    home(world, "eve")
    stale = seen(world, "eve").hash
    world.asks("bob", PROD)
    a_moment(world)

    world["eve"].tampering(tamper.put("view.hash", stale)).press("Refresh")

    outcomes = [call.outcome for call in world.slack.calls.of(PUBLISH)]
    assert outcomes[-1] == "hash_conflict"
    a_moment(world)
    assert "Waits for you (1)" in seen(world, "eve").words()


def test_a_drawing_that_nobody_wrote_down_does_not_stop_the_next_ones(world: World) -> None:
    home(world, "eve")
    elsewhere = {"type": "home", "blocks": []}
    world.bot.app.client.views_publish(user_id="UEVE", view=elsewhere)

    world.asks("bob", PROD)
    world.passes(seconds=30)

    assert "Waits for you (1)" in seen(world, "eve").words()


# Pages


def test_a_long_list_is_turned_page_by_page(world: World) -> None:
    first, *_, last = asks_for_five(world)
    view = home(world, "bob")
    assert last in view.words()
    assert first not in view.words()

    world["bob"].press("Next (2 of 2)")

    assert first in seen(world, "bob").words()
    assert last not in seen(world, "bob").words()
    world["bob"].press("Previous (1 of 2)")
    assert last in seen(world, "bob").words()


def test_the_page_stays_turned_when_something_changes(world: World) -> None:
    first, second, *_ = asks_for_five(world)
    home(world, "bob")
    world["bob"].press("Next (2 of 2)")

    world.decides("eve", second, "Approve")
    world.asks("bob", WEB)
    a_moment(world)

    assert first in seen(world, "bob").words()


def test_a_page_that_is_there_no_more_becomes_the_last_one(world: World) -> None:
    _, second, *_ = asks_for_five(world)
    home(world, "bob")
    world["bob"].press("Next (2 of 2)")

    world["bob"].press("Cancel Request")

    assert "Waiting for a decision (4)" in seen(world, "bob").words()
    assert second in seen(world, "bob").words()
    assert "Next (2 of 2)" not in seen(world, "bob").buttons()


@pytest.mark.parametrize(
    "value",
    ["revocable:1", "pending:-1", "pending:1e3", "pending", "", "pending:99999", "x" * 2000],
)
def test_a_page_that_was_never_offered_is_not_turned(world: World, value: str) -> None:
    asks_for_five(world)
    home(world, "bob")
    before = seen(world, "bob").versions

    world["bob"].tampering(tamper.button_value(value)).press("Next (2 of 2)")

    assert seen(world, "bob").versions == before
    assert "refusal" in world.journal()


def test_the_same_blocks_never_carry_one_id_twice(world: World) -> None:
    asks_for_five(world)

    ids = [block["block_id"] for block in home(world, "bob").blocks]

    assert len(ids) == len(set(ids))


def test_a_commands_list_and_home_are_the_same(world: World) -> None:
    request = world.asks("bob", PROD)
    home(world, "eve")

    world["eve"].command("approvals", DEFAULT)

    asked = f"Request: {request}"
    assert asked in seen(world, "eve").words()
    assert asked in world.slack.ephemerals("eve")[-1].words()
