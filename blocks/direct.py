"""The requester's direct messages, with the buttons that are theirs."""

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlencode

from slack_sdk.models.blocks import Block

from blocks import ids, wording
from blocks.buttons import row
from blocks.parts import aside, drawn, marked, ours, plain, said, whole
from blocks.text import (
    Message,
    Style,
    beginning,
    escape,
    heard,
    is_safe_link,
    link,
    moment,
    quote,
    several,
    utc,
)
from blocks.thread import Facts, dated, why
from blocks.wording import Write, hear, seen
from grants.lifecycle import FINAL
from grants.model import Move, Moved, Request, Role, State

_TELLING: Final = frozenset({Move.ASK, Move.APPROVE, Move.CONFIRM})
_NOT_IN_A_ROLE = re.compile(r"[^\w+=,.@-]", re.ASCII)
_NOT_IN_A_PROFILE = re.compile(r"[^\w.-]+", re.ASCII)


def tells(moved: Moved) -> bool:
    """Whether the requester gets a message about this move."""
    return moved.move in _TELLING or moved.target in FINAL


def direct(
    moved: Moved,
    request: Request,
    facts: Facts,
    *,
    buttons: bool,
    style: Style,
    unseen: bool = False,
) -> Message:
    """What happened to the request, for the person who made it, with what to do next.

    `unseen`: there was access, though it was never active.
    """
    typed = why(moved, request, facts)
    blocks: list[Block] = [said(_happened(moved, request, facts, seen))]
    blocks += [ours(words) for words in dated(moved, request, facts, lambda at: moment(at, style))]
    if typed:
        blocks += [aside(plain(_label(moved))), *whole(typed)]
    if moved.move is Move.CONFIRM:
        blocks += _way_in(request, style)
    if words := _next(moved, request):
        blocks.append(said(words))
    blocks.append(aside(plain(f"Request {request.id}"), marked(moment(moved.at, style))))
    if buttons:
        blocks += row(request, Role.REQUESTER, unseen=unseen)
    for index, block in enumerate(blocks):
        block.block_id = ids.revision(request, f"{moved.move}:{index}")
    return Message(_text(moved, request, facts, typed, style), drawn(blocks))


def note(request: Request, facts: Facts) -> Message:
    """What the requester alone is told that is no move: that nobody could be asked."""
    whom = [str(one) for one in facts.get("whom") or ()]

    def words(write: Write) -> str:
        who = write(several(whom)) if whom else "an administrator of Elevate"
        return (
            f"Nobody who may approve {wording.target(request, write)} could be reached, so nobody has"
            f" been asked. Turn to {who}. Request {request.id}."
        )

    return Message(heard(lambda most: words(hear(most))), drawn([said(words(seen))]))


def _happened(moved: Moved, request: Request, facts: Facts, write: Write) -> str:
    access = wording.target(request, write)
    by = wording.who(moved.by, write)
    match moved.move:
        case Move.ASK if moved.target is State.SCHEDULED:
            return f"You requested {access} {_terms(request, write)}. Nobody has to agree to it."
        case Move.ASK:
            return (
                f"You requested {access} {_terms(request, write)}. It waits for {_people(request)}:"
                f" {wording.approvers(request, write)}.{_besides(request, write)}"
            )
        case Move.APPROVE:
            by = wording.deciders(request, write) or by
            return f"Approved by {by}: {access} for {wording.how_long(request)}."
        case Move.REJECT:
            return f"Rejected by {by}: {access}."
        case Move.CANCEL:
            return f"Cancelled: you took back your request for {access}."
        case Move.LAPSE:
            return f"Expired: nobody decided in time on {access}."
        case Move.CONFIRM if request.standing:
            return f"Active: you hold {access}, as you did before, and it stays after the end."
        case Move.CONFIRM:
            return f"Active: you have {access} for {wording.how_long(request)}."
        case _:
            return _closed(moved, request, facts, write)


def _terms(request: Request, write: Write) -> str:
    """What tells two requests for the same access apart."""
    ticket = f", ticket {write(request.ticket)}" if request.ticket else ""
    extended = f", where request {request.extends} ends" if request.extends else ""
    return f"for {wording.how_long(request)}{extended}{ticket}"


def _people(request: Request) -> str:
    return "one of these" if request.approvals == 1 else f"{request.approvals} of these"


def _besides(request: Request, write: Write) -> str:
    """Whose agreement is needed, whoever else agrees."""
    wanted = [f"{each.approvals} of {', '.join(each.whom)}" for each in request.tally.wanted]
    if not wanted:
        return ""
    return (
        f" Besides, it needs {write(several(wanted))}; one person may count for several of these."
    )


