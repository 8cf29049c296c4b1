"""The list of links between Slack users and Identity Center users, and the form for one more."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ConfirmObject,
    InputBlock,
    PlainTextInputElement,
    SectionBlock,
    UserSelectElement,
)
from slack_sdk.models.views import View

from blocks import ids
from blocks.parts import aside, marked, plain, said
from blocks.text import Style, label, moment, typed
from grants.errors import Tampered
from grants.model import SlackUserId, UserId
from grants.overview import Page
from grants.records import Binding

PAGE: Final = 20
LIST: Final = "people"
_SLACK_ID = re.compile(r"[UW][A-Z0-9]{1,30}", re.ASCII)
_TURN = re.compile(rf"{LIST}:(?P<page>\d{{1,4}})", re.ASCII)


def links(page: Page[Binding], style: Style, *, coded: Collection[UserId] = ()) -> View:
    """Every link, a page at a time, each with Unlink. `coded`: who has set up one-time codes."""
    return View(
        type="modal",
        callback_id=ids.PEOPLE_LIST,
        title=plain("People links"),
        close=plain("Close"),
        blocks=list(_links(page, style, coded)),
    )


def _links(page: Page[Binding], style: Style, coded: Collection[UserId]) -> Iterator[Block]:
    yield said(
        "Which Slack user is which Identity Center user. People are linked by their confirmed"
        " address when they first use Elevate; an administrator may say otherwise."
    )
    link = ButtonElement(text=plain("Link Somebody"), action_id=ids.LINK)
    yield ActionsBlock(elements=[link, *_pager(page)])
    if not page.items:
        yield aside(plain("Nobody is linked yet."))
    for binding in page.items:
        yield _link(binding, style)
        if binding.user_id in coded:
            yield _codes(binding)


def _codes(binding: Binding) -> ActionsBlock:
    sure = ConfirmObject(
        title=plain("Reset their codes?"),
        text=plain("They set up new ones before they approve what asks for one. It is told aloud."),
        confirm=plain("Reset"),
        deny=plain("Keep"),
    )
    button = ButtonElement(
        text=plain("Reset Codes"), action_id=ids.RESET_CODES, value=binding.slack_id, confirm=sure
    )
    return ActionsBlock(elements=[button])


def _pager(page: Page[Binding]) -> Iterator[ButtonElement]:
    for word, action, to in (
        ("Previous", ids.PEOPLE_BACK, page.number - 1),
        ("Next", ids.PEOPLE_ON, page.number + 1),
    ):
        if 0 <= to < page.pages:
            words = plain(f"{word} ({to + 1} of {page.pages})")
            yield ButtonElement(text=words, action_id=action, value=ids.turned(LIST, to))


def _link(binding: Binding, style: Style) -> SectionBlock:
    fields = [
        plain(f"Identity Center user: {_called(binding)}"),
        plain(f"Address: {label(binding.email, 250) or 'not known yet, linked by hand'}"),
        marked(f"Since {moment(binding.made_at, style)}"),
        plain(f"By: {label(binding.made_by, 250)}"),
    ]
    if binding.broken:
        fields.append(plain(f"It no longer holds: {label(binding.broken, 500)}"))
    sure = ConfirmObject(
        title=plain("Unlink?"),
        text=plain("The next time, they are matched by their address again."),
        confirm=plain("Unlink"),
        deny=plain("Keep"),
    )
    button = ButtonElement(
        text=plain("Unlink"), action_id=ids.UNLINK, value=binding.slack_id, confirm=sure
    )
    return SectionBlock(text=_mention(binding.slack_id), fields=fields, accessory=button)


def _called(binding: Binding) -> str:
    """By the name too, where it was looked at."""
    name = label(binding.user_name, 250)
    return f"{name} ({binding.user_id})" if name else binding.user_id


def _mention(slack_id: SlackUserId) -> Any:
    return marked(f"<@{slack_id}>") if _SLACK_ID.fullmatch(slack_id) else plain(slack_id)


def form() -> View:
    """Asks who is who."""
    return View(
        type="modal",
        callback_id=ids.LINK_FORM,
        title=plain("Link somebody"),
        submit=plain("Link"),
        close=plain("Back"),
        blocks=[
            InputBlock(
                block_id=ids.SLACK_USER,
                label=plain("Slack user"),
                element=UserSelectElement(action_id=ids.SLACK_USER),
            ),
            InputBlock(
                block_id=ids.USER,
                label=plain("Identity Center user"),
                element=PlainTextInputElement(action_id=ids.USER),
                hint=plain(
                    "An address, a user name or an id. From then on the Slack user acts as this one."
                ),
            ),
        ],
    )


# What came back


@dataclass(frozen=True, slots=True)
class Link:
    """Who is to be whom."""

    slack_id: SlackUserId
    user: str


def read(view: object) -> Link:
    """What was chosen and typed; `Tampered` for whatever is none."""
    state = view.get("state") if isinstance(view, dict) else None
    values = state.get("values") if isinstance(state, dict) else None
    chosen = _field(values, ids.SLACK_USER).get("selected_user")
    name = _field(values, ids.USER).get("value")
    if not isinstance(name, str | None):
        raise Tampered("a text")
    return Link(slack_user(chosen), typed(name or ""))


def slack_user(value: object) -> SlackUserId:
    """A Slack user's id."""
    if not isinstance(value, str) or not _SLACK_ID.fullmatch(value):
        raise Tampered("a Slack user")
    return SlackUserId(value)


def turned(value: object) -> int:
    """The page that a button of the list turns to."""
    found = _TURN.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise Tampered("a button's value")
    return int(found["page"])


def _field(values: object, name: str) -> dict[str, Any]:
    block = values.get(name) if isinstance(values, dict) else None
    found = block.get(name) if isinstance(block, dict) else None
    if not isinstance(found, dict):
        raise Tampered("a form's fields")
    return found
