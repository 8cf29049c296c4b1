"""A session's activity is its own and nobody else's, and what could not be seen is said."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from threading import Condition
from typing import Any

import pytest

from grants.activity import Event, Session
from grants.aws.assumed import Assumed
from grants.aws.clients import Credentials
from grants.aws.cloudtrail.lookup_events import LookupEvents
from grants.aws.cloudtrail.none import NoTrail
from grants.aws.cloudtrail.records import UnreadableRecordError, event_of
from grants.aws.instance import Finder
from grants.aws.limiter import Limiter
from grants.errors import AwsUnsure
from grants.model import AccountId, UserId
from grants.ports import Trail
from tests.addresses import Address, an_aws
from tests.standins.aws import ACTIVITY_ROLE, ApiCall, AwsStandIn, Company, Kind

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=2)
REGIONS = ("us-east-1", "eu-west-1")

Look = Callable[..., Trail]


class GivenTime:
    """Passes only when somebody waits."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def wait(self, moved: Condition, seconds: float | None) -> None:
        self.now += seconds or 1


@pytest.fixture
def company() -> Company:
    company = Company(lambda: LATER)
    company.add_account("sandbox")
    company.add_account("other")
    for user in ("bob", "bobby", "o'neil", "bob_by"):
        company.add_user(user, f"{user}@example.com")
    for permission_set in ("Admin", "AdminRO", "Admin_RO", "RO"):
        company.add_permission_set(permission_set)
    company.prepare_role(ACTIVITY_ROLE)
    return company


@pytest.fixture
def place(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[AwsStandIn, Address]]:
    with an_aws(company) as (aws, address):
        monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
        yield aws, address


@pytest.fixture
def aws(place: tuple[AwsStandIn, Address]) -> AwsStandIn:
    return place[0]


@pytest.fixture
def time() -> GivenTime:
    return GivenTime()


@pytest.fixture
def look(place: tuple[AwsStandIn, Address], time: GivenTime) -> Look:
    limiter = Limiter(monotonic=time, wait=time.wait)
    clients = place[1].clients
    assumed = Assumed(clients, monotonic=time)

    def made(*, pages: int = 40, role: str = ACTIVITY_ROLE) -> Trail:
        finder = Finder(clients, limiter)
        return LookupEvents(assumed, finder, limiter, role=role, regions=REGIONS, pages=pages)

    return made


def session_of(
    company: Company, user: str = "bob", account: str = "sandbox", permission_set: str = "Admin"
) -> Session:
    return Session(
        account_id=AccountId(company.account(account).id),
        user_id=UserId(company.user(user).id),
        user_name=user,
        permission_set_name=permission_set,
        start=NOON,
        end=NOON + timedelta(hours=1),
        ended_at=NOON + timedelta(minutes=30),
    )


CALL = (ApiCall("s3", "DeleteBucket", write=True, error="AccessDenied", region="eu-west-1"),)


def test_an_event_says_what_was_done(company: Company, look: Look) -> None:
    [id_] = company.session_activity("bob", "sandbox", "Admin", NOON, calls=CALL)

    evidence = look().fetch(session_of(company))

    [event] = evidence.events
    assert (event.id, event.at, event.service, event.action) == (id_, NOON, "s3", "DeleteBucket")
    assert (event.read_only, event.error, event.region) == (False, "AccessDenied", "eu-west-1")
    assert event.address == "198.51.100.7"
    assert not event.matched_by_name
    assert (evidence.source, evidence.regions, evidence.unavailable) == (
        "lookup_events",
        REGIONS,
        "",
    )


@pytest.mark.parametrize("on_behalf_of", [True, False])
@pytest.mark.parametrize("name", ["bob", "bobby", "o'neil", "bob_by"])
def test_somebody_whose_name_begins_alike_is_somebody_else(
    company: Company, look: Look, name: str, on_behalf_of: bool
) -> None:
    ids = {
        user: company.session_activity(
            user, "sandbox", "Admin", NOON, calls=CALL, on_behalf_of=on_behalf_of
        )
        for user in ("bob", "bobby", "o'neil", "bob_by")
    }

    found = look().fetch(session_of(company, name))

    assert [event.id for event in found.events] == ids[name]
    assert all(event.matched_by_name is not on_behalf_of for event in found.events)


