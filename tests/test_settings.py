"""Settings: what is wrong or missing is said in a line that names the variable and the cure."""

from collections.abc import Callable

import pytest

from bot.settings import EVERYTHING, LogFormat, Need, Settings, SettingsError, Source, load

Set = Callable[..., None]
KEY = "a2V5IGtleSBrZXkga2V5IGtleSBrZXkga2V5IGtleSE="

ENOUGH = {
    "SLACK_BOT_TOKEN": "xoxb-1-secret",
    "SLACK_SIGNING_SECRET": "signing-secret",
    "ELEVATE_EMAIL_DOMAINS": "example.com",
}


def problems(*needs: Need) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as refused:
        load(needs=needs)
    return refused.value.problems


def test_nothing_need_be_set_for_what_only_reads_the_database(environment: Set) -> None:
    environment()

    settings = load()

    assert settings.database_url == "sqlite:///elevate.db"
    assert (settings.host, settings.port) == ("127.0.0.1", 3000)
    assert settings.slack_api_url == "https://slack.com/api/"
    assert settings.activity_source is Source.AUTO
    assert settings.date_tokens is True
    assert settings.log_format is LogFormat.TEXT


def test_everything_is_taken_as_it_is_set(environment: Set) -> None:
    environment(
        **ENOUGH,
        SLACK_APP_TOKEN="xapp-1",
        SLACK_API_URL="http://127.0.0.1:4000/api",
        HOST="0.0.0.0",  # noqa: S104 - a setting, nobody listens
        PORT="8080",
        DATABASE_URL="postgresql+psycopg://elevate:hunter2@db/elevate?sslmode=verify-full",
        AWS_REGION="eu-central-1",
        ELEVATE_POLICY_FILE="policies.yml",
        ELEVATE_INSTANCE_ARN="arn:aws:sso:::instance/ssoins-0123456789abcdef",
        ELEVATE_ACCESS_PORTAL_URL="https://example.awsapps.com/start",
        ELEVATE_ACTIVITY_SOURCE="lookup_events",
        ELEVATE_ACTIVITY_ROLE="ElevateActivityReader",
        ELEVATE_ACTIVITY_REGIONS="eu-west-1, us-east-1,eu-west-1",
        ELEVATE_ENCRYPTION_KEY=KEY,
        ELEVATE_DATE_TOKENS="off",
        ELEVATE_LOG_FORMAT="json",
    )

    settings = load(needs=EVERYTHING)

    assert settings.slack_bot_token.get_secret_value() == "xoxb-1-secret"
    assert settings.slack_app_token is not None
    assert settings.slack_api_url == "http://127.0.0.1:4000/api/"
    assert settings.port == 8080
    assert (
        settings.database_url
        == "postgresql+psycopg://elevate:hunter2@db/elevate?sslmode=verify-full"
    )
    assert settings.policy_file == "policies.yml"
    assert settings.instance_arn == "arn:aws:sso:::instance/ssoins-0123456789abcdef"
    assert settings.access_portal_url == "https://example.awsapps.com/start"
    assert settings.activity_source is Source.LOOKUP_EVENTS
    assert settings.activity_role == "ElevateActivityReader"
    assert settings.activity_regions == ("eu-west-1", "us-east-1")
    assert settings.date_tokens is False
    assert settings.log_format is LogFormat.JSON


def test_domains_are_compared_in_lower_case(environment: Set) -> None:
    environment(ELEVATE_EMAIL_DOMAINS="Example.COM, @example.org,")

    assert load().email_domains == {"example.com", "example.org"}


@pytest.mark.parametrize(
    ("region", "regions"),
    [
        ("eu-central-1", ("eu-central-1", "us-east-1")),
        ("us-east-1", ("us-east-1",)),
        ("", ("us-east-1",)),
    ],
)
def test_activity_is_looked_for_here_and_where_global_services_report(
    environment: Set, region: str, regions: tuple[str, ...]
) -> None:
    environment(AWS_REGION=region)

    assert load().activity_regions == regions


@pytest.mark.parametrize("blank", ["", "  "])
def test_a_blank_variable_counts_as_unset(environment: Set, blank: str) -> None:
    environment(
        PORT=blank, SLACK_APP_TOKEN=blank, ELEVATE_ACTIVITY_SOURCE=blank, DATABASE_URL=blank
    )

    settings = load()

    assert settings.port == 3000
    assert settings.slack_app_token is None
    assert settings.activity_source is Source.AUTO
    assert settings.database_url == "sqlite:///elevate.db"


