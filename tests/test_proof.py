"""An approval that asks for a one-time code: who gives the right one decides, and nobody else."""

from datetime import timedelta

import pytest

from grants.model import RequestId, State
from tests.admin_hand import at_home, lines, modal, shown
from tests.phone import PROD, PROVED, WRONG, Phone, approves, enrolled, scanned
from tests.standins.slack import tamper
from tests.verifying import verdict
from tests.world import APPROVALS, AUDIT, DEFAULT, KEY, POLICIES, World

TWO = PROVED + "    approvals: 2\n"
AUDITED = PROVED.replace("default_channel", f"audit_channel: {AUDIT}\n  default_channel")


@pytest.fixture
def proved(world: World) -> World:
    """Where production asks for a proof."""
    world.policies(PROVED)
    return world


def votes(world: World, request: RequestId) -> list[tuple[str, bool]]:
    with world.works.reading() as work:
        return [(vote.voter.user_name, vote.proved) for vote in work.votes.on(request)]


def events(world: World, kind: str) -> list[str]:
    return [event for event in world.journal() if event.startswith(kind)]


def wrong(phone: Phone) -> str:
    """None of theirs, now or next to it."""
    theirs = {phone.code(ahead=n) for n in (-1, 0, 1)}
    return next(code for code in (WRONG, "111111", "222222", "333333") if code not in theirs)


# Approving


def test_an_approval_takes_a_code(proved: World) -> None:
    phone = enrolled(proved)
    request = proved.asks("bob", PROD)
    proved["eve"].click(proved.card(request), "Approve")
    assert modal(proved["eve"]).labels() == ["Comment", "Code"]

    outcome = approves(proved, "eve", request, phone.code())

    assert outcome.closed
    assert proved.request(request).decided_by == "Eve Approver"
    assert votes(proved, request) == [("eve", True)]
    assert events(proved, "proof") == ["proof.begin", "proof.confirm", "proof.use"]
    proved.passes(seconds=3)
    assert proved.has_access("bob", "payments-prod", "AdministratorAccess")
    proved.verify()


def test_nobody_approves_by_one_click_what_asks_for_a_code(proved: World) -> None:
    enrolled(proved)
    request = proved.asks("bob", PROD)

    proved["eve"].click(proved.card(request), "Approve")

    assert (proved.state(request), votes(proved, request)) == (State.PENDING, [])


def test_rejecting_takes_none(proved: World) -> None:
    request = proved.asks("bob", PROD)

    proved.decides("eve", request, "Reject", "Not today.")

    assert proved.state(request) is State.REJECTED


def test_revoking_takes_none(proved: World) -> None:
    phone = enrolled(proved)
    request = proved.asks("bob", PROD)
    approves(proved, "eve", request, phone.code())
    proved.passes(seconds=3)

    proved.decides("dan", request, "Revoke", "The incident is over.")
    proved.passes(seconds=30)

    assert proved.state(request) is State.REVOKED


def test_a_wrong_code_is_said_beside_it_and_what_was_typed_stays(proved: World) -> None:
    phone = enrolled(proved)
    request = proved.asks("bob", PROD)
    proved["eve"].click(proved.card(request), "Approve")
    proved["eve"].fill(Comment="Fine.")

    outcome = approves(proved, "eve", request, wrong(phone))

    assert outcome.errors.keys() == {"Code"}
    assert "4 more" in outcome.errors["Code"]
    assert (proved.state(request), votes(proved, request)) == (State.PENDING, [])
    assert events(proved, "proof.wrong") == ["proof.wrong"]
    assert approves(proved, "eve", request, phone.code()).closed
    assert proved.request(request).decided_by == "Eve Approver"


def test_a_code_counts_once(proved: World) -> None:
    phone = enrolled(proved)
    first, second = proved.asks("bob", PROD), proved.asks("bob", PROD)
    code = phone.code()
    approves(proved, "eve", first, code)

    again = approves(proved, "eve", second, code)

    assert "has been used" in again.errors["Code"]
    assert proved.state(second) is State.PENDING
    assert events(proved, "proof.wrong") == []
    assert approves(proved, "eve", second, phone.fresh()).closed


def test_a_form_with_a_code_that_comes_again_changes_nothing(proved: World) -> None:
    phone = enrolled(proved)
    request = proved.asks("bob", PROD)
    approves(proved, "eve", request, phone.code())
    before = proved.journal()

    assert proved["eve"].replay().ok

    assert proved.journal() == before
    assert votes(proved, request) == [("eve", True)]


