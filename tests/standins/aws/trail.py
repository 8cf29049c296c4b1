"""CloudTrail as each account and Region keeps it, with plausible sessions on request."""

from __future__ import annotations

import json
from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.standins.aws.access import Assignment
from tests.standins.aws.ground import Clock, digits_of, locked, uuid_of
from tests.standins.aws.scps import Scps

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0"
CLI = "aws-cli/2.31.0 md/awscrt#0.27.6 ua/2.1 os/linux#6.8 md/arch#x86_64 lang/python#3.13"


@dataclass(frozen=True, slots=True)
class ApiCall:
    """One call of a session, as a test or a demo asks for it: `ApiCall("s3", "PutObject")`."""

    service: str
    name: str
    write: bool = False
    error: str | None = None
    region: str | None = None
    resources: tuple[str, ...] = ()
    request: Mapping[str, Any] = field(default_factory=dict)
    agent: str = CLI


CONSOLE_LOGIN = ApiCall("signin", "ConsoleLogin", write=True, agent=BROWSER)
USUAL_CALLS: tuple[ApiCall, ...] = (
    CONSOLE_LOGIN,
    ApiCall("sts", "GetCallerIdentity"),
    ApiCall("ec2", "DescribeInstances", agent=BROWSER),
    ApiCall("ec2", "DescribeSecurityGroups", agent=BROWSER),
    ApiCall("s3", "ListBuckets"),
    ApiCall("logs", "DescribeLogGroups"),
    ApiCall("rds", "DescribeDBInstances"),
    ApiCall(
        "ec2",
        "RebootInstances",
        write=True,
        request={"instancesSet": {"items": [{"instanceId": "i-0a1b2c3d4e5f60718"}]}},
    ),
    ApiCall(
        "lambda",
        "UpdateFunctionConfiguration20150331v2",
        write=True,
        resources=("arn:aws:lambda:us-east-1:{account}:function:payments-webhook",),
        request={"functionName": "payments-webhook"},
    ),
    ApiCall(
        "s3",
        "PutBucketPolicy",
        write=True,
        error="AccessDenied",
        resources=("arn:aws:s3:::acme-statements",),
        request={"bucketName": "acme-statements"},
    ),
)


@dataclass(frozen=True, slots=True, order=True)
class Event:
    at: datetime
    number: int
    record: Mapping[str, Any] = field(compare=False)


