"""Whether a payload has the shape of what Slack sends: any other is turned away before it is read."""

import logging
import re
from collections.abc import Callable
from typing import Any, Final

from slack_bolt import BoltRequest, BoltResponse
from slack_bolt.middleware import Middleware

log = logging.getLogger(__name__)
Payload = dict[str, Any]

_ID: Final = re.compile(r"[A-Za-z0-9_.-]{1,200}", re.ASCII)
_ADDRESS: Final = re.compile(r"https?://[!-~]{1,2000}", re.ASCII)


class Shapely(Middleware):
    """It is about the envelope: what a form holds is for its reader to judge."""

    def process(
        self,
        *,
        req: BoltRequest,
        resp: BoltResponse,
        next: Callable[[], BoltResponse],  # noqa: A002 - Bolt's name
    ) -> BoltResponse:
        """Answered with 400 where no listener could read it."""
        if is_shapely(req.body):
            return next()
        log.warning("signed, and nothing that Slack sends")
        return BoltResponse(status=400, body="cannot be read\n")


def is_shapely(body: Payload) -> bool:
    """Who, where and what is written as Slack writes it. Whether it is true is asked elsewhere."""
    if "command" in body:
        return _is_id(body.get("user_id")) and _may_be_answered(body)
    match body.get("type"):
        case "event_callback":
            return _is_event(body.get("event"))
        case "block_actions":
            return _is_envelope(body) and _are_actions(body.get("actions")) and _is_pressed(body)
        case "shortcut":
            return _is_envelope(body) and _is_id(body.get("trigger_id"))
        case "view_submission":
            view = body.get("view")
            return _is_envelope(body) and view is not None and _is_text(view, "callback_id")
        case "block_suggestion":
            return (
                _is_envelope(body)
                and body.get("view") is not None
                and _is_text(body, "action_id", "block_id")
            )
        case _:
            return True  # Nobody listens to it.


def _is_id(value: object) -> bool:
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def _is_named(value: object) -> bool:
    return isinstance(value, dict) and _is_id(value.get("id"))


def _is_text(found: Payload, *names: str) -> bool:
    return all(isinstance(found.get(name), str) for name in names)


def _is_event(event: object) -> bool:
    if not isinstance(event, dict) or not _is_text(event, "type"):
        return False
    looks = event.get("type") == "app_home_opened"
    view = event.get("view")
    return not looks or (_is_id(event.get("user")) and (view is None or _is_named(view)))


def _is_envelope(body: Payload) -> bool:
    whole = (body.get(name) for name in ("team", "enterprise", "container", "message"))
    channel, view = body.get("channel"), body.get("view")
    return (
        _is_named(body.get("user"))
        and all(each is None or isinstance(each, dict) for each in whole)
        and (channel is None or _is_named(channel) or _is_nameless(channel))
        and (view is None or _is_named(view))
    )


def _is_nameless(found: object) -> bool:
    """As a local Slack has the channel of who presses in App Home, where there is none."""
    return isinstance(found, dict) and found.get("id", "") == ""


def _are_actions(actions: object) -> bool:
    return (
        isinstance(actions, list)
        and len(actions) > 0
        and all(isinstance(each, dict) and _is_text(each, "action_id") for each in actions)
    )


def _is_pressed(body: Payload) -> bool:
    if "message_ts" in (body.get("container") or {}):
        return _may_be_answered(body)
    return _is_id(body.get("trigger_id"))


def _may_be_answered(body: Payload) -> bool:
    address = body.get("response_url")
    triggered = _is_id(body.get("trigger_id"))
    if address is None:
        return triggered  # Then nothing is answered there, and all else goes on.
    return triggered and isinstance(address, str) and _ADDRESS.fullmatch(address) is not None
