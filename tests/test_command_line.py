"""The command line: exit 0 is fine, 1 a finding, 2 misuse; what is wrong is said in a line."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socket import socket

import pytest

from blocks.text import utc
from bot.clock import system_clock
from grants.model import Assignment, Holding, Request, SlackUserId, Slot, State
from grants.people import operator
from grants.records import Binding, Entry, Line
from grants.so_far import Piece, Refresh
from storage.lock import only_one
from tests import make
from tests.standins.aws import AwsStandIn, Company, Kind, small_company
from tests.terminal import CREDENTIALS, Terminal, a_terminal
from tests.world import POLICIES as WORLDS_POLICIES
from tests.world import World

POLICIES = """
version: 1
settings:
  admins: {groups: [elevate-admins]}
  default_channel: C0000000001
eligibility:
  - name: engineers in production
    who: {groups: [engineers]}
    ous: [ou-ab12-33333333]
    permission_sets: [ReadOnlyAccess]
approval:
  - name: production
    ous: [ou-ab12-33333333]
    approvers: {groups: [production-approvers]}
"""


@pytest.fixture
def type_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    with a_terminal(tmp_path, monkeypatch) as terminal:
        yield terminal


@pytest.fixture
def aws(type_: Terminal) -> Iterator[AwsStandIn]:
    with AwsStandIn(small_company(system_clock)) as aws:
        type_.set(**CREDENTIALS, AWS_ENDPOINT_URL=aws.url)
        yield aws


@pytest.fixture
def company(aws: AwsStandIn) -> Company:
    return aws.company


@pytest.fixture
def file(type_: Terminal) -> str:
    return type_.write("policies.yml", POLICIES)


def keep(type_: Terminal, *requests: Request) -> None:
    with type_.works() as works, works() as work:
        for request in requests:
            work.requests.add(request)
            by = operator("somebody")
            work.journal.write(Entry(request.asked_at, "request.ask", by, request.id))


def lines_of(type_: Terminal) -> list[Line]:
    with type_.works() as works, works.reading() as work:
        return list(work.journal.walk())


# As a program


def test_it_runs_as_a_program(type_: Terminal) -> None:
    done = type_.start("--help")

    assert done.returncode == 0
    assert "policies" in done.stdout


def test_a_word_that_is_no_command_is_misuse(type_: Terminal) -> None:
    result = type_("requets")

    assert result.exit_code == 2
    assert "requets" in result.stderr


def test_run_says_what_is_not_set_and_does_not_start(type_: Terminal) -> None:
    result = type_("run")

    assert result.exit_code == 2
    assert [line.split()[1] for line in result.stderr.splitlines()] == [
        "SLACK_BOT_TOKEN",
        "SLACK_APP_TOKEN",
        "ELEVATE_EMAIL_DOMAINS",
    ]


def test_a_second_run_on_one_file_says_who_was_first(type_: Terminal) -> None:
    type_.set(SLACK_BOT_TOKEN="xoxb-1", ELEVATE_EMAIL_DOMAINS="example.com", **CREDENTIALS)
    with only_one(type_.database_url):
        result = type_.start("run", "--role", "jobs")

    assert result.returncode == 1
    assert "already runs on" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_an_address_that_is_taken_is_said(type_: Terminal, aws: AwsStandIn) -> None:
    type_.set(SLACK_BOT_TOKEN="xoxb-1", SLACK_SIGNING_SECRET="secret")
    type_.set(ELEVATE_EMAIL_DOMAINS="example.com")
    with socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        type_.set(PORT=str(taken.getsockname()[1]))
        result = type_.start("run")

    assert result.returncode == 1
    assert "cannot be listened on" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_folder_that_is_not_there_is_one_line(type_: Terminal, file: str) -> None:
    type_.set(DATABASE_URL=f"sqlite:///{type_.folder / 'none' / 'elevate.db'}")

    result = type_("migrate")

    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert str(type_.folder / "none") in result.stderr


def test_a_wrong_setting_stops_every_command(type_: Terminal) -> None:
    type_.set(ELEVATE_LOG_FORMAT="xml")

    result = type_("requests", "list")

    assert result.exit_code == 2
    assert result.stderr.startswith("Error: ELEVATE_LOG_FORMAT: ")


def test_a_database_out_of_reach_is_one_line_without_the_password(type_: Terminal) -> None:
    type_.set(DATABASE_URL="postgresql+psycopg://elevate:hunter2@127.0.0.1:1/elevate")

    result = type_("requests", "list")

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: the database cannot be used; see to DATABASE_URL: ")
    assert len(result.stderr.splitlines()) == 1
    assert "hunter2" not in result.stderr


# The schema


def test_migrate_builds_the_schema_and_may_be_repeated(type_: Terminal) -> None:
    codes = [type_("migrate").exit_code, type_("migrate").exit_code]

    assert codes == [0, 0]
    assert type_("requests", "list").exit_code == 0


def test_a_schema_that_is_not_there_is_said_with_the_command_that_mends_it(type_: Terminal) -> None:
    result = type_("requests", "list")

    assert result.exit_code == 1
    assert "python -m bot migrate" in result.stderr


# Policies


def test_a_file_that_is_fine_is_fine(type_: Terminal, aws: AwsStandIn, file: str) -> None:
    result = type_("policies", "validate", file)

    assert result.exit_code == 0
    assert result.stdout == f"{file}: fine\n"


def test_validating_changes_nothing(type_: Terminal, aws: AwsStandIn, file: str) -> None:
    type_("policies", "validate", file)

    assert not (type_.folder / "elevate.db").exists()


def test_every_problem_is_a_line_with_its_place(type_: Terminal, aws: AwsStandIn) -> None:
    wrong = POLICIES.replace("engineers]", "enginers]").replace("approvers:", "aprovers:")
    file = type_.write("wrong.yml", wrong)
    type_("migrate")
    type_("catalogue", "refresh")

    result = type_("policies", "validate", file)

    assert result.exit_code == 1
    places = [line.split(": ")[0] for line in result.stderr.splitlines()]
    assert f"{file}:8" in places
    assert f"{file}:14" in places
    assert all(place.startswith(file) for place in places)


def test_a_file_may_come_by_standard_input(type_: Terminal, aws: AwsStandIn) -> None:
    result = type_("policies", "validate", "-", typed=POLICIES)

    assert result.exit_code == 0


def test_the_configured_file_is_the_default(type_: Terminal, aws: AwsStandIn, file: str) -> None:
    type_.set(ELEVATE_POLICY_FILE=file)

    assert type_("policies", "validate").exit_code == 0


def test_no_file_at_all_is_misuse(type_: Terminal) -> None:
    result = type_("policies", "apply")

    assert result.exit_code == 2
    assert "ELEVATE_POLICY_FILE" in result.stderr


def test_a_file_that_is_not_there_is_misuse(type_: Terminal) -> None:
    result = type_("policies", "apply", str(type_.folder / "none.yml"))

    assert result.exit_code == 2
    assert "cannot be read" in result.stderr


def test_offline_the_grammar_alone_is_checked(type_: Terminal, aws: AwsStandIn) -> None:
    file = type_.write("unknown.yml", POLICIES.replace("engineers]", "nobody-knows]"))

    result = type_("policies", "validate", "--offline", file)

    assert result.exit_code == 0
    assert len(aws.calls) == 0


def test_without_aws_it_says_that_names_were_not_checked(type_: Terminal, file: str) -> None:
    result = type_("policies", "validate", file)

    assert result.exit_code == 1
    assert "Names were not checked" in result.stderr
    assert "AWS_REGION" in result.stderr


def test_without_aws_the_grammar_is_checked_all_the_same(type_: Terminal) -> None:
    file = type_.write("wrong.yml", POLICIES.replace("version: 1", "version: 2"))

    result = type_.json("policies", "validate", file, exit_code=1)

    assert result["names_not_checked"]
    assert [problem["line"] for problem in result["problems"]] == [2]


def test_an_eligibility_that_nobody_can_approve_is_a_warning(
    type_: Terminal, aws: AwsStandIn
) -> None:
    file = type_.write("alone.yml", POLICIES.split("approval:\n")[0])

    result = type_("policies", "validate", file)

    assert result.exit_code == 0
    assert "warning: " in result.stderr


def test_applying_to_nothing_makes_the_database_and_reads_the_catalogue(
    type_: Terminal, aws: AwsStandIn, file: str
) -> None:
    result = type_("policies", "apply", file)

    assert result.exit_code == 0
    assert "Applied as version 1" in result.stdout
    assert type_.json("catalogue", "show")["accounts"]


def test_who_applied_what_is_a_line_of_the_journal(
    type_: Terminal, aws: AwsStandIn, file: str
) -> None:
    type_("policies", "apply", file)

    (line,) = lines_of(type_)

    assert line.entry.event == "policies.apply"
    assert line.entry.actor.name.startswith("operator:")
    assert "@" in line.entry.actor.name
    assert line.entry.facts is not None
    assert any(
        each.startswith("added approval production: ") for each in line.entry.facts["changes"]
    )


def test_a_change_is_the_next_version_and_says_what_changed(
    type_: Terminal, aws: AwsStandIn, file: str
) -> None:
    type_("policies", "apply", file)
    changed = type_.write("changed.yml", POLICIES.replace("name: production", "name: ops"))

    result = type_.json("policies", "apply", changed)

    assert result["version"] == 2
    assert [each.split(": ")[0] for each in result["changes"]] == [
        "added approval ops",
        "removed approval production",
    ]


def test_the_same_policies_are_no_new_version(type_: Terminal, aws: AwsStandIn, file: str) -> None:
    type_("policies", "apply", file)

    result = type_("policies", "apply", file)

    assert result.exit_code == 0
    assert "version 1 says the same" in result.stdout
    assert len(lines_of(type_)) == 1


def test_what_is_new_since_the_catalogue_was_read_is_looked_up_once_more(
    type_: Terminal, company: Company, file: str
) -> None:
    type_("policies", "apply", file)
    company.add_permission_set("AuditorAccess")
    newer = type_.write("newer.yml", POLICIES.replace("ReadOnlyAccess", "AuditorAccess"))

    result = type_("policies", "apply", newer)

    assert result.exit_code == 0
    assert "Applied as version 2" in result.stdout


def test_of_a_file_with_one_unknown_name_nothing_is_applied(
    type_: Terminal, aws: AwsStandIn
) -> None:
    file = type_.write("unknown.yml", POLICIES.replace("ReadOnlyAccess", "RaedOnlyAccess"))

    result = type_("policies", "apply", file)

    assert result.exit_code == 1
    assert "RaedOnlyAccess" in result.stderr
    assert lines_of(type_) == []


def test_what_is_exported_is_what_was_applied(type_: Terminal, aws: AwsStandIn, file: str) -> None:
    type_("policies", "apply", file)

    exported = type_("policies", "export").stdout
    again = type_("policies", "apply", "-", typed=exported)

    assert "version 1 says the same" in again.stdout


# Policies by tag

TAGGED = POLICIES.replace(
    "    ous: [ou-ab12-33333333]\n    perm", "    tags: {env: prod}\n    perm"
)


def test_policies_that_are_about_tags_are_ready_when_they_are_applied(
    type_: Terminal, aws: AwsStandIn
) -> None:
    applied = type_("policies", "apply", "-", typed=TAGGED)

    accounts = type_.json("catalogue", "show")["accounts"]
    assert (applied.exit_code, applied.stderr) == (0, "")
    assert {"env": "prod", "team": "web"} in [account["tags"] for account in accounts]


def test_a_tag_that_no_account_carries_is_a_warning(type_: Terminal, aws: AwsStandIn) -> None:
    file = type_.write("tags.yml", TAGGED.replace("env: prod", "env: prd"))

    for command in ("validate", "apply"):
        result = type_("policies", command, file)

        assert result.exit_code == 0
        assert 'eligibility "engineers in production": no account carries' in result.stderr
        assert '"env=prd"' in result.stderr


def test_tags_that_may_not_be_read_are_told_and_nothing_is_applied(
    type_: Terminal, aws: AwsStandIn
) -> None:
    aws.faults.add("ListTagsForResource", Kind.ACCESS_DENIED, times=None)

    result = type_("policies", "apply", "-", typed=TAGGED)

    assert result.exit_code == 1
    assert "ListTagsForResource: AccessDeniedException" in result.stderr
    assert lines_of(type_) == []


def test_the_catalogue_is_read_with_its_tags_where_policies_ask_for_them(
    type_: Terminal, company: Company
) -> None:
    type_("policies", "apply", "-", typed=TAGGED)
    company.add_account("web-new", unit="Production", tags={"env": "prod"})

    type_("catalogue", "refresh")

    accounts = type_.json("catalogue", "show")["accounts"]
    assert [each["tags"] for each in accounts if each["name"] == "web-new"] == [{"env": "prod"}]


# Requests


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


# The journal


def test_a_whole_journal_is_ok(type_: Terminal) -> None:
    keep(type_, make.a_request("AAA00001"), make.a_request("AAA00002"))

    result = type_("audit", "verify")

    assert result.exit_code == 0
    found = type_.json("audit", "verify")
    assert found["checkpoint"] == f"2:{found['head']['hash']}"
    assert result.stdout == f"2 lines read: ok; checkpoint {found['checkpoint']}\n"


def test_a_changed_line_is_found_and_named(type_: Terminal) -> None:
    keep(type_, make.a_request("AAA00001"), make.a_request("AAA00002"))
    with closing(sqlite3.connect(type_.folder / "elevate.db")) as connection:
        connection.execute("DROP TRIGGER journal_no_update")
        connection.execute("UPDATE journal SET reason = 'none' WHERE seq = 2")
        connection.commit()

    result = type_("audit", "verify")

    assert result.exit_code == 1
    assert "line 2: its content was changed" in result.stderr
    assert type_.json("audit", "verify", exit_code=1)["wrong"]["line"] == 2


# People


@pytest.mark.parametrize("called", ["bob", "bob@example.com", "BOB@example.com"])
def test_a_slack_user_is_linked_to_who_is_called_so(
    type_: Terminal, company: Company, called: str
) -> None:
    type_("migrate")

    result = type_("people", "link", "U0BOB00001", called)

    (binding,) = type_.json("people", "list")
    assert result.exit_code == 0
    assert "Bob Requester" in result.stdout
    assert binding["user_id"] == company.user_by_name["bob"]
    assert binding["made_by"].startswith("operator:")


def test_a_slack_user_is_linked_by_the_users_id(type_: Terminal, company: Company) -> None:
    type_("migrate")

    result = type_("people", "link", "u0bob00001", company.user_by_name["bob"])

    assert result.exit_code == 0


def test_whoever_is_linked_by_an_arn_has_the_id_that_aws_gives_them(
    type_: Terminal, company: Company
) -> None:
    type_("migrate")
    bob = company.user_by_name["bob"]

    type_("people", "link", "U0BOB00001", f"arn:aws:identitystore:::user/{bob}")

    (binding,) = type_.json("people", "list")
    assert binding["user_id"] == bob


def test_what_identity_center_calls_somebody_does_not_steer_the_terminal(
    type_: Terminal, company: Company
) -> None:
    type_("migrate")
    company.change_user("bob", name="bob\x1b[2J\x07")

    result = type_("people", "link", "U0BOB00001", "bob@example.com")

    assert not {"\x1b", "\x07"} & set(result.stdout)
    assert "Bob Requester" in result.stdout


def test_nobody_is_linked_to_a_user_that_is_not_there(type_: Terminal, aws: AwsStandIn) -> None:
    type_("migrate")

    result = type_("people", "link", "U0BOB00001", "bobby")

    assert result.exit_code == 1
    assert 'no Identity Center user "bobby"' in result.stderr
    assert type_.json("people", "list") == []


def test_nobody_is_linked_to_a_disabled_user(type_: Terminal, company: Company) -> None:
    type_("migrate")
    company.disable_user("bob")

    result = type_("people", "link", "U0BOB00001", "bob")

    assert result.exit_code == 1
    assert "disabled" in result.stderr


def test_a_name_is_no_slack_id(type_: Terminal, aws: AwsStandIn) -> None:
    type_("migrate")

    result = type_("people", "link", "bob", "bob")

    assert result.exit_code == 2


def test_a_link_is_forgotten_once(type_: Terminal, aws: AwsStandIn) -> None:
    type_("migrate")
    type_("people", "link", "U0BOB00001", "bob")

    codes = [type_("people", "unlink", "U0BOB00001").exit_code for _ in range(2)]

    assert codes == [0, 1]
    assert [line.entry.event for line in lines_of(type_)] == ["people.link", "people.unlink"]


def test_a_broken_link_is_mended(type_: Terminal, company: Company) -> None:
    bob = SlackUserId("U0BOB00001")
    binding = Binding(bob, "T1", make.a_person().user_id, "old@example.com", make.NOON, "address")
    with type_.works() as works, works() as work:
        work.people.put(replace(binding, broken="the Slack address changed"))

    type_("people", "link", bob, "bob")

    (mended,) = type_.json("people", "list")
    assert mended["broken"] == ""
    assert mended["team_id"] == "T1"


# The catalogue


def test_the_catalogue_is_read_and_shown(type_: Terminal, aws: AwsStandIn) -> None:
    type_("migrate")

    refreshed = type_("catalogue", "refresh")
    shown = type_("catalogue", "show")

    assert refreshed.exit_code == 0
    assert "7 accounts, 6 OUs and 4 permission sets" in refreshed.stdout
    assert "Root / Workloads / Production" in shown.stdout
    assert "AdministratorAccess" in shown.stdout


@pytest.mark.usefixtures("aws")
def test_what_of_the_catalogue_cannot_be_read_is_said_with_its_age(type_: Terminal) -> None:
    type_("migrate")
    type_("catalogue", "refresh")
    at = datetime(2026, 11, 2, 12, tzinfo=UTC)
    failing = Refresh(Piece.ACCOUNTS, due_at=at, failing_since=at, error="Not authorized.")
    with type_.works() as works, works() as work:
        work.refreshes.add(failing)

    shown = type_("catalogue", "show")

    assert shown.stdout.splitlines()[0].endswith(" ago")
    assert "accounts: not read since 2026-11-02 12:00 UTC: Not authorized." in shown.stdout
    (piece,) = type_.json("catalogue", "show")["pieces"]
    assert (piece["piece"], piece["error"]) == ("accounts", "Not authorized.")


def test_a_catalogue_that_was_never_read_says_how_to_read_it(type_: Terminal) -> None:
    type_("migrate")

    result = type_("catalogue", "show")

    assert result.exit_code == 1
    assert "catalogue refresh" in result.stderr


def test_what_aws_refuses_is_said_in_its_own_words(type_: Terminal, aws: AwsStandIn) -> None:
    type_("migrate")
    aws.faults.add("DescribeOrganization", Kind.ACCESS_DENIED, times=None)

    result = type_("catalogue", "refresh")

    assert result.exit_code == 1
    assert "DescribeOrganization: AccessDeniedException" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_what_is_printed_for_programs_is_json(type_: Terminal, aws: AwsStandIn) -> None:
    type_("migrate")

    printed = [type_(*words, "--json") for words in (
        ("catalogue", "refresh"), ("catalogue", "show"), ("people", "list"), ("requests", "list"),
        ("audit", "verify"),
    )]  # fmt: skip

    assert [result.exit_code for result in printed] == [0] * 5
    assert all(json.loads(result.stdout) is not None for result in printed)
