"""`check` says line by line whether the bot can work, and what to do where it cannot."""

import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from bot.check import checks
from bot.check_slack import manifest
from bot.clock import system_clock
from bot.findings import Finding, Verdict, within
from grants.aws.cloudtrail.lookup_events import LookupEvents
from grants.model import SlackUserId, UserId
from grants.records import Binding
from storage.lock import only_one
from tests import make
from tests.policy_files import POLICIES as BARE
from tests.standins.aws import AwsStandIn, Company, Kind, small_company
from tests.standins.slack import SlackStandIn
from tests.terminal import CREDENTIALS, Terminal, a_terminal

POLICIES = f"{BARE}    channel: C0000000003\n"
ELSEWHERE = "0.0.0.0:1"  # leads back here, which nobody but the kernel knows


@pytest.fixture
def type_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    with a_terminal(tmp_path, monkeypatch) as terminal:
        terminal.set(
            **CREDENTIALS, SLACK_SIGNING_SECRET="secret", ELEVATE_EMAIL_DOMAINS="example.com"
        )
        yield terminal


@pytest.fixture
def slack(type_: Terminal) -> Iterator[SlackStandIn]:
    with SlackStandIn(system_clock) as slack:
        slack.scopes = set(manifest()["oauth_config"]["scopes"]["bot"])
        slack.workspace.add_channel("elevate", id="C0000000001")
        slack.workspace.add_channel("approvals", id="C0000000003")
        type_.set(SLACK_BOT_TOKEN=slack.token, SLACK_API_URL=slack.url)
        yield slack


@pytest.fixture
def aws(type_: Terminal) -> Iterator[AwsStandIn]:
    with AwsStandIn(small_company(system_clock)) as aws:
        type_.set(AWS_ENDPOINT_URL=aws.url)
        yield aws


@pytest.fixture
def company(aws: AwsStandIn) -> Company:
    return aws.company


@pytest.fixture
def usable(type_: Terminal, slack: SlackStandIn, aws: AwsStandIn) -> Terminal:
    """Everything as it should be."""
    applied = type_("policies", "apply", "-", typed=POLICIES)
    assert applied.exit_code == 0, applied.output
    return type_


def found(*verdicts: Verdict) -> list[str]:
    """What the check says with these verdicts, about what first."""
    return [f"{each.about}: {each.what}" for each in checks() if each.verdict in verdicts]


def test_where_everything_is_usable_nothing_fails(usable: Terminal) -> None:
    result = usable("check")

    assert result.exit_code == 0
    assert [line for line in result.stdout.splitlines() if line.startswith(("fail", "warn"))] == []


def test_the_same_is_there_for_other_programs(usable: Terminal) -> None:
    told = usable.json("check")

    assert {each["about"] for each in told} == {
        "settings",
        "database",
        "Slack",
        "AWS",
        "policies",
        "sweep",
    }
    assert {each["verdict"] for each in told} == {"ok", "note"}


def test_checking_assigns_nothing_and_posts_nothing(
    usable: Terminal, aws: AwsStandIn, slack: SlackStandIn
) -> None:
    usable("check")

    writing = [call for call in aws.calls if call.operation.startswith(("Create", "Delete"))]
    assert writing == []
    assert slack.calls.count("chat.postMessage") == 0


def test_it_says_that_assigning_cannot_be_tried(usable: Terminal) -> None:
    (note,) = [line for line in found(Verdict.NOTE) if "assigning" in line]

    assert "iam-policy" in note


def test_no_secret_is_printed(usable: Terminal, slack: SlackStandIn) -> None:
    usable.set(DATABASE_URL="postgresql+psycopg://elevate:hunter2@127.0.0.1:1/elevate")

    printed = usable("check").output

    assert "hunter2" not in printed
    assert slack.token not in printed


# Settings


def test_what_is_not_set_fails_and_the_rest_is_checked_all_the_same(
    type_: Terminal, aws: AwsStandIn
) -> None:
    type_("migrate")

    failing = found(Verdict.FAIL)

    assert len(failing) == 1
    assert failing[0].startswith("settings: SLACK_BOT_TOKEN is not set")


def test_a_wrong_setting_ends_it(type_: Terminal) -> None:
    type_.set(PORT="http")

    result = type_("check")

    assert result.exit_code == 1
    assert {line.split()[1] for line in result.stdout.splitlines()} == {"settings"}


# The database


def test_an_embedded_database_that_is_not_there_yet_is_no_failure(
    type_: Terminal, slack: SlackStandIn, aws: AwsStandIn
) -> None:
    assert found(Verdict.FAIL) == []
    assert "database: " in found(Verdict.WARN)[0]
    assert not (type_.folder / "elevate.db").exists()


