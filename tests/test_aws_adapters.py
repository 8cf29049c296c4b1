"""Identity Center, the identity store and Organizations as the domain sees them, over real HTTP."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from threading import Condition
from typing import Any

import boto3
import pytest

from grants.aws.clients import Clients
from grants.aws.identity_center import IdentityCenterAtAws, session_duration
from grants.aws.identity_store import DirectoryAtAws
from grants.aws.instance import Finder
from grants.aws.limiter import Limiter
from grants.aws.organizations import OrganizationAtAws
from grants.errors import AwsBusy, AwsFault, AwsMissing, AwsRefused, AwsTooLate, AwsUnsure
from grants.model import AccountId, GroupId, Key, Lane, OuId, PermissionSetArn, UserId
from grants.ports import Directory, IdentityCenter, Organization, Progress
from tests.addresses import an_aws
from tests.standins.aws import AwsStandIn, Company, Kind

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
NOW = Lane.STATUS


class GivenTime:
    """Passes only when somebody waits."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def wait(self, moved: Condition, seconds: float | None) -> None:
        self.now += seconds or 1


@dataclass
class Place:
    """The company, and the adapters that look at it."""

    aws: AwsStandIn
    clients: Clients
    identity_center: IdentityCenter
    directory: Directory
    organization: Organization

    @property
    def company(self) -> Company:
        return self.aws.company

    def key(self, user: str, account: str, permission_set: str) -> Key:
        _, user_id, account_id, arn = self.company.key(user, account, permission_set)
        return Key(UserId(user_id), AccountId(account_id), PermissionSetArn(arn))


def placed(aws: AwsStandIn, clients: Clients, *, instance_arn: str = "") -> Place:
    time = GivenTime()
    limiter = Limiter(monotonic=time, wait=time.wait)
    finder = Finder(clients, limiter, instance_arn=instance_arn)
    return Place(
        aws,
        clients,
        IdentityCenterAtAws(finder, limiter),
        DirectoryAtAws(clients, finder, limiter),
        OrganizationAtAws(clients, limiter),
    )


@pytest.fixture
def company() -> Company:
    company = Company(lambda: NOON)
    company.add_unit("production")
    company.add_unit("payments", parent="production")
    company.add_account("payments-prod", unit="payments")
    company.add_account("sandbox")
    company.add_permission_set("ReadOnly")
    company.add_permission_set("Admin", description="All of it", session_duration="PT8H30M")
    company.add_user("bob", "bob@example.com", display_name="Bob Stone")
    company.add_user("alice", "alice@example.com", enabled=False)
    company.add_group("engineers")
    company.add_group("others")
    company.add_member("engineers", "bob")
    return company


