"""The AWS stand-in keeps AWS's rules, and breaks in the ways it is asked to."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from tests.standins.aws import ACTIVITY_ROLE, ApiCall, AwsStandIn, Company, small_company
from tests.standins.aws.demo_company import use_what_is_given
from tests.standins.aws.ground import uuid_of
from tests.standins.aws.scps import PREPARED
from tests.standins.aws.shapes import misfits
from tests.standins.aws.speech import TARGETS

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


@pytest.fixture
def clock() -> GivenClock:
    return GivenClock()


@pytest.fixture
def company(clock: GivenClock) -> Company:
    return small_company(clock)


@pytest.fixture
def aws(company: Company) -> Iterator[AwsStandIn]:
    with AwsStandIn(company) as aws:
        yield aws


@pytest.fixture
def clients(aws: AwsStandIn) -> Iterator[Clients]:
    clients = Clients(aws)
    yield clients
    clients.close()


@pytest.fixture
def desk(company: Company, clients: Clients) -> Desk:
    return Desk(company, clients)


def refusal(asked: Callable[[], object]) -> str:
    with pytest.raises(ClientError) as refused:
        asked()
    return str(refused.value.response["Error"]["Code"])


# Operations take their time


def test_an_operation_is_in_progress_for_its_seconds(
    company: Company, clock: GivenClock, desk: Desk
) -> None:
    company.operation_seconds = 10
    begun = desk.create("bob", "payments-dev")

    clock.advance(9)
    early = desk.creation(begun)["Status"]
    clock.advance(1)

    assert (early, desk.creation(begun)["Status"]) == ("IN_PROGRESS", "SUCCEEDED")


def test_nothing_is_assigned_before_the_operation_succeeded(
    company: Company, clock: GivenClock, desk: Desk
) -> None:
    company.operation_seconds = 10

    desk.create("bob", "payments-dev")

    assert not company.is_assigned("bob", "payments-dev", "ReadOnlyAccess")
    clock.advance(10)
    assert company.is_assigned("bob", "payments-dev", "ReadOnlyAccess")


def test_a_key_with_an_operation_in_flight_is_a_conflict(company: Company, desk: Desk) -> None:
    company.operation_seconds = 10
    desk.create("bob", "payments-dev")

    assert refusal(lambda: desk.delete("bob", "payments-dev")) == "ConflictException"
    assert refusal(lambda: desk.create("bob", "payments-dev")) == "ConflictException"
    desk.create("bob", "web-dev")


def test_the_sixteenth_outstanding_operation_is_throttled(company: Company, desk: Desk) -> None:
    company.operation_seconds = 10
    for n in range(16):
        company.add_user(f"user{n}")
    for n in range(15):
        desk.create(f"user{n}", "payments-dev")

    with pytest.raises(ClientError, match="too many requests processing") as refused:
        desk.create("user15", "payments-dev")

    assert refused.value.response["Error"]["Code"] == "ThrottlingException"


def test_room_is_made_when_operations_finish(
    company: Company, clock: GivenClock, desk: Desk
) -> None:
    company.operation_seconds, company.outstanding_limit = 10, 1
    desk.create("bob", "payments-dev")

    clock.advance(10)

    assert desk.create("bob", "web-dev")["Status"] == "IN_PROGRESS"


def test_one_account_can_be_made_to_do_one_thing_at_a_time(
    company: Company, clock: GivenClock, desk: Desk
) -> None:
    company.operation_seconds, company.one_at_a_time = 10, True
    first, second = desk.create("bob", "web-dev"), desk.create("eve", "web-dev")
    elsewhere = desk.create("bob", "web-prod")

    clock.advance(10)

    assert desk.creation(first)["Status"] == "SUCCEEDED"
    assert desk.creation(second)["Status"] == "IN_PROGRESS"
    assert desk.creation(elsewhere)["Status"] == "SUCCEEDED"


def test_a_failed_create_says_why_and_assigns_nothing(
    aws: AwsStandIn, company: Company, desk: Desk
) -> None:
    aws.faults.add("CreateAccountAssignment", "async_failure", reason="Role quota reached.")

    described = desk.creation(desk.create("bob", "payments-dev"))

    assert (described["Status"], described["FailureReason"]) == ("FAILED", "Role quota reached.")
    assert company.current_assignments() == []


def test_a_failed_delete_leaves_the_assignment(
    aws: AwsStandIn, company: Company, desk: Desk
) -> None:
    company.assign("bob", "payments-dev", "ReadOnlyAccess")
    aws.faults.add("DeleteAccountAssignment", "async_failure")

    described = desk.deletion(desk.delete("bob", "payments-dev"))

    assert described["Status"] == "FAILED"
    assert company.is_assigned("bob", "payments-dev", "ReadOnlyAccess")


def test_a_create_in_an_account_that_is_not_active_fails(company: Company, desk: Desk) -> None:
    company.set_account_state("payments-dev", "SUSPENDED")

    described = desk.creation(desk.create("bob", "payments-dev"))

    assert (described["Status"], "not active" in described["FailureReason"]) == ("FAILED", True)


def test_operations_can_be_swept_by_status(
    aws: AwsStandIn, company: Company, desk: Desk, clock: GivenClock
) -> None:
    aws.faults.add("CreateAccountAssignment", "async_failure")
    failed = desk.create("bob", "payments-dev")
    company.operation_seconds = 10
    running = desk.create("bob", "payments-dev")

    def found(status: str) -> list[str]:
        answer = desk.sso.list_account_assignment_creation_status(
            InstanceArn=company.instance_arn, Filter={"Status": status}
        )
        return [one["RequestId"] for one in answer["AccountAssignmentsCreationStatus"]]

    assert (found("FAILED"), found("IN_PROGRESS")) == (
        [failed["RequestId"]],
        [running["RequestId"]],
    )


def test_an_assignment_of_someone_who_left_can_be_removed(company: Company, desk: Desk) -> None:
    company.assign("bob", "payments-dev", "ReadOnlyAccess")
    parameters = desk.parameters("bob", "payments-dev", "ReadOnlyAccess")
    company.remove_user("bob")

    desk.sso.delete_account_assignment(**parameters)

    assert company.current_assignments() == []


def test_assignments_come_in_pages_of_a_hundred(company: Company, desk: Desk) -> None:
    for n in range(250):
        company.add_user(f"user{n}")
        company.assign(f"user{n}", "payments-dev", "ReadOnlyAccess")

    pages = desk.sso.get_paginator("list_account_assignments").paginate(
        InstanceArn=company.instance_arn,
        AccountId=company.account("payments-dev").id,
        PermissionSetArn=company.permission_set("ReadOnlyAccess").arn,
    )

    assert [len(page["AccountAssignments"]) for page in pages] == [100, 100, 50]


def test_a_token_of_another_list_is_refused(company: Company, desk: Desk) -> None:
    first = desk.sso.list_permission_sets(InstanceArn=company.instance_arn, MaxResults=1)

    asked = {"InstanceArn": company.instance_arn, "NextToken": first["NextToken"]}

    code = refusal(lambda: desk.sso.list_account_assignment_creation_status(**asked))
    assert code == "ValidationException"


# Who may ask


def test_a_delegate_may_not_assign_in_the_management_account(desk: Desk) -> None:
    assert refusal(lambda: desk.create("bob", "acme-management")) == "AccessDeniedException"


def test_a_delegate_may_not_assign_a_set_provisioned_in_the_management_account(
    company: Company, desk: Desk
) -> None:
    company.assign("ada", "acme-management", "AdministratorAccess")

    asked = "bob", "payments-dev", "AdministratorAccess"

    assert refusal(lambda: desk.create(*asked)) == "AccessDeniedException"


def test_the_management_account_itself_may(company: Company, desk: Desk) -> None:
    company.delegate_to(None)

    desk.create("bob", "acme-management")

    assert company.is_assigned("bob", "acme-management", "ReadOnlyAccess")


def test_a_delegate_may_not_list_by_principal(company: Company, desk: Desk) -> None:
    asked = {
        "InstanceArn": company.instance_arn,
        "PrincipalId": company.user("bob").id,
        "PrincipalType": "USER",
    }

    code = refusal(lambda: desk.sso.list_account_assignments_for_principal(**asked))

    assert code == "AccessDeniedException"


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        (
            "sso-admin",
            "list_permission_sets",
            {"InstanceArn": f"arn:aws:sso:::instance/ins-{'a' * 16}"},
        ),
        ("organizations", "list_accounts", {}),
    ],
)
def test_a_plain_member_account_administers_nothing(
    clients: Clients, service: str, operation: str, parameters: dict[str, str]
) -> None:
    client = clients.inside("web-dev", service)

    assert refusal(lambda: getattr(client, operation)(**parameters)) == "AccessDeniedException"


def test_an_account_instance_may_stand_before_the_organisations(
    company: Company, clients: Clients
) -> None:
    company.add_account_instance("data-sandbox")

    listed = clients("sso-admin").list_instances()["Instances"]

    assert [i["OwnerAccountId"] for i in listed] == ["666677778888", "111122223333"]


def test_there_is_no_instance_in_another_region(company: Company, clients: Clients) -> None:
    elsewhere = clients("sso-admin", region_name="eu-central-1")

    assert elsewhere.list_instances()["Instances"] == []
    [found] = elsewhere.list_instances(RegionScope="ALL_REGIONS")["Instances"]
    assert found["PrimaryRegion"] == "us-east-1"


@pytest.mark.parametrize(
    ("field", "value"),
    [("PrincipalId", "not a uuid"), ("TargetType", "ACCOUNT"), ("TargetId", "12345678901a")],
)
def test_what_does_not_fit_the_model_is_refused(desk: Desk, field: str, value: str) -> None:
    parameters = desk.parameters("bob", "payments-dev", "ReadOnlyAccess")

    code = refusal(lambda: desk.sso.create_account_assignment(**{**parameters, field: value}))

    assert code == "ValidationException"


# The organisation


def test_an_empty_page_can_carry_a_token(company: Company, clients: Clients) -> None:
    company.empty_pages = True
    organizations = clients("organizations")

    first = organizations.list_accounts()
    pages = list(organizations.get_paginator("list_accounts").paginate())

    assert (first["Accounts"], bool(first["NextToken"])) == ([], True)
    assert sum(len(page["Accounts"]) for page in pages) == 7


def test_paths_can_be_switched_off(company: Company, clients: Clients) -> None:
    company.paths = False

    described = clients("organizations").describe_account(AccountId="222233334444")["Account"]

    assert "Paths" not in described


def test_a_moved_account_is_somewhere_else(company: Company, clients: Clients) -> None:
    company.move_account("payments-dev", "Sandbox")

    described = clients("organizations").describe_account(AccountId="222233334444")["Account"]

    assert described["Paths"] == ["o-a1b2c3d4e5/r-ab12/ou-ab12-44444444/222233334444/"]


def test_the_delegated_administrator_is_listed(clients: Clients) -> None:
    answer = clients("organizations").list_delegated_administrators(
        ServicePrincipal="sso.amazonaws.com"
    )

    assert [a["Name"] for a in answer["DelegatedAdministrators"]] == ["security-audit"]


def test_five_thousand_accounts_come_in_pages_of_twenty(clock: GivenClock) -> None:
    company = Company(clock)
    for n in range(4_999):
        company.add_account(f"account{n}")
    with AwsStandIn(company) as aws:
        clients = Clients(aws)

        pages = list(clients("organizations").get_paginator("list_accounts").paginate())
        clients.close()

    assert len(pages) == 250
    assert len({a["Id"] for page in pages for a in page["Accounts"]}) == 5_000


# People


def test_a_disabled_user_is_described_as_such(company: Company, clients: Clients) -> None:
    company.disable_user("bob")

    described = clients("identitystore").describe_user(
        IdentityStoreId=company.store_id, UserId=company.user("bob").id
    )

    assert described["UserStatus"] == "DISABLED"


def test_an_address_is_found_in_any_case_where_that_is_switched_on(
    company: Company, clients: Clients
) -> None:
    company.any_case_email = True
    wanted = {"AttributePath": "emails.value", "AttributeValue": "BOB@Example.com"}

    answer = clients("identitystore").get_user_id(
        IdentityStoreId=company.store_id, AlternateIdentifier={"UniqueAttribute": wanted}
    )

    assert answer["UserId"] == company.user("bob").id


def test_who_left_the_group_is_no_member_at_once(company: Company, clients: Clients) -> None:
    company.remove_member("engineers", "bob")

    [answer] = clients("identitystore").is_member_in_groups(
        IdentityStoreId=company.store_id,
        MemberId={"UserId": company.user("bob").id},
        GroupIds=[company.group("engineers").id],
    )["Results"]

    assert answer["MembershipExists"] is False


# Activity


def looked_up(cloudtrail: Any, **more: Any) -> list[dict[str, Any]]:
    pages = cloudtrail.get_paginator("lookup_events").paginate(**more)
    return [event for page in pages for event in page["Events"]]


def test_a_session_shows_in_its_account_newest_first(
    company: Company, clients: Clients, clock: GivenClock
) -> None:
    company.session_activity("bob", "payments-dev", "ReadOnlyAccess", NOON)
    clock.advance(60)

    events = looked_up(clients.inside("payments-dev", "cloudtrail"))

    assert [events[0]["EventName"], events[-1]["EventName"]] == ["PutBucketPolicy", "ConsoleLogin"]
    assert {event["ReadOnly"] for event in events} == {"true", "false"}
    assert {event["Username"] for event in events} == {"bob"}


def test_an_event_says_on_whose_behalf_and_by_which_role(
    company: Company, clients: Clients
) -> None:
    company.session_activity("bob", "payments-dev", "ReadOnlyAccess", NOON, every=0)

    [event, *_] = looked_up(clients.inside("payments-dev", "cloudtrail"))
    who = json.loads(event["CloudTrailEvent"])["userIdentity"]

    assert who["type"] == "AssumedRole"
    assert who["onBehalfOf"]["userId"] == company.user("bob").id
    assert who["sessionContext"]["sessionIssuer"]["userName"].startswith(
        "AWSReservedSSO_ReadOnlyAccess_"
    )
    assert who["arn"].endswith("/bob")


def test_events_stay_in_their_account_and_region(company: Company, clients: Clients) -> None:
    abroad = [ApiCall("s3", "ListBuckets", region="eu-west-1")]
    company.session_activity("bob", "payments-dev", "ReadOnlyAccess", NOON, calls=abroad)

    assert looked_up(clients.inside("payments-dev", "cloudtrail")) == []
    assert looked_up(clients.inside("web-dev", "cloudtrail", region_name="eu-west-1")) == []
    [found] = looked_up(clients.inside("payments-dev", "cloudtrail", region_name="eu-west-1"))
    assert found["EventName"] == "ListBuckets"


def test_events_come_in_pages_of_fifty(
    company: Company, clients: Clients, clock: GivenClock
) -> None:
    many = [ApiCall("s3", "ListBuckets")] * 120
    company.session_activity("bob", "payments-dev", "ReadOnlyAccess", NOON, calls=many)
    clock.advance(600)
    cloudtrail = clients.inside("payments-dev", "cloudtrail")

    pages = list(cloudtrail.get_paginator("lookup_events").paginate())

    assert [len(page["Events"]) for page in pages] == [50, 50, 20]


def test_events_are_looked_up_by_one_attribute_at_most(company: Company, clients: Clients) -> None:
    company.session_activity("bob", "payments-dev", "ReadOnlyAccess", NOON, every=0)
    company.session_activity("eve", "payments-dev", "ReadOnlyAccess", NOON, every=0)
    cloudtrail = clients.inside("payments-dev", "cloudtrail")
    bobs = {"AttributeKey": "Username", "AttributeValue": "bob"}
    reads = {"AttributeKey": "ReadOnly", "AttributeValue": "true"}

    assert len(looked_up(cloudtrail, LookupAttributes=[bobs])) == 10
    code = refusal(lambda: cloudtrail.lookup_events(LookupAttributes=[bobs, reads]))
    assert code == "InvalidLookupAttributesException"


def test_events_are_kept_for_ninety_days(
    company: Company, clients: Clients, clock: GivenClock
) -> None:
    company.session_activity("bob", "payments-dev", "ReadOnlyAccess", NOON, every=0)
    clock.advance(91 * 86_400)
    cloudtrail = clients.inside("payments-dev", "cloudtrail")

    assert looked_up(cloudtrail, StartTime=NOON, EndTime=clock.now) == []


def test_a_time_range_backwards_is_refused(clients: Clients) -> None:
    cloudtrail = clients.inside("payments-dev", "cloudtrail")
    backwards = {"StartTime": NOON, "EndTime": NOON - timedelta(hours=1)}

    code = refusal(lambda: cloudtrail.lookup_events(**backwards))

    assert code == "InvalidTimeRangeException"


def test_a_page_of_more_than_fifty_events_is_refused(clients: Clients) -> None:
    cloudtrail = clients.inside("payments-dev", "cloudtrail")

    code = refusal(lambda: cloudtrail.lookup_events(MaxResults=51))

    assert code == "InvalidMaxResultsException"


def test_events_can_be_late(company: Company, clients: Clients, clock: GivenClock) -> None:
    company.delivery_seconds = 300
    company.session_activity("bob", "payments-dev", "ReadOnlyAccess", NOON, every=0)
    cloudtrail = clients.inside("payments-dev", "cloudtrail")

    at_once = len(looked_up(cloudtrail))
    clock.advance(300)

    assert (at_once, len(looked_up(cloudtrail))) == (0, 10)


def test_a_role_that_was_not_prepared_cannot_be_assumed(company: Company, clients: Clients) -> None:
    company.remove_role(ACTIVITY_ROLE, "payments-dev")

    code = refusal(lambda: clients.inside("payments-dev", "cloudtrail"))

    assert code == "AccessDenied"


def test_a_role_that_went_and_came_back_has_another_name(company: Company) -> None:
    company.assign("bob", "web-dev", "ReadOnlyAccess")
    before = company.role_name("web-dev", "ReadOnlyAccess")

    company.unassign("bob", "web-dev", "ReadOnlyAccess")
    company.assign("bob", "web-dev", "ReadOnlyAccess")

    assert company.role_name("web-dev", "ReadOnlyAccess") != before


def test_in_the_demo_whoever_gets_access_uses_it(
    company: Company, clients: Clients, clock: GivenClock, desk: Desk
) -> None:
    use_what_is_given(company)
    desk.creation(desk.create("bob", "web-dev"))

    clock.advance(60)

    events = looked_up(clients.inside("web-dev", "cloudtrail"))
    assert "ConsoleLogin" in {event["EventName"] for event in events}


# Faults


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("throttling", "ThrottlingException"),
        ("conflict", "ConflictException"),
        ("http500", "InternalServerException"),
        ("access_denied", "AccessDeniedException"),
    ],
)
def test_a_fault_strikes_once_and_the_call_is_not_executed(
    aws: AwsStandIn, company: Company, desk: Desk, kind: str, code: str
) -> None:
    aws.faults.add("CreateAccountAssignment", kind)

    assert refusal(lambda: desk.create("bob", "payments-dev")) == code
    assert company.current_assignments() == []
    desk.create("bob", "payments-dev")
    assert company.is_assigned("bob", "payments-dev", "ReadOnlyAccess")


def test_any_other_error_can_be_ordered_by_its_code(aws: AwsStandIn, desk: Desk) -> None:
    aws.faults.add("CreateAccountAssignment", "error", code="ServiceQuotaExceededException")

    code = refusal(lambda: desk.create("bob", "payments-dev"))

    assert code == "ServiceQuotaExceededException"


def test_organizations_throttles_by_another_name(aws: AwsStandIn, clients: Clients) -> None:
    aws.faults.add("organizations.*", "throttling")

    code = refusal(lambda: clients("organizations").list_accounts())

    assert code == "TooManyRequestsException"


def test_faults_can_be_counted_skipped_and_aimed(aws: AwsStandIn, desk: Desk) -> None:
    aws.faults.add(
        "CreateAccountAssignment", "conflict", times=2, skip=1, where={"TargetId": "222233334444"}
    )

    desk.create("bob", "payments-dev")
    desk.create("bob", "web-dev")

    assert refusal(lambda: desk.create("bob", "payments-dev")) == "ConflictException"
    assert refusal(lambda: desk.create("bob", "payments-dev")) == "ConflictException"
    desk.create("bob", "payments-dev")


def test_a_dropped_connection_means_that_nothing_happened(
    aws: AwsStandIn, company: Company, desk: Desk
) -> None:
    aws.faults.add("CreateAccountAssignment", "drop")

    with pytest.raises(ConnectionClosedError):
        desk.create("bob", "payments-dev")

    assert company.current_assignments() == []


def test_a_lost_answer_means_that_it_happened(
    aws: AwsStandIn, company: Company, desk: Desk
) -> None:
    aws.faults.add("CreateAccountAssignment", "lost_answer")

    with pytest.raises(ConnectionClosedError):
        desk.create("bob", "payments-dev")

    assert company.is_assigned("bob", "payments-dev", "ReadOnlyAccess")


def test_boto3_left_to_itself_sends_a_lost_write_again(
    aws: AwsStandIn, company: Company, clients: Clients
) -> None:
    aws.faults.add("CreateAccountAssignment", "lost_answer")

    Desk(company, clients, sends=2).create("bob", "payments-dev")

    assert aws.calls.count("CreateAccountAssignment") == 2
    assert len(company.current_assignments()) == 1


@pytest.mark.parametrize(("kind", "before"), [("stall", False), ("stall_answer", True)])
def test_a_stalled_call_goes_on_when_released(
    aws: AwsStandIn, company: Company, desk: Desk, kind: str, before: bool
) -> None:
    stalled = aws.faults.add("CreateAccountAssignment", kind)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(desk.create, "bob", "payments-dev")
        assert stalled.reached.wait(10)
        meanwhile = company.is_assigned("bob", "payments-dev", "ReadOnlyAccess")

        stalled.release()

        assert asked.result(10)["Status"] == "IN_PROGRESS"
    assert meanwhile is before
    assert company.is_assigned("bob", "payments-dev", "ReadOnlyAccess")


def test_a_stand_in_that_stops_lets_stalled_calls_go(company: Company) -> None:
    with AwsStandIn(company) as aws, ThreadPoolExecutor(1) as pool:
        clients = Clients(aws)
        stalled = aws.faults.add("ListInstances", "stall")
        asked = pool.submit(clients("sso-admin").list_instances)
        assert stalled.reached.wait(10)

        aws.stop()

        assert not wait([asked], 10).not_done
        clients.close()


def test_a_bug_in_the_stand_in_is_not_hidden(company: Company) -> None:
    aws = AwsStandIn(company).start()
    clients = Clients(aws)
    company.accounts.clear()

    assert refusal(clients("organizations").describe_organization) == "InternalFailure"
    clients.close()
    with pytest.raises(KeyError):
        aws.stop()


# Quotas


def test_the_twenty_first_call_in_a_second_is_throttled(
    aws: AwsStandIn, company: Company, desk: Desk, clock: GivenClock
) -> None:
    aws.quotas.on = True
    asked = {"InstanceArn": company.instance_arn}
    for _ in range(20):
        desk.sso.list_permission_sets(**asked)

    assert refusal(lambda: desk.sso.list_permission_sets(**asked)) == "ThrottlingException"
    clock.advance(0.05)
    desk.sso.list_permission_sets(**asked)


def test_each_family_has_its_own_bucket(aws: AwsStandIn, clients: Clients) -> None:
    aws.quotas.on = True
    organizations = clients("organizations")
    for _ in range(12):
        organizations.list_accounts()

    assert refusal(organizations.list_accounts) == "TooManyRequestsException"
    organizations.describe_account(AccountId="222233334444")


def test_the_tree_shares_one_bucket(aws: AwsStandIn, clients: Clients) -> None:
    aws.quotas.on = True
    organizations = clients("organizations")
    for _ in range(4):
        organizations.list_parents(ChildId="222233334444")
        organizations.list_accounts_for_parent(ParentId="r-ab12")

    code = refusal(lambda: organizations.list_organizational_units_for_parent(ParentId="r-ab12"))

    assert code == "TooManyRequestsException"


def test_lookups_are_two_a_second_in_each_account(aws: AwsStandIn, clients: Clients) -> None:
    aws.quotas.on = True
    here, there = clients.inside("web-dev", "cloudtrail"), clients.inside("web-prod", "cloudtrail")
    here.lookup_events()
    here.lookup_events()

    assert refusal(here.lookup_events) == "ThrottlingException"
    there.lookup_events()


# Calls and control


def test_calls_are_recorded_with_who_where_and_how_it_went(
    aws: AwsStandIn, clients: Clients
) -> None:
    aws.faults.add("LookupEvents", "throttling")
    refusal(clients.inside("web-dev", "cloudtrail", region_name="eu-west-1").lookup_events)

    [call] = aws.calls.of("LookupEvents")

    assert (call.account, call.region, call.role) == ("444455556666", "eu-west-1", ACTIVITY_ROLE)
    assert (call.at, call.outcome) == (NOON, "ThrottlingException")
    aws.calls.clear()
    assert aws.calls.count() == 0


def steer(aws: AwsStandIn, verb: str, words: dict[str, Any] | None = None) -> Any:
    body = None if words is None else json.dumps(words).encode()
    with urlopen(Request(f"{aws.url}/_control/{verb}", data=body)) as answer:
        return json.load(answer)


def test_people_and_accounts_are_steered_over_http(aws: AwsStandIn, company: Company) -> None:
    steer(aws, "members/add", {"group": "engineers", "user": "mallory"})
    steer(aws, "users/disable", {"user": "bob"})
    steer(aws, "accounts/move", {"account": "web-dev", "to": "Production"})
    steer(aws, "accounts/state", {"account": "web-prod", "state": "SUSPENDED"})
    steer(
        aws,
        "assignments/add",
        {"principal": "eve", "account": "web-dev", "permission_set": "ReadOnlyAccess"},
    )

    seen = steer(aws, "snapshot")

    people = {u["name"]: u for u in seen["users"]}
    accounts = {a["name"]: a for a in seen["accounts"]}
    assert (people["mallory"]["groups"], people["bob"]["enabled"]) == (["engineers"], False)
    assert "ou-ab12-33333333" in accounts["web-dev"]["path"]
    assert accounts["web-prod"]["state"] == "SUSPENDED"
    assert [a["principal"] for a in steer(aws, "assignments")] == ["eve"]


def test_faults_and_calls_are_steered_over_http(aws: AwsStandIn, desk: Desk) -> None:
    steer(aws, "faults", {"operation": "CreateAccountAssignment", "kind": "conflict"})

    assert refusal(lambda: desk.create("bob", "web-dev")) == "ConflictException"
    assert steer(aws, "calls?operation=CreateAccountAssignment&count=1") == {"count": 1}
    assert steer(aws, "faults") == []


def test_activity_is_recorded_over_http(aws: AwsStandIn, clients: Clients) -> None:
    words = {"user": "bob", "account": "web-dev", "permission_set": "ReadOnlyAccess"}
    steer(aws, "activity", {**words, "calls": [{"service": "s3", "name": "ListBuckets"}]})

    assert len(looked_up(clients.inside("web-dev", "cloudtrail"))) == 1


def test_settings_are_switched_over_http(aws: AwsStandIn, company: Company) -> None:
    now = steer(aws, "settings", {"operation_seconds": 3, "quotas": True, "paths": False})

    assert (now["result"]["operation_seconds"], now["result"]["quotas"]) == (3.0, True)
    assert (company.operation_seconds, company.paths) == (3.0, False)


@pytest.mark.parametrize(
    ("verb", "words", "status"),
    [("nonsense", {}, 404), ("users/disable", {"user": "nobody"}, 400), ("faults", {}, 400)],
)
def test_a_wrong_verb_says_what_is_wrong(
    aws: AwsStandIn, verb: str, words: dict[str, Any], status: int
) -> None:
    with pytest.raises(HTTPError) as refused:
        steer(aws, verb, words)

    with refused.value as answer:
        assert answer.code == status
        assert json.load(answer)["error"]


# Answers fit the models


def queries(company: Company) -> list[tuple[str, str, dict[str, Any]]]:
    """Each is begun, looked at until it is done, read and stopped, where that can still be."""
    group = company.add_log_group("trail")
    company.tables.add("audit.trail")
    company.workgroups["primary"] = "s3://results/"
    store = company.add_store().rpartition("/")[2]
    company.query_looks = 0
    logs, athena, lake = (uuid_of("query", number) for number in range(3))
    span = {"startTime": 0, "endTime": int(NOON.timestamp()) + 60}
    text = {"logGroupIdentifiers": [group], "queryString": "fields @message"}
    select = ["SELECT eventJson FROM", store, "WHERE readOnly = 'true' ORDER BY eventTime LIMIT 9"]
    lines = {"QueryStatement": " ".join(select)}
    account = "WHERE account = '777788889999' ORDER BY eventtime LIMIT 9"
    rows = {"QueryString": " ".join(['SELECT eventid, errorcode FROM "audit"."trail"', account])}
    return [
        ("logs", "StartQuery", {**text, **span}),
        ("logs", "GetQueryResults", {"queryId": logs, "maxItems": 2}),
        ("athena", "StartQueryExecution", rows),
        ("athena", "GetQueryExecution", {"QueryExecutionId": athena}),
        ("athena", "GetQueryResults", {"QueryExecutionId": athena, "MaxResults": 2}),
        ("athena", "StopQueryExecution", {"QueryExecutionId": athena}),
        ("cloudtrail", "StartQuery", lines),
        ("cloudtrail", "CancelQuery", {"QueryId": lake}),
        ("cloudtrail", "DescribeQuery", {"QueryId": lake}),
        ("cloudtrail", "GetQueryResults", {"QueryId": lake}),
    ]


def every_question(company: Company) -> list[tuple[str, str, dict[str, Any]]]:
    bob, engineers = company.user("bob").id, company.group("engineers").id
    company.may_write_scps.add(company.home_account)
    scp = company.add_scp("cuts")
    arn = company.permission_set("ReadOnlyAccess").arn
    instance = {"InstanceArn": company.instance_arn}
    store = {"IdentityStoreId": company.store_id}
    key = {
        **instance,
        "TargetId": "222233334444",
        "TargetType": "AWS_ACCOUNT",
        "PermissionSetArn": arn,
        "PrincipalType": "USER",
        "PrincipalId": bob,
    }

    def by(path: str, value: str) -> dict[str, Any]:
        unique = {"AttributePath": path, "AttributeValue": value}
        return {**store, "AlternateIdentifier": {"UniqueAttribute": unique}}

    return [
        ("sso-admin", "CreateAccountAssignment", key),
        ("sso-admin", "ListAccountAssignmentCreationStatus", instance),
        (
            "sso-admin",
            "ListAccountAssignments",
            {**instance, "AccountId": "222233334444", "PermissionSetArn": arn},
        ),
        (
            "sso-admin",
            "ListPermissionSetsProvisionedToAccount",
            {**instance, "AccountId": "222233334444"},
        ),
        ("sso-admin", "DeleteAccountAssignment", key),
        ("sso-admin", "ListAccountAssignmentDeletionStatus", instance),
        ("sso-admin", "ListPermissionSets", {**instance, "MaxResults": 1}),
        ("sso-admin", "DescribePermissionSet", {**instance, "PermissionSetArn": arn}),
        ("sso-admin", "ListTagsForResource", {"ResourceArn": arn}),
        ("sso-admin", "ListInstances", {}),
        ("sso-admin", "DescribeInstance", instance),
        ("identitystore", "GetUserId", by("userName", "bob")),
        ("identitystore", "GetGroupId", by("displayName", "engineers")),
        ("identitystore", "DescribeUser", {**store, "UserId": bob}),
        ("identitystore", "DescribeGroup", {**store, "GroupId": engineers}),
        (
            "identitystore",
            "IsMemberInGroups",
            {**store, "MemberId": {"UserId": bob}, "GroupIds": [engineers]},
        ),
        (
            "identitystore",
            "ListGroupMembershipsForMember",
            {**store, "MemberId": {"UserId": bob}},
        ),
        ("identitystore", "ListGroupMemberships", {**store, "GroupId": engineers}),
        ("identitystore", "ListGroups", store),
        ("identitystore", "ListUsers", {**store, "MaxResults": 2}),
        ("organizations", "DescribeOrganization", {}),
        ("organizations", "ListAccounts", {"MaxResults": 2}),
        ("organizations", "DescribeAccount", {"AccountId": "222233334444"}),
        ("organizations", "ListRoots", {}),
        ("organizations", "ListOrganizationalUnitsForParent", {"ParentId": "r-ab12"}),
        (
            "organizations",
            "DescribeOrganizationalUnit",
            {"OrganizationalUnitId": "ou-ab12-11111111"},
        ),
        ("organizations", "ListAccountsForParent", {"ParentId": "ou-ab12-22222222"}),
        ("organizations", "ListParents", {"ChildId": "222233334444"}),
        ("organizations", "ListTagsForResource", {"ResourceId": "222233334444"}),
        ("organizations", "ListDelegatedAdministrators", {}),
        ("organizations", "DescribePolicy", {"PolicyId": "p-FullAWSAccess"}),
        ("organizations", "ListTargetsForPolicy", {"PolicyId": "p-FullAWSAccess"}),
        ("organizations", "UpdatePolicy", {"PolicyId": scp, "Content": PREPARED}),
        ("cloudtrail", "LookupEvents", {"MaxResults": 2}),
        *queries(company),
    ]


def test_every_answer_fits_botocores_model(aws: AwsStandIn, company: Company) -> None:
    company.session_activity("bob", "security-audit", "ReadOnlyAccess", NOON, every=0)
    prefixes = {service: prefix for prefix, service in TARGETS.items()}
    signed = {
        "authorization": "Credential=AKIDEXAMPLE/20261122/us-east-1/any/aws4_request",
        "x-amz-date": "20261122T120000Z",
    }

    wrong = {}
    for service, operation, parameters in every_question(company):
        headers = {**signed, "x-amz-target": f"{prefixes[service]}.{operation}"}
        status, _, body = aws.hear(headers, json.dumps(parameters).encode())
        found = misfits(service, operation, json.loads(body)) if status == 200 else [str(body)]
        wrong.update({operation: found} if found else {})

    assert wrong == {}


# By itself


def test_it_runs_by_itself_and_prints_where_it_is() -> None:
    command = [sys.executable, "-m", "tests.standins.aws", "--operation-seconds", "0.1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        url = process.stdout.readline().strip()
        with urlopen(f"{url}/_control/snapshot") as answer:
            seen = json.load(answer)

        process.send_signal(signal.SIGTERM)

        assert process.wait(10) == 0
    assert len(seen["accounts"]) == 7
