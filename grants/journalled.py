"""A request as the journal has it: what its row says of itself is not believed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from grants.lifecycle import LEADS_TO
from grants.model import (
    AccountId,
    Move,
    Moved,
    PermissionSetArn,
    Request,
    RequestId,
    SlackUserId,
    State,
    Target,
    UserId,
)
from grants.records import Entry
from grants.telling import moved_in

Facts = Mapping[str, Any]

UNTOUCHED: Final[Mapping[str, Any]] = {
    "decided_at": None,
    "decided_by": "",
    "active_at": None,
    "ends_at": None,
    "ended_at": None,
    "because": None,
    "reason": "",
    "closed_by": "",
    "standing": False,
}
"""As a request is born, until a move sets it."""


def journalled(request: Request, entries: Iterable[Entry]) -> Request:
    """With what its moves set; the row's own word only for what the journal does not hold.

    ValueError, TypeError, LookupError and others of their kind, where a line is none of ours.
    """
    moves = [(moved, entry) for entry in entries if (moved := moved_in(entry))]
    if not moves:
        return request
    known = dict(UNTOUCHED)
    for moved, entry in moves:
        known |= _set_by(moved, request, entry.facts or {})
    return replace(request, **known)


def differing(row: Request, told: Request) -> tuple[str, ...]:
    """The fields in which two of them differ."""
    names = (each.name for each in fields(Request))
    return tuple(name for name in names if getattr(row, name) != getattr(told, name))


def _set_by(moved: Moved, request: Request, facts: Facts) -> dict[str, Any]:
    found: dict[str, Any] = {"state": moved.target}
    if moved.target is State.REVOKING:
        found["because"] = LEADS_TO[moved.move]
    match moved.move:
        case Move.ASK:
            found |= dict(_asked(moved, request, facts))
        case Move.APPROVE | Move.REJECT:
            found |= {"decided_at": moved.at, "decided_by": moved.by.name}
        case Move.CONFIRM:
            found |= dict(_confirmed(request, facts))
        case Move.END | Move.REVOKE | Move.CANCEL:
            found["closed_by"] = moved.by.name
        case Move.GONE | Move.FAIL if moved.target is not State.REVOKING:
            found["ended_at"] = moved.at
        case Move.START | Move.FINISH | Move.LAPSE | Move.FAIL | Move.GONE:
            pass
    # A comment on an approval is the vote's, and why AWS has confirmed something nobody says.
    if moved.reason and moved.move is not Move.APPROVE:
        found["reason"] = moved.reason
    return found


def _asked(moved: Moved, request: Request, facts: Facts) -> Iterator[tuple[str, Any]]:
    """Older versions wrote fewer facts."""
    who, target = request.requester, request.target
    yield "asked_at", moved.at
    yield (
        "requester",
        replace(
            who,
            user_id=UserId(_words(facts, "requester", who.user_id)),
            name=moved.by.name,
            slack_id=moved.by.slack_id or SlackUserId(""),
        ),
    )
    yield (
        "target",
        Target(
            AccountId(_words(facts, "account", target.account_id)),
            PermissionSetArn(_words(facts, "permission_set", target.permission_set_arn)),
        ),
    )
    for name in ("account_name", "permission_set_name", "justification", "ticket"):
        yield name, _words(facts, name, getattr(request, name))
    yield "duration", _seconds(facts, "seconds", request.duration)
    yield "session_duration", _seconds(facts, "session_seconds", request.session_duration)
    yield "starts_at", _instant(facts, "starts_at", request.starts_at)
    yield "expires_at", _instant(facts, "expires_at", request.expires_at)
    if "justification" in facts:  # Written with it, where there was one.
        extended = _words(facts, "extends", "")
        yield "extends", RequestId(extended) if extended else None


def _confirmed(request: Request, facts: Facts) -> Iterator[tuple[str, Any]]:
    yield "active_at", _instant(facts, "active_at", request.active_at)
    yield "ends_at", _instant(facts, "ends_at", request.ends_at)
    yield "standing", bool(facts.get("standing", request.standing))


def _words(facts: Facts, name: str, otherwise: str) -> str:
    found = facts.get(name, otherwise)
    if not isinstance(found, str):
        raise TypeError(name)
    # JSON can hold what the row's column cannot.
    return found.replace("\0", "\N{REPLACEMENT CHARACTER}")


def _seconds(facts: Facts, name: str, otherwise: timedelta) -> timedelta:
    return timedelta(seconds=facts[name]) if name in facts else otherwise


def _instant(facts: Facts, name: str, otherwise: datetime | None) -> datetime | None:
    if name not in facts:
        return otherwise
    return datetime.fromisoformat(facts[name]).astimezone(UTC) if facts[name] else None