@pytest.fixture
def place(company: Company, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    with an_aws(company) as (aws, address):
        monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
        yield placed(aws, address.clients)


# The instance


def test_of_two_instances_the_organizations_is_taken(place: Place) -> None:
    place.company.add_account_instance("sandbox")

    instance = place.identity_center.instance()

    assert instance.arn == place.company.instance_arn
    assert instance.identity_store_id == place.company.store_id
    assert instance.management_account == place.company.management_account


def test_a_configured_instance_is_taken_at_its_word(place: Place) -> None:
    arn = place.company.add_account_instance("sandbox")

    assert placed(place.aws, place.clients, instance_arn=arn).identity_center.instance().arn == arn


def test_a_configured_instance_that_is_not_there_is_said_to_be_wrong(place: Place) -> None:
    wrong = placed(
        place.aws, place.clients, instance_arn="arn:aws:sso:::instance/ssoins-0000000000000000"
    )

    with pytest.raises(AwsFault, match="ELEVATE_INSTANCE_ARN") as said:
        wrong.identity_center.instance()
    assert not isinstance(said.value, AwsMissing)  # nothing of what it holds is missing therefore


def test_credentials_of_another_organization_find_nothing_missing(place: Place) -> None:
    arn = PermissionSetArn(
        "arn:aws:sso:::permissionSet/ssoins-0000000000000000/ps-1111222233334444"
    )
    key = replace(place.key("bob", "sandbox", "Admin"), permission_set_arn=arn)

    for ask in (
        lambda: place.identity_center.assigned(key.account_id, arn, lane=Lane.GRANT),
        lambda: place.identity_center.delete(key, still=lambda: True),
        lambda: place.identity_center.create(key, still=lambda: True),
    ):
        with pytest.raises(AwsRefused, match="is not of the instance") as said:
            ask()
        assert not isinstance(said.value, AwsMissing)


def test_a_delegate_knows_that_it_is_one(place: Place) -> None:
    place.company.delegate_to("sandbox")

    assert place.identity_center.instance().delegated


def test_in_the_management_account_it_is_no_delegate(place: Place) -> None:
    assert not place.identity_center.instance().delegated


def test_without_sts_it_takes_itself_for_a_delegate_until_sts_answers(place: Place) -> None:
    place.aws.faults.add("GetCallerIdentity", Kind.ACCESS_DENIED, 2)

    assert place.identity_center.instance().delegated
    assert not place.identity_center.instance().delegated


def test_a_refused_describe_instance_is_done_without(place: Place) -> None:
    place.aws.faults.add("DescribeInstance", Kind.ACCESS_DENIED, None)

    assert place.identity_center.instance().arn == place.company.instance_arn


def test_the_instance_is_looked_for_once(place: Place) -> None:
    for _ in range(3):
        place.identity_center.permission_set_arns(lane=NOW)

    assert place.aws.calls.count("DescribeOrganization") == 1


def test_what_failed_while_looking_is_looked_for_again(place: Place) -> None:
    place.aws.faults.add("DescribeOrganization", Kind.ACCESS_DENIED)
    with pytest.raises(AwsRefused):
        place.identity_center.permission_set_arns(lane=NOW)

    assert len(place.identity_center.permission_set_arns(lane=NOW)) == 2


@pytest.fixture
def live_in(place: Place) -> Iterator[Callable[[str], None]]:
    """Has ListInstances say that the instance's primary Region is another than ours."""
    events = place.clients.sso_admin.reading.patient.meta.events
    regions: list[str] = []

    def said(parsed: dict[str, Any], **_: object) -> None:
        for region in regions:
            parsed["Instances"][0]["PrimaryRegion"] = region

    events.register("after-call.sso-admin.ListInstances", said)
    yield regions.append
    events.unregister("after-call.sso-admin.ListInstances", said)


def test_assignments_are_written_in_the_primary_region(
    place: Place, live_in: Callable[[str], None]
) -> None:
    live_in("eu-west-1")

    place.identity_center.create(place.key("bob", "sandbox", "Admin"), still=lambda: True)

    [create] = place.aws.calls.of("CreateAccountAssignment")
    assert create.region == "eu-west-1"


def test_a_primary_region_that_is_closed_to_us_is_done_without(
    place: Place, live_in: Callable[[str], None]
) -> None:
    live_in("eu-west-1")
    place.aws.faults.add("ListInstances", Kind.ACCESS_DENIED, skip=1)

    place.identity_center.create(place.key("bob", "sandbox", "Admin"), still=lambda: True)

    [create] = place.aws.calls.of("CreateAccountAssignment")
    assert create.region == "us-east-1"


# Clients


def test_somebody_who_waits_is_not_kept_by_a_slow_aws(place: Place) -> None:
    quick: Any = place.clients.identity_store.at(Lane.PERSON).meta.config
    patient: Any = place.clients.identity_store.at(Lane.REVOKE).meta.config

    assert (quick.connect_timeout, quick.read_timeout) == (1, 2)
    assert quick.retries == {"mode": "standard", "total_max_attempts": 2}
    assert (patient.connect_timeout, patient.read_timeout) == (3, 10)


def test_without_a_region_it_says_which_setting_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")

    with pytest.raises(AwsRefused, match="AWS_REGION"):
        Clients(session=boto3.Session("AKIDEXAMPLE", "secret"))


# Permission sets


def test_a_permission_set_is_read_whole(place: Place) -> None:
    arn = PermissionSetArn(place.company.permission_set("Admin").arn)

    found = place.identity_center.permission_set(arn, lane=NOW)

    assert found is not None
    assert (found.arn, found.name, found.description) == (arn, "Admin", "All of it")
    assert found.session_duration == timedelta(hours=8, minutes=30)


def test_a_permission_set_that_was_deleted_is_none(place: Place) -> None:
    arn = PermissionSetArn(place.company.permission_set("Admin").arn)
    place.company.remove_permission_set("Admin")

    assert place.identity_center.permission_set(arn, lane=NOW) is None


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (None, timedelta(hours=1)),
        ("", timedelta(hours=1)),
        ("PT1H", timedelta(hours=1)),
        ("PT8H30M", timedelta(hours=8, minutes=30)),
        ("PT45M", timedelta(minutes=45)),
        ("PT3600S", timedelta(hours=1)),
        ("P0DT12H", timedelta(hours=12)),
        (3600, timedelta(hours=1)),
        ("3600", timedelta(hours=1)),
    ],
)
def test_a_session_duration_is_read_however_it_is_written(said: object, meant: timedelta) -> None:
    assert session_duration(said) == meant


