"""What `/elevate verify` answers: whether a request's threads say what the journal says."""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import Block

from blocks import ids, thread
from blocks.parts import drawn, ours, said
from blocks.text import TEXT_MOST, Message, Style, escape, moment, quote, shorten, size, utc
from grants.comparing import Amiss, Compared, Comparison, Wrong
from grants.expecting import CARD, SUMMARY, Lost
from grants.model import Copy, Place, Reminder, RequestId

MOST: Final = 60
"""So many sentences are shown; the rest is counted."""
TOGETHER: Final = 8
"""Sentences in one block, which takes 3,000 characters."""

When = Callable[[datetime], str]

_CHANNEL: Final = re.compile(r"[CGD][A-Z0-9]{2,20}", re.ASCII)
_USER: Final = re.compile(r"[UW][A-Z0-9]{2,20}", re.ASCII)
_NAMES: Final = {
    "": "A message",
    SUMMARY: "The summary of the activity",
    CARD: "The card",
    thread.Note.OVERDUE: "Still being removed",
    thread.Note.EXTENSION: "Extension asked for",
    thread.Note.STANDING: "Notice",
    thread.Note.CUT: "Sessions cut",
    thread.Note.CUT_LIFTED: "The end of a cut",
    thread.Note.CUT_LATE: "Sessions not cut yet",
    thread.Note.LIFT_LATE: "A cut not undone yet",
    thread.Note.VOTE: "A vote",
    Reminder.DECISION: "A reminder",
}
_WRONG: Final = {
    Wrong.MISSING: ("Missing", "no such line stands there."),
    Wrong.DELETED: ("Missing", "it was told there, and has been deleted."),
    Wrong.REFUSED: ("Missing", "Slack did not take it"),
    Wrong.EDITED: ("Edited", "it does not read as it was told."),
    Wrong.OTHERWISE: ("Differs", "it reads as it was told, and the journal says otherwise."),
    Wrong.UNPROVEN: (
        "Differs",
        "it would be drawn otherwise today, and what was told was not kept then. Read it.",
    ),
    Wrong.UNKNOWN: ("Not in the journal", "Elevate's app posted it, and the journal has no such move."),
    Wrong.FORGOTTEN: (
        "Missing",
        "the database does not know any more where it hangs, and hangs no other.",
    ),
}  # fmt: skip
_CARD: Final = "*Deleted*: the card"
_SCOPES: Final = (
    "Give the app the scopes channels:history, groups:history and im:history, and install it again."
)
_INVITE: Final = "Invite the app to the channel."
_TOKEN: Final = "Slack does not take the bot's token. See `python -m bot check`."  # noqa: S105 - no secret
_AGAIN: Final = "Type it again in a few minutes."
_UNREAD: Final = {
    "missing_scope": f"the app may not read there. {_SCOPES}",
    "not_in_channel": f"the app is not in it. {_INVITE}",
    "channel_not_found": f"the app does not see it. {_INVITE}",
    "is_archived": "it is archived. Unarchive it, and invite the app.",
    "invalid_auth": _TOKEN,
    "token_revoked": _TOKEN,
    "account_inactive": _TOKEN,
    "ratelimited": f"Slack gives no more for now. {_AGAIN}",
    "no_answer": f"Slack did not answer. {_AGAIN}",
    "too_many_messages": "its thread has more than 10,000 messages.",
    "stopping": f"Elevate is about to be restarted. {_AGAIN}",
    "hung_anew": f"its card was deleted, and is hung anew just now. {_AGAIN}",
}


def usage() -> Message:
    """How to ask."""
    words = f"Type {ids.COMMAND} verify and a request's id, as in {ids.COMMAND} verify 7K2M9QXB."
    return Message(words, drawn([said(words)]))


def reading(request_id: RequestId) -> Message:
    """Said while it takes a while. The id is not known to be one yet."""
    words = f"The threads of request {shorten(request_id, 20)} are being read. It may take minutes."
    return Message(escape(words), drawn([said(words)]))


def message(found: Comparison, style: Style) -> Message:
    """The verdict first, then what is wrong, then what else is to be known."""
    first = verdict(found)
    seen = [first, *_sentences(found, lambda at: moment(at, style))]
    blocks: list[Block] = [ours(f"*{first}*")]
    shown, left = seen[1 : MOST + 1], seen[MOST + 1 :]
    parts = (shown[at : at + TOGETHER] for at in range(0, len(shown), TOGETHER))
    blocks += [ours("\n".join(part)) for part in parts]
    blocks += [ours(_more(len(left)))] if left else []
    return Message(_heard([first, *_sentences(found, utc)]), drawn(blocks))


def verdict(found: Comparison) -> str:
    """In one line."""
    wrong = _count(found)
    read = [place for place in found.places if _was_read(place)]
    unread = sum(bool(place.unread) for place in found.places)
    lines = f"{_many(sum(place.right for place in read), 'line')} in {_many(len(read), 'place')}"
    if wrong:
        return f"{_many(wrong, 'finding')} about {_named(found)}."
    if unread:
        could = "could not be read"
        return f"Not everything could be read: {lines} as the journal says, {_many(unread, 'place')} {could}."
    if not read:
        return f"There is no thread in Slack yet of {_named(found)}: nothing was compared."
    return f"The thread says what the journal says: {lines}. {_only_seen(read)}"


def _named(found: Comparison) -> str:
    return f"request {escape(shorten(found.request_id, 20))}"