@pytest.mark.parametrize(
    ("need", "variable"),
    [
        (Need.SLACK, "SLACK_BOT_TOKEN"),
        (Need.LISTENING, "SLACK_APP_TOKEN"),
        (Need.PEOPLE, "ELEVATE_EMAIL_DOMAINS"),
    ],
)
def test_what_is_needed_and_missing_is_named(environment: Set, need: Need, variable: str) -> None:
    environment()

    (line,) = problems(need)

    assert line.startswith(f"{variable} is not set: ")


@pytest.mark.parametrize("variable", ["SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET"])
def test_one_way_for_slack_to_reach_us_is_enough(environment: Set, variable: str) -> None:
    environment(**{variable: "xapp-or-secret"})

    assert load(needs={Need.LISTENING})


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DATABASE_URL", "mysql://elevate@db/elevate"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "elevate.db"),
        ("PORT", "http"),
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("SLACK_API_URL", "slack.com"),
        ("SLACK_SIGNING_SECRET", "two words"),
        ("ELEVATE_JOURNAL_TOKEN", "two\nlines"),
        ("ELEVATE_ENCRYPTION_KEY", "schlüssel"),
        ("SLACK_BOT_TOKEN", "xapp-1-secret"),
        ("SLACK_APP_TOKEN", "xoxb-1-secret"),
        ("AWS_REGION", "Frankfurt"),
        ("ELEVATE_ACCESS_PORTAL_URL", "http://example.awsapps.com/start"),
        ("ELEVATE_ACTIVITY_REGIONS", "eu-central-1,everywhere"),
        ("ELEVATE_ACTIVITY_ROLE", "arn:aws:iam::111122223333:role/Reader"),
        ("ELEVATE_ACTIVITY_SOURCE", "cloudtrail"),
        ("ELEVATE_ACTIVITY_LOG_GROUP", "trail' or 1"),
        ("ELEVATE_ACTIVITY_LOG_GROUP", "arn:aws:s3:::trail"),
        ("ELEVATE_ACTIVITY_ATHENA_TABLE", "cloudtrail"),
        ("ELEVATE_ACTIVITY_ATHENA_TABLE", 'audit.trail" --'),
        ("ELEVATE_ACTIVITY_ATHENA_WORKGROUP", "the primary"),
        ("ELEVATE_ACTIVITY_ATHENA_OUTPUT", "results/elevate"),
        ("ELEVATE_ACTIVITY_EVENT_DATA_STORE", "trail"),
        ("ELEVATE_ACTIVITY_EVENT_DATA_STORE", "0 UNION SELECT 1"),
        ("ELEVATE_DATE_TOKENS", "true"),
        ("ELEVATE_EMAIL_DOMAINS", "example"),
        ("ELEVATE_EMAIL_DOMAINS", "ann@example.com"),
        ("ELEVATE_INSTANCE_ARN", "ssoins-0123456789abcdef"),
        ("ELEVATE_LOG_FORMAT", "xml"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_the_variable(
    environment: Set, variable: str, value: str
) -> None:
    environment(**{variable: value})

    (line,) = problems()

    assert line.startswith(f"{variable}: ")
    assert "\n" not in line


def test_all_problems_come_at_once(environment: Set) -> None:
    environment(PORT="http", ELEVATE_LOG_FORMAT="xml")

    lines = problems(*EVERYTHING)

    assert {line.split(" ")[0].rstrip(":") for line in lines} == {
        "PORT",
        "ELEVATE_LOG_FORMAT",
        "SLACK_BOT_TOKEN",
        "SLACK_APP_TOKEN",
        "ELEVATE_EMAIL_DOMAINS",
    }


STORE = "01234567-89ab-cdef-0123-456789abcdef"


@pytest.mark.parametrize(
    ("variables", "source"),
    [
        ({}, Source.NONE),
        ({"ELEVATE_ACTIVITY_ROLE": "Reader"}, Source.LOOKUP_EVENTS),
        ({"ELEVATE_ACTIVITY_LOG_GROUP": "trail"}, Source.CLOUDWATCH_LOGS),
        (
            {"ELEVATE_ACTIVITY_LOG_GROUP": "trail", "ELEVATE_ACTIVITY_ROLE": "Reader"},
            Source.CLOUDWATCH_LOGS,
        ),
        ({"ELEVATE_ACTIVITY_ATHENA_TABLE": "audit.trail"}, Source.NONE),
    ],
)
def test_auto_is_the_log_group_then_the_role_then_none(
    environment: Set, variables: dict[str, str], source: Source
) -> None:
    environment(**variables)

    assert load().source is source


@pytest.mark.parametrize(
    ("source", "variable"),
    [
        ("cloudwatch_logs", "ELEVATE_ACTIVITY_LOG_GROUP"),
        ("lookup_events", "ELEVATE_ACTIVITY_ROLE"),
        ("athena", "ELEVATE_ACTIVITY_ATHENA_TABLE"),
        ("lake", "ELEVATE_ACTIVITY_EVENT_DATA_STORE"),
    ],
)
def test_a_source_without_its_place_stops_the_start_and_names_it(
    environment: Set, source: str, variable: str
) -> None:
    environment(ELEVATE_ACTIVITY_SOURCE=source)

    (line,) = problems()

    assert line.startswith(f"{variable} is not set: ")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("aws-controltower/CloudTrailLogs", "aws-controltower/CloudTrailLogs"),
        (
            "arn:aws:logs:eu-central-1:111122223333:log-group:trail:*",
            "arn:aws:logs:eu-central-1:111122223333:log-group:trail",
        ),
    ],
)
def test_a_log_group_is_named_as_the_console_shows_it(
    environment: Set, said: str, meant: str
) -> None:
    environment(ELEVATE_ACTIVITY_LOG_GROUP=said)

    assert load().activity_log_group == meant


