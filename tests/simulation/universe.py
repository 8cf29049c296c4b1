"""What exists: a company, its AWS, its Slack, one database, and processes of the bot that come and go."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final, Protocol, cast

from blocks.refusals import no_longer
from blocks.text import Style
from grants import pace
from grants.administration import Administration
from grants.closing import Closing
from grants.crew import Crew
from grants.desk import CROCKFORD, Desk
from grants.engine import Engine
from grants.errors import AwsFault, NoLongerGiven
from grants.jobs import Jobs
from grants.last_check import LastCheck
from grants.model import Account, AccountId, Key, Lane, Person, Request, RequestId, User, UserId
from grants.offering import Offers
from grants.pages import Pages
from grants.people import Memberships
from grants.policy import PolicyBook
from grants.ports import IdentityCenter, Organization
from grants.proving import Proving
from grants.records import Pending
from grants.reminding import Reminding
from grants.review import Review
from grants.stores import Work, Works
from grants.summing import Looking, Summing
from handlers.announce import AT_ONCE, LEASE, Announcer
from handlers.channels import Channels
from handlers.guard import Home
from handlers.pace import InTurn, Pace
from handlers.posting import Posting
from handlers.undelivered import Undelivered
from tests import make
from tests.clock import FakeClock
from tests.engine_room import Killed, Silent
from tests.memory_directory import MemoryDirectory, a_group
from tests.simulation.center import Center
from tests.simulation.schedule import Beside, Life, Schedule
from tests.simulation.slack import Slack
from tests.simulation.weather import Weather

BOB, EVE, DAN, ADA = (make.a_person(name) for name in ("Bob", "Eve", "Dan", "Ada"))
FREE: Final = make.a_permission_set("ReadOnlyAccess")
"""Nobody has to agree to it."""
SECRET: Final = make.a_permission_set()
TARGETS: Final = (make.a_target(), make.a_target(permission_set=FREE))
KEYS: Final = tuple(make.a_key(person, target) for person in (BOB, EVE) for target in TARGETS)
STYLE: Final = Style(date_tokens=True)


def a_book(*, approvals: int = 1, engineers: bool = True) -> PolicyBook:
    """Production is approved by so many; what is free is free."""
    covering = make.eligibility(approval_required=True)
    free = make.eligibility(
        name="reading", permission_sets=(make.a_named(FREE),), approval_required=False
    )
    plain = make.a_book()
    settings = replace(
        plain.settings,
        pending_expiry=timedelta(minutes=30),
        require_ticket=False,
        require_decision_comment=False,
        max_duration=timedelta(hours=1),
        audit_channel=make.a_book().settings.default_channel,
    )
    return replace(
        plain,
        settings=settings,
        eligibility=(covering, free) if engineers else (free,),
        approval=(make.approval(approvals=approvals),),
    )


def a_catalogue() -> Any:
    return make.a_catalogue(permission_sets={SECRET.arn: SECRET, FREE.arn: FREE})


def user_of(person: Person) -> User:
    return User(person.user_id, person.user_name, person.name, person.email, True)


@dataclass
class FarDirectory(MemoryDirectory):
    """One that is as far away as the rest of AWS."""

    asks: Callable[[str], None] = lambda _: None

    def user(self, user_id: UserId, *, lane: Lane) -> User | None:
        self.asks("user")
        return super().user(user_id, lane=lane)

    def member_of(self, user_id: UserId, groups: Any, *, lane: Lane) -> Any:
        self.asks("member_of")
        return super().member_of(user_id, groups, lane=lane)


@dataclass
class FarOrganization:
    """Its accounts, live."""

    accounts: dict[AccountId, Account]
    asks: Callable[[str], None]

    def account(self, account: AccountId, *, lane: Lane) -> Account | None:
        self.asks("account")
        return self.accounts.get(account)


@dataclass
class FarWorks:
    """Units of work before and after which everything may happen; none within."""

    works: Works
    calls: Callable[[str], None]
    committed: Callable[[], None]
    fails: Callable[[], bool]

    @contextmanager
    def __call__(self) -> Iterator[Work]:
        self.calls("begin")
        if self.fails():
            raise ConnectionError("the database is gone")
        with self.works() as work:
            yield work
        self.committed()
        self.calls("committed")

    def reading(self) -> AbstractContextManager[Work]:
        self.calls("read")
        return self.works.reading()


@dataclass(frozen=True)
class Teller:
    """Takes what is due from the outbox as the announcer does, and draws nothing."""

    works: Works
    clock: FakeClock
    crew: Crew
    weather: Weather

    def round(self) -> None:
        now = self.clock()
        with self.works() as work:
            rows = work.outbox.claim(now, until=now + LEASE, limit=AT_ONCE)
        for row in rows:
            self.crew.take(row, self._tell, name=row.id)

    def next_due(self) -> datetime | None:
        with self.works.reading() as work:
            return work.outbox.next_due()

    def _tell(self, row: Pending) -> None:
        later = self.weather.strikes("slack", self.weather.slack)
        with self.works() as work:
            if later:
                work.outbox.again(row, at=self.clock() + LEASE / 3, error="ratelimited")
            else:
                work.outbox.done(row)


class AnyWorks(Works, Protocol):
    """Storage's own, or those in memory."""

    def forget_leases(self) -> None: ...


