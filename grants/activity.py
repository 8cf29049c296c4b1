"""What CloudTrail says the session did, boiled down to what a reviewer reads in ten seconds."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from grants.model import AccountId, UserId

DENIALS: Final = frozenset(
    {"AccessDenied", "AccessDeniedException", "UnauthorizedAccess", "UnauthorizedException"}
)
MOST: Final = 50
"""So many services, addresses, clients … are kept by name: who is watched chooses some of them."""
LONGEST: Final = 120
"""So many characters of each."""
_VERSION: Final = re.compile(r"(?<=[a-z])20\d{6}(v\d+)?$")


@dataclass(frozen=True, slots=True)
class Stay:
    """That the access did not go with the request's end."""

    by: str
    """The request that went on holding it; empty: it was there before."""
    until: datetime | None = None
    """When it went in the end; None: as far as is known it is there still."""


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
    """When the request's access ended; what came after is marked."""
    stay: Stay | None = None
    """None: the access went with it."""


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


class After(StrEnum):
    """What there is to say of when something was done."""

    NOT = "not"
    """Before the end."""
    STAYING = "staying"
    """After the request's end, while the access stayed: nothing is wrong with it."""
    OLDER = "older"
    """After the access was gone, with credentials issued before, or nobody knows when."""
    NEWER = "newer"
    """Likewise, with newer ones: another grant's, or standing access's."""


def after(event: Event, session: Session) -> After:
    """Whether it came after the end, and what that means."""
    if event.at <= session.ended_at:
        return After.NOT
    gone_at = session.stay.until if session.stay else session.ended_at
    if gone_at is None or event.at <= gone_at:
        return After.STAYING
    return After.NEWER if event.issued_at and event.issued_at > gone_at else After.OLDER


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
    nameless: int = 0
    """Calls through this permission set under another name and with nobody's id: not counted either."""
    blind: bool = False
    """It has nothing of the account in that time, from anybody: it may not see it."""
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
    stayed: int = 0
    """Calls after the request's end, while the access stayed; not among those after the end."""
    stayed_by: str = ""
    """The request that went on holding it; empty: it was there before."""
    nameless: int = 0
    """Calls through this permission set under another name and with nobody's id: not counted."""
    blind: bool = False
    """The source has nothing of the account in that time, from anybody."""
    more: Mapping[str, int] = field(default_factory=dict)
    """How many more services, addresses … there were than are kept by name, by the field they are of."""
    failed: int = 0
    """How many calls ended in an error, whether it is kept by name or not."""

    @property
    def unread(self) -> bool:
        """Whether something could not be read that may be read later."""
        return bool(self.unavailable or self.again or self.regions_missing)

    @property
    def partial(self) -> bool:
        """Whether something is known to be missing, for whatever reason."""
        uncounted = self.unreadable > 0 or self.nameless > 0
        return self.unread or self.truncated or uncounted or self.gone or self.blind

    @property
    def complete(self) -> bool:
        """Whether it is final, and nothing is known to be missing."""
        return self.final and not self.partial


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
    writes = sum(not event.read_only for event in events)
    when = Counter(after(event, session) for event in events)
    counted = _counted(events, sensitive)
    kept = {name: _first(each) for name, each in counted.items()}
    return Summary(
        source=evidence.source,
        unavailable=evidence.unavailable,
        final=final,
        calls=len(events),
        reads=len(events) - writes,
        writes=writes,
        failed=counted["errors"].total(),
        errors=kept["errors"],
        services=kept["services"],
        write_actions=kept["write_actions"],
        first_at=events[0].at if events else None,
        last_at=events[-1].at if events else None,
        after_end=when[After.OLDER],
        issued_after=when[After.NEWER],
        stayed=when[After.STAYING],
        stayed_by=session.stay.by if session.stay else "",
        gone=evidence.keeps is not None and session.start < at - evidence.keeps,
        by_name=sum(event.matched_by_name for event in events),
        truncated=evidence.truncated,
        regions=evidence.regions,
        regions_missing=dict(evidence.regions_missing),
        management_only=evidence.management_only,
        read_at=at,
        unreadable=evidence.unreadable,
        nameless=evidence.nameless,
        blind=evidence.blind,
        denied=kept["denied"],
        sensitive=kept["sensitive"],
        assumed=kept["assumed"],
        seen_regions=kept["seen_regions"],
        addresses=kept["addresses"],
        clients=kept["clients"],
        sessions=len({event.session for event in events if event.session}),
        more={name: len(each) - MOST for name, each in counted.items() if len(each) > MOST},
    )


def _counted(events: Sequence[Event], sensitive: Sensitive) -> dict[str, Counter[str]]:
    """Under the names that they have in a summary."""
    return {
        "errors": Counter(event.error for event in events if event.error),
        "services": Counter(event.service for event in events),
        "write_actions": Counter(event.name for event in events if not event.read_only),
        "denied": Counter(event.name for event in events if event.denied),
        "sensitive": Counter(e.name for e in events if not e.denied and sensitive(e)),
        "assumed": Counter(event.assumed for event in events if event.assumed),
        "seen_regions": Counter(event.region for event in events if event.region),
        "addresses": Counter(event.address for event in events if event.address),
        "clients": Counter(event.client for event in events if event.client),
    }


def _first(counted: Counter[str]) -> dict[str, int]:
    """The most frequent, each with its number. Of two that look the same when cut both count."""
    kept: Counter[str] = Counter()
    for word, count in counted.most_common(MOST):
        kept[_cut(word)] += count
    return dict(kept)


def _cut(word: str) -> str:
    """In the middle: both ends of a role's ARN say something."""
    half = LONGEST // 2
    return word if len(word) <= LONGEST else f"{word[: half - 1]}…{word[-half:]}"


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
