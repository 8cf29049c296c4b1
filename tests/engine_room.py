"""The jobs on a database and an Identity Center in memory, without Slack: for thousands of steps in a second."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, cast

from grants.activity import Evidence, Session
from grants.crew import Crew
from grants.desk import new_id
from grants.engine import Engine
from grants.holding import nudge
from grants.jobs import Jobs
from grants.last_check import LastCheck
from grants.lifecycle import FINAL, take
from grants.model import (
    CLOCK,
    Actor,
    Assignment,
    Holding,
    Key,
    Move,
    Request,
    RequestId,
    Role,
    State,
    Told,
)
from grants.pages import Pages
from grants.policy import PolicyBook
from grants.ports import IdentityCenter
from grants.reminding import Reminding
from grants.stores import Work, Works
from grants.summing import Looking, Summing
from grants.telling import moved_in, record
from storage.work import SqlWorks
from tests import make
from tests.clock import FakeClock
from tests.memory_identity_center import MemoryIdentityCenter
from tests.world import Inline, P, T


class Killed(BaseException):
    """The process is gone: nothing in it gets to catch this."""


@dataclass
class Doom:
    """Counts the instants at which a process may die, and lets it die at one of them."""

    at: int = 0
    passed: int = 0

    def strike(self) -> None:
        self.passed += 1
        if self.passed == self.at:
            raise Killed


@dataclass
class MortalWorks:
    """Units of work around which and in which the process may die."""

    works: SqlWorks
    doom: Doom

    @contextmanager
    def __call__(self) -> Iterator[Work]:
        self.doom.strike()
        with self.works() as work:
            yield work
            self.doom.strike()
        self.doom.strike()

    def reading(self) -> AbstractContextManager[Work]:
        return self.works.reading()


@dataclass
class MortalIdentityCenter:
    """Calls before and after which the process may die."""

    aws: MemoryIdentityCenter
    doom: Doom

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            self.doom.strike()
            answer = getattr(self.aws, name)(*args, **kwargs)
            self.doom.strike()
            return answer

        return call


class Silent:
    """A trail that tells of nothing."""

    def fetch(self, session: Session) -> Evidence:
        return Evidence(source="none")


class Idle(Executor):
    """Takes everything, does nothing."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        return Future()


