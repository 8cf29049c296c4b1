"""True of the stand-in and of moto, except where marked: the organization, roles and activity."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.standin_aws.platforms import (
    Platform,
    but_moto,
    code_of,
    on_both,
    root_of,
)

# The organisation


@on_both
def test_an_account_is_described_with_its_state(platform: Platform) -> None:
    account = platform.account("payments")

    described = platform.client("organizations").describe_account(AccountId=account)["Account"]

    assert (described["Name"], described["State"]) == ("payments", "ACTIVE")


@but_moto("Status beside State")
def test_an_account_has_a_state_and_no_status(platform: Platform) -> None:
    account = platform.account("payments")

    described = platform.client("organizations").describe_account(AccountId=account)["Account"]

    assert "Status" not in described


@but_moto("no Paths")
def test_an_account_says_where_in_the_tree_it_is(platform: Platform) -> None:
    unit = platform.unit("Workloads", root_of(platform))
    account = platform.account("payments", unit)

    described = platform.client("organizations").describe_account(AccountId=account)["Account"]

    assert [p.split("/")[1:] for p in described["Paths"]] == [
        [root_of(platform), unit, account, ""]
    ]


@but_moto("no Path")
def test_a_unit_says_where_in_the_tree_it_is(platform: Platform) -> None:
    outer = platform.unit("Workloads", root_of(platform))
    inner = platform.unit("Production", outer)

    described = platform.client("organizations").describe_organizational_unit(
        OrganizationalUnitId=inner
    )["OrganizationalUnit"]

    assert described["Path"].split("/")[1:] == [root_of(platform), outer, inner, ""]


@on_both
def test_an_unknown_account_is_not_found(platform: Platform) -> None:
    with pytest.raises(ClientError) as refused:
        platform.client("organizations").describe_account(AccountId="999999999999")

    assert code_of(refused) == "AccountNotFoundException"


@on_both
def test_every_account_is_listed_management_too(platform: Platform) -> None:
    made = {platform.account(f"account{n}") for n in range(25)}
    organizations = platform.client("organizations")
    managed = organizations.describe_organization()["Organization"]["MasterAccountId"]

    pages = organizations.get_paginator("list_accounts").paginate(PaginationConfig={"PageSize": 20})

    assert {a["Id"] for page in pages for a in page["Accounts"]} == {*made, managed}


@but_moto("a page of 100 unless asked")
def test_a_page_of_accounts_holds_twenty(platform: Platform) -> None:
    for n in range(25):
        platform.account(f"account{n}")

    page = platform.client("organizations").list_accounts()

    assert len(page["Accounts"]) == 20
    assert page["NextToken"]


@on_both
def test_the_tree_can_be_walked_down(platform: Platform) -> None:
    root = root_of(platform)
    unit = platform.unit("Workloads", root)
    account = platform.account("payments", unit)
    organizations = platform.client("organizations")

    units = organizations.list_organizational_units_for_parent(ParentId=root)
    accounts = organizations.list_accounts_for_parent(ParentId=unit)

    assert [u["Name"] for u in units["OrganizationalUnits"]] == ["Workloads"]
    assert [a["Id"] for a in accounts["Accounts"]] == [account]


@on_both
def test_the_tree_can_be_walked_up(platform: Platform) -> None:
    root = root_of(platform)
    unit = platform.unit("Workloads", root)
    account = platform.account("payments", unit)
    organizations = platform.client("organizations")

    of_account = organizations.list_parents(ChildId=account)["Parents"]
    of_unit = organizations.list_parents(ChildId=unit)["Parents"]

    assert of_account == [{"Id": unit, "Type": "ORGANIZATIONAL_UNIT"}]
    assert of_unit == [{"Id": root, "Type": "ROOT"}]


@on_both
def test_an_account_has_tags(platform: Platform) -> None:
    account = platform.account("payments")

    answer = platform.client("organizations").list_tags_for_resource(ResourceId=account)

    assert answer["Tags"] == [{"Key": "env", "Value": "dev"}]


@on_both
@pytest.mark.parametrize(
    ("operation", "parameters", "code"),
    [
        ("list_accounts_for_parent", {"ParentId": "r-zzzz"}, "ParentNotFoundException"),
        (
            "describe_organizational_unit",
            {"OrganizationalUnitId": "ou-zzzz-zzzzzzzz"},
            "OrganizationalUnitNotFoundException",
        ),
        ("list_tags_for_resource", {"ResourceId": "999999999999"}, "TargetNotFoundException"),
    ],
)
def test_each_unknown_id_has_its_own_error(
    platform: Platform, operation: str, parameters: dict[str, str], code: str
) -> None:
    with pytest.raises(ClientError) as refused:
        getattr(platform.client("organizations"), operation)(**parameters)

    assert code_of(refused) == code


@but_moto("AccountNotFoundException, which ListParents does not have")
def test_an_unknown_child_has_no_parents(platform: Platform) -> None:
    with pytest.raises(ClientError) as refused:
        platform.client("organizations").list_parents(ChildId="999999999999")

    assert code_of(refused) == "ChildNotFoundException"


# Roles and activity


@on_both
def test_a_caller_learns_which_account_it_is_in(platform: Platform) -> None:
    account = platform.client("sts").get_caller_identity()["Account"]
    organization = platform.client("organizations").describe_organization()["Organization"]

    assert account == organization["MasterAccountId"]


@but_moto("neither the role's existence nor its trust is checked")
def test_a_role_that_is_not_there_cannot_be_assumed(platform: Platform) -> None:
    account = platform.account("payments")

    with pytest.raises(ClientError) as refused:
        platform.client("sts").assume_role(
            RoleArn=f"arn:aws:iam::{account}:role/Nobody", RoleSessionName="elevate"
        )

    assert code_of(refused) == "AccessDenied"


@but_moto("LookupEvents is not implemented")
def test_a_quiet_account_has_no_events(platform: Platform) -> None:
    assert platform.client("cloudtrail").lookup_events()["Events"] == []
