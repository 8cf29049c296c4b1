"""What the environment says: read here once, checked whole, and passed in everywhere else."""

import os
import re
from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

from pydantic import (
    AliasChoices,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.seal import keys_in
from bot.secret_files import is_set, secrets_in
from bot.transport import LOOPBACK, database, slack_address
from grants.drafts import shown
from grants.sensitive import sensitive_actions

Value = TypeVar("Value")
Word = TypeVar("Word", bound=StrEnum)


class SettingsError(Exception):
    """Settings are missing or wrong. Its text has one line for each: which, and what to do."""

    def __init__(self, problems: Collection[str]) -> None:
        """All of them at once."""
        self.problems = tuple(dict.fromkeys(problems))
        super().__init__("\n".join(self.problems))


class Need(StrEnum):
    """What a command cannot do without."""

    SLACK = "slack"
    """The bot's token."""
    LISTENING = "listening"
    """A way for Slack to reach us: the app-level token, else the signing secret."""
    PEOPLE = "people"
    """The domains whose addresses may be bound."""


EVERYTHING: Final = frozenset(Need)


_NEEDED: Final = {
    Need.SLACK: (
        ("SLACK_BOT_TOKEN",),
        "take the bot's token, xoxb-…, from \"Install App\" in the Slack app's settings",
    ),
    Need.LISTENING: (
        ("SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET"),
        (
            "set it for Socket Mode, or SLACK_SIGNING_SECRET for HTTP;"
            ' both are in "Basic Information" in the Slack app\'s settings'
        ),
    ),
    Need.PEOPLE: (
        ("ELEVATE_EMAIL_DOMAINS",),
        (
            "name the domains whose Slack addresses may be matched with Identity Center users,"
            " such as example.com"
        ),
    ),
}


class Source(StrEnum):
    """Where a session's activity is read."""

    AUTO = "auto"
    """cloudwatch_logs where a log group is named, else lookup_events where its role is, else none."""
    CLOUDWATCH_LOGS = "cloudwatch_logs"
    LOOKUP_EVENTS = "lookup_events"
    ATHENA = "athena"
    LAKE = "lake"
    NONE = "none"


_SOURCE_NEEDS: Final = {
    Source.CLOUDWATCH_LOGS: (
        "ELEVATE_ACTIVITY_LOG_GROUP",
        "name the log group, or its ARN, that the trail writes to",
    ),
    Source.LOOKUP_EVENTS: (
        "ELEVATE_ACTIVITY_ROLE",
        "name the role that lookup_events assumes",
    ),
    Source.ATHENA: (
        "ELEVATE_ACTIVITY_ATHENA_TABLE",
        "name the table on the trail's logs, as database.table",
    ),
    Source.LAKE: (
        "ELEVATE_ACTIVITY_EVENT_DATA_STORE",
        "name the event data store, by its id or ARN",
    ),
}


class LogFormat(StrEnum):
    """How the log is written."""

    JSON = "json"
    TEXT = "text"


STDOUT: Final = "stdout"
UNTRIED: Final = "default_factory_not_called"
"""Pydantic's word for a default that waits for another field, which is the one that is wrong."""

# How each is read. A ValueError's text says what to do, and never says a secret back.


def _like(pattern: str, kind: str, advice: str) -> Callable[[str], str]:
    """Reads what looks so."""

    def read(said: str) -> str:
        if re.fullmatch(pattern, said, re.ASCII):
            return said
        raise ValueError(f"{shown(said)} is no {kind}; write {advice}")

    return read


def _one_of(kind: type[Word]) -> Callable[[str], Word]:
    def read(said: str) -> Word:
        if said in list(kind):
            return kind(said)
        raise ValueError(f"{shown(said)} is not taken; write one of {', '.join(kind)}")

    return read


def _sensitive(said: str) -> str:
    """A file of actions, read once to see that it can be."""
    try:
        sensitive_actions(Path(said).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{shown(said)} cannot be read; name a text file of actions") from error
    return said


def _secret(said: str) -> str:
    """Whoever refuses a header with a line break in it quotes the whole of it."""
    if re.fullmatch(r"[!-~]+", said):
        return said
    raise ValueError("holds a blank, a line break or a letter beyond ASCII; write the secret alone")


def _bot_token(said: str) -> str:
    if said.startswith(("xapp-", "xoxp-")):
        raise ValueError('is another kind of token; take the bot\'s, xoxb-…, from "Install App"')
    return _secret(said)


def _app_token(said: str) -> str:
    if said.startswith("xox"):
        raise ValueError(
            'is another kind of token; take the app-level one, xapp-…, from "Basic Information"'
        )
    return _secret(said)


def _key(said: str) -> str:
    keys_in(said)
    return said


def _port(said: str) -> int:
    number = int(_like(r"\d{1,5}", "port", "a number from 1 to 65535")(said))
    if number > 65535:
        raise ValueError(f"{number} is no port; write a number from 1 to 65535")
    return number


def _domains(said: str) -> frozenset[str]:
    read = _like(r"[a-z0-9-]+(\.[a-z0-9-]+)+", "domain", "one or more: example.com,example.org")
    return frozenset(read(word.removeprefix("@").lower()) for word in _words(said))


def _regions(said: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(_region, _words(said))))


def _log_group(said: str) -> str:
    """An ARN is often shown with `:*` at its end, which CloudWatch Logs does not take."""
    return _group(said.removesuffix(":*"))


def _switch(said: str) -> bool:
    if said in {"on", "off"}:
        return said == "on"
    raise ValueError(f"{shown(said)} is not taken; write on or off")


def _words(said: str) -> list[str]:
    return [word.strip() for word in said.split(",") if word.strip()]


def _destinations(said: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(_destination, _words(said))))


