"""What CloudTrail says the session did, boiled down to what a reviewer reads in ten seconds."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from grants.model import AccountId, UserId


@dataclass(frozen=True, slots=True)
class Session:
    """Whose activity is asked for: this user, in this account, through this permission set."""

    account_id: AccountId
    user_id: UserId
    user_name: str
    permission_set_name: str
    start: datetime
    end: datetime
    """Up to when events are asked for."""
    ended_at: datetime
    """When the access was taken away; what came after is marked."""


@dataclass(frozen=True, slots=True)
class Event:
    """One CloudTrail event of the session."""

    id: str
    at: datetime
    service: str
    """`eventSource` without `.amazonaws.com`."""
    action: str
    read_only: bool
    error: str = ""
    region: str = ""
    address: str = ""
    matched_by_name: bool = False
    """The event carried no `onBehalfOf`: it is matched by its exact session name."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The events that a source gave, and what it could not see."""

    source: str
    """`lookup_events`, `none` …"""
    events: tuple[Event, ...] = ()
    unavailable: str = ""
    """Why there is nothing to be had at all, and what to do about it; empty: it was."""
    truncated: bool = False
    regions: tuple[str, ...] = ()
    regions_missing: Mapping[str, str] = field(default_factory=dict)
    """Region to the reason why it could not be read."""
    management_only: bool = True
    unreadable: int = 0
    """Records that could not be read, and so are not counted."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What stands in the thread."""

    source: str
    unavailable: str
    final: bool
    calls: int
    reads: int
    writes: int
    errors: Mapping[str, int]
    services: Mapping[str, int]
    write_actions: Mapping[str, int]
    first_at: datetime | None
    last_at: datetime | None
    after_end: int
    by_name: int
    truncated: bool
    regions: tuple[str, ...]
    regions_missing: Mapping[str, str]
    management_only: bool
    read_at: datetime
    unreadable: int = 0


def summarise(evidence: Evidence, session: Session, *, final: bool, at: datetime) -> Summary:
    """Count what was done. An event that two regions or pages both gave counts once."""
    events = sorted({event.id: event for event in evidence.events}.values(), key=lambda e: e.at)
    writes = [event for event in events if not event.read_only]
    return Summary(
        source=evidence.source,
        unavailable=evidence.unavailable,
        final=final,
        calls=len(events),
        reads=len(events) - len(writes),
        writes=len(writes),
        errors=_counted(event.error for event in events if event.error),
        services=_counted(event.service for event in events),
        write_actions=_counted(f"{event.service}:{_bare(event.action)}" for event in writes),
        first_at=events[0].at if events else None,
        last_at=events[-1].at if events else None,
        after_end=sum(event.at > session.ended_at for event in events),
        by_name=sum(event.matched_by_name for event in events),
        truncated=evidence.truncated,
        regions=evidence.regions,
        regions_missing=dict(evidence.regions_missing),
        management_only=evidence.management_only,
        read_at=at,
        unreadable=evidence.unreadable,
    )


def _bare(action: str) -> str:
    """Without the API's version, which some services write behind the name."""
    return re.sub(r"(?<=[a-z])20\d{6}(v\d+)?$", "", action)


def _counted(words: Iterable[str]) -> dict[str, int]:
    return dict(Counter(words).most_common())


def to_json(summary: Summary) -> dict[str, Any]:
    """The summary as JSON values."""
    values = {name: getattr(summary, name) for name in Summary.__dataclass_fields__}
    for name in ("first_at", "last_at", "read_at"):
        values[name] = values[name].isoformat() if values[name] else None
    values["regions"] = list(summary.regions)
    return values


def from_json(values: Mapping[str, Any]) -> Summary:
    """The summary that `to_json` wrote."""
    found = dict(values)
    for name in ("first_at", "last_at", "read_at"):
        found[name] = datetime.fromisoformat(found[name]) if found[name] else None
    found["regions"] = tuple(found["regions"])
    return Summary(**found)
