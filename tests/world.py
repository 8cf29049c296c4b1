"""A small company, a Slack workspace and the bot between them, with time in the test's hand."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime, timedelta
from itertools import count
from typing import Any, ParamSpec, TypeVar

import pytest
from slack_bolt.adapter.wsgi import SlackRequestHandler

from bot.assemble import (
    Hands,
    Storage,
    administration,
    clock_of,
    cutting,
    desk,
    jobs,
    open_aws,
    refresher,
    sweep,
)
from bot.clock import in_time
from bot.meters import Meters
from bot.policy_file import load_book
from bot.settings import Settings
from bot.slack import connect
from grants.aws.limiter import Limiter
from grants.crew import Crew
from grants.cutting import Cutting
from grants.jobs import Jobs
from grants.model import Actor, Key, Request, RequestId, Role, State
from grants.policy import PolicyBook
from handlers.announce import Announcer
from handlers.pace import Pace
from handlers.promptly import Promptly
from storage.engine import Database
from storage.schema import migrate
from storage.work import SqlWorks
from tests.addresses import Address, an_aws
from tests.clock import FakeClock
from tests.opened import opened
from tests.short_cut import short_cut
from tests.standins.aws import ACTIVITY_ROLE, AwsStandIn, Company, small_company
from tests.standins.slack import Hand, Listeners, Outcome, Person, SlackStandIn, over_wsgi
from tests.standins.slack.workspace import Message

P = ParamSpec("P")
T = TypeVar("T")

DEFAULT, AUDIT, APPROVALS = "C0000000001", "C0000000002", "C0000000003"
KEY = "a2V5IGtleSBrZXkga2V5IGtleSBrZXkga2V5IGtleSE="
"""What one-time codes are kept with."""
PEOPLE = ("bob", "eve", "dan", "ada", "aud", "mallory")

# Nobody is reminded of anything: not before a request has expired, nor within the longest access there is.
# What reminders do, and that they are there by default, is for `tests/test_reminders.py` to say.
POLICIES = f"""
version: 1
settings:
  nudge_interval: 3h
  reminder: 4h
  require_ticket: false
  require_decision_comment: false
  admins: {{groups: [elevate-admins]}}
  auditors: {{groups: [elevate-auditors]}}
  default_channel: {DEFAULT}
eligibility:
  - name: engineers in production
    who: {{groups: [engineers]}}
    ous: [{{id: ou-ab12-11111111, nested: true}}]
    permission_sets: [ReadOnlyAccess, AdministratorAccess]
    max_duration: 4h
  - name: the sandbox
    who: {{groups: [engineers]}}
    accounts: ["666677778888"]
    permission_sets: [PowerUserAccess]
    approval: none
approval:
  - name: workloads
    ous: [{{id: ou-ab12-11111111, nested: true}}]
    approvers: {{groups: [production-approvers]}}
    channel: {APPROVALS}
"""


class Inline(Executor):
    """Does it here and now."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def inline_hands() -> Hands:
    """Everything that waits for AWS is waited for."""
    return Hands(**{each.name: Inline() for each in fields(Hands)})


