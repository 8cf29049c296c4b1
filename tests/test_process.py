"""The real process: a whole request lived over HTTP, and what a crash, a stop or an outage leaves."""

import json
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.clock import system_clock
from grants.model import SlackUserId, State, UserId
from grants.records import Binding
from storage.work import SqlWorks
from tests.beside import Outside, outside
from tests.scraping import samples
from tests.standins.aws import Kind


@pytest.fixture
def company(database_url: str, tmp_path: Path) -> Iterator[Outside]:
    with outside(database_url, tmp_path) as around:
        yield around


def test_a_whole_request_is_lived(company: Outside) -> None:
    with company.bot() as bot:
        bot.ready()
        request = company.asks(bot)
        assert company.cards(request)[0].buttons() == ["Approve", "Reject"]

        company.hand(bot, "eve").click(company.cards(request)[0], "Approve")
        company.is_to_be(request, State.ACTIVE)
        assert company.has_access()

        bob = company.hand(bot, "bob")
        company.until(
            lambda: bob.dms()[-1].buttons() == ["End Access", "Extend", "Show Activity"],
            "way to end it",
        )
        bob.click(bob.dms()[-1], "End Access")
        company.is_to_be(request, State.REVOKED)
        assert not company.has_access()
        company.until(lambda: bob.dms()[-1].text.startswith("Revoked"), "word of the end")
        company.until(
            lambda: company.cards(request)[0].buttons() == ["Show Activity"],
            "card without decisions",
        )
        told = samples(bot.asked("/metrics")[1])
    assert [told[f'elevate_moves_total{{move="{move}"}}'] for move in ("ask", "end", "gone")] == [
        1
    ] * 3
    created = 'operation="CreateAccountAssignment",outcome="ok",service="sso-admin"'
    assert told[f"elevate_aws_calls_total{{{created}}}"] == 1
    assert told['elevate_limiter_wait_seconds_count{family="sso-admin",lane="revoke"}'] >= 1
    assert told['elevate_slack_calls_total{method="views.open",outcome="ok"}'] == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_it_ends_well(company: Outside, number: signal.Signals) -> None:
    with company.bot() as bot:
        bot.ready()

        bot.child.process.send_signal(number)

        assert bot.child.process.wait(timeout=20) == 0
    assert "Traceback" not in bot.log()


def test_told_to_stop_while_somebody_waits_it_answers_first(company: Outside) -> None:
    with company.bot() as bot, ThreadPoolExecutor() as threads:
        bot.ready()
        bob = company.filled(bot)
        stalled = company.aws.faults.add("IsMemberInGroups", Kind.STALL)
        sending = threads.submit(bob.submit)
        assert stalled.reached.wait(30)

        bot.child.process.terminate()
        company.until(bot.is_closed, "closed door")
        stalled.release()

        assert sending.result().closed
        assert bot.child.process.wait(timeout=20) == 0
    assert "Traceback" not in bot.log()
    (request,) = company.requests()
    assert request.state is State.PENDING


def test_killed_while_access_is_held_it_still_ends(company: Outside) -> None:
    with company.bot() as bot:
        bot.ready()
        request = company.active(bot)
        bot.killed()

    with SqlWorks(company.database)() as work:
        held = work.requests.get(request)
        work.requests.save(replace(held, ends_at=system_clock() - timedelta(days=3)))
    with company.bot(name="again"):
        company.is_to_be(request, State.ENDED)

    assert not company.has_access()


def test_links_are_looked_at_again(company: Outside) -> None:
    eve = SlackUserId("UEVE")
    user_id = UserId(company.aws.company.user("eve").id)
    made_at = system_clock() - timedelta(days=3)
    with SqlWorks(company.database)() as work:
        work.people.put(Binding(eve, "T1", user_id, "eve@example.com", made_at, "verified address"))

    def looked_at() -> bool:
        with company.reading() as work:
            link = work.people.get(eve)
        return link is not None and link.checked_at > made_at

    with company.bot() as bot:
        bot.ready()
        company.until(looked_at, "look at the link")


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize(
    ("words", "loops", "settings"),
    [
        (["--role", "jobs"], 6, {"SLACK_SIGNING_SECRET": ""}),
        (["--role", "all"], 7, {"SLACK_APP_TOKEN": "xapp-1-A-1-example"}),
    ],
    ids=["jobs", "sockets"],
)
def test_whoever_does_not_listen_to_slack_over_http_is_watched_there_all_the_same(
    company: Outside, words: list[str], loops: int, settings: dict[str, str]
) -> None:
    """Where people press, what they search is indexed besides."""
    with company.bot(*words, **settings, ELEVATE_LOG_FORMAT="json") as bot:
        bot.ready()
        status, page = bot.asked("/metrics")

        assert bot.asked("/healthz") == (200, "ok\n")
        assert bot.asked("/slack/events", method="POST")[0] == 404
        logged = [json.loads(line) for line in bot.log().splitlines()]

    told = samples(page)
    assert status == 200
    assert told["elevate_database_up"] == 1
    assert told["elevate_catalogue_read_timestamp_seconds"] > 0
    beats = [name for name in told if name.startswith("elevate_beat_last_success")]
    assert len(beats) == loops
    assert all(told[beat] > system_clock().timestamp() - 60 for beat in beats)
    assert told['elevate_slack_calls_total{method="auth.test",outcome="ok"}'] == 1
    warned = sum(line["level"] == "warning" for line in logged)
    assert told['elevate_log_records_total{level="warning"}'] <= warned
    assert {"at", "level", "logger", "event"} <= set.intersection(*map(set, logged))
    assert [line["event"] for line in logged if "will be unused" in line["event"]] == []


