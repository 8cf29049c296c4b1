"""Requests: listed, shown, revoked."""

import json
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from blocks.text import utc
from bot.clock import system_clock
from grants.model import Assignment, Holding, Slot, State
from tests import make
from tests.command_line.kept import keep
from tests.policy_files import POLICIES
from tests.standins.aws import AwsStandIn
from tests.terminal import Terminal
from tests.world import POLICIES as WORLDS_POLICIES
from tests.world import World


def test_requests_are_listed_newest_first(type_: Terminal) -> None:
    earlier = make.a_request("EAR00001")
    keep(type_, earlier, make.a_request("LATE0002", asked_at=make.NOON + make.HOUR))

    found = type_.json("requests", "list")

    assert [request["id"] for request in found] == ["LATE0002", "EAR00001"]
    assert found[0]["requester"]["user_name"] == "eve"
    assert found[0]["account_id"] == "111122223333"


def test_whoever_lists_while_ends_wait_for_aws_is_told_how_many_and_since_when(
    type_: Terminal,
) -> None:
    keep(type_, make.a_request("EAR00001"))
    with type_.works() as works, works() as work:
        for number in range(1200):
            key = make.a_key(make.a_person(f"P{number}"))
            since = make.NOON + number * timedelta(seconds=1)
            work.assignments.add(
                Assignment(key, Holding.PRESENT, since, Slot.WAITING, wanted_gone_at=since)
            )
        gone = make.a_key(make.a_person("Bob"))
        work.assignments.add(Assignment(gone, Holding.DELETING, make.NOON, operation="op-1"))

    result = type_("requests", "list", "--json")

    assert len(json.loads(result.stdout)) == 1
    assert result.stderr == (
        "1,200 ends wait for AWS, which takes only so much at once: the oldest since"
        f" {utc(make.NOON)}; 1 more are in hand.\n"
    )


@pytest.mark.parametrize(
    ("wanted", "ids"), [("open", ["ACT00002"]), ("ended", ["END00001"]), ("failed", [])]
)
def test_requests_are_listed_by_state(type_: Terminal, wanted: str, ids: list[str]) -> None:
    ended = make.a_request("END00001", state=State.ENDED)
    keep(type_, ended, make.a_request("ACT00002", state=State.ACTIVE))

    found = type_.json("requests", "list", "--state", wanted)

    assert [request["id"] for request in found] == ids


def test_the_whole_story_is_shown_for_an_id_in_any_case(type_: Terminal) -> None:
    keep(type_, make.a_request("7K2M9QXB", state=State.ACTIVE))
    with type_.works() as works, works() as work:
        work.votes.add(make.a_vote("7K2M9QXB"))

    result = type_("requests", "show", "7k2m9qxb")

    assert result.exit_code == 0
    for told in ("active", "The checkout fails", "OPS-42", "Ada Approver", "Go ahead.",
                 "request.ask", "operator:somebody"):  # fmt: skip
        assert told in result.stdout


def test_the_story_is_there_for_other_programs(type_: Terminal) -> None:
    keep(type_, make.a_request("7K2M9QXB"))
    with type_.works() as works, works() as work:
        work.votes.add(make.a_vote("7K2M9QXB"))

    story = type_.json("requests", "show", "7K2M9QXB")

    assert story["state"] == "pending"
    assert [vote["ballot"] for vote in story["votes"]] == ["approve"]
    assert [line["event"] for line in story["journal"]] == ["request.ask"]


def test_what_people_typed_does_not_steer_the_terminal(type_: Terminal) -> None:
    keep(type_, make.a_request("7K2M9QXB", justification="\x1b[31mred\nstate  ended"))

    shown = type_("requests", "show", "7K2M9QXB").stdout

    assert "\x1b" not in shown
    assert sum(line.startswith("state") for line in shown.splitlines()) == 1


@pytest.mark.parametrize("words", [("show",), ("revoke", "--reason", "why")])
def test_an_unknown_request_is_one_line(
    type_: Terminal, aws: AwsStandIn, words: tuple[str, ...]
) -> None:
    type_("migrate")

    result = type_("requests", *words, "NOSUCH00")

    assert result.exit_code == 1
    assert result.stderr == 'Error: there is no request "NOSUCH00"\n'


def test_revoking_needs_a_reason(type_: Terminal) -> None:
    result = type_("requests", "revoke", "7K2M9QXB")

    assert result.exit_code == 2
    assert "--reason" in result.stderr


def test_what_is_revoked_says_who_and_why(type_: Terminal, aws: AwsStandIn) -> None:
    active = make.a_request("7K2M9QXB", state=State.ACTIVE)
    keep(type_, active)
    with type_.works() as works, works() as work:
        work.assignments.add(make.an_assignment(key=active.key, holding=Holding.PRESENT))

    result = type_("requests", "revoke", "7k2m9qxb", "--reason", "The incident is over.")

    story = type_.json("requests", "show", "7K2M9QXB")
    assert result.exit_code == 0
    assert "revoking" in result.stdout
    assert (story["state"], story["because"]) == ("revoking", "revoked")
    assert story["reason"] == "The incident is over."
    assert story["closed_by"].startswith("operator:")


