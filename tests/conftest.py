"""Fixtures that every test may ask for."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import KINDS, Databases, Run, prepare
from tests.postgres import no_server
from tests.world import World, a_world


def furnish(url: str) -> None:
    """Bring a template to where every world begins."""
    prepare(url)
    with pytest.MonkeyPatch.context() as patch, a_world(url, patch.setenv):
        pass


# --- databases: the same sentences on both (tests/databases.py) --------------------------------------

RUN = "ELEVATE_TEST_RUN"  # where workers read the run's folder
the_run = pytest.StashKey[Run]()


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(
        config, "workerinput"
    ):  # pytest-xdist's workers join the run of their main process
        if missing := no_server():
            pytest.exit(missing, returncode=4)
        config.stash[the_run] = Run.begin()
        os.environ[RUN] = str(config.stash[the_run].folder)


def pytest_unconfigure(config: pytest.Config) -> None:
    if run := config.stash.get(the_run, None):
        run.end()


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    """Makes databases for tests that need several: `with databases.fresh("postgresql", tmp_path) as url:`."""
    databases = Databases(Path(os.environ[RUN]))
    yield databases
    databases.close()


@pytest.fixture(params=KINDS)
def database_kind(request: pytest.FixtureRequest) -> str:
    """Each test on both; one that is about a single one parametrizes "database_kind" itself."""
    kind: str = request.param
    return kind


@pytest.fixture(scope="session")
def furnished() -> Iterator[Databases]:
    """Makes databases in which the world's policies hold already."""
    databases = Databases(Path(os.environ[RUN]), "furnished", furnish)
    yield databases
    databases.close()


@pytest.fixture
def database_url(
    request: pytest.FixtureRequest,
    database_kind: str,
    databases: Databases,
    furnished: Databases,
    tmp_path: Path,
) -> Iterator[str]:
    """A migrated database for this test alone: without rows, but where there is a world, with its policies."""
    kept = furnished if "world" in request.fixturenames else databases
    with kept.fresh(database_kind, tmp_path) as url:
        yield url


@pytest.fixture
def empty_database_url(database_kind: str, databases: Databases, tmp_path: Path) -> Iterator[str]:
    """A database without a schema, for this test alone."""
    with databases.empty(database_kind, tmp_path) as url:
        yield url


# --- the world: a company, a workspace and the bot (tests/world.py) ----------------------------------


@pytest.fixture
def world(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The whole product but its process, on both databases."""
    with a_world(database_url, monkeypatch.setenv, furnished=True) as world:
        yield world
