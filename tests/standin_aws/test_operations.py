"""Operations take their time, and not everybody may ask for them."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.standin_aws.hands import Clients, Desk, GivenClock, refusal
from tests.standins.aws import AwsStandIn, Company

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
