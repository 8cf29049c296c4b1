"""The lines of a card's thread: one for each move, which begins with the move's own word."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from slack_sdk.models.blocks import Block

from blocks import wording
from blocks.parts import aside, drawn, marked, ours, plain, said, whole
from blocks.text import TEXT_MOST, Message, Style, heard, moment, quote, size, span, utc
from blocks.wording import Write, hear, seen
from grants.lifecycle import FINAL
from grants.model import Move, Moved, Request, State

Facts = Mapping[str, Any]

WORDS: Final = (
    "Requested", "Approved", "Rejected", "Cancelled", "Expired", "Granting", "Active", "Removing",
    "Stopping", "Ended", "Revoked", "Failed",
)  # fmt: skip
_TARGETS: Final = {
    State.REVOKING: "Removing",
    State.ENDED: "Ended",
    State.REVOKED: "Revoked",
    State.FAILED: "Failed",
}


class Note(StrEnum):
    """What else is told in a thread."""

    OVERDUE = "overdue"
    """The removal does not succeed. Facts: `error` (AWS's words), `attempts`."""
    EXTENSION = "extension"
    """More time is asked for. Facts: `extension` (that request), `seconds`."""
    STANDING = "standing"
    """The access was there before us."""
    CUT = "cut"
    """Sessions are denied everything. Facts: `before`, `until`, `credentials_until`; so of the others."""
    CUT_LIFTED = "cut_lifted"
    CUT_LATE = "cut_late"
    """It does not succeed. Facts: `error`, `attempts` besides."""
    LIFT_LATE = "lift_late"
    """Undoing it does not. Facts: likewise."""
    VOTE = "vote"
    """One of several approvals that are needed.

    Facts: `voter`, `count`, `needed`, `comment`, and `besides`: `more`, `whom` for each policy.
    """


def word(moved: Moved) -> str:
    """The move's word, with which its line begins."""
    match moved.move:
        case Move.ASK:
            return "Requested"
        case Move.APPROVE:
            return "Approved"
        case Move.REJECT:
            return "Rejected"
        case Move.CANCEL:
            return "Cancelled"
        case Move.LAPSE:
            return "Expired"
        case Move.START:
            return "Granting"
        case Move.CONFIRM:
            return "Active"
        case Move.FAIL if moved.target is State.REVOKING:
            return "Stopping"
        case Move.FAIL | Move.FINISH | Move.END | Move.REVOKE | Move.GONE:
            return _TARGETS.get(moved.target, "Failed")


def line(moved: Moved, request: Request, facts: Facts, style: Style) -> Message:
    """One move: its word, who, when and why. `facts` may hold `comment`, where the move does not."""
    typed = request.justification if moved.move is Move.ASK else why(moved, request, facts)
    blocks: list[Block] = [said(f"{word(moved)}{told(moved, request, facts)}")]
    blocks += [ours(words) for words in dated(moved, request, facts, lambda at: moment(at, style))]
    blocks.append(aside(plain(f"By {wording.who(moved.by)}"), marked(moment(moved.at, style))))
    if typed:
        blocks += [aside(plain(_label(moved))), *whole(typed)]
    return Message(_text(moved, request, facts, typed), drawn(blocks))


def told(moved: Moved, request: Request, facts: Facts, write: Write = seen) -> str:
    """What goes after the word. It uses no other move's word (a test says so)."""
    match moved.move:
        case Move.ASK if moved.target is State.SCHEDULED:
            return f": {wording.headline(request, write)}. Nobody has to agree."
        case Move.ASK:
            return f": {wording.headline(request, write)}."
        case Move.APPROVE | Move.REJECT | Move.CANCEL:
            return f" by {wording.who(moved.by, write)}."
        case Move.LAPSE:
            return ": nobody decided in time. Whoever still needs the access asks again."
        case Move.START if request.standing:
            return f". {wording.STANDING}"
        case Move.START:
            return ": AWS has been asked for the access."
        case Move.CONFIRM if request.standing:
            return f". {wording.STANDING}"
        case Move.CONFIRM:
            return ": AWS lists the access."
        case Move.FAIL if moved.target is State.REVOKING:
            return ": the access could not be given. What was begun is taken back."
        case Move.FINISH:
            return f": its time is over. {_asked(request, facts)}"
        case Move.END | Move.REVOKE | Move.FAIL | Move.GONE:
            return _last(moved, request, facts, write)


def _asked(request: Request, facts: Facts) -> str:
    """What AWS is asked now: nothing, where the access stays for another reason."""
    return wording.stays(request, facts) or "AWS has been asked to take the access away."


def _last(moved: Moved, request: Request, facts: Facts, write: Write) -> str:
    by = wording.who(moved.by, write)
    match moved.move, moved.target:
        case Move.REVOKE, State.REVOKING if facts.get("cut"):
            last = utc(moved.at + request.session_duration)
            return (
                f": {_taken(request, facts, by)} The sessions already open are cut after that:"
                " until the request's thread says so, credentials already issued may go on working,"
                f" about until {last}."
            )
        case Move.END, State.REVOKING:
            return f": {by} gives it back. {_asked(request, facts)}"
        case Move.REVOKE, State.REVOKING:
            return f": {_taken(request, facts, by)}"
        case Move.END, _:
            return f": {by} gave it back before it began."
        case Move.REVOKE, _:
            return f": {by} took it away before it began."
        case Move.FAIL, _:
            return ": the access was not given."
        case _, State.REVOKED if moved.source is State.ACTIVE:
            return ": the access was taken away outside Elevate. It is not created again."
        case _:
            return f": {_gone(moved, request, facts, write)}"


def _taken(request: Request, facts: Facts, by: str) -> str:
    stays = wording.stays(request, facts)
    return f"{by} {f'ends this request. {stays}' if stays else 'takes the access away. AWS has been asked.'}"


def _gone(moved: Moved, request: Request, facts: Facts, write: Write) -> str:
    stays = wording.stays(request, facts)
    match moved.target:
        case State.ENDED:
            return f"its time was over. {stays or 'What it gave is gone.'}"
        case State.FAILED:
            return "the access could not be given, and nothing of it is left."
        case _:
            return f"{wording.closer(request, write)}. {stays or 'What it gave is gone.'}"


def why(moved: Moved, request: Request, facts: Facts) -> str:
    """What somebody gave as the reason or comment of a move; empty: nothing."""
    kept = request.reason if moved.target in FINAL else ""
    found = moved.reason or facts.get("comment") or facts.get("reason") or kept
    return found if isinstance(found, str) else ""


def _label(moved: Moved) -> str:
    match moved.move:
        case Move.ASK:
            return "Justification"
        case Move.APPROVE | Move.REJECT:
            return "Comment"
        case _:
            return "Reason"


def dated(
    moved: Moved, request: Request, facts: Facts, write: Callable[[datetime], str]
) -> Iterator[str]:
    """The instants that this move sets, as sentences."""
    if moved.move is Move.ASK and moved.target is State.PENDING:
        yield f"To be decided until {write(request.expires_at)}."
    if moved.move in {Move.ASK, Move.APPROVE} and moved.target is State.SCHEDULED:
        start = request.starts_at
        yield f"It starts {write(start) if start and start > moved.at else 'at once'}."
    if moved.move is Move.CONFIRM and request.ends_at:
        yield f"Until {write(request.ends_at)}."
    if last := _outlived(moved, request, facts):
        yield f"{wording.CREDENTIALS} {write(last)}."


def _outlived(moved: Moved, request: Request, facts: Facts) -> datetime | None:
    """Until when credentials may work that were issued before the end; None: the access itself stays."""
    if wording.stays(request, facts):
        return None
    match moved.source, moved.target:
        case _, State.ACTIVE:
            return request.ends_at + request.session_duration if request.ends_at else None
        case State.ACTIVE | State.REVOKING, State.ENDED | State.REVOKED:
            return request.credentials_until
        case _:
            return None


def _text(moved: Moved, request: Request, told_of: Facts, typed: str) -> str:
    def draw(most: int) -> str:
        write = hear(most)
        facts = [
            f"{word(moved)}{told(moved, request, told_of, write)}",
            *dated(moved, request, told_of, utc),
        ]
        facts.append(f"By {wording.who(moved.by, write)}, {utc(moved.at)}.")
        if moved.move is Move.ASK:
            facts.append(f"Account id {request.target.account_id}. Request: {request.id}.")
            facts.append(f"Ticket: {write(request.ticket) or 'none'}.")
        head = " ".join(facts)
        room = TEXT_MOST - size(head) - len(_label(moved)) - 3
        return f"{head} {_label(moved)}: {quote(typed, max(room, 1500))}" if typed else head

    return heard(draw)


# Notes


def note(kind: str, facts: Facts) -> Message:
    """A line that tells no move; `kind` is one of `Note`, or `facts` hold the `words`."""
    typed = str(facts.get("comment") or "") if kind == Note.VOTE else ""
    blocks: list[Block] = [said(_noted(kind, facts, seen)), *whole(typed)]
    text = heard(lambda most: f"{_noted(kind, facts, hear(most))} {quote(typed, most)}".strip())
    return Message(text, drawn(blocks))


def _noted(kind: str, facts: Facts, write: Write) -> str:
    if kind == Note.OVERDUE:
        return still(facts, write)
    if kind == Note.EXTENSION:
        more = span(timedelta(seconds=int(facts.get("seconds", 0))))
        return f"Extension asked for: {more} more, by request {facts.get('extension')}."
    if kind == Note.STANDING:
        return f"Notice: {wording.STANDING}"
    if kind in _CUTS:
        return _CUTS[Note(kind)](facts, write)
    if kind == Note.VOTE:
        count = f"{facts.get('count', 1)} of {facts.get('needed', 1)}"
        missing = wording.besides((each["more"], each["whom"]) for each in facts.get("besides", ()))
        agrees = f"{count}: {write(str(facts.get('voter', '')))} agrees"
        return f"{agrees}; {write(missing)}." if missing else f"{agrees}."
    return f"Notice: {write(str(facts.get('words') or kind))}"


def _cut(facts: Facts, _write: Write) -> str:
    last = facts.get("credentials_until")
    without = f" Without that they could have gone on until {_at(last)}." if last else ""
    return (
        f"Sessions cut: AWS denies everything to those that were opened before {_at(facts.get('before'))},"
        f" as soon as IAM has carried it out everywhere, which may take some minutes.{without} The"
        f" denial is taken out again after {_at(facts.get('until'))}."
    )


def carrier(facts: Facts) -> str:
    """The policy that carries a denial."""
    scp = facts.get("scp")
    return f"the service control policy {scp}" if scp else "the permission set's inline policy"


def _cut_lifted(facts: Facts, _write: Write) -> str:
    return f"Sessions that were cut are over by now: the denial is out of {carrier(facts)} again."


def not_cut(facts: Facts, write: Write) -> str:
    """That open sessions are not cut yet, why, and until when they may live."""
    last = facts.get("credentials_until")
    until = f" Credentials already issued may go on working until {_at(last)}." if last else ""
    return f"Sessions are not cut yet: {_trouble(facts, write)}{until}"


def not_lifted(facts: Facts, write: Write) -> str:
    """That the denial stays for longer than it is needed, and that it denies nobody anything else."""
    return (
        f"Sessions that were cut are over, and the denial could not be taken out of {carrier(facts)}"
        f" yet: {_trouble(facts, write)} It denies nothing to sessions that were opened since."
    )


def _trouble(facts: Facts, write: Write) -> str:
    reason = write(str(facts.get("error") or "AWS is still at it"))
    return f"{reason.rstrip('.')}. It is tried until it is done."


def _at(instant: object) -> str:
    return "then" if instant is None else utc(datetime.fromisoformat(str(instant)))


_CUTS: Final[Mapping[Note, Callable[[Facts, Write], str]]] = {
    Note.CUT: _cut,
    Note.CUT_LIFTED: _cut_lifted,
    Note.CUT_LATE: not_cut,
    Note.LIFT_LATE: not_lifted,
}


def still(facts: Facts, write: Write) -> str:
    """That a removal does not succeed, what AWS says, and that it goes on being tried."""
    reason = write(str(facts.get("error") or "nothing yet"))
    tries = facts.get("attempts", 0)
    times = f" Tried {tries} times so far." if tries else ""
    return (
        f"Still being removed. AWS said: {reason.rstrip('.')}.{times} It is tried until it is done."
    )
