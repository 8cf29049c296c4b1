"""A query that does not come off is told with what to do, is stopped, and never passes for calm."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from grants.errors import AwsBusy, AwsFault, AwsUnsure
from tests.sources import (
    CALL,
    LOOKS,
    NOON,
    QUERIED,
    READS,
    STARTS,
    STOPS,
    Ground,
    a_ground,
)
from tests.standins.aws import Kind

SETTINGS = {
    "cloudwatch_logs": "ELEVATE_ACTIVITY_LOG_GROUP",
    "athena": "ELEVATE_ACTIVITY_ATHENA_TABLE",
    "lake": "ELEVATE_ACTIVITY_EVENT_DATA_STORE",
}
STEPS = [(source, step) for source in QUERIED for step in (STARTS, LOOKS, READS)]


@pytest.fixture
def ground(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    with a_ground(monkeypatch) as ground:
        yield ground


@pytest.fixture(params=QUERIED)
def source(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def some_calls(ground: Ground, count: int = 1) -> list[str]:
    return ground.company.session_activity("bob", "sandbox", "Admin", NOON, calls=CALL * count)


def test_what_is_found_so_far_does_not_pass_for_everything(ground: Ground, source: str) -> None:
    made = some_calls(ground, 10)
    ground.company.query_looks = 6

    evidence = ground.source(source).fetch(ground.session())

    assert sorted(event.id for event in evidence.events) == sorted(made)


def test_a_source_that_has_nothing_of_the_account_says_so(ground: Ground, source: str) -> None:
    some_calls(ground)
    ground.company.session_activity("bob", "other", "Admin", NOON, calls=CALL)
    ground.company.unseen.add(ground.company.account("sandbox").id)

    evidence = ground.source(source).fetch(ground.session())

    assert (evidence.events, evidence.unavailable, evidence.blind) == ((), "", True)


def test_one_that_has_something_of_anybody_there_sees_the_account(
    ground: Ground, source: str
) -> None:
    ground.company.session_activity("bobby", "sandbox", "AdminRO", NOON, calls=CALL)

    evidence = ground.source(source).fetch(ground.session())

    assert (evidence.events, evidence.blind) == ((), False)


def test_what_was_there_before_does_not_say_that_it_sees_the_account_now(
    ground: Ground, source: str
) -> None:
    before = NOON - timedelta(minutes=5)
    ground.company.session_activity("bobby", "sandbox", "Admin", before, calls=CALL)

    assert ground.source(source).fetch(ground.session()).blind


def test_who_has_events_of_the_session_is_not_asked_for_others(ground: Ground, source: str) -> None:
    some_calls(ground)

    assert not ground.source(source).fetch(ground.session()).blind
    assert len(ground.company.queries) == 1


def test_a_second_question_that_fails_is_no_calm_either(ground: Ground, source: str) -> None:
    ground.aws.faults.add(STARTS[source], Kind.ACCESS_DENIED, None, skip=1)

    assert "role" in ground.source(source).fetch(ground.session()).unavailable


def test_a_query_that_is_never_done_is_stopped_and_told(ground: Ground, source: str) -> None:
    some_calls(ground)
    ground.company.query_looks = 10_000

    evidence = ground.source(source, lasts=60).fetch(ground.session())

    assert "not done after 60 seconds, and was stopped" in evidence.unavailable
    assert evidence.events == ()
    assert [query.stopped for query in ground.company.queries.values()] == [True]
    assert 60 <= ground.time.now < 70


def test_a_query_that_cannot_be_stopped_is_told_all_the_same(ground: Ground, source: str) -> None:
    ground.company.query_looks = 10_000
    ground.aws.faults.add(STOPS[source], Kind.ACCESS_DENIED, None)

    evidence = ground.source(source, lasts=10).fetch(ground.session())

    assert "was stopped" in evidence.unavailable


def test_a_query_that_fails_is_told_and_never_an_empty_summary(ground: Ground, source: str) -> None:
    some_calls(ground)
    ground.company.query_failure = "Query exhausted resources at this scale factor"

    evidence = ground.source(source).fetch(ground.session())

    assert evidence.unavailable.startswith("The query failed. AWS said: ")
    assert evidence.events == ()


@pytest.mark.parametrize(("source", "step"), STEPS)
def test_without_the_right_it_says_which(ground: Ground, source: str, step: dict[str, str]) -> None:
    some_calls(ground)
    ground.aws.faults.add(step[source], Kind.ACCESS_DENIED, None)

    evidence = ground.source(source).fetch(ground.session())

    assert "role" in evidence.unavailable
    assert "Not authorized to perform" in evidence.unavailable
    assert evidence.events == ()


@pytest.mark.parametrize(("source", "step"), STEPS)
@pytest.mark.parametrize("kind", [Kind.THROTTLING, Kind.HTTP500, Kind.DROP])
def test_what_passes_is_asked_again(
    ground: Ground, source: str, step: dict[str, str], kind: Kind
) -> None:
    made = some_calls(ground)
    ground.aws.faults.add(step[source], kind, 2)

    evidence = ground.source(source).fetch(ground.session())

    assert [event.id for event in evidence.events] == made


@pytest.mark.parametrize(("source", "step"), STEPS)
@pytest.mark.parametrize(("kind", "fault"), [(Kind.THROTTLING, AwsBusy), (Kind.HTTP500, AwsUnsure)])
def test_what_does_not_pass_is_left_for_another_time(
    ground: Ground, source: str, step: dict[str, str], kind: Kind, fault: type[AwsFault]
) -> None:
    some_calls(ground)
    ground.aws.faults.add(step[source], kind, None)

    with pytest.raises(fault):
        ground.source(source).fetch(ground.session())

    assert not any(query.under_way for query in ground.company.queries.values())


def test_where_too_many_queries_run_it_waits_for_its_turn(ground: Ground, source: str) -> None:
    made = some_calls(ground)
    code = {"cloudwatch_logs": "LimitExceededException", "lake": "MaxConcurrentQueriesException"}
    wanted = code.get(source, "TooManyRequestsException")
    ground.aws.faults.add(STARTS[source], Kind.ERROR, 20, code=wanted)

    evidence = ground.source(source).fetch(ground.session())

    assert [event.id for event in evidence.events] == made
    assert ground.time.now > 5


def test_where_too_many_queries_run_for_ever_it_gives_up(ground: Ground, source: str) -> None:
    ground.company.queries_at_once = 0

    with pytest.raises(AwsBusy):
        ground.source(source, lasts=30).fetch(ground.session())

    assert ground.company.queries == {}


def test_what_is_not_there_is_told_with_the_setting_to_correct(ground: Ground, source: str) -> None:
    ground.company.log_groups.clear()
    ground.company.tables.clear()
    ground.company.stores.clear()

    evidence = ground.source(source).fetch(ground.session())

    assert SETTINGS[source] in evidence.unavailable
    assert evidence.events == ()


def test_of_more_than_it_reads_it_reads_the_newest_and_says_so(ground: Ground, source: str) -> None:
    made = some_calls(ground, 12)

    evidence = ground.source(source, rows=5).fetch(ground.session())

    assert evidence.truncated
    assert sorted(event.id for event in evidence.events) == sorted(made[-5:])


def test_what_just_fits_is_not_called_too_much(ground: Ground, source: str) -> None:
    some_calls(ground, 12)

    evidence = ground.source(source, rows=13).fetch(ground.session())

    assert (len(evidence.events), evidence.truncated) == (12, False)


def test_one_that_is_twice_on_its_pages_counts_once(ground: Ground, source: str) -> None:
    """A trail may deliver a record more than once."""
    record = ground.record()
    for _ in range(2_500):
        ground.put(record)

    evidence = ground.source(source).fetch(ground.session())

    assert len(evidence.events) == 1
    assert not evidence.truncated


@pytest.mark.parametrize("field", ["user_id", "account_id"])
@pytest.mark.parametrize("wrong", ["' OR '1'='1", '" or 1 = 1', "١٢٣٤٥٦٧٨٩٠١٢", "200000000001\n"])
def test_an_id_that_aws_never_wrote_is_put_into_no_query(
    ground: Ground, source: str, field: str, wrong: str
) -> None:
    forging: dict[str, Any] = {field: wrong}
    forged = replace(ground.session(), **forging)

    evidence = ground.source(source).fetch(forged)

    assert evidence.unavailable
    assert ground.aws.calls.count() == 0


def test_an_access_that_goes_on_is_read_up_to_now(ground: Ground, source: str) -> None:
    made = some_calls(ground)
    going_on = replace(ground.session(), end=NOON + timedelta(hours=9))

    assert [event.id for event in ground.source(source).fetch(going_on).events] == made


def test_a_bot_that_stops_waits_for_no_query(ground: Ground, source: str) -> None:
    ground.company.query_looks = 10_000
    ground.time.meanwhile = ground.limiter.shut

    with pytest.raises(AwsBusy, match="stopping"):
        ground.source(source).fetch(ground.session())

    assert ground.aws.calls.count(LOOKS[source]) == 0
