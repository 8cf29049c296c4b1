"""Where the bench measures: the bot as a process over real HTTP, a company of any size, a furnished database."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import Final, TypeVar

from bot.clock import system_clock
from grants.administration import Administration
from grants.model import Actor, RequestId, Role, SlackUserId, UserId
from grants.records import Binding
from storage.engine import open_database
from storage.work import SqlWorks
from tests.bench.company import ACTORS, a_company, catalogue_of, channels_of, policies_of
from tests.bench.figures import Engine, Size
from tests.bench.standins import TimedAws, TimedSlack, Watched
from tests.beside import PATIENT, Bot, Outside
from tests.databases import Databases
from tests.demo.child import Child, running
from tests.standins.slack import Hand, Message, Person, over_http
from tests.world import DEFAULT

Found = TypeVar("Found")

SLACK_USERS: Final = 500
"""So many of the people are in the workspace, too; more are never needed."""
LOOKS: Final = 0.001
"""Seconds between two looks at whether something has come; no part of what is measured."""
NEVER: Final = Event()


@dataclass(frozen=True)
class Desk:
    """Somebody at whatever listens, and the stopwatch of what they send."""

    person: Person
    watch: Watched


@dataclass(frozen=True, slots=True)
class Bare:
    """A listener that does the constant version of the same (tests/bench/bare.py)."""

    child: Child
    port: int


@dataclass(frozen=True)
class Stage(Outside):
    """Slack, AWS and a furnished database, which outlive every process."""

    slack: TimedSlack
    aws: TimedAws
    size: Size
    engine: Engine

    @contextmanager
    def up(
        self, *words: str, name: str = "bot", quiet: bool = True, **changes: str
    ) -> Iterator[Bot]:
        """`python -m bot run`, ready; `quiet`: and through with reading the catalogue, as each start does."""
        began = system_clock()
        with self.bot(*words, name=name, **changes) as bot:
            bot.ready()
            if quiet:
                self.until(lambda: self._was_read(began), "catalogue")
            yield bot

    @contextmanager
    def bare(self, name: str = "bare", **words: object) -> Iterator[Bare]:
        """`words`, as JSON: the form that it opens, the options that it offers, whose groups it asks for."""
        command = [sys.executable, "-m", "tests.bench.bare", json.dumps(words)]
        with running(name, command, logs=self.folder, environment=self.environment()) as child:
            yield Bare(child, int(child.says(r"listening on port (\d+)")))

    def desk(self, bot: Bot | Bare, who: str) -> Desk:
        """Somebody's hand, timed."""
        watch = Watched(over_http(f"http://127.0.0.1:{bot.port}/slack/events", within=PATIENT))
        return Desk(Hand(self.slack, watch).of(who), watch)

    def card(self, request_id: RequestId) -> Message | None:
        """Where its approvers are asked; None: it does not hang yet."""
        for channel in channels_of(self.aws.company).values():
            for one in self.slack.channel(channel).messages:
                if request_id in one.text and not one.thread_ts:
                    return one
        return None

    def comes(self, look: Callable[[], Found | None], what: str) -> Found:
        """What `look` finds, in the end. It is asked often, so let it be cheap."""
        by = system_clock().timestamp() + PATIENT
        while (found := look()) is None:
            assert system_clock().timestamp() < by, f"no {what}"
            NEVER.wait(LOOKS)
        return found

    def _was_read(self, since: datetime) -> bool:
        with self.reading() as work:
            catalogue = work.catalogue.load()
        return catalogue is not None and catalogue.read_at > since


@contextmanager
def a_stage(
    size: Size,
    engine: Engine,
    databases: Databases,
    *,
    operation_seconds: float = 0.0,
    quotas: bool = False,
) -> Iterator[Stage]:
    """Until the block ends. Its database has catalogue, policies and links; requests there are none."""
    company = a_company(size, system_clock, operation_seconds=operation_seconds)
    with (
        TemporaryDirectory(prefix="elevate-bench-") as folder,
        databases.fresh(engine, Path(folder)) as url,
        TimedAws(company, quotas=quotas) as aws,
        TimedSlack(system_clock) as slack,
    ):
        database = open_database(url)
        try:
            stage = Stage(slack, aws, database, url, Path(folder), size, engine)
            _furnish(stage)
            yield stage
        finally:
            database.close()
        assert slack.violations == []


def _furnish(stage: Stage) -> None:
    """As it is where the bot has run for a while: nobody waits for a first reading, or is seen for the first time."""
    company, space, now = stage.aws.company, stage.slack.workspace, system_clock()
    stage.slack.scopes |= {"files:write", "channels:history", "groups:history", "im:history"}
    known = [user for user in company.users.values() if user.name in ACTORS]
    known += [user for user in company.users.values() if user not in known][:SLACK_USERS]
    for user in known:
        space.add_user(user.name, id=slack_id(user.name), email=user.email)
    everybody = [slack_id(user.name) for user in known]
    for name, channel in {"general": DEFAULT, **channels_of(company)}.items():
        space.add_channel(name, *everybody, id=channel, bot=True)
    works = SqlWorks(stage.database)
    with works() as work:
        work.catalogue.replace(catalogue_of(company, now))
        for user in known:
            link = Binding(
                slack_id(user.name), space.team, UserId(user.id), user.email or "", now,
                "verified address", user_name=user.name, checked_at=now,
            )  # fmt: skip
            work.people.put(link)
    by = Actor(Role.ADMINISTRATOR, "operator:bench")
    Administration(works, system_clock).apply(policies_of(company), by=by)


def slack_id(name: str) -> SlackUserId:
    return SlackUserId(f"U{name.upper().replace('-', '')}")