def test_the_running_bot_takes_a_revoked_access_away(type_: Terminal, world: World) -> None:
    request = world.asks("bob", "data-sandbox · PowerUserAccess", Duration="1h")
    world.passes(seconds=2)
    type_.set(DATABASE_URL=world.settings.database_url)

    result = type_("requests", "revoke", request, "--reason", "The incident is over.")
    world.clock.now = max(world.clock.now, system_clock())
    world.passes(seconds=5)

    assert result.exit_code == 0
    assert world.state(request) is State.REVOKED
    assert not world.has_access("bob", "data-sandbox", "PowerUserAccess")


@pytest.mark.parametrize("offline", [["--offline"], []], ids=["offline", "by names"])
def test_a_file_that_cuts_sessions_by_a_service_control_policy_needs_one_that_is_named(
    type_: Terminal, aws: AwsStandIn, offline: list[str]
) -> None:
    file = POLICIES.replace("settings:", "settings:\n  revoke_sessions: scp")

    refused = type_("policies", "validate", "-", *offline, typed=file)
    type_.set(ELEVATE_CUT_POLICY_ID="p-1a2b3c4d5e")
    taken = type_("policies", "validate", "-", *offline, typed=file)

    assert refused.exit_code == 1
    assert "set ELEVATE_CUT_POLICY_ID to its id" in refused.output
    assert taken.exit_code == 0, taken.output


def test_an_id_that_is_no_service_control_policy_of_ones_own_is_misuse(type_: Terminal) -> None:
    type_.set(ELEVATE_CUT_POLICY_ID="p-FullAWSAccess")

    result = type_("migrate")

    assert result.exit_code != 0
    assert "ELEVATE_CUT_POLICY_ID" in result.output


def test_sessions_are_not_cut_where_that_is_not_switched_on(
    type_: Terminal, aws: AwsStandIn
) -> None:
    keep(type_, make.a_request("7K2M9QXB", state=State.ACTIVE))

    result = type_("requests", "revoke", "7K2M9QXB", "--reason", "why", "--cut-sessions")

    assert result.exit_code == 1
    assert "is not switched on" in result.stderr
    assert type_.json("requests", "show", "7K2M9QXB")["state"] == "active"


def test_whoever_revokes_reads_until_when_credentials_may_live(
    type_: Terminal, world: World
) -> None:
    world.policies(
        WORLDS_POLICIES.replace("settings:", "settings:\n  revoke_sessions: inline_policy")
    )
    request = world.active("bob", "data-sandbox · PowerUserAccess", Duration="1h")
    world.company.assign("dan", "data-sandbox", "PowerUserAccess")
    type_.set(DATABASE_URL=world.settings.database_url)

    result = type_(
        "requests", "revoke", request, "--reason", "The laptop is lost.", "--cut-sessions"
    )
    world.clock.now = max(world.clock.now, system_clock())
    opened = world.clock()
    world.passes(minutes=1)

    assert "credentials already issued may go on working, about until" in result.stdout
    assert not world.company.session_allowed("bob", "data-sandbox", "PowerUserAccess", opened)


def test_what_is_over_cannot_be_revoked(type_: Terminal, aws: AwsStandIn) -> None:
    keep(type_, make.a_request("7K2M9QXB", state=State.ENDED))

    result = type_("requests", "revoke", "7K2M9QXB", "--reason", "why")

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: Too late")


def test_a_pending_request_is_not_revoked_and_the_operator_reads_what_to_do(
    type_: Terminal, aws: AwsStandIn
) -> None:
    keep(type_, make.a_request("7K2M9QXB"))

    result = type_("requests", "revoke", "7K2M9QXB", "--reason", "why")

    assert result.exit_code == 1
    assert "An approver can reject it, and whoever asked can cancel it." in result.stderr


def test_a_blank_reason_is_misuse(type_: Terminal) -> None:
    keep(type_, make.a_request("7K2M9QXB"))

    result = type_("requests", "revoke", "7K2M9QXB", "--reason", "  ")

    assert result.exit_code == 2
    assert "--reason" in result.stderr


@pytest.mark.parametrize("account", ["12", "payments-prod", "1234567890123"])
def test_an_account_that_is_none_does_not_read_as_if_nobody_had_access(
    type_: Terminal, account: str
) -> None:
    type_("migrate")

    result = type_("requests", "list", "--account", account)

    assert result.exit_code == 2
    assert "12 digits" in result.stderr


@pytest.mark.parametrize("command", [("requests", "list"), ("policies", "export"), ("migrate",)])
def test_a_schema_newer_than_this_version_is_never_said_to_be_mended_by_migrating(
    type_: Terminal, command: tuple[str, ...]
) -> None:
    type_("migrate")
    with closing(sqlite3.connect(type_.folder / "elevate.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()

    result = type_(*command)

    assert result.exit_code == 1
    assert "start the version that migrated it" in result.stderr
    assert "bot migrate" not in result.stderr


def test_a_profile_that_is_not_there_is_named_as_the_setting_it_is(
    type_: Terminal, file: str
) -> None:
    type_.set(AWS_PROFILE="nope", AWS_REGION="us-east-1", AWS_CONFIG_FILE="/dev/null")

    result = type_("policies", "apply", file)

    assert result.exit_code == 2
    assert "AWS_PROFILE names a profile that is not" in result.stderr
    assert not (type_.folder / "elevate.db").exists()


def test_an_instance_that_is_none_makes_no_policy(type_: Terminal) -> None:
    result = type_("iam-policy", "--instance-arn", "arn:aws:sso:::instance/ssoins-…")

    assert result.exit_code == 2
    assert "ssoins-" in result.stderr
