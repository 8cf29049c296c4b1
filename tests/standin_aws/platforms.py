"""The stand-in and moto, of which one set of sentences about AWS is true, except where marked."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any, Protocol

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.standins.aws import AwsStandIn

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
NOBODY = "9067012345-00000000-0000-4000-8000-000000000000"
PHONY_SET = "arn:aws:sso:::permissionSet/ssoins-7223a1b2c3d4e5f6/ps-0000000000000000"


class Platform(Protocol):
    """Builds the same small world on either side, and hands out real boto3 clients for it."""

    def client(self, service: str) -> Any: ...
    def user(self, name: str) -> str: ...
    def group(self, name: str) -> str: ...
    def member(self, group: str, user: str) -> None: ...
    def permission_set(self, name: str) -> str: ...
    def unit(self, name: str, parent: str) -> str: ...
    def account(self, name: str, parent: str | None = None) -> str: ...


@cache
def the_session() -> boto3.Session:
    """One for all tests: it reads botocore's models once. Clients are made one after another."""
    return boto3.Session(
        aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="secret", region_name="us-east-1"
    )


class Clients:
    def __init__(self, **where: Any) -> None:
        self._where = where
        self._made: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        if service not in self._made:
            once = Config(retries={"total_max_attempts": 1, "mode": "standard"})
            make: Any = the_session().client
            self._made[service] = make(service, config=once, **self._where)
        return self._made[service]

    def close(self) -> None:
        for made in self._made.values():
            made.close()


class OurStandIn(Clients):
    def __init__(self, aws: AwsStandIn) -> None:
        super().__init__(endpoint_url=aws.url)
        self.company = aws.company

    def user(self, name: str) -> str:
        return self.company.add_user(name, f"{name}@example.com")

    def group(self, name: str) -> str:
        return self.company.add_group(name)

    def member(self, group: str, user: str) -> None:
        self.company.add_member(group, user)

    def permission_set(self, name: str) -> str:
        return self.company.add_permission_set(name)

    def unit(self, name: str, parent: str) -> str:
        return self.company.add_unit(name, parent=parent)

    def account(self, name: str, parent: str | None = None) -> str:
        return self.company.add_account(name, unit=parent, tags={"env": "dev"})


class Moto(Clients):
    def __init__(self) -> None:
        super().__init__()
        self.client("organizations").create_organization(FeatureSet="ALL")
        self._store = store_of(self)

    def user(self, name: str) -> str:
        made = self.client("identitystore").create_user(
            IdentityStoreId=self._store,
            UserName=name,
            DisplayName=name.title(),
            Name={"GivenName": name, "FamilyName": name},
            Emails=[{"Value": f"{name}@example.com", "Primary": True}],
        )
        return str(made["UserId"])

    def group(self, name: str) -> str:
        made = self.client("identitystore").create_group(
            IdentityStoreId=self._store, DisplayName=name
        )
        return str(made["GroupId"])

    def member(self, group: str, user: str) -> None:
        self.client("identitystore").create_group_membership(
            IdentityStoreId=self._store, GroupId=group, MemberId={"UserId": user}
        )

    def permission_set(self, name: str) -> str:
        made = self.client("sso-admin").create_permission_set(
            InstanceArn=instance_of(self), Name=name
        )
        return str(made["PermissionSet"]["PermissionSetArn"])

    def unit(self, name: str, parent: str) -> str:
        made = self.client("organizations").create_organizational_unit(ParentId=parent, Name=name)
        return str(made["OrganizationalUnit"]["Id"])

    def account(self, name: str, parent: str | None = None) -> str:
        organizations = self.client("organizations")
        made = organizations.create_account(
            AccountName=name,
            Email=f"{name}@aws.example.com",
            Tags=[{"Key": "env", "Value": "dev"}],
        )
        account = str(made["CreateAccountStatus"]["AccountId"])
        if parent:
            root = root_of(self)
            organizations.move_account(
                AccountId=account, SourceParentId=root, DestinationParentId=parent
            )
        return account


def store_of(platform: Any) -> str:
    [only] = platform.client("sso-admin").list_instances()["Instances"]
    return str(only["IdentityStoreId"])


def instance_of(platform: Any) -> str:
    [only] = platform.client("sso-admin").list_instances()["Instances"]
    return str(only["InstanceArn"])


def root_of(platform: Any) -> str:
    [root] = platform.client("organizations").list_roots()["Roots"]
    return str(root["Id"])


on_both = pytest.mark.parametrize("platform", ["stand-in", "moto"], indirect=True)


def but_moto(reason: str) -> pytest.MarkDecorator:
    """True of AWS and of the stand-in; moto is known to differ, for this reason."""
    differs = pytest.mark.xfail(strict=True, reason=f"moto 5.2.5: {reason}")
    return pytest.mark.parametrize(
        "platform", ["stand-in", pytest.param("moto", marks=differs)], indirect=True
    )


class Key:
    """One assignment's parameters, and what may be asked about it."""

    def __init__(self, platform: Platform, *, principal: str | None = None) -> None:
        self.sso = platform.client("sso-admin")
        self.instance = instance_of(platform)
        self.user = principal or platform.user("bob")
        self.account = platform.account("payments")
        self.permission_set = platform.permission_set("ReadOnly")
        self.kind = "USER"

    def parameters(self, **other: str) -> dict[str, str]:
        return {
            "InstanceArn": self.instance,
            "TargetId": self.account,
            "TargetType": "AWS_ACCOUNT",
            "PermissionSetArn": self.permission_set,
            "PrincipalType": self.kind,
            "PrincipalId": self.user,
            **other,
        }

    def create(self, **other: str) -> dict[str, Any]:
        answer = self.sso.create_account_assignment(**self.parameters(**other))
        return dict(answer["AccountAssignmentCreationStatus"])

    def delete(self, **other: str) -> dict[str, Any]:
        answer = self.sso.delete_account_assignment(**self.parameters(**other))
        return dict(answer["AccountAssignmentDeletionStatus"])

    def creation(self, request_id: str) -> dict[str, Any]:
        answer = self.sso.describe_account_assignment_creation_status(
            InstanceArn=self.instance, AccountAssignmentCreationRequestId=request_id
        )
        return dict(answer["AccountAssignmentCreationStatus"])

    def listed(self) -> list[dict[str, str]]:
        answer = self.sso.list_account_assignments(
            InstanceArn=self.instance,
            AccountId=self.account,
            PermissionSetArn=self.permission_set,
        )
        return list(answer["AccountAssignments"])


def code_of(refused: pytest.ExceptionInfo[ClientError]) -> str:
    return str(refused.value.response["Error"]["Code"])
