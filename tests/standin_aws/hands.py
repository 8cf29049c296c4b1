"""Who asks the stand-in for AWS: boto3's clients, and a desk that asks by name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.standins.aws import ACTIVITY_ROLE, AwsStandIn, Company

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SESSION = boto3.Session(
    aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="secret", region_name="us-east-1"
)


class GivenClock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Clients:
    """boto3 clients of one stand-in; each sends once unless told otherwise."""

    def __init__(self, aws: AwsStandIn) -> None:
        self._aws = aws
        self._made: list[Any] = []

    def __call__(self, service: str, *, sends: int = 1, **more: Any) -> Any:
        config = Config(retries={"total_max_attempts": sends, "mode": "standard"})
        make: Any = SESSION.client
        made = make(service, endpoint_url=self._aws.url, config=config, **more)
        self._made.append(made)
        return made

    def inside(self, account: str, service: str, **more: Any) -> Any:
        """With the credentials of the activity role in this account."""
        arn = f"arn:aws:iam::{self._aws.company.account(account).id}:role/{ACTIVITY_ROLE}"
        answer = self("sts").assume_role(RoleArn=arn, RoleSessionName="elevate")
        keys = answer["Credentials"]
        return self(
            service,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
            **more,
        )

    def close(self) -> None:
        for made in self._made:
            made.close()


class Desk:
    """Asks for assignments by name, through boto3."""

    def __init__(self, company: Company, clients: Clients, *, sends: int = 1) -> None:
        self.company = company
        self.sso = clients("sso-admin", sends=sends)

    def create(self, user: str, account: str, name: str = "ReadOnlyAccess") -> dict[str, Any]:
        answer = self.sso.create_account_assignment(**self.parameters(user, account, name))
        return dict(answer["AccountAssignmentCreationStatus"])

    def delete(self, user: str, account: str, name: str = "ReadOnlyAccess") -> dict[str, Any]:
        answer = self.sso.delete_account_assignment(**self.parameters(user, account, name))
        return dict(answer["AccountAssignmentDeletionStatus"])

    def parameters(self, user: str, account: str, name: str) -> dict[str, str]:
        kind, principal, target, arn = self.company.key(user, account, name)
        return {
            "InstanceArn": self.company.instance_arn,
            "TargetId": target,
            "TargetType": "AWS_ACCOUNT",
            "PermissionSetArn": arn,
            "PrincipalType": kind,
            "PrincipalId": principal,
        }

    def creation(self, begun: dict[str, Any]) -> dict[str, Any]:
        answer = self.sso.describe_account_assignment_creation_status(
            InstanceArn=self.company.instance_arn,
            AccountAssignmentCreationRequestId=begun["RequestId"],
        )
        return dict(answer["AccountAssignmentCreationStatus"])

    def deletion(self, begun: dict[str, Any]) -> dict[str, Any]:
        answer = self.sso.describe_account_assignment_deletion_status(
            InstanceArn=self.company.instance_arn,
            AccountAssignmentDeletionRequestId=begun["RequestId"],
        )
        return dict(answer["AccountAssignmentDeletionStatus"])


def refusal(asked: Callable[[], object]) -> str:
    with pytest.raises(ClientError) as refused:
        asked()
    return str(refused.value.response["Error"]["Code"])


def looked_up(cloudtrail: Any, **more: Any) -> list[dict[str, Any]]:
    pages = cloudtrail.get_paginator("lookup_events").paginate(**more)
    return [event for page in pages for event in page["Events"]]