class Later(Executor):
    """Does it when it is told to: a thread that others keep waiting."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], object]] = []

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        self.waiting.append(lambda: fn(*args, **kwargs))
        return Future()

    def goes_on(self) -> None:
        for do in self.waiting:
            do()


class World:
    """What somebody would notice, and the means to make it happen."""

    def __init__(
        self, database: Database, database_url: str, slack: SlackStandIn, aws: AwsStandIn,
        clock: FakeClock, address: Address, **settings: Any,
    ) -> None:  # fmt: skip
        self.clock, self.slack, self.aws, self.company = clock, slack, aws, aws.company
        self.address = address
        self.settings = Settings(
            slack_bot_token=slack.token,
            slack_signing_secret=slack.signing_secret,
            slack_api_url=slack.url,
            database_url=database_url,
            aws_region="us-east-1",
            **{
                "email_domains": "example.com",
                "activity_role": ACTIVITY_ROLE,
                "encryption_key": KEY,
                **settings,
            },
        )
        assert clock_of(database) is not None
        self.meters = Meters()
        self.storage = Storage(database, SqlWorks(database, self.meters.happened), clock)
        self.works = self.storage.works
        # Its clock leaps a thousand seconds at each look: nobody ever waits for a turn.
        self.ports = open_aws(
            self.settings,
            Limiter(monotonic=count(0, 1000).__next__, waited=self.meters.waited),
            address.clients,
            self.meters,
        )
        hands = inline_hands()
        self.desk = desk(self.storage, self.ports)
        self.jitter = 0.5
        """Of a wait that is spread: by rights a random part, here always this one."""
        self.jobs = jobs(
            self.storage, self.ports, hands, wake=lambda: None, jitter=lambda: self.jitter
        )
        self.cutting = cutting(
            self.settings,
            self.storage,
            self.ports,
            Crew(Inline(), lambda: None),
            jitter=lambda: self.jitter,
        )
        self.refresher = refresher(self.storage, self.ports)
        self.sweep = sweep(
            self.storage,
            self.ports,
            Crew(Inline(), lambda: None),
            jitter=lambda: self.jitter,
        )
        self.administration = administration(self.storage)
        self.listeners = Listeners()
        self.deciders, self.readers = ThreadPoolExecutor(8), ThreadPoolExecutor(8)
        self.patience = 60.0
        """Seconds in which a decision must be committed: more than two, for machines that are busy."""
        self.in_time: Callable[[], Callable[[], None]] = lambda: in_time(self.patience)
        """Makes what is asked right before a decision is committed."""
        self.bot = connect(
            self.settings,
            self.storage,
            self.ports,
            self.desk,
            wake=lambda: None,
            tellers=Inline(),
            listeners=self.listeners,
            readers=self.readers,
            pace=Pace(between_posts=timedelta(0), between_updates=timedelta(0)),
            promptly=Promptly(self.deciders, lambda: self.in_time(), lambda: self.patience + 0.5),
            jitter=lambda: self.jitter,
            rest=self._rests,
            meters=self.meters,
        )
        self.hand = Hand(
            slack, over_wsgi(SlackRequestHandler(self.bot.app)), settle=self.listeners.settle
        )
        self._people = {name: self.hand.of(name) for name in PEOPLE}

    def __getitem__(self, name: str) -> Person:
        """Somebody's hand."""
        if name not in self._people:
            self._people[name] = self.hand.of(name)
        return self._people[name]

    # Time

    def _rests(self, until: datetime) -> bool:
        """Whoever waits for their turn at Slack has waited."""
        self.clock.now = max(until, self.clock())
        return True

    def rounds(self) -> datetime | None:
        """Everything that is due now, until nothing is; then it says when the next is."""
        due, next_due = list(self._loops), list[datetime | None]()
        for _ in range(60):
            self.listeners.settle()
            for loop in due:
                loop.round()
            self.listeners.settle()
            now = self.clock()
            next_due = [loop.next_due() for loop in self._loops]
            due = [loop for loop, at in zip(self._loops, next_due, strict=True) if at and at <= now]
            if not due:
                return min((at for at in next_due if at), default=None)
        raise AssertionError(f"still due after 60 rounds: {next_due} at {self.clock()}")

    def next_due(self) -> datetime | None:
        return min((at for loop in self._loops if (at := loop.next_due())), default=None)

    @property
    def _loops(self) -> tuple[Jobs | Cutting | Announcer, ...]:
        """What comes round by itself in a process."""
        return self.jobs, self.cutting, self.bot.announcer

    def passes(self, **span: float) -> None:
        """Time goes by, and everything happens when it is due."""
        until = self.clock() + timedelta(**span)
        due = self.rounds()
        while due and due <= until:
            self.clock.now = max(due, self.clock())
            due = self.rounds()
        self.clock.now = until
        self.rounds()

    # Policies

    def policies(self, text: str = POLICIES) -> PolicyBook:
        """Applied as the command line would."""
        catalogue = self.refresher.refresh()
        book = load_book(
            text,
            source="test.yml",
            catalogue=catalogue,
            directory=self.ports.directory,
            scp=self.settings.cut_policy_id is not None,
        )
        self.refresher.read_tags(book)
        return self.administration.apply(book, by=Actor(Role.ADMINISTRATOR, "operator:test"))

    def book(self) -> PolicyBook:
        """Those in force."""
        with self.works.reading() as work:
            return work.policies.current()

    # What people do

    def opens(self, who: str) -> Person:
        """`/elevate`."""
        person = self[who]
        person.command("", DEFAULT)
        return person

    def sends(self, who: str, access: str, **fields: str | datetime | None) -> Outcome:
        """The form, filled in and sent."""
        person = self.opens(who)
        if "Start" in fields:
            person.press("Start later")
        wanted: dict[str, Any] = {"Justification": "the disk is full", **fields}
        person.fill({"Access": access, **wanted})
        return person.submit()

    def asks(self, who: str, access: str, **fields: str | datetime | None) -> RequestId:
        """A request that is taken."""
        before = {request.id for request in self.requests()}
        outcome = self.sends(who, access, **fields)
        assert outcome.kind == "closed", outcome
        self.rounds()
        (new,) = [request.id for request in self.requests() if request.id not in before]
        return new

    def decides(self, who: str, request: RequestId, label: str, comment: str = "") -> None:
        """Approve or Reject on the card, with a comment where the form asks for one."""
        person = self[who]
        person.click(self.card(request), label)
        if person.view() is not None and (comment or label != "Approve"):
            person.fill({"Comment" if label != "Revoke" else "Reason": comment})
            person.submit()
        self.rounds()

    def active(self, who: str = "bob", access: str | None = None, **fields: Any) -> RequestId:
        """A request that has become access."""
        request = self.asks(who, access or "payments-prod · AdministratorAccess", **fields)
        if self.state(request) is State.PENDING:
            self.decides("eve", request, "Approve")
        self.passes(seconds=3)
        assert self.state(request) is State.ACTIVE
        return request

    # What there is to see

    def requests(self) -> list[Request]:
        with self.works.reading() as work:
            return work.requests.listed()

    def request(self, request_id: RequestId) -> Request:
        with self.works.reading() as work:
            return work.requests.get(request_id)

    def state(self, request_id: RequestId) -> State:
        return self.request(request_id).state

    def cards(self, request_id: RequestId) -> list[Message]:
        """Every copy of the card, wherever it hangs."""
        return [
            message
            for channel in self.slack.workspace.channels.values()
            for message in channel.messages
            if f"Request: {request_id}" in message.words()
            and not message.thread_ts
            and _is_card(message)
        ]

    def card(self, request_id: RequestId) -> Message:
        (card,) = self.cards(request_id)
        return card

    def thread(self, request_id: RequestId) -> list[str]:
        """The lines under the card, the card itself left out."""
        return [line.text for line in self.slack.thread(self.card(request_id))]

    def told(self, who: str) -> list[str]:
        """Somebody's direct messages."""
        return [message.text for message in self.slack.dms(who) if not message.thread_ts]

    def last(self, who: str) -> Message:
        """Somebody's newest direct message."""
        return self.slack.dms(who)[-1]

    def whispers(self, who: str) -> list[str]:
        return [message.text for message in self.slack.ephemerals(who)]

    def has_access(self, who: str, account: str, permission_set: str) -> bool:
        return self.company.is_assigned(who, account, permission_set)

    def journal(self, request_id: RequestId | None = None) -> list[str]:
        with self.works.reading() as work:
            lines = work.journal.of(request_id) if request_id else list(work.journal.walk())
            return [line.entry.event for line in lines]

    def verify(self) -> None:
        with self.works.reading() as work:
            _, finding = work.journal.verify()
        assert finding is None, finding

    @contextmanager
    def beside(self, database_url: str, **settings: Any) -> Iterator["World"]:
        """One more process."""
        with opened(database_url) as database:
            other = World(
                database, database_url, self.slack, self.aws, self.clock, self.address, **settings
            )
            try:
                yield other
            finally:
                other.close()

    def close(self) -> None:
        self.listeners.shutdown()
        self.deciders.shutdown()
        self.readers.shutdown()


