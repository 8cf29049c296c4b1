"""Who created assignments, as CloudTrail's event history has it where they are created from.

A call is recorded in the account that it comes from: Elevate's own, and the management account. A
record of CreateAccountAssignment has the assignment in `requestParameters`, as the call had it.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from grants.aws.asking import Asking, Token
from grants.aws.assumed import Assumed
from grants.aws.clients import APP_ID, Clients
from grants.aws.faults import in_our_words
from grants.aws.instance import Finder
from grants.aws.limiter import Family, Limiter
from grants.errors import AwsFault
from grants.model import AccountId, Instance, Key, Lane, PermissionSetArn, UserId
from grants.ports import Creation, Creations

if TYPE_CHECKING:
    from mypy_boto3_cloudtrail import CloudTrailClient
    from mypy_boto3_cloudtrail.type_defs import LookupEventsResponseTypeDef

log = logging.getLogger(__name__)

EVENT: Final = "CreateAccountAssignment"
PAGES: Final = 40
"""Of 50 events each, newest first: 2,000 creations, 22 seconds at the quota."""
TRIES: Final = 4


class CreationsInCloudTrail:
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

    def creations(self, since: datetime) -> Creations:
        """What cannot be read is said, and hides nothing of what can."""
        last: dict[Key, Creation] = {}
        blind = []
        try:
            instance = self._finder.home(Lane.REFRESH).instance
            own = self._own_arn()
        except AwsFault as fault:
            return Creations({}, blind=f"CloudTrail could not be read: {fault.reason}")
        for account in dict.fromkeys((instance.own_account, instance.management_account)):
            try:
                found, whole = self._read(account, instance, own, since)
            except AwsFault as fault:
                blind.append(self._advice(account, instance, fault))
                continue
            for creation in found:
                if creation.key not in last or last[creation.key].at < creation.at:
                    last[creation.key] = creation
            if not whole:
                blind.append(f"In account {account} CloudTrail has more than was read of it.")
        return Creations(last, blind=" ".join(blind))

    def _read(
        self, account: AccountId, instance: Instance, own: str, since: datetime
    ) -> tuple[list[Creation], bool]:
        """Newest first, and whether that is all."""
        client = self._client(account, instance)
        scope = f"{account} {self._region(instance)}"
        asking = Asking(self._limiter, Family.LOOKUP_EVENTS, scope, tries=TRIES)

        def ask(token: Token) -> "LookupEventsResponseTypeDef":
            by_name = {"AttributeKey": "EventName", "AttributeValue": EVENT}
            return client.lookup_events(
                LookupAttributes=[by_name],  # type: ignore[list-item]  # the stubs want a literal
                StartTime=since,
                **token,
            )

        pages: Iterator[LookupEventsResponseTypeDef] = asking.pages(Lane.REFRESH, ask)
        found, more = [], False
        for page in islice(pages, PAGES):
            more = bool(page.get("NextToken"))
            texts = [one["CloudTrailEvent"] for one in page["Events"] if "CloudTrailEvent" in one]
            found += [creation for text in texts if (creation := creation_of(text, own))]
        return found, not more

    def _client(self, account: AccountId, instance: Instance) -> "CloudTrailClient":
        region = self._region(instance)
        if account == instance.own_account:
            return self._clients.cloudtrail(region)
        partition = instance.arn.split(":")[1]
        return self._assumed.cloudtrail(account, self._role, region, partition=partition)

    def _region(self, instance: Instance) -> str:
        return instance.region or self._clients.region

    def _own_arn(self) -> str:
        with in_our_words():
            return self._clients.sts.at(Lane.REFRESH).get_caller_identity()["Arn"]

    def _advice(self, account: AccountId, instance: Instance, fault: AwsFault) -> str:
        said = f"AWS said: {fault.reason}"
        if account == instance.own_account:
            return f"CloudTrail could not be read: allow cloudtrail:LookupEvents. {said}"
        return (
            f"What was done from the management account {account} could not be read: its role"
            f" {self._role or 'ELEVATE_ACTIVITY_ROLE'} is to allow cloudtrail:LookupEvents. {said}"
        )


def creation_of(text: str, own_arn: str) -> Creation | None:
    """The record as a creation; None: one that AWS refused, of a group, or not as AWS writes them."""
    try:
        record = json.loads(text)
        asked = record["requestParameters"]
        if record.get("errorCode") or asked["principalType"] != "USER":
            return None
        key = Key(
            UserId(asked["principalId"]),
            AccountId(asked["targetId"]),
            PermissionSetArn(asked["permissionSetArn"]),
        )
        at = datetime.fromisoformat(record["eventTime"]).astimezone(UTC)
        identity = record["userIdentity"]
        agent = str(record.get("userAgent") or "")
        return Creation(
            key,
            at,
            by=caller(identity),
            by_elevate=_role_of(str(identity.get("arn") or "")) == _role_of(own_arn)
            and (not agent or "boto3" in agent.lower()),
            signed=f"app/{APP_ID}" in agent,
        )
    except (AttributeError, LookupError, TypeError, ValueError):
        log.warning("CloudTrail record of a creation not read")
        return None


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


def _role_of(arn: str) -> str:
    """A role's sessions are one caller: `…:assumed-role/Elevate/i-0abc` without the session."""
    head, slash, rest = arn.partition(":assumed-role/")
    return f"{head}{slash}{rest.partition('/')[0]}"
