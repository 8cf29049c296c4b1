"""Requests looked up: the list, its filters, one request whole, and all of them as a file."""

import logging
from dataclasses import replace
from functools import partial
from typing import Any, Final

from slack_bolt import Ack, App, Respond
from slack_sdk import WebClient
from slack_sdk.models.views import View

from blocks import filter_form, home, home_audit, ids, request_view
from blocks.home import Blocks
from blocks.home_audit import LIST, Listed
from blocks.refusals import words
from blocks.text import Style
from grants import auditing
from grants.errors import Refusal, Tampered, TooSlow, Unfit
from grants.exporting import Format
from grants.model import Person, RequestId, Role, UserId
from grants.overview import Viewer
from grants.records import HomeRow, Search
from grants.searching import from_words, read, to_words
from grants.sight import Sight, sight_of
from grants.stores import Work
from handlers.answering import answered
from handlers.front import Front
from handlers.promptly import InTime
from handlers.reading import pressed
from handlers.showing import Section, at_home, for_them_alone
from handlers.typed import Typed
from handlers.windows import fill

log = logging.getLogger(__name__)
Payload = dict[str, Any]

ANSWER: Final = "answer"
"""Beside the filters: where the list hangs that is to be narrowed down; absent: App Home."""
NOT_LOOKED_UP: Final = (
    "Elevate could not look this request up just now. Please close this and try again."
)


def drawn(work: Work, viewer: Viewer, style: Style) -> Blocks:
    """A page of what this person may see, as they have narrowed it down."""
    sight = _sight(work, viewer)
    row = work.homes.get(viewer.person.slack_id)
    search = from_words(row.filters) if row else Search()
    page = viewer.pages.get(LIST, 0)
    found = auditing.found(work, sight, search, page=page, size=home_audit.SIZE)
    names = auditing.named(work, sight, search)
    return home_audit.requests(Listed(found, sight.everything, search, *names), style)


def _sight(work: Work, viewer: Viewer) -> Sight:
    return sight_of(viewer.book, viewer.membership, work.catalogue.load())


SECTION: Final = Section(
    "audit",
    frozenset({Role.AUDITOR, Role.ADMINISTRATOR}),
    home_audit.BUDGET,
    drawn,
    lists=frozenset({LIST}),
)
"""Of App Home."""
EVERYBODY: Final = replace(SECTION, name=LIST, personas=frozenset({Role.REQUESTER}))
"""The same as a message: there each sees what they may see."""


def register(app: App, front: Front) -> None:
    """Listen for the list's buttons, and for its filters."""
    app.action(ids.DETAILS)(partial(details, front=front))
    app.action(ids.FILTER)(partial(filtering, front=front))
    app.action(ids.ALL)(partial(unfiltered, front=front))
    app.view(ids.FILTER_FORM)(partial(filtered, front=front))
    for action_id, kind in ((ids.EXPORT_CSV, Format.CSV), (ids.EXPORT_JSONL, Format.JSONL)):
        app.action(action_id)(partial(export, kind=kind, front=front))


def listed(typed: Typed) -> None:
    """The list; or, where something stands behind the word, the request of that id whole."""
    typed.ack()
    if typed.rest:
        _open(typed.client, typed.body, RequestId(typed.rest.upper()), typed.front)
        return
    person = typed.front.people.whose(typed.body)
    answered(typed.respond, typed.front.showing.message(EVERYBODY, person, live=True))


# One request


def details(ack: Ack, action: Payload, body: Payload, client: WebClient, *, front: Front) -> None:
    """One request whole."""
    ack()
    _open(client, body, pressed(action), front)


def _open(client: WebClient, body: Payload, request_id: RequestId, front: Front) -> None:
    """A light window at once, for who looks is read live."""
    opened = client.views_open(trigger_id=body["trigger_id"], view=request_view.looking_up())
    fill(client, opened["view"], _whole(body, request_id, front))