@pytest.mark.parametrize("name", ["Admin", "AdminRO", "Admin_RO", "RO"])
def test_a_permission_set_whose_name_begins_or_ends_alike_is_another(
    company: Company, look: Look, name: str
) -> None:
    ids = {
        permission_set: company.session_activity("bob", "sandbox", permission_set, NOON, calls=CALL)
        for permission_set in ("Admin", "AdminRO", "Admin_RO", "RO")
    }

    found = look().fetch(session_of(company, permission_set=name))

    assert [event.id for event in found.events] == ids[name]


def test_another_account_and_another_hour_are_left_out(company: Company, look: Look) -> None:
    company.session_activity("bob", "other", "Admin", NOON, calls=CALL)
    for minutes in (-1, 61):
        at = NOON + timedelta(minutes=minutes)
        company.session_activity("bob", "sandbox", "Admin", at, calls=CALL)

    assert look().fetch(session_of(company)).events == ()


def test_a_user_who_was_renamed_is_still_the_same_user(company: Company, look: Look) -> None:
    ids = company.session_activity(
        "bob", "sandbox", "Admin", NOON, calls=CALL, session_name="robert"
    )

    assert [event.id for event in look().fetch(session_of(company)).events] == ids


def record(company: Company, **changes: Any) -> dict[str, Any]:
    company.session_activity("bob", "sandbox", "Admin", NOON, calls=CALL)
    sandbox = company.account("sandbox").id
    [event] = company.events_in(sandbox, "eu-west-1", NOON, NOON)
    whole = json.loads(json.dumps(event.record))
    whole["userIdentity"].update(changes)
    return dict(whole)


def test_a_role_that_only_looks_like_identity_centers_counts_for_nothing(
    company: Company,
) -> None:
    forged = record(company, onBehalfOf=None)
    issuer = forged["userIdentity"]["sessionContext"]["sessionIssuer"]
    issuer["arn"] = issuer["arn"].replace("aws-reserved/sso.amazonaws.com/", "")

    assert event_of(json.dumps(forged), session_of(company)) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "IAMUser"},
        {"arn": ""},
        {"arn": "arn:aws:sts::200000000001:assumed-role/Deployer/bob"},
        {"arn": "arn:aws:sts::200000000001:assumed-role/AWSReservedSSO_Admin_1/bob/x"},
    ],
)
def test_whoever_is_no_session_of_the_kind_is_left_out(
    company: Company, changes: dict[str, str]
) -> None:
    strange = record(company, onBehalfOf=None, **changes)

    assert not isinstance(event_of(json.dumps(strange), session_of(company)), Event)


@pytest.mark.parametrize(
    "text",
    [
        '{"requestParameters":' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"eventTime": "0001-01-01T00:00:00+14:00"',
    ],
    ids=["nested without end", "cut off"],
)
def test_what_breaks_whoever_reads_it_is_a_record_that_cannot_be_read(
    company: Company, text: str
) -> None:
    with pytest.raises(UnreadableRecordError):
        event_of(text, session_of(company))


def test_a_time_before_all_time_is_one_that_cannot_be_read(company: Company) -> None:
    before = {**record(company), "eventTime": "0001-01-01T00:00:00+14:00"}

    with pytest.raises(UnreadableRecordError):
        event_of(json.dumps(before), session_of(company))


@pytest.mark.parametrize(
    ("said", "meant"),
    [(True, True), ("true", True), (False, False), ("false", False), (None, False)],
)
def test_reading_is_told_from_writing_however_it_is_written(
    company: Company, said: object, meant: bool
) -> None:
    event = event_of(json.dumps({**record(company), "readOnly": said}), session_of(company))

    assert isinstance(event, Event)
    assert event.read_only is meant