def _closed(moved: Moved, request: Request, facts: Facts, write: Write) -> str:
    access = wording.target(request, write)
    by = request.closed_by or (moved.by.name if moved.move is not Move.GONE else "")
    match moved.target:
        case State.ENDED:
            return f"Ended: the time for {access} is over.{_stays(request, facts)}"
        case State.FAILED:
            return f"Failed: you were not given {access}."
        case _ if not request.reason:  # Whoever takes it away gives a reason.
            return f"Revoked: you gave back {access}.{_stays(request, facts)}"
        case _ if moved.source is State.ACTIVE or not by:
            return f"Revoked: {access} was taken away outside Elevate. It is not created again."
        case _:
            what = f"your request for {access}" if facts.get("held_by") else access
            verb = "ended" if facts.get("held_by") or request.standing else "took away"
            return f"Revoked: {write(by)} {verb} {what}.{_stays(request, facts)}"


def _stays(request: Request, facts: Facts) -> str:
    if request.active_at is None:
        return " It never began."
    return f" {wording.stays(request, facts) or 'What this request gave is gone.'}"


def _label(moved: Moved) -> str:
    return "Comment" if moved.move in {Move.APPROVE, Move.REJECT} else "Reason"


def _next(moved: Moved, request: Request, write: Write = seen) -> str:
    match moved.move, moved.target:
        case Move.APPROVE, _:
            return "You will read here when the access is there."
        case Move.REJECT, _:
            return f"If you still need it, type {ids.COMMAND} and ask again with what was missing."
        case Move.LAPSE, _:
            people = wording.approvers(request, write)
            return f"If you still need it, turn to {people}, and ask again with {ids.COMMAND}."
        case _, State.FAILED:
            return (
                f"Once the reason is mended, ask again with {ids.COMMAND}. An administrator of"
                " Elevate can help with it."
            )
        case _, State.REVOKED if request.reason:
            return f"If you still need it, ask again with {ids.COMMAND}."
        case _:
            return ""


# The way in


def console(request: Request, style: Style) -> str:
    """The portal's link to exactly this account and permission set; empty: no portal is known."""
    if not is_safe_link(style.portal_url):
        return ""
    asked = {"account_id": request.target.account_id, "role_name": request.permission_set_name}
    return f"{style.portal_url.partition('#')[0].rstrip('/')}/#/console?{urlencode(asked)}"


def profile(request: Request) -> str:
    """A name for the profile on the command line, harmless to a shell and to the file."""
    name = _NOT_IN_A_PROFILE.sub("-", f"{request.account_name}-{request.permission_set_name}")
    return name.lstrip("-")[:128] or "elevate"  # a dash in front would make it an option


def _way_in(request: Request, style: Style) -> Iterator[Block]:
    yield ours(_door(request, style))
    yield aside(plain("On the command line"))
    yield ours(f"```{escape(_commands(request))}```")
    yield aside(plain("What aws configure sso writes to ~/.aws/config"))
    yield ours(f"```{escape(_profile_lines(request, style))}```")


def _door(request: Request, style: Style) -> str:
    url = console(request, style)
    if not url:
        return "The account and the permission set now stand in your AWS access portal."
    return f"{link(url, 'Open the AWS console')} with exactly this access."


def _commands(request: Request) -> str:
    name = profile(request)
    return f"aws configure sso --profile {name}\naws sso login --profile {name}"


def _profile_lines(request: Request, style: Style) -> str:
    lines = [f"[profile {profile(request)}]"]
    if is_safe_link(style.portal_url):
        lines.append(f"sso_start_url = {style.portal_url}")
    if style.sso_region:
        lines.append(f"sso_region = {_NOT_IN_A_ROLE.sub('?', style.sso_region)}")
    lines.append(f"sso_account_id = {request.target.account_id}")
    lines.append(f"sso_role_name = {_NOT_IN_A_ROLE.sub('?', request.permission_set_name)[:64]}")
    return "\n".join(lines)


# The top-level text


def _text(moved: Moved, request: Request, facts: Facts, typed: str, style: Style) -> str:
    def draw(most: int) -> str:
        return " ".join(_facts(moved, request, facts, typed, most, style))

    return heard(draw)


def _facts(
    moved: Moved, request: Request, facts: Facts, typed: str, most: int, style: Style
) -> Iterator[str]:
    yield _happened(moved, request, facts, hear(most))
    yield from dated(moved, request, facts, utc)
    if words := _next(moved, request, hear(most)):
        yield words
    yield f"Account id {request.target.account_id}. Request {request.id}, {utc(moved.at)}."
    if typed:
        yield f"{_label(moved)}: {quote(typed, most)}"
    if moved.move is Move.ASK:
        yield f"Justification: {beginning(request.justification)}"
    if moved.move is Move.CONFIRM:
        yield _told_way_in(request, style)


def _told_way_in(request: Request, style: Style) -> str:
    url = console(request, style)
    door = f"AWS console: {escape(url)}" if url else "It stands in your AWS access portal."
    lines = "; ".join(_commands(request).splitlines())
    written = "; ".join(_profile_lines(request, style).splitlines())
    return f"{door} Command line: {escape(lines)}. In ~/.aws/config: {escape(written)}"
