"""Administration in Slack: policies, settings and people links, for administrators alone."""

import logging
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from slack_bolt import Ack, App
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from blocks import admin_forms, home_admin, ids, people_forms
from blocks.home import Blocks
from blocks.refusals import words
from blocks.text import Style
from grants.authority import Action
from grants.drafts import PolicyProblems
from grants.errors import Refusal, TooSlow, UnknownName
from grants.model import Person, Role
from grants.overview import Viewer, paged
from grants.sheets import Part
from grants.stores import Work
from grants.watching import Watch
from handlers import home
from handlers.front import Front
from handlers.promptly import InTime
from handlers.reading import first_field, once
from handlers.showing import Section
from handlers.typed import Typed

log = logging.getLogger(__name__)
Payload = dict[str, Any]

NAME: Final = "admin"
SIZE: Final = 3
"""So many policies of each kind stand on a page: App Home has 100 blocks for all."""
ADMINISTRATORS: Final = frozenset({Role.ADMINISTRATOR})
FOR_OTHERS: Final = "This is for administrators of Elevate only."
NO_WARNINGS: Final = "There are no warnings, as far as is known now."
ADDED: Final[Mapping[str, Part]] = {
    ids.ADD_ELIGIBILITY: Part.ELIGIBILITY,
    ids.ADD_APPROVAL: Part.APPROVAL,
    ids.SETTINGS: Part.SETTINGS,
}
"""Buttons that are about no policy that is there."""


def section(watch: Watch) -> Section:
    """App Home's part for administrators."""

    def draw(work: Work, viewer: Viewer, _: Style) -> Blocks:
        book = viewer.book
        return home_admin.administration(
            book,
            viewer.page(book.eligibility, "eligibility", SIZE),
            viewer.page(book.approval, "approval", SIZE),
            watch.lately(work, book, viewer.person.slack_id),
        )

    lists = frozenset({"eligibility", "approval"})
    return Section(NAME, ADMINISTRATORS, 18, draw, lists, without=FOR_OTHERS)


def register(app: App, front: Front) -> None:
    """Listen for what stands in that part, and for its forms."""
    for action_id, part in ADDED.items():
        app.action(action_id)(partial(begin, part=part, front=front))
    app.action(ids.EDIT)(partial(edit, front=front))
    app.action(ids.DELETE)(partial(delete, front=front))
    app.action(ids.WARNINGS)(partial(warned, front=front))
    app.view(ids.POLICY_FORM)(partial(saved, front=front))
    app.view(ids.DELETE_FORM)(partial(deleted, front=front))
    app.action(ids.PEOPLE)(partial(people, front=front))
    app.action(ids.PEOPLE_BACK)(partial(people_turned, front=front))
    app.action(ids.PEOPLE_ON)(partial(people_turned, front=front))
    app.action(ids.UNLINK)(partial(unlink, front=front))
    app.action(ids.LINK)(partial(link, front=front))
    app.view(ids.LINK_FORM)(partial(linked, front=front))


def listed(typed: Typed) -> None:
    """`/elevate admin`: whoever is none is refused, and that is written down."""
    typed.ack()
    typed.front.editing.administrator(typed.front.people.whose(typed.body))
    home.listed(typed)


# Policies and settings


def begin(ack: Ack, body: Payload, client: WebClient, *, part: Part, front: Front) -> None:
    """A new policy, or the settings."""
    _open(body, client, part, "", front)
    ack()


def edit(ack: Ack, action: Payload, body: Payload, client: WebClient, *, front: Front) -> None:
    """A policy that is there."""
    part, name = admin_forms.policy(action.get("value"))
    _open(body, client, part, name, front)
    ack()


def _open(body: Payload, client: WebClient, part: Part, name: str, front: Front) -> None:
    def draw(_: InTime) -> None:
        opened = front.editing.opened(front.people.whose(body), part, name)
        client.views_open(trigger_id=body["trigger_id"], view=admin_forms.form(opened))

    front.promptly(draw)


def saved(ack: Ack, body: Payload, view: Payload, *, front: Front) -> None:
    """What is wrong is said beside its field, and what was typed stays."""

    def save(in_time: InTime) -> None:
        person, subject = front.people.whose(body), admin_forms.subject(view)
        front.editing.save(
            person, subject, admin_forms.read(view), once=once(body), in_time=in_time
        )

    try:
        front.promptly(save)
    except PolicyProblems as problems:
        ack(response_action="errors", errors=admin_forms.errors(problems, view))
    except Refusal as refusal:
        front.people.record(refusal, body)
        ack(response_action="errors", errors={first_field(view, otherwise="name"): words(refusal)})
    except Exception:
        log.exception("a policy was not saved")
        ack(
            response_action="errors", errors={first_field(view, otherwise="name"): words(TooSlow())}
        )
    else:
        ack()