def test_a_session_that_begins_within_a_second_keeps_its_first_event(company: Company) -> None:
    text = json.dumps(record(company))
    session = session_of(company)
    late = Session(
        session.account_id,
        session.user_id,
        session.user_name,
        session.permission_set_name,
        NOON + timedelta(milliseconds=700),
        session.end,
        session.ended_at,
    )

    assert event_of(text, late) is not None


def test_more_than_one_page_is_read_to_its_end(company: Company, look: Look) -> None:
    company.session_activity("bob", "sandbox", "Admin", NOON, calls=CALL * 120)

    evidence = look().fetch(session_of(company))

    assert len(evidence.events) == 120
    assert not evidence.truncated


def test_a_bound_that_was_reached_is_told_and_the_name_still_finds_the_session(
    company: Company, look: Look
) -> None:
    company.session_activity("bob", "sandbox", "Admin", NOON, calls=CALL * 20)
    noisy = NOON + timedelta(minutes=1)
    company.session_activity("bobby", "sandbox", "Admin", noisy, calls=CALL * 200)

    evidence = look(pages=2).fetch(session_of(company))

    assert evidence.truncated
    assert len(evidence.events) == 20


def test_a_missing_role_is_told_with_what_to_do(company: Company, look: Look) -> None:
    evidence = look(role="ElevateNowhere").fetch(session_of(company))

    assert "ElevateNowhere" in evidence.unavailable
    assert company.account("sandbox").id in evidence.unavailable
    assert "ELEVATE_ACTIVITY_ROLE" in evidence.unavailable
    assert evidence.events == ()


def test_a_role_that_may_not_look_is_told_and_never_an_empty_summary(
    company: Company, look: Look, aws: AwsStandIn
) -> None:
    aws.faults.add("LookupEvents", Kind.ACCESS_DENIED, None)

    assert "cloudtrail:LookupEvents" in look().fetch(session_of(company)).unavailable


def test_a_region_that_cannot_be_read_is_named_and_the_others_are_read(
    company: Company, look: Look, aws: AwsStandIn
) -> None:
    ids = company.session_activity("bob", "sandbox", "Admin", NOON, calls=CALL)
    aws.faults.add("LookupEvents", Kind.ACCESS_DENIED, 1)

    evidence = look().fetch(session_of(company))

    assert list(evidence.regions_missing) == ["us-east-1"]
    assert evidence.regions == ("eu-west-1",)
    assert [event.id for event in evidence.events] == ids
    assert evidence.unavailable == ""


def test_throttled_it_slows_down_and_goes_on(
    company: Company, look: Look, aws: AwsStandIn, time: GivenTime
) -> None:
    ids = company.session_activity("bob", "sandbox", "Admin", NOON, calls=CALL)
    aws.faults.add("LookupEvents", Kind.THROTTLING, 2)

    evidence = look().fetch(session_of(company))

    assert [event.id for event in evidence.events] == ids
    assert evidence.regions == REGIONS
    assert time.now > 1


def test_sts_that_lost_its_answer_is_asked_again_another_time(
    company: Company, look: Look, aws: AwsStandIn
) -> None:
    aws.faults.add("AssumeRole", Kind.ERROR, None, code="RequestTimeoutException")

    with pytest.raises(AwsUnsure):
        look().fetch(session_of(company))


def test_the_role_is_assumed_once_while_its_credentials_are_good(
    company: Company, look: Look, aws: AwsStandIn, time: GivenTime
) -> None:
    for _ in range(3):
        look().fetch(session_of(company))
    assert aws.calls.count("AssumeRole") == 1

    time.now += 900
    look().fetch(session_of(company))
    assert aws.calls.count("AssumeRole") == 2


def test_credentials_never_show_themselves(company: Company) -> None:
    assert "s3cret" not in f"{Credentials('AKID', 's3cret', 's3cret')!r}"


def test_no_source_is_told_with_its_reason(company: Company) -> None:
    evidence = NoTrail("Activity is switched off.").fetch(session_of(company))

    assert (evidence.source, evidence.unavailable) == ("none", "Activity is switched off.")
