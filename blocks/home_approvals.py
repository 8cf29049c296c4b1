"""App Home's parts for whoever decides: what waits for them, and what they may take away."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import Block, SectionBlock, TextObject

from blocks import wording
from blocks.buttons import beside, plainly
from blocks.home import pager, titled
from blocks.home_mine import held_until
from blocks.parts import aside, marked, plain
from blocks.text import Style, cut, inline, moment
from grants.model import Request, Role
from grants.overview import Page

JUSTIFICATION: Final = 300


def waiting(page: Page[Request], style: Style) -> Iterator[Block]:
    """Each with Approve and Reject, as on its card."""
    yield from titled(f"Waits for you ({page.total})" if page.total else "Waits for you")
    if not page.items:
        yield aside(plain("No request waits for your decision."))
    for one in page.items:
        words = plain(wording.headline(one))
        yield SectionBlock(text=words, fields=list(_asked(one, style)))
        yield from plainly(one, Role.APPROVER)
    yield from pager(page)


def _asked(request: Request, style: Style) -> Iterator[TextObject]:
    yield plain(f"Account: {wording.account(request)}")
    yield plain(f"Request: {request.id}")
    if request.starts_at:
        yield marked(f"Start: {moment(request.starts_at, style)}")
    else:
        yield plain("Start: as soon as approved")
    yield plain(f"Ticket: {wording.seen(request.ticket) or 'none'}")
    yield marked(f"To be decided until {moment(request.expires_at, style)}")
    yield plain(wording.agreement(request))
    yield plain(f"Justification: {inline(cut(request.justification, JUSTIFICATION))}")


def revocable(page: Page[Request], now: datetime, style: Style) -> Iterator[Block]:
    """Access of others, each with Revoke."""
    yield from titled(
        f"What you may revoke ({page.total})" if page.total else "What you may revoke"
    )
    if not page.items:
        yield aside(plain("Nobody holds access that you may take away."))
    for request in page.items:
        yield SectionBlock(
            text=plain(f"{wording.seen(request.requester.name)}: {wording.target(request)}"),
            fields=[
                *held_until(request, now, style),
                plain(f"Account id {request.target.account_id}"),
                plain(f"Request {request.id}"),
            ],
            accessory=beside(request, Role.APPROVER),
        )
    yield from pager(page)