def _whole(body: Payload, request_id: RequestId, front: Front) -> View:
    try:
        found = front.auditing.whole(front.people.whose(body), request_id)
    except Refusal as refusal:
        front.people.record(refusal, body)
        return request_view.nothing(words(refusal))
    except Exception:
        log.exception("could not look a request up")
        return request_view.nothing(NOT_LOOKED_UP)
    return request_view.view(found, front.style)


# Filters


def filtering(ack: Ack, body: Payload, client: WebClient, *, front: Front) -> None:
    """The form, filled with what the list is narrowed down to now."""
    ack()
    person, place = front.people.lately(body) or front.people.whose(body), _place(body)
    viewer = front.showing.viewer(person, live=False)
    with front.works() as work:
        row = _row(work, person, front)
        search = from_words(row.filters)
        work.homes.put(replace(row, filters={**to_words(search), **place}))
        sight = _sight(work, viewer)
        whom, _ = auditing.named(work, sight, search)
    form = filter_form.form(search, whom, of_others=sight.others)
    client.views_open(trigger_id=body["trigger_id"], view=form)


def filtered(ack: Ack, body: Payload, view: Payload, *, front: Front) -> None:
    """What is wrong is said beside the field; else the list is drawn again, from its beginning."""
    try:
        person, row = front.promptly(lambda in_time: _narrow(body, view, front, in_time))
    except Unfit as unfit:
        ack(response_action="errors", errors=filter_form.errors(unfit))
    except Refusal as refusal:
        front.people.record(refusal, body)
        ack(response_action="errors", errors={ids.IN_STATE: words(refusal)})
    except Exception:
        log.exception("a list was not filtered")
        ack(response_action="errors", errors={ids.IN_STATE: words(TooSlow())})
    else:
        ack()
        _draw_again(person, row, body, front)


def _narrow(body: Payload, view: Payload, front: Front, in_time: InTime) -> tuple[Person, HomeRow]:
    """Who filters, and what was remembered of them until now."""
    person, sought = front.people.whose(body), filter_form.read(view)
    sight = front.auditing.sight(person)
    if not sight.others:
        sought = replace(sought, person="")
    with front.works.reading() as work:

        def seen(user_id: UserId) -> bool:
            return sight.everything or auditing.requester(work, sight, user_id) is not None

        search = read(sought, work.requests.requesters, work.catalogue.load(), seen=seen)
    in_time()
    with front.works() as work:
        row = _row(work, person, front)
        work.homes.put(replace(row, filters=to_words(search)))
    return person, row


def unfiltered(ack: Ack, body: Payload, *, front: Front) -> None:
    """All of it again."""
    ack()
    person, place = front.people.whose(body), _place(body)
    with front.works() as work:
        row = _row(work, person, front)
        work.homes.put(replace(row, filters={}))
    _draw_again(person, replace(row, filters=place), body, front)


def _place(body: Payload) -> dict[str, str]:
    """Slack's address for the message that a list stands in; empty: it stands in App Home."""
    if at_home(body):
        return {}
    if not for_them_alone(body):
        raise Tampered("a list in a message that others see")
    return {ANSWER: str(body.get("response_url") or "")}


def _draw_again(person: Person, row: HomeRow, body: Payload, front: Front) -> None:
    """Where it hangs: in a message, or in App Home."""
    if not (address := row.filters.get(ANSWER)):
        front.showing.turned(person, {"hash": row.hash}, {LIST: 0})
        return
    message = front.showing.message(EVERYBODY, person, live=True)
    if not answered(Respond(response_url=address), message, replace=True):
        front.net.whisper(home.too_old(), body)


def _row(work: Work, person: Person, front: Front) -> HomeRow:
    found = work.homes.get(person.slack_id)
    return found or HomeRow(person.slack_id, person.user_id, front.auditing.clock())


# As a file


def export(ack: Ack, body: Payload, *, kind: Format, front: Front) -> None:
    """All that the list would show on all its pages."""
    ack()
    person = front.people.whose(body)
    with front.works.reading() as work:
        row = work.homes.get(person.slack_id)
    search = from_words(row.filters) if row else Search()
    front.exports.send(person, search, kind, body)
