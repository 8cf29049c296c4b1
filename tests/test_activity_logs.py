"""CloudWatch Logs Insights: the group is found by name or ARN, and late lines are found too."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from grants.aws.cloudtrail.cloudwatch_logs import ANY, QUERY, CloudWatchLogs
from tests.sources import CALL, GROUP, NOON, Ground, a_ground


@pytest.fixture
def ground(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    with a_ground(monkeypatch) as ground:
        yield ground


def test_the_query_holds_two_ids_and_nothing_else(ground: Ground) -> None:
    session = ground.session()

    ground.source("cloudwatch_logs").fetch(session)

    begun = [dict(call.parameters) for call in ground.aws.calls.of("StartQuery")]
    asked = {
        "logGroupIdentifiers": [GROUP],
        "startTime": NOON.timestamp(),
        "endTime": (NOON + timedelta(hours=2)).timestamp(),
    }
    of_session = QUERY.format(account=session.account_id, user=session.user_id)
    assert begun == [
        {**asked, "queryString": of_session, "limit": 100_000},
        {**asked, "queryString": ANY.format(account=session.account_id), "limit": 1},
    ]


def test_a_group_in_another_region_is_asked_there(ground: Ground) -> None:
    arn = ground.company.add_log_group("trail", region="eu-west-1")
    made = ground.company.session_activity("bob", "sandbox", "Admin", NOON, calls=CALL)

    engine = CloudWatchLogs(ground.clients, ground.limiter, log_group=arn)
    evidence = ground.queried(engine).fetch(ground.session())

    assert [event.id for event in evidence.events] == made
    assert {call.region for call in ground.aws.calls} == {"eu-west-1"}


def test_a_line_that_is_dated_when_it_was_delivered_is_found(ground: Ground) -> None:
    ground.company.log_seconds_late = 1_800
    last = NOON + timedelta(minutes=59)
    made = ground.company.session_activity("bob", "sandbox", "Admin", last, calls=CALL)

    evidence = ground.source("cloudwatch_logs").fetch(ground.session())

    assert [event.id for event in evidence.events] == made


def test_it_pages_by_ten_thousand_rows(ground: Ground) -> None:
    ground.company.session_activity("bob", "sandbox", "Admin", NOON, calls=CALL * 10_001, every=0.1)

    evidence = ground.source("cloudwatch_logs").fetch(ground.session())

    asked = [call.parameters["maxItems"] for call in ground.aws.calls.of("GetQueryResults")]
    assert len(evidence.events) == 10_001
    assert asked == [1, 1, 1, 10_000, 10_000]
