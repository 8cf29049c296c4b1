"""A session's activity by LookupEvents in its account: no trail needed, management events only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from grants.activity import Evidence, Session
from grants.aws.asking import Asking
from grants.aws.assumed import Assumed
from grants.aws.cloudtrail.paging import records
from grants.aws.cloudtrail.sifting import Sieve
from grants.aws.instance import Finder
from grants.aws.limiter import Family, Limiter
from grants.errors import AwsFault, AwsRefused
from grants.model import AccountId, Lane

if TYPE_CHECKING:
    from mypy_boto3_cloudtrail import CloudTrailClient

    from grants.aws.cloudtrail.paging import Ask

SOURCE: Final = "lookup_events"
PAGES: Final = 40
"""Of 50 events each, newest first: 2,000 events, 22 seconds at the quota."""
TRIES: Final = 4
KEPT: Final = timedelta(days=90)
"""So far back CloudTrail's event history goes."""


@dataclass(slots=True)
class _Found:
    """What one Region gave."""

    sieve: Sieve
    truncated: bool = False
    failure: str = ""


class LookupEvents:
    """`grants.ports.Trail`, by a role that stands in every account under one name."""

    def __init__(
        self,
        assumed: Assumed,
        finder: Finder,
        limiter: Limiter,
        *,
        role: str,
        regions: Sequence[str],
        pages: int = PAGES,
    ) -> None:
        """`pages` bounds what is read of one Region; more than that is told as truncated."""
        self._assumed = assumed
        self._finder = finder
        self._limiter = limiter
        self._role = role
        self._regions = tuple(dict.fromkeys(regions))
        self._pages = pages

    def fetch(self, session: Session) -> Evidence:
        """Raises AwsBusy or AwsUnsure only where the role's account could not be asked at all."""
        try:
            clients = self._clients(session.account_id)
        except AwsRefused as refused:
            return Evidence(SOURCE, unavailable=self._no_role(session.account_id, refused))
        found = {region: self._read(client, region, session) for region, client in clients.items()}
        missing = {region: one.failure for region, one in found.items() if one.failure}
        if len(missing) == len(found) and not any(one.sieve.events for one in found.values()):
            return Evidence(SOURCE, unavailable=self._no_reading(session.account_id, missing))
        sieves = [one.sieve for one in found.values()]
        events = {event.id: event for sieve in sieves for event in sieve.events.values()}
        return Evidence(
            SOURCE,
            keeps=KEPT,
            events=tuple(events.values()),
            truncated=any(one.truncated for one in found.values()),
            regions=tuple(region for region in found if region not in missing),
            regions_missing=missing,
            unreadable=len(set().union(*(sieve.unreadable for sieve in sieves))),
            nameless=len(set().union(*(sieve.nameless for sieve in sieves))),
        )

    def _clients(self, account: AccountId) -> dict[str, "CloudTrailClient"]:
        partition = self._finder.home(Lane.REFRESH).instance.arn.split(":")[1]
        return {
            region: self._assumed.cloudtrail(account, self._role, region, partition=partition)
            for region in self._regions
        }

    def _read(self, client: "CloudTrailClient", region: str, session: Session) -> _Found:
        """Everything in the window where that is little; else as much of it, and by name besides.

        That a session is named after its user is not documented: enough to find more, not to
        call it complete.
        """
        found = _Found(Sieve(session))
        scope = f"{session.account_id} {region}"
        asking = Asking(self._limiter, Family.LOOKUP_EVENTS, scope, tries=TRIES)
        try:
            self._collect(asking, _within(client, session), found)
            if found.truncated:
                self._collect(asking, _by_name(client, session), found)
        except AwsFault as fault:
            found.failure = fault.reason
        return found

    def _collect(self, asking: Asking, ask: "Ask", found: _Found) -> None:
        read = records(asking, ask, pages=self._pages)
        for text in read.texts:
            found.sieve.take(text)
        found.truncated = found.truncated or not read.whole

    def _no_role(self, account: AccountId, refused: AwsRefused) -> str:
        return (
            f"The role {self._role} cannot be assumed in account {account}. An administrator can"
            " create it there, trusting Elevate's role and allowing cloudtrail:LookupEvents,"
            f" or correct ELEVATE_ACTIVITY_ROLE. AWS said: {refused.reason}"
        )

    def _no_reading(self, account: AccountId, missing: dict[str, str]) -> str:
        if not missing:
            return "No Region is named to look in: set ELEVATE_ACTIVITY_REGIONS."
        reasons = " ".join(dict.fromkeys(missing.values()))
        return (
            f"CloudTrail could not be read in account {account}; the role {self._role} there"
            f" needs cloudtrail:LookupEvents. AWS said: {reasons}"
        )


def _within(client: "CloudTrailClient", session: Session) -> "Ask":
    return lambda token: client.lookup_events(
        StartTime=session.start.replace(microsecond=0), EndTime=session.end, **token
    )


def _by_name(client: "CloudTrailClient", session: Session) -> "Ask":
    return lambda token: client.lookup_events(
        LookupAttributes=[{"AttributeKey": "Username", "AttributeValue": session.user_name}],
        StartTime=session.start.replace(microsecond=0),
        EndTime=session.end,
        **token,
    )
