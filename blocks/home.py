"""App Home's frame: its head, its titles and pages, and the same lists as messages."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final, TypeAlias

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    DividerBlock,
    HeaderBlock,
)
from slack_sdk.models.views import View

from blocks import ids
from blocks.parts import aside, drawn, marked, plain, said
from blocks.text import TEXT_MOST, Message, Style, moment, quote, shorten, size
from grants.overview import Page

Blocks: TypeAlias = Iterator[Block]
HEAD: Final = "head"
"""The section that everybody has."""
HEARD: Final = 600
"""So much of one piece is read out."""
MORE: Final = "… and more, which the list shows."


def view(blocks: Iterable[Block]) -> View:
    """App Home, made of its sections."""
    return View(type="home", blocks=list(blocks))


def head(now: datetime, style: Style) -> Iterator[Block]:
    """What stands above all sections."""
    yield ActionsBlock(
        elements=[
            ButtonElement(text=plain("Request Access"), action_id=ids.FORM, style="primary"),
            ButtonElement(text=plain("Refresh"), action_id=ids.REFRESH),
        ]
    )
    yield aside(marked(f"Updated {moment(now, style)}. It is drawn anew when something changes."))


def nothing(words: str) -> View:
    """A sentence, and a button to try again, where nothing can be shown."""
    again = ButtonElement(text=plain("Refresh"), action_id=ids.REFRESH)
    return view(placed(HEAD, [*sentence(words), ActionsBlock(elements=[again])]))


def sentence(words: str) -> Iterator[Block]:
    """Just this."""
    yield said(shorten(words, 2900))


def titled(words: str) -> Iterator[Block]:
    """The beginning of a section."""
    yield DividerBlock()
    yield HeaderBlock(text=plain(words))


def pager(page: Page[Any]) -> Iterator[ActionsBlock]:
    """Buttons to the pages before and after; where all is shown, nothing."""
    turns = [
        ButtonElement(
            text=plain(f"{word} ({to + 1} of {page.pages})"),
            action_id=action,
            value=ids.turned(page.name, to),
        )
        for word, action, to in (
            ("Previous", ids.BACK, page.number - 1),
            ("Next", ids.ON, page.number + 1),
        )
        if 0 <= to < page.pages
    ]
    if turns:
        yield ActionsBlock(elements=turns)


def placed(section: str, blocks: Iterable[Block]) -> Blocks:
    """A section's blocks, each with an id that says whose it is, unless it has one already."""
    for index, block in enumerate(blocks):
        block.block_id = block.block_id or ids.place(section, index)
        yield block


def too_old() -> Message:
    """Slack takes no more answers to the word that brought a list."""
    words = (
        f"This list is too old to be turned. Type its word again: {ids.COMMAND} help names them."
    )
    return Message(words, drawn([said(words)]))


def message(blocks: Iterable[Block]) -> Message:
    """A section as a message, for whoever typed its word."""
    shown = drawn(list(blocks))
    return Message("\n".join(_fitting(_heard(shown))), shown)


def _fitting(pieces: Iterable[str]) -> Iterator[str]:
    """Whole pieces, as far as a message's `text` goes: half of a time would be no time."""
    room = TEXT_MOST - size(MORE)
    for piece in pieces:
        room -= size(piece) + 1
        if room < 0:
            yield MORE
            return
        yield piece


def _heard(value: object) -> Iterator[str]:
    """Every word that is seen, for who hears it: buttons are read out by themselves."""
    if isinstance(value, list):
        for one in value:
            yield from _heard(one)
    elif isinstance(value, dict):
        if value.get("type") == "plain_text":
            yield quote(value["text"], HEARD)
        elif value.get("type") == "mrkdwn":
            yield value["text"]
        elif value.get("type") not in {"actions", "button"}:
            yield from _heard(
                [value.get(key) for key in ("text", "fields", "elements", "accessory")]
            )
