"""The AWS stand-in's service control policies: what it refuses, whom they deny, and where."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.clock import FakeClock
from tests.standins.aws import AwsStandIn, Company, small_company
from tests.standins.aws.scps import FULL, PREPARED

PROD, ADMIN = "payments-prod", "AdministratorAccess"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def company(clock: FakeClock) -> Company:
    company = small_company(clock)
    company.may_write_scps.add(company.account("security-audit").id)
    company.add_scp("cuts", scp_id="p-1a2b3c4d5e")
    for account in (PROD, "web-prod"):
        company.assign("bob", account, ADMIN)
    return company


@pytest.fixture
def orgs(company: Company) -> Iterator[Any]:
    session = boto3.Session("AKIDEXAMPLE", "secret", region_name="us-east-1")
    with AwsStandIn(company) as aws:
        client: Any = session.client("organizations", endpoint_url=aws.url)
        yield client
        client.close()


def denying(company: Company, clock: FakeClock, **more: Any) -> str:
    condition = {
        "StringEquals": {"identitystore:UserId": company.user("bob").id},
        "DateLessThan": {"aws:TokenIssueTime": clock().isoformat()},
        **more,
    }
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}
    return json.dumps({"Version": "2012-10-17", "Statement": [deny]}, indent=1)


def test_it_is_kept_to_the_letter_and_its_name_stays(
    orgs: Any, company: Company, clock: FakeClock
) -> None:
    document = denying(company, clock)

    orgs.update_policy(PolicyId="p-1a2b3c4d5e", Content=document)

    found = orgs.describe_policy(PolicyId="p-1a2b3c4d5e")["Policy"]
    assert found["Content"] == document
    assert (found["PolicySummary"]["Name"], found["PolicySummary"]["Type"]) == (
        "cuts",
        "SERVICE_CONTROL_POLICY",
    )


def test_it_denies_below_where_it_is_attached_and_nowhere_else(
    company: Company, clock: FakeClock
) -> None:
    before = clock() - timedelta(minutes=10)
    company.put_scp("p-1a2b3c4d5e", denying(company, clock))
    assert company.session_allowed("bob", PROD, ADMIN, before)

    company.attach_scp("p-1a2b3c4d5e", PROD)

    assert not company.session_allowed("bob", PROD, ADMIN, before)
    assert company.session_allowed("bob", PROD, ADMIN, clock())
    assert company.session_allowed("bob", "web-prod", ADMIN, before)
    company.attach_scp("p-1a2b3c4d5e", "Workloads")
    assert not company.session_allowed("bob", "web-prod", ADMIN, before)


def test_the_management_account_is_out_of_its_reach(company: Company, clock: FakeClock) -> None:
    company.assign("bob", "acme-management", ADMIN)
    company.put_scp("p-1a2b3c4d5e", denying(company, clock))

    company.attach_scp("p-1a2b3c4d5e", "root")

    assert company.session_allowed("bob", "acme-management", ADMIN, clock() - timedelta(minutes=1))


def test_targets_come_in_pages(orgs: Any, company: Company) -> None:
    accounts = [company.add_account(f"a{number}") for number in range(25)]
    for account in accounts:
        company.attach_scp("p-1a2b3c4d5e", account)

    first = orgs.list_targets_for_policy(PolicyId="p-1a2b3c4d5e")
    second = orgs.list_targets_for_policy(PolicyId="p-1a2b3c4d5e", NextToken=first["NextToken"])

    found = [each["TargetId"] for each in first["Targets"] + second["Targets"]]
    assert (len(first["Targets"]), found) == (20, accounts)


NOT_TAKEN = {
    "x" * 10_241: "ConstraintViolationException",
    "no JSON": "MalformedPolicyDocumentException",
    '{"Version": "2012-10-17", "Statement": []}': "MalformedPolicyDocumentException",
    '{"Statement": [{"Action": "*"}]}': "MalformedPolicyDocumentException",
    '{"Statement": [{"Sid": "a-b", "Effect": "Deny"}]}': "MalformedPolicyDocumentException",
}


def test_what_aws_does_not_take_is_refused_and_nothing_changes(orgs: Any, company: Company) -> None:
    for document, code in NOT_TAKEN.items():
        with pytest.raises(ClientError, match=code):
            orgs.update_policy(PolicyId="p-1a2b3c4d5e", Content=document)

    assert company.scp("p-1a2b3c4d5e").content == PREPARED
    with pytest.raises(ClientError, match="InvalidInputException"):
        orgs.update_policy(PolicyId=FULL, Content=PREPARED)
    with pytest.raises(ClientError, match="PolicyNotFoundException"):
        orgs.describe_policy(PolicyId="p-0000000000")


def test_whom_nobody_has_delegated_it_to_may_not(orgs: Any, company: Company) -> None:
    company.may_write_scps.clear()

    for ask in (orgs.describe_policy, orgs.update_policy, orgs.list_targets_for_policy):
        with pytest.raises(ClientError, match="AccessDeniedException"):
            ask(PolicyId="p-1a2b3c4d5e")
