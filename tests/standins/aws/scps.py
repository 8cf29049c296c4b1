"""Service control policies: what stands in them, where they are attached, and whom they deny."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.standins.aws.ground import AwsError, digits_of, locked
from tests.standins.aws.inline import LONGEST, Inline, denied

SCP = "SERVICE_CONTROL_POLICY"
FULL = "p-FullAWSAccess"
NOBODY = {
    "Sid": "Placeholder",
    "Effect": "Deny",
    "Action": "*",
    "Resource": "*",
    "Condition": {"StringEquals": {"identitystore:UserId": "nobody"}},
}
PREPARED = json.dumps({"Version": "2012-10-17", "Statement": [NOBODY]})
_ELEMENTS = {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"}


@dataclass(slots=True)
class Scp:
    id: str
    name: str
    content: str
    kind: str = SCP
    aws_managed: bool = False
    targets: dict[str, None] = field(default_factory=dict)


class Scps(Inline):
    """As AWS keeps them: to the letter as they were put, white space and all."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.scps: dict[str, Scp] = {}
        self.may_write_scps: set[str] = {self.management_account}
        """And whom the organization's delegation policy names."""
        full = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        text = json.dumps({"Version": "2012-10-17", "Statement": [full]})
        self.scps[FULL] = Scp(FULL, "FullAWSAccess", text, aws_managed=True)
        self.attach_scp(FULL, self.root_id)

    @locked
    def add_scp(
        self, name: str, content: str = PREPARED, *, scp_id: str | None = None, kind: str = SCP
    ) -> str:
        """Made and not attached yet."""
        new = scp_id or f"p-{digits_of('scp', name)[:10]}"
        self.scps[new] = Scp(new, name, content, kind)
        return new

    @locked
    def remove_scp(self, scp: str) -> None:
        del self.scps[scp]

    def scp(self, scp: str) -> Scp:
        if scp not in self.scps:
            raise AwsError("PolicyNotFoundException", "You specified a policy that doesn't exist.")
        return self.scps[scp]

    @locked
    def put_scp(self, scp: str, content: str) -> None:
        """By whoever: the bot, or what manages the policy besides."""
        found = self.scp(scp)
        if found.aws_managed:
            raise AwsError(
                "InvalidInputException",
                "You specified a policy that is managed by AWS and can't be modified.",
                Reason="IMMUTABLE_POLICY",
            )
        if len(content) > LONGEST:
            raise AwsError(
                "ConstraintViolationException",
                "You have exceeded the maximum size of the policy document.",
                Reason="POLICY_CONTENT_LIMIT_EXCEEDED",
            )
        if not _is_one(content):
            raise AwsError(
                "MalformedPolicyDocumentException",
                "The provided policy document does not meet the requirements.",
            )
        found.content = content

    @locked
    def attach_scp(self, scp: str, target: str) -> None:
        """To an account, an OU or the root, by id or by name."""
        self.scp(scp).targets[self._target(target)] = None

    @locked
    def detach_scp(self, scp: str, target: str) -> None:
        del self.scp(scp).targets[self._target(target)]

    def _target(self, ref: str) -> str:
        try:
            return self.account(ref).id
        except LookupError:
            return self.place(ref)

    @locked
    def session_allowed(
        self, user: str, account: str, permission_set: str, issued_at: datetime
    ) -> bool:
        """Nor may anything deny it that is attached to the account, or above."""
        if not super().session_allowed(user, account, permission_set, issued_at):
            return False
        place, name = self.account(account).id, self.role_name(account, permission_set)
        if place == self.management_account:
            return True
        path = "" if self.region == "us-east-1" else f"{self.region}/"
        role = f"arn:aws:iam::{place}:role/aws-reserved/sso.amazonaws.com/{path}{name}"
        who = {
            "identitystore:UserId": self.user(user).id,
            "aws:TokenIssueTime": issued_at,
            "aws:PrincipalArn": role,
        }
        above = set(self.path_of(place).strip("/").split("/"))
        hold = [
            each for each in self.scps.values() if each.kind == SCP and above & each.targets.keys()
        ]
        return not any(denied(each.content, who) for each in hold)


def _is_one(content: str) -> bool:
    """Not empty, each statement with an effect and nothing that an SCP has not, no Sid twice."""
    try:
        statements = json.loads(content)["Statement"]
    except (ValueError, KeyError, TypeError):
        return False
    statements = [statements] if isinstance(statements, dict) else statements
    sids = [each["Sid"] for each in statements if "Sid" in each]
    return (
        bool(statements)
        and all(each.keys() <= _ELEMENTS and "Effect" in each for each in statements)
        and all(re.fullmatch(r"[A-Za-z0-9]+", sid) for sid in sids)
        and len(sids) == len(set(sids))
    )
