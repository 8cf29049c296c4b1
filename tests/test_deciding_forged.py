"""Buttons and small forms that come back as they were never drawn: nothing happens, and it is noted."""

from typing import Any

import pytest

from grants.model import RequestId, State
from tests.standins.slack import tamper
from tests.standins.slack.faults import EXECUTE_THEN_DROP
from tests.world import APPROVALS, POLICIES, World

PROD = "payments-prod · AdministratorAccess"
COMMENTED = POLICIES.replace("decision_comment: false", "decision_comment: true")
VOTES = ("vote", "request.approve", "request.reject", "request.cancel")


def moved(world: World, request: RequestId) -> list[str]:
    return [event for event in world.journal(request) if event in VOTES]


def test_a_buttons_value_that_was_never_written_does_nothing_and_is_recorded(world: World) -> None:
    request = world.asks("bob", PROD)
    hostile: list[Any] = [
        "", "x" * 2000, request, f"{request}:", f"{request}:-1", f"{request}:1 ", f"{request}:1\n",
        f" {request}:1", f"{request}:1:2", f"{request.lower()}:x", f"{request}:1' OR '1'='1",
        f"{request}:\uff11", "ABCDEFGH\x00:1", "../../../:1", "\ud800", None, 7, True, [],
        [f"{request}:1"], {"request": request},
    ]  # fmt: skip

    replies = [
        world["eve"].tampering(tamper.button_value(value)).click(world.card(request), "Approve")
        for value in hostile
    ]

    assert [reply.status for reply in replies] == [200] * len(hostile)
    assert (world.state(request), moved(world, request)) == (State.PENDING, [])
    assert len(world.whispers("eve")) == len(hostile)
    assert all("not what was offered" in told for told in world.whispers("eve"))
    assert world.journal().count("refusal") == 1


def test_the_id_of_a_request_that_is_not_there_decides_nothing(world: World) -> None:
    request = world.asks("bob", PROD)
    forged = world["eve"].tampering(tamper.button_value("ZZZZZZZZ:1"))

    forged.click(world.card(request), "Approve")

    assert "There is no request ZZZZZZZZ" in world.whispers("eve")[-1]
    assert world.state(request) is State.PENDING
    assert world.journal().count("refusal") == 1


def test_the_id_of_another_request_is_judged_as_that_request(world: World) -> None:
    world.company.add_member("engineers", "eve")
    own, other = world.asks("eve", PROD), world.asks("bob", PROD)
    forged = world["eve"].tampering(tamper.button_value(f"{own}:1"))

    forged.click(world.card(other), "Approve")

    assert "your own request" in world.whispers("eve")[-1]
    assert [world.state(request) for request in (own, other)] == [State.PENDING, State.PENDING]


@pytest.mark.parametrize("action", ["approve", "reject", "revoke", "cancel_request", "end_access"])
def test_whichever_button_mallory_says_she_pressed_nothing_happens(
    world: World, action: str
) -> None:
    request = world.asks("bob", PROD)
    forged = world["mallory"].tampering(tamper.action_id(action))

    reply = forged.click(world.card(request), "Approve")

    assert reply.status == 200
    assert (world.state(request), moved(world, request)) == (State.PENDING, [])
    assert world.journal(request).count("refusal") == 1
    assert world["mallory"].view() is None


@pytest.mark.parametrize("named", ["its own", "another"])
def test_whoever_is_refused_leaves_the_card_as_it_was_to_the_byte(world: World, named: str) -> None:
    guest = world.slack.workspace.add_user("guest", email="guest@example.com")
    guest.is_restricted = True
    world.slack.channel(APPROVALS).members.add(guest.id)
    requests = {"its own": world.asks("bob", PROD), "another": world.asks("bob", PROD)}
    card = world.card(requests["its own"])
    before = card.told(with_metadata=True)
    lie = tamper.button_value(f"{requests[named]}:1")

    for who in ("mallory", "guest"):
        for action in (
            "approve",
            "reject",
            "revoke",
            "cancel_request",
            "nudge_approvers",
            "end_access",
        ):
            world[who].tampering(lie, tamper.action_id(action)).click(card, "Approve")
    world["bob"].tampering(lie).click(card, "Approve")
    world["bob"].tampering(lie).click(card, "Reject")
    world.rounds()

    assert (card.told(with_metadata=True), card.history) == (before, [])
    assert [world[who].view() for who in ("mallory", "guest", "bob")] == [None, None, None]


