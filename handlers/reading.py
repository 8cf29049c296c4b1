"""Which request a payload says it is about. The row decides everything else."""

import re
from hashlib import sha256
from typing import Any, Final

from blocks import decision_form
from grants.errors import Tampered
from grants.model import RequestId

_VALUE: Final = re.compile(r"(?P<id>[0-9A-HJKMNP-TV-Z]{8}):(?P<revision>\d{1,9})", re.ASCII)


def request_id_of(action: dict[str, Any]) -> RequestId | None:
    """The request id in a button's value; None where there is none that could be ours."""
    value = action.get("value")
    found = _VALUE.fullmatch(value) if isinstance(value, str) else None
    return RequestId(found["id"]) if found else None


def pressed(action: dict[str, Any]) -> RequestId:
    """The same; a value that we never wrote is tampering."""
    found = request_id_of(action)
    if found is None:
        raise Tampered("a button's value")
    return found


def about(body: dict[str, Any]) -> RequestId | None:
    """For the record, never for deciding: the request of the button or form that was sent."""
    actions = body.get("actions")
    if isinstance(actions, list) and actions and isinstance(actions[0], dict):
        return request_id_of(actions[0])
    return decision_form.about(body.get("view"))


def view_of(body: dict[str, Any]) -> dict[str, Any]:
    """The window that something was pressed in; that it was none of ours is tampering."""
    view = body.get("view")
    if not isinstance(view, dict):
        raise Tampered("a payload")
    return view


def once(body: dict[str, Any]) -> str:
    """What tells this press or form from all others, and is the same when Slack delivers it again.

    Buttons and forms carry a trigger each; a form without one is known by its view and who sent it.
    """
    user, view, trigger = body.get("user"), body.get("view"), body.get("trigger_id")
    known = trigger or (view.get("id") if isinstance(view, dict) else None)
    who = user.get("id") if isinstance(user, dict) else None
    if not isinstance(known, str) or not known:
        raise Tampered("a payload")
    kind = "trigger" if trigger else "view"
    return sha256(f"{kind} {known} {who}".encode("utf-8", "replace")).hexdigest()


def first_field(view: dict[str, Any], *, otherwise: str) -> str:
    """The block beside which trouble with a whole form is said, whatever came back as the form."""
    blocks = view.get("blocks")
    drawn = [each for each in blocks if isinstance(each, dict)] if isinstance(blocks, list) else []
    asked = (each.get("block_id") for each in drawn if each.get("type") == "input")
    return next((name for name in asked if isinstance(name, str) and name), otherwise)
