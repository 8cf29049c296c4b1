"""The request's card: one message, drawn again from its row whenever the row moves."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import Block, HeaderBlock, SectionBlock, TextObject

from blocks import ids, parts, wording
from blocks.buttons import row
from blocks.parts import aside, marked, ours, plain, said, whole
from blocks.text import (
    Message,
    Style,
    beginning,
    escape,
    heard,
    is_safe_link,
    label,
    link,
    moment,
    quote,
    shorten,
    utc,
)
from blocks.wording import Write, hear, seen
from grants.model import Place, Request, RequestId, Role, State, Vote

SHOWN: Final = 500
"""How much of the justification stands on the card."""
HEADER_MOST: Final = 150
MANY_APPROVERS: Final = 1500
MANY_VOTERS: Final = 900
"""Those who agreed and those who must besides: both fit into a line of small print."""
COMMENTS: Final = 5
COMMENT_MOST: Final = 300

_UNDECIDED = frozenset({State.PENDING, State.REJECTED, State.CANCELLED, State.EXPIRED})
_HARMLESS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-#/.:")
_OURS = frozenset({Place.CHANNEL, Place.APPROVER})


def card(
    request: Request,
    *,
    votes: Sequence[Vote] = (),
    held_by: RequestId | None = None,
    style: Style,
    place: Place = Place.CHANNEL,
    unseen: bool = False,
) -> Message:
    """Everything that the row says, with the buttons that work now.

    `held_by`: another request that goes on holding the same access. `unseen`: it had some itself,
    which went before it was active.
    """
    stays = wording.stays(request, {"held_by": held_by} if held_by else {})
    blocks = list(_blocks(request, list(votes), stays, style))
    if place in _OURS:
        blocks += row(request, Role.APPROVER, unseen=unseen)
    for index, block in enumerate(blocks):
        block.block_id = ids.revision(request, f"{len(votes)}:{index}")
    return Message(_text(request, list(votes), stays), parts.drawn(blocks))


def withdrawn(request: Request) -> Message:
    """What stands in its place once people of another organization read along."""
    words = f"Request {request.id} is told of elsewhere: this channel is shared with another organization."
    return Message(words, parts.drawn([said(words)]))


def outdated(request: Request) -> Message:
    """What stands in place of a copy that nobody keeps up to date, once somebody presses it."""
    word, meaning, _ = wording.STATES[request.state]
    words = f"{wording.headline(request)}. This message is out of date. {word}: {meaning}. Request {request.id}."
    return Message(heard(lambda most: quote(words, most)), parts.drawn([said(words)]))


def _blocks(request: Request, votes: list[Vote], stays: str, style: Style) -> Iterator[Block]:
    yield HeaderBlock(text=plain(_short_headline(request)))
    yield ours(_state(request, stays, style))
    yield SectionBlock(fields=list(_fields(request, style)))
    if request.standing:
        yield aside(plain(wording.STANDING))
    yield from _deciding(request, votes, style)
    yield from _outcome(request, votes, stays, style)
    yield aside(plain("Justification"))
    yield from whole(request.justification[:SHOWN])
    if len(request.justification) > SHOWN:
        yield aside(plain("… whole text in the thread"))


def _short_headline(request: Request) -> str:
    words = wording.headline(request)
    if len(words) <= HEADER_MOST:
        return words
    return label(wording.headline(request, lambda name: label(name, 38)), HEADER_MOST)


def _state(request: Request, stays: str, style: Style) -> str:
    word, meaning, mark = wording.STATES[request.state]
    if request.state is State.REVOKING and stays:
        meaning = "the end is being written down"
    if request.state is State.ACTIVE and request.ends_at:
        meaning = f"until {moment(request.ends_at, style)}"
    if request.state is State.ENDED and request.ended_at:
        meaning += f", {moment(request.ended_at, style)}"
    return f"*{word}*: {meaning} {mark}"


def _fields(request: Request, style: Style) -> Iterator[TextObject]:
    yield plain(f"Requester: {seen(request.requester.name)}")
    yield plain(f"Account: {wording.account(request)}")
    yield plain(f"Permission set: {seen(request.permission_set_name)}")
    yield plain(f"Duration: {wording.how_long(request)}")
    yield _start(request, style)
    if request.extends:
        yield plain(f"Extends: request {request.extends}")
    yield plain(f"Approvals: {_needed(request)}")
    yield from _ticket(request)
    yield plain(f"Request: {request.id}")


def _needed(request: Request) -> str:
    return f"{request.approvals} needed" if request.approval_needed else "none needed"


def _start(request: Request, style: Style) -> TextObject:
    if request.active_at:
        return marked(f"Started: {moment(request.active_at, style)}")
    if request.starts_at:
        return marked(f"Start: {moment(request.starts_at, style)}")
    return plain(f"Start: {_at_once(request)}")


def _at_once(request: Request) -> str:
    return "as soon as approved" if request.approval_needed else "at once"


def _ticket(request: Request) -> Iterator[TextObject]:
    linked = is_safe_link(request.ticket_url)
    if linked and request.ticket and _HARMLESS.issuperset(request.ticket):
        yield marked(f"Ticket: {link(request.ticket_url, shorten(request.ticket, 100))}")
        return
    yield plain(f"Ticket: {seen(request.ticket) or 'none'}")
    if linked and request.ticket:
        yield marked(link(request.ticket_url, "Open the ticket"))


def _deciding(request: Request, votes: list[Vote], style: Style) -> Iterator[Block]:
    if request.state is not State.PENDING:
        return
    yield said(f"May approve: {wording.approvers(request, lambda w: label(w, MANY_APPROVERS))}")
    yield aside(
        plain(wording.agreement(request, lambda w: label(w, MANY_VOTERS))),
        marked(f"To be decided until {moment(request.expires_at, style)}"),
    )
    yield from _comments(request, votes)


def _outcome(request: Request, votes: list[Vote], stays: str, style: Style) -> Iterator[Block]:
    if words := _decision(request):
        dated = [marked(moment(request.decided_at, style))] if request.decided_at else []
        yield aside(plain(words), *dated)
        yield from _comments(request, votes)
    if words := _end(request):
        dated = [marked(moment(request.ended_at, style))] if request.ended_at else []
        yield aside(plain(words), *dated)
    if stays and not request.standing:
        yield said(stays)
    if request.reason:
        yield aside(plain("Reason"))
        yield from whole(request.reason[:SHOWN])
    if until := _credentials(request):
        yield ours(f"{wording.CREDENTIALS} {moment(until, style)}.")


def _decision(request: Request, write: Write = seen) -> str:
    if request.state is State.REJECTED:
        return f"Rejected by {write(request.decided_by)}"
    if request.state in _UNDECIDED or not request.approval_needed:
        return ""
    return f"Approved by {wording.deciders(request, write)}"


def _end(request: Request, write: Write = seen) -> str:
    closing = {State.REVOKING, State.REVOKED}
    return wording.closer(request, write) if request.state in closing else ""


def _credentials(request: Request) -> datetime | None:
    if request.active_at is None or request.standing or request.state is State.REVOKING:
        return None
    return request.credentials_until


def _commented(request: Request, votes: list[Vote]) -> list[Vote]:
    """The reason of a rejection is its vote's comment, and stands there once."""
    return [vote for vote in votes if vote.comment not in {"", request.reason}][:COMMENTS]


