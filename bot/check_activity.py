"""Whether the source of session activity can be read."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from bot.activity import NOTHING_SET, SWITCHED_OFF, called
from bot.clock import system_clock
from bot.findings import Finding, Findings, Verdict
from bot.settings import Settings, Source
from grants.activity import Evidence, Session
from grants.errors import AwsFault
from grants.model import AccountId, Catalogue, UserId
from grants.ports import Trail

NOBODY: Final = UserId("00000000-0000-0000-0000-000000000000")
NAMELESS: Final = "nobody"
"""LookupEvents takes no empty name."""
LATELY: Final = {Source.LOOKUP_EVENTS: timedelta(minutes=5)}
"""Of each account's own event history, which always has it; the others' are late."""
SEEN_WITHIN: Final = timedelta(hours=1)
"""In so long hardly an account has no event at all, be it of AWS's own services."""


def activity(settings: Settings, trail: Trail, catalogue: Catalogue | None) -> Findings:
    """One account is asked about, for what nobody did lately."""
    account = _some_account(catalogue)
    if settings.source is Source.NONE:
        reason = SWITCHED_OFF if settings.activity_source is Source.NONE else NOTHING_SET
        yield _finding(Verdict.NOTE, f"none; {reason}")
    elif account is None:
        yield _finding(Verdict.NOTE, f"{called(settings)}: not tried, as no account is known")
    else:
        yield from _tried(settings, trail, account)


def _some_account(catalogue: Catalogue | None) -> AccountId | None:
    if catalogue is None:
        return None
    management = catalogue.instance.management_account
    return next((each for each in catalogue.accounts if each != management), None)


def _tried(settings: Settings, trail: Trail, account: AccountId) -> Findings:
    now = system_clock()
    since = now - LATELY.get(settings.source, SEEN_WITHIN)
    try:
        found = trail.fetch(Session(account, NOBODY, NAMELESS, "", since, now, ended_at=now))
    except AwsFault as fault:
        yield _finding(Verdict.FAIL, fault.reason)
        return
    if found.unavailable:
        # Where a role is assumed, other accounts may have what this one lacks.
        by_account = settings.source is Source.LOOKUP_EVENTS
        yield _finding(Verdict.WARN if by_account else Verdict.FAIL, found.unavailable)
        return
    yield from _missing(found, account)
    if found.blind:
        yield _finding(Verdict.WARN, _blind(settings, account))
        return
    yield _finding(Verdict.OK, f"{called(settings)} can be read, tried for {account}")


def _missing(found: Evidence, account: AccountId) -> Iterator[Finding]:
    for region, why in found.regions_missing.items():
        yield _finding(Verdict.WARN, f"{region} cannot be read in {account}: {why}")


def _blind(settings: Settings, account: AccountId) -> str:
    return (
        f"{called(settings)} can be read, and has no event at all of {account} in the last hour:"
        " it may not see this account. It must be of a trail of the whole organization, or hold"
        " all accounts' logs"
    )


def _finding(verdict: Verdict, what: str) -> Finding:
    return Finding(verdict, "AWS", f"activity: {what}")
