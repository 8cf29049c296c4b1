"""Requests as lines of a file, CSV or JSON, under names that stay."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from grants.activity import Summary, from_json
from grants.model import Request, Vote


class Format(StrEnum):
    """What kind of file."""

    CSV = "csv"
    JSONL = "jsonl"


@dataclass(frozen=True, slots=True)
class Record:
    """A request with what belongs to it."""

    request: Request
    votes: Sequence[Vote] = ()
    activity: Mapping[str, Any] | None = None
    """`grants.activity.Summary` as JSON values."""


COLUMNS: Final = (
    "id", "state", "requester_name", "requester_user_name", "requester_email", "requester_user_id",
    "requester_slack_id", "account_id", "account_name", "permission_set_name", "permission_set_arn",
    "duration", "session_duration", "justification", "ticket", "ticket_url", "asked_at",
    "starts_at", "expires_at", "approval_needed", "approvals", "may_approve", "votes",
    "decided_at", "decided_by", "active_at", "ends_at", "ended_at", "because", "closed_by",
    "reason", "standing", "credentials_until", "reminded", "nudged_at", "policy_version",
    "activity_source", "activity_unavailable", "activity_final", "activity_calls",
    "activity_reads", "activity_writes", "activity_errors", "activity_services",
    "activity_write_actions", "activity_first_at", "activity_last_at", "activity_after_end",
    "activity_truncated", "extends", "activity_sensitive", "activity_denied", "activity_assumed",
    "activity_sessions", "activity_addresses", "activity_stayed", "activity_complete",
    "activity_missing",
)  # fmt: skip
"""A table's columns: new ones come last, none is renamed. Each is a name of the JSON's, or two."""
FORMULA: Final = "=+\\-@＝＋－＠"  # noqa: RUF001  # the wide ones begin a formula too, in some places
"""A cell that begins so may be carried out by whoever opens the file in a spreadsheet."""
_PARTING: Final = ("\x85", "\u2028", "\u2029")
"""Signs that end a line in some places, as JSON escapes them."""
_FIRST: Final = re.compile(rf"\A(?=[{FORMULA}\t\r\n])")
_WITHIN: Final = re.compile(rf"([;\t\r\n][\s\"]*)(?=[{FORMULA}])")
"""Where lists are written with `;`, spreadsheets may part cells there, and at tabs and line ends."""


def heading(kind: Format) -> str:
    """What stands above the lines."""
    return table_row(COLUMNS) if kind is Format.CSV else ""


def line(record: Record, kind: Format) -> str:
    """A request as one line of the file; in a table a cell may hold several."""
    values = as_json(record)
    if kind is Format.JSONL:
        return json_line(values)
    found = _flat(values)
    return table_row([_cell(name, found.get(name)) for name in COLUMNS])


def as_json(record: Record) -> dict[str, Any]:
    """A request's facts, its votes, and what its session did."""
    return {
        **facts(record.request),
        "votes": [vote_as_json(vote) for vote in record.votes],
        "activity": activity_as_json(record.activity) if record.activity else None,
    }


def activity_as_json(found: Mapping[str, Any]) -> dict[str, Any]:
    """A summary, and beside it whether that is all, and if not, why."""
    summary = from_json(found)
    return {**found, "complete": summary.complete, "missing": list(_missing(summary))}


def _missing(summary: Summary) -> Iterator[str]:
    """What is known not to be among the counts."""
    if summary.unavailable:
        yield summary.unavailable
    if summary.again:
        yield f"could not be read again: {summary.again}"
    for region, why in summary.regions_missing.items():
        yield f"{region} could not be read: {why}"
    if summary.blind:
        yield "the source has no event of this account in this time: it may not see it"
    if summary.gone:
        yield "part of it is older than what the source has"
    if summary.truncated:
        yield "there was more than could be read"
    if summary.unreadable:
        yield f"records that could not be read: {summary.unreadable}"
    if summary.nameless:
        yield f"calls under another name and with nobody's id: {summary.nameless}"


def facts(request: Request) -> dict[str, Any]:
    """A request as JSON values: its fields, with durations in seconds and times in ISO 8601."""
    values: dict[str, Any] = plain(request)
    target = values.pop("target")
    until = request.credentials_until
    return {
        **values,
        "account_id": target["account_id"],
        "permission_set_arn": target["permission_set_arn"],
        "credentials_until": until.isoformat() if until else None,
    }


def vote_as_json(vote: Vote) -> dict[str, Any]:
    """One vote, under its request."""
    return {
        "ballot": vote.ballot.value,
        "voter": plain(vote.voter),
        "comment": vote.comment,
        "proved": vote.proved,
        "at": vote.at.isoformat(),
    }


def plain(value: Any) -> Any:
    """A value of ours as a JSON value."""
    match value:
        case str() | int() | None:
            return value
        case timedelta():
            return int(value.total_seconds())
        case datetime():
            return value.isoformat()
        case dict():
            return {name: plain(inner) for name, inner in value.items()}
        case list() | tuple():
            return [plain(inner) for inner in value]
        case _ if is_dataclass(value):
            # Not `asdict`, which copies what is here only looked at: exports are long.
            return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
        case _:
            return value


def json_line(values: Mapping[str, Any], *, odd: Callable[[Any], Any] | None = None) -> str:
    """JSON on one line, also for whoever takes other signs than a line feed for a line's end.

    `odd`: what to write for a value that is none of JSON's.
    """
    written = json.dumps(values, ensure_ascii=False, default=odd)
    for sign in _PARTING:
        written = written.replace(sign, f"\\u{ord(sign):04x}")
    return f"{written}\n"


# As a table


def table_row(cells: Sequence[str]) -> str:
    """A line of a table that no spreadsheet carries out."""
    written = io.StringIO(newline="")
    csv.writer(written).writerow(map(harmless, cells))
    return written.getvalue()


def harmless(cell: str) -> str:
    """What begins like a formula is text to a spreadsheet from here on, wherever it parts cells."""
    return _FIRST.sub("'", _WITHIN.sub(r"\1'", cell))


def _flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """What stands within another value has both names."""
    found = dict(values)
    for name in ("requester", "activity"):
        inner = values[name] or {}
        found |= {f"{name}_{key}": value for key, value in inner.items()}
    return found


def _cell(name: str, value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list() if name == "votes":
            return "\n".join(_vote(vote) for vote in value)
        case list():
            return "; ".join(map(str, value))
        case dict():
            return "; ".join(f"{key} {count}" for key, count in value.items())
        case _:
            return str(value)


def _vote(vote: Mapping[str, Any]) -> str:
    """Such as `approve by Eve Engineer <eve@example.com> at 2026-11-02T12:00:00+00:00: Fine.`."""
    voter = vote["voter"]
    proved = " with a one-time code" if vote["proved"] else ""
    said = f"{vote['ballot']}{proved} by {voter['name']} <{voter['email']}> at {vote['at']}"
    return f"{said}: {vote['comment']}" if vote["comment"] else said
