"""STS as far as roles go: who is calling, and credentials for another account."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock

from tests.standins.aws.calls import Call
from tests.standins.aws.company import Company
from tests.standins.aws.ground import Answer, AwsError, digits_of

OPERATIONS = frozenset({"AssumeRole", "GetCallerIdentity"})
_ROLE = re.compile(r"arn:aws:iam::(\d{12}):role/(?:.*/)?([^/]+)")
_CREDENTIAL = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/[^/]+/aws4_request")


@dataclass(frozen=True, slots=True)
class Caller:
    account: str
    region: str
    role: str | None
    session: str
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class Key:
    account: str
    role: str
    session: str
    token: str
    expires: datetime


class Keys:
    """The temporary keys given out; whoever shows any other key is at home.

    Their expiry is told in the caller's own time, which is the date it signs with: botocore
    compares it with the system's clock, whatever the clock given to the company says.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._keys: dict[str, Key] = {}

    def caller(self, company: Company, headers: dict[str, str]) -> Caller:
        signed = _CREDENTIAL.search(headers.get("authorization", ""))
        if signed is None:
            raise AwsError(
                "MissingAuthenticationTokenException", "Missing Authentication Token", status=403
            )
        key_id, region = signed.groups()
        at = _date(headers.get("x-amz-date", ""))
        key = self._keys.get(key_id)
        if key is None and key_id.startswith("ASIA"):
            raise _unknown_token()
        if key is None:
            return Caller(company.home_account, region, None, "elevate", at)
        if headers.get("x-amz-security-token") != key.token:
            raise _unknown_token()
        if at >= key.expires:
            raise AwsError("ExpiredTokenException", "The security token is expired", status=403)
        return Caller(key.account, region, key.role, key.session, at)

    def give(self, account: str, role: str, session: str, expires: datetime) -> tuple[str, Key]:
        with self._lock:
            digits = digits_of("given", len(self._keys), account, role, session)
            key_id, token = f"ASIA{digits[:16].upper()}", digits[16:56]
            self._keys[key_id] = Key(account, role, session, token, expires)
            return key_id, self._keys[key_id]


def _unknown_token() -> AwsError:
    return AwsError(
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
        status=403,
    )


def _date(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError as bad:
        raise AwsError("IncompleteSignature", "X-Amz-Date is missing or wrong") from bad


def answer(company: Company, keys: Keys, call: Call, caller: Caller) -> Answer:
    if call.operation == "GetCallerIdentity":
        return _identity(caller)
    return _assumed(company, keys, call, caller)


def _identity(caller: Caller) -> Answer:
    role = caller.role or "Elevate"
    role_id = f"AROA{digits_of('role id', caller.account, role)[:17].upper()}"
    return {
        "UserId": f"{role_id}:{caller.session}",
        "Account": caller.account,
        "Arn": f"arn:aws:sts::{caller.account}:assumed-role/{role}/{caller.session}",
    }


def _assumed(company: Company, keys: Keys, call: Call, caller: Caller) -> Answer:
    arn = call.parameters["RoleArn"]
    named = _ROLE.fullmatch(arn)
    if named is None:
        raise AwsError("ValidationError", f"{arn} is invalid")
    account, role = named.groups()
    if (account, role) not in company.roles:
        who = _identity(caller)["Arn"]
        raise AwsError(
            "AccessDenied",
            f"User: {who} is not authorized to perform: sts:AssumeRole on resource: {arn}",
            status=403,
        )
    session = call.parameters["RoleSessionName"]
    expires = caller.signed_at + timedelta(
        seconds=int(call.parameters.get("DurationSeconds", 3600))
    )
    key_id, key = keys.give(account, role, session, expires)
    role_id = f"AROA{digits_of('role id', account, role)[:17].upper()}"
    return {
        "Credentials": {
            "AccessKeyId": key_id,
            "SecretAccessKey": digits_of("secret", key_id)[:40],
            "SessionToken": key.token,
            "Expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
        "AssumedRoleUser": {
            "AssumedRoleId": f"{role_id}:{session}",
            "Arn": f"arn:aws:sts::{account}:assumed-role/{role}/{session}",
        },
    }
