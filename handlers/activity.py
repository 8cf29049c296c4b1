"""Show Activity: what a session did, read at AWS for whoever may see it, and all of it as a file."""

import logging
from functools import partial
from typing import Any

from slack_bolt import Ack, App
from slack_sdk import WebClient
from slack_sdk.models.views import View

from blocks import activity_view, ids
from blocks.refusals import words
from grants.activity import from_json
from grants.errors import Refusal
from grants.model import Person, Request, RequestId
from grants.summing import Found
from handlers.front import Front
from handlers.reading import pressed
from handlers.windows import fill

log = logging.getLogger(__name__)
Payload = dict[str, Any]

NOT_LOOKED_UP = "Elevate could not look this up just now. Please close this and try again."


def register(app: App, front: Front) -> None:
    """Listen for the button on cards and in direct messages, and for the one below the summary."""
    app.action(ids.ACTIVITY)(partial(show, front=front))
    app.action(ids.EVENTS)(partial(export, front=front))


def show(ack: Ack, action: Payload, body: Payload, client: WebClient, *, front: Front) -> None:
    """In a window, which they alone see: light at once, filled when AWS has answered."""
    ack()
    request_id = pressed(action)
    opened = client.views_open(trigger_id=body["trigger_id"], view=activity_view.looking_up())
    fill(client, opened["view"], _drawn(body, request_id, front))


def _drawn(body: Payload, request_id: RequestId, front: Front) -> View:
    try:
        request, found = _found(front.people.whose(body), request_id, front)
        if found is None:
            return activity_view.not_yet(request)
        return activity_view.view(request, found, front.style)
    except Refusal as refusal:
        front.people.record(refusal, body)
        return activity_view.nothing(words(refusal))
    except Exception:
        log.exception("could not look a session up")
        return activity_view.nothing(NOT_LOOKED_UP)


def export(ack: Ack, action: Payload, body: Payload, *, front: Front) -> None:
    """Read again, so that nothing is missing that has arrived since."""
    ack()
    person = front.people.whose(body)
    request, found = _found(person, pressed(action), front)
    if found is None or not found.events:
        front.net.whisper(activity_view.none(request, found), body)
        return
    front.exports.send_events(person, request, found, body)


def _found(person: Person, request_id: RequestId, front: Front) -> tuple[Request, Found | None]:
    request, told = front.auditing.one(person, request_id)
    with front.lookups.of(person.slack_id):
        return request, front.looking.look(request, from_json(told) if told else None)