def _only_seen(read: Iterable[Compared]) -> str:
    """What is edited by design is not compared."""
    if any(place.copy.summary_ts for place in read):
        return "The card and the activity's summary were only seen to stand there."
    return "The card was only seen to stand there."


def _count(found: Comparison) -> int:
    journal = bool(found.journal) + found.illegible
    database = bool(found.differs) + len(found.lost) + found.nowhere
    return journal + database + sum(len(place.amiss) for place in found.places)


def _was_read(place: Compared) -> bool:
    return bool(place.copy.ts) and not place.unread


def _sentences(found: Comparison, when: When) -> Iterator[str]:
    yield _journal(found)
    if found.illegible:
        yield (
            "*Journal*: what stands there of this request cannot be read as lines;"
            " its threads were not compared with it."
        )
    yield from _database(found)
    for place in found.places:
        yield from (_amiss(each, when) for each in place.amiss)
    for place in found.places:
        if place.unread:
            yield f"*Not read*: {where(place.copy)}: {_why_unread(place.unread)}"
    for place in found.places:
        yield from _besides(place, when)


def _journal(found: Comparison) -> str:
    if found.journal is None:
        lines = f"The journal holds: {_many(found.lines, 'line')} of this request, as written."
        return f"{lines} Whether all of it is whole says `python -m bot audit verify`."
    line = f"line {found.journal.seq}: " if found.journal.seq else ""
    what = quote(found.journal.what, 200)
    return f"*Journal*: {line}{what}. See `python -m bot audit verify`."


def _database(found: Comparison) -> Iterator[str]:
    if found.differs:
        fields = ", ".join(quote(name.replace("_", " "), 40) for name in found.differs)
        yield f"*Database*: the request's row is not what the journal says of it: {fields}."
    yield from map(_lost, found.lost)
    if found.nowhere:
        yield "*Database*: it does not know any more where the request's card hangs."


def _lost(lost: Lost) -> str:
    place = f", {where(lost.copy)}," if lost.copy else ""
    told = f"{_many(lost.lines, 'line')} {_was(lost.lines)} told{place} below a card"
    return f"*Database*: {told} of which it does not know any more. Not compared."


def _amiss(amiss: Amiss, when: When) -> str:
    if amiss.wrong is Wrong.DELETED and not amiss.kind:
        return f"{_CARD} {where(amiss.copy)}."
    word, what = _WRONG[amiss.wrong]
    named = quote(amiss.word, 40) or _NAMES.get(amiss.kind, "A notice")
    told = f"*{word}*: {named}{f', {when(amiss.at)}' if amiss.at else ''}, {where(amiss.copy)}"
    why = f" ({quote(amiss.why, 80)})." if amiss.why else ""
    return f"{told}: {what}{why}"


def _besides(place: Compared, when: When) -> Iterator[str]:
    here = where(place.copy)
    for each in place.twice:
        yield f"Said twice, which is harmless: {quote(each.word, 40)}, {when(each.at)}, {here}."
    if place.unplaced:
        yield (
            f"{_many(place.unplaced, 'message')} of Elevate's app, {here}:"
            " a notice of which nothing was kept may look so. Not compared."
        )
    if place.summaries:
        yield (
            f"{_many(place.summaries, 'message')} that {_begins(place.summaries)} like the summary of"
            f" the activity, besides the one that is kept up to date, {here}: one of which Slack's"
            " answer was lost looks so. Not compared."
        )
    if place.waiting:
        yield f"{_many(place.waiting, 'line')} {_is(place.waiting)} not told yet, {here}."
    if place.given_up:
        yield f"{_many(place.given_up, 'line')} {_was(place.given_up)} not told, {here}: {_dead(place)}"
    elif place.copy.dead and not place.copy.ts:
        yield f"Nothing was told, {here}: {_dead(place)}"
    if place.others:
        alike = (
            f"; {place.alike} of them {_begins(place.alike)} like a line of"
            f" Elevate's, and {_is(place.alike)} none"
            if place.alike
            else ""
        )
        yield f"{_many(place.others, 'message')} by people or other apps, {here}{alike}."


def _dead(place: Compared) -> str:
    return f"the place was given up ({quote(place.copy.dead, 80)})."


def _why_unread(code: str) -> str:
    return _UNREAD.get(code, f"Slack says {quote(code, 80)}. {_AGAIN}")


def where(copy: Copy) -> str:
    """A channel by its name; of direct messages whose they are."""
    if _CHANNEL.fullmatch(copy.address):
        return f"in <#{copy.address}>"
    if copy.place is Place.CHANNEL:
        return "in a channel"
    known = _USER.fullmatch(copy.address)
    whose = f"<@{copy.address}>" if known else quote(copy.address, 80)
    return f"in the direct messages of {whose}"


def _heard(sentences: list[str]) -> str:
    plain = [sentence.replace("*", "").replace("`", "") for sentence in sentences]
    for kept in range(len(plain), 0, -1):
        left = [_more(len(plain) - kept)] if kept < len(plain) else []
        text = " ".join([*plain[:kept], *left])
        if size(text) <= TEXT_MOST:
            return text
    return plain[0]


def _more(count: int) -> str:
    return f"… and {count} more."


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def _begins(count: int) -> str:
    return "begins" if count == 1 else "begin"


def _was(count: int) -> str:
    return "was" if count == 1 else "were"