@pytest.mark.parametrize("said", ["P", "PT", "one hour", "1h"])
def test_a_session_duration_that_is_none_is_not_guessed(said: str) -> None:
    with pytest.raises(AwsRefused):
        session_duration(said)


def test_what_is_provisioned_in_an_account_is_read(place: Place) -> None:
    place.company.assign("bob", "sandbox", "Admin")
    sandbox = AccountId(place.company.account("sandbox").id)

    found = place.identity_center.provisioned_in(sandbox, lane=NOW)

    assert found == frozenset({PermissionSetArn(place.company.permission_set("Admin").arn)})


def test_what_a_delegate_may_not_read_is_none_and_not_nothing(place: Place) -> None:
    place.aws.faults.add("ListPermissionSetsProvisionedToAccount", Kind.ACCESS_DENIED)
    management = AccountId(place.company.management_account)

    assert place.identity_center.provisioned_in(management, lane=NOW) is None


# Assignments


def test_who_is_assigned_is_told_by_users_and_groups(place: Place) -> None:
    place.company.assign("bob", "sandbox", "Admin")
    place.company.assign("engineers", "sandbox", "Admin")
    key = place.key("bob", "sandbox", "Admin")

    held = place.identity_center.assigned(key.account_id, key.permission_set_arn, lane=NOW)

    assert held.users == {key.user_id}
    assert held.groups == {place.company.group("engineers").id}


def test_created_is_this_key_and_deleted_is_it_again(place: Place) -> None:
    key = place.key("bob", "sandbox", "Admin")

    created = place.identity_center.create(key, still=lambda: True)
    assert place.company.is_assigned("bob", "sandbox", "Admin")
    assert place.identity_center.creation(created.id).progress is Progress.SUCCEEDED
    assert created.key == key

    deleted = place.identity_center.delete(key, still=lambda: True)
    assert not place.company.is_assigned("bob", "sandbox", "Admin")
    assert place.identity_center.deletion(deleted.id).progress is Progress.SUCCEEDED


@pytest.mark.parametrize("write", ["create", "delete"])
def test_a_write_that_is_no_longer_to_be_made_when_its_turn_comes_does_not_leave(
    place: Place, write: str
) -> None:
    place.company.assign("bob", "sandbox", "Admin")
    ask = getattr(place.identity_center, write)

    with pytest.raises(AwsTooLate):
        ask(place.key("bob", "sandbox", "Admin"), still=lambda: False)

    assert not place.aws.calls.of(f"{write.title()}AccountAssignment")
    assert place.company.is_assigned("bob", "sandbox", "Admin")


def test_operations_are_listed_by_their_progress_without_keys(place: Place) -> None:
    place.company.operation_seconds = 60
    created = place.identity_center.create(place.key("bob", "sandbox", "Admin"), still=lambda: True)

    [listed] = place.identity_center.creations(progress=Progress.IN_PROGRESS)

    assert (listed.id, listed.key, listed.created_at) == (created.id, None, NOON)
    assert not list(place.identity_center.creations(progress=Progress.FAILED))
    assert not list(place.identity_center.deletions())


def test_a_failure_that_comes_later_carries_aws_own_reason(place: Place) -> None:
    place.aws.faults.add("CreateAccountAssignment", Kind.ASYNC_FAILURE, reason="Role quota is met.")

    created = place.identity_center.create(place.key("bob", "sandbox", "Admin"), still=lambda: True)
    said = place.identity_center.creation(created.id)

    assert (said.progress, said.reason) == (Progress.FAILED, "Role quota is met.")


