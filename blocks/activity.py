"""The activity summary in a card's thread: what the session did, read in ten seconds."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import Block

from blocks import wording
from blocks.parts import aside, drawn, marked, ours, plain, said
from blocks.text import Message, Style, heard, label, moment, shorten, utc
from blocks.wording import Write, hear
from grants.activity import Summary
from grants.model import Request

WORD: Final = "Activity"
"""With which every summary begins: no line of a move does."""
NAMED: Final = 6
"""How many services, actions or errors are named; the rest is counted."""
MORE: Final = 20
"""So many of what a reviewer wants to see by name."""
_LINE: Final = 600
_BLOCK: Final = 2900


def summary(summary: Summary, request: Request, style: Style) -> Message:
    """Posted once, then edited until it is final."""
    blocks = drawn(list(paragraphs(summary, request, style)))
    if summary.unavailable:
        return Message(heard(lambda most: _unavailable(summary, request, hear(most))), blocks)
    return Message(heard(lambda most: _text(summary, request, most)), blocks)


def paragraphs(
    summary: Summary, request: Request, style: Style, *, edited: bool = True
) -> Iterator[Block]:
    """What is seen of it; `edited`: where it stands, it is kept up to date until it is final."""
    if summary.unavailable:
        yield said(_unavailable(summary, request, _plain))
        return
    yield said(_counts(summary, request, _plain))
    yield from (said(shorten(words, _BLOCK)) for words in _named(summary, _plain))
    if words := _times(summary, lambda at: moment(at, style)):
        yield ours(words)
    yield aside(plain(label(_completeness(summary, _plain, edited=edited), 1900)))
    yield aside(marked(f"Read {moment(summary.read_at, style)}"))


def _plain(words: str) -> str:
    return label(words, _LINE)


def _unavailable(summary: Summary, request: Request, write: Write) -> str:
    about = wording.target(request, write)
    return f"{WORD} unavailable: {write(summary.unavailable)}\nThis is about {about}."


def _text(summary: Summary, request: Request, most: int) -> str:
    write = hear(most)
    rows = [_counts(summary, request, write), *_named(summary, write), _times(summary, utc)]
    rows += [_completeness(summary, write, edited=True), f"Read {utc(summary.read_at)}."]
    return " ".join(filter(None, rows))


def _counts(summary: Summary, request: Request, write: Write) -> str:
    who = f"{write(request.requester.name)}, {wording.target(request, write)}"
    if not summary.calls:
        return f"{WORD}: no calls{_as_far(summary)}. {who}."
    errors = max(summary.failed, sum(summary.errors.values()))
    counts = [
        _many(summary.calls, "call"),
        _many(summary.reads, "read"),
        _many(summary.writes, "write"),
        _many(errors, "error") if errors else "no errors",
    ]
    return f"{WORD}: {', '.join(counts)}{'' if summary.final else ' so far'}. {who}."


def _as_far(summary: Summary) -> str:
    if summary.partial:
        return " in what could be read"
    if not summary.final:
        return " so far"
    where = " in these Regions" if summary.regions else ""
    return f": the access was not used{where}"


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def _named(summary: Summary, write: Write) -> Iterator[str]:
    if summary.sensitive:
        yield f"Sensitive: {_most(summary, 'sensitive', write, MORE)}."
    if summary.assumed:
        roles = _most(summary, "assumed", write, MORE)
        yield f"Went on under another role: {roles}. What was done there is not in this list."
    if summary.denied:
        yield f"Denied: {_most(summary, 'denied', write)}."
    if summary.stayed:
        by = f"request {summary.stayed_by}" if summary.stayed_by else "it was there before"
        calls = _many(summary.stayed, "call")
        yield f"After this request's end, while the access stayed ({write(by)}): {calls}."
    if summary.after_end:
        yield f"After the end: {_many(summary.after_end, 'call')}, with credentials issued before."
    if summary.issued_after:
        calls = _many(summary.issued_after, "call")
        yield f"After the end, with newer credentials: {calls}, by another grant or standing access."
    if summary.write_actions:
        yield f"Writes: {_most(summary, 'write_actions', write)}."
    if summary.errors:
        yield f"Errors: {_most(summary, 'errors', write)}."
    if summary.services:
        yield f"Services: {_most(summary, 'services', write)}."
    if summary.calls:
        yield _from_where(summary, write)


def _from_where(summary: Summary, write: Write) -> str:
    """Such as `2 sessions from 198.51.100.7 10 by aws-cli 8, console 2 in us-east-1 10`."""
    words = [_many(summary.sessions, "session")] if summary.sessions else ["Sessions not known"]
    for joint, what in (("from", "addresses"), ("by", "clients"), ("in", "seen_regions")):
        if getattr(summary, what):
            words.append(f"{joint} {_most(summary, what, write)}")
    return f"{' '.join(words)}."


def _most(summary: Summary, what: str, write: Write, most: int = NAMED) -> str:
    """Of one of its fields. The summary itself does not hold all."""
    counted: Mapping[str, int] = getattr(summary, what)
    names = sorted(counted, key=lambda name: -counted[name])
    first = [f"{write(name)} {counted[name]:,}" for name in names[:most]]
    rest = len(names) - most + summary.more.get(what, 0)
    return ", ".join([*first, f"and {rest} more"] if rest > 0 else first)


def _times(summary: Summary, write: Callable[[datetime], str]) -> str:
    if summary.first_at is None or summary.last_at is None:
        return ""
    return f"First {write(summary.first_at)}, last {write(summary.last_at)}."


def _completeness(summary: Summary, write: Write, *, edited: bool) -> str:
    return " ".join([*_limits(summary, write), _whole(summary, edited=edited)])


def _limits(summary: Summary, write: Write) -> Iterator[str]:
    regions = f", {write(', '.join(summary.regions))}" if summary.regions else ""
    yield f"Source: {write(summary.source)}{regions}."
    if summary.regions:
        yield "Other Regions were not looked in."
    if summary.blind:
        yield "The source has no event of this account at all in this time: it may not see it."
    if summary.gone:
        yield "Part of it is older than what the source still has."
    if summary.regions_missing:
        missing = [f"{region} ({reason})" for region, reason in summary.regions_missing.items()]
        yield f"Could not be read: {write('; '.join(missing))}."
    if summary.truncated:
        yield "There was more than could be read: the counts are too low."
    if summary.unreadable:
        yield f"Not counted: {_many(summary.unreadable, 'record')} that could not be read."
    if summary.nameless:
        calls = _many(summary.nameless, "call")
        bear = "bears" if summary.nameless == 1 else "bear"
        yield (
            f"Not counted: {calls} through this permission set that {bear} another name and"
            " nobody's id. They may be this person's or anybody's who has the same access."
        )
    if summary.management_only:
        yield "Management events only: reading and writing of data is not seen."
    else:
        yield "Regions, and reading and writing of data, are seen only where the trail records them."
    if summary.by_name:
        yield f"{_many(summary.by_name, 'event')} matched by session name only."
    if summary.again:
        yield f"Could not be read again since: {write(summary.again)}."


def _whole(summary: Summary, *, edited: bool) -> str:
    if not summary.final:
        later = "this is edited until final" if edited else "look again later"
        return f"Events can still arrive: {later}."
    return "Complete." if summary.complete else "Final, and not complete."
