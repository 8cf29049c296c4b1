"""Messages of ours that nobody remembers: a post that arrived though its answer was lost stands twice."""

import logging
from dataclasses import dataclass
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError

from blocks import card, ids
from grants.errors import UnknownRequest
from grants.model import Request
from grants.stores import Works
from handlers.reading import request_id_of

log = logging.getLogger(__name__)
Payload = dict[str, Any]
ON_CARDS = frozenset({ids.APPROVE, ids.REJECT, ids.REVOKE})


@dataclass(frozen=True, slots=True)
class Strays:
    """Found when somebody presses one: its buttons go, so that nobody waits for it to change."""

    client: WebClient
    works: Works

    def tidy(self, action: Payload, body: Payload) -> None:
        """Nothing, where the message that was pressed is one that is kept up to date."""
        container = body.get("container") or {}
        channel, ts = container.get("channel_id"), container.get("message_ts")
        request_id = request_id_of(action)
        if not isinstance(channel, str) or not isinstance(ts, str) or not request_id:
            return
        if container.get("is_ephemeral"):
            return
        try:
            with self.works.reading() as work:
                request = work.requests.get(request_id)
                # Whichever request the button names: it is the message that is looked for.
                known = work.copies.at(channel, ts)
                in_doubt = work.outbox.in_doubt(request_id, channel)
        except UnknownRequest:
            return
        if known or in_doubt:
            return  # It is, or may be found to be, one that is to be kept up to date.
        try:
            self.client.chat_update(channel=channel, ts=ts, **_instead(action, body, request))
        except (SlackClientError, OSError):
            log.info("a stray message stays as it is", extra={"request": request_id})


def _instead(action: Payload, body: Payload, request: Request) -> Payload:
    """A card says where it stands; a direct message keeps what it told, without its buttons."""
    if action.get("action_id") in ON_CARDS:
        message = card.outdated(request)
        return {"text": message.text, "blocks": message.blocks}
    pressed = body.get("message") or {}
    blocks = [one for one in pressed.get("blocks") or () if one.get("type") != "actions"]
    return {"text": pressed.get("text") or "", "blocks": blocks}