def test_an_embedded_database_that_cannot_be_made_fails(type_: Terminal) -> None:
    type_.set(DATABASE_URL="sqlite:////nowhere/elevate.db")

    found = type_("check").stdout

    assert re.search(r"fail +database +/nowhere/elevate.db .*DATABASE_URL", found)


def test_a_permission_set_without_the_tag_is_a_warning_with_its_name(
    usable: Terminal, aws: AwsStandIn
) -> None:
    aws.company.tags[aws.company.permission_set("ReadOnlyAccess").arn] = {}

    found = usable("check").stdout

    assert re.search(
        r'warn +policies +permission set "ReadOnlyAccess": it has no tag elevate', found
    )


def test_a_database_out_of_reach_fails(
    type_: Terminal, slack: SlackStandIn, aws: AwsStandIn
) -> None:
    type_.set(DATABASE_URL="postgresql+psycopg://elevate@127.0.0.1:1/elevate")

    (failing,) = found(Verdict.FAIL)

    assert failing.startswith("database: the database cannot be used; see to DATABASE_URL")


@pytest.mark.parametrize(
    ("mode", "verdict", "says"),
    [
        ("disable", Verdict.WARN, "whoever is on the way reads"),
        ("allow", Verdict.WARN, "is plain wherever the server takes that"),
        ("prefer", Verdict.WARN, "is plain wherever somebody on the way says"),
        ("require", Verdict.WARN, "to whom is not checked"),
        ("verify-ca", Verdict.NOTE, "whatever its name"),
    ],
)
def test_what_the_way_to_the_database_does_not_protect_is_said(
    type_: Terminal, slack: SlackStandIn, aws: AwsStandIn, mode: str, verdict: Verdict, says: str
) -> None:
    type_.set(DATABASE_URL=f"postgresql+psycopg://elevate@{ELSEWHERE}/elevate?sslmode={mode}")

    (line,) = [line for line in found(verdict) if "sslmode" in line]

    assert line.startswith(f"database: with sslmode={mode} the way ")
    assert says in line
    assert "sslmode=verify-full" in line


@pytest.mark.parametrize("url", [f"{ELSEWHERE}/elevate?sslmode=verify-full", "127.0.0.1:1/elevate"])
def test_of_a_protected_way_nothing_is_said(
    type_: Terminal, slack: SlackStandIn, aws: AwsStandIn, url: str
) -> None:
    type_.set(DATABASE_URL=f"postgresql+psycopg://elevate@{url}")

    assert [line for line in found(*Verdict) if "sslmode" in line] == []


def test_a_run_beside_it_is_seen(usable: Terminal) -> None:
    with only_one(usable.database_url):
        told = found(Verdict.OK)

    assert any("already runs on" in line for line in told)


# Slack


def test_a_token_that_slack_does_not_know_fails(usable: Terminal) -> None:
    usable.set(SLACK_BOT_TOKEN="xoxb-another")

    (failing,) = found(Verdict.FAIL)

    assert failing.startswith("Slack: the bot's token: invalid_auth")


def test_a_missing_scope_fails_and_is_named(usable: Terminal, slack: SlackStandIn) -> None:
    slack.scopes -= {"users:read.email"}

    (failing,) = found(Verdict.FAIL)

    assert "users:read.email" in failing
    assert "manifest.yml" in failing


def test_a_scope_too_many_is_a_note(usable: Terminal, slack: SlackStandIn) -> None:
    slack.scopes |= {"channels:join"}

    assert found(Verdict.FAIL) == []
    assert any("channels:join" in line for line in found(Verdict.NOTE))


@pytest.mark.parametrize(
    ("flag", "said"),
    [("is_archived", "is archived"), ("is_ext_shared", "is shared with another organization")],
)
def test_a_channel_where_no_card_can_go_fails(
    usable: Terminal, slack: SlackStandIn, flag: str, said: str
) -> None:
    setattr(slack.channel("approvals"), flag, True)

    (failing,) = found(Verdict.FAIL)

    assert "#approvals (C0000000003)" in failing
    assert said in failing


def test_a_channel_without_the_bot_fails(usable: Terminal, slack: SlackStandIn) -> None:
    slack.channel("approvals").members.clear()

    (failing,) = found(Verdict.FAIL)

    assert "/invite" in failing


def test_a_channel_that_is_not_there_fails(usable: Terminal, slack: SlackStandIn) -> None:
    del slack.workspace.channels["C0000000003"]

    (failing,) = found(Verdict.FAIL)

    assert "channel C0000000003" in failing


def test_slack_out_of_reach_fails(usable: Terminal) -> None:
    usable.set(SLACK_API_URL="http://127.0.0.1:1/api/")

    (failing,) = found(Verdict.FAIL)

    assert failing.startswith("Slack: the bot's token: Slack does not answer")


