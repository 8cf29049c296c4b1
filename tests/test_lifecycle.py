"""The table of the life of a request: every row taken by its role and no other, and nothing beside it."""

from itertools import product
from typing import Any

import pytest

from blocks.buttons import row
from blocks.card import card
from blocks.text import Style
from blocks.wording import STATES
from grants.errors import AlreadyMoved, WrongRole
from grants.lifecycle import (
    BIRTHS,
    FINAL,
    HOLDS,
    LEADS_TO,
    LIFECYCLE,
    OPEN,
    Step,
    mermaid,
    moves_from,
    take,
)
from grants.model import Actor, Move, Request, Role, State
from tests import make
from tests.make import HOUR, NOON

TAKEN = {(step.source, step.move) for step in LIFECYCLE}
NOT_TAKEN = [pair for pair in product(State, Move) if pair not in TAKEN]


def before(step: Step) -> Request:
    """A request at the beginning of a step; what is being taken away knows which end it leads to."""
    because: dict[State, Any] = {State.REVOKING: {"because": step.target}}
    return make.a_request(state=step.source, **because.get(step.source, {}))


def spelled(step: Step) -> str:
    return f"{step.source}-{step.move}-{step.target}-{step.by}"


@pytest.mark.parametrize("step", LIFECYCLE, ids=spelled)
def test_every_row_is_taken_by_its_role(step: Step) -> None:
    by = Actor(step.by, "Somebody")

    after, moved = take(before(step), step.move, by=by, at=NOON, note="why")

    assert after.state is step.target
    assert (moved.source, moved.move, moved.target, moved.by) == (
        step.source,
        step.move,
        step.target,
        by,
    )
    assert (moved.at, moved.reason) == (NOON, "why")


@pytest.mark.parametrize("step", LIFECYCLE, ids=spelled)
def test_every_row_is_taken_by_no_other_role(step: Step) -> None:
    theirs = {s.by for s in LIFECYCLE if (s.source, s.move) == (step.source, step.move)}

    for role in set(Role) - theirs:
        with pytest.raises(WrongRole):
            take(before(step), step.move, by=Actor(role, "Somebody"), at=NOON)


@pytest.mark.parametrize(("state", "move"), NOT_TAKEN, ids=str)
def test_what_is_not_in_the_table_is_refused_whoever_asks(state: State, move: Move) -> None:
    for role in Role:
        with pytest.raises(AlreadyMoved):
            take(make.a_request(state=state), move, by=Actor(role, "Somebody"), at=NOON)


def test_the_ends_are_these_and_nothing_leads_out_of_them() -> None:
    assert FINAL == {
        State.ENDED, State.REVOKED, State.REJECTED, State.CANCELLED, State.EXPIRED, State.FAILED,
    }  # fmt: skip
    assert not [step for step in LIFECYCLE if step.source in FINAL]
    assert OPEN == set(State) - FINAL


def test_a_request_is_born_pending_or_scheduled() -> None:
    assert BIRTHS == {State.PENDING, State.SCHEDULED}
    assert not [step for step in LIFECYCLE if step.move is Move.ASK]


def test_a_grant_holds_its_assignment_while_it_is_given_and_held() -> None:
    assert HOLDS == {State.GRANTING, State.ACTIVE}


def test_every_state_is_reached_and_every_open_one_is_led_out_of() -> None:
    assert BIRTHS | {step.target for step in LIFECYCLE} == set(State)
    assert {step.source for step in LIFECYCLE} == OPEN


def test_once_aws_was_asked_the_only_way_out_is_through_aws() -> None:
    out = [s for s in LIFECYCLE if s.source in HOLDS | {State.REVOKING} and s.target in FINAL]

    assert {step.by for step in out} == {Role.AWS}


def test_only_the_clock_leads_to_ended() -> None:
    assert [move for move, end in LEADS_TO.items() if end is State.ENDED] == [Move.FINISH]
    assert {step.by for step in LIFECYCLE if step.move is Move.FINISH} == {Role.CLOCK}


@pytest.mark.parametrize(
    ("source", "move", "role", "end"),
    [
        (State.ACTIVE, Move.FINISH, Role.CLOCK, State.ENDED),
        (State.ACTIVE, Move.END, Role.REQUESTER, State.REVOKED),
        (State.ACTIVE, Move.REVOKE, Role.APPROVER, State.REVOKED),
        (State.ACTIVE, Move.REVOKE, Role.ADMINISTRATOR, State.REVOKED),
        (State.GRANTING, Move.END, Role.REQUESTER, State.REVOKED),
        (State.GRANTING, Move.REVOKE, Role.APPROVER, State.REVOKED),
        (State.GRANTING, Move.FAIL, Role.AWS, State.FAILED),
    ],
)
def test_what_is_being_taken_away_ends_as_it_was_begun(
    source: State, move: Move, role: Role, end: State
) -> None:
    going, _ = take(make.a_request(state=source), move, by=Actor(role, "Somebody"), at=NOON)
    gone, moved = take(going, Move.GONE, by=Actor(Role.AWS, "AWS"), at=NOON + HOUR)

    assert going.state is State.REVOKING
    assert gone.state is end
    assert moved.because is end


def test_a_move_touches_only_what_it_names() -> None:
    request = make.a_request(state=State.GRANTING)

    after, _ = take(
        request,
        Move.CONFIRM,
        by=Actor(Role.AWS, "AWS"),
        at=NOON,
        active_at=NOON,
        ends_at=NOON + HOUR,
    )

    changed = {
        name
        for name in Request.__dataclass_fields__
        if getattr(after, name) != getattr(request, name)
    }
    assert changed == {"state", "active_at", "ends_at"}
    assert request.state is State.GRANTING


@pytest.mark.parametrize("state", State)
def test_every_state_is_drawn_with_its_own_word(state: State) -> None:
    word, _, _ = STATES[state]

    drawn = card(make.a_request(state=state), style=Style(date_tokens=True))

    assert word in drawn.text
    assert [other for other, *_ in STATES.values()].count(word) == 1
    assert state in mermaid()


@pytest.mark.parametrize(("state", "role"), list(product(State, Role)), ids=str)
def test_the_buttons_are_the_moves_that_a_role_may_make(state: State, role: Role) -> None:
    request = make.a_request(state=state)
    blocks = [block.to_dict() for block in row(request, role)]
    drawn = [button["text"]["text"] for block in blocks for button in block["elements"]]

    titles = {
        Role.APPROVER: {Move.APPROVE: "Approve", Move.REJECT: "Reject", Move.REVOKE: "Revoke"},
        Role.REQUESTER: {Move.CANCEL: "Cancel Request", Move.END: "End Access"},
    }.get(role, {})
    nudge = ["Nudge Approvers"] if (state, role) == (State.PENDING, Role.REQUESTER) else []
    extend = ["Extend"] if (state, role) == (State.ACTIVE, Role.REQUESTER) else []
    again = ["Request Again"] if state in FINAL and role is Role.REQUESTER else []
    shows = ["Show Activity"] if request.active_at else []
    moves = [titles[m] for m in moves_from(state, role) if m in titles]
    assert drawn == moves + nudge + extend + again + shows
