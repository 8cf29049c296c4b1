"""What another's model of AWS answers is understood too: older shapes, and its own pages."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from grants.aws.clients import Clients
from grants.aws.identity_center import IdentityCenterAtAws
from grants.aws.identity_store import DirectoryAtAws
from grants.aws.instance import Finder
from grants.aws.limiter import Limiter
from grants.aws.organizations import OrganizationAtAws
from grants.model import AccountId, GroupId, Key, Lane, PermissionSetArn, UserId
from grants.ports import Progress

NOW = Lane.STATUS


class Refused:
    status_code = 400


def refuse(**_: object) -> Any:
    """As AWS would refuse what moto has not got."""
    return Refused(), {"Error": {"Code": "AccessDeniedException", "Message": "not in moto"}}


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        clients = Clients(session=boto3.Session("AKIDEXAMPLE", "secret", region_name="us-east-1"))
        clients.organizations.patient.create_organization(FeatureSet="ALL")
        events = clients.sso_admin.reading.patient.meta.events
        events.register("before-call.sso-admin.DescribeInstance", refuse)
        yield clients


@pytest.fixture
def finder(clients: Clients) -> Finder:
    return Finder(clients, Limiter())


@pytest.fixture
def identity_center(finder: Finder) -> IdentityCenterAtAws:
    return IdentityCenterAtAws(finder, Limiter())


@pytest.fixture
def directory(clients: Clients, finder: Finder) -> DirectoryAtAws:
    return DirectoryAtAws(clients, finder, Limiter())


def test_an_instance_that_says_nothing_of_regions_is_asked_where_we_are(
    identity_center: IdentityCenterAtAws, finder: Finder
) -> None:
    instance = identity_center.instance()

    assert instance.own_account == instance.management_account == "123456789012"
    assert finder.home(NOW).sso_admin.region == "us-east-1"


def test_permission_sets_without_a_duration_last_an_hour(
    clients: Clients, identity_center: IdentityCenterAtAws
) -> None:
    arn = identity_center.instance().arn
    for n in range(105):
        clients.sso_admin.writing.create_permission_set(InstanceArn=arn, Name=f"Set{n}")

    arns = identity_center.permission_set_arns(lane=NOW)
    found = identity_center.permission_set(arns[0], lane=NOW)

    assert len(set(arns)) == 105
    assert found is not None
    assert (found.name, found.session_duration) == ("Set0", timedelta(hours=1))


def test_an_assignment_comes_and_goes(
    clients: Clients, identity_center: IdentityCenterAtAws
) -> None:
    key = Key(
        UserId("12345678-1234-1234-1234-123456789012"),
        AccountId("222233334444"),
        PermissionSetArn(f"{identity_center.instance().arn}/ps-0123456789abcdef"),
    )

    created = identity_center.create(key, still=lambda: True)
    held = identity_center.assigned(key.account_id, key.permission_set_arn, lane=NOW)
    deleted = identity_center.delete(key, still=lambda: True)

    assert (created.progress, created.key) == (Progress.SUCCEEDED, key)
    assert held.users == {key.user_id}
    assert deleted.progress is Progress.SUCCEEDED


def test_a_user_without_a_status_is_enabled_and_one_without_an_address_has_none(
    clients: Clients, directory: DirectoryAtAws, finder: Finder
) -> None:
    store = finder.instance().identity_store_id
    clients.identity_store.patient.create_user(
        IdentityStoreId=store,
        UserName="bob",
        DisplayName="Bob Stone",
        Name={"GivenName": "Bob", "FamilyName": "Stone"},
    )

    bob = directory.user_by_name("bob", lane=NOW)

    assert bob is not None
    assert (bob.name, bob.email, bob.enabled) == ("Bob Stone", "", True)


def test_a_member_is_one_by_the_group_and_by_the_question(
    clients: Clients, directory: DirectoryAtAws, finder: Finder
) -> None:
    store = finder.instance().identity_store_id
    asking = clients.identity_store.patient
    bob = UserId(
        asking.create_user(
            IdentityStoreId=store,
            UserName="bob",
            DisplayName="Bob",
            Name={"GivenName": "Bob", "FamilyName": "Stone"},
        )["UserId"]
    )
    mine, other = (
        GroupId(asking.create_group(IdentityStoreId=store, DisplayName=name)["GroupId"])
        for name in ("mine", "other")
    )
    asking.create_group_membership(IdentityStoreId=store, GroupId=mine, MemberId={"UserId": bob})

    assert directory.member_of(bob, [mine, other], lane=NOW) == {mine}
    assert list(directory.members(mine, lane=NOW)) == [bob]
    assert directory.group_by_name("mine", lane=NOW) == directory.group(mine, lane=NOW)


def test_an_organization_without_paths_is_walked(clients: Clients) -> None:
    organization = OrganizationAtAws(clients, Limiter())
    asking = clients.organizations.patient
    root = asking.list_roots()["Roots"][0].get("Id", "")
    unit = asking.create_organizational_unit(ParentId=root, Name="production")
    ou = unit["OrganizationalUnit"].get("Id", "")
    made = asking.create_account(Email="prod@example.com", AccountName="prod")
    prod = AccountId(made["CreateAccountStatus"].get("AccountId", ""))
    asking.move_account(AccountId=prod, SourceParentId=root, DestinationParentId=ou)

    found = {account.id: account for account in organization.accounts(lane=NOW)}

    assert found[prod].path == (root, ou)
    assert found[prod].state == "ACTIVE"
    assert organization.account(prod, lane=NOW) == found[prod]
    assert found[prod].tags is None
    assert [unit.name for unit in organization.ous(lane=NOW)] == ["Root", "production"]


def test_an_account_s_tags_are_read(clients: Clients) -> None:
    organization = OrganizationAtAws(clients, Limiter())
    asking = clients.organizations.patient
    tags = [{"Key": "env", "Value": "dev"}, {"Key": "team", "Value": ""}]
    made = asking.create_account(Email="dev@example.com", AccountName="dev")
    dev = AccountId(made["CreateAccountStatus"].get("AccountId", ""))
    asking.tag_resource(ResourceId=dev, Tags=tags)  # type: ignore[arg-type]  # plain dicts, as anybody writes them

    assert organization.tags(dev, lane=NOW) == {"env": "dev", "team": ""}
