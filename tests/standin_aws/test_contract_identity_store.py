"""True of the stand-in and of moto, except where marked: the identity store."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.standin_aws.platforms import (
    NOBODY,
    Platform,
    but_moto,
    code_of,
    on_both,
    store_of,
)


def found_by(platform: Platform, path: str, value: str) -> str:
    answer = platform.client("identitystore").get_user_id(
        IdentityStoreId=store_of(platform),
        AlternateIdentifier={"UniqueAttribute": {"AttributePath": path, "AttributeValue": value}},
    )
    return str(answer["UserId"])


@on_both
@pytest.mark.parametrize(
    ("path", "value"), [("userName", "bob"), ("emails.value", "bob@example.com")]
)
def test_a_user_is_found_by_a_unique_attribute(platform: Platform, path: str, value: str) -> None:
    bob = platform.user("bob")

    assert found_by(platform, path, value) == bob


@on_both
@pytest.mark.parametrize("value", ["eve@example.com", "BOB@example.com"])
def test_an_address_that_nobody_has_is_not_found(platform: Platform, value: str) -> None:
    platform.user("bob")

    with pytest.raises(ClientError) as refused:
        found_by(platform, "emails.value", value)

    assert code_of(refused) == "ResourceNotFoundException"


@on_both
def test_a_group_is_found_by_its_display_name(platform: Platform) -> None:
    engineers = platform.group("engineers")

    answer = platform.client("identitystore").get_group_id(
        IdentityStoreId=store_of(platform),
        AlternateIdentifier={
            "UniqueAttribute": {"AttributePath": "displayName", "AttributeValue": "engineers"}
        },
    )

    assert answer["GroupId"] == engineers


@on_both
def test_a_user_has_a_name_and_one_address(platform: Platform) -> None:
    described = platform.client("identitystore").describe_user(
        IdentityStoreId=store_of(platform), UserId=platform.user("bob")
    )

    assert described["UserName"] == "bob"
    assert [e["Value"] for e in described["Emails"]] == ["bob@example.com"]


@but_moto("no UserStatus")
def test_a_user_is_enabled_or_not(platform: Platform) -> None:
    described = platform.client("identitystore").describe_user(
        IdentityStoreId=store_of(platform), UserId=platform.user("bob")
    )

    assert described["UserStatus"] == "ENABLED"


@but_moto("no UserArn")
def test_a_user_has_an_arn(platform: Platform) -> None:
    bob = platform.user("bob")

    described = platform.client("identitystore").describe_user(
        IdentityStoreId=store_of(platform), UserId=bob
    )

    assert described["UserArn"] == f"arn:aws:identitystore:::user/{bob}"


@on_both
def test_an_unknown_user_is_not_found(platform: Platform) -> None:
    with pytest.raises(ClientError) as refused:
        platform.client("identitystore").describe_user(
            IdentityStoreId=store_of(platform), UserId=NOBODY
        )

    assert code_of(refused) == "ResourceNotFoundException"


@on_both
def test_membership_is_answered_group_by_group(platform: Platform) -> None:
    bob, own, other = platform.user("bob"), platform.group("own"), platform.group("other")
    platform.member(own, bob)

    results = platform.client("identitystore").is_member_in_groups(
        IdentityStoreId=store_of(platform), MemberId={"UserId": bob}, GroupIds=[own, other]
    )["Results"]

    assert {r["GroupId"]: r["MembershipExists"] for r in results} == {own: True, other: False}


@but_moto("101 groups are accepted")
def test_membership_in_more_than_a_hundred_groups_is_refused(platform: Platform) -> None:
    bob, group = platform.user("bob"), platform.group("own")

    with pytest.raises(ClientError) as refused:
        platform.client("identitystore").is_member_in_groups(
            IdentityStoreId=store_of(platform), MemberId={"UserId": bob}, GroupIds=[group] * 101
        )

    assert code_of(refused) == "ValidationException"


@on_both
def test_the_members_of_a_group_come_in_pages(platform: Platform) -> None:
    group = platform.group("engineers")
    people = {platform.user(f"user{n}") for n in range(5)}
    for person in people:
        platform.member(group, person)

    pages = list(
        platform.client("identitystore")
        .get_paginator("list_group_memberships")
        .paginate(
            IdentityStoreId=store_of(platform),
            GroupId=group,
            PaginationConfig={"PageSize": 2},
        )
    )

    assert len(pages) == 3
    assert {m["MemberId"]["UserId"] for p in pages for m in p["GroupMemberships"]} == people


@on_both
def test_the_groups_of_a_member_are_listed(platform: Platform) -> None:
    bob, group = platform.user("bob"), platform.group("engineers")
    platform.member(group, bob)

    listed = platform.client("identitystore").list_group_memberships_for_member(
        IdentityStoreId=store_of(platform), MemberId={"UserId": bob}
    )["GroupMemberships"]

    assert [m["GroupId"] for m in listed] == [group]


@on_both
def test_all_groups_are_listed(platform: Platform) -> None:
    made = {platform.group("engineers"), platform.group("approvers")}

    listed = platform.client("identitystore").list_groups(IdentityStoreId=store_of(platform))

    assert {g["GroupId"] for g in listed["Groups"]} == made
