"""CloudTrail Lake: a store is asked by id or ARN, and whoever has none is told that none is to be had."""

from collections.abc import Iterator

import pytest

from grants.aws.cloudtrail.lake import ANY, QUERY, Lake
from tests.sources import CALL, NOON, Ground, a_ground


@pytest.fixture
def ground(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    with a_ground(monkeypatch) as ground:
        yield ground


def test_the_query_holds_ids_and_instants_and_nothing_else(ground: Ground) -> None:
    session = ground.session()

    ground.source("lake").fetch(session)

    begun = [call.parameters["QueryStatement"] for call in ground.aws.calls.of("StartQuery")]
    facts = {
        "store": ground.store.rpartition("/")[2],
        "since": "2026-11-22 12:00:00",
        "until": "2026-11-22 13:00:00",
        "account": session.account_id,
        "user": session.user_id,
        "rows": 100_000,
    }
    assert begun == [QUERY.format(**facts), ANY.format(**facts)]


def test_a_store_of_the_management_account_is_asked_as_its_own(ground: Ground) -> None:
    ground.source("lake").fetch(ground.session())

    owners = {call.parameters["EventDataStoreOwnerAccountId"] for call in ground.aws.calls}
    assert owners == {ground.company.management_account}


def test_a_store_may_be_named_by_its_id_alone(ground: Ground) -> None:
    made = ground.company.session_activity("bob", "sandbox", "Admin", NOON, calls=CALL)
    store = ground.store.rpartition("/")[2]

    engine = Lake(ground.clients, ground.limiter, event_data_store=store)
    evidence = ground.queried(engine).fetch(ground.session())

    assert [event.id for event in evidence.events] == made


def test_a_store_in_another_region_is_asked_there(ground: Ground) -> None:
    arn = ground.company.add_store(region="eu-west-1")
    made = ground.company.session_activity("bob", "sandbox", "Admin", NOON, calls=CALL)

    engine = Lake(ground.clients, ground.limiter, event_data_store=arn)
    evidence = ground.queried(engine).fetch(ground.session())

    assert [event.id for event in evidence.events] == made
    assert {call.region for call in ground.aws.calls} == {"eu-west-1"}


def test_it_pages_by_a_thousand_rows(ground: Ground) -> None:
    ground.company.session_activity("bob", "sandbox", "Admin", NOON, calls=CALL * 2_001, every=0.1)

    evidence = ground.source("lake").fetch(ground.session())

    assert len(evidence.events) == 2_001
    assert ground.aws.calls.count("GetQueryResults") == 3


def test_whoever_has_no_store_is_told_that_none_is_to_be_had(ground: Ground) -> None:
    ground.company.stores.clear()

    evidence = ground.source("lake").fetch(ground.session())

    assert "closed to new customers" in evidence.unavailable
    assert "choose another source" in evidence.unavailable
