"""Token buckets with AWS's published rates, filled by the given clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tests.standins.aws.calls import Call
from tests.standins.aws.ground import AwsError


@dataclass(frozen=True, slots=True)
class Quota:
    family: str
    rate: float
    burst: float


_TREE = Quota("organizations tree", 5, 8)
_SSO = Quota("sso-admin", 20, 20)
_STORE = Quota("identitystore", 20, 20)
_ORGANIZATIONS = {
    "ListAccounts": Quota("ListAccounts", 8, 12),
    "ListParents": _TREE,
    "ListAccountsForParent": _TREE,
    "ListOrganizationalUnitsForParent": _TREE,
    "DescribeAccount": Quota("DescribeAccount", 20, 30),
    "ListTagsForResource": Quota("organizations ListTagsForResource", 10, 15),
    "ListDelegatedAdministrators": Quota("ListDelegatedAdministrators", 5, 8),
    "DescribeOrganizationalUnit": Quota("DescribeOrganizationalUnit", 2, 2),
    "DescribeOrganization": Quota("DescribeOrganization", 1, 2),
    "ListRoots": Quota("ListRoots", 1, 2),
    "UpdatePolicy": Quota("UpdatePolicy", 2, 3),
}


def quota_of(call: Call) -> Quota | None:
    match call.service:
        case "sso-admin":
            return _SSO
        case "identitystore":
            return _STORE
        case "organizations":
            return _ORGANIZATIONS.get(call.operation)
        case "cloudtrail" if call.operation == "LookupEvents":
            return Quota(f"LookupEvents {call.account} {call.region}", 2, 2)
        case "cloudtrail" if call.operation.startswith(("Get", "Describe")):
            return Quota("cloudtrail reads", 10, 10)
        case "cloudtrail":
            return Quota("cloudtrail rest", 1, 1)
        case "logs":
            return Quota(f"logs {call.operation}", 5, 5)
        case "athena":
            return Quota(f"athena {call.operation}", 20, 80)
        case _:
            return None


class Quotas:
    def __init__(self) -> None:
        self.on = False
        self._left: dict[str, tuple[float, datetime]] = {}

    def take(self, call: Call) -> None:
        """Refuses a call beyond its family's rate, in the words of its service."""
        quota = quota_of(call) if self.on else None
        if quota is None:
            return
        left, seen = self._left.get(quota.family, (quota.burst, call.at))
        gained = max(0.0, (call.at - seen).total_seconds()) * quota.rate
        left = min(quota.burst, left + gained)
        enough = left >= 1
        self._left[quota.family] = (left - enough, max(seen, call.at))
        if not enough:
            raise throttled(call.service)


def throttled(service: str) -> AwsError:
    match service:
        case "organizations":
            return AwsError(
                "TooManyRequestsException",
                "AWS Organizations can't complete your request because another request is "
                "already in progress. Try again later.",
                Type="RATE_LIMIT",
            )
        case "identitystore":
            return AwsError("ThrottlingException", "Rate exceeded", RetryAfterSeconds=1)
        case "sts":
            return AwsError("Throttling", "Rate exceeded")
        case _:
            return AwsError("ThrottlingException", "Rate exceeded")
