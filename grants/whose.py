"""Whose an assignment is that the ledger knows nothing of: by who called for it, as CloudTrail has it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import takewhile

from grants.model import Assignment, Key
from grants.pace import SKEW


@dataclass(frozen=True, slots=True)
class Call:
    """A call that AWS took, to create an assignment or to delete it."""

    key: Key
    at: datetime
    """When it was made, in whole seconds; what it asked for may have been done later."""
    creates: bool
    by: str
    """Who called: a name, and by what role."""
    by_elevate: bool
    """By the role that Elevate itself runs under, with the SDK that it is written with."""
    signed: bool = False
    """With the name that Elevate gives itself in its calls besides."""


@dataclass(frozen=True, slots=True)
class Calls:
    """The calls about each assignment, the newest first."""

    of: Mapping[Key, tuple[Call, ...]]
    since: datetime
    """From then on all of them are here, of the accounts that could be read."""
    blind: str = ""
    """Which accounts could not be read, and what to do about it; empty: all could."""


class Whose(StrEnum):
    """What follows from the calls."""

    OURS = "ours"
    THEIRS = "theirs"
    NOT_TOLD = "not told"
    """CloudTrail does not say, or what it says does not suffice to take anything away."""
    SOON = "soon"
    """CloudTrail may have more to tell yet."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whose it is, and by which call."""

    whose: Whose
    call: Call | None = None


def whose(
    key: Key, row: Assignment | None, calls: Calls, *, asked_since: datetime, delivered: bool
) -> Verdict:
    """Ours is only what nobody else has called for since we last saw that it was not there.

    `row`: what the ledger knows of the key. `delivered`: everything that happened before it was
    found can be read by now.
    """
    created = list(takewhile(lambda call: call.creates, calls.of.get(key, ())))
    absent_at = row.absent_seen_at if row else None
    since = max(absent_at - SKEW, asked_since) if absent_at else asked_since
    recent = [call for call in created if call.at >= since]
    theirs = next((call for call in recent if not call.by_elevate), None)
    if theirs:
        return Verdict(Whose.THEIRS, theirs)
    if not delivered:
        return Verdict(Whose.SOON)
    if recent and calls.since <= since and _suffices(recent[0], absent_at, calls):
        return Verdict(Whose.OURS, recent[0])
    return Verdict(Whose.NOT_TOLD, next((call for call in created if call.by_elevate), None))


def _suffices(ours: Call, absent_at: datetime | None, calls: Calls) -> bool:
    """Whether our own call says enough.

    Where the ledger never saw it absent, a database may have been lost: then Elevate's name must
    stand in the call. And where that is not seen, or only by allowing for two clocks, nobody's calls
    may be hidden from us.
    """
    if absent_at and ours.at >= absent_at.replace(microsecond=0):
        return True
    return not calls.blind and (absent_at is not None or ours.signed)