@pytest.mark.parametrize("operation", ["IsMemberInGroups", "CreateAccountAssignment"])
def test_told_to_stop_while_aws_never_answers_it_ends_all_the_same(
    company: Outside, operation: str
) -> None:
    with company.bot() as bot, ThreadPoolExecutor() as threads:
        bot.ready()
        request = company.asks(bot, "web-prod · ReadOnlyAccess")
        stalled = company.aws.faults.add(operation, Kind.STALL, times=None)
        threads.submit(company.hand(bot, "eve").click, company.cards(request)[0], "Approve")
        assert stalled.reached.wait(30)

        bot.child.process.terminate()

        assert bot.child.process.wait(timeout=20) == 0
        stalled.release()


@pytest.mark.parametrize("database_kind", ["sqlite"])  # PostgreSQL's leases run out in their time
def test_killed_between_asking_aws_and_hearing_back_nothing_is_doubled_or_lost(
    company: Outside,
) -> None:
    company.aws.faults.add("CreateAccountAssignment", Kind.STALL_ANSWER)
    with company.bot() as bot:
        bot.ready()
        request = company.asks(bot)
        company.hand(bot, "eve").click(company.cards(request)[0], "Approve")
        company.until(lambda: company.aws.calls.count("CreateAccountAssignment"), "create")
        bot.killed()
    company.aws.faults.release()
    assert company.request(request).state is State.GRANTING

    with company.bot(name="again"):
        company.is_to_be(request, State.ACTIVE)

    assert company.aws.calls.count("CreateAccountAssignment") == 1


def test_a_revocation_at_the_command_line_is_seen_by_the_one_that_runs(company: Outside) -> None:
    with company.bot() as bot:
        bot.ready()
        request = company.active(bot)

        done = company.command("requests", "revoke", request.lower(), "--reason", "laptop stolen")

        assert done.returncode == 0, done.stderr
        company.is_to_be(request, State.REVOKED)
        assert not company.has_access()
        bob = company.hand(bot, "bob")
        company.until(lambda: "laptop stolen" in bob.dms()[-1].text, "word of it")


def test_aws_away_at_the_start_it_serves_and_is_not_ready(company: Outside) -> None:
    away = company.aws.faults.add("*", Kind.STALL, times=None)

    with company.bot() as bot:
        assert bot.asked("/healthz") == (200, "ok\n")
        assert bot.asked("/readyz") == (503, "no catalogue was read yet\n")
        away.times = 0
        away.release()
        bot.ready()


def test_slack_away_at_the_start_access_still_ends(company: Outside) -> None:
    with company.bot() as bot:
        bot.ready()
        request = company.active(bot)
    company.slack.faults.add("*", "drop", times=None)
    with SqlWorks(company.database)() as work:
        held = work.requests.get(request)
        work.requests.save(replace(held, ends_at=system_clock()))

    with company.bot(name="again") as bot:
        bot.ready()
        company.is_to_be(request, State.ENDED)
        assert not company.has_access()
        company.slack.faults.clear()
        company.until(lambda: "Ended" in company.cards(request)[0].words(), "card drawn again")


def test_the_policies_file_is_applied_to_an_empty_database_before_it_is_ready(
    company: Outside,
) -> None:
    with company.bot() as bot:
        bot.ready()

        with SqlWorks(company.database).reading() as work:
            assert work.policies.version() == 1
            (applied,) = [
                line.entry for line in work.journal.walk() if line.entry.event == "policies.apply"
            ]
    assert applied.actor.name.startswith("file:")


def test_the_policies_file_changes_nothing_where_there_are_policies(company: Outside) -> None:
    with company.bot() as bot:
        bot.ready()
    other = company.folder / "other.yml"
    other.write_text("version: 1\n")

    with company.bot(name="again", ELEVATE_POLICY_FILE=str(other)) as bot:
        bot.ready()

    with SqlWorks(company.database).reading() as work:
        assert work.policies.version() == 1