@dataclass
class Room:
    """One database, one Identity Center, and processes that come and go."""

    works: SqlWorks
    clock: FakeClock = field(default_factory=FakeClock)
    jitter: Callable[[], float] = lambda: 0.5
    alarmed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.aws = MemoryIdentityCenter(self.clock)
        self.jobs = self.process()

    def engine(self) -> Engine:
        """One that lives."""
        return Engine(self.works, cast(IdentityCenter, self.aws), self.clock, self.jitter)

    def process(self, doom: Doom | None = None) -> Jobs:
        """A new one; with a doom, one that may die."""
        works: Works = self.works
        aws: Any = self.aws
        if doom is not None:
            works, aws = MortalWorks(self.works, doom), MortalIdentityCenter(self.aws, doom)
        pages = Pages(works, cast(IdentityCenter, aws), self.clock, self._crew())
        engine = Engine(
            works, cast(IdentityCenter, aws), self.clock, self.jitter, look_in=pages.look_in
        )
        return Jobs(
            works=works,
            engine=engine,
            last_check=cast(LastCheck, self.checked),
            summing=Summing(
                works,
                Looking(works, Silent(), lambda _: False, self.clock),
                self.clock,
                self._crew(),
                self.jitter,
            ),
            reminding=Reminding(works, self.clock, lambda: None),
            clock=self.clock,
            ends=self._crew(),
            grants=self._crew(),
            looks=self._crew(),
            gone=self._crew(),
            pages=pages,
            spell=str,
        )

    def _crew(self) -> Crew:
        return Crew(Inline(), lambda: None)

    def idle(self) -> Crew:
        """Workers that never come to it."""
        return Crew(Idle(), lambda: None)

    def checked(self, request: Request) -> PolicyBook:
        with self.works.reading() as work:
            return work.policies.current()

    # What people do

    def approved(self, name: str = "Bob", **changes: Any) -> Request:
        """Scheduled for now, unless it says when."""
        person = make.a_person(name)
        request_id = new_id()
        request = make.a_request(request_id, requester=person, state=State.SCHEDULED)
        now = self.clock()
        request = replace(request, asked_at=now, decided_at=now, **changes)
        with self.works() as work:
            work.requests.add(request)
        return request

    def started(self, name: str = "Bob", **changes: Any) -> Request:
        """Approved, and its start has come; AWS was not asked yet."""
        request = self.approved(name, **changes)
        with self.works() as work:
            row = work.requests.get(request.id)
            after, moved = take(row, Move.START, by=CLOCK, at=self.clock())
            record(work, work.requests.save(after), moved)
            nudge(work, after.key, at=self.clock())
        return after

    def active(self, name: str = "Bob", **changes: Any) -> Request:
        request = self.approved(name, **changes)
        self.passes(seconds=3)
        assert self.state(request) is State.ACTIVE
        return request

    def closed(self, request: Request, move: Move = Move.END, role: Role = Role.REQUESTER) -> None:
        """Somebody ends it."""
        with self.works() as work:
            row = work.requests.get(request.id)
            after, moved = take(row, move, by=Actor(role, "Bob"), at=self.clock(), closed_by="Bob")
            record(work, work.requests.save(after), moved)
            nudge(work, after.key, at=self.clock())

    # Time

    def rounds(self, jobs: Jobs | None = None) -> None:
        """Everything that is due now, until nothing is."""
        jobs = jobs or self.jobs
        for _ in range(40):
            jobs.round()
            due = jobs.next_due()
            if due is None or due > self.clock():
                return
        raise AssertionError("still due after 40 rounds")

    def passes(self, jobs: Jobs | None = None, **span: float) -> None:
        """Time goes by, and everything happens when it is due."""
        jobs = jobs or self.jobs
        until = self.clock() + timedelta(**span)
        self.rounds(jobs)
        while (due := jobs.next_due()) and due <= until:
            self.clock.now = max(due, self.clock())
            self.rounds(jobs)
        self.clock.now = until
        self.rounds(jobs)

    # What there is to see

    def state(self, request: Request) -> State:
        return self.row(request).state

    def row(self, request: Request) -> Request:
        with self.works.reading() as work:
            return work.requests.get(request.id)

    def held(self, key: Key) -> Holding:
        with self.works.reading() as work:
            row = work.assignments.get(key)
        return row.holding if row else Holding.ABSENT

    def ledger(self, request: Request) -> Assignment:
        """What is known of its assignment."""
        with self.works.reading() as work:
            row = work.assignments.get(request.key)
        assert row is not None
        return row

    def moves(self, request: Request) -> list[Move]:
        with self.works.reading() as work:
            told = [moved_in(line.entry) for line in work.journal.of(request.id)]
        return [moved.move for moved in told if moved]

    def open(self) -> list[RequestId]:
        with self.works.reading() as work:
            return [request.id for request in work.requests.listed() if request.state not in FINAL]

    def events(self) -> list[str]:
        with self.works.reading() as work:
            return [line.entry.event for line in work.journal.walk()]

    def alarms(self) -> list[str]:
        """What somebody is to act on, by its kind: everything is told, and what was told is kept."""
        with self.works() as work:
            while waiting := work.outbox.claim(self.clock(), until=self.clock(), limit=1000):
                for row in waiting:
                    if row.notice.kind is Told.AUDIT and row.notice.facts and not row.notice.moved:
                        self.alarmed.append(str(row.notice.facts["kind"]))
                    work.outbox.done(row)
        return self.alarmed

    def verify(self) -> None:
        with self.works.reading() as work:
            _, finding = work.journal.verify()
        assert finding is None, finding
