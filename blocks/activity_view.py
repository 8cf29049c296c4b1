"""What a session did, as it is known now, in a window of its own."""

from collections.abc import Iterator, Mapping
from typing import Final

from slack_sdk.models.blocks import ActionsBlock, Block
from slack_sdk.models.views import View

from blocks import activity, buttons, ids
from blocks.parts import aside, drawn, marked, ours, plain, said
from blocks.text import Message, Style, escape, label, moment, shorten
from blocks.wording import headline, seen
from grants.activity import After, after
from grants.model import Request
from grants.summing import Found

LAST: Final = 25
"""So many events are listed; the file has all."""
_AFTER: Final[Mapping[After, str]] = {
    After.NOT: "",
    After.STAYING: "after this request's end, while the access stayed",
    After.OLDER: "after the end",
    After.NEWER: "after the end",
}


def looking_up() -> View:
    """What stands there until AWS has answered."""
    return nothing("Looking it up. Where a query has to run, this takes up to two minutes.")


def nothing(words: str) -> View:
    """A sentence."""
    return _window([said(shorten(words, 2900))])


def not_yet(request: Request) -> View:
    """There was no access so far, or never."""
    return nothing(f"{headline(request)}. It has not become access: there is no activity to show.")


def view(request: Request, found: Found, style: Style) -> View:
    """The summary, the last events, and the way to all of them."""
    return _window(list(_blocks(request, found, style)))


def none(request: Request, found: Found | None) -> Message:
    """What there is no file of."""
    why = found.summary.unavailable if found else ""
    words = f"There are no events of request {request.id} to export."
    text = f"{words} Activity unavailable: {label(why, 600)}" if why else words
    return Message(escape(text), drawn([said(text)]))


def sent(request: Request, count: int) -> str:
    """Above the file."""
    return f"{count:,} {'event' if count == 1 else 'events'} of request {request.id}, as CSV."


def _window(blocks: list[Block]) -> View:
    return View(
        type="modal",
        callback_id=ids.NOTICE_FORM,
        title=plain("Activity"),
        close=plain("Close"),
        blocks=blocks,
    )


def _blocks(request: Request, found: Found, style: Style) -> Iterator[Block]:
    yield from activity.paragraphs(found.summary, request, style, edited=False)
    if not found.events:
        return
    yield ActionsBlock(elements=[buttons.events(request)])
    yield ours("*The last events*")
    yield from _listed(found, style)


def _listed(found: Found, style: Style) -> Iterator[Block]:
    """The newest first."""
    for event in found.events[: -LAST - 1 : -1]:
        kind = "read" if event.read_only else "write"
        words = [event.name, kind, event.error, event.region, event.address, event.client]
        words.append(_AFTER[after(event, found.session)])
        told = ", ".join(seen(word) for word in filter(None, words))
        yield aside(plain(label(told, 300)), marked(moment(event.at, style)))
