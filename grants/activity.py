"""What CloudTrail says the session did, boiled down to what a reviewer reads in ten seconds."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from grants.model import AccountId, UserId

DENIALS: Final = frozenset(
    {"AccessDenied", "AccessDeniedException", "UnauthorizedAccess", "UnauthorizedException"}
)
_VERSION: Final = re.compile(r"(?<=[a-z])20\d{6}(v\d+)?$")


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
    session: str = ""
    """Unlike any other session's: when its credentials were issued, else their access key."""
    issued_at: datetime | None = None
    """When its credentials were, where the event says so."""
    client: str = ""
    """`console`, `aws-cli`, `Terraform` …: what the call was made with, as it says itself."""
    assumed: str = ""
    """The role that was taken on by it: what is done under that is another identity's."""

    @property
    def denied(self) -> bool:
        """Whether it failed for want of a permission."""
        return self.error in DENIALS or self.error.endswith("UnauthorizedOperation")

    @property
    def name(self) -> str:
        """`rds:RebootDBInstance`: without the API's version, which some services write behind it."""
        return f"{self.service}:{_VERSION.sub('', self.action)}"


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
    keeps: timedelta | None = None
    """For how long the source has events; None: it does not say."""


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
    denied: Mapping[str, int] = field(default_factory=dict)
    """Actions that failed for want of a permission; their codes are among the errors."""
    sensitive: Mapping[str, int] = field(default_factory=dict)
    """Actions that were not denied and that a reviewer wants to see by name."""
    assumed: Mapping[str, int] = field(default_factory=dict)
    """Roles that were taken on: what was done under them is no part of this."""
    seen_regions: Mapping[str, int] = field(default_factory=dict)
    addresses: Mapping[str, int] = field(default_factory=dict)
    clients: Mapping[str, int] = field(default_factory=dict)
    sessions: int = 0
    again: str = ""
    """Why it could not be read again since; empty: it could."""
    issued_after: int = 0
    """Of the calls after the end, those with newer credentials: another grant's, or standing access's."""
    gone: bool = False
    """It began before what the source still has."""

    @property
    def unread(self) -> bool:
        """Whether something could not be read that may be read later."""
        return bool(self.unavailable or self.again or self.regions_missing)

    @property
    def partial(self) -> bool:
        """Whether something is known to be missing, for whatever reason."""
        return self.unread or self.truncated or self.unreadable > 0 or self.gone


Sensitive = Callable[[Event], bool]
"""Whether a reviewer wants to see this one by name (`grants.sensitive`)."""


def ordered(evidence: Evidence) -> list[Event]:
    """By time. An event that two Regions or pages both gave is one."""
    return sorted({event.id: event for event in evidence.events}.values(), key=lambda e: e.at)


def summarise(
    evidence: Evidence, session: Session, sensitive: Sensitive, *, final: bool, at: datetime
) -> Summary:
    """Count what was done."""
    events = ordered(evidence)
    writes = [event for event in events if not event.read_only]
    late = [event for event in events if event.at > session.ended_at]
    newer = sum(1 for event in late if event.issued_at and event.issued_at > session.ended_at)
    return Summary(
        source=evidence.source,
        unavailable=evidence.unavailable,
        final=final,
        calls=len(events),
        reads=len(events) - len(writes),
        writes=len(writes),
        errors=_counted(event.error for event in events if event.error),
        services=_counted(event.service for event in events),
        write_actions=_counted(event.name for event in writes),
        first_at=events[0].at if events else None,
        last_at=events[-1].at if events else None,
        after_end=len(late) - newer,
        issued_after=newer,
        gone=evidence.keeps is not None and session.start < at - evidence.keeps,
        by_name=sum(event.matched_by_name for event in events),
        truncated=evidence.truncated,
        regions=evidence.regions,
        regions_missing=dict(evidence.regions_missing),
        management_only=evidence.management_only,
        read_at=at,
        unreadable=evidence.unreadable,
        denied=_counted(event.name for event in events if event.denied),
        sensitive=_counted(event.name for event in events if not event.denied and sensitive(event)),
        assumed=_counted(event.assumed for event in events if event.assumed),
        seen_regions=_counted(event.region for event in events if event.region),
        addresses=_counted(event.address for event in events if event.address),
        clients=_counted(event.client for event in events if event.client),
        sessions=len({event.session for event in events if event.session}),
    )


def _counted(words: Iterable[str]) -> dict[str, int]:
    return dict(Counter(words).most_common())


def unread_again(before: Summary, why: str, *, final: bool) -> Summary:
    """What was read before still holds, and is not all."""
    return replace(before, again=why, final=final)


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