def test_nor_does_one_of_before_count(proved: World) -> None:
    phone = enrolled(proved)
    first, second = proved.asks("bob", PROD), proved.asks("bob", PROD)
    approves(proved, "eve", first, phone.code(ahead=1))

    again = approves(proved, "eve", second, phone.code())

    assert "has been used" in again.errors["Code"]


def test_the_code_of_somebody_else_is_wrong(proved: World) -> None:
    enrolled(proved, "eve")
    dans = enrolled(proved, "dan")
    request = proved.asks("bob", PROD)

    outcome = approves(proved, "eve", request, dans.code())

    assert "wrong" in outcome.errors["Code"]
    assert proved.state(request) is State.PENDING


def test_a_code_that_proves_nothing_else_is_not_used_up(proved: World) -> None:
    phone = enrolled(proved)
    request = proved.asks("bob", PROD)
    code = phone.code()
    proved["eve"].click(proved.card(request), "Approve")
    proved["bob"].click(proved.last("bob"), "Cancel Request")

    late = approves(proved, "eve", request, code)

    assert "cancelled" in late.errors["Comment"]
    assert events(proved, "proof.use") == []
    other = proved.asks("bob", PROD)
    proved["eve"].close()
    assert approves(proved, "eve", other, code).closed


def test_no_policy_that_does_not_ask_asks(world: World) -> None:
    request = world.asks("bob", PROD)

    world["eve"].click(world.card(request), "Approve")

    assert world.state(request) is State.SCHEDULED
    assert votes(world, request) == [("eve", False)]


def test_any_policy_that_covers_the_target_makes_it_so(world: World) -> None:
    other = f"""  - name: another
    accounts: [payments-prod]
    approvers: {{users: [ada]}}
    channel: {APPROVALS}
    proof: totp
"""
    world.policies(POLICIES + other)
    enrolled(world)
    request = world.asks("bob", PROD)

    world["eve"].click(world.card(request), "Approve")

    assert modal(world["eve"]).labels() == ["Comment", "Code"]


# Who has none


def test_whoever_has_set_up_none_is_told_how(proved: World) -> None:
    request = proved.asks("bob", PROD)

    proved["eve"].click(proved.card(request), "Approve")

    assert "you have set up none yet" in modal(proved["eve"]).words()
    assert proved.state(request) is State.PENDING
    proved["eve"].press("Set Up Codes")
    phone = scanned(proved, proved["eve"])
    proved["eve"].fill(Code=phone.code())
    proved["eve"].submit()
    assert "From now on" in modal(proved["eve"]).words()
    proved["eve"].close(everything=True)
    assert approves(proved, "eve", request, phone.fresh()).closed


def test_with_a_forged_form_nobody_gets_by_without_codes(proved: World) -> None:
    phone = enrolled(proved, "dan")
    request = proved.asks("bob", PROD)
    proved["dan"].click(proved.card(request), "Approve")
    proved["dan"].fill(Code=phone.code())

    outcome = proved["dan"].tampering(tamper.as_user("UEVE")).submit()

    assert "you have set up none yet" in outcome.errors["Code"]
    assert (proved.state(request), votes(proved, request)) == (State.PENDING, [])


@pytest.mark.parametrize(
    "lie",
    [
        tamper.without("view.state.values.code"),
        tamper.put("view.state.values.code.code.value", None),
        tamper.put("view.state.values.code.code.value", "  "),
        tamper.put("view.state.values.code.code.value", ["123456"]),
        tamper.put("view.state.values.code.code", "123456"),
        tamper.put("view.state.values.more", {"more": {"value": "123456"}}),
        tamper.put("view.state.values", {}),
        tamper.without("view.state"),
    ],
)
def test_a_form_without_its_code_or_with_more_decides_nothing(
    proved: World, lie: tamper.Twist
) -> None:
    phone = enrolled(proved)
    request = proved.asks("bob", PROD)
    proved["eve"].click(proved.card(request), "Approve")
    proved["eve"].fill(Code=phone.code())

    outcome = proved["eve"].tampering(lie).submit()

    assert outcome.kind == "errors"
    assert (proved.state(request), votes(proved, request)) == (State.PENDING, [])
    assert approves(proved, "eve", request, phone.code()).closed


def test_a_rejection_with_a_code_in_it_is_tampering(proved: World) -> None:
    request = proved.asks("bob", PROD)
    proved["eve"].click(proved.card(request), "Reject")

    extra = tamper.put("view.state.values.code", {"code": {"value": "123456"}})
    outcome = proved["eve"].tampering(extra).submit()

    assert "not what was offered" in outcome.errors["Comment"]
    assert proved.state(request) is State.PENDING


