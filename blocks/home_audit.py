"""App Home's part for whoever looks requests up: a list, its filters, and the way to a file."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from slack_sdk.models.blocks import ActionsBlock, Block, ButtonElement, SectionBlock, TextObject

from blocks import ids, wording
from blocks.home import titled
from blocks.parts import aside, drawn, marked, plain, said
from blocks.text import Message, Style, escape, label, moment, span, utc
from grants.auditing import Found
from grants.exporting import Format
from grants.model import Person, Request
from grants.records import Search

LIST: Final = "requests"
"""The list's name, by which its pages are turned."""
SIZE: Final = 9
BUDGET: Final = SIZE + 6
KINDS: Final = {Format.CSV: "CSV", Format.JSONL: "JSON Lines"}
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of requests, and how it was narrowed down."""

    found: Found
    everything: bool
    """Whether they see all requests, or their own and what they may approve."""
    search: Search
    person: Person | None = None
    """Whom the search names."""
    account: str = ""
    """What the account is called that it names."""


def requests(listed: Listed, style: Style) -> Iterator[Block]:
    """The newest first, nine at a time."""
    yield from titled("All requests" if listed.everything else "Requests that you may see")
    yield aside(plain(narrowed(listed.search, listed.person, listed.account)))
    if not listed.found.requests:
        yield aside(plain("There is none."))
    for request in listed.found.requests:
        yield _line(request, style)
    yield from _depth(listed.found, style)
    yield from _turns(listed.found)
    yield ActionsBlock(elements=list(_ways(listed.search)))


def narrowed(search: Search, person: Person | None, account: str) -> str:
    """Which requests are shown, as a sentence."""
    parts = [
        *(
            [f"of {wording.seen(person.name if person else search.user_id)}"]
            if search.user_id
            else []
        ),
        *([f"for {_account(search.account_id, account)}"] if search.account_id else []),
        *([", ".join(sorted(search.states))] if search.states else []),
        *([f"asked for since {_day(search.since)}"] if search.since else []),
        *([f"asked for until {_last(search.until)}"] if search.until else []),
    ]
    return f"Only those {'; '.join(parts)}." if parts else "Not filtered."


def _account(account_id: str, name: str) -> str:
    return f"{wording.seen(name)} ({account_id})" if name else account_id


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d} (UTC)" if at == _midnight(at) else utc(at)


def _last(at: datetime) -> str:
    """A search ends before an instant; people name the last day."""
    return _day(at - _DAY) if at == _midnight(at) else utc(at)


def _midnight(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def _line(request: Request, style: Style) -> SectionBlock:
    words = f"{wording.seen(request.requester.name)}: {wording.target(request)}"
    details = ButtonElement(
        text=plain("Details"), action_id=ids.DETAILS, value=f"{request.id}:{request.version}"
    )
    return SectionBlock(text=plain(words), fields=list(_facts(request, style)), accessory=details)


def _facts(request: Request, style: Style) -> Iterator[TextObject]:
    word, meaning, mark = wording.STATES[request.state]
    yield marked(f"*{word}*: {meaning} {mark}")
    yield marked(f"Asked {moment(request.asked_at, style)}, for {span(request.duration)}")
    yield plain(f"Account id {request.target.account_id}")
    yield plain(f"Request {request.id}")


def _depth(found: Found, style: Style) -> Iterator[Block]:
    if found.reached:
        at = moment(found.reached, style)
        yield aside(marked(f"Looked back to {at}. Filter to see what is older, or export it."))


def _turns(found: Found) -> Iterator[ActionsBlock]:
    ways = [("Newer", ids.BACK, found.page - 1)] if found.page else []
    ways += [("Older", ids.ON, found.page + 1)] if found.more else []
    if ways:
        yield ActionsBlock(
            elements=[
                ButtonElement(text=plain(word), action_id=action, value=ids.turned(LIST, page))
                for word, action, page in ways
            ]
        )


def _ways(search: Search) -> Iterator[ButtonElement]:
    yield ButtonElement(text=plain("Filter"), action_id=ids.FILTER)
    if search != Search():
        yield ButtonElement(text=plain("Show All"), action_id=ids.ALL)
    yield ButtonElement(text=plain("Export CSV"), action_id=ids.EXPORT_CSV)
    yield ButtonElement(text=plain("Export JSON Lines"), action_id=ids.EXPORT_JSONL)


# What becomes of an export


def sent(count: int, kind: Format, only: str, at: datetime) -> str:
    """What stands above the file, in the direct messages of whoever wanted it."""
    what = "1 request" if count == 1 else f"{count:,} requests"
    return escape(f"{what} as {KINDS[kind]}, as of {utc(at)}. {label(only, 1000)}")


def none() -> Message:
    """There was nothing to make a file of."""
    words = "There is none. Nothing was exported."
    return Message(escape(words), drawn([said(words)]))


def not_sent(code: str) -> Message:
    """The file could not be brought into Slack."""
    words = f"Your export could not be sent{_why(code)}"
    return Message(escape(words), drawn([said(words)]))


def _why(code: str) -> str:
    if code == "missing_scope":
        return (
            ": the app may not upload files. An administrator of Elevate has to apply manifest.yml"
            " and reinstall it."
        )
    return ". Please try again in a moment."
