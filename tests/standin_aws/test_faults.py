"""It breaks in the ways it is asked to, and throttles who asks too much."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait

import pytest
from botocore.exceptions import ConnectionClosedError

from tests.standin_aws.hands import Clients, Desk, GivenClock, refusal
from tests.standins.aws import AwsStandIn, Company

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
