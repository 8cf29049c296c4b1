"""The list of actions that a summary names first, and what a team adds to it or takes out."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.settings import SettingsError, load
from grants.activity import Event
from grants.sensitive import OURS, UnreadableLineError, sensitive_actions
from tests.standins.aws import ApiCall
from tests.world import a_world

AT = datetime(2026, 11, 2, 12, tzinfo=UTC)


def event(name: str, *, read: bool = False) -> Event:
    service, _, action = name.partition(":")
    return Event("1", AT, service, action, read_only=read)


@pytest.mark.parametrize(
    "name",
    ["iam:CreateUser", "sts:AssumeRole", "sts:AssumeRoot", "kms:ScheduleKeyDeletion", "s3:PutBucketPolicy",
     "cloudtrail:StopLogging", "guardduty:DeleteDetector", "secretsmanager:GetSecretValue",
     "ssm:GetParametersByPath", "ec2:AuthorizeSecurityGroupIngress", "ecs:ExecuteCommand",
     "lambda:UpdateFunctionCode20150331v2", "rds:ModifyDBSnapshotAttribute"],
)  # fmt: skip
def test_ours_has_what_aws_and_reviewers_worry_about(name: str) -> None:
    assert sensitive_actions(OURS.read_text())(event(name))


@pytest.mark.parametrize("name", ["s3:PutObject", "ec2:RebootInstances", "iamx:CreateUser"])
def test_ours_has_no_everyday_work(name: str) -> None:
    assert not sensitive_actions(OURS.read_text())(event(name))


def test_a_star_alone_means_what_writes() -> None:
    named = sensitive_actions("iam:*\nsecretsmanager:Get*")

    assert named(event("iam:CreateUser"))
    assert not named(event("iam:ListUsers", read=True))
    assert named(event("secretsmanager:GetSecretValue", read=True))


def test_a_team_adds_to_it_and_takes_out() -> None:
    named = sensitive_actions("iam:*", "dynamodb:DeleteTable  # ours\n\n-iam:TagUser")

    assert named(event("dynamodb:DeleteTable"))
    assert named(event("iam:CreateUser"))
    assert not named(event("iam:TagUser"))


def test_what_was_taken_out_can_be_put_back() -> None:
    assert sensitive_actions("iam:*", "-iam:TagUser", "iam:TagUser")(event("iam:TagUser"))


@pytest.mark.parametrize(
    "line", ["iam", "iam:", ":CreateUser", "iam:Create User", "IAM:CreateUser"]
)
def test_a_line_that_is_no_action_is_refused_with_what_to_write(line: str) -> None:
    with pytest.raises(UnreadableLineError, match="write service:Action"):
        sensitive_actions(line)


def test_the_setting_is_tried_at_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = tmp_path / "sensitive.txt"
    monkeypatch.setenv("ELEVATE_ACTIVITY_SENSITIVE", str(theirs))
    with pytest.raises(SettingsError, match=r"ELEVATE_ACTIVITY_SENSITIVE.*cannot be read"):
        load()

    theirs.write_text("drop table")
    with pytest.raises(
        SettingsError, match=r"ELEVATE_ACTIVITY_SENSITIVE.*'drop table' is no action"
    ):
        load()

    theirs.write_text("dynamodb:DeleteTable")
    assert load().activity_sensitive == str(theirs)


def test_what_a_team_added_is_named_in_the_thread(
    database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    theirs = tmp_path / "sensitive.txt"
    theirs.write_text("dynamodb:DeleteTable")
    with a_world(database_url, monkeypatch.setenv, activity_sensitive=str(theirs)) as world:
        request = world.active(Duration="1h")
        calls = (ApiCall("dynamodb", "DeleteTable", write=True),)
        world.company.session_activity(
            "bob", "payments-prod", "AdministratorAccess", world.clock(), calls=calls
        )
        world.passes(hours=1, seconds=10)

        (told,) = [
            line.words()
            for line in world.slack.thread(world.card(request))
            if line.text.startswith("Activity")
        ]
    assert "Sensitive: dynamodb:DeleteTable 1." in told