def _is_card(message: Message) -> bool:
    return any(block["type"] == "header" for block in message.blocks or [])


@contextmanager
def a_world(
    database_url: str, environment: Callable[[str, str], None], *,
    clock: FakeClock | None = None, of: Callable[[FakeClock], Company] = small_company, **settings: Any,
) -> Iterator[World]:  # fmt: skip
    """`environment` sets a variable for the time of the test: boto3 reads its own."""
    clock = clock or FakeClock()
    with (
        an_aws(of(clock)) as (aws, address),
        SlackStandIn(clock) as slack,
        short_cut(aws, slack),
        opened(database_url) as database,
    ):
        for name, value in aws_environment(aws).items():
            environment(name, value)
        furnish(slack)
        world = World(database, database_url, slack, aws, clock, address, **settings)
        try:
            if not world.book().version:
                world.policies()
            yield world
        finally:
            world.close()
        assert slack.violations == []


def settle(url: str) -> None:
    """Migrate a database, and apply the policies."""
    migrate(url)
    with pytest.MonkeyPatch.context() as patch, a_world(url, patch.setenv):
        pass


def aws_environment(aws: AwsStandIn) -> Mapping[str, str]:
    return {
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "example",
        "AWS_REGION": "us-east-1",
    }


def furnish(slack: SlackStandIn) -> None:
    """Everybody in the workspace, the channels that the policies name, and what the app may."""
    slack.scopes |= {"files:write", "channels:history", "groups:history", "im:history"}
    for name in PEOPLE:
        slack.workspace.add_user(name, id=f"U{name.upper()}", email=f"{name}@example.com")
    for name, channel in (("general", DEFAULT), ("audit", AUDIT), ("approvals", APPROVALS)):
        slack.workspace.add_channel(name, *PEOPLE, id=channel, bot=True)


__all__ = ["APPROVALS", "AUDIT", "DEFAULT", "POLICIES", "Key", "Later", "World", "a_world"]
