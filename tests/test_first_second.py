"""What a person sees first appears at once, whatever AWS, the database and fifty others do meanwhile."""

from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from threading import Barrier, Event
from typing import Any

import pytest
from slack_bolt.adapter.wsgi import SlackRequestHandler
from sqlalchemy import text

from bot.assemble import Storage, desk
from bot.slack import DECIDERS, Slack, connect
from grants.errors import AwsBusy
from grants.model import GroupId, Lane, User, UserId
from grants.ports import Directory
from handlers.promptly import Promptly
from storage.engine import Database
from storage.kept import Kept
from tests.standins.slack import Hand, Outcome, Person, Reply, over_wsgi
from tests.world import DEFAULT, Inline, World

CROWD = 50
PATIENT = 60.0
"""Seconds: only a machine that is busy with other things needs so many."""
ACCESS = "data-sandbox · PowerUserAccess"


@dataclass
class Stalling:
    """An Identity Center that answers nothing before it is let go on, or before all have come."""

    inner: Directory
    until: Event = field(default_factory=Event)
    together: Barrier | None = None
    asked: int = 0

    def __post_init__(self) -> None:
        self.until.set()

    def stalls(self) -> None:
        self.until.clear()

    def _wait(self) -> None:
        self.asked += 1
        assert self.until.wait(PATIENT)

    def user(self, user_id: UserId, *, lane: Lane) -> User | None:
        self._wait()
        return self.inner.user(user_id, lane=lane)

    def user_by_email(self, email: str, *, lane: Lane) -> User | None:
        self._wait()
        return self.inner.user_by_email(email, lane=lane)

    def member_of(
        self, user_id: UserId, groups: Collection[GroupId], *, lane: Lane
    ) -> frozenset[GroupId]:
        self._wait()
        if self.together:
            self.together.wait(PATIENT)
        return self.inner.member_of(user_id, groups, lane=lane)

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)


@dataclass
class Crowd:
    """Fifty people, each at their own keyboard, before the bot with the threads that it has."""

    world: World
    bot: Slack
    directory: Stalling
    people: list[Person]
    threads: ThreadPoolExecutor

    def all(self, do: Callable[[Person], Any]) -> list[Future[Any]]:
        """At once."""
        return [self.threads.submit(do, person) for person in self.people]

    def opens(self) -> list[Future[Reply]]:
        return self.all(lambda person: person.command("", DEFAULT))

    def opened(self, count: int = CROWD) -> None:
        """So many windows, whatever is in them."""
        slack = self.world.slack
        assert slack.wait_until(lambda: self._count("views.open") >= count, within=PATIENT)

    def filled(self) -> None:
        """Everybody has the form."""

        def whole() -> bool:
            views = [person.view() for person in self.people]
            return all(view and "Access" in view.labels() for view in views)

        assert self.world.slack.wait_until(whole, within=PATIENT)

    def _count(self, method: str) -> int:
        return sum(call.method == method for call in self.world.slack.calls)


def crowd_before(world: World, threads: ThreadPoolExecutor, **changes: Any) -> Crowd:
    for n in range(CROWD):
        name = f"person{n:02d}"
        user = world.slack.workspace.add_user(name, email=f"{name}@example.com")
        world.slack.workspace.channel(DEFAULT).members.add(user.id)
        world.company.add_user(name, email=f"{name}@example.com")
        world.company.add_member("engineers", name)
    directory = Stalling(world.ports.directory)
    ports = replace(world.ports, directory=directory)  # type: ignore[arg-type]  # by shape, the rest passed on
    storage: Storage = changes.pop("storage", world.storage)
    bot = connect(
        world.settings, storage, ports, desk(storage, ports),
        wake=lambda: None, tellers=Inline(), **changes,
    )  # fmt: skip
    hand = Hand(world.slack, over_wsgi(SlackRequestHandler(bot.app)))
    people = [hand.of(f"person{n:02d}") for n in range(CROWD)]
    bot.greet()
    return Crowd(world, bot, directory, people, threads)


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(CROWD) as pool:
        yield pool


@pytest.fixture
def crowd(world: World, threads: ThreadPoolExecutor) -> Iterator[Crowd]:
    crowd = crowd_before(world, threads)
    yield crowd
    crowd.directory.until.set()
    crowd.bot.listeners.shutdown()
    crowd.bot.later.shutdown()


def results(futures: list[Future[Any]]) -> list[Any]:
    return [future.result(PATIENT) for future in futures]


# AWS


def test_while_aws_answers_nothing_fifty_people_have_a_window_each_and_the_form_later(
    crowd: Crowd,
) -> None:
    """And again, for those who lose patience: more than there are listeners."""
    crowd.directory.stalls()

    replies = [*results(crowd.opens()), *results(crowd.opens())]
    crowd.opened(2 * CROWD)

    assert all(reply.ok for reply in replies)
    assert all("Looking up" in view.words() for person in crowd.people if (view := person.view()))
    crowd.directory.until.set()
    crowd.filled()


