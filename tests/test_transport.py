"""Nothing goes to Slack or to the database in the clear, unless somebody chose it by name."""

from collections.abc import Callable

import pytest

from bot.settings import SettingsError, load

Set = Callable[..., None]
ELSEWHERE = "postgresql+psycopg://elevate:hunter2@db.example.com/elevate"
SOCKET = "postgresql+psycopg://elevate@/elevate"


def problem() -> str:
    with pytest.raises(SettingsError) as refused:
        load()
    (line,) = refused.value.problems
    assert "hunter2" not in line
    return line


@pytest.mark.parametrize(
    "url",
    [
        "https://slack.com/api",
        "https://slack-gov.com/api/",
        "http://127.0.0.1:4000/api/",
        "http://localhost:4000/api/",
        "http://[::1]:4000/api/",
        "http://localhost",
    ],
)
def test_slack_is_spoken_to_over_tls_or_on_this_machine(environment: Set, url: str) -> None:
    environment(SLACK_API_URL=url)

    assert load().slack_api_url == f"{url.rstrip('/')}/"


@pytest.mark.parametrize(
    "url",
    [
        "http://slack.com/api/",
        "http://127.0.0.1.evil.example/api/",
        "http://localhost.evil.example/api/",
        "http://localhost:80@evil.example/api/",
        "http://127.0.0.1@evil.example/api/",
        "http://10.0.0.1/api/",
        "https://elevate:hunter2@slack.com/api/",
        "https://slack.com/api/?token=hunter2",
        "https://slack.com/api/#hunter2",
        "ftp://slack.com/api/",
        "HTTP://slack.com/api/",
        "//slack.com/api/",
    ],
)
def test_slacks_address_is_refused_where_the_token_would_go_in_the_clear(
    environment: Set, url: str
) -> None:
    environment(SLACK_API_URL=url)

    line = problem()

    assert line.startswith("SLACK_API_URL: ")
    assert "https://slack.com/api/" in line


@pytest.mark.parametrize(
    "url",
    [
        ELSEWHERE,
        f"{ELSEWHERE}?connect_timeout=5",
        f"{ELSEWHERE}?sslrootcert=/etc/ssl/ca.pem",
        "postgres://elevate:hunter2@10.0.0.7:6432/elevate",
        "postgresql://elevate:hunter2@[2001:db8::7]/elevate",
        "postgresql://elevate@/elevate?host=db.example.com",
        "postgresql://elevate@/elevate?host=/run/postgresql&host=db.example.com",
        "postgresql://elevate@localhost/elevate?hostaddr=10.0.0.7",
        "postgresql://elevate@localhost.example.com/elevate",
        "postgresql://elevate@/elevate?service=elevate",
    ],
)
def test_a_database_elsewhere_needs_a_word_about_its_protection(environment: Set, url: str) -> None:
    environment(DATABASE_URL=url)

    line = problem()

    assert line.startswith("DATABASE_URL: names another machine and no sslmode; add ")
    assert f"{'&' if '?' in url else '?'}sslmode=verify-full&sslrootcert=" in line


@pytest.mark.parametrize(
    "mode", ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]
)
def test_what_is_chosen_by_name_is_taken(environment: Set, mode: str) -> None:
    environment(DATABASE_URL=f"{ELSEWHERE}?sslmode={mode}")

    assert load().database_url == f"{ELSEWHERE}?sslmode={mode}"


@pytest.mark.parametrize("mode", ["on", "verify_full", "REQUIRE", "hunter2"])
def test_a_protection_that_libpq_does_not_know_is_refused(environment: Set, mode: str) -> None:
    environment(DATABASE_URL=f"{ELSEWHERE}?sslmode={mode}")

    assert "write one of disable, allow, prefer, require, verify-ca, verify-full" in problem()


@pytest.mark.parametrize(
    "url",
    [
        SOCKET,
        f"{SOCKET}?host=/run/postgresql",
        "postgresql://elevate:hunter2@localhost/elevate",
        "postgresql://elevate:hunter2@127.0.0.1:5432/elevate",
        "postgresql://elevate:hunter2@[::1]/elevate",
        "sqlite:///elevate.db",
    ],
)
def test_a_database_on_this_machine_needs_none(environment: Set, url: str) -> None:
    environment(DATABASE_URL=url)

    assert load().database_url == url


@pytest.mark.parametrize("variable", ["PGHOST", "PGHOSTADDR"])
def test_libpqs_own_variables_may_name_another_machine(
    environment: Set, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "10.0.0.7")
    environment(DATABASE_URL=SOCKET)

    assert "names another machine" in problem()


def test_libpqs_own_variable_may_say_how_it_is_protected(
    environment: Set, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    environment(DATABASE_URL=ELSEWHERE)

    assert load().database_url == ELSEWHERE
