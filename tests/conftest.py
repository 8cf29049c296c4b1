"""Fixtures that every test may ask for."""

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from storage.engine import Database
from storage.work import SqlWorks
from tests.databases import KINDS, Databases, Run
from tests.engine_room import Room
from tests.kills.nursery import Nursery, a_nursery
from tests.matrices import taken_in_turns
from tests.opened import opened
from tests.postgres import no_server
from tests.races import Racers, Races, races_beside
from tests.world import World, a_world, settle

# --- databases: the same sentences on both (tests/databases.py) --------------------------------------

RUN = "ELEVATE_TEST_RUN"  # where workers read the run's folder
the_run = pytest.StashKey[Run]()
the_folder = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    gc.set_threshold(50_000, 20, 50)  # an eighth of the time went into looking for garbage
    if not hasattr(
        config, "workerinput"
    ):  # pytest-xdist's workers join the run of their main process
        if missing := no_server():
            pytest.exit(missing, returncode=4)
        config.stash[the_run] = Run.begin()
        os.environ[RUN] = str(config.stash[the_run].folder)
    # Now: while a test of the command line runs, no variable of ours is there.
    config.stash[the_folder] = Path(os.environ[RUN])


@pytest.hookimpl(optionalhook=True)  # without pytest-xdist nobody asks
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One for each core, and one that works while another waits for a thread, a socket or PostgreSQL."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(trylast=True)  # after -k and -m
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if left := taken_in_turns(items):
        config.hook.pytest_deselected(items=[item for item in items if item in left])
        items[:] = [item for item in items if item not in left]


def pytest_unconfigure(config: pytest.Config) -> None:
    if run := config.stash.get(the_run, None):
        run.end()


@pytest.fixture(scope="session")
def databases(pytestconfig: pytest.Config) -> Iterator[Databases]:
    """Makes databases for tests that need several: `with databases.fresh("postgresql", tmp_path) as url:`."""
    databases = Databases(pytestconfig.stash[the_folder])
    yield databases
    databases.close()


@pytest.fixture(params=KINDS)
def database_kind(request: pytest.FixtureRequest) -> str:
    """Each test on both; one that is about a single one parametrizes "database_kind" itself."""
    kind: str = request.param
    return kind


@pytest.fixture(scope="session")
def furnished(databases: Databases) -> Iterator[Databases]:
    """Those of a world: with its catalogue and its policies."""
    furnished = replace(databases, schema="world", prepare=settle)
    yield furnished
    furnished.close()


@pytest.fixture
def database_url(
    request: pytest.FixtureRequest, database_kind: str, tmp_path: Path
) -> Iterator[str]:
    """A migrated database, for this test alone: without rows, or where there is a world, its own."""
    kind = "furnished" if "world" in request.fixturenames else "databases"
    databases: Databases = request.getfixturevalue(kind)
    with databases.fresh(database_kind, tmp_path) as url:
        yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """That database, open."""
    with opened(database_url) as database:
        yield database


@pytest.fixture
def works(database: Database) -> SqlWorks:
    """Units of work on it."""
    return SqlWorks(database)


@pytest.fixture
def empty_database_url(database_kind: str, databases: Databases, tmp_path: Path) -> Iterator[str]:
    """A database without a schema, for this test alone."""
    with databases.empty(database_kind, tmp_path) as url:
        yield url


# --- the engine's own: jobs, a ledger and an Identity Center in memory (tests/engine_room.py) -----------


@pytest.fixture
def room(works: SqlWorks) -> Iterator[Room]:
    """Whose journal holds at the end."""
    room = Room(works)
    yield room
    room.verify()


# --- bots as processes that may die (tests/kills) ------------------------------------------------------


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Where they are born, each in no time."""
    with a_nursery() as nursery:
        yield nursery


# --- the world: a company, a workspace and the bot (tests/world.py) ----------------------------------


@pytest.fixture
def world(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The whole product but its process, on both databases."""
    with a_world(database_url, monkeypatch.setenv) as world:
        yield world


# --- the environment that settings are read from -------------------------------------------------------


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets variables, on top of nothing."""
    for name in os.environ:
        if name.startswith(("AWS_", "ELEVATE_", "SLACK_", "DATABASE_")) or name in {"HOST", "PORT"}:
            monkeypatch.delenv(name)

    def set_them(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return set_them


# --- processes that do something at the same instant (tests/races.py) --------------------------------


@pytest.fixture(scope="session")
def racers() -> Iterator[Racers]:
    """Four processes, begun when first asked for."""
    with ExitStack() as stack:
        yield Racers(stack)


@pytest.fixture
def races(request: pytest.FixtureRequest, world: World, racers: Racers) -> Iterator[Races]:
    """Those processes, beside a world that is sound in the end. With -v the summary has who won."""
    with races_beside(world, racers, request.node.name) as races:
        yield races
    request.node.user_properties.append((RACES, races.record()))


RACES = "races"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Who was faster how often, in words that may be kept."""
    if terminalreporter.verbosity < 1:
        return
    for report in terminalreporter.getreports(""):
        for name, said in report.user_properties if report.when == "teardown" else ():
            if name == RACES:
                terminalreporter.write_line(str(said))
