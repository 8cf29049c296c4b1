"""A form that comes again, late or at the same instant as others: one request, and no more than allowed."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

from grants.asking import LATELY, TURNOVER
from grants.model import State
from tests import make
from tests.lives import PROD
from tests.standins.aws import Kind
from tests.standins.slack import tamper
from tests.world import DEFAULT, POLICIES, World

ONE = POLICIES.replace("settings:", "settings:\n  max_open_requests: 1", 1)


def test_a_form_that_was_taken_late_and_is_sent_again_with_something_else_says_so(
    world: World,
) -> None:
    bob = world.opens("bob")
    bob.fill({"Access": PROD, "Justification": "the disk is full"})
    form = bob.view()
    assert form is not None
    assert bob.submit().closed
    (taken,) = world.requests()

    bob.command("", DEFAULT)
    bob.fill({"Access": PROD, "Justification": "the disk is full, and so is the other one"})
    outcome = bob.tampering(as_form(form.id)).submit()

    assert taken.id in outcome.errors["Access"]
    assert [request.justification for request in world.requests()] == ["the disk is full"]


def test_no_more_requests_are_open_than_allowed_however_fast_the_forms_are_sent(
    world: World,
) -> None:
    world.policies(ONE)
    together = Barrier(3, timeout=10)

    def meet() -> None:
        together.wait()

    world.in_time = lambda: meet
    bob = world.opens("bob")
    bob.fill({"Access": PROD, "Justification": "the disk is full"})
    forms = [bob.tampering(as_form(f"V{n}")) for n in range(3)]

    with ThreadPoolExecutor(3) as threads:
        sent = [threads.submit(form.submit) for form in forms]
    outcomes = [one.result() for one in sent]

    assert sorted(outcome.kind for outcome in outcomes) == ["closed", "errors", "errors"]
    assert len(world.requests()) == 1


def test_who_asks_and_cancels_without_end_is_told_to_wait(world: World) -> None:
    world.policies(ONE.replace("requests: 1", "requests: 2"))
    first = world.asks("bob", PROD)
    world["bob"].click(world.last("bob"), "Cancel Request")
    bob, asked_at = world.request(first).requester, world.clock()
    with world.works() as work:
        for number in range(2 * TURNOVER - 2):
            cancelled = make.a_request(
                f"{number:08}", requester=bob, state=State.CANCELLED, asked_at=asked_at
            )
            work.requests.add(cancelled)
    together = Barrier(2, timeout=10)

    def meet() -> None:
        together.wait()

    world.in_time = lambda: meet
    form = world.opens("bob")
    form.fill({"Access": PROD, "Justification": "the disk is full"})
    forms = [form.tampering(as_form(f"V{n}")) for n in range(2)]

    with ThreadPoolExecutor(2) as threads:
        outcomes = [sent.result() for sent in [threads.submit(each.submit) for each in forms]]

    (refused,) = [outcome for outcome in outcomes if outcome.kind == "errors"]
    assert "20 requests within ten minutes" in refused.errors["Access"]
    assert len(world.requests()) == 2 * TURNOVER
    together.abort()
    world.in_time = lambda: lambda: None
    assert "within ten minutes" in world.sends("bob", PROD).errors["Access"]
    world.clock.now += LATELY + timedelta(seconds=1)
    assert world.sends("bob", PROD).closed


def test_access_is_given_back_while_the_identity_store_does_not_answer(world: World) -> None:
    request = world.active()
    world.aws.faults.add("DescribeUser", Kind.HTTP500, times=None)

    world["bob"].click(world.last("bob"), "End Access")
    world.passes(seconds=5)

    assert world.state(request) is State.REVOKED
    assert world.request(request).closed_by == "Bob Requester"


def test_a_disabled_user_who_is_known_to_be_gives_nothing_back(world: World) -> None:
    request = world.active()
    world.company.disable_user("bob")

    world["bob"].click(world.last("bob"), "End Access")

    assert world.state(request) is State.ACTIVE


def test_a_vote_is_not_spent_when_the_account_moves_under_it(world: World) -> None:
    other = """  - name: the other place
    ous: [{id: ou-ab12-44444444}]
    approvers: {groups: [other-approvers]}
    channel: C0000000003
"""
    world.company.add_group("other-approvers")
    world.company.add_member("other-approvers", "eve")
    eligible = "ous: [{id: ou-ab12-11111111, nested: true}]\n    permission_sets"
    wider = eligible.replace("}]", "}, {id: ou-ab12-44444444}]")
    world.policies((POLICIES + other).replace(eligible, wider))
    request = world.asks("bob", PROD)
    calm = world.in_time

    def moving() -> Callable[[], None]:
        world.in_time = calm

        def move() -> None:
            world.company.move_account("payments-prod", "ou-ab12-44444444")
            world.refresher.refresh()

        return move

    world.in_time = moving
    world["eve"].click(world.card(request), "Approve")
    assert "Not recorded yet" in world.whispers("eve")[-1]

    world.decides("eve", request, "Approve")

    assert world.state(request) is not State.PENDING
    assert world.journal(request).count("vote") == 1


def test_a_decision_keeps_the_version_of_the_policies_it_was_made_under(world: World) -> None:
    request = world.asks("bob", PROD)
    newer = world.policies(POLICIES + "\n# the same, a little later\n").version
    world.policies(ONE)

    world.decides("eve", request, "Approve")

    with world.works.reading() as work:
        facts = {line.entry.event: line.entry.facts for line in work.journal.of(request)}
    assert world.request(request).policy_version > newer - 1
    assert facts["vote"] == {"policy_version": world.request(request).policy_version}


def as_form(view_id: str) -> Callable[[dict[str, Any]], None]:
    """As if it came from the form of this id."""

    def twist(payload: dict[str, Any]) -> None:
        tamper.put("view.root_view_id", view_id)(payload)
        tamper.put("view.id", view_id)(payload)

    return twist
