"""Lies to tell in a payload, for `person.tampering(…)`."""

from collections.abc import Callable
from typing import Any

Payload = dict[str, Any]
Twist = Callable[[Payload], None]


def put(path: str, value: object) -> Twist:
    """Set what is at a dotted path, `actions.0.value`; the places above it must be there."""

    def twist(payload: Payload) -> None:
        *above, last = path.split(".")
        place: Any = payload
        for step in above:
            place = place[int(step)] if isinstance(place, list) else place[step]
        place[int(last) if isinstance(place, list) else last] = value

    return twist


def without(path: str) -> Twist:
    """Leave out what is at a dotted path."""

    def twist(payload: Payload) -> None:
        *above, last = path.split(".")
        place: Any = payload
        for step in above:
            place = place[int(step)] if isinstance(place, list) else place[step]
        del place[last]

    return twist


def private_metadata(value: str) -> Twist:
    """Other notes than the app wrote into the view."""
    return put("view.private_metadata", value)


def callback_id(value: str) -> Twist:
    """Another form."""
    return put("view.callback_id", value)


def button_value(value: str) -> Twist:
    """Another value in the button pressed."""
    return put("actions.0.value", value)


def action_id(value: str) -> Twist:
    """Another button."""
    return put("actions.0.action_id", value)


def token(value: str) -> Twist:
    """Another verification token."""
    return put("token", value)


def as_user(user: str, team: str | None = None) -> Twist:
    """Another person, of another workspace if `team` says so."""

    def twist(payload: Payload) -> None:
        if "user_id" in payload:
            payload["user_id"] = user
        elif "event" in payload:
            payload["event"]["user"] = user
        else:
            payload["user"]["id"] = user
            payload["user"]["team_id"] = team or payload["user"]["team_id"]

    return twist


def as_team(team: str) -> Twist:
    """Another workspace."""

    def twist(payload: Payload) -> None:
        if "team_id" in payload:
            payload["team_id"] = team
        else:
            payload["team"]["id"] = team
            payload["user"]["team_id"] = team

    return twist


def field_value(label: str, value: object) -> Twist:
    """Another value in a field of the form: an option's value, or what was typed."""

    def twist(payload: Payload) -> None:
        blocks = [b for b in payload["view"]["blocks"] if b.get("label", {}).get("text") == label]
        for state in payload["view"]["state"]["values"][blocks[0]["block_id"]].values():
            _lie(state, value)

    return twist


def _lie(state: Payload, value: object) -> None:
    key = next(key for key in state if key != "type")
    if key != "selected_option":
        state[key] = value
        return
    words = {"type": "plain_text", "text": str(value)}
    state[key] = {"text": words, **(state[key] or {}), "value": value}
