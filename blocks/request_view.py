"""One request whole, in a window of its own: facts, votes, activity and history."""

from collections.abc import Iterator, Sequence
from typing import Final

from slack_sdk.models.blocks import Block, SectionBlock, TextObject
from slack_sdk.models.views import View

from blocks import activity, ids, thread, wording
from blocks.parts import aside, marked, ours, plain, said, whole
from blocks.text import Style, label, moment, shorten
from blocks.wording import seen
from grants.activity import from_json
from grants.auditing import Whole
from grants.model import Ballot, Request, Vote
from grants.records import Entry, Line
from grants.telling import moved_in

TITLE: Final = "Request"
VOTES: Final = 8
LINES: Final = 20
"""A window holds 100 blocks."""
_ALARMS: Final = {
    "alarm.unasked": "nobody who may approve it could be reached.",
    "alarm.unreachable": "a place where its card was to hang is not to be reached.",
    "alarm.given_by_others": "removed, and made anew by somebody else since.",
}
_BALLOTS: Final = {Ballot.APPROVE: "approved", Ballot.REJECT: "rejected"}


def looking_up() -> View:
    """What stands there until it is known who looks."""
    return nothing("Looking it up…")


def nothing(words: str) -> View:
    """A sentence."""
    return _window(TITLE, [said(shorten(words, 2900))])


def view(found: Whole, style: Style) -> View:
    """All that is known of it."""
    return _window(f"{TITLE} {found.request.id}", list(_blocks(found, style)))


def _window(title: str, blocks: list[Block]) -> View:
    return View(
        type="modal",
        callback_id=ids.NOTICE_FORM,
        title=plain(title),
        close=plain("Close"),
        blocks=blocks,
    )


def _blocks(found: Whole, style: Style) -> Iterator[Block]:
    request = found.request
    word, meaning, mark = wording.STATES[request.state]
    yield said(f"{wording.headline(request)}.")
    yield ours(f"*{word}*: {meaning} {mark}")
    yield SectionBlock(fields=list(_facts(request)))
    yield SectionBlock(fields=list(_times(request, style)))
    if request.standing:
        yield aside(plain(wording.STANDING))
    if request.may_approve:
        named = wording.approvers(request, lambda words: label(words, 1500))
        yield aside(plain(f"Could approve when it was asked: {named}"))
    yield from _typed("Justification", request.justification)
    yield from _typed("Reason", request.reason)
    yield from _votes(found, style)
    yield from _activity(found, style)
    yield from _history(found, style)


def _facts(request: Request) -> Iterator[TextObject]:
    who = request.requester
    yield plain(f"Requester: {seen(who.name)} ({seen(who.user_name)}, {seen(who.email)})")
    yield plain(f"Account: {wording.account(request)}")
    yield plain(f"Permission set: {seen(request.permission_set_name)}")
    yield plain(f"Duration: {wording.how_long(request)}")
    if request.extends:
        yield plain(f"Extends: request {request.extends}")
    yield plain(f"Ticket: {seen(request.ticket) or 'none'}")
    needed = f"{request.approvals} needed" if request.approval_needed else "none needed"
    yield plain(f"Approvals: {needed}")
    if request.decided_by:
        yield plain(f"Decided by: {seen(request.decided_by)}")
    if request.closed_by:
        yield plain(f"Ended by: {seen(request.closed_by)}")
    yield plain(f"Policies: version {request.policy_version}")


def _times(request: Request, style: Style) -> Iterator[TextObject]:
    instants = {
        "Asked": request.asked_at,
        "Start wished for": request.starts_at,
        "To be decided until": request.expires_at if request.approval_needed else None,
        "Decided": request.decided_at,
        "Active": request.active_at,
        "Its time is over": request.ends_at,
        "Ended": request.ended_at,
        "Credentials until": None if request.standing else request.credentials_until,
    }
    for what, at in instants.items():
        if at is not None:
            yield marked(f"{what}: {moment(at, style)}")


def _typed(what: str, words: str) -> Iterator[Block]:
    if words:
        yield ours(f"*{what}*")
        yield from whole(words)


def _votes(found: Whole, style: Style) -> Iterator[Block]:
    if not found.votes:
        return
    yield ours("*Votes*")
    for vote in found.votes[:VOTES]:
        yield from _vote(vote, style)
    yield from _more(len(found.votes) - VOTES, "votes")


def _vote(vote: Vote, style: Style) -> Iterator[Block]:
    words = f"{seen(vote.voter.name)} ({seen(vote.voter.user_name)}) {_BALLOTS[vote.ballot]}"
    words += ", with a one-time code" if vote.proved else ""
    yield aside(plain(words), marked(moment(vote.at, style)))
    yield from whole(vote.comment)


def _activity(found: Whole, style: Style) -> Iterator[Block]:
    if found.activity:
        yield ours("*What the session did*")
        yield from activity.paragraphs(from_json(found.activity), found.request, style)


def _history(found: Whole, style: Style) -> Iterator[Block]:
    if not found.lines:
        return
    yield ours("*History*")
    for line in _shown(found.lines):
        yield aside(plain(_line(line, found.request)), marked(moment(line.entry.at, style)))
    yield from _more(len(found.lines) - LINES, "lines")


def _shown(lines: Sequence[Line]) -> list[Line]:
    """Those that there is room for, in their order: whoever is refused often hides no decision."""
    places = sorted(range(len(lines)), key=lambda place: (_claim(lines[place].entry), -place))
    return [lines[place] for place in sorted(places[:LINES])]


def _claim(entry: Entry) -> int:
    """Of those with the same claim the latest go first."""
    if moved_in(entry) or entry.event == "vote":
        return 0
    return 2 if entry.event == "refusal" else 1


def _line(line: Line, request: Request) -> str:
    entry = line.entry
    if moved := moved_in(entry):
        return f"{thread.word(moved)}{thread.told(moved, request, entry.facts or {})} By {wording.who(moved.by)}."
    by = wording.who(entry.actor)
    match entry.event:
        case "vote":
            return f"Vote: {seen(entry.after)}, by {by}."
        case "proof.use":
            return f"Proved: {by} gave a one-time code."
        case "audit.activity":
            return f"Exported: {by} took the events of the session away."
        case "nudge":
            return f"Nudged: {by} had the approvers reminded."
        case "refusal":
            return f"Refused: {by} tried what is not theirs to do ({seen(entry.reason)})."
        case "alarm.overdue":
            said = seen(entry.reason).rstrip(".")
            return f"Alarm: the removal does not succeed. AWS said: {said or 'nothing yet'}."
        case event if event in _ALARMS:
            return f"Alarm: {_ALARMS[event]}"
        case _:
            return f"{seen(entry.event)}, by {by}."


def _more(count: int, what: str) -> Iterator[Block]:
    if count > 0:
        yield aside(plain(f"… and {count} more {what}: the command line has all."))
