"""App Home's part for whoever asks: what they hold, what waits, what was, and what they need most."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import Block, ButtonElement, SectionBlock, TextObject

from blocks import wording
from blocks.buttons import again, beside, plainly
from blocks.home import pager, titled
from blocks.parts import aside, marked, ours, plain
from blocks.text import Style, label, moment, span
from grants.model import Request, Role, State
from grants.overview import Mine, Page

REASON: Final = 200
"""So much of a reason stands in a line; the thread has all of it."""


def mine(found: Mine, now: datetime, style: Style) -> Iterator[Block]:
    """All of it, each part with its own pages."""
    yield from titled("Yours")
    yield from holding(found.holding, now, style)
    yield ours(f"*Waiting for a decision*{_count(found.pending)}")
    if not found.pending.items:
        yield aside(plain("Nothing of yours waits for anybody."))
    for request in found.pending.items:
        yield _line(request, _pending(request, style), beside(request, Role.REQUESTER))
    yield from pager(found.pending)
    yield ours("*Recent*")
    if not found.recent.items:
        yield aside(plain("What you asked for stands here when it is over."))
    for request in found.recent.items:
        yield _line(request, _past(request, style), again(request))
    yield from pager(found.recent)
    yield from _most(found.most)


def holding(page: Page[Request], now: datetime, style: Style) -> Iterator[Block]:
    """What they hold or will hold, with the time left, and the ways to give it back or have more."""
    yield ours(f"*What you hold*{_count(page)}")
    if not page.items:
        yield aside(plain("You hold no access through Elevate now."))
    for request in page.items:
        yield _line(request, _held(request, now, style), None)
        yield from plainly(request, Role.REQUESTER)
    yield from pager(page)


def _count(page: Page[Request]) -> str:
    return f" ({page.total})" if page.total else ""


def _line(
    request: Request, facts: Iterator[TextObject], button: ButtonElement | None
) -> SectionBlock:
    words = f"{wording.seen(request.permission_set_name)} on {wording.account(request)}"
    return SectionBlock(text=plain(words), fields=list(facts), accessory=button)


def held_until(request: Request, now: datetime, style: Style) -> Iterator[TextObject]:
    """How far it is, and what is left of it."""
    word, meaning, mark = wording.STATES[request.state]
    if request.state is State.ACTIVE and request.ends_at:
        yield marked(f"*{word}* until {moment(request.ends_at, style)} {mark}")
        left = request.ends_at - now
        yield plain(f"{span(left)} left" if left.total_seconds() > 0 else "It ends now")
        return
    yield marked(f"*{word}*: {meaning} {mark}")
    if request.state is State.SCHEDULED and request.starts_at:
        yield marked(f"Starts {moment(request.starts_at, style)}, for {wording.how_long(request)}")
    else:
        yield plain(f"For {wording.how_long(request)}")


def _held(request: Request, now: datetime, style: Style) -> Iterator[TextObject]:
    yield from held_until(request, now, style)
    if request.standing:
        yield plain("You held it before: it stays after the end")
    yield plain(f"Request {request.id}")


def _pending(request: Request, style: Style) -> Iterator[TextObject]:
    yield marked(f"*Pending* until {moment(request.expires_at, style)}")
    yield plain(f"For {wording.how_long(request)}")
    yield plain(f"May approve: {label(wording.approvers(request, str), 500)}")
    yield plain(f"Request {request.id}")


def _past(request: Request, style: Style) -> Iterator[TextObject]:
    word, _, mark = wording.STATES[request.state]
    at = request.ended_at or request.decided_at or request.asked_at
    yield marked(f"*{word}* {mark} {moment(at, style)}")
    yield plain(f"For {wording.how_long(request)}")
    if request.reason:
        yield plain(f"Reason: {label(request.reason, REASON)}")
    yield plain(f"Request {request.id}")


def _most(requests: tuple[Request, ...]) -> Iterator[Block]:
    if not requests:
        return
    yield ours("*What you ask for most*")
    for request in requests:
        last = iter([plain(f"Last for {span(request.duration)}")])
        yield _line(request, last, again(request, "Request"))