def _destination(said: str) -> str:
    """What is wrong with an address is said without it: some hold a secret."""
    if said == STDOUT or re.fullmatch(r"file:/[^/].*", said):
        return said
    if re.fullmatch(
        r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9!_.*'()/-]*)?", said, re.ASCII
    ):
        return said
    if re.fullmatch(rf"(https://|http://({LOOPBACK})(?=[:/]|$))[^\s/?#@]+(/[^\s?#]*)?", said):
        return said
    raise ValueError(
        "one of them is not taken; write stdout, file:/path/journal.jsonl, s3://bucket/prefix or"
        " https://host/path without a user, ? or # (a token goes into ELEVATE_JOURNAL_TOKEN)"
    )


_portal = _like(r"https://[^\s/]+\S*", "https address", "one: https://example.awsapps.com/start")
_region = _like(r"[a-z]{2,}(-[a-z]+)+-\d", "AWS Region", "one like eu-central-1")
_role = _like(
    r"([\w+=,.@-]+/)*[\w+=,.@-]{1,64}", "name of a role", "the name alone, as in every account"
)
_group = _like(
    r"(arn:[a-z-]+:logs:[a-z0-9-]+:\d{12}:log-group:)?[\w.#/-]{1,512}",
    "log group",
    "its name or its ARN, arn:aws:logs:…:log-group:…",
)
_table = _like(r"[a-z0-9_-]{1,128}\.[a-z0-9_-]{1,128}", "table", "one as database.table")
_workgroup = _like(r"[\w.-]{1,128}", "workgroup", "its name")
_output = _like(
    r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[\w!.*'()=/-]*)?", "place in S3", "s3://bucket/path/"
)
_store = _like(
    r"(arn:[a-z-]+:cloudtrail:[a-z0-9-]+:\d{12}:eventdatastore/)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "event data store",
    "its id or its ARN, arn:aws:cloudtrail:…:eventdatastore/…",
)
_scp = _like(
    r"p-[0-9a-z]{8,128}", "service control policy", "its id: p-… of the one that was made for this"
)
instance = _like(
    r"arn:[a-z-]+:sso:::instance/[A-Za-z0-9-]+", "instance", "arn:aws:sso:::instance/ssoins-…"
)


def _typed(read: Callable[[str], Value]) -> BeforeValidator:
    """Reads what is text; a value of the right type, as tests give it, stays."""
    return BeforeValidator(lambda said: read(said) if isinstance(said, str) else said)


def _named(name: str) -> Any:
    """An optional field under the environment's name for it."""
    return Field(default=None, validation_alias=name)


class Settings(BaseSettings):
    """Every setting; what is not set has a default that is safe, or is None."""

    model_config = SettingsConfigDict(
        frozen=True,
        env_ignore_empty=True,
        extra="ignore",
        hide_input_in_errors=True,
        validate_by_name=True,
        validate_by_alias=True,
    )

    slack_bot_token: Annotated[SecretStr, _typed(_bot_token)] = SecretStr("")
    slack_app_token: Annotated[SecretStr | None, _typed(_app_token)] = None
    """Set: Socket Mode. Unset: HTTP."""
    slack_signing_secret: Annotated[SecretStr | None, _typed(_secret)] = None
    slack_api_url: Annotated[str, _typed(slack_address)] = "https://slack.com/api/"
    host: str = "127.0.0.1"
    port: Annotated[int, _typed(_port)] = 3000
    database_url: Annotated[str, _typed(database)] = Field("sqlite:///elevate.db", repr=False)
    """Holds the database's password: never to be shown."""
    aws_region: Annotated[str | None, _typed(_region)] = Field(
        None, validation_alias=AliasChoices("AWS_REGION", "AWS_DEFAULT_REGION")
    )
    """None: whatever the AWS profile says."""
    policy_file: str | None = _named("ELEVATE_POLICY_FILE")
    instance_arn: Annotated[str | None, _typed(instance)] = _named("ELEVATE_INSTANCE_ARN")
    access_portal_url: Annotated[str | None, _typed(_portal)] = _named("ELEVATE_ACCESS_PORTAL_URL")
    email_domains: Annotated[frozenset[str], NoDecode, _typed(_domains)] = Field(
        frozenset(), validation_alias="ELEVATE_EMAIL_DOMAINS"
    )
    cut_policy_id: Annotated[str | None, _typed(_scp)] = _named("ELEVATE_CUT_POLICY_ID")
    """The service control policy by which open sessions are denied."""
    activity_source: Annotated[Source, _typed(_one_of(Source))] = Field(
        Source.AUTO, validation_alias="ELEVATE_ACTIVITY_SOURCE"
    )
    activity_role: Annotated[str | None, _typed(_role)] = _named("ELEVATE_ACTIVITY_ROLE")
    activity_regions: Annotated[tuple[str, ...], NoDecode, _typed(_regions)] = Field(
        default_factory=lambda data: _regions(f"{data.get('aws_region') or ''},us-east-1"),
        validation_alias="ELEVATE_ACTIVITY_REGIONS",
    )
    """Unless said otherwise AWS_REGION and us-east-1, where the global services report."""
    activity_log_group: Annotated[str | None, _typed(_log_group)] = _named(
        "ELEVATE_ACTIVITY_LOG_GROUP"
    )
    activity_athena_table: Annotated[str | None, _typed(_table)] = _named(
        "ELEVATE_ACTIVITY_ATHENA_TABLE"
    )
    activity_athena_workgroup: Annotated[str, _typed(_workgroup)] = Field(
        "primary", validation_alias="ELEVATE_ACTIVITY_ATHENA_WORKGROUP"
    )
    activity_athena_output: Annotated[str | None, _typed(_output)] = _named(
        "ELEVATE_ACTIVITY_ATHENA_OUTPUT"
    )
    """None: where the workgroup puts its results."""
    activity_event_data_store: Annotated[str | None, _typed(_store)] = _named(
        "ELEVATE_ACTIVITY_EVENT_DATA_STORE"
    )
    activity_sensitive: Annotated[str | None, _typed(_sensitive)] = _named(
        "ELEVATE_ACTIVITY_SENSITIVE"
    )
    """A file that can be read, of actions."""
    journal_to: Annotated[tuple[str, ...], NoDecode, _typed(_destinations)] = Field(
        (), validation_alias="ELEVATE_JOURNAL_TO", repr=False
    )
    """Where the journal goes as it is written. An address may hold a secret in its path."""
    journal_token: Annotated[SecretStr | None, _typed(_secret)] = _named("ELEVATE_JOURNAL_TOKEN")
    encryption_key: Annotated[SecretStr | None, _typed(_key)] = _named("ELEVATE_ENCRYPTION_KEY")
    """One or more that seal what the database must not show: the first seals, all open."""
    date_tokens: Annotated[bool, _typed(_switch)] = Field(
        default=True, validation_alias="ELEVATE_DATE_TOKENS"
    )
    log_format: Annotated[LogFormat, _typed(_one_of(LogFormat))] = Field(
        LogFormat.TEXT, validation_alias="ELEVATE_LOG_FORMAT"
    )

    @property
    def source(self) -> Source:
        """The one that is meant: never auto."""
        if self.activity_source is not Source.AUTO:
            return self.activity_source
        if self.activity_log_group:
            return Source.CLOUDWATCH_LOGS
        return Source.LOOKUP_EVENTS if self.activity_role else Source.NONE

    @model_validator(mode="before")
    @classmethod
    def _tidy(cls, said: Mapping[str, Any]) -> dict[str, Any]:
        """Blanks around a value are nobody's wish, and a blank value is none."""
        trimmed = {
            name: value.strip() if isinstance(value, str) else value for name, value in said.items()
        }
        return {name: value for name, value in trimmed.items() if value != ""}


def load(*, needs: Collection[Need] = ()) -> Settings:
    """The settings, with what this command needs. SettingsError, with every problem at once."""
    secrets, wrong = secrets_in(os.environ)
    wrong += _missing(needs)
    try:
        settings = Settings(**_fields(secrets))
    except ValidationError as error:
        lines = [_line(one) for one in error.errors() if one["type"] != UNTRIED]
        raise SettingsError([*lines, *wrong]) from None
    wrong += _missing_for(settings.activity_source)
    if wrong:
        raise SettingsError(wrong)
    return settings


def _missing(needs: Collection[Need]) -> list[str]:
    wanted = [_NEEDED[need] for need in Need if need in needs]
    return [
        f"{names[0]} is not set: {advice}"
        for names, advice in wanted
        if not any(is_set(name, os.environ) for name in names)
    ]


def _missing_for(source: Source) -> list[str]:
    name, advice = _SOURCE_NEEDS.get(source, ("", ""))
    if not name or is_set(name, os.environ):
        return []
    return [f"{name} is not set: {advice}, or set ELEVATE_ACTIVITY_SOURCE=none"]


def _fields(secrets: Mapping[str, str]) -> dict[str, Any]:
    """By the name under which a problem with it is told, as if it stood in the environment."""
    own = {name for name in secrets if name.startswith("ELEVATE_")}
    return {name if name in own else name.lower(): secret for name, secret in secrets.items()}


def _line(problem: Mapping[str, Any]) -> str:
    """A problem as pydantic has it, on one line; the value is said back by us, or not at all."""
    name = str(problem["loc"][0]).upper() if problem["loc"] else "The settings"
    said = (problem.get("ctx") or {}).get("error") or problem["msg"]
    return f"{name}: {said}"
