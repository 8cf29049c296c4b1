"""Cancel Request, Nudge Approvers and End Access, pressed by the requester in a message or a list."""

from functools import partial
from typing import Any

from slack_bolt import Ack, App, Respond

from blocks import ids
from grants.model import Person
from handlers.front import Front
from handlers.reading import once, pressed

Payload = dict[str, Any]


def register(app: App, front: Front) -> None:
    """Listen for the requester's buttons."""
    app.action(ids.CANCEL)(partial(cancel, front=front))
    app.action(ids.NUDGE)(partial(nudge, front=front))
    app.action(ids.END)(partial(end, front=front))


def cancel(ack: Ack, action: Payload, body: Payload, respond: Respond, *, front: Front) -> None:
    """Taken back before anybody decided."""
    front.promptly(lambda _: front.closing.cancel(_whose(action, body, front), pressed(action)))
    ack()
    front.showing.pressed(body, action, respond)


def nudge(ack: Ack, action: Payload, body: Payload, respond: Respond, *, front: Front) -> None:
    """Whoever may decide is reminded now."""
    token = once(body)
    front.promptly(
        lambda _: front.reminding.nudge(front.presser(action, body), pressed(action), once=token)
    )
    ack()
    front.showing.pressed(body, action, respond)


def end(ack: Ack, action: Payload, body: Payload, respond: Respond, *, front: Front) -> None:
    """Given back before its time."""
    front.promptly(lambda _: front.closing.end(_whose(action, body, front), pressed(action)))
    ack()
    front.showing.pressed(body, action, respond)


def _whose(action: Payload, body: Payload, front: Front) -> Person:
    return front.presser(action, body, giving_back=True)
