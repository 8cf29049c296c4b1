"""Whether a long past slows anything down: what people do and what the loops do, beside none.

What lists the past, beside one that is just long enough to fill the lists.

In the largest organization of those that are measured. The whole product in this process, with stand-ins that answer in
it as well and time in our hand; only what starts is a process of its own. The past is `tests/past.py`'s.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from sqlalchemy import text

from grants.model import AccountId, Actor, PermissionSetArn, Person, Role, Target, UserId
from storage.engine import Database
from tests.bench.company import grow, with_teams
from tests.bench.doings import Doings, Timed
from tests.bench.figures import Engine, Figure, Size
from tests.bench.pieces import Bench, databases
from tests.bench.stage import slack_id
from tests.beside import Outside
from tests.past import Past, a_past
from tests.standins.aws import Company, small_company
from tests.standins.aws.ground import Clock
from tests.world import World, a_world

LONG: Final = (10_000, 1_000_000)
SHORT: Final = 20_000
EACH: Final = 400
"""So many requests have been bob's, and all of them about one account: in every past."""
FULL: Final = 800
"""Requests beside which is measured what lists them: to draw what is not there takes no time. All else, beside none."""
OTHERS: Final = 50
"""At least so many others have asked, for as much else: what a sweep looks at in one slice."""


def measure(bench: Bench) -> Iterator[Figure]:
    with _on_one_core(), databases() as here:
        bench = replace(bench, databases=here)
        for engine in bench.engines:
            for count in (SHORT,) if bench.short else LONG:
                yield from _beside_less(bench, engine, replace(bench.largest, history=count))


@contextmanager
def _on_one_core() -> Iterator[None]:
    """With the server that is started here.

    One waits for the other at every step, so that a second core adds nothing but the time in which it wakes: a
    millisecond for a form, in one of two worlds and not in the other, for as long as their threads stay where they are.
    """
    if not hasattr(os, "sched_setaffinity"):  # only Linux has it
        yield
        return
    all_of_them = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(all_of_them)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, all_of_them)


def _beside_less(bench: Bench, engine: Engine, size: Size) -> Iterator[Figure]:
    with ExitStack() as until_measured:
        worlds = [
            until_measured.enter_context(_lived_in(bench, engine, replace(size, history=history)))
            for history in (size.history, FULL, 0)
        ]
        lines = list(zip(*(each.all() for each in worlds), strict=True))
        # What is done once starts processes, which leave more behind in one world than in the other. It has no budget.
        for once in (False,) if bench.short else (False, True):
            these = [line for line in lines if line[0].once == once]
            rounds = [[_round(bench, line) for line in these] for _ in range(bench.rounds)]
            for (line, *_), took in zip(these, zip(*rounds, strict=True), strict=True):
                ours, full, none = zip(*took, strict=True)
                bare = full if line.beside_full else none
                yield Figure(
                    line.line, size, engine, "ms", ours, bare, 1.2 if line.bounded else None
                )


def _round(bench: Bench, line: tuple[Timed, ...]) -> list[float]:
    """The same in each world, in turn; milliseconds.

    Its next round comes after all the other lines', so that what happens on the machine just now is in one of them.
    """
    often = bench.few if line[0].slow or bench.short else bench.times
    times = 1 if line[0].once else often
    took = [[do() for do in line] for _ in range(times)]
    return [1000 * median(of_one) for of_one in zip(*took, strict=True)]


@contextmanager
def _lived_in(bench: Bench, engine: Engine, size: Size) -> Iterator[Doings]:
    """A world with its past."""
    with (
        TemporaryDirectory(prefix="elevate-bench-") as folder,
        bench.databases.fresh(engine, Path(folder)) as url,
        a_world(url, os.environ.__setitem__, of=partial(_company, size)) as world,
    ):
        book = with_teams(world.book(), world.company)
        world.administration.apply(book, by=Actor(Role.ADMINISTRATOR, "operator:bench"))
        made = _past(world, size)
        database = world.storage.database
        with database.writing() as db:
            made.make(db, size.history // len(made.lived))
        if engine == "postgresql":
            _comes_to_rest(database)
        yield Doings(world, Outside(world.slack, world.aws, database, url, Path(folder)))


def _comes_to_rest(database: Database) -> None:
    """The past was made just now, all at once: nothing of that is left to do while something is timed."""
    with database.writers.connect() as connection:
        db = connection.execution_options(isolation_level="AUTOCOMMIT")
        for command in ("VACUUM ANALYZE", "CHECKPOINT"):
            db.execute(text(command))


def _company(size: Size, clock: Clock) -> Company:
    """The small one, whose people act, among teams."""
    company = small_company(clock)
    accounts = size.accounts - len(company.accounts)
    sets = size.permission_sets - len(company.permission_sets)
    grow(company, Size(accounts, sets, size.people - len(company.users)))
    return company


def _past(world: World, size: Size) -> Past:
    """By bob and by so many others, each for something else, that he has his share."""
    shares = max(size.history, FULL) // EACH
    others = max(shares - 1, OTHERS)
    again = round(others / (shares - 1))
    people, targets = _people(world.company), _targets(world.company)
    return a_past(world, list(islice(people, others)), list(islice(targets, others)), again=again)


def _people(company: Company) -> Iterator[Person]:
    for user in company.users.values():
        if user.name.startswith("person-"):
            email = user.email or ""
            yield Person(slack_id(user.name), UserId(user.id), user.name, user.name, email)


def _targets(company: Company) -> Iterator[Target]:
    """Each account once, and so on with the next permission sets."""
    sets = [PermissionSetArn(arn) for arn in company.permission_sets]
    accounts = [one.id for one in company.accounts.values() if one.name.startswith("account-")]
    for turn in range(len(sets)):
        for number, account in enumerate(accounts):
            yield Target(AccountId(account), sets[(number + turn) % len(sets)])
