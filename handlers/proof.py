"""One-time codes in Slack: set up by whoever approves, reset by an administrator."""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from slack_bolt import Ack, App
from slack_sdk import WebClient
from slack_sdk.models.views import View

from blocks import codes, ids, people_forms
from blocks.home import Blocks
from blocks.refusals import words
from blocks.text import Style
from grants.authority import Action
from grants.errors import Refusal
from grants.model import Person, Role
from grants.overview import Viewer
from grants.people import as_of_now
from grants.policy import proof_needed
from grants.proving import Proving
from grants.stores import Work
from handlers import admin
from handlers.errors import refusal_for
from handlers.front import Front
from handlers.promptly import InTime
from handlers.reading import once
from handlers.showing import Section

log = logging.getLogger(__name__)
Payload = dict[str, Any]

APPROVING: Final = frozenset({Role.APPROVER})
NO_APPROVER: Final = "No approval policy names you now, so you have nothing to prove by a code."
BUDGET: Final = 4


def sections(proving: Proving) -> tuple[Section, Section]:
    """App Home's part, for approvers whom it concerns; and the same as the answer to its word."""

    def draw(work: Work, viewer: Viewer, _: Style) -> Blocks:
        row = work.proofs.get(viewer.person.user_id)
        return codes.section(
            needed=proof_needed(viewer.book.approval),
            since=row.confirmed_at if row else None,
            able=proving.seal is not None,
        )

    def where_it_matters(work: Work, viewer: Viewer, style: Style) -> Blocks:
        row = work.proofs.get(viewer.person.user_id)
        if row or proof_needed(viewer.book.approval):
            yield from draw(work, viewer, style)

    return (
        Section("codes", APPROVING, BUDGET, where_it_matters, without=NO_APPROVER),
        Section("proof", APPROVING, BUDGET, draw, without=NO_APPROVER),
    )


def register(app: App, front: Front) -> None:
    """Listen for what sets codes up, and for what takes them away."""
    app.action(ids.SET_UP_CODES)(partial(set_up, front=front))
    app.view(ids.PRESENT_CODE_FORM)(partial(proved, front=front))
    app.view(ids.CODES_FORM)(partial(confirmed, front=front))
    app.action(ids.RESET_CODES)(partial(reset, front=front))


def set_up(ack: Ack, body: Payload, client: WebClient, *, front: Front) -> None:
    """The key; for whoever has one already, only after a code of it."""

    def draw(in_time: InTime) -> None:
        person = front.people.whose(body)
        front.proving.may_set_up(person)
        if front.proving.is_set_up(person.user_id):
            drawn = codes.present()
        else:
            drawn = codes.key(front.proving.begin(person, in_time=in_time))
        in_a_window = (body.get("view") or {}).get("type") == "modal"
        show = client.views_push if in_a_window else client.views_open
        show(trigger_id=body["trigger_id"], view=drawn)

    front.promptly(draw)
    ack()


def proved(ack: Ack, body: Payload, view: Payload, *, front: Front) -> None:
    """With a code of the key that they have: another key, in the same window."""

    def begin(in_time: InTime) -> View:
        person, code = front.people.whose(body), codes.read(view)
        return codes.key(front.proving.begin(person, code, in_time=in_time))

    _answer(ack, body, begin, front=front)


def confirmed(ack: Ack, body: Payload, view: Payload, *, front: Front) -> None:
    """The first code of a key that was shown."""

    def confirm(in_time: InTime) -> View:
        person, code = front.people.whose(body), codes.read(view)
        front.proving.confirm(person, code, in_time=in_time)
        return codes.confirmed()

    _answer(ack, body, confirm, front=front)


def _answer(ack: Ack, body: Payload, do: Callable[[InTime], View], *, front: Front) -> None:
    """What is wrong is said beside the code."""
    try:
        drawn = front.promptly(do)
    except Refusal as refusal:
        front.people.record(refusal, body)
        ack(response_action="errors", errors={ids.CODE: words(refusal)})
    except Exception as error:
        log.exception("codes were not set up")
        ack(response_action="errors", errors={ids.CODE: words(refusal_for(error))})
    else:
        ack(response_action="update", view=drawn)


def reset(ack: Ack, action: Payload, body: Payload, client: WebClient, *, front: Front) -> None:
    """Of somebody who is linked. Slack has asked whether it is meant."""
    slack_id = people_forms.slack_user(action.get("value"))

    def take_away(in_time: InTime) -> Person:
        person = front.people.whose(body)
        still = as_of_now(front.works, person)
        by = front.editing.administrator(person, Action.RESET_CODES)
        user = front.linking.user(slack_id)
        front.proving.reset(user, by=by, once=once(body), in_time=in_time, still=still)
        return person

    person = front.promptly(take_away)
    ack()
    admin.draw_links_again(client, body.get("view") or {}, person, front)
