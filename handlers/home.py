"""App Home: opened, drawn again, its pages turned; and its sections by the words that name them."""

import logging
import re
from functools import partial
from typing import Any, Final

from slack_bolt import Ack, App, Respond
from slack_sdk.errors import SlackApiError, SlackClientError

from blocks import home, home_approvals, home_mine, ids
from blocks.home import Blocks
from blocks.refusals import words
from blocks.text import Style
from grants import overview
from grants.errors import Refusal, Tampered
from grants.model import Role
from grants.overview import Viewer
from grants.stores import Work
from handlers import audit
from handlers.answering import answered
from handlers.front import Front
from handlers.guard import user_of
from handlers.showing import Section, at_home, for_them_alone
from handlers.typed import Typed

log = logging.getLogger(__name__)
Payload = dict[str, Any]

NOT_LOOKED_UP: Final = (
    "Elevate could not look up what is yours just now. Please press Refresh in a moment."
)
NO_APPROVER: Final = "No approval policy names you now, so no request waits for your decision."
_TURN: Final = re.compile(r"(?P<name>[a-z]{1,30}):(?P<page>\d{1,4})", re.ASCII)


def approvals(work: Work, viewer: Viewer, style: Style) -> Blocks:
    """What waits for this person."""
    return home_approvals.waiting(overview.waiting(work, viewer), style)


def mine(work: Work, viewer: Viewer, style: Style) -> Blocks:
    """What they hold, what waits, what was."""
    return home_mine.mine(overview.mine(work, viewer), viewer.now, style)


def revocable(work: Work, viewer: Viewer, style: Style) -> Blocks:
    """What they may take away from others."""
    return home_approvals.revocable(overview.revocable(work, viewer), viewer.now, style)


def active(work: Work, viewer: Viewer, style: Style) -> Blocks:
    """What they hold, and, for whoever may revoke anything, what others do."""
    yield from home_mine.holding(overview.held(work, viewer), viewer.now, style)
    if viewer.roles & DECIDING:
        yield from revocable(work, viewer, style)


APPROVING: Final = frozenset({Role.APPROVER})
DECIDING: Final = frozenset({Role.APPROVER, Role.ADMINISTRATOR})
EVERYBODY: Final = frozenset({Role.REQUESTER})

SECTIONS: Final[tuple[Section, ...]] = (
    Section("approvals", APPROVING, 18, approvals, without=NO_APPROVER),
    Section("mine", EVERYBODY, 30, mine, lists=frozenset({"holding", "pending", "recent"})),
    Section("revocable", DECIDING, 14, revocable),
    audit.SECTION,
)
"""App Home, from top to bottom: what waits for somebody goes first."""
OTHERS: Final[tuple[Section, ...]] = (
    Section("active", EVERYBODY, 21, active, lists=frozenset({"holding", "revocable"})),
    audit.EVERYBODY,
)
"""Only ever shown as messages, to whoever types their name."""


def register(app: App, front: Front) -> None:
    """Listen for App Home, and for the pages of its lists, wherever they stand."""
    app.event("app_home_opened")(partial(opened, front=front))
    app.action(ids.REFRESH)(partial(refreshed, front=front))
    app.action(ids.BACK)(partial(turned, front=front))
    app.action(ids.ON)(partial(turned, front=front))


def opened(body: Payload, event: Payload, *, front: Front) -> None:
    """Bolt acks an event by itself. The tab with the messages is none of ours."""
    if event.get("tab") == "home":
        _show(body, event.get("view"), front)


def refreshed(ack: Ack, body: Payload, *, front: Front) -> None:
    """The same as opening it again."""
    ack()
    _show(body, body.get("view"), front)


def _show(body: Payload, view: Payload | None, front: Front) -> None:
    """What is wrong is said where they look, and whispered nowhere."""
    try:
        front.showing.opened(front.people.whose(body), view)
    except Refusal as refusal:
        front.people.count(refusal)
        _say(words(refusal), body, front)
    except Exception:
        log.exception("could not draw App Home")
        _say(NOT_LOOKED_UP, body, front)


def _say(why: str, body: Payload, front: Front) -> None:
    try:
        front.showing.nothing(user_of(body), why)
    except (SlackApiError, SlackClientError, OSError):
        # Nothing was to be done, so there is nothing to apologise for in a message of its own.
        log.info("App Home is out of reach", extra={"slack_user": user_of(body)})


def turned(ack: Ack, action: Payload, body: Payload, respond: Respond, *, front: Front) -> None:
    """Another page: of App Home, which remembers it, or of a list in a message."""
    ack()
    section = front.showing.section(ids.section_of(action.get("block_id")) or "")
    turn = _TURN.fullmatch(str(action.get("value")))
    if section is None or turn is None or turn["name"] not in section.turns:
        raise Tampered("a button's value")
    if not (at_home(body) or for_them_alone(body)):
        raise Tampered("a list in a message that others see")
    person, pages = front.people.whose(body), {turn["name"]: int(turn["page"])}
    if at_home(body):
        front.showing.turned(person, body.get("view"), pages)
        return
    message = front.showing.message(section, person, live=True, pages=pages)
    if not answered(respond, message, replace=True):
        front.net.whisper(home.too_old(), body)


def listed(typed: Typed) -> None:
    """The section that the word names, as it stands in App Home."""
    typed.ack()
    section = typed.front.showing.section(typed.word)
    assert section is not None, typed.word  # noqa: S101 - words and sections are both ours
    person = typed.front.people.whose(typed.body)
    answered(typed.respond, typed.front.showing.message(section, person, live=True))