def test_a_form_of_before_the_policy_asked_is_told_so(world: World) -> None:
    world.policies(POLICIES.replace("decision_comment: false", "decision_comment: true"))
    request = world.asks("bob", PROD)
    world["eve"].click(world.card(request), "Approve")
    world["eve"].fill(Comment="Fine.")
    world.policies(PROVED)

    outcome = world["eve"].submit()

    assert "one-time code" in outcome.errors["Comment"]
    assert world.state(request) is State.PENDING


# Too many wrong ones


def locked(world: World, phone: Phone, request: RequestId) -> str:
    """What is said to the fifth."""
    said = [approves(world, "eve", request, wrong(phone)).errors["Code"] for _ in range(5)]
    world.rounds()
    return said[-1]


def test_five_wrong_ones_lock_it_also_for_the_right_one(world: World) -> None:
    world.policies(AUDITED)
    phone = enrolled(world)
    request = world.asks("bob", PROD)

    assert "none of yours is taken until" in locked(world, phone, request)

    assert "none of yours is taken" in approves(world, "eve", request, phone.code()).errors["Code"]
    assert world.state(request) is State.PENDING
    assert events(world, "proof.wrong") == ["proof.wrong"] * 5
    assert events(world, "alarm.proof_locked") == ["alarm.proof_locked"]
    told = world.slack.channel(AUDIT).messages[-1].text
    assert "Alarm: 5 wrong one-time codes in a row were given as Eve Approver (eve)" in told
    assert "5 wrong one-time codes in a row were given in your name" in world.told("eve")[-1]
    world["eve"].close()
    world["eve"].click(world.card(request), "Approve")
    assert "none of yours is taken" in world.whispers("eve")[-1]
    world.verify()


def test_after_a_quarter_of_an_hour_it_is_open_again(proved: World) -> None:
    phone = enrolled(proved)
    request = proved.asks("bob", PROD)
    locked(proved, phone, request)
    proved.passes(minutes=14, seconds=59)
    assert "none of yours" in approves(proved, "eve", request, phone.code()).errors["Code"]

    proved.passes(seconds=1)

    assert approves(proved, "eve", request, phone.code()).closed


def test_five_more_lock_it_for_twice_as_long(proved: World) -> None:
    phone = enrolled(proved)
    request = proved.asks("bob", PROD)
    locked(proved, phone, request)
    proved.passes(minutes=15)
    locked(proved, phone, request)
    proved.passes(minutes=29)
    assert "none of yours" in approves(proved, "eve", request, phone.code()).errors["Code"]

    proved.passes(minutes=1)

    assert approves(proved, "eve", request, phone.code()).closed


def test_a_right_one_begins_the_count_anew(proved: World) -> None:
    phone = enrolled(proved)
    first, second = proved.asks("bob", PROD), proved.asks("bob", PROD)
    for _ in range(4):
        approves(proved, "eve", first, wrong(phone))
    approves(proved, "eve", first, phone.code())

    outcome = approves(proved, "eve", second, wrong(phone))

    assert "4 more" in outcome.errors["Code"]


def test_a_lock_holds_in_every_process(proved: World, database_url: str) -> None:
    phone = enrolled(proved)
    request = proved.asks("bob", PROD)
    locked(proved, phone, request)
    proved["eve"].close()

    with proved.beside(database_url) as other:
        other["eve"].click(proved.card(request), "Approve")

    assert "none of yours is taken" in proved.whispers("eve")[-1]


# Votes that were cast without one


def test_a_vote_without_a_proof_no_longer_counts_where_one_is_asked_for(world: World) -> None:
    world.policies(POLICIES + "    approvals: 2\n")
    phone, request = enrolled(world, "dan"), world.asks("bob", PROD)
    world.decides("eve", request, "Approve")
    world.policies(TWO)

    approves(world, "dan", request, phone.code())

    assert world.state(request) is State.PENDING
    assert votes(world, request) == [("eve", False), ("dan", True)]
    assert world.request(request).tally.names == ("Dan Approver",)


def test_pressing_again_with_a_code_makes_it_count(world: World) -> None:
    world.policies(POLICIES + "    approvals: 2\n")
    eves, dans = enrolled(world, "eve"), enrolled(world, "dan")
    request = world.asks("bob", PROD)
    world.decides("eve", request, "Approve")
    world.policies(TWO)
    approves(world, "dan", request, dans.code())

    outcome = approves(world, "eve", request, eves.code())

    assert outcome.closed
    assert world.request(request).decided_by == "Eve Approver"
    assert votes(world, request) == [("eve", True), ("dan", True)]
    assert world.journal(request).count("vote") == 2
    world.verify()
    assert "says what the journal says" in verdict(world, request)