def test_an_app_level_token_that_opens_no_connection_fails(usable: Terminal) -> None:
    usable.set(SLACK_APP_TOKEN="xapp-of-nobody")

    (failing,) = found(Verdict.FAIL)

    assert failing.startswith("Slack: the app-level token: ")


# AWS


def test_without_a_region_it_says_what_to_set(usable: Terminal) -> None:
    usable.set(AWS_REGION="")

    (failing,) = found(Verdict.FAIL)

    assert "AWS_REGION" in failing


@pytest.mark.parametrize(
    "operation",
    [
        "DescribeOrganization",
        "ListInstances",
        "GetUserId",
        "ListAccounts",
        "ListRoots",
        "ListPermissionSets",
        "ListAccountAssignments",
        "ListAccountAssignmentCreationStatus",
        "ListAccountAssignmentDeletionStatus",
        "DescribeAccount",
        "ListGroupMemberships",
        "IsMemberInGroups",
    ],
)
def test_a_call_that_is_not_permitted_fails_and_is_named(
    usable: Terminal, aws: AwsStandIn, operation: str
) -> None:
    aws.faults.add(operation, Kind.ACCESS_DENIED, times=None)

    failing = found(Verdict.FAIL)

    assert any(operation in line for line in failing)


def test_tags_are_tried_where_policies_ask_for_them(usable: Terminal, aws: AwsStandIn) -> None:
    tagged = POLICIES.replace("ous: [ou-ab12-33333333]\n    perm", "tags: {env: prod}\n    perm")
    assert usable("policies", "apply", "-", typed=tagged).exit_code == 0
    assert found(Verdict.WARN) == []
    aws.faults.add("ListTagsForResource", Kind.ACCESS_DENIED, times=None)

    failing = found(Verdict.FAIL)

    assert any("an account's tags: " in line for line in failing)


def test_reading_inline_policies_is_tried_where_sessions_can_be_cut(
    usable: Terminal, aws: AwsStandIn
) -> None:
    cutting = POLICIES.replace("settings:", "settings:\n  revoke_sessions: inline_policy")
    assert usable("policies", "apply", "-", typed=cutting).exit_code == 0
    aws.faults.add("GetInlinePolicyForPermissionSet", Kind.ACCESS_DENIED, times=None)

    failing = found(Verdict.FAIL)

    assert any("an inline policy: " in line for line in failing)


CUTTING = POLICIES.replace("settings:", "settings:\n  revoke_sessions: scp")


@pytest.fixture
def scp(usable: Terminal, company: Company) -> str:
    """Prepared, named, delegated, and not attached yet; the policies ask for it."""
    scp = company.add_scp("cuts")
    company.may_write_scps.add(company.home_account)
    usable.set(ELEVATE_CUT_POLICY_ID=scp)
    assert usable("policies", "apply", "-", typed=CUTTING).exit_code == 0
    return scp


def test_a_service_control_policy_that_is_not_named_any_more_is_told(
    usable: Terminal, scp: str
) -> None:
    usable.set(ELEVATE_CUT_POLICY_ID="")

    (finding,) = about_cuts(Verdict.FAIL)

    assert "ELEVATE_CUT_POLICY_ID is not set" in finding


def test_it_is_looked_whether_the_service_control_policy_can_be_read_and_is_attached(
    usable: Terminal, scp: str, company: Company
) -> None:
    assert any("attached to nothing" in line for line in about_cuts(Verdict.FAIL))

    company.attach_scp(scp, "payments-prod")
    (warning,) = about_cuts(Verdict.WARN)
    assert warning.startswith(f'{scp} is attached neither to "web-prod" (555566667777) nor')

    company.attach_scp(scp, "Workloads")
    assert about_cuts(Verdict.OK) == [
        f"{scp} can be read, and has room for 26 at a time",
        f"{scp} reaches every account that can be asked for",
    ]

    company.put_scp(scp, '{"Statement": [{"Effect": "Deny", "Effect": "Deny"}]}')
    (broken,) = about_cuts(Verdict.FAIL)
    assert "none that can be changed without harm" in broken


def test_a_service_control_policy_that_may_not_be_read_is_told(
    usable: Terminal, scp: str, company: Company
) -> None:
    company.may_write_scps.clear()

    assert any(f"ELEVATE_CUT_POLICY_ID, {scp}: " in line for line in found(Verdict.FAIL))


def about_cuts(verdict: Verdict) -> list[str]:
    return [each.what for each in checks() if (each.verdict, each.about) == (verdict, "cuts")]


def test_without_a_source_of_activity_it_says_what_to_set(usable: Terminal) -> None:
    assert any("ELEVATE_ACTIVITY_LOG_GROUP" in line for line in found(Verdict.NOTE))


