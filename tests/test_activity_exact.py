"""A session's activity is its own and nobody else's, whichever source it is read from."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from grants.activity import Evidence, Session
from tests.sources import CALL, NOON, REGIONS, SETS, SOURCES, USERS, Ground, a_ground
from tests.standins.aws import CONSOLE_LOGIN, ApiCall


@pytest.fixture
def ground(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    with a_ground(monkeypatch) as ground:
        yield ground


@pytest.fixture(params=SOURCES)
def source(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def ids(evidence: Evidence) -> list[str]:
    assert evidence.unavailable == ""
    return sorted(event.id for event in evidence.events)


def test_an_event_says_what_was_done(ground: Ground, source: str) -> None:
    [id_] = ground.company.session_activity("bob", "sandbox", "Admin", NOON, calls=CALL)

    evidence = ground.source(source).fetch(ground.session())

    [event] = evidence.events
    assert (event.id, event.at, event.service, event.action) == (id_, NOON, "s3", "DeleteBucket")
    assert (event.read_only, event.error, event.region) == (False, "AccessDenied", "eu-west-1")
    assert (event.address, event.matched_by_name) == ("198.51.100.7", False)
    assert (evidence.source, evidence.truncated, evidence.unreadable) == (source, False, 0)


def test_a_sign_in_to_the_console_is_the_console_s(ground: Ground, source: str) -> None:
    ground.company.session_activity("bob", "sandbox", "Admin", NOON, calls=(CONSOLE_LOGIN,))

    [event] = ground.source(source).fetch(ground.session()).events

    assert (event.action, event.client) == ("ConsoleLogin", "console")


def test_it_says_which_regions_and_events_it_can_see(ground: Ground, source: str) -> None:
    evidence = ground.source(source).fetch(ground.session())

    everything = ((), False)
    assert (evidence.regions, evidence.management_only) == (
        (REGIONS, True) if source == "lookup_events" else everything
    )


@pytest.mark.parametrize("on_behalf_of", [True, False], ids=["by id", "by name"])
@pytest.mark.parametrize("name", USERS)
def test_somebody_of_a_similar_name_is_somebody_else(
    ground: Ground, source: str, name: str, on_behalf_of: bool
) -> None:
    made = {
        user: ground.company.session_activity(
            user, "sandbox", "Admin", NOON, calls=CALL, on_behalf_of=on_behalf_of
        )
        for user in USERS
    }

    found = ground.source(source).fetch(ground.session(name))

    assert ids(found) == made[name]
    assert all(event.matched_by_name is not on_behalf_of for event in found.events)


@pytest.mark.parametrize("name", SETS)
def test_a_permission_set_of_a_similar_name_is_another(
    ground: Ground, source: str, name: str
) -> None:
    made = {
        permission_set: ground.company.session_activity(
            "bob", "sandbox", permission_set, NOON, calls=CALL
        )
        for permission_set in SETS
    }

    found = ground.source(source).fetch(ground.session(permission_set=name))

    assert ids(found) == made[name]


def test_another_user_who_took_the_session_name_is_another_user(
    ground: Ground, source: str
) -> None:
    ground.company.session_activity(
        "bobby", "sandbox", "Admin", NOON, calls=CALL, session_name="bob"
    )

    assert ids(ground.source(source).fetch(ground.session())) == []


def test_a_user_who_was_renamed_is_still_the_same_user(ground: Ground, source: str) -> None:
    made = ground.company.session_activity(
        "bob", "sandbox", "Admin", NOON, calls=CALL, session_name="robert"
    )

    assert ids(ground.source(source).fetch(ground.session())) == made


def test_an_account_s_own_role_that_is_called_alike_counts_for_nothing(
    ground: Ground, source: str
) -> None:
    forged = ground.record(onBehalfOf=None)
    issuer = forged["userIdentity"]["sessionContext"]["sessionIssuer"]
    issuer["arn"] = issuer["arn"].replace("aws-reserved/sso.amazonaws.com/", "")
    ground.put(forged)

    assert ids(ground.source(source).fetch(ground.session())) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "IAMUser"},
        {"arn": "arn:aws:sts::200000000001:assumed-role/Deployer/bob"},
        {"arn": "arn:aws:sts::200000000001:assumed-role/XAWSReservedSSO_Admin_1/bob"},
    ],
)
def test_whoever_is_no_session_of_the_kind_is_left_out(
    ground: Ground, source: str, changes: dict[str, str]
) -> None:
    ground.put(ground.record(onBehalfOf=None, **changes))

    assert ids(ground.source(source).fetch(ground.session())) == []


def test_the_same_person_in_another_account_is_left_out(ground: Ground, source: str) -> None:
    ground.company.session_activity("bob", "other", "Admin", NOON, calls=CALL)

    assert ids(ground.source(source).fetch(ground.session())) == []


def test_a_role_of_another_account_at_work_here_is_left_out(ground: Ground, source: str) -> None:
    [there] = ground.company.session_activity("bob", "other", "Admin", NOON, calls=CALL)
    record = ground.taken(there)
    ground.put({**record, "recipientAccountId": ground.company.account("sandbox").id})

    assert ids(ground.source(source).fetch(ground.session())) == []


def test_a_call_on_another_account_s_things_counts_once(ground: Ground, source: str) -> None:
    """CloudTrail writes it down in both accounts, each under an id of its own."""
    record = ground.record()
    here = ground.put(record)
    other = ground.company.account("other").id
    ground.put({**record, "eventID": "there", "recipientAccountId": other}, account="other")

    assert ids(ground.source(source).fetch(ground.session())) == [here]


@pytest.mark.parametrize(
    ("seconds", "counts"), [(-1, False), (0, True), (3600, True), (3601, False), (7000, False)]
)
def test_it_counts_from_the_start_to_the_end_and_no_longer(
    ground: Ground, source: str, seconds: int, counts: bool
) -> None:
    at = NOON + timedelta(seconds=seconds)
    made = ground.company.session_activity("bob", "sandbox", "Admin", at, calls=CALL)

    assert ids(ground.source(source).fetch(ground.session())) == (made if counts else [])


def test_a_session_that_begins_within_a_second_keeps_its_first_event(
    ground: Ground, source: str
) -> None:
    made = ground.company.session_activity("bob", "sandbox", "Admin", NOON, calls=CALL)
    late = replace(ground.session(), start=NOON + timedelta(milliseconds=700))

    assert ids(ground.source(source).fetch(late)) == made


def test_an_event_that_two_regions_tell_counts_once(ground: Ground, source: str) -> None:
    record = ground.record()
    ids_put = {ground.put(record, region=region) for region in REGIONS}

    evidence = ground.source(source).fetch(ground.session())

    assert ids(evidence) == [*ids_put]


@pytest.mark.parametrize(
    ("said", "meant"),
    [(True, True), ("true", True), (False, False), ("false", False), (None, False)],
)
def test_reading_is_told_from_writing_however_it_is_written(
    ground: Ground, source: str, said: object, meant: bool
) -> None:
    ground.put({**ground.record(), "readOnly": said})

    [event] = ground.source(source).fetch(ground.session()).events

    assert event.read_only is meant


def test_a_call_with_very_many_parameters_counts_like_any_other(
    ground: Ground, source: str
) -> None:
    many = {f"parameter{number}": number for number in range(300)}
    made = ground.company.session_activity(
        "bob", "sandbox", "Admin", NOON, calls=[ApiCall("ec2", "RunInstances", request=many)]
    )

    assert ids(ground.source(source).fetch(ground.session())) == made


def test_who_bears_another_name_and_nobody_s_id_is_counted_apart(
    ground: Ground, source: str
) -> None:
    for user, named in (("bob", "Bob"), ("bobby", "bobby")):
        ground.company.session_activity(
            user, "sandbox", "Admin", NOON, calls=CALL, session_name=named, on_behalf_of=False
        )
    ground.company.session_activity("bobby", "sandbox", "Admin", NOON, calls=CALL)
    ground.company.session_activity(
        "bobby", "sandbox", "AdminRO", NOON, calls=CALL, on_behalf_of=False
    )
    later = NOON + timedelta(hours=1, seconds=1)
    ground.company.session_activity(
        "bobby", "sandbox", "Admin", later, calls=CALL, on_behalf_of=False
    )

    evidence = ground.source(source).fetch(ground.session())

    assert (ids(evidence), evidence.nameless) == ([], 2)


def test_that_the_root_of_an_account_was_taken_on_is_told(ground: Ground, source: str) -> None:
    call = ApiCall("sts", "AssumeRoot", request={"targetPrincipal": "200000000002"})
    ground.company.session_activity("bob", "sandbox", "Admin", NOON, calls=(call,))

    [event] = ground.source(source).fetch(ground.session()).events

    assert event.assumed == "root of 200000000002"


def test_a_record_that_cannot_be_read_hides_no_other_and_is_told(
    ground: Ground, source: str
) -> None:
    good = ground.put(ground.record())
    broken = {**ground.record(), "eventTime": "2026-11-22T12:30:99Z"}
    ground.company.record_event("sandbox", broken, at=NOON, region="eu-west-1")

    evidence = ground.source(source).fetch(ground.session())

    assert (ids(evidence), evidence.unreadable) == ([good], 1)


@pytest.mark.parametrize("user", ["o'neil", 'bo"b', "bob/x"])
def test_nothing_that_a_person_typed_stands_in_a_query(
    ground: Ground, source: str, user: str
) -> None:
    session: Session = ground.session(user, permission_set="Admin_RO")

    ground.source(source).fetch(session)

    asked = json.dumps([dict(call.parameters) for call in ground.aws.calls])
    assert json.dumps(user)[1:-1] not in asked
    assert "Admin_RO" not in asked
