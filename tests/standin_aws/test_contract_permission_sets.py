"""True of the stand-in and of moto, except where marked: permission sets and instances."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.standin_aws.platforms import (
    PHONY_SET,
    Key,
    Platform,
    but_moto,
    code_of,
    instance_of,
    on_both,
)


@on_both
def test_a_permission_set_is_described_by_its_name(platform: Platform) -> None:
    arn = platform.permission_set("ReadOnly")

    described = platform.client("sso-admin").describe_permission_set(
        InstanceArn=instance_of(platform), PermissionSetArn=arn
    )["PermissionSet"]

    assert (described["Name"], described["PermissionSetArn"]) == ("ReadOnly", arn)


@but_moto("an unset duration is the number 3600")
def test_a_session_lasts_an_hour_unless_said_otherwise(platform: Platform) -> None:
    arn = platform.permission_set("ReadOnly")

    described = platform.client("sso-admin").describe_permission_set(
        InstanceArn=instance_of(platform), PermissionSetArn=arn
    )["PermissionSet"]

    assert described["SessionDuration"] == "PT1H"


@but_moto("arn:aws:sso:::instance/…/ps-…")
def test_a_permission_sets_arn_says_that_it_is_one(platform: Platform) -> None:
    arn = platform.permission_set("ReadOnly")

    assert arn.startswith("arn:aws:sso:::permissionSet/ssoins-")


@on_both
def test_permission_sets_come_in_pages(platform: Platform) -> None:
    made = {platform.permission_set(f"Set{n}") for n in range(5)}

    pages = list(
        platform.client("sso-admin")
        .get_paginator("list_permission_sets")
        .paginate(InstanceArn=instance_of(platform), PaginationConfig={"PageSize": 2})
    )

    assert len(pages) == 3
    assert {arn for page in pages for arn in page["PermissionSets"]} == made


@on_both
def test_an_unknown_permission_set_is_not_found(platform: Platform) -> None:
    with pytest.raises(ClientError) as refused:
        platform.client("sso-admin").describe_permission_set(
            InstanceArn=instance_of(platform), PermissionSetArn=PHONY_SET
        )

    assert code_of(refused) == "ResourceNotFoundException"


@but_moto("a stub that stays empty")
def test_a_set_that_is_assigned_is_provisioned_to_the_account(platform: Platform) -> None:
    key = Key(platform)
    key.create()

    found = key.sso.list_permission_sets_provisioned_to_account(
        InstanceArn=key.instance, AccountId=key.account
    )["PermissionSets"]

    assert found == [key.permission_set]


@but_moto("not implemented")
def test_an_instance_is_described(platform: Platform) -> None:
    described = platform.client("sso-admin").describe_instance(InstanceArn=instance_of(platform))

    assert described["Status"] == "ACTIVE"


@but_moto("not implemented")
def test_a_permission_set_has_tags(platform: Platform) -> None:
    arn = platform.permission_set("ReadOnly")

    answer = platform.client("sso-admin").list_tags_for_resource(
        InstanceArn=instance_of(platform), ResourceArn=arn
    )

    assert answer["Tags"] == []


@on_both
def test_the_instance_belongs_to_the_management_account(platform: Platform) -> None:
    [instance] = platform.client("sso-admin").list_instances()["Instances"]
    organization = platform.client("organizations").describe_organization()["Organization"]

    assert instance["OwnerAccountId"] == organization["MasterAccountId"]
