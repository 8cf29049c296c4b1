"""One set of sentences about AWS, true of the stand-in and of moto, except where marked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import cache
from typing import Any, Protocol

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto import mock_aws

from tests.standins.aws import AwsStandIn, Company

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


@pytest.fixture
def platform(request: pytest.FixtureRequest) -> Iterator[Platform]:
    with ExitStack() as stack:
        made: OurStandIn | Moto
        if request.param == "moto":
            stack.enter_context(mock_aws())
            made = Moto()
        else:
            made = OurStandIn(stack.enter_context(AwsStandIn(Company(lambda: NOW))))
        stack.callback(made.close)
        yield made


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


# Assignments


@on_both
def test_what_was_created_is_listed(platform: Platform) -> None:
    key = Key(platform)

    key.create()

    assert key.listed() == [
        {
            "AccountId": key.account,
            "PermissionSetArn": key.permission_set,
            "PrincipalType": "USER",
            "PrincipalId": key.user,
        }
    ]


@on_both
def test_a_group_can_hold_an_assignment(platform: Platform) -> None:
    key = Key(platform, principal=platform.group("engineers"))
    key.kind = "GROUP"

    key.create()

    assert [a["PrincipalType"] for a in key.listed()] == ["GROUP"]


@on_both
def test_a_creation_is_described_by_its_request_id_as_succeeded(platform: Platform) -> None:
    key = Key(platform)

    begun = key.create()

    assert key.creation(begun["RequestId"])["Status"] == "SUCCEEDED"


@on_both
def test_what_was_deleted_is_listed_no_more(platform: Platform) -> None:
    key = Key(platform)
    key.create()

    key.delete()

    assert key.listed() == []


@on_both
def test_to_delete_what_is_not_there_is_refused_as_not_found(platform: Platform) -> None:
    key = Key(platform)

    with pytest.raises(ClientError) as refused:
        key.delete()

    assert code_of(refused) == "ResourceNotFoundException"


@on_both
def test_an_unknown_request_id_is_refused_as_not_found(platform: Platform) -> None:
    key = Key(platform)

    with pytest.raises(ClientError) as refused:
        key.creation("00000000-0000-4000-8000-000000000000")

    assert code_of(refused) == "ResourceNotFoundException"


@but_moto("SUCCEEDED at once")
def test_a_creation_is_in_progress_at_first(platform: Platform) -> None:
    key = Key(platform)

    begun = key.create()

    assert begun["Status"] == "IN_PROGRESS"


@but_moto("duplicates are stored twice")
def test_the_same_assignment_created_twice_is_one(platform: Platform) -> None:
    key = Key(platform)

    key.create()
    key.create()

    assert len(key.listed()) == 1


@but_moto("delete removes one copy, so a standing assignment seems to survive an expiry")
def test_one_delete_takes_away_what_two_creates_made(platform: Platform) -> None:
    key = Key(platform)
    key.create()
    key.create()

    key.delete()

    assert key.listed() == []


@but_moto("a bogus permission set, account or principal is accepted")
@pytest.mark.parametrize(
    "other",
    [
        {"PermissionSetArn": PHONY_SET},
        {"TargetId": "999999999999"},
        {"PrincipalId": NOBODY},
    ],
    ids=["permission set", "account", "principal"],
)
def test_an_unknown_part_of_an_assignment_is_refused(
    platform: Platform, other: dict[str, str]
) -> None:
    key = Key(platform)

    with pytest.raises(ClientError) as refused:
        key.create(**other)

    assert code_of(refused) == "ResourceNotFoundException"


@but_moto("the creation's status is gone with the assignment")
def test_a_creation_is_still_described_after_the_deletion(platform: Platform) -> None:
    key = Key(platform)
    begun = key.create()

    key.delete()

    assert key.creation(begun["RequestId"])["Status"] == "SUCCEEDED"


@but_moto("a delete reuses the creation's RequestId")
def test_a_deletion_has_a_request_id_of_its_own(platform: Platform) -> None:
    key = Key(platform)

    assert key.create()["RequestId"] != key.delete()["RequestId"]


@but_moto("not implemented")
def test_creations_are_listed_by_status_without_target_and_principal(platform: Platform) -> None:
    key = Key(platform)
    begun = key.create()

    listed = key.sso.list_account_assignment_creation_status(
        InstanceArn=key.instance, Filter={"Status": "SUCCEEDED"}
    )["AccountAssignmentsCreationStatus"]

    assert [one["RequestId"] for one in listed] == [begun["RequestId"]]
    assert set(listed[0]) == {"Status", "RequestId", "CreatedDate"}


@but_moto("not implemented")
def test_deletions_are_listed_by_status(platform: Platform) -> None:
    key = Key(platform)
    key.create()
    begun = key.delete()

    listed = key.sso.list_account_assignment_deletion_status(InstanceArn=key.instance)

    assert [one["RequestId"] for one in listed["AccountAssignmentsDeletionStatus"]] == [
        begun["RequestId"]
    ]


@on_both
def test_a_principals_own_assignments_are_listed_for_the_management_account(
    platform: Platform,
) -> None:
    key = Key(platform)
    key.create()

    held = key.sso.list_account_assignments_for_principal(
        InstanceArn=key.instance, PrincipalId=key.user, PrincipalType="USER"
    )["AccountAssignments"]

    assert [a["AccountId"] for a in held] == [key.account]


@but_moto("direct assignments only")
def test_a_principal_holds_what_its_groups_hold(platform: Platform) -> None:
    group, user = platform.group("engineers"), platform.user("ann")
    platform.member(group, user)
    key = Key(platform, principal=group)
    key.kind = "GROUP"
    key.create()

    held = key.sso.list_account_assignments_for_principal(
        InstanceArn=key.instance, PrincipalId=user, PrincipalType="USER"
    )["AccountAssignments"]

    assert [a["PrincipalId"] for a in held] == [group]


# Permission sets and instances


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


# The identity store


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
