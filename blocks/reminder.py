"""Reminders: to those who may decide, that a request waits; to the requester, that the end is near."""

from collections.abc import Iterator
from datetime import datetime

from slack_sdk.models.blocks import Block

from blocks import ids, wording
from blocks.buttons import plainly
from blocks.parts import aside, drawn, ours, plain, said
from blocks.text import Message, Style, heard, moment, span, utc
from blocks.thread import Facts
from blocks.wording import Write, hear, seen
from grants.model import Place, Reminder, Request, Role


def decision(request: Request, facts: Facts, *, place: Place, style: Style) -> Message:
    """For those who may decide. It mentions nobody: the channel it stands in is unread for all."""
    directly = place is Place.APPROVER

    def words(write: Write) -> str:
        return " ".join(_waits(request, facts, write, directly=directly))

    until = f"To be decided until {moment(request.expires_at, style)}."
    text = heard(
        lambda most: (
            f"{words(hear(most))} To be decided until {utc(request.expires_at)}."
            f" Request {request.id}."
        )
    )
    named = [aside(plain(f"Request {request.id}"))] if directly else []
    return Message(text, drawn([said(words(seen)), ours(until), *named]))


def _waits(request: Request, facts: Facts, write: Write, *, directly: bool) -> Iterator[str]:
    asks = f"{write(str(facts['by']))} asks for a decision" if facts.get("by") else ""
    if not directly:
        yield f"Reminder: {asks or 'this still waits for a decision'}."
        if facts.get("wider"):
            yield "From now on it is asked for in the default channel as well."
        return
    yield f"Reminder: {asks or 'a request still waits for a decision'}."
    yield f"{wording.headline(request, write)}."
    yield "Approve or reject it on its card, above."


def nudged(request: Request, facts: Facts, style: Style) -> Message:
    """For the requester, that their nudge was passed on, and when the next one may be."""
    again = facts.get("again_at")
    at = datetime.fromisoformat(str(again)) if again else None

    def words(write: Write) -> str:
        return f"Nudged: those who may decide on {wording.target(request, write)} were reminded."

    def next_one(when: str) -> str:
        if not when:
            return "It expires before they may be nudged again."
        return f"You may nudge them again from {when} on."

    text = heard(
        lambda most: f"{words(hear(most))} {next_one(utc(at) if at else '')} Request {request.id}."
    )
    shown = next_one(moment(at, style) if at else "")
    named = aside(plain(f"Request {request.id}"))
    return Message(text, drawn([said(words(seen)), ours(shown), named]))


def end(request: Request, facts: Facts, *, now: datetime, style: Style) -> Message:
    """For the requester, while there is time to save what they are at, with what they can do."""
    blocks: list[Block] = [
        said(_left(request, now, seen)),
        ours(f"Until {_until(request, style)}."),
        said(_then(request, facts)),
        aside(plain(f"Request {request.id}")),
        *plainly(request, Role.REQUESTER),
    ]
    for index, block in enumerate(blocks):
        block.block_id = ids.revision(request, f"{Reminder.END}:{index}")

    def text(most: int) -> str:
        left = _left(request, now, hear(most))
        return f"{left} {_facts(request)} {_then(request, facts)}"

    return Message(heard(text), drawn(blocks))


def past(request: Request, style: Style) -> Message:
    """The same once it is not the newest message any more: it does not count the minutes."""

    def words(write: Write) -> str:
        return f"Reminder of the end: {wording.target(request, write)}."

    until = ours(f"Until {_until(request, style)}.")
    text = heard(lambda most: f"{words(hear(most))} {_facts(request)}")
    named = aside(plain(f"Request {request.id}"))
    return Message(text, drawn([said(words(seen)), until, named]))


def _left(request: Request, now: datetime, write: Write) -> str:
    left = f"{span(request.ends_at - now)} left" if request.ends_at else "little time left"
    return f"Reminder: {left} of {wording.target(request, write)}."


def _until(request: Request, style: Style) -> str:
    return moment(request.ends_at, style) if request.ends_at else "its end"


def _facts(request: Request) -> str:
    until = f"Until {utc(request.ends_at)}. " if request.ends_at else ""
    return f"{until}Account id {request.target.account_id}. Request {request.id}."


def _then(request: Request, facts: Facts) -> str:
    if stays := wording.stays(request, facts):
        return stays
    if extension := facts.get("extension"):
        goes_on = f"Then it goes on as request {extension}."
        waits = f"Then it is taken away, unless request {extension} is approved: it waits still."
        return goes_on if facts.get("agreed") else waits
    return "Then it is taken away. If you need it for longer, press Extend now."