def test_a_card_whose_answer_was_lost_stays_whichever_request_its_button_names(
    world: World,
) -> None:
    other = world.asks("bob", PROD)
    world.slack.faults.add(
        "chat.postMessage", EXECUTE_THEN_DROP, matches=lambda args: args.get("channel") == APPROVALS
    )
    request = world.asks("bob", PROD)
    card = world.card(request)

    world["mallory"].tampering(tamper.button_value(f"{other}:1")).click(card, "Approve")

    assert (card.buttons(), card.history) == (["Approve", "Reject"], [])


def test_a_forms_metadata_that_was_never_written_does_nothing_and_is_recorded(
    world: World,
) -> None:
    world.policies(COMMENTED)
    request = world.asks("bob", PROD)
    world["eve"].click(world.card(request), "Approve")
    world["eve"].fill(Comment="Fine.")
    whole = f'{{"request": "{request}", "ballot": "approve"}}'
    hostile = [
        "", "null", "[]", "7", "{", "[" * 3000, "x" * 3001, '{"request": 1, "ballot": "approve"}',
        f'{{"request": "{request}"}}', whole.replace('"approve"', '"revoke"'),
        whole.replace('"approve"', "null"), whole.replace('"approve"', '["approve"]'),
        whole.replace(request, "../../.."), whole.replace("}", ', "person": "UDAN"}'),
        whole.replace(f'"{request}"', f'["{request}"]'), whole.replace(request, f"{request}\\n"),
    ]  # fmt: skip

    outcomes = [
        world["eve"].tampering(tamper.private_metadata(lie)).submit().errors for lie in hostile
    ]

    assert [list(errors) for errors in outcomes] == [["Comment"]] * len(hostile)
    assert all("not what was offered" in errors["Comment"] for errors in outcomes)
    assert (world.state(request), moved(world, request)) == (State.PENDING, [])
    assert "refusal" in world.journal()


def test_mallory_with_eves_form_decides_nothing(world: World) -> None:
    world.policies(COMMENTED)
    request = world.asks("bob", PROD)
    world["eve"].click(world.card(request), "Approve")
    world["eve"].fill(Comment="Fine.")

    outcome = world["eve"].tampering(tamper.as_user("UMALLORY")).submit()

    assert "You may not decide" in outcome.errors["Comment"]
    assert (world.state(request), moved(world, request)) == (State.PENDING, [])
    assert world.journal(request).count("refusal") == 1


@pytest.mark.parametrize(
    "lie",
    [
        tamper.put("view.state.values", {"comment": {"comment": {"value": ["Fine."]}}}),
        tamper.put("view.state.values", {"comment": {"comment": ["Fine."]}}),
        tamper.put("view.state.values", {"comment": "Fine."}),
        tamper.put("view.state.values", {"more": {"more": {"value": "Fine."}}}),
        tamper.put("view.state", "Fine."),
        tamper.without("view.state"),
        tamper.put("view.state.values", {"comment": {"comment": {"value": "x" * 3001}}}),
    ],
)
def test_a_comment_of_another_shape_decides_nothing(world: World, lie: tamper.Twist) -> None:
    world.policies(COMMENTED)
    request = world.asks("bob", PROD)
    world["eve"].click(world.card(request), "Approve")

    outcome = world["eve"].tampering(lie).submit()

    assert list(outcome.errors) == ["Comment"]
    assert (world.state(request), moved(world, request)) == (State.PENDING, [])


def test_a_comment_of_halves_of_characters_is_kept_and_told(world: World) -> None:
    world.policies(COMMENTED)
    request = world.asks("bob", PROD)
    world["eve"].click(world.card(request), "Approve")
    odd = {"comment": {"comment": {"type": "plain_text_input", "value": "Fine\x00 \ud800."}}}

    outcome = world["eve"].tampering(tamper.put("view.state.values", odd)).submit()
    world.rounds()

    assert outcome.closed
    assert any("Fine␀ �." in line for line in world.thread(request))


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("http500", "Not recorded yet"),
        ("throttling", "Not recorded yet"),
        ("access_denied", "Trying again will not help"),
    ],
)
def test_while_aws_does_not_answer_the_form_stays_with_what_was_typed(
    world: World, fault: str, words: str
) -> None:
    world.policies(COMMENTED)
    request = world.asks("bob", PROD)
    world["eve"].click(world.card(request), "Approve")
    world["eve"].fill(Comment="Fine.")
    world.aws.faults.add("DescribeUser", fault, times=None)

    outcome = world["eve"].submit()

    assert (outcome.kind, list(outcome.errors)) == ("errors", ["Comment"])
    assert words in outcome.errors["Comment"]
    assert (world.state(request), moved(world, request)) == (State.PENDING, [])
