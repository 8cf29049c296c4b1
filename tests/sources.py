"""A company whose trail each source of activity can be asked about, and time that nobody waits for."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Condition
from typing import Any, Final

import pytest

from grants.activity import Session
from grants.aws.assumed import Assumed
from grants.aws.clients import Clients
from grants.aws.cloudtrail.athena import Athena
from grants.aws.cloudtrail.cloudwatch_logs import CloudWatchLogs
from grants.aws.cloudtrail.lake import Lake
from grants.aws.cloudtrail.lookup_events import LookupEvents
from grants.aws.cloudtrail.querying import LASTS, ROWS, Engine, Queried
from grants.aws.instance import Finder
from grants.aws.limiter import Limiter
from grants.model import AccountId, UserId
from grants.ports import Trail
from tests.addresses import an_aws
from tests.standins.aws import ACTIVITY_ROLE, ApiCall, AwsStandIn, Company

NOON: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATER: Final = NOON + timedelta(hours=2)
REGIONS: Final = ("us-east-1", "eu-west-1")
QUERIED: Final = ("cloudwatch_logs", "athena", "lake")
SOURCES: Final = (*QUERIED, "lookup_events")
GROUP: Final = "aws-controltower/CloudTrailLogs"
TABLE: Final = "audit.cloudtrail"
RESULTS: Final = "s3://results/elevate/"
STARTS: Final = {
    "cloudwatch_logs": "logs.StartQuery",
    "athena": "StartQueryExecution",
    "lake": "cloudtrail.StartQuery",
}
"""By which call each begins a query."""
LOOKS: Final = {
    "cloudwatch_logs": "logs.GetQueryResults",
    "athena": "GetQueryExecution",
    "lake": "DescribeQuery",
}
READS: Final = {
    "cloudwatch_logs": "logs.GetQueryResults",
    "athena": "athena.GetQueryResults",
    "lake": "cloudtrail.GetQueryResults",
}
STOPS: Final = {
    "cloudwatch_logs": "StopQuery",
    "athena": "StopQueryExecution",
    "lake": "CancelQuery",
}
USERS: Final = ("bob", "bobby", "o'neil", 'bo"b', "bob/x", "bob_by", "bob%", "bob\\")
SETS: Final = ("Admin", "AdminRO", "Admin_RO", "RO")
CALL: Final = (ApiCall("s3", "DeleteBucket", write=True, error="AccessDenied", region="eu-west-1"),)


class GivenTime:
    """Passes only when somebody waits."""

    def __init__(self) -> None:
        self.now = 0.0
        self.meanwhile: Callable[[], None] = lambda: None
        """What happens while somebody waits."""

    def __call__(self) -> float:
        return self.now

    def wait(self, _: Condition, seconds: float | None) -> None:
        self.now += seconds or 1
        self.meanwhile()


class Ground:
    """The company, AWS, and every source that asks it."""

    def __init__(self, company: Company, aws: AwsStandIn, clients: Clients) -> None:
        self.company, self.aws = company, aws
        self.time = GivenTime()
        self.limiter = Limiter(monotonic=self.time, wait=self.time.wait)
        self.clients = clients
        self.store = company.add_store()

    def source(
        self, name: str, *, rows: int = ROWS, lasts: float = LASTS, pages: int = 40
    ) -> Trail:
        if name == "lookup_events":
            assumed = Assumed(self.clients, monotonic=self.time)
            finder = Finder(self.clients, self.limiter)
            return LookupEvents(
                assumed, finder, self.limiter, role=ACTIVITY_ROLE, regions=REGIONS, pages=pages
            )
        return self.queried(self.engine(name), rows=rows, lasts=lasts)

    def queried(self, engine: Engine, *, rows: int = ROWS, lasts: float = LASTS) -> Trail:
        return Queried(engine, self.limiter, rows=rows, lasts=lasts)

    def engine(self, name: str) -> Engine:
        match name:
            case "cloudwatch_logs":
                return CloudWatchLogs(self.clients, self.limiter, log_group=GROUP)
            case "athena":
                return self.athena()
            case _:
                return Lake(self.clients, self.limiter, event_data_store=self.store)

    def athena(
        self, *, table: str = TABLE, workgroup: str = "primary", output: str = RESULTS
    ) -> Athena:
        return Athena(self.clients, self.limiter, table=table, workgroup=workgroup, output=output)

    def session(
        self, user: str = "bob", account: str = "sandbox", permission_set: str = "Admin"
    ) -> Session:
        return Session(
            account_id=AccountId(self.company.account(account).id),
            user_id=UserId(self.company.user(user).id),
            user_name=user,
            permission_set_name=permission_set,
            start=NOON,
            end=NOON + timedelta(hours=1),
            ended_at=NOON + timedelta(minutes=30),
        )

    def record(self, **identity: Any) -> dict[str, Any]:
        """One of bob's calls as CloudTrail has it, with another userIdentity where that is said."""
        [wanted] = self.company.session_activity("bob", "sandbox", "Admin", NOON, calls=CALL)
        found = self.taken(wanted)
        found["userIdentity"].update(identity)
        return found

    def taken(self, event_id: str) -> dict[str, Any]:
        """A record taken out of the trail, to be put back changed."""
        for events in self.company._events.values():
            for event in events:
                if event.record["eventID"] == event_id:
                    events.remove(event)
                    whole: dict[str, Any] = json.loads(json.dumps(event.record))
                    return whole
        raise LookupError(event_id)

    def put(
        self, record: Mapping[str, Any], *, account: str = "sandbox", region: str = "eu-west-1"
    ) -> str:
        at = datetime.fromisoformat(record["eventTime"])
        return self.company.record_event(account, record, at=at, region=region)


@contextmanager
def a_ground(patch: pytest.MonkeyPatch) -> Iterator[Ground]:
    company = Company(lambda: LATER)
    for account in ("sandbox", "other"):
        company.add_account(account)
    for user in USERS:
        company.add_user(user, "someone@example.com")
    for permission_set in SETS:
        company.add_permission_set(permission_set)
    company.prepare_role(ACTIVITY_ROLE)
    company.add_log_group(GROUP)
    company.tables.add(TABLE)
    with an_aws(company) as (aws, address):
        patch.setenv("AWS_ENDPOINT_URL", aws.url)
        yield Ground(company, aws, address.clients)
