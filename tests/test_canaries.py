"""A whole life with a distinct canary for every secret, payload and word that people type: none sings where it must not."""

import io
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import boto3
import pytest
from slack_bolt.adapter.wsgi import SlackRequestHandler
from sqlalchemy import make_url, text

from bot import logs
from bot.check import checks
from bot.clock import system_clock
from bot.journal_to import destinations
from bot.settings import LogFormat
from grants.aws.clients import Clients
from grants.errors import NotTakenError
from grants.model import State
from storage.engine import open_database
from tests.scraping import asked, watched
from tests.standins.aws import AwsStandIn, Kind, small_company
from tests.standins.slack import Hand, Message, SlackStandIn, over_wsgi, tamper
from tests.standins.slack.deliver import Deliver, Delivered
from tests.terminal import a_terminal
from tests.world import DEFAULT, World, a_world

PROD = "payments-prod · AdministratorAccess"
NOWHERE = "http://127.0.0.1:1"

# None looks like what the log's last net knows: here it has to do without.
SECRETS = {
    "SLACK_BOT_TOKEN": "canary-bot",
    "SLACK_SIGNING_SECRET": "canary-signing",
    "SLACK_APP_TOKEN": "canary-app",
    "ELEVATE_JOURNAL_TOKEN": "canary-journal",
    # 32 bytes in base64, or it is no key.
    "ELEVATE_ENCRYPTION_KEY": "canaryEncryption/canaryEncryption/canaryEnc=",
    "AWS_SECRET_ACCESS_KEY": "canary-aws-secret",
    "AWS_SESSION_TOKEN": "canary-aws-session",
}
PASSWORD = "canary-password"
RECEIVER = "canary-path"
VERIFICATION = "canary-verification"
KEPT = {*SECRETS.values(), PASSWORD, RECEIVER, VERIFICATION}

# In several lines, as people write; each line sings for itself.
JUSTIFICATION = "canary-why\ncanary-wherefore\n\ncanary-because"
COMMENT, REASON = "canary-comment\ncanary-remark", "canary-reason\ncanary-cause"
TYPED = {*JUSTIFICATION.split(), *COMMENT.split(), *REASON.split()}
INTERNALS = (
    "Traceback",
    "Error(",
    "sqlalchemy",
    "psycopg",
    "sqlite3",
    "botocore",
    "slack_sdk",
    "SELECT ",
    "INSERT ",
)


@dataclass
class Line:
    """Everything that went over it: what Slack sent, and what it was answered."""

    deliver: Deliver
    secrets: set[str] = field(default_factory=set)
    answers: list[str] = field(default_factory=list)

    def __call__(self, body: bytes, headers: dict[str, str]) -> Delivered:
        said = payload(body, headers)
        handles = {str(said[name]) for name in ("trigger_id", "response_url") if said.get(name)}
        self.secrets |= {*handles, headers.get("X-Slack-Signature", "")} - {""}
        status, given, content = self.deliver(body, headers)
        self.answers.append(f"{status} {dict(given)} {content.decode()}")
        return status, given, content


