"""Cancel Request and End Access, pressed by the requester in their direct messages."""

from functools import partial
from typing import Any

from slack_bolt import Ack, App

from blocks import ids
from handlers.front import Front
from handlers.reading import pressed

Payload = dict[str, Any]


def register(app: App, front: Front) -> None:
    """Listen for the requester's buttons."""
    app.action(ids.CANCEL)(partial(cancel, front=front))
    app.action(ids.END)(partial(end, front=front))


def cancel(ack: Ack, action: Payload, body: Payload, *, front: Front) -> None:
    """Taken back before anybody decided."""
    front.promptly(lambda _: front.closing.cancel(front.people.whose(body), pressed(action)))
    ack()


def end(ack: Ack, action: Payload, body: Payload, *, front: Front) -> None:
    """Given back before its time."""
    front.promptly(lambda _: front.closing.end(front.people.whose(body), pressed(action)))
    ack()
