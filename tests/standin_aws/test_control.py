"""Its calls are told, it is steered from outside, and its answers fit the models."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.standin_aws.hands import NOON, Clients, Desk, looked_up, refusal
from tests.standins.aws import ACTIVITY_ROLE, AwsStandIn, Company
from tests.standins.aws.ground import uuid_of
from tests.standins.aws.scps import PREPARED
from tests.standins.aws.shapes import misfits
from tests.standins.aws.speech import TARGETS

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
