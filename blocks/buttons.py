"""The buttons of messages, drawn from what the row allows."""

from collections.abc import Iterator
from typing import Final

from slack_sdk.models.blocks import ActionsBlock, ButtonElement

from blocks import ids
from blocks.parts import plain
from grants.lifecycle import moves_from
from grants.model import Move, Request, Role

_TITLES: Final = {
    (Role.APPROVER, Move.APPROVE): ("Approve", ids.APPROVE),
    (Role.APPROVER, Move.REJECT): ("Reject", ids.REJECT),
    (Role.APPROVER, Move.REVOKE): ("Revoke", ids.REVOKE),
    (Role.REQUESTER, Move.CANCEL): ("Cancel Request", ids.CANCEL),
    (Role.REQUESTER, Move.END): ("End Access", ids.END),
}


def row(request: Request, role: Role) -> Iterator[ActionsBlock]:
    """What this role may do now, as a row of buttons; nothing: no row."""
    moves = [(role, move) for move in moves_from(request.state, role)]
    found = [_button(*_TITLES[move], request) for move in moves if move in _TITLES]
    if found:
        yield ActionsBlock(elements=found)


def _button(title: str, action: str, request: Request) -> ButtonElement:
    return ButtonElement(
        text=plain(title),
        action_id=action,
        value=f"{request.id}:{request.version}",
        style="primary" if action == ids.APPROVE else None,
    )
