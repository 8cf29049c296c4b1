"""Athena: only what AWS wrote is a parameter, and a record is put together from its columns."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from grants.aws.cloudtrail.athena_rows import COLUMNS, parameters, record_of
from grants.aws.cloudtrail.querying import Asked
from tests.sources import CALL, NOON, RESULTS, Ground, a_ground
from tests.standins.aws import Kind


@pytest.fixture
def ground(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    with a_ground(monkeypatch) as ground:
        yield ground


def test_what_it_asks_for_is_given_as_quoted_parameters(ground: Ground) -> None:
    session = ground.session()

    ground.source("athena").fetch(session)

    begun, about_anybody = ground.aws.calls.of("StartQueryExecution")
    assert begun.parameters["ExecutionParameters"] == [
        f"'{session.account_id}'",
        "'2026/11/22'",
        "'2026/11/23'",
        "'2026-11-22T12:00:00Z'",
        "'2026-11-22T13:00:00Z'",
        f"'{session.user_id}'",
    ]
    given = begun.parameters["ExecutionParameters"]
    assert about_anybody.parameters["ExecutionParameters"] == given[:-1]
    assert session.account_id not in begun.parameters["QueryString"]
    assert session.account_id not in about_anybody.parameters["QueryString"]
    assert begun.parameters["ResultConfiguration"] == {"OutputLocation": RESULTS}


def test_the_days_are_those_of_utc() -> None:
    asked = Asked("200000000001", "id", NOON, NOON + timedelta(hours=13))

    assert parameters(asked)[1:3] == ["'2026/11/22'", "'2026/11/24'"]


def test_a_query_whose_answer_was_lost_is_not_paid_twice(ground: Ground) -> None:
    made = ground.company.session_activity("bob", "sandbox", "Admin", NOON, calls=CALL)
    ground.aws.faults.add("StartQueryExecution", Kind.LOST_ANSWER)

    evidence = ground.source("athena").fetch(ground.session())

    assert [event.id for event in evidence.events] == made
    assert len(ground.company.queries) == 1


def test_a_file_that_is_delivered_the_next_day_is_found(ground: Ground) -> None:
    ground.company.log_seconds_late = 12 * 3600
    made = ground.company.session_activity("bob", "sandbox", "Admin", NOON, calls=CALL)

    evidence = ground.source("athena").fetch(ground.session())

    assert [event.id for event in evidence.events] == made


def test_a_workgroup_that_is_not_there_is_told_with_its_name(ground: Ground) -> None:
    trail = ground.queried(ground.athena(workgroup="elevate"))

    evidence = trail.fetch(ground.session())

    assert "ELEVATE_ACTIVITY_ATHENA_WORKGROUP (elevate)" in evidence.unavailable


def test_a_place_for_results_that_nobody_named_is_told(ground: Ground) -> None:
    trail = ground.queried(ground.athena(output=""))

    evidence = trail.fetch(ground.session())

    assert "ELEVATE_ACTIVITY_ATHENA_OUTPUT (unset" in evidence.unavailable


def test_a_workgroup_with_a_place_of_its_own_needs_none(ground: Ground) -> None:
    ground.company.workgroups["elevate"] = "s3://elsewhere/"
    made = ground.company.session_activity("bob", "sandbox", "Admin", NOON, calls=CALL)
    trail = ground.queried(ground.athena(workgroup="elevate", output=""))

    assert [event.id for event in trail.fetch(ground.session()).events] == made


def test_the_header_is_no_record_on_any_page(ground: Ground) -> None:
    ground.company.session_activity("bob", "sandbox", "Admin", NOON, calls=CALL * 2_500, every=0.1)

    evidence = ground.source("athena").fetch(ground.session())

    assert len(evidence.events) == 2_500
    assert evidence.unreadable == 0


def test_what_is_nested_without_end_is_left_out_of_a_record() -> None:
    deep = "[" * 100_000 + "]" * 100_000

    record = record_of([{"VarCharValue": deep} for _ in COLUMNS])

    assert (record["requestParameters"], record["responseElements"]) == (None, None)


def test_a_record_has_the_shape_that_cloudtrail_writes() -> None:
    cells = [
        "id", "2026-11-22T12:00:00Z", "sts.amazonaws.com", "AssumeRole", "false", None, "us-east-1",
        "192.0.2.1", "aws-cli", "AwsApiCall", "AssumedRole", "arn:…", "200000000001",
        "ASIA1", "user",
        "arn:issuer", "2026-11-22T11:00:00Z", '{"roleArn":"arn:…"}', "null", "200000000001", "true",
    ]  # fmt: skip

    record = record_of([{} if cell is None else {"VarCharValue": cell} for cell in cells])

    assert record == {
        "eventID": "id",
        "eventTime": "2026-11-22T12:00:00Z",
        "eventSource": "sts.amazonaws.com",
        "eventName": "AssumeRole",
        "readOnly": "false",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "192.0.2.1",
        "userAgent": "aws-cli",
        "eventType": "AwsApiCall",
        "userIdentity": {
            "type": "AssumedRole",
            "arn": "arn:…",
            "accountId": "200000000001",
            "accessKeyId": "ASIA1",
            "onBehalfOf": {"userId": "user"},
            "sessionContext": {
                "sessionIssuer": {"arn": "arn:issuer"},
                "attributes": {"creationDate": "2026-11-22T11:00:00Z"},
            },
        },
        "requestParameters": {"roleArn": "arn:…"},
        "responseElements": None,
        "recipientAccountId": "200000000001",
        "managementEvent": "true",
    }
