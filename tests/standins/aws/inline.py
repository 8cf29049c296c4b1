"""Inline policies of permission sets, their way into accounts, and which sessions they deny."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from tests.standins.aws.access import Access, Assignment
from tests.standins.aws.ground import AwsError, locked, uuid_of

AT_A_TIME = 3
LONGEST = 10_240
"""Without white space."""


@dataclass(slots=True)
class Provisioning:
    """A permission set on its way into one account."""

    request_id: str
    account: str
    permission_set: str
    created: datetime
    done_at: datetime
    failure: str | None
    status: str = "IN_PROGRESS"


class Inline(Access):
    """A role has the policy that was provisioned last, whatever the permission set says since."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.inline: dict[str, str] = {}
        self.in_account: dict[tuple[str, str], str] = {}
        self.provisionings: dict[str, Provisioning] = {}

    @locked
    def inline_policy(self, permission_set: str) -> str:
        return self.inline.get(self.permission_set(permission_set).arn, "")

    @locked
    def put_inline_policy(self, permission_set: str, document: str) -> None:
        """By whoever: the bot, or what manages the permission set besides."""
        arn = self.permission_set(permission_set).arn
        if not document:
            self.inline.pop(arn, None)
            return
        written = json.loads(document)
        if len(json.dumps(written, separators=(",", ":"), ensure_ascii=False)) > LONGEST:
            raise AwsError("ServiceQuotaExceededException", "The inline policy is too long.")
        if not written.get("Statement"):
            raise AwsError("ValidationException", "The inline policy has no statement.")
        self.inline[arn] = document

    @locked
    def provision(
        self, account: str, permission_set: str, *, failure: str | None = None
    ) -> Provisioning:
        """To one account, in which it must be in use."""
        self.settle()
        arn = self.permission_set(permission_set).arn
        pair = (account, arn)
        if pair not in self.assigned:
            raise AwsError("ResourceNotFoundException", "It is not provisioned in this account.")
        under_way = [each for each in self.provisionings.values() if each.status == "IN_PROGRESS"]
        if any((each.account, each.permission_set) == pair for each in under_way):
            raise AwsError("ConflictException", "It is being provisioned already.")
        if len(under_way) >= AT_A_TIME:
            raise AwsError("ThrottlingException", "Too many are being provisioned.")
        now = self.now()
        begun = Provisioning(
            uuid_of("provisioning", len(self.provisionings), account, arn),
            account,
            arn,
            now,
            now + timedelta(seconds=self.operation_seconds),
            failure,
        )
        self.provisionings[begun.request_id] = begun
        return begun

    @locked
    def settle(self) -> None:
        super().settle()
        for each in self.provisionings.values():
            if each.status == "IN_PROGRESS" and each.done_at <= self.now():
                each.status = "FAILED" if each.failure else "SUCCEEDED"
                pair = (each.account, each.permission_set)
                if not each.failure and pair in self.assigned:
                    self.in_account[pair] = self.inline.get(each.permission_set, "")

    def _add(self, new: Assignment) -> None:
        first = (new.account, new.permission_set) not in self.assigned
        super()._add(new)
        if first:
            pair = (new.account, new.permission_set)
            self.in_account[pair] = self.inline.get(new.permission_set, "")

    def _drop(self, gone: Assignment) -> None:
        super()._drop(gone)
        if (gone.account, gone.permission_set) not in self.assigned:
            self.in_account.pop((gone.account, gone.permission_set), None)

    @locked
    def session_allowed(
        self, user: str, account: str, permission_set: str, issued_at: datetime
    ) -> bool:
        """Whether what a session of then does is let through now: its role is there, nothing denies it."""
        self.settle()
        pair = (self.account(account).id, self.permission_set(permission_set).arn)
        if pair not in self.assigned:
            return False
        who = {
            "identitystore:UserId": self.user(user).id,
            "aws:TokenIssueTime": issued_at,
        }
        return not denied(self.in_account.get(pair, ""), who)


def denied(document: str, who: Mapping[str, Any]) -> bool:
    """Whether the policy denies everything to whoever that is."""
    statements = json.loads(document)["Statement"] if document else []
    if isinstance(statements, dict):
        statements = [statements]
    return any(_denies_all(each) and _holds(each, who) for each in statements)


def like(pattern: str, arn: str) -> bool:
    """As IAM's ArnLike: each of the six parts for itself, `*` and `?` within it."""
    wanted, found = pattern.split(":", 5), arn.split(":", 5)
    if len(wanted) != 6 or len(found) != 6:
        return False
    return all(
        fnmatchcase(is_so, part.replace("[", "[[]"))
        for part, is_so in zip(wanted, found, strict=True)
    )


def _denies_all(statement: Mapping[str, Any]) -> bool:
    everything = statement.get("Action") == "*" and statement.get("Resource") == "*"
    return statement["Effect"] == "Deny" and everything


def _holds(statement: Mapping[str, Any], who: Mapping[str, Any]) -> bool:
    """Every operator and every key must hold; of what is not known here nothing is claimed."""
    for operator, conditions in statement.get("Condition", {}).items():
        for key, value in conditions.items():
            known = who.get(key)
            match operator:
                case "StringEquals":
                    held = known == value
                case "DateLessThan":
                    held = isinstance(known, datetime) and known < datetime.fromisoformat(value)
                case "ArnLike":
                    held = known is not None and like(value, known)
                case _:
                    raise NotImplementedError(operator)
            if not held:
                return False
    return True