def delete(ack: Ack, action: Payload, body: Payload, client: WebClient, *, front: Front) -> None:
    """Asks first."""
    part, name = admin_forms.policy(action.get("value"))

    def draw(_: InTime) -> None:
        shown = front.editing.shown(front.people.whose(body), part, name)
        client.views_open(trigger_id=body["trigger_id"], view=admin_forms.delete_form(shown))

    front.promptly(draw)
    ack()


def deleted(ack: Ack, body: Payload, view: Payload, *, front: Front) -> None:
    """It was meant. The form has no field: what is wrong takes its place."""

    def remove(in_time: InTime) -> None:
        person, subject = front.people.whose(body), admin_forms.subject(view)
        front.editing.delete(person, subject, once=once(body), in_time=in_time)

    try:
        front.promptly(remove)
    except Refusal as refusal:
        front.people.record(refusal, body)
        _say_instead(ack, words(refusal))
    except Exception:
        log.exception("a policy was not deleted")
        _say_instead(ack, "Not deleted yet. Close this and press Delete again: it is safe.")
    else:
        ack()


def _say_instead(ack: Ack, why: str) -> None:
    ack(response_action="update", view=admin_forms.notice("Delete policy", why))


def warned(ack: Ack, body: Payload, client: WebClient, *, front: Front) -> None:
    """All warnings; the part of App Home shows the first."""

    def draw(_: InTime) -> None:
        person = front.people.whose(body)
        front.editing.administrator(person)
        with front.works.reading() as work:
            found = front.watch.lately(work, work.policies.current(), person.slack_id)
        view = admin_forms.warnings(found) if found else admin_forms.notice("Warnings", NO_WARNINGS)
        client.views_open(trigger_id=body["trigger_id"], view=view)

    front.promptly(draw)
    ack()


# People


def people(ack: Ack, body: Payload, client: WebClient, *, front: Front) -> None:
    """Who is who."""

    def draw(_: InTime) -> None:
        view = _links(front.people.whose(body), 0, front)
        client.views_open(trigger_id=body["trigger_id"], view=view)

    front.promptly(draw)
    ack()


def people_turned(
    ack: Ack, action: Payload, body: Payload, client: WebClient, *, front: Front
) -> None:
    """Another page of them."""
    ack()
    person, page = front.people.whose(body), people_forms.turned(action.get("value"))
    _redraw(client, body.get("view") or {}, person, page, front)


def unlink(ack: Ack, action: Payload, body: Payload, client: WebClient, *, front: Front) -> None:
    """Slack has asked whether it is meant."""
    slack_id = people_forms.slack_user(action.get("value"))

    def part(in_time: InTime) -> Person:
        person = front.people.whose(body)
        front.linking.unlink(person, slack_id, once=once(body), in_time=in_time)
        return person

    person = front.promptly(part)
    ack()
    draw_links_again(client, body.get("view") or {}, person, front)


def link(ack: Ack, body: Payload, client: WebClient, *, front: Front) -> None:
    """Over the list, which is drawn again when somebody was linked."""

    def draw(_: InTime) -> None:
        front.editing.administrator(front.people.whose(body), Action.LINK_PEOPLE)
        client.views_push(trigger_id=body["trigger_id"], view=people_forms.form())

    front.promptly(draw)
    ack()


def linked(ack: Ack, body: Payload, view: Payload, client: WebClient, *, front: Front) -> None:
    """What is wrong is said beside whom it is about."""

    def join(in_time: InTime) -> Person:
        person, wanted = front.people.whose(body), people_forms.read(view)
        front.linking.link(person, wanted.slack_id, wanted.user, once=once(body), in_time=in_time)
        return person

    try:
        person = front.promptly(join)
    except UnknownName as refusal:
        ack(response_action="errors", errors={ids.USER: words(refusal)})
    except Refusal as refusal:
        front.people.record(refusal, body)
        ack(response_action="errors", errors={ids.SLACK_USER: words(refusal)})
    except Exception:
        log.exception("nobody was linked")
        ack(response_action="errors", errors={ids.USER: words(TooSlow())})
    else:
        ack()
        draw_links_again(client, {"id": view.get("root_view_id")}, person, front)


def _links(person: Person, page: int, front: Front) -> Any:
    found = front.linking.listed(person)
    shown = paged(found, people_forms.LIST, people_forms.PAGE, page)
    with front.works.reading() as work:
        coded = {proof.user_id for proof in work.proofs.all() if proof.sealed}
    return people_forms.links(shown, front.style, coded=coded)


def draw_links_again(client: WebClient, view: Payload, person: Person, front: Front) -> None:
    """A courtesy, and no part of what was done."""
    try:
        _redraw(client, view, person, 0, front)
    except Exception:
        log.exception("the list of links was not drawn again")


def _redraw(client: WebClient, view: Payload, person: Person, page: int, front: Front) -> None:
    drawn = _links(person, page, front)
    try:
        client.views_update(view_id=str(view.get("id")), view=drawn)
    except SlackApiError as error:
        if error.response.get("error") != "not_found":  # It was closed meanwhile.
            raise