def _comments(request: Request, votes: list[Vote]) -> Iterator[Block]:
    for vote in _commented(request, votes):
        yield aside(plain(f"{seen(vote.voter.name)} says"))
        yield from whole(shorten(vote.comment, COMMENT_MOST))


def _text(request: Request, votes: list[Vote], stays: str) -> str:
    why = beginning(request.justification)

    def draw(most: int) -> str:
        facts = [*_facts(request, votes, most), *([stays] if stays else [])]
        return f"{' '.join(facts)} Justification: {why}"

    return heard(draw)


def _facts(request: Request, votes: list[Vote], most: int) -> Iterator[str]:
    write = hear(most)
    word, meaning, _ = wording.STATES[request.state]
    yield f"{wording.headline(request, write)}. {word}: {meaning}."
    yield f"Account id {request.target.account_id}."
    if words := wording.extends(request):
        yield words
    start = utc(request.starts_at) if request.starts_at else _at_once(request)
    yield f"Start: {start}. Ticket: {write(request.ticket) or 'none'}. Request: {request.id}."
    if is_safe_link(request.ticket_url) and request.ticket:
        yield f"Ticket link: {escape(request.ticket_url)}"
    yield f"Approvals: {_needed(request)}."
    if request.state is State.PENDING:
        named = wording.approvers(request, lambda words: quote(words, most))
        yield f"May approve: {named}. {wording.agreement(request, write)}."
        yield f"To be decided until {utc(request.expires_at)}."
    yield from _told_outcome(request, votes, most)


def _told_outcome(request: Request, votes: list[Vote], most: int) -> Iterator[str]:
    write = hear(most)
    if request.standing:
        yield wording.STANDING
    if words := _decision(request, write):
        yield f"{words}, {utc(request.decided_at)}." if request.decided_at else f"{words}."
    if request.ends_at and request.state is State.ACTIVE:
        yield f"Until {utc(request.ends_at)}."
    if request.active_at:
        yield f"Started: {utc(request.active_at)}."
    if words := _end(request, write):
        yield f"{words}, {utc(request.ended_at)}." if request.ended_at else f"{words}."
    elif request.ended_at:
        yield f"At {utc(request.ended_at)}."
    if request.reason:
        yield f"Reason: {quote(request.reason.rstrip('.'), most)}."
    if until := _credentials(request):
        yield f"{wording.CREDENTIALS} {utc(until)}."
    for vote in _commented(request, votes):
        comment = quote(vote.comment.rstrip("."), min(most, COMMENT_MOST))
        yield f"{write(vote.voter.name)} says: {comment}."
