"""Who called for assignments, as CloudTrail's event history has it where they were called from.

A call is recorded in the account that it comes from: Elevate's own, and the management account. A
record has the assignment in `requestParameters`, as the call had it.
"""

import json
import logging
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from grants.aws.asking import Asking, Token
from grants.aws.assumed import Assumed
from grants.aws.clients import APP_ID, Clients
from grants.aws.cloudtrail.paging import Records, records
from grants.aws.faults import in_our_words
from grants.aws.instance import Finder
from grants.aws.limiter import Family, Limiter
from grants.errors import AwsRefused
from grants.model import AccountId, Instance, Key, Lane, PermissionSetArn, UserId
from grants.whose import Call, Calls

if TYPE_CHECKING:
    from mypy_boto3_cloudtrail import CloudTrailClient
    from mypy_boto3_cloudtrail.type_defs import LookupEventsResponseTypeDef

log = logging.getLogger(__name__)

CREATE: Final = "CreateAccountAssignment"
DELETE: Final = "DeleteAccountAssignment"
PAGES: Final = 40
"""Of 50 events each, newest first: 2,000 calls of a kind, 22 seconds at the quota."""
TRIES: Final = 4


class AssigningInCloudTrail:
    """`grants.ports.Provenance`, by LookupEvents."""

    def __init__(
        self, clients: Clients, assumed: Assumed, finder: Finder, limiter: Limiter, *, role: str
    ) -> None:
        """`role` is looked under in the management account, where the bot runs outside of it."""
        self._clients = clients
        self._assumed = assumed
        self._finder = finder
        self._limiter = limiter
        self._role = role

    def calls(self, since: datetime) -> Calls:
        """What may not be read is said, and hides nothing of what may; a passing fault rises."""
        of: defaultdict[Key, list[Call]] = defaultdict(list)
        blind, reaches = [], since
        instance = self._finder.instance()
        own = self._own_arn()
        for account in dict.fromkeys((instance.own_account, instance.management_account)):
            try:
                client = self._client(account, instance)
                for event in (CREATE, DELETE):
                    asking = self._asking(account, instance)
                    read = _read(asking, client, event, since)
                    for call in filter(None, (call_of(text, own) for text in read.texts)):
                        of[call.key].append(call)
                    if not read.whole and read.oldest:
                        reaches = max(reaches, read.oldest)
            except AwsRefused as refused:
                blind.append(self._advice(account, instance, refused))
        return Calls(
            {key: tuple(sorted(calls, key=_newest_first)) for key, calls in of.items()},
            since=reaches,
            blind=" ".join(blind),
        )

    def _asking(self, account: AccountId, instance: Instance) -> Asking:
        scope = f"{account} {self._region(instance)}"
        return Asking(self._limiter, Family.LOOKUP_EVENTS, scope, tries=TRIES)

    def _client(self, account: AccountId, instance: Instance) -> "CloudTrailClient":
        region = self._region(instance)
        if account == instance.own_account:
            return self._clients.cloudtrail(region)
        if not self._role:
            raise AwsRefused("no role is named to read it by: set ELEVATE_ACTIVITY_ROLE.")
        partition = instance.arn.split(":")[1]
        return self._assumed.cloudtrail(account, self._role, region, partition=partition)

    def _region(self, instance: Instance) -> str:
        return instance.region or self._clients.region

    def _own_arn(self) -> str:
        with in_our_words():
            return self._clients.sts.at(Lane.REFRESH).get_caller_identity()["Arn"]

    def _advice(self, account: AccountId, instance: Instance, refused: AwsRefused) -> str:
        if account == instance.own_account:
            return f"Allow cloudtrail:LookupEvents to the bot's role. AWS said: {refused.reason}"
        return (
            f"What was called for from the management account {account} is not seen without the"
            f" activity role there: {refused.reason}"
        )


def _read(
    asking: Asking,
    client: "CloudTrailClient",
    event: Literal["CreateAccountAssignment", "DeleteAccountAssignment"],
    since: datetime,
) -> Records:

    def ask(token: Token) -> "LookupEventsResponseTypeDef":
        return client.lookup_events(
            LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": event}],
            StartTime=since,
            **token,
        )

    return records(asking, ask, pages=PAGES)


def call_of(text: str, own_arn: str) -> Call | None:
    """The record as a call; None: one that AWS refused, of a group, or not as AWS writes them."""
    try:
        record = json.loads(text)
        if record.get("errorCode") or record["requestParameters"]["principalType"] != "USER":
            return None
        return _call_of(record, own_arn)
    except (AttributeError, LookupError, OverflowError, TypeError, ValueError):
        log.warning("CloudTrail record of an assignment not read")
        return None


def _call_of(record: Mapping[str, Any], own_arn: str) -> Call:
    asked, identity = record["requestParameters"], record["userIdentity"]
    agent = str(record.get("userAgent") or "").lower()
    own_role = _role_of(str(identity.get("arn") or "")) == _role_of(own_arn)
    return Call(
        Key(
            UserId(asked["principalId"]),
            AccountId(asked["targetId"]),
            PermissionSetArn(asked["permissionSetArn"]),
        ),
        at=datetime.fromisoformat(record["eventTime"]).astimezone(UTC),
        creates=record["eventName"] == CREATE,
        by=caller(identity),
        by_elevate=own_role and "boto3" in agent,
        signed=f"app/{APP_ID}" in agent.replace("[", " ").replace("]", " ").split(),
    )


def caller(identity: Mapping[str, Any]) -> str:
    """`ada@example.com (role AWSReservedSSO_…)`, `samadams`, `root of 1111…`, `sso.amazonaws.com`."""
    arn = str(identity.get("arn") or "")
    account = str(identity.get("accountId") or "")
    _, _, resource = arn.partition(f":{account}:")
    match str(identity.get("type") or ""):
        case "AssumedRole" if resource.count("/") >= 2:
            _, role, session = resource.split("/", 2)
            return f"{session} (role {role})"
        case "Root":
            return f"root of {account}"
        case "AWSService":
            return str(identity.get("invokedBy") or "an AWS service")
        case _:
            return str(identity.get("userName") or resource or arn or "somebody unnamed")


def _newest_first(call: Call) -> tuple[float, bool]:
    """Of one second the deletion last: what it took away is not there by the creation."""
    return -call.at.timestamp(), call.creates


def _role_of(arn: str) -> str:
    """A role's sessions are one caller: `…:assumed-role/Elevate/i-0abc` without the session."""
    head, slash, rest = arn.partition(":assumed-role/")
    return f"{head}{slash}{rest.partition('/')[0]}"