@dataclass(eq=False)
class Process(Life):
    """One process of the bot, whole."""

    jobs: Jobs = field(init=False)
    announcer: Announcer | Teller = field(init=False)
    desk: Desk = field(init=False)
    review: Review = field(init=False)
    closing: Closing = field(init=False)
    administration: Administration = field(init=False)
    rounding: bool = False


@dataclass
class Universe:
    """All of it, for one seed."""

    seed: int
    works: AnyWorks
    clock: FakeClock = field(default_factory=FakeClock)
    lines: list[str] = field(default_factory=list)
    """The history: who did what, in order."""

    def __post_init__(self) -> None:
        self.weather = Weather.of(Random(f"{self.seed} weather"))
        self.schedule = Schedule(Random(f"{self.seed} schedule"), self.clock)
        self.ids = Random(f"{self.seed} ids")
        self.jitter = Random(f"{self.seed} jitter")
        self.aws = Center(self.clock, weather=self.weather, sets={FREE.arn: FREE})
        self.aws.before, self.aws.after = self._before_aws, self._after_aws
        self.engineers, self.approvers = a_group("engineers"), a_group("production-approvers")
        self.engineers = replace(self.engineers, id=make.ENGINEERS)
        self.approvers = replace(self.approvers, id=make.APPROVERS)
        admins = replace(a_group("elevate-admins"), id=make.ADMINS)
        everybody = {person: user_of(person) for person in (BOB, EVE, DAN, ADA)}
        self.directory = FarDirectory(
            users=list(everybody.values()),
            groups={
                self.engineers: [everybody[BOB], everybody[EVE]],
                self.approvers: [everybody[EVE], everybody[DAN], everybody[ADA]],
                admins: [everybody[ADA]],
            },
            asks=self._asks,
        )
        account = make.an_account()
        self.organization = FarOrganization({account.id: account}, self._asks)
        self.slack = Slack(self.weather, self._slack, self.say)
        self.committed: Callable[[], None] = lambda: None
        self.processes: list[Process] = []
        self.born = 0
        self.woken = False
        """Somebody said that something may be due."""
        self.tells = self.seed % 6 == 0
        """Whether Slack is told in earnest; else the outbox is emptied as by one who is."""
        self.crowd = 1 if self.seed % 2 else pace.CROWD
        """How many removals are looked at on a page: there are never five here."""

    def say(self, what: str) -> None:
        """A line of the history."""
        task = self.schedule.running()
        who = f"{task.life.name} {task.name}" if task else "-"
        self.lines.append(f"{self.clock():%H:%M:%S.%f} {who}: {what}")

    # Processes

    def starts(self) -> Process:
        self.born += 1
        process = Process(f"p{self.born}")
        works = FarWorks(self.works, self._call, lambda: self.committed(), self._database)
        memberships = Memberships(self.directory, self.clock)
        center = cast(IdentityCenter, self.aws)
        check = LastCheck(
            works, self.directory, center, cast(Organization, self.organization), memberships
        )

        def wake() -> None:
            self.woken = True

        def crew(name: str) -> Crew:
            return Crew(Beside(self.schedule, process, name), wake)

        pages = Pages(works, center, self.clock, crew("pages"), crowd=self.crowd)
        engine = Engine(
            works, center, self.clock, self.jitter.random, why_not=lambda each: why_not(check, each),
            look_in=pages.look_in,
        )  # fmt: skip
        process.jobs = Jobs(
            works, engine, check, Reminding(works, self.clock, wake),
            Summing(
                works, Looking(works, Silent(), lambda _: False, self.clock), self.clock, crew("reads"),
                self.jitter.random,
            ),
            self.clock, crew("ends"), crew("grants"), crew("looks"), crew("gone"),
            pages, spell=no_longer,
        )  # fmt: skip
        process.desk = Desk(
            works, self.directory, center, memberships, Offers(), self.clock, wake, self.new_id
        )
        process.review = Review(
            works, self.directory, memberships, self.clock, wake,
            Proving(works, self.clock, None, memberships.live),
        )  # fmt: skip
        process.closing = Closing(works, memberships, self.clock, wake)
        process.administration = Administration(works, self.clock, wake)
        process.announcer = Teller(works, self.clock, crew("tells"), self.weather)
        client: Any = self.slack
        if self.tells:
            process.announcer = Announcer(
                works, client, Channels(client, lambda: Home("T1")), self.clock, STYLE,
                Posting(client, self.clock, InTurn(Pace(), self.clock)), crew("tells"),
                Undelivered(
                    works, self.clock, process.desk.ask_directly, list, self.jitter.random
                ),
                home=lambda _: None,
            )  # fmt: skip
        self.processes.append(process)
        self.say(f"{process.name} starts")
        return process

    def dies(self, process: Process) -> None:
        self.say(f"{process.name} dies")
        self.processes.remove(process)
        self.schedule.kill(process)

    def forgets_leases(self) -> None:
        """As a process does at its start that knows itself to be alone."""
        self.works.forget_leases()

    def comes_round(self, process: Process, *, jobs: bool = True, tells: bool = True) -> None:
        """A round of whatever is due, if it is not at it."""
        if process.rounding or not process.alive:
            return
        process.rounding = True

        def rounds() -> None:
            try:
                if jobs:
                    process.jobs.round()
                if tells:
                    process.announcer.round()
            except ConnectionError:
                return
            finally:
                process.rounding = False

        self.schedule.begin("round", process, rounds)

    def new_id(self) -> RequestId:
        return RequestId("".join(self.ids.choice(CROCKFORD) for _ in range(8)))

    # What may happen at a call

    def _call(self, what: str) -> None:
        if what != "read" or self.schedule.random.random() < 0.2:
            self._passes(timedelta(0))

    def _database(self) -> bool:
        task = self.schedule.running()
        return task is not None and self.weather.strikes("database", self.weather.database)

    def _before_aws(self, call: str) -> AwsFault | None:
        return self._aws(call, self.weather.before, f"{call} leaves")

    def _after_aws(self, call: str) -> AwsFault | None:
        return self._aws(call, self.weather.after, f"{call} is answered")

    def _aws(
        self, call: str, trouble: Callable[[str], AwsFault | None], what: str
    ) -> AwsFault | None:
        if self.schedule.running() is None:
            return None
        fault = trouble(call)
        if fault or call in {"create", "delete"}:
            self.say(f"{what}{f' ({type(fault).__name__})' if fault else ''}")
        self._passes(self.weather.travels())
        return fault

    def _asks(self, call: str) -> None:
        if fault := self._before_aws(call):
            raise fault

    def _slack(self, what: str) -> None:
        self._passes(self.weather.travels())

    def _passes(self, span: timedelta) -> None:
        """The one who runs is suspended here: for so long, or for far longer, or for ever."""
        task = self.schedule.running()
        if task is None:
            return
        if self.weather.strikes("crash", self.weather.crash):
            assert isinstance(task.life, Process)
            self.dies(task.life)
            raise Killed
        if self.weather.strikes("pause", self.weather.pause):
            span += self.weather.stands_still()
            self.say(f"stands still for {span.total_seconds():.1f} s")
        if span or self.schedule.random.random() < 0.5:
            self.schedule.suspend(task, span)

    # What there is to see

    def now(self, key: Key) -> list[Request]:
        """Whoever holds this key, or is giving it back."""
        with self.works.reading() as work:
            return work.requests.of_key(key)

    def everything(self) -> list[Request]:
        with self.works.reading() as work:
            return work.requests.listed(limit=1000)


def why_not(check: LastCheck, request: Request) -> str:
    try:
        check(request)
    except NoLongerGiven as reason:
        return no_longer(reason)
    return ""


def furnish(works: Works, clock: FakeClock) -> None:
    """The catalogue, and the policies as they are at first."""
    with works() as work:
        work.catalogue.replace(a_catalogue())
        work.policies.apply(a_book(), by="Ada", at=clock())
        for person in (BOB, EVE, DAN, ADA):
            work.people.put(make.a_binding(person))
