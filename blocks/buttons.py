"""The buttons of messages, drawn from what the row allows."""

from collections.abc import Iterator
from typing import Final

from slack_sdk.models.blocks import ActionsBlock, ButtonElement

from blocks import ids
from blocks.parts import plain
from grants.lifecycle import FINAL, moves_from
from grants.model import Move, Request, Role, State

_TITLES: Final = {
    (Role.APPROVER, Move.APPROVE): ("Approve", ids.APPROVE),
    (Role.APPROVER, Move.REJECT): ("Reject", ids.REJECT),
    (Role.APPROVER, Move.REVOKE): ("Revoke", ids.REVOKE),
    (Role.REQUESTER, Move.CANCEL): ("Cancel Request", ids.CANCEL),
    (Role.REQUESTER, Move.END): ("End Access", ids.END),
}


def row(request: Request, role: Role, *, unseen: bool = False) -> Iterator[ActionsBlock]:
    """What this role may do now, as a row of buttons; nothing: no row.

    `unseen`: there was access, though it went before it was seen to be there.
    """
    found = list(_buttons(request, role, primary=ids.APPROVE))
    if request.active_at is not None or unseen:
        found.append(_button("Show Activity", ids.ACTIVITY, request))
    if found:
        yield ActionsBlock(elements=found)


def plainly(request: Request, role: Role) -> Iterator[ActionsBlock]:
    """The same in a list, where many rows stand below each other and none stands out."""
    if found := list(_buttons(request, role)):
        yield ActionsBlock(elements=found)


def beside(request: Request, role: Role) -> ButtonElement | None:
    """The one button beside a line of a list."""
    return next(_buttons(request, role), None)


def events(request: Request) -> ButtonElement:
    """Brings every event of the session as a file."""
    return _button("Export Events", ids.EVENTS, request)


def again(request: Request, title: str = "Request Again") -> ButtonElement:
    """Opens the form filled with what this request asked for."""
    return _button(title, ids.AGAIN, request)


def _buttons(request: Request, role: Role, *, primary: str = "") -> Iterator[ButtonElement]:
    for move in moves_from(request.state, role):
        if (role, move) in _TITLES:
            title, action = _TITLES[role, move]
            yield _button(title, action, request, primary=action == primary)
    if role is Role.REQUESTER and request.state is State.PENDING:
        yield _button("Nudge Approvers", ids.NUDGE, request)
    if role is Role.REQUESTER and request.state is State.ACTIVE:
        yield _button("Extend", ids.EXTEND, request)
    if role is Role.REQUESTER and request.state in FINAL:
        yield again(request)


def _button(title: str, action: str, request: Request, *, primary: bool = False) -> ButtonElement:
    return ButtonElement(
        text=plain(title),
        action_id=action,
        value=f"{request.id}:{request.version}",
        style="primary" if primary else None,
    )