def test_the_first_to_press_again_is_told_that_it_counts_now(world: World) -> None:
    world.policies(POLICIES + "    approvals: 2\n")
    eves = enrolled(world, "eve")
    request = world.asks("bob", PROD)
    world.decides("eve", request, "Approve")
    world.policies(TWO)

    world["eve"].click(world.card(request), "Approve")
    world["eve"].fill(Comment="Still fine.")
    outcome = approves(world, "eve", request, eves.code())

    assert outcome.closed
    assert [entry.reason for entry in lines(world, "proof.use")] == ["Still fine."]
    assert world.request(request).tally.names == ("Eve Approver",)
    assert votes(world, request) == [("eve", True)]
    again = approves(world, "eve", request, eves.fresh())
    assert "You have voted on this already" in again.errors["Comment"]
    assert events(world, "proof.use") == ["proof.use"]


def test_what_waits_for_a_code_of_hers_stands_in_app_home_again(world: World) -> None:
    world.policies(POLICIES + "    approvals: 2\n")
    phone = enrolled(world)
    request = world.asks("bob", PROD)
    world.decides("eve", request, "Approve")
    assert request not in shown(at_home(world, "eve"))

    world.policies(TWO)

    assert request in shown(at_home(world, "eve"))
    approves(world, "eve", request, phone.fresh())
    assert request not in shown(at_home(world, "eve"))


def test_what_was_approved_without_a_proof_is_not_given_once_one_is_asked_for(
    world: World,
) -> None:
    start = world.clock() + timedelta(hours=2)
    request = world.asks("bob", PROD, Start=start)
    world.decides("eve", request, "Approve")
    world.policies(PROVED)

    world.passes(hours=2, seconds=5)

    assert world.state(request) is State.FAILED
    assert not world.has_access("bob", "payments-prod", "AdministratorAccess")
    assert "may still approve" in world.request(request).reason


def test_what_was_approved_with_one_is_given(proved: World) -> None:
    phone = enrolled(proved)
    request = proved.asks("bob", PROD, Start=proved.clock() + timedelta(hours=2))
    approves(proved, "eve", request, phone.code())

    proved.passes(hours=2, seconds=5)

    assert proved.state(request) is State.ACTIVE


# Without a key


def test_without_a_key_nothing_that_asks_for_a_code_is_approved(
    proved: World, database_url: str
) -> None:
    enrolled(proved)
    request = proved.asks("bob", PROD)

    with proved.beside(database_url, encryption_key=None) as other:
        other["eve"].click(proved.card(request), "Approve")
        assert other["eve"].view() is None
        assert "ELEVATE_ENCRYPTION_KEY" in other.whispers("eve")[-1]
        assert "group elevate-admins" in other.whispers("eve")[-1]
        other["eve"].command("proof", DEFAULT)
        assert other["eve"].ephemerals()[-1].buttons() == []

    assert (proved.state(request), votes(proved, request)) == (State.PENDING, [])
    proved.decides("dan", request, "Reject", "Not today.")
    assert proved.state(request) is State.REJECTED


def test_with_another_key_neither(proved: World, database_url: str) -> None:
    phone = enrolled(proved)
    request = proved.asks("bob", PROD)
    proved["eve"].click(proved.card(request), "Approve")

    with proved.beside(database_url, encryption_key="o" * 43) as other:
        other["eve"].fill(Code=phone.code())
        outcome = other["eve"].submit()

    assert "ELEVATE_ENCRYPTION_KEY" in outcome.errors["Code"]
    assert (proved.state(request), votes(proved, request)) == (State.PENDING, [])
    assert events(proved, "proof.wrong") == []


def test_a_key_is_changed_by_putting_the_new_one_in_front(proved: World, database_url: str) -> None:
    phone, new = enrolled(proved), "n" * 43
    first, second = proved.asks("bob", PROD), proved.asks("bob", PROD)
    with proved.beside(database_url, encryption_key=f"{new},{KEY}") as between:
        assert approves(between, "eve", first, phone.code()).closed

    with proved.beside(database_url, encryption_key=new) as after:
        assert approves(after, "eve", second, phone.fresh()).closed

    assert proved.request(second).decided_by == "Eve Approver"
