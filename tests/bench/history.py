"""Whether a long past slows anything down: what people do and what the loops do, beside one just long enough to fill the lists.

In the largest organization of those that are measured. The whole product in this process, with stand-ins over HTTP and
time in our hand; only what starts is a process of its own. The past is `tests/past.py`'s.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, Final

from sqlalchemy import text

from grants.model import Actor, RequestId, Role
from tests.bench.company import grow, with_teams
from tests.bench.figures import Engine, Figure, Size
from tests.bench.pieces import Bench, in_turn
from tests.bench.start import is_ready
from tests.beside import Outside
from tests.past import a_past
from tests.standins.aws import Company, small_company
from tests.standins.aws.ground import Clock
from tests.standins.slack import Person
from tests.world import World, a_world

LONG: Final = (10_000, 1_000_000)
SHORT: Final = 20_000
ROUNDS: Final = 100_000
"""After so many a loop that is still not through never will be."""
EACH: Final = 400
"""So many requests have been each person's, and as many about each account."""
FULL: Final = 800
"""Requests beside which is measured: to draw what is not there takes no time, so all lists are full there, too."""
PROD: Final = "payments-prod · AdministratorAccess"


def measure(bench: Bench) -> Iterator[Figure]:
    for engine in bench.engines:
        for count in (SHORT,) if bench.short else LONG:
            yield from _beside_none(bench, engine, count)


def _beside_none(bench: Bench, engine: Engine, count: int) -> Iterator[Figure]:
    size = replace(bench.largest, history=count)
    with _a_place(bench, engine, size) as past, _a_place(bench, engine, _at_least(size)) as bare:
        for long, none in zip(_done(past), _done(bare), strict=True):
            ours, yardstick = in_turn(bench.rounds, bench.few, long, none)
            yield Figure(long.line, size, engine, "ms", ours, yardstick, budget=1.2)


def _at_least(size: Size) -> Size:
    return replace(size, history=FULL)


@dataclass(frozen=True, slots=True)
class Place:
    """An organization with its past: in this process, and for others beside it."""

    world: World
    outside: Outside


@contextmanager
def _a_place(bench: Bench, engine: Engine, size: Size) -> Iterator[Place]:
    with (
        TemporaryDirectory(prefix="elevate-bench-") as folder,
        bench.databases.fresh(engine, Path(folder)) as url,
        a_world(url, os.environ.__setitem__, of=partial(_company, size)) as world,
    ):
        book = with_teams(world.book(), world.company)
        world.administration.apply(book, by=Actor(Role.ADMINISTRATOR, "operator:bench"))
        made = a_past(world, people=size.history // EACH, accounts=size.history // EACH)
        database = world.storage.database
        with database.writing() as db:
            made.make(db, size.history // len(made.lived))
            if engine == "postgresql":  # As its own autovacuum would have.
                db.execute(text("ANALYZE"))
        yield Place(world, Outside(world.slack, world.aws, database, url, Path(folder)))


def _company(size: Size, clock: Clock) -> Company:
    """The small one, whose people act, among teams."""
    company = small_company(clock)
    accounts = size.accounts - len(company.accounts)
    sets = size.permission_sets - len(company.permission_sets)
    grow(company, Size(accounts, sets, size.people - len(company.users)))
    return company


@dataclass(frozen=True, slots=True)
class Timed:
    """Seconds that something takes; what comes before and after it is not counted."""

    line: str
    do: Callable[[], object]
    before: Callable[[], object] = lambda: None
    after: Callable[[], object] = lambda: None

    def __call__(self) -> float:
        self.before()
        began = perf_counter()
        self.do()
        took = perf_counter() - began
        self.after()
        return took


def _done(place: Place) -> list[Timed]:
    """What people do, what the loops do when nothing is due, and a start."""
    world = place.world
    bob, eve, aud = world["bob"], world["eve"], world["aud"]
    week = timedelta(days=7)

    def says(who: Person, word: str) -> Timed:
        return Timed(f"/elevate {word}", lambda: who.command(word, "general"))

    def forgets() -> None:
        with world.works() as work:
            work.outbox.forget(world.clock() - week, limit=10_000)
            work.acted.forget(world.clock() - week, limit=10_000)

    def approves() -> None:
        _asks(world)
        _votes(world, "Approve")

    return [
        Timed("/elevate, the form", lambda: world.opens("bob"), after=bob.close),
        says(bob, "mine"),
        says(eve, "approvals"),
        says(eve, "active"),
        says(aud, "audit"),
        Timed("App Home", bob.open_home),
        Timed("App Home, an auditor's", aud.open_home),
        Timed("requests show", lambda: _shown(world)),
        Timed("a form sent", lambda: _sends(world), after=lambda: _settles(world, "Reject")),
        Timed("a vote", lambda: _votes(world, "Approve"), before=lambda: _asks(world),
              after=lambda: world.passes(hours=2)),
        Timed("access given, held and taken away", lambda: world.passes(hours=2),
              before=approves),
        *(Timed(f"beat: {name}", lambda loop=loop: (loop.round(), loop.next_due()),  # type: ignore[misc]  # of its own default
                before=lambda loop=loop: _catches_up(world, loop))  # type: ignore[misc]
          for name, loop in {"what is due": world.jobs, "outbox": world.bot.announcer,
                             "sessions cut": world.cutting, "sweep": world.sweep}.items()),
        Timed("beat: what was told is forgotten", forgets),
        _starts(place.outside),  # The last: by its clock everything is due.
    ]  # fmt: skip


def _starts(outside: Outside) -> Timed:
    stack = ExitStack()
    policies = {"ELEVATE_POLICY_FILE": ""}  # those that hold

    def starts() -> None:
        is_ready(stack.enter_context(outside.bot(**policies)))

    return Timed("start to ready", starts, after=stack.close)


def _catches_up(world: World, loop: Any) -> None:
    """With all that is due: a sweep that has come round looks at everything that was held lately."""
    for _ in range(ROUNDS):
        if not (due := loop.next_due()) or due > world.clock():
            return
        loop.round()
    raise AssertionError(f"always due: {loop}")


def _sends(world: World) -> None:
    world.clock.passes(seconds=1)  # So that it is the newest.
    outcome = world.sends("bob", PROD, Duration="15m")
    assert outcome.kind == "closed", outcome


def _settles(world: World, label: str) -> None:
    world.rounds()
    _votes(world, label)
    world.rounds()


def _asks(world: World) -> None:
    _sends(world)
    world.rounds()


def _newest(world: World) -> RequestId:
    with world.works.reading() as work:
        return work.requests.listed(limit=1)[0].id


def _votes(world: World, label: str) -> None:
    eve = world["eve"]
    eve.click(world.card(_newest(world)), label)
    if label == "Reject":
        eve.fill({"Comment": ""})
        eve.submit()


def _shown(world: World) -> None:
    with world.works.reading() as work:
        request = work.requests.get(_newest(world))
        for read in (work.votes.on, work.journal.of, work.copies.of, work.activities.get):
            read(request.id)
        work.assignments.get(request.key)
