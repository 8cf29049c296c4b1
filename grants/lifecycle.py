"""The life of a request, as one table. Everything else about states is derived from it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, NamedTuple

from grants.errors import AlreadyMoved, WrongRole
from grants.model import Actor, Move, Moved, Request, Role, State


class Step(NamedTuple):
    """One row of the table."""

    source: State
    move: Move
    target: State
    by: Role


S, M, R = State, Move, Role

LIFECYCLE: Final[tuple[Step, ...]] = (
    #    from         move        to            by
    Step(S.PENDING,   M.APPROVE,  S.SCHEDULED,  R.APPROVER),
    Step(S.PENDING,   M.REJECT,   S.REJECTED,   R.APPROVER),
    Step(S.PENDING,   M.CANCEL,   S.CANCELLED,  R.REQUESTER),
    Step(S.PENDING,   M.LAPSE,    S.EXPIRED,    R.CLOCK),
    Step(S.SCHEDULED, M.START,    S.GRANTING,   R.CLOCK),
    Step(S.SCHEDULED, M.FAIL,     S.FAILED,     R.CLOCK),
    Step(S.SCHEDULED, M.END,      S.REVOKED,    R.REQUESTER),
    Step(S.SCHEDULED, M.REVOKE,   S.REVOKED,    R.APPROVER),
    Step(S.SCHEDULED, M.REVOKE,   S.REVOKED,    R.ADMINISTRATOR),
    Step(S.GRANTING,  M.CONFIRM,  S.ACTIVE,     R.AWS),
    Step(S.GRANTING,  M.FAIL,     S.REVOKING,   R.AWS),
    Step(S.GRANTING,  M.END,      S.REVOKING,   R.REQUESTER),
    Step(S.GRANTING,  M.REVOKE,   S.REVOKING,   R.APPROVER),
    Step(S.GRANTING,  M.REVOKE,   S.REVOKING,   R.ADMINISTRATOR),
    Step(S.ACTIVE,    M.FINISH,   S.REVOKING,   R.CLOCK),
    Step(S.ACTIVE,    M.END,      S.REVOKING,   R.REQUESTER),
    Step(S.ACTIVE,    M.REVOKE,   S.REVOKING,   R.APPROVER),
    Step(S.ACTIVE,    M.REVOKE,   S.REVOKING,   R.ADMINISTRATOR),
    Step(S.ACTIVE,    M.GONE,     S.REVOKED,    R.AWS),
    Step(S.REVOKING,  M.GONE,     S.ENDED,      R.AWS),
    Step(S.REVOKING,  M.GONE,     S.REVOKED,    R.AWS),
    Step(S.REVOKING,  M.GONE,     S.FAILED,     R.AWS),
)  # fmt: skip

FINAL: Final = frozenset(State) - {step.source for step in LIFECYCLE}
BIRTHS: Final = frozenset({State.PENDING, State.SCHEDULED})
"""Where a request begins: waiting for approvers, or, where none is needed, for its start."""
HOLDS: Final = frozenset({State.GRANTING, State.ACTIVE})
"""States in which a grant wants its assignment to exist."""
OPEN: Final = frozenset(State) - FINAL

LEADS_TO: Final = {Move.FINISH: State.ENDED, Move.END: State.REVOKED,
                   Move.REVOKE: State.REVOKED, Move.FAIL: State.FAILED}  # fmt: skip
"""What a move into `revoking` writes into `because`."""


def moves_from(state: State, role: Role) -> Iterator[Move]:
    """What this role may do now: the buttons to draw, no more and no fewer."""
    return (step.move for step in LIFECYCLE if step.source is state and step.by is role)


def take(
    request: Request, move: Move, *, by: Actor, at: datetime, note: str = "", **changes: Any
) -> tuple[Request, Moved]:
    """Take one step of the lifecycle, or refuse.

    `note` is the why that the event carries. `changes` are other fields of the row that this very move fixes (`active_at`, `ends_at` …).
    Whoever was to be reminded of the state before it is not any more.
    """
    steps = [s for s in LIFECYCLE if s.source is request.state and s.move is move]
    if not steps:
        raise AlreadyMoved(request)
    if all(step.by is not by.role for step in steps):
        raise WrongRole(move, by.role)
    target = request.because if request.state is State.REVOKING else steps[0].target
    if target is None or all(step.target is not target for step in steps):
        raise AlreadyMoved(request)
    if target is State.REVOKING:
        changes["because"] = LEADS_TO[move]
    if target is State.GRANTING:
        changes["tried_since"] = at
    after = replace(request, state=target, **{"remind_at": None, **changes})
    moved = Moved(request.id, move, request.state, target, by, at, note, after.because)
    return after, moved


def mermaid() -> str:
    """The picture of the table, for the docs."""
    rows = ["stateDiagram-v2"]
    rows += [f"    [*] --> {state}: ask" for state in sorted(BIRTHS)]
    seen: dict[tuple[State, Move, State], list[str]] = {}
    for step in LIFECYCLE:
        seen.setdefault((step.source, step.move, step.target), []).append(step.by)
    for (source, move, target), roles in seen.items():
        rows.append(f"    {source} --> {target}: {move} ({', '.join(roles)})")
    rows += [f"    {state} --> [*]" for state in sorted(FINAL)]
    return "\n".join(rows)
