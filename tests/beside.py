"""The bot as a process of its own, with stand-ins beside it over HTTP and the system's clock."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Protocol

from bot.clock import system_clock
from grants.model import Request, RequestId, State
from grants.stores import Work
from storage.engine import Database, open_database
from storage.work import SqlWorks
from tests.clock import FakeClock
from tests.demo.child import ROOT, Child, running
from tests.standins.aws import ACTIVITY_ROLE, AwsStandIn, small_company
from tests.standins.slack import Hand, Message, Person, SlackStandIn, over_http
from tests.world import POLICIES, aws_environment, furnish

PROD = "payments-prod · AdministratorAccess"
KEPT = ("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR", "VIRTUAL_ENV")
PATIENT = 30.0
"""Seconds: only a machine that is busy with other things needs so many."""


class Listening(Protocol):
    """Something that listens to Slack on this machine."""

    @property
    def port(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Bot:
    """A running process."""

    child: Child
    port: int

    def asked(
        self,
        path: str,
        *,
        method: str = "GET",
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, str]:
        """Status and body of its answer."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENT)
        try:
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def ready(self) -> None:
        """Wait until it is."""
        self.child.until(lambda: self.asked("/readyz")[0] == 200 or None, "readiness")

    def log(self) -> str:
        """What it wrote so far."""
        return self.child.log.read_text(errors="replace")

    def is_closed(self) -> bool:
        """Whether it takes nobody in any more."""
        with socket.socket() as door:
            return door.connect_ex(("127.0.0.1", self.port)) != 0

    def killed(self) -> None:
        """Gone at once, without a word."""
        self.child.process.kill()
        self.child.process.wait(timeout=PATIENT)


@dataclass(frozen=True, slots=True)
class Outside:
    """Slack, AWS and the database, which outlive every process."""

    slack: SlackStandIn
    aws: AwsStandIn
    database: Database
    url: str
    folder: Path

    def environment(self, **changes: str) -> dict[str, str]:
        """Everything that `run` needs; an empty value leaves one out."""
        policies = self.folder / "policies.yml"
        policies.write_text(POLICIES)
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        return {
            **kept,
            **aws_environment(self.aws),
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "SLACK_API_URL": self.slack.url,
            "SLACK_BOT_TOKEN": self.slack.token,
            "SLACK_SIGNING_SECRET": self.slack.signing_secret,
            "PORT": "0",
            "DATABASE_URL": self.url,
            "ELEVATE_POLICY_FILE": str(policies),
            "ELEVATE_EMAIL_DOMAINS": "example.com",
            "ELEVATE_ACTIVITY_ROLE": ACTIVITY_ROLE,
            **changes,
        }

    @contextmanager
    def bot(self, *words: str, name: str = "bot", **changes: str) -> Iterator[Bot]:
        """`python -m bot run …`, listening; ended with the block if it has not ended before."""
        command = [sys.executable, "-m", "bot", "run", *words]
        environment = self.environment(**changes)
        with running(name, command, logs=self.folder, environment=environment) as child:
            yield Bot(child, int(child.says(r"listening\b.*\bport\W+(\d+)")))

    def command(self, *words: str, **changes: str) -> subprocess.CompletedProcess[str]:
        """Any other command, to its end."""
        return subprocess.run(
            [sys.executable, "-m", "bot", *words],
            cwd=ROOT,
            env=self.environment(**changes),
            capture_output=True,
            text=True,
            timeout=2 * PATIENT,
            check=False,
        )

    def hand(self, bot: Listening, who: str) -> Person:
        """Somebody's hand, over HTTP."""
        url = f"http://127.0.0.1:{bot.port}/slack/events"
        return Hand(self.slack, over_http(url, within=PATIENT)).of(who)

    # What people do

    def filled(self, bot: Listening, access: str = PROD) -> Person:
        """bob with the form before him, filled in."""
        bob = self.hand(bot, "bob")
        bob.command("", "general")
        self.until(lambda: (view := bob.view()) and "Access" in view.labels(), "form")
        bob.fill({"Access": access, "Justification": "the disk is full"})
        return bob

    def asks(self, bot: Listening, access: str = PROD) -> RequestId:
        """A request that is taken, with its card hung."""
        before = {request.id for request in self.requests()}
        assert self.filled(bot, access).submit().closed
        (new,) = [request.id for request in self.requests() if request.id not in before]
        self.until(lambda: self.cards(new), "card")
        return new

    def active(self, bot: Listening) -> RequestId:
        """A request that has become access."""
        request = self.asks(bot)
        self.hand(bot, "eve").click(self.cards(request)[0], "Approve")
        self.is_to_be(request, State.ACTIVE)
        return request

    # What there is to see

    @property
    def works(self) -> SqlWorks:
        """Units of work beside those of the processes."""
        return SqlWorks(self.database)

    def reading(self) -> AbstractContextManager[Work]:
        """The database, as it is now."""
        return self.works.reading()

    def is_furnished(self) -> bool:
        """Whether a process has read the catalogue and applied the policies."""
        with self.reading() as work:
            return work.policies.version() > 0

    def requests(self) -> list[Request]:
        with self.reading() as work:
            return work.requests.listed()

    def request(self, request_id: RequestId) -> Request:
        with self.reading() as work:
            return work.requests.get(request_id)

    def verify(self) -> None:
        with self.reading() as work:
            _, finding = work.journal.verify()
        assert finding is None, finding

    def is_to_be(self, request_id: RequestId, state: State) -> None:
        """Wait until it is."""
        self.until(lambda: self.request(request_id).state is state, f"{state} request")

    def cards(self, request_id: RequestId) -> list[Message]:
        return [one for one in self.slack.channel("approvals").messages if request_id in one.text]

    def has_access(self) -> bool:
        return self.aws.company.is_assigned("bob", "payments-prod", "AdministratorAccess")

    def until(self, happened: Callable[[], object], what: str) -> None:
        """Wait for what a process does in its own time; every call of Slack's has us look again."""
        by = system_clock().timestamp() + 6 * PATIENT
        while not happened():
            assert system_clock().timestamp() < by, f"no {what}"
            seen = len(self.slack.calls)  # Looking itself may take long: Slack answers meanwhile.
            self.slack.wait_until(lambda: len(self.slack.calls) > seen, within=0.02)  # noqa: B023 - asked at once


@contextmanager
def outside(url: str, folder: Path) -> Iterator[Outside]:
    """Nobody waits for a trigger here: Slack's time stands still, so that a busy machine is no trouble."""
    company = small_company(system_clock)
    with AwsStandIn(company) as aws, SlackStandIn(FakeClock(system_clock())) as slack:
        furnish(slack)
        database = open_database(url)
        try:
            yield Outside(slack, aws, database, url, folder)
        finally:
            database.close()
        assert slack.violations == []