@pytest.mark.parametrize(
    "said", [STORE, f"arn:aws:cloudtrail:eu-central-1:111122223333:eventdatastore/{STORE}"]
)
def test_an_event_data_store_is_named_by_its_id_or_arn(environment: Set, said: str) -> None:
    environment(ELEVATE_ACTIVITY_SOURCE="lake", ELEVATE_ACTIVITY_EVENT_DATA_STORE=said)

    assert load().activity_event_data_store == said


def test_what_is_not_chosen_may_stay_configured(environment: Set) -> None:
    environment(ELEVATE_ACTIVITY_LOG_GROUP="something", ELEVATE_ACTIVITY_SOURCE="none")

    assert load().source is Source.NONE


def test_no_secret_is_shown_by_printing_them(environment: Set) -> None:
    environment(
        **ENOUGH,
        SLACK_APP_TOKEN="xapp-secret",
        ELEVATE_ENCRYPTION_KEY="secret" * 7 + "s",
        DATABASE_URL="postgresql+psycopg://elevate:secret@db/elevate?sslmode=require",
    )

    settings = load(needs=EVERYTHING)

    assert "secret" not in f"{settings!r} {settings}".replace("slack_signing_secret", "")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SLACK_BOT_TOKEN", "xapp-hunter2"),
        ("SLACK_APP_TOKEN", "xoxb-hunter2"),
        ("SLACK_BOT_TOKEN", "xoxb-1\nhunter2"),
        ("SLACK_API_URL", "https://elevate:hunter2@proxy.example.com/api/"),
        ("ELEVATE_JOURNAL_TOKEN", "a hunter2"),
        ("DATABASE_URL", "postgres//elevate:hunter2@db"),
        ("DATABASE_URL", "postgresql://elevate:hunter2@db/elevate"),
        ("DATABASE_URL", "postgresql://elevate:hunter2@db/elevate?sslmode=hunter2"),
        ("DATABASE_URL", "postgresql://elevate:hunter2@db:port/elevate"),
        ("ELEVATE_ENCRYPTION_KEY", "hunter2"),
        ("ELEVATE_ENCRYPTION_KEY", f"{KEY},hunter2"),
    ],
)
def test_a_wrong_secret_is_not_said_back(environment: Set, variable: str, value: str) -> None:
    environment(**{variable: value})

    (line,) = problems()

    assert "hunter2" not in line


@pytest.mark.parametrize(
    "said", ["short", "k" * 42, "k" * 45, f"{KEY}x", f"{KEY};{KEY}", ",", "é" * 43]
)
def test_a_wrong_key_stops_the_start_with_how_to_make_one(environment: Set, said: str) -> None:
    environment(ELEVATE_ENCRYPTION_KEY=said)

    (line,) = problems()

    assert line.startswith("ELEVATE_ENCRYPTION_KEY: ")
    assert "openssl rand -base64 32" in line
    assert said not in line.removeprefix("ELEVATE_ENCRYPTION_KEY: ").replace(", several with", "")


def test_several_keys_are_taken(environment: Set) -> None:
    environment(ELEVATE_ENCRYPTION_KEY=f"{KEY}, {'n' * 43}")

    key = load().encryption_key

    assert key is not None
    assert key.get_secret_value() == f"{KEY}, {'n' * 43}"


def test_settings_stay_as_they_were_read(environment: Set) -> None:
    environment()
    settings = load()

    with pytest.raises(ValueError, match="frozen"):
        settings.port = 1  # type: ignore[misc]  # frozen, as mypy says too


def test_tests_may_give_values_by_their_names(environment: Set) -> None:
    environment()

    settings = Settings(email_domains=frozenset({"example.com"}), port=0, date_tokens=False)

    assert settings.email_domains == {"example.com"}
    assert settings.port == 0
    assert settings.date_tokens is False
