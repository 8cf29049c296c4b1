"""What keeps the process from starting is one line that says what to do; several parts run apart."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from grants.model import State
from storage.schema import at_head
from storage.tables import processes
from tests.beside import Outside, outside
from tests.standins.aws import Kind

MISUSE = 2


@pytest.fixture
def company(database_url: str, tmp_path: Path) -> Iterator[Outside]:
    with outside(database_url, tmp_path) as around:
        yield around


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_second_one_on_the_same_file_is_refused_and_the_first_goes_on(company: Outside) -> None:
    with company.bot() as bot:
        bot.ready()

        second = company.command("run")

        assert second.returncode == 1
        (line,) = second.stderr.splitlines()
        assert f"process {bot.child.process.pid} already runs on" in line
        assert "stop it first" in line
        assert bot.asked("/readyz")[0] == 200


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_after_a_kill_nothing_keeps_the_next_one_away(company: Outside) -> None:
    with company.bot() as bot:
        bot.killed()

    with company.bot(name="next") as bot:
        bot.ready()


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_an_embedded_database_is_made_and_brought_to_head(
    database_kind: str, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    with outside(url, tmp_path) as company, company.bot() as bot:
        bot.ready()

        assert at_head(url)


@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_a_served_database_that_is_not_at_head_is_refused_with_the_command_that_mends_it(
    empty_database_url: str, tmp_path: Path
) -> None:
    with outside(empty_database_url, tmp_path) as company:
        refused = company.command("run")
        assert refused.returncode == 1
        (line,) = refused.stderr.splitlines()
        assert "python -m bot migrate" in line
        assert not at_head(empty_database_url)

        assert company.command("migrate").returncode == 0
        with company.bot() as bot:
            bot.ready()


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize(
    ("missing", "named"),
    [
        (["SLACK_BOT_TOKEN"], ["SLACK_BOT_TOKEN"]),
        (["SLACK_SIGNING_SECRET"], ["SLACK_SIGNING_SECRET"]),
        (["ELEVATE_EMAIL_DOMAINS"], ["ELEVATE_EMAIL_DOMAINS"]),
        (
            ["SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "ELEVATE_EMAIL_DOMAINS"],
            ["SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "ELEVATE_EMAIL_DOMAINS"],
        ),
    ],
)
def test_what_is_not_set_is_said_a_line_each(
    company: Outside, missing: list[str], named: list[str]
) -> None:
    refused = company.command("run", **dict.fromkeys(missing, ""))

    assert refused.returncode == MISUSE
    lines = refused.stderr.splitlines()
    assert len(lines) == len(named)
    assert all(name in line for name, line in zip(named, lines, strict=True))
    assert refused.stdout == ""


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("DATABASE_URL", "mysql://root:hunter2@db/elevate"),
        ("ELEVATE_DATE_TOKENS", "maybe"),
        ("ELEVATE_ACTIVITY_SOURCE", "athena"),
        ("AWS_REGION", "Frankfurt"),
        ("SLACK_API_URL", "slack.com"),
    ],
)
def test_what_is_set_wrong_is_said_in_one_line(company: Outside, name: str, value: str) -> None:
    refused = company.command("run", **{name: value})

    assert refused.returncode == MISUSE
    (line,) = refused.stderr.splitlines()
    assert name in line
    assert "hunter2" not in line


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_policies_file_with_mistakes_stops_the_start_with_their_lines(company: Outside) -> None:
    wrong = company.folder / "wrong.yml"
    wrong.write_text("version: 1\nsettings:\n  max_duration: for ever\n  colour: red\n")

    refused = company.command("run", ELEVATE_POLICY_FILE=str(wrong))

    assert refused.returncode == 1
    lines = refused.stderr.splitlines()
    assert [line.partition(": ")[0] for line in lines] == [f"{wrong}:3", f"{wrong}:4"]


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_policies_file_that_is_not_there_stops_the_start(company: Outside) -> None:
    refused = company.command("run", ELEVATE_POLICY_FILE="/nowhere/policies.yml")

    assert refused.returncode in {1, 2}
    assert "/nowhere/policies.yml" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_policies_that_name_what_is_not_there_are_not_applied_and_the_log_says_why(
    company: Outside,
) -> None:
    wrong = company.folder / "wrong.yml"
    wrong.write_text("version: 1\nsettings:\n  admins: {groups: [nobody-knows]}\n")

    with company.bot(ELEVATE_POLICY_FILE=str(wrong)) as bot:
        bot.ready()

        (word,) = [line for line in bot.log().splitlines() if "policies not applied" in line]
        assert "nobody-knows" in word
        with company.reading() as work:
            assert work.policies.version() == 0


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_port_that_is_taken_is_said_in_one_line(company: Outside, tmp_path: Path) -> None:
    with company.bot() as bot:
        taken = company.command(
            "run", PORT=str(bot.port), DATABASE_URL=f"sqlite:///{tmp_path / 'other.db'}"
        )

    assert taken.returncode in {1, 2}
    assert "Traceback" not in taken.stderr
    assert str(bot.port) in taken.stderr


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize(
    ("setting", "value", "status"),
    [("HOST", "nowhere.invalid", 1), ("ELEVATE_POLICY_FILE", "/nowhere/policies.yml", 2)],
)
def test_a_setting_that_leads_nowhere_is_said_in_one_line(
    company: Outside, setting: str, value: str, status: int
) -> None:
    started = company.command("run", **{setting: value})

    assert started.returncode == status
    assert "Traceback" not in started.stderr
    assert setting in started.stderr
    assert value in started.stderr


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_token_that_slack_refuses_is_in_the_log_before_anybody_asks(company: Outside) -> None:
    with company.bot(SLACK_BOT_TOKEN="xoxb-of-yesterday") as bot:
        company.until(lambda: "Slack refuses the bot's token" in bot.log(), "word of it")

        assert "error=invalid_auth" in bot.log()
        assert "token will be unused" not in bot.log()


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_no_secret_is_in_the_log(company: Outside) -> None:
    with company.bot(ELEVATE_LOG_FORMAT="json") as bot:
        bot.ready()
        company.slack.faults.add("chat.postMessage", "invalid_auth", times=2)
        request = company.asks(bot)
        company.aws.faults.add("sso-admin.*", Kind.HTTP500, times=2)
        company.hand(bot, "eve").click(company.cards(request)[0], "Approve")
        company.is_to_be(request, State.ACTIVE)
        company.hand(bot, "bob").tampering(signature="bad").command("", "general")

    secrets = (company.slack.token, company.slack.signing_secret, "the disk is full", "v0=")
    assert [secret for secret in secrets if secret in bot.log()] == []
    assert "told later" in bot.log()


@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_slack_and_jobs_run_apart(company: Outside) -> None:
    with company.bot("--role", "jobs", name="jobs", SLACK_SIGNING_SECRET="") as jobs:
        with company.bot("--role", "slack", name="slack") as slack:
            jobs.ready()
            slack.ready()
            assert jobs.asked("/slack/events", method="POST")[0] == 404

            request = company.active(slack)
            bob = company.hand(slack, "bob")
            company.until(
                lambda: bob.dms()[-1].buttons() == ["End Access", "Extend", "Show Activity"],
                "way to end it",
            )
            bob.click(bob.dms()[-1], "End Access")

            company.is_to_be(request, State.REVOKED)
        assert "Traceback" not in slack.log() + jobs.log()
    assert not company.has_access()


def present(company: Outside) -> int:
    with company.database.reading() as connection:
        return len(connection.execute(select(processes)).all())


@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_two_of_everything_do_everything_once(company: Outside) -> None:
    with company.bot(name="one") as one, company.bot(name="two") as two:
        one.ready()
        two.ready()
        company.until(lambda: present(company) == 2, "two that know of each other")
        request = company.asks(one)
        company.hand(two, "eve").click(company.cards(request)[0], "Approve")
        company.is_to_be(request, State.ACTIVE)
        done = company.command("requests", "revoke", request, "--reason", "enough")
        assert done.returncode == 0, done.stderr
        company.is_to_be(request, State.REVOKED)
        company.until(lambda: "Revoked" in company.cards(request)[0].words(), "card")
        with company.reading() as work:
            company.until(lambda: company.slack.dms("bob")[-1].text.startswith("Revoked"), "word")
            assert work.policies.version() == 1

    assert present(company) == 0
    assert company.aws.calls.count("CreateAccountAssignment") == 1
    assert company.aws.calls.count("DeleteAccountAssignment") == 1
    told = [line.text.split()[0] for line in company.slack.thread(company.cards(request)[0])]
    assert told[:4] == ["Requested:", "Approved", "Granting:", "Active:"]
    assert len(told) == len(set(told))