class Trail(Scps):
    def __init__(
        self,
        clock: Clock,
        *,
        management_account: str,
        management_name: str,
        operation_seconds: float,
        region: str,
    ) -> None:
        super().__init__(
            clock,
            management_account=management_account,
            management_name=management_name,
            operation_seconds=operation_seconds,
            region=region,
        )
        self.delivery_seconds = 0.0
        """How long after it happened an event can be looked up (AWS: about five minutes)."""
        self.roles: set[tuple[str, str]] = set()
        self._events: dict[tuple[str, str], list[Event]] = {}
        self._number = 0

    @locked
    def prepare_role(self, name: str, *accounts: str) -> None:
        """Lets callers assume this role in these accounts; without any, in every member."""
        members = [a for a in self.accounts if a != self.management_account]
        chosen = [self.account(a).id for a in accounts] if accounts else members
        self.roles.update((account, name) for account in chosen)

    @locked
    def remove_role(self, name: str, *accounts: str) -> None:
        chosen = {self.account(a).id for a in accounts} or set(self.accounts)
        self.roles -= {(account, name) for account in chosen}

    @locked
    def record_event(
        self, account: str, record: Mapping[str, Any], *, at: datetime, region: str | None = None
    ) -> str:
        """Keeps one CloudTrail record as given, completing what it leaves out; gives its id."""
        where, region = self.account(account).id, region or self.region
        self._number += 1
        first = {
            "eventVersion": "1.11",
            "eventTime": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "awsRegion": region,
        }
        last = {
            "requestID": uuid_of("call", self._number),
            "eventID": uuid_of("event", self._number),
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": where,
            "eventCategory": "Management",
        }
        # In CloudTrail's order, which matters to who finds only the first fields of a record.
        whole = {**first, **record, **{n: v for n, v in last.items() if n not in record}}
        insort(self._events.setdefault((where, region), []), Event(at, self._number, whole))
        return str(whole["eventID"])

    @locked
    def session_activity(
        self,
        user: str,
        account: str,
        permission_set: str,
        at: datetime,
        *,
        calls: Sequence[ApiCall] = USUAL_CALLS,
        every: float = 1.0,
        on_behalf_of: bool = True,
        session_name: str | None = None,
        source_ip: str = "198.51.100.7",
    ) -> list[str]:
        """A session of this user: one call every so many seconds from `at` on; gives event ids."""
        who = self._identity(user, account, permission_set, at, session_name=session_name)
        if not on_behalf_of:
            del who["onBehalfOf"]
        times = (at + timedelta(seconds=every * n) for n in range(len(calls)))
        return [
            self.record_event(
                account,
                self._record(call, who, account, source_ip),
                at=when,
                region=call.region,
            )
            for call, when in zip(calls, times, strict=True)
        ]

    def _identity(
        self,
        user: str,
        account: str,
        permission_set: str,
        at: datetime,
        *,
        session_name: str | None,
    ) -> dict[str, Any]:
        person, where = self.user(user), self.account(account).id
        role = self.role_name(account, permission_set)
        session = session_name or person.name
        role_id = f"AROA{digits_of('role id', role)[:17].upper()}"
        key = f"ASIA{digits_of('key', role, session, at.isoformat())[:16].upper()}"
        return {
            "type": "AssumedRole",
            "principalId": f"{role_id}:{session}",
            "arn": f"arn:aws:sts::{where}:assumed-role/{role}/{session}",
            "accountId": where,
            "accessKeyId": key,
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role",
                    "principalId": role_id,
                    "arn": f"arn:aws:iam::{where}:role/aws-reserved/sso.amazonaws.com/{role}",
                    "accountId": where,
                    "userName": role,
                },
                "attributes": {
                    "creationDate": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                    "mfaAuthenticated": "false",
                },
            },
            "onBehalfOf": {"userId": person.id, "identityStoreArn": self.store_arn},
        }

    def _record(
        self, call: ApiCall, who: Mapping[str, Any], account: str, source_ip: str
    ) -> dict[str, Any]:
        where = self.account(account).id
        record: dict[str, Any] = {
            "userIdentity": dict(who),
            "eventSource": f"{call.service}.amazonaws.com",
            "eventName": call.name,
            "sourceIPAddress": source_ip,
            "userAgent": call.agent,
            "requestParameters": dict(call.request) or None,
            "responseElements": None,
            "readOnly": not call.write,
        }
        if call.resources:
            arns = [arn.format(account=where) for arn in call.resources]
            record["resources"] = [{"accountId": where, "ARN": arn} for arn in arns]
        if call.error:
            action = f"{call.service}:{call.name}"
            record["errorCode"] = call.error
            record["errorMessage"] = f"User: {who['arn']} is not authorized to perform: {action}"
        if call.service == "signin":
            record["userIdentity"].pop("accessKeyId", None)
            record["eventType"] = "AwsConsoleSignIn"
            record["responseElements"] = {call.name: "Success"}
            record["additionalEventData"] = {"MFAUsed": "No", "MobileVersion": "No"}
        if call.agent == BROWSER:
            record["sessionCredentialFromConsole"] = "true"
        return record

    @locked
    def record_assigning(
        self,
        made: Assignment,
        *,
        by: Mapping[str, Any],
        agent: str,
        account: str,
        event: str = "CreateAccountAssignment",
        refused: str = "",
    ) -> str:
        """What CloudTrail keeps of a call for an assignment, in the account it was called from."""
        record = {
            "userIdentity": dict(by),
            "eventSource": "sso.amazonaws.com",
            "eventName": event,
            "userAgent": agent,
            "requestParameters": {
                "instanceArn": self.instance_arn,
                "targetId": made.account,
                "targetType": "AWS_ACCOUNT",
                "permissionSetArn": made.permission_set,
                "principalType": made.principal_type,
                "principalId": made.principal_id,
            },
            "readOnly": False,
        }
        if refused:
            record["errorCode"] = refused
        return self.record_event(account, record, at=self.now())

    @locked
    def assigned_by(
        self,
        administrator: str,
        principal: str,
        account: str,
        permission_set: str,
        *,
        home: str | None = None,
    ) -> Assignment:
        """By this person's hand in a console at home, and in CloudTrail there."""
        home = home or self.home_account
        by = self._identity(administrator, home, permission_set, self.now(), session_name=None)
        made = self.assign(principal, account, permission_set)
        self.record_assigning(made, by=by, agent="AWS Internal", account=home)
        return made

    @property
    def store_arn(self) -> str:
        return f"arn:aws:identitystore::{self.management_account}:identitystore/{self.store_id}"

    @locked
    def silence(self, gone: Assignment, after: datetime) -> None:
        """Forgets a user's calls that a session would have made after its assignment went."""
        for events in self._events.values():
            events[:] = [e for e in events if e.at <= after or not _is_by(e, gone)]

    @locked
    def events_in(
        self, account: str, region: str, since: datetime, until: datetime
    ) -> Iterable[Event]:
        """Oldest first, both ends included, as far as delivered by now."""
        kept = self._events.get((account, region), [])
        delivered = self.now() - timedelta(seconds=self.delivery_seconds)
        last = min(until, delivered) + timedelta(microseconds=1)
        return kept[bisect_left(kept, Event(since, 0, {})) : bisect_left(kept, Event(last, 0, {}))]


def _is_by(event: Event, gone: Assignment) -> bool:
    who = event.record.get("userIdentity", {})
    user = who.get("onBehalfOf", {}).get("userId")
    return bool(user == gone.principal_id and who.get("accountId") == gone.account)


def as_looked_up(event: Event) -> dict[str, Any]:
    """The record as LookupEvents answers it: the whole of it as text, with a few facts beside."""
    record = event.record
    who = record.get("userIdentity", {})
    found: dict[str, Any] = {
        "EventId": record["eventID"],
        "EventName": record.get("eventName", ""),
        "ReadOnly": json.dumps(bool(record.get("readOnly"))),
        "EventTime": event.at.timestamp() // 1,
        "EventSource": record.get("eventSource", ""),
        "Username": who.get("userName") or who.get("principalId", "").partition(":")[2],
        "Resources": [
            {"ResourceType": r.get("type", "AWS::Resource"), "ResourceName": r["ARN"]}
            for r in record.get("resources", ())
        ],
        "CloudTrailEvent": json.dumps(record),
    }
    if "accessKeyId" in who:
        found["AccessKeyId"] = who["accessKeyId"]
    return found