def test_whom_aws_told_lately_has_the_whole_form_though_it_answers_nothing(crowd: Crowd) -> None:
    results(crowd.opens())
    crowd.filled()
    crowd.directory.stalls()
    crowd.world.slack.calls.clear()

    results(crowd.opens())
    crowd.opened()
    crowd.filled()

    assert not crowd.directory.until.is_set()


def test_fifty_forms_that_are_sent_are_decided_on_at_once_none_behind_another(
    world: World, threads: ThreadPoolExecutor
) -> None:
    with ThreadPoolExecutor(DECIDERS) as deciders:
        patient = Promptly(deciders, lambda: lambda: None, lambda: PATIENT)
        crowd = crowd_before(world, threads, promptly=patient)
        results(crowd.opens())
        crowd.filled()
        for person in crowd.people:
            person.fill({"Access": ACCESS, "Justification": "the disk is full"})
        crowd.directory.together = Barrier(CROWD)

        outcomes: list[Outcome] = results(crowd.all(lambda person: person.submit()))

        assert all(outcome.closed for outcome in outcomes)
        assert len(world.requests()) == CROWD


def test_what_is_chosen_in_an_open_form_asks_nobody(world: World, crowd: Crowd) -> None:
    person = crowd.people[0]
    person.command("", DEFAULT)
    crowd.opened(1)
    slack = world.slack
    assert slack.wait_until(
        lambda: (view := person.view()) and "Access" in view.labels(), within=PATIENT
    )
    world.clock.passes(minutes=30)
    crowd.directory.stalls()
    asked = crowd.directory.asked

    person.press("Start later")

    assert slack.wait_until(
        lambda: (view := person.view()) and "Start" in view.labels(), within=PATIENT
    )
    assert crowd.directory.asked == asked


def test_where_so_many_ask_that_somebody_finds_no_turn_it_is_looked_up_again(
    world: World, crowd: Crowd
) -> None:
    busy = iter([AwsBusy("Too much is being asked of AWS at the moment.")] * 3)
    member_of = crowd.directory.member_of

    def crowded(*args: Any, **kwargs: Any) -> frozenset[GroupId]:
        if fault := next(busy, None):
            raise fault
        return member_of(*args, **kwargs)

    crowd.directory.member_of = crowded  # type: ignore[method-assign]  # for a while
    person = crowd.people[0]
    person.command("", DEFAULT)

    assert world.slack.wait_until(
        lambda: (view := person.view()) and "Access" in view.labels(), within=PATIENT
    )


@pytest.mark.parametrize("most", ["handlers.people.KEPT", "grants.people.REMEMBERED"])
def test_of_a_large_company_those_who_came_last_are_known(
    world: World, monkeypatch: pytest.MonkeyPatch, most: str
) -> None:
    monkeypatch.setattr(most, 2)
    for name in ("bob", "eve", "dan"):
        world.opens(name)
    world.aws.calls.clear()

    world.opens("dan")
    world.opens("eve")
    assert world.aws.calls.count() == 0
    world.opens("bob")
    assert world.aws.calls.count("IsMemberInGroups") == 1


# The database


@contextmanager
def held(database: Database, *, reading: bool) -> Iterator[None]:
    """Somebody else writes for a long time; or, where there is a server, not even reading goes on."""
    with database.writers.connect() as connection:
        if connection.dialect.name == "postgresql":
            mode = "ACCESS EXCLUSIVE" if reading else "EXCLUSIVE"
            for table in ("policy_versions", "catalogue", "requests", "bindings"):
                connection.execute(text(f"LOCK TABLE {table} IN {mode} MODE"))
        yield
        connection.rollback()


def test_while_somebody_else_writes_fifty_people_have_their_forms(crowd: Crowd) -> None:
    results(crowd.opens())
    crowd.filled()
    crowd.world.slack.calls.clear()

    with held(crowd.world.storage.database, reading=False):
        results(crowd.opens())
        crowd.opened()
        crowd.filled()


@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_while_the_database_answers_nothing_fifty_people_are_answered_and_have_their_forms_then(
    crowd: Crowd,
) -> None:
    results(crowd.opens())
    crowd.filled()
    crowd.world.slack.calls.clear()

    with held(crowd.world.storage.database, reading=True):
        replies = results(crowd.opens())
        assert all(reply.ok for reply in replies)
        assert crowd._count("views.open") == 0

    crowd.opened()
    crowd.filled()


# Slack


def test_who_presses_first_does_not_wait_for_slack_to_say_which_workspace_it_is(
    world: World, crowd: Crowd
) -> None:
    world.slack.calls.clear()

    crowd.people[0].command("", DEFAULT)
    crowd.opened(1)

    assert "auth.test" not in [call.method for call in world.slack.calls]


def test_what_is_new_is_read_by_one_for_all_who_ask_at_that_moment(
    threads: ThreadPoolExecutor,
) -> None:
    kept, read = Kept[str](), list[str]()

    def whole() -> str:
        read.append("whole")
        other = threads.submit(kept.get, 1, whole)
        with suppress(TimeoutError):
            other.result(0.2 if len(read) == 1 else 0)
        return "whole"

    assert threads.submit(kept.get, 1, whole).result(PATIENT) == "whole"
    assert read == ["whole"]
