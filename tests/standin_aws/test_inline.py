"""The AWS stand-in's inline policies: when they reach an account, and which sessions they deny."""

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

PROD, ADMIN = "payments-prod", "AdministratorAccess"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def company(clock: FakeClock) -> Company:
    company = small_company(clock, delegated=False, operation_seconds=5)
    company.assign("bob", PROD, ADMIN)
    company.assign("dan", PROD, ADMIN)
    return company


@pytest.fixture
def sso(company: Company) -> Iterator[Any]:
    session = boto3.Session("AKIDEXAMPLE", "secret", region_name="us-east-1")
    with AwsStandIn(company) as aws:
        client: Any = session.client("sso-admin", endpoint_url=aws.url)
        yield client
        client.close()


def names(company: Company) -> dict[str, str]:
    arn = company.permission_set(ADMIN).arn
    return {"InstanceArn": company.instance_arn, "PermissionSetArn": arn}


def provisioned(sso: Any, company: Company, account: str = PROD) -> str:
    answer = sso.provision_permission_set(
        **names(company), TargetType="AWS_ACCOUNT", TargetId=company.account(account).id
    )
    return str(answer["PermissionSetProvisioningStatus"]["RequestId"])


def status(sso: Any, company: Company, request: str) -> str:
    answer = sso.describe_permission_set_provisioning_status(
        InstanceArn=company.instance_arn, ProvisionPermissionSetRequestId=request
    )
    return str(answer["PermissionSetProvisioningStatus"]["Status"])


def denial(company: Company, clock: FakeClock) -> str:
    condition = {
        "StringEquals": {"identitystore:UserId": company.user("bob").id},
        "DateLessThan": {"aws:TokenIssueTime": clock().isoformat()},
    }
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}
    return json.dumps({"Version": "2012-10-17", "Statement": deny})


def test_what_was_put_is_given_back_and_deleted(sso: Any, company: Company) -> None:
    document = '{"Version": "2012-10-17",  "Statement": [{"Effect": "Deny", "Action": "s3:*"}]}'

    sso.put_inline_policy_to_permission_set(**names(company), InlinePolicy=document)
    there = sso.get_inline_policy_for_permission_set(**names(company))["InlinePolicy"]
    sso.delete_inline_policy_from_permission_set(**names(company))

    assert there == document
    assert sso.get_inline_policy_for_permission_set(**names(company))["InlinePolicy"] == ""


def test_it_denies_once_it_is_provisioned_and_only_whom_and_what_it_names(
    sso: Any, company: Company, clock: FakeClock
) -> None:
    before = clock() - timedelta(minutes=10)
    sso.put_inline_policy_to_permission_set(**names(company), InlinePolicy=denial(company, clock))
    assert company.session_allowed("bob", PROD, ADMIN, before)

    request = provisioned(sso, company)
    assert status(sso, company, request) == "IN_PROGRESS"
    assert company.session_allowed("bob", PROD, ADMIN, before)
    clock.passes(seconds=5)

    assert status(sso, company, request) == "SUCCEEDED"
    assert not company.session_allowed("bob", PROD, ADMIN, before)
    assert company.session_allowed("bob", PROD, ADMIN, clock())
    assert company.session_allowed("dan", PROD, ADMIN, before)


def test_a_role_that_comes_into_being_has_what_the_set_says(
    sso: Any, company: Company, clock: FakeClock
) -> None:
    sso.put_inline_policy_to_permission_set(**names(company), InlinePolicy=denial(company, clock))
    before = clock() - timedelta(minutes=10)

    company.assign("bob", "web-prod", ADMIN)

    assert not company.session_allowed("bob", "web-prod", ADMIN, before)


def test_a_session_of_a_role_that_is_gone_is_over(company: Company, clock: FakeClock) -> None:
    company.unassign("bob", PROD, ADMIN)
    assert company.session_allowed("bob", PROD, ADMIN, clock())

    company.unassign("dan", PROD, ADMIN)

    assert not company.session_allowed("bob", PROD, ADMIN, clock())


def refusal(sso: Any, company: Company, account: str = PROD) -> str:
    with pytest.raises(ClientError) as refused:
        provisioned(sso, company, account)
    return str(refused.value.response["Error"]["Code"])


def test_where_the_set_is_not_in_use_it_is_not_found(sso: Any, company: Company) -> None:
    assert refusal(sso, company, "web-prod") == "ResourceNotFoundException"


def test_one_that_is_under_way_is_a_conflict(sso: Any, company: Company) -> None:
    provisioned(sso, company)

    assert refusal(sso, company) == "ConflictException"


def test_longer_than_aws_takes_is_refused(sso: Any, company: Company) -> None:
    long = json.dumps({"Statement": [{"Effect": "Deny", "Action": "x" * 10_240}]})

    with pytest.raises(ClientError, match="too long"):
        sso.put_inline_policy_to_permission_set(**names(company), InlinePolicy=long)
