"""As a program: how it starts, what stops it, and the schema."""

from socket import socket

from storage.lock import only_one
from tests.standins.aws import AwsStandIn
from tests.terminal import CREDENTIALS, Terminal

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
