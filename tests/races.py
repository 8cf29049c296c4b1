"""Real processes that do something on one database at the same instant, and what came of it."""

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from random import sample
from typing import Any, Final

from sqlalchemy import select

from grants.desk import new_id
from grants.lifecycle import FINAL, moves_from
from grants.model import (
    AccountId,
    Ballot,
    Move,
    PermissionSetArn,
    Person,
    Request,
    RequestId,
    Role,
    SlackUserId,
    State,
    Target,
    Told,
    Wish,
)
from grants.telling import moved_in
from storage.outbox import notice_in
from storage.tables import outbox
from tests.racer import GO, HERE, Answer, Course, Order, serve
from tests.soundness import sound
from tests.world import World, aws_environment

ROUNDS: Final = int(os.environ.get("TEST_RACES", "6"))
"""So often each race is run on each database; for a soak, as many as one likes."""
FEWER_ROUNDS: Final = max(1, ROUNDS // 4)
"""Of whole lives, each of which is many races."""
PROCESSES: Final = 4
PATIENT: Final = 120.0
"""Seconds: only a machine that is busy with other things needs so many."""

MANY: Final = 100
FOR_EVER: Final = 1e9
Errand = tuple[Any, ...]


class Racers:
    """The processes. Begun once: all but the first few milliseconds of a race would go into beginning."""

    def __init__(self, stack: ExitStack) -> None:
        # Forked off one that has read all modules already, and has no thread.
        processes = get_context("forkserver")
        processes.set_forkserver_preload(["tests.racer"])
        self.lines: list[Connection] = []
        for number in range(PROCESSES):
            ours, theirs = processes.Pipe()
            racer = processes.Process(target=serve, args=[theirs], name=f"racer {number}")
            racer.start()
            theirs.close()
            stack.callback(racer.join, PATIENT)
            stack.callback(ours.close)
            self.lines.append(ours)

    @contextmanager
    def on(self, course: Course) -> Iterator[None]:
        """With all of them on this course."""
        self._all(course)
        yield
        self._all(None)

    def race(self, orders: list[Order]) -> list[Answer]:
        """Each order in a process of its own, all of them right before they write at the same instant.

        Which process gets which order, and which is let go first, is left to chance.
        """
        lines = sample(self.lines, len(orders))
        for line, order in zip(lines, orders, strict=True):
            line.send(order)
        said = {line: self._said(line) for line in lines}
        here = [line for line in lines if said[line] == HERE]
        for line in sample(here, len(here)):
            line.send(GO)
        said |= {line: self._said(line) for line in here}
        return [answer for line in lines if isinstance(answer := said[line], Answer)]

    def _all(self, course: Course | None) -> None:
        for line in self.lines:
            line.send(course)
        assert [self._said(line) for line in self.lines] == [HERE] * len(self.lines)

    def _said(self, line: Connection) -> Answer | str:
        assert wait([line], PATIENT), "a process says nothing"
        said: Answer | str = line.recv()
        return said


@dataclass
class Races:
    """A world beside which the processes race."""

    world: World
    racers: Racers
    name: str
    run: int = 0
    """Those in which at least two came to write."""
    together: int = 0
    """Those in which all who came to write did, or waited to, at one moment."""
    won: Counter[str] = field(default_factory=Counter)

    def __call__(self, *errands: Errand, at: datetime | None = None) -> list[Answer]:
        """Each a function of `tests.errands` with what it is about."""
        return self.at_their_times(*((each, at or self.world.clock()) for each in errands))

    def at_their_times(self, *errands: tuple[Errand, datetime]) -> list[Answer]:
        """The same where clocks are a moment apart."""
        orders = [Order(do, tuple(about), at) for (do, *about), at in errands]
        answers = self.racers.race(orders)
        troubles = [answer.trouble for answer in answers if answer.trouble]
        assert not troubles, "\n".join(troubles)
        wrote = [answer.wrote for answer in answers if answer.wrote[0]]
        self.run += len(wrote) > 1
        self.together += len(wrote) > 1 and max(wrote)[0] < min(until for _, until in wrote)
        return answers

    def record(self) -> str:
        """How many there were, and who was faster how often."""
        won = "".join(f", {whom} {times}" for whom, times in sorted(self.won.items()))
        return f"{self.name}: {self.run} races, {self.together} at one moment{won}"

    # What it is about

    def person(self, name: str) -> Person:
        slack_id = SlackUserId(f"U{name.upper()}")
        return self.world.bot.front.people.known(slack_id, seconds=FOR_EVER)

    def target(self, account: str = "payments-prod", name: str = "AdministratorAccess") -> Target:
        key = self.world.company.key("bob", account, name)
        return Target(AccountId(key.account), PermissionSetArn(key.permission_set))

    def wish(self, **changes: Any) -> Wish:
        """An hour of production, by a form of its own."""
        wish = Wish(f"V{new_id()}", self.target(), "1h", "the disk is full", "", None)
        return replace(wish, **changes)

    def asked(self, who: str = "bob", **changes: Any) -> Request:
        """A request that was taken."""
        return self.world.desk.ask(self.person(who), self.wish(**changes))

    def approved(self, request: Request, by: str = "eve") -> Request:
        return self.world.bot.front.review.vote(self.person(by), request.id, Ballot.APPROVE)

    def active(self, who: str = "bob", **changes: Any) -> Request:
        """A request that has become access."""
        request = self.approved(self.asked(who, **changes))
        self.pass_by(seconds=3)
        found = self.world.request(request.id)
        assert found.state is State.ACTIVE
        return found

    # Time

    def later(self) -> datetime:
        """When nothing starts that is asked for now."""
        return self.world.clock() + timedelta(hours=6)

    def pass_by(self, **span: float) -> None:
        """Time goes by, and the jobs of one process do what is due. Slack hears of it later."""
        until = self.world.clock() + timedelta(**span)
        while (due := self.world.jobs.next_due()) and due <= until:
            self.world.clock.now = max(due, self.world.clock())
            self.world.jobs.round()
        self.world.clock.now = until

    def until(self, over: datetime, next_due: Callable[[], datetime | None], *at: Errand) -> None:
        """Time goes by, and these are raced at each instant at which something is due."""
        clock = self.world.clock
        for _ in range(MANY):
            due = next_due()
            if due is None or due > over:
                clock.now = over
                return
            clock.now = max(due, clock())
            self(*at)
        raise AssertionError(f"still due after {MANY} races")

    def closed(self, request_id: RequestId) -> None:
        """Brought to its end by who asked for it, and nothing is left."""
        request, closing = self.world.request(request_id), self.world.bot.front.closing
        if request.state is State.PENDING:
            closing.cancel(request.requester, request_id)
        elif set(moves_from(request.state, Role.REQUESTER)):
            closing.end(request.requester, request_id)
        self.pass_by(seconds=10)


@contextmanager
def races_beside(world: World, racers: Racers, name: str) -> Iterator[Races]:
    """Beside a world in which nothing is left in the end, neither at AWS nor untold."""
    races, held = Races(world, racers, name), world.company.current_assignments()
    with racers.on(Course(world.settings, aws_environment(world.aws))):
        yield races
    sound(world)
    told_as_written(world)
    assert {request.state for request in world.requests()} <= FINAL
    assert world.company.current_assignments() == held


def told_as_written(world: World) -> None:
    """Each move of each request has its line under each card once, in the journal's order."""
    lines = select(outbox).where(outbox.c.kind == Told.LINE).order_by(outbox.c.id)
    told: defaultdict[tuple[str, int], list[Move]] = defaultdict(list)
    with world.storage.database.reading() as db:
        for notice in map(notice_in, db.execute(lines).mappings()):
            if notice.moved and notice.request_id and notice.copy_id:
                told[notice.request_id, notice.copy_id].append(notice.moved.move)
    with world.works.reading() as work:
        for (request, _), moves in told.items():
            entries = [line.entry for line in work.journal.of(RequestId(request))]
            written = [moved.move for entry in entries if (moved := moved_in(entry))]
            assert moves == written, request
