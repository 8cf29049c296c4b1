"""What somebody did is told as CloudTrail, CloudTrail Lake and CloudWatch Logs tell it."""

from __future__ import annotations

import json
from datetime import timedelta

from tests.standin_aws.hands import NOON, Clients, Desk, GivenClock, looked_up, refusal
from tests.standins.aws import ACTIVITY_ROLE, ApiCall, Company
from tests.standins.aws.demo_company import use_what_is_given


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