def test_a_key_in_flight_is_busy_and_not_asked_for_twice(place: Place) -> None:
    place.aws.faults.add("CreateAccountAssignment", Kind.CONFLICT)

    with pytest.raises(AwsBusy):
        place.identity_center.create(place.key("bob", "sandbox", "Admin"), still=lambda: True)

    assert place.aws.calls.count("CreateAccountAssignment") == 1


@pytest.mark.parametrize("kind", [Kind.LOST_ANSWER, Kind.DROP, Kind.HTTP500])
def test_a_write_whose_answer_is_lost_is_unsure_and_never_repeated(
    place: Place, kind: Kind
) -> None:
    place.aws.faults.add("CreateAccountAssignment", kind)

    with pytest.raises(AwsUnsure):
        place.identity_center.create(place.key("bob", "sandbox", "Admin"), still=lambda: True)

    assert place.aws.calls.count("CreateAccountAssignment") == 1


def test_too_many_at_once_is_busy(place: Place) -> None:
    place.aws.faults.add("DeleteAccountAssignment", Kind.THROTTLING)

    with pytest.raises(AwsBusy):
        place.identity_center.delete(place.key("bob", "sandbox", "Admin"), still=lambda: True)


def test_taking_away_what_is_not_there_is_told_apart(place: Place) -> None:
    with pytest.raises(AwsMissing):
        place.identity_center.delete(place.key("bob", "sandbox", "Admin"), still=lambda: True)


# People and groups


def test_a_user_is_found_by_address_and_by_name(place: Place) -> None:
    by_email = place.directory.user_by_email("bob@example.com", lane=Lane.PERSON)

    assert by_email is not None
    assert (by_email.user_name, by_email.name, by_email.email, by_email.enabled) == (
        "bob",
        "Bob Stone",
        "bob@example.com",
        True,
    )
    assert place.directory.user_by_name("bob", lane=NOW) == by_email
    assert place.directory.user(by_email.id, lane=NOW) == by_email


def test_a_user_and_a_group_have_awss_id_however_they_were_asked_for(place: Place) -> None:
    bob = place.company.user("bob").id
    engineers = place.company.group("engineers").id

    user = place.directory.user(UserId(f"arn:aws:identitystore:::user/{bob}"), lane=NOW)
    group = place.directory.group(GroupId(f"arn:aws:identitystore:::group/{engineers}"), lane=NOW)

    assert user is not None
    assert group is not None
    assert (user.id, group.id) == (bob, engineers)


def test_the_case_of_an_address_is_for_aws_to_decide(place: Place) -> None:
    assert place.directory.user_by_email("Bob@example.com", lane=NOW) is None
    [asked] = place.aws.calls.of("GetUserId")
    assert asked.parameters["AlternateIdentifier"]["UniqueAttribute"] == {
        "AttributePath": "emails.value",
        "AttributeValue": "Bob@example.com",
    }

    place.company.any_case_email = True
    assert place.directory.user_by_email("Bob@example.com", lane=NOW) is not None


def test_a_disabled_user_is_found_and_said_to_be_disabled(place: Place) -> None:
    alice = place.directory.user_by_name("alice", lane=NOW)

    assert alice is not None
    assert not alice.enabled


def test_nobody_is_nobody(place: Place) -> None:
    gone = UserId("9067012345-00000000-0000-0000-0000-000000000000")

    assert place.directory.user(gone, lane=NOW) is None
    assert place.directory.user_by_name("nobody", lane=NOW) is None
    assert place.directory.group(GroupId(gone), lane=NOW) is None
    assert place.directory.group_by_name("nobodies", lane=NOW) is None


def test_a_group_is_found_by_its_name(place: Place) -> None:
    found = place.directory.group_by_name("engineers", lane=NOW)

    assert found is not None
    assert found == place.directory.group(found.id, lane=NOW)
    assert found.name == "engineers"


