"""After the end the thread says what the session did, from CloudTrail; and what could not be seen."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from grants.activity import Evidence, Session
from grants.model import RequestId
from tests.lives import PROD, SANDBOX
from tests.standins.aws import ACTIVITY_ROLE, ApiCall, Kind
from tests.standins.aws.trail import CONSOLE_LOGIN
from tests.standins.slack import Message
from tests.world import World, a_world

CALLS = (
    ApiCall("ec2", "DescribeInstances"),
    ApiCall("ec2", "DescribeSecurityGroups"),
    ApiCall("s3", "PutBucketPolicy", write=True, error="AccessDenied"),
    ApiCall("rds", "RebootDBInstance", write=True),
)
TARGET = ("payments-prod", "AdministratorAccess")


def test_the_summary_says_what_the_session_did(world: World) -> None:
    request = world.active(Duration="1h")
    began = world.clock() + timedelta(minutes=5)
    world.company.session_activity("bob", *TARGET, began, calls=CALLS, every=60)

    world.passes(hours=1, seconds=10)

    told = summary(world, request)
    assert "Activity: 4 calls, 2 reads, 2 writes, 1 error so far." in told.words()
    assert "Bob Requester, AdministratorAccess on payments-prod." in told.words()
    assert "Writes: rds:RebootDBInstance 1, s3:PutBucketPolicy 1." in told.words()
    assert "Errors: AccessDenied 1." in told.words()
    assert "Services: ec2 2, rds 1, s3 1." in told.words()
    assert f"First {said(began)}, last {said(began + timedelta(minutes=3))}." in told.words()
    assert "Source: lookup_events, us-east-1." in told.words()
    assert "Management events only" in told.words()
    assert "Events can still arrive: this is edited until final." in told.words()


def test_what_is_heard_holds_the_same_facts(world: World) -> None:
    request = world.active(Duration="1h")
    world.company.session_activity("bob", *TARGET, world.clock(), calls=CALLS)

    world.passes(hours=1, seconds=10)

    facts = ("4 calls", "2 reads", "2 writes", "1 error", "s3:PutBucketPolicy", "AccessDenied",
             "ec2 2", "First 2026-11-02 12:00 UTC", "lookup_events")  # fmt: skip
    assert [fact for fact in facts if fact not in summary(world, request).text] == []


def test_it_is_edited_until_it_is_final_and_not_repeated(world: World) -> None:
    world.company.delivery_seconds = 300
    request = world.active(Duration="1h")
    late = world.clock() + timedelta(minutes=58)
    world.company.session_activity("bob", *TARGET, world.clock(), calls=CALLS[:1])
    world.company.session_activity("bob", *TARGET, late, calls=CALLS[1:])
    world.passes(hours=1, seconds=10)
    first = summary(world, request).snapshot()

    world.passes(hours=1, minutes=20)

    final = summary(world, request)
    assert "1 call, 1 read, 0 writes, no errors so far." in first.words()
    assert "4 calls, 2 reads, 2 writes, 1 error." in final.words()
    assert "Complete." in final.words()
    assert (final.ts, final.channel) == (first.ts, first.channel)
    assert world.next_due() is None


def test_what_came_after_the_end_is_marked(world: World) -> None:
    request = world.active(Duration="1h")
    world.passes(minutes=59)
    world.company.session_activity("bob", *TARGET, world.clock(), calls=CALLS[:3], every=300)

    world.passes(hours=2)

    assert "After the end: 2 calls, with credentials issued before." in shown(world, request)


def test_what_a_reviewer_looks_for_is_named_before_all_else(world: World) -> None:
    request = world.active(Duration="1h")
    calls = (
        *(ApiCall("ec2", "RebootInstances", write=True) for _ in range(9)),
        ApiCall("iam", "CreateAccessKey", write=True),
        ApiCall("secretsmanager", "GetSecretValue"),
        ApiCall("iam", "ListUsers"),
        ApiCall("cloudtrail", "StopLogging", write=True, error="AccessDeniedException"),
    )
    world.company.session_activity("bob", *TARGET, world.clock(), calls=calls)

    world.passes(hours=1, seconds=10)

    told = shown(world, request)
    assert "Sensitive: iam:CreateAccessKey 1, secretsmanager:GetSecretValue 1." in told
    assert "Denied: cloudtrail:StopLogging 1." in told
    assert told.index("Sensitive") < told.index("Denied") < told.index("Writes")


def test_that_a_session_went_on_under_another_role_is_pointed_out(world: World) -> None:
    request = world.active(Duration="1h")
    role = "arn:aws:iam::222233334444:role/Deploy"
    calls = (
        ApiCall("sts", "AssumeRole", request={"roleArn": role}),
        ApiCall("sts", "AssumeRole", request={"roleArn": role}),
        ApiCall("sts", "AssumeRole", request={"roleArn": f"{role}2"}, error="AccessDenied"),
    )
    world.company.session_activity("bob", *TARGET, world.clock(), calls=calls)

    world.passes(hours=1, seconds=10)

    told = shown(world, request)
    assert f"Went on under another role: {role} 2. What was done there is not in this list." in told
    assert "Deploy2" not in told


def test_from_where_and_in_how_many_sessions_it_was_done_is_told(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    regions = ("us-east-1", "eu-west-1")
    with a_world(database_url, monkeypatch.setenv, activity_regions=regions) as world:
        request = world.active(Duration="1h")
        for minutes, region, address in (
            (1, None, "198.51.100.7"),
            (9, "eu-west-1", "203.0.113.9"),
        ):
            began = world.clock() + timedelta(minutes=minutes)
            calls = (CONSOLE_LOGIN, ApiCall("s3", "ListBuckets", region=region))
            world.company.session_activity("bob", *TARGET, began, calls=calls, source_ip=address)

        world.passes(hours=1, seconds=10)

        told = shown(world, request)
    assert (
        "2 sessions from 198.51.100.7 2, 203.0.113.9 2 by aws-cli 2, console 2"
        " in us-east-1 3, eu-west-1 1."
    ) in told


def test_a_region_that_fails_at_the_end_is_read_again_before_it_is_final(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    regions = ("us-east-1", "eu-west-1")
    with a_world(database_url, monkeypatch.setenv, activity_regions=regions) as world:
        request = world.active(Duration="1h")
        there = ApiCall("s3", "DeleteBucket", write=True, region="eu-west-1")
        world.company.session_activity("bob", *TARGET, world.clock(), calls=(there,))
        world.passes(hours=1, seconds=10)
        world.aws.faults.add("LookupEvents", "access_denied", times=None, region="eu-west-1")
        world.passes(hours=1, minutes=20)
        assert "Events can still arrive" in shown(world, request)
        assert "Activity: 1 call, 0 reads, 1 write, no errors so far." in shown(world, request)
        assert "Could not be read again since: eu-west-1 (" in shown(world, request)
        world.aws.faults.clear()

        world.passes(hours=2)

        assert "Activity: 1 call, 0 reads, 1 write, no errors." in shown(world, request)
        assert "Complete." in shown(world, request)


def test_one_that_never_can_be_read_is_said_to_be_missing_in_the_end(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    regions = ("us-east-1", "eu-west-1")
    with a_world(database_url, monkeypatch.setenv, activity_regions=regions) as world:
        world.aws.faults.add("LookupEvents", "access_denied", times=None, region="eu-west-1")
        request = world.active(Duration="1h")

        world.passes(days=2)

        assert "Activity: no calls in what could be read." in shown(world, request)
        assert "Final, and not complete." in shown(world, request)
        assert world.next_due() is None


def test_what_was_read_once_stays_though_it_cannot_be_read_again(world: World) -> None:
    request = world.active(Duration="1h")
    world.company.session_activity("bob", *TARGET, world.clock(), calls=CALLS)
    world.passes(hours=1, seconds=10)
    world.aws.faults.add("LookupEvents", "access_denied", times=None)

    world.passes(hours=2)
    assert "4 calls" in shown(world, request)
    assert "Could not be read again since: CloudTrail could not be read" in shown(world, request)
    world.passes(days=2)

    assert "4 calls, 2 reads, 2 writes, 1 error." in shown(world, request)
    assert "Final, and not complete." in shown(world, request)


def test_roles_with_long_names_hold_up_no_line(world: World) -> None:
    request = world.active(Duration="1h")
    roles = [f"arn:aws:iam::222233334444:role/{'x' * 500}{number}" for number in range(30)]
    calls = tuple(ApiCall("sts", "AssumeRole", request={"roleArn": role}) for role in roles)
    world.company.session_activity("bob", *TARGET, world.clock(), calls=calls)

    world.passes(hours=1, seconds=10)

    assert "Went on under another role" in shown(world, request)
    assert "30 calls" in shown(world, request)


def test_what_newer_credentials_did_after_the_end_is_not_laid_at_its_door(world: World) -> None:
    request = world.active(Duration="1h")
    world.passes(hours=1, seconds=10)
    later = world.clock() + timedelta(minutes=5)
    world.company.session_activity("bob", *TARGET, later, calls=CALLS[:2])

    world.passes(hours=2)

    told = shown(world, request)
    assert "After the end, with newer credentials: 2 calls, by another grant" in told
    assert "issued before" not in told


def test_what_was_done_before_we_saw_the_access_counts_too(world: World) -> None:
    world.company.operation_seconds = 60
    request = world.asks("bob", PROD, Duration="1h")
    world.decides("eve", request, "Approve")
    world.passes(seconds=2)
    world.company.session_activity("bob", *TARGET, world.clock(), calls=CALLS[:1])

    world.passes(hours=2)

    assert "Activity: 1 call" in shown(world, request)


def test_while_one_looks_for_minutes_no_other_begins(world: World) -> None:
    trail, asked = world.jobs.summing.looking.trail, list[Session]()
    request = world.active(Duration="1h")
    with world.beside(world.settings.database_url) as other:

        class Slow:
            def fetch(self, session: Session) -> Evidence:
                asked.append(session)
                world.clock.passes(minutes=4)
                other.rounds()
                return trail.fetch(session)

        for each in (world, other):
            each.jobs.summing.looking.trail = Slow()
        world.passes(hours=1, seconds=10)

    assert len(asked) == 1
    assert "so far" in shown(world, request)


def test_only_this_session_counts(world: World) -> None:
    for name, policy in (("bobby", TARGET[1]), ("bob.evil", TARGET[1])):
        world.company.add_user(name, f"{name}@example.com")
        world.company.session_activity(name, TARGET[0], policy, world.clock())
    world.company.add_permission_set("AdministratorAccessRO")
    request = world.active(Duration="1h")
    now = world.clock() + timedelta(minutes=1)
    world.company.session_activity("bobby", *TARGET, now)
    world.company.session_activity("bobby", *TARGET, now, on_behalf_of=False)
    world.company.session_activity("bob", "payments-prod", "AdministratorAccessRO", now)
    world.company.session_activity("bob", "payments-dev", "AdministratorAccess", now)
    world.company.session_activity("bob", *TARGET, now - timedelta(hours=3))
    world.company.session_activity("bob", *TARGET, now, calls=CALLS)

    world.passes(hours=3)

    assert "4 calls, 2 reads, 2 writes, 1 error." in shown(world, request)


def test_access_that_was_not_used_is_told_as_such_once_that_is_certain(world: World) -> None:
    request = world.active(Duration="1h")
    world.passes(hours=1, seconds=10)
    assert "Activity: no calls so far." in shown(world, request)

    world.passes(hours=2)

    assert "Activity: no calls: the access was not used in these Regions." in shown(world, request)


def test_a_request_that_never_became_access_has_no_summary(world: World) -> None:
    request = world.asks("bob", PROD)
    world.decides("eve", request, "Reject", "no")

    world.passes(days=2)

    assert [line for line in world.thread(request) if line.startswith("Activity")] == []
    assert world.aws.calls.count("LookupEvents") == 0


def test_access_that_was_given_back_and_access_without_approval_are_looked_up_too(
    world: World,
) -> None:
    request = world.active("bob", SANDBOX)
    world["bob"].click(world.last("bob"), "End Access")
    world.passes(seconds=10)

    assert "no calls so far" in shown(world, request)


def test_a_look_up_that_breaks_is_tried_again_later_and_said_at_last(world: World) -> None:
    trail, world.jobs.summing.looking.trail = (
        world.jobs.summing.looking.trail,
        (breaking := Breaking()),
    )
    request = world.active(Duration="1h")
    world.company.session_activity("bob", *TARGET, world.clock(), calls=CALLS)
    world.clock.passes(hours=1)
    for _ in range(60):
        world.rounds()
        world.clock.passes(seconds=1)

    assert 3 < breaking.asked < 10
    assert shown(world, request).startswith("Activity unavailable: something went wrong")
    world.jobs.summing.looking.trail = trail
    world.passes(hours=3)
    assert "4 calls" in shown(world, request)


def test_a_record_that_cannot_be_read_is_said_and_hides_no_other(world: World) -> None:
    request = world.active(Duration="1h")
    account, now = world.company.account("payments-prod").id, world.clock()
    world.company.session_activity("bob", *TARGET, now, calls=CALLS)
    world.company.record_event(account, {"userIdentity": {"sessionContext": "?"}}, at=now)

    world.passes(hours=3)

    assert "4 calls" in shown(world, request)
    assert "Not counted: 1 record that could not be read." in shown(world, request)


# What cannot be seen is said


def test_an_account_without_the_role_is_told_with_what_to_do(world: World) -> None:
    world.company.remove_role(ACTIVITY_ROLE, "payments-prod")
    request = world.active(Duration="1h")

    world.passes(hours=1, seconds=10)

    told = shown(world, request)
    assert told.startswith("Activity unavailable:")
    assert ACTIVITY_ROLE in told
    assert "no calls" not in told


def test_a_role_that_is_made_later_is_found_and_the_same_message_tells_it(world: World) -> None:
    world.company.remove_role(ACTIVITY_ROLE, "payments-prod")
    request = world.active(Duration="1h")
    world.company.session_activity("bob", *TARGET, world.clock(), calls=CALLS)
    world.passes(hours=1, seconds=10)
    first = summary(world, request).ts

    world.company.prepare_role(ACTIVITY_ROLE, "payments-prod")
    world.passes(hours=3)

    assert "4 calls" in shown(world, request)
    assert "Complete." in shown(world, request)
    assert summary(world, request).ts == first


def test_a_role_that_may_not_look_is_told(world: World) -> None:
    world.aws.faults.add("LookupEvents", Kind.ACCESS_DENIED, times=None)
    request = world.active(Duration="1h")

    world.passes(hours=1, seconds=10)

    assert "needs cloudtrail:LookupEvents" in shown(world, request)
    assert "no calls" not in shown(world, request)


def test_a_role_that_never_comes_is_told_for_a_day_and_no_longer(world: World) -> None:
    world.company.remove_role(ACTIVITY_ROLE)
    request = world.active(Duration="1h")

    world.passes(days=3)

    assert shown(world, request).startswith("Activity unavailable:")
    assert world.next_due() is None
    assert len([line for line in world.thread(request) if "Activity" in line]) == 1


def test_a_passing_trouble_says_nothing_to_whoever_reads(world: World) -> None:
    world.aws.faults.add("AssumeRole", Kind.HTTP500, times=6)
    request = world.active(Duration="1h")
    world.company.session_activity("bob", *TARGET, world.clock(), calls=CALLS)

    world.passes(hours=1, minutes=5)

    told = summary(world, request)
    assert "4 calls" in told.words()
    assert told.history == []


def test_a_source_that_stays_away_is_told_and_asked_again(world: World) -> None:
    away = world.aws.faults.add("AssumeRole", Kind.HTTP500, times=None)
    request = world.active(Duration="1h")
    world.company.session_activity("bob", *TARGET, world.clock(), calls=CALLS)
    world.passes(hours=1, minutes=10)
    assert shown(world, request).startswith("Activity unavailable:")

    away.times = 0
    world.passes(hours=3)

    assert "4 calls" in shown(world, request)


def test_a_region_that_fails_is_named_and_the_others_are_told(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    regions = ("us-east-1", "eu-west-1")
    with a_world(database_url, monkeypatch.setenv, activity_regions=regions) as world:
        request = world.active(Duration="1h")
        world.company.session_activity("bob", *TARGET, world.clock(), calls=CALLS)
        world.aws.faults.add("LookupEvents", Kind.ACCESS_DENIED, times=1)

        world.passes(hours=1, seconds=10)

        assert "Could not be read:" in shown(world, request)
        assert "us-east-1 (" in shown(world, request)
        assert "no calls in what could be read" in shown(world, request)


def test_no_source_is_told_and_never_an_empty_calm(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_world(database_url, monkeypatch.setenv, activity_source="none") as world:
        request = world.active(Duration="1h")

        world.passes(hours=1, seconds=10)

        assert shown(world, request).startswith("Activity unavailable:")
        assert "no calls" not in shown(world, request)


# Reading


@dataclass
class Breaking:
    """A trail that brings something nobody foresaw."""

    asked: int = 0

    def fetch(self, _: Session) -> Evidence:
        self.asked += 1
        raise KeyError("eventTime")


def summary(world: World, request: RequestId) -> Message:
    (found,) = [
        line for line in world.slack.thread(world.card(request)) if line.text.startswith("Activity")
    ]
    return found


def shown(world: World, request: RequestId) -> str:
    return summary(world, request).words()


def said(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
