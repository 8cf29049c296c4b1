"""Several processes at work on one database at the same moment: each thing is done once, and nobody waits crosswise."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from threading import Barrier, Event

import pytest

from grants import pace
from grants.model import Assignment, Key, Move, Request, State
from grants.slots import Outstanding
from grants.stores import Assignments, Work
from storage.work import SqlWork, SqlWorks
from tests.engine_room import Killed, Room
from tests.memory_identity_center import Trouble

HOUR = timedelta(hours=1)


def at_once(*works: Callable[[], object]) -> None:
    """All of them begin in the same moment, each in its own thread; what one raises is raised."""
    barrier = Barrier(len(works))

    def begin(work: Callable[[], object]) -> None:
        barrier.wait(30)
        work()

    with ThreadPoolExecutor(len(works)) as pool:
        for begun in [pool.submit(begin, work) for work in works]:
            begun.result(60)


def test_six_engines_on_one_key_ask_aws_once(room: Room) -> None:
    requests = [room.started(f"P{number}", duration=HOUR) for number in range(4)]

    for request in requests:
        engines = [room.engine() for _ in range(6)]
        at_once(
            *(lambda engine=engine, key=request.key: engine.reconcile(key) for engine in engines)
        )

        assert room.aws.begun(request.key, creates=True) == 1


def test_six_engines_on_one_key_confirm_it_once_and_take_it_away_once(room: Room) -> None:
    request = room.started(duration=timedelta(minutes=1))
    room.rounds()
    room.clock.passes(seconds=1)
    at_once(*[lambda: room.engine().reconcile(request.key)] * 6)
    assert room.moves(request) == [Move.START, Move.CONFIRM]

    room.clock.passes(minutes=1)
    at_once(*[lambda: room.process().finish_due()] * 3)
    at_once(*[lambda: room.engine().reconcile(request.key)] * 6)
    room.passes(seconds=5)

    assert room.moves(request) == [Move.START, Move.CONFIRM, Move.FINISH, Move.GONE]
    assert room.aws.begun(request.key, creates=False) == 1


def test_twenty_engines_at_once_keep_within_what_may_be_outstanding(room: Room) -> None:
    room.aws.takes = timedelta(minutes=1)
    requests = [room.started(f"P{number}") for number in range(20)]

    at_once(*(lambda key=each.key: room.engine().reconcile(key) for each in requests))

    assert room.aws.crowded == 8


def test_who_is_confirmed_and_gives_it_back_in_one_moment_waits_for_nobody(room: Room) -> None:
    request = room.started(duration=HOUR)
    room.rounds()
    room.clock.passes(seconds=1)
    with ThreadPoolExecutor(1) as bob:
        ended: list[Future[None]] = []

        def gives_back() -> None:
            ended.append(bob.submit(room.closed, request))
            Event().wait(0.3)  # So that bob holds his request, and waits for the assignment.

        engine = replace(room.engine(), works=MeanwhileWorks(room.works, gives_back))
        engine.reconcile(request.key)
        ended[0].result(30)
    room.passes(minutes=1)

    assert room.moves(request) == [Move.START, Move.CONFIRM, Move.END, Move.GONE]
    assert not room.aws.holds(request.key)


def test_whose_lease_ran_out_while_aws_answered_touches_nothing_more(room: Room) -> None:
    request = room.started(duration=HOUR)
    room.aws.after = slow_once("create", lambda: another_takes_over(room, request.key))

    room.engine().reconcile(request.key)

    assert room.state(request) is State.ACTIVE
    assert room.aws.begun(request.key, creates=True) == 1
    room.passes(hours=2)
    assert room.moves(request) == [Move.START, Move.CONFIRM, Move.FINISH, Move.GONE]
    assert not room.aws.holds(request.key)


def test_whose_lease_ran_out_before_aws_was_reached_leaves_nothing_behind(room: Room) -> None:
    request = room.started(duration=HOUR)
    room.aws.before = slow_once("create", lambda: another_takes_over(room, request.key))

    room.engine().reconcile(request.key)
    room.passes(minutes=1)

    assert room.state(request) is State.ACTIVE
    assert not room.row(request).standing
    room.passes(hours=2)
    assert not room.aws.holds(request.key)


def test_wanted_again_right_before_it_is_asked_for_again_it_is_not_removed(room: Room) -> None:
    first = room.active(duration=HOUR)
    room.closed(first)
    room.aws.before = slow_once("delete", die)
    with pytest.raises(Killed):
        room.rounds()
    room.works.forget_leases()

    asks = iter([lambda: room.started(duration=HOUR)])
    replace(room.engine(), works=AfterLooking(room.works, asks)).reconcile(first.key)
    room.passes(minutes=1)

    assert room.state(first) is State.REVOKED
    assert room.aws.begun(first.key, creates=False) == 0
    assert room.aws.holds(first.key)


@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_who_begins_between_two_locks_and_gives_it_back_at_once_waits_for_nobody(
    room: Room,
) -> None:
    request = room.started(duration=HOUR)
    room.rounds()
    room.clock.passes(seconds=1)
    begun: list[Request] = []
    with ThreadPoolExecutor(1) as bob:
        ended: list[Future[None]] = []

        def gives_back() -> None:
            ended.append(bob.submit(room.closed, begun[0]))
            Event().wait(0.3)  # So that bob holds his request, and waits for the assignment.

        between = BetweenLocks(
            room.works,
            before=lambda: begun.append(room.started(duration=HOUR)),
            after=gives_back,
        )
        replace(room.engine(), works=between).reconcile(request.key)
        ended[0].result(30)
    room.passes(minutes=1)

    assert room.state(request) is State.ACTIVE
    assert room.state(begun[0]) is State.REVOKED
    assert room.aws.holds(request.key)


def die() -> None:
    raise Killed


def another_takes_over(room: Room, key: Key) -> None:
    room.clock.now += pace.LEASE + timedelta(seconds=1)
    room.engine().reconcile(key)


def slow_once(to: str, meanwhile: Callable[[], None]) -> Trouble:
    """The first such call takes so long that something else happens meanwhile."""
    happens = iter([meanwhile])

    def trouble(name: str) -> None:
        for happen in happens if name == to else ():
            happen()

    return trouble


@dataclass
class MeanwhileWorks:
    """Something happens right after the second look at an assignment for writing: the first was the claim."""

    works: SqlWorks
    happens: Callable[[], None]
    looks: int = 0

    @contextmanager
    def __call__(self) -> Iterator[Work]:
        with self.works() as work:
            yield self._watched(work)

    def reading(self) -> AbstractContextManager[Work]:
        return self.works.reading()

    def _watched(self, work: SqlWork) -> Work:
        work.assignments = Watched(work.assignments, self)  # type: ignore[assignment]  # behaves alike
        return work


@dataclass
class BetweenLocks:
    """Something happens right before and right after an assignment is locked to write a step."""

    works: SqlWorks
    before: Callable[[], None]
    after: Callable[[], None]
    opened: int = 0

    @contextmanager
    def __call__(self) -> Iterator[Work]:
        self.opened += 1
        with self.works() as work:
            if self.opened == 2:
                work.assignments = Delayed(work.assignments, self)  # type: ignore[assignment]  # behaves alike
            yield work

    def reading(self) -> AbstractContextManager[Work]:
        return self.works.reading()


@dataclass
class Delayed:
    """`Assignments` that are long in being looked at."""

    assignments: Assignments
    around: BetweenLocks

    def get(self, key: Key) -> Assignment | None:
        self.around.before()
        found = self.assignments.get(key)
        self.around.after()
        return found

    def save(self, assignment: Assignment) -> bool:
        return self.assignments.save(assignment)

    def outstanding(self) -> Outstanding:
        return self.assignments.outstanding()


@dataclass
class AfterLooking:
    """Something happens after the first look that only reads."""

    works: SqlWorks
    happens: Iterator[Callable[[], object]]

    def __call__(self) -> AbstractContextManager[Work]:
        return self.works()

    @contextmanager
    def reading(self) -> Iterator[Work]:
        with self.works.reading() as work:
            yield work
        for happen in self.happens:
            happen()


@dataclass
class Watched:
    """`Assignments` whose looks are counted."""

    assignments: Assignments
    watcher: MeanwhileWorks

    def get(self, key: Key) -> Assignment | None:
        found = self.assignments.get(key)
        self.watcher.looks += 1
        if self.watcher.looks == 2:
            self.watcher.happens()
        return found

    def save(self, assignment: Assignment) -> bool:
        return self.assignments.save(assignment)

    def outstanding(self) -> Outstanding:
        return self.assignments.outstanding()