def test_membership_is_asked_a_hundred_groups_at_a_time(place: Place) -> None:
    bob = UserId(place.company.user("bob").id)
    groups = [GroupId(place.company.add_group(f"group {n}")) for n in range(250)]
    mine = {groups[0], groups[120], groups[249]}
    for group in mine:
        place.company.add_member(group, "bob")

    assert place.directory.member_of(bob, groups, lane=NOW) == mine
    assert place.aws.calls.count("IsMemberInGroups") == 3


def test_without_groups_nothing_is_asked(place: Place) -> None:
    assert place.directory.member_of(UserId("u"), [], lane=NOW) == frozenset()
    assert place.aws.calls.count() == 0


def test_a_deleted_group_hides_none_of_the_others(place: Place) -> None:
    bob = UserId(place.company.user("bob").id)
    ids = [GroupId(place.company.group(name).id) for name in ("engineers", "others")]
    gone = GroupId(place.company.add_group("gone"))
    place.company.remove_group("gone")

    assert place.directory.member_of(bob, [gone, *ids], lane=NOW) == {ids[0]}


def test_a_deleted_user_is_in_no_group(place: Place) -> None:
    bob = UserId(place.company.user("bob").id)
    engineers = GroupId(place.company.group("engineers").id)
    place.company.remove_user("bob")

    assert place.directory.member_of(bob, [engineers], lane=NOW) == frozenset()


def test_members_come_page_by_page_and_a_deleted_group_has_none(place: Place) -> None:
    for n in range(150):
        place.company.add_member("others", place.company.add_user(f"user{n}"))
    others = GroupId(place.company.group("others").id)

    assert len(list(place.directory.members(others, lane=NOW))) == 150

    place.company.remove_group("others")
    assert list(place.directory.members(others, lane=NOW)) == []


# The tree


def test_every_account_is_found_with_its_place(place: Place) -> None:
    found = {account.name: account for account in place.organization.accounts(lane=NOW)}

    production, payments = (place.company.place(name) for name in ("production", "payments"))
    assert found["payments-prod"].path == (place.company.root_id, production, payments)
    assert found["sandbox"].path == (place.company.root_id,)
    assert found["sandbox"].state == "ACTIVE"


def test_without_paths_the_tree_is_the_same(place: Place) -> None:
    with_paths = place.organization.accounts(lane=NOW)

    place.company.paths = False

    assert place.organization.accounts(lane=NOW) == with_paths
    for account in with_paths:
        assert place.organization.account(account.id, lane=NOW) == account


def test_an_empty_page_hides_no_account(place: Place) -> None:
    for n in range(45):
        place.company.add_account(f"account {n}", unit="payments")
    everything = place.organization.accounts(lane=NOW)

    place.company.empty_pages = True
    assert place.organization.accounts(lane=NOW) == everything

    place.company.paths = False
    assert place.organization.accounts(lane=NOW) == everything
    assert len(everything) == 48


@pytest.mark.parametrize("old_status", [False, True])
def test_a_suspended_account_is_not_active_with_or_without_status(
    place: Place, old_status: bool
) -> None:
    place.company.old_status = old_status
    place.company.set_account_state("sandbox", "SUSPENDED")
    sandbox = AccountId(place.company.account("sandbox").id)

    found = place.organization.account(sandbox, lane=NOW)

    assert found is not None
    assert found.state == "SUSPENDED"


def test_an_account_outside_the_organization_is_none(place: Place) -> None:
    assert place.organization.account(AccountId("999999999999"), lane=NOW) is None


def test_an_account_s_tags_are_all_read_and_those_of_a_stranger_are_none(place: Place) -> None:
    sandbox = AccountId(place.company.account("sandbox").id)
    tags = {f"key-{n}": "" for n in range(60)}
    place.company.tag("sandbox", tags)

    assert place.organization.tags(sandbox, lane=NOW) == tags
    assert place.organization.tags(AccountId("999999999999"), lane=NOW) is None


def test_the_root_and_every_ou_are_told_with_their_ancestors(place: Place) -> None:
    root, production, payments = place.organization.ous(lane=NOW)

    assert (root.id, root.path) == (place.company.root_id, ())
    assert (production.name, production.path) == ("production", (root.id,))
    assert (payments.name, payments.path) == ("payments", (root.id, production.id))
    assert OuId(place.company.place("payments")) == payments.id