def a_trail(usable: Terminal, company: Company) -> None:
    """That has seen somebody at work in every account just now."""
    company.add_log_group("trail")
    company.query_looks = 0
    usable.set(ELEVATE_ACTIVITY_LOG_GROUP="trail")
    for account in company.accounts:
        for minutes in (10, 50):
            at = system_clock() - timedelta(minutes=minutes)
            company.record_event(account, {"eventSource": "config.amazonaws.com"}, at=at)


def test_a_source_of_activity_that_can_be_read_is_told(usable: Terminal, company: Company) -> None:
    a_trail(usable, company)

    assert any("cloudwatch_logs, trail can be read" in line for line in found(Verdict.OK))


def test_one_that_has_nothing_of_an_account_is_a_warning(
    usable: Terminal, company: Company
) -> None:
    a_trail(usable, company)
    company.unseen.update(company.accounts)

    (warning,) = found(Verdict.WARN)

    assert "has no event at all of" in warning
    assert "it may not see this account" in warning
    assert not any("cloudwatch_logs" in line for line in found(Verdict.OK))


def test_a_busy_account_is_looked_up_by_a_name_that_aws_takes(
    usable: Terminal, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.activity.LookupEvents", partial(LookupEvents, pages=1))
    company.prepare_role("ElevateActivityReader")
    usable.set(ELEVATE_ACTIVITY_ROLE="ElevateActivityReader")
    for account in company.accounts:
        for _ in range(60):
            company.record_event(account, {}, at=system_clock() - timedelta(minutes=1))

    assert found(Verdict.WARN) == []
    assert any("lookup_events in us-east-1" in line for line in found(Verdict.OK))


def test_a_source_of_activity_that_cannot_be_read_fails_with_what_to_do(usable: Terminal) -> None:
    usable.set(ELEVATE_ACTIVITY_LOG_GROUP="nowhere")

    (failing,) = found(Verdict.FAIL)

    assert "There is no log group nowhere in us-east-1" in failing
    assert "correct ELEVATE_ACTIVITY_LOG_GROUP" in failing


def test_an_account_without_the_activity_role_is_a_warning(
    usable: Terminal, company: Company
) -> None:
    usable.set(ELEVATE_ACTIVITY_ROLE="ElevateNowhere")

    assert found(Verdict.FAIL) == []
    assert any("ElevateNowhere cannot be assumed" in line for line in found(Verdict.WARN))


def test_a_delegate_is_told_what_is_out_of_reach(usable: Terminal) -> None:
    assert any("777788889999, the delegate" in line for line in found(Verdict.OK))


def test_a_delegate_that_may_not_look_into_the_management_account_is_warned(
    usable: Terminal, aws: AwsStandIn
) -> None:
    aws.faults.add("ListPermissionSetsProvisionedToAccount", Kind.ACCESS_DENIED, times=None)

    assert found(Verdict.FAIL) == []
    assert any("management account" in line for line in found(Verdict.WARN))


# Policies and people


def test_no_policies_is_a_warning(type_: Terminal, slack: SlackStandIn, aws: AwsStandIn) -> None:
    type_("migrate")

    (warning,) = found(Verdict.WARN)

    assert warning.startswith("policies: none")


def test_a_group_that_is_gone_is_a_warning_with_its_name(
    usable: Terminal, company: Company
) -> None:
    company.remove_group("production-approvers")

    assert any('"production-approvers" is no longer there' in line for line in found(Verdict.WARN))


def test_a_permission_set_that_is_gone_is_a_warning_with_its_name(
    usable: Terminal, company: Company
) -> None:
    company.remove_permission_set("ReadOnlyAccess")

    assert any('"ReadOnlyAccess" is no longer there' in line for line in found(Verdict.WARN))


def test_a_broken_binding_is_a_warning_that_says_how_to_mend_it(usable: Terminal) -> None:
    binding = Binding(
        SlackUserId("U0BOB00001"), "T1", UserId("bob"), "bob@example.com", make.NOON, "address"
    )
    with usable.works() as works, works() as work:
        work.people.put(replace(binding, broken="the Slack address changed"))

    (warning,) = found(Verdict.WARN)

    assert "people link U0BOB00001" in warning


# What hangs


def test_what_hangs_fails_and_does_not_hold_the_check_up() -> None:
    never = threading.Event()

    def hanging() -> Iterator[Finding]:
        yield Finding(Verdict.OK, "AWS", "began")
        never.wait()

    told = list(within(0.05, "AWS", hanging()))
    never.set()

    assert [each.verdict for each in told] == [Verdict.OK, Verdict.FAIL]
    assert "no answer" in told[1].what


def test_a_mistake_of_ours_is_not_taken_for_a_finding() -> None:
    def mistaken() -> Iterator[Finding]:
        raise ZeroDivisionError
        yield

    with pytest.raises(ZeroDivisionError):
        list(within(1, "AWS", mistaken()))