def payload(body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
    if headers["Content-Type"] == "application/json":
        return dict(json.loads(body))
    form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
    return dict(json.loads(form["payload"])) if "payload" in form else form


@dataclass(frozen=True)
class Own:
    """AWS with our own keys."""

    clients: Clients


@dataclass(frozen=True)
class Life:
    """A world whose every secret is a canary, and whose log is caught before the last net."""

    world: World
    line: Line
    log: io.StringIO

    def break_down(self) -> None:
        """Whatever is asked for next cannot be written, and PostgreSQL quotes the row."""
        self._run(
            {
                "sqlite": "CREATE TRIGGER broken BEFORE INSERT ON requests BEGIN SELECT RAISE(ABORT, 'broken'); END",
                "postgresql": "ALTER TABLE requests ADD CONSTRAINT broken CHECK (justification = '') NOT VALID",
            }
        )

    def mend(self) -> None:
        self._run(
            {
                "sqlite": "DROP TRIGGER broken",
                "postgresql": "ALTER TABLE requests DROP CONSTRAINT broken",
            }
        )

    def _run(self, statement: Mapping[str, str]) -> None:
        database = self.world.storage.database
        with database.writing() as connection:
            connection.execute(text(statement[database.writers.dialect.name]))


@pytest.fixture(autouse=True)
def _as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with a_terminal(tmp_path, monkeypatch):
        yield


@pytest.fixture
def life(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Life]:
    url = make_url(database_url)
    if url.drivername != "sqlite":
        url = url.set(password=PASSWORD)
    with a_world(database_url, monkeypatch.setenv) as around:
        slack = around.slack
        slack.token, slack.signing_secret = (
            SECRETS["SLACK_BOT_TOKEN"],
            SECRETS["SLACK_SIGNING_SECRET"],
        )
        slack.verification_token = VERIFICATION
        session = boto3.Session(
            "AKIACANARY",
            SECRETS["AWS_SECRET_ACCESS_KEY"],
            SECRETS["AWS_SESSION_TOKEN"],
            "us-east-1",
        )
        whole = url.render_as_string(hide_password=False)
        world = World(
            open_database(whole), whole, slack, around.aws, around.clock, Own(Clients(session=session)),  # type: ignore[arg-type]  # all that is asked of it
            slack_app_token=SECRETS["SLACK_APP_TOKEN"],
            journal_token=SECRETS["ELEVATE_JOURNAL_TOKEN"],
            encryption_key=SECRETS["ELEVATE_ENCRYPTION_KEY"],
            journal_to=f"{NOWHERE}/{RECEIVER}",
        )  # fmt: skip
        line = Line(over_wsgi(SlackRequestHandler(world.bot.app)))
        world.hand = Hand(slack, line, settle=world.listeners.settle)
        world._people.clear()
        log = io.StringIO()
        monkeypatch.setattr(logs, "redact", lambda words: words)
        logs.set_up(LogFormat.TEXT, level=logging.DEBUG, to=log)
        try:
            yield Life(world, line, log)
        finally:
            world.close()
            world.storage.database.close()


def lives(world: World) -> None:
    """Asked, refused, approved, held, looked at, given back, taken away, exported."""
    rejected = world.asks("bob", PROD, Justification=JUSTIFICATION)
    world["bob"].click(world.card(rejected), "Approve")
    world["mallory"].click(world.card(rejected), "Reject")
    world.decides("eve", rejected, "Reject", COMMENT)
    revoked = world.active("bob", PROD, Justification=JUSTIFICATION)
    world.decides("eve", revoked, "Revoke", REASON)
    world.passes(seconds=10)
    held = world.active("bob", PROD, Justification=JUSTIFICATION)
    world.company.session_activity("bob", "payments-prod", "AdministratorAccess", world.clock())
    world.clock.passes(minutes=10)
    world["eve"].click(world.card(held), "Show Activity")
    world["eve"].press("Export Events")
    world.rounds()
    world.passes(hours=1, minutes=30)
    assert [world.state(each) for each in (rejected, revoked, held)] == [
        State.REJECTED, State.REVOKED, State.ENDED,
    ]  # fmt: skip
    world["aud"].command(f"audit {held}", DEFAULT)
    world["aud"].command("audit", DEFAULT)
    world.listeners.settle()
    world["aud"].click(world.slack.ephemerals("aud")[-1], "Export CSV")
    world["bob"].open_home()
    world.rounds()


def suffers(life: Life) -> None:
    """Slack, AWS and the database fail under people's hands, in every way that is written down."""
    world = life.world
    for kind in ("http500", "drop", "invalid_auth", "429"):
        for method in ("views.open", "chat.postEphemeral", "*"):
            world.slack.faults.add(method, kind, times=2)
            world["mallory"].command("", DEFAULT)
            world["eve"].open_home()
            world.rounds()
            world.slack.faults.clear()
    world.passes(minutes=2)
    for kind in (Kind.HTTP500, Kind.ACCESS_DENIED, Kind.DROP, Kind.ERROR):
        world.aws.faults.add("*", kind, times=None)
        world["bob"].command("", DEFAULT)
        world.passes(minutes=2)
        world.aws.faults.clear()
        world.passes(minutes=2)
    bob = world.opens("bob")
    bob.fill({"Access": PROD, "Justification": JUSTIFICATION})
    life.break_down()
    bob.submit()
    life.mend()
    with pytest.raises(NotTakenError) as refused:
        destinations(world.settings)[0].send([])
    logging.getLogger("bot.test").error("not sent", exc_info=refused.value)


def is_lied_to(world: World) -> None:
    """Payloads that nobody sent, with words that nobody typed."""
    request = world.asks("bob", PROD, Justification=JUSTIFICATION)
    for lie in (
        tamper.button_value("canary-why"),
        tamper.action_id("canary-why"),
        tamper.put("user.id", "U0NOBODY"),
        tamper.put("actions", "canary-why"),
        tamper.put("channel", "canary-why"),
        tamper.token("canary-why"),
    ):
        world["eve"].tampering(lie).click(world.card(request), "Approve")
    world["eve"].tampering(signature="bad").click(world.card(request), "Approve")
    for lie in (
        tamper.private_metadata(JUSTIFICATION),
        tamper.callback_id("canary-why"),
        tamper.put("view.state", JUSTIFICATION),
        tamper.without("view.state"),
    ):
        bob = world.opens("bob").tampering(lie)
        bob.fill({"Access": PROD, "Justification": JUSTIFICATION})
        bob.submit()
        world.rounds()


def sings(where: str, canaries: set[str]) -> list[str]:
    return sorted(canary for canary in canaries if canary in where)


def shown(world: World) -> str:
    """Every message and view in every shape that it ever had."""
    space = world.slack.workspace
    messages: list[Message] = [*space.ephemerals]
    for channel in space.channels.values():
        messages += [shape for one in channel.everything for shape in (one, *one.history)]
    views = [view.body for stack in space.stacks.values() for view in stack]
    views += [view.body for view in space.homes.values()]
    return json.dumps([*views, *([one.text, one.blocks] for one in messages)], ensure_ascii=False)


def people_and_places(world: World) -> set[str]:
    """By every name and id they have, and the requests."""
    users = world.slack.workspace.users.values()
    found = {word for user in users for word in (user.id, user.name, user.email or "")}
    found |= set(world.company.users)
    for request in world.requests():
        found |= {request.id, request.target.account_id, request.account_name, request.ticket}
        found |= {request.requester.user_id, request.requester.name, request.permission_set_name}
    return {word for word in found if len(word) > 3}


def test_no_canary_sings_where_it_must_not(life: Life) -> None:
    scrape = watched(life.world)
    lives(life.world)
    is_lied_to(life.world)
    suffers(life)

    payloads = life.line.secrets | KEPT
    logged, seen = life.log.getvalue(), shown(life.world)
    assert "a request was not recorded" in logged
    assert "not done" in logged
    assert sings(logged, payloads | TYPED) == []
    assert sings(seen, payloads) == []
    assert sings("".join(life.line.answers), payloads) == []
    assert [word for word in INTERNALS if word in seen] == []
    assert sings(repr(life.world.settings), KEPT) == []
    assert len(life.line.secrets) > 100
    scrape()
    page = asked(life.world.meters)[2]
    assert "elevate_database_up 1.0" in page
    assert "elevate_refusals_total" in page
    assert sings(page, payloads | TYPED | people_and_places(life.world)) == []
    with life.world.works.reading() as work:
        journal = str([line.entry for line in work.journal.walk()])
    assert [word for word in TYPED if word not in journal] == []  # by design: it is the record


# What the command line says


@pytest.fixture
def outside(
    tmp_path: Path, environment: Callable[..., None]
) -> Iterator[tuple[SlackStandIn, AwsStandIn]]:
    """Slack and AWS, and an environment that holds every canary."""
    with SlackStandIn(system_clock) as slack, AwsStandIn(small_company(system_clock)) as aws:
        slack.token = SECRETS["SLACK_BOT_TOKEN"]
        environment(
            **SECRETS,
            AWS_ACCESS_KEY_ID="AKIACANARY",
            AWS_REGION="us-east-1",
            AWS_ENDPOINT_URL=aws.url,
            SLACK_API_URL=slack.url,
            DATABASE_URL=f"sqlite:///{tmp_path / 'elevate.db'}",
            ELEVATE_EMAIL_DOMAINS="example.com",
            ELEVATE_JOURNAL_TO=f"{NOWHERE}/{RECEIVER}",
        )
        yield slack, aws


def found() -> str:
    return "\n".join(str(finding) for finding in checks())


def test_check_says_no_secret_where_all_is_well(outside: tuple[SlackStandIn, AwsStandIn]) -> None:
    said = found()

    assert "everything that is needed is set" in said
    assert sings(said, KEPT) == []


def test_check_says_no_secret_where_nothing_is(
    outside: tuple[SlackStandIn, AwsStandIn], environment: Callable[..., None]
) -> None:
    slack, aws = outside
    slack.token = "another"
    aws.faults.add("*", Kind.ACCESS_DENIED, times=None)
    environment(
        DATABASE_URL=f"postgresql+psycopg://elevate:{PASSWORD}@0.0.0.0:1/elevate?sslmode=require"
    )

    said = found()

    assert {line[:4] for line in said.splitlines()} >= {"warn", "fail"}
    assert sings(said, KEPT) == []


@pytest.mark.parametrize("name", [*SECRETS][:5])
def test_a_setting_that_is_wrong_is_not_said_back(
    outside: tuple[SlackStandIn, AwsStandIn], environment: Callable[..., None], name: str
) -> None:
    environment(**{name: f"{SECRETS[name]} and more"})

    said = found()

    assert f"{name}: holds a blank" in said or f"{name}: is not a key" in said
    assert sings(said, KEPT) == []
