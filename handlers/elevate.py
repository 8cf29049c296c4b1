"""`/elevate` and the shortcut: opens the form, changes it, and takes what it asks for."""

import logging
from dataclasses import replace
from functools import partial
from typing import Any

from slack_bolt import Ack, App
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from blocks import elevate_form, ids
from blocks.help import message as help_message
from blocks.help import unknown
from blocks.refusals import words
from grants.errors import AlreadyHeld, Flaw, NothingToAskFor, Refusal, Tampered, TooSlow, Unfit
from handlers.asking import Asked, asked_for, form_for
from handlers.front import Front
from handlers.promptly import InTime

log = logging.getLogger(__name__)
Payload = dict[str, Any]

STARTING = "Elevate is still reading the organization's accounts. Please try again in a minute."
NOT_LOOKED_UP = (
    "Elevate could not look up what you may ask for just now."
    f" Please close this and type {ids.COMMAND} again in a moment."
)


def register(app: App, front: Front) -> None:
    """Listen for the command, the shortcut and the request form."""
    app.command(ids.COMMAND)(partial(command, front=front))
    app.shortcut(ids.SHORTCUT)(partial(opened, front=front))
    app.view(ids.REQUEST_FORM)(partial(submit, front=front))
    app.action({"block_id": ids.WHEN, "action_id": ids.START_LATER})(
        partial(start, later=True, front=front)
    )
    app.action({"block_id": ids.WHEN, "action_id": ids.START_NOW})(
        partial(start, later=False, front=front)
    )
    app.action({"block_id": ids.ACCOUNT, "action_id": ids.ACCOUNT})(partial(chosen, front=front))


def command(ack: Ack, body: Payload, client: WebClient, *, front: Front) -> None:
    """No word opens the form; anything else is answered with what there is."""
    if not str(body.get("text") or "").strip():
        opened(ack, body, client, front=front)
        return
    word = str(body["text"]).strip()
    message = help_message() if word.casefold() == "help" else unknown(word)
    ack(text=message.text, blocks=message.blocks, response_type="ephemeral")


def opened(ack: Ack, body: Payload, client: WebClient, *, front: Front) -> None:
    """The whole form at once where everything is known; else a light one that is filled in."""
    ack()
    if (person := front.people.lately(body)) and (asked := asked_for(front, person, live=False)):
        client.views_open(trigger_id=body["trigger_id"], view=_drawn(asked))
        return
    view = client.views_open(trigger_id=body["trigger_id"], view=elevate_form.looking_up())["view"]
    try:
        drawn = _drawn(asked_for(front, front.people.whose(body), live=True))
    except Refusal as refusal:
        drawn = elevate_form.nothing(words(refusal))
    except Exception:
        log.exception("could not look up what may be asked for")
        drawn = elevate_form.nothing(NOT_LOOKED_UP)
    _show(client, view, drawn)


def _show(client: WebClient, view: Payload, drawn: Any) -> None:
    try:
        client.views_update(view_id=view["id"], hash=view.get("hash"), view=drawn)
    except SlackApiError as error:
        # A newer drawing is on its way already, or the form was closed meanwhile.
        if error.response.get("error") not in {"hash_conflict", "not_found"}:
            raise


def _drawn(asked: Asked | None) -> Any:
    if asked is None:
        return elevate_form.nothing(STARTING)
    if not asked.offer.count:
        return elevate_form.nothing(words(NothingToAskFor(asked.whom)))
    return elevate_form.form(form_for(asked))


def start(ack: Ack, body: Payload, client: WebClient, *, later: bool, front: Front) -> None:
    """Start later adds the field for it; Start now takes it away again."""
    ack()
    _redraw(body, client, front, later=later)


def chosen(ack: Ack, body: Payload, client: WebClient, *, front: Front) -> None:
    """Another account: the permission sets that may be asked for there, and none chosen yet."""
    ack()
    _redraw(body, client, front, later=elevate_form.metadata(body["view"]).later)


def _redraw(body: Payload, client: WebClient, front: Front, *, later: bool) -> None:
    view = body["view"]
    person = front.people.lately(body) or front.people.whose(body)
    asked = asked_for(front, person, live=False) or asked_for(front, person, live=True)
    if asked is None:
        return
    _show(client, view, elevate_form.form(form_for(asked, view=view, later=later)))


def submit(ack: Ack, body: Payload, view: Payload, *, front: Front) -> None:
    """Record the request while the form is open, so that what is wrong is said beside the field."""

    def ask(in_time: InTime) -> None:
        front.desk.ask(front.people.whose(body), elevate_form.read(view), in_time=in_time)

    try:
        front.promptly(ask)
    except Unfit as unfit:
        _record_what_was_not_offered(unfit, body, front)
        ack(response_action="errors", errors=elevate_form.errors(unfit, view))
    except AlreadyHeld as held:
        ack(response_action="update", view=_warned(body, view, held, front))
    except Refusal as refusal:
        front.people.record(refusal, body)
        ack(response_action="errors", errors={_first_field(view): words(refusal)})
    except Exception:
        log.exception("a request was not recorded")
        ack(response_action="errors", errors={_first_field(view): words(TooSlow())})
    else:
        ack()


def _warned(body: Payload, view: Payload, held: AlreadyHeld, front: Front) -> Any:
    """The same form with the notice and Send Anyway; what was typed stays."""
    wish = elevate_form.read(view)
    later = elevate_form.metadata(view).later
    person = front.people.lately(body) or front.people.whose(body)
    asked = asked_for(front, person, live=False) or asked_for(front, person, live=True)
    if asked is None:
        return elevate_form.nothing(words(held))
    state = form_for(asked, view=view, later=later)
    return elevate_form.form(
        replace(
            state,
            notice=words(held),
            held=wish.target,
            wish=wish,
            permission_set=asked.catalogue.permission_sets.get(wish.target.permission_set_arn)
            if wish.target
            else None,
        )
    )


def _record_what_was_not_offered(unfit: Unfit, body: Payload, front: Front) -> None:
    """Beside the field it is an error like others; in the journal it is a refusal of authority."""
    if any(problem.flaw is Flaw.NOT_OFFERED for problem in unfit.problems):
        front.people.record(Tampered("a target that was not offered"), body)


def _first_field(view: Payload) -> str:
    """The block beside which trouble with the whole form is said."""
    blocks = view.get("blocks")
    drawn = [b for b in blocks if b.get("type") == "input"] if isinstance(blocks, list) else []
    return str(drawn[0]["block_id"]) if drawn else ids.ACCESS
