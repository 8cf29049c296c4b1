"""A fresh SQLite or PostgreSQL database for each test, at the price of a copy.

PostgreSQL is the one at TEST_POSTGRES_URL, else a private server (tests/postgres.py) that all pytest-xdist workers share.
A template is migrated once a run, and each test gets a clone of it.
"""

import fcntl
import os
import secrets
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from tests.postgres import CONFIGURATION, NoServerError, locked, the_server_of, wait_for_the_watcher

KINDS = ("sqlite", "postgresql")


def prepare(url: str) -> None:
    """Bring a template to the schema that tests find."""
    from storage.schema import migrate  # late: many tests need no database, and no schema

    migrate(url)


@dataclass(frozen=True)
class Databases:
    """What one test process may ask for; each database lasts as long as its block."""

    run: Path
    schema: str = "elevate"
    prepare: Callable[[str], None] = prepare
    configuration: str = CONFIGURATION
    """PostgreSQL's."""

    @contextmanager
    def fresh(self, kind: str, folder: Path) -> Iterator[str]:
        """A migrated database without rows; SQLite's in memory, where there is room for files."""
        if kind == "sqlite":
            with tempfile.TemporaryDirectory(dir=self.run) as here:
                yield f"sqlite:///{shutil.copyfile(self._sqlite_template, Path(here, 'elevate.db'))}"
            return
        with self._clone(self._postgresql_template) as url:
            yield url

    @contextmanager
    def empty(self, kind: str, folder: Path) -> Iterator[str]:
        """A database without a schema."""
        if kind == "sqlite":
            yield f"sqlite:///{folder / 'empty.db'}"
            return
        with self._clone("template0") as url:
            yield url

    def close(self) -> None:
        if "_administrator" in self.__dict__:
            self._administrator.close()

    def clear(self) -> None:
        """Leave a server that outlives the run as it was found."""
        self._do(f"DROP DATABASE IF EXISTS {self._template} WITH (FORCE)")

    @cached_property
    def _sqlite_template(self) -> Path:
        template, draft = self.run / f"{self.schema}.db", self.run / f"{self.schema}.draft"
        with locked(self.run / f"{self.schema}.sqlite"):
            if not template.exists():
                draft.unlink(missing_ok=True)
                self.prepare(f"sqlite:///{draft}")
                with closing(sqlite3.connect(draft)) as connection:
                    # What still stands in a write-ahead log would not be copied.
                    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                draft.rename(template)
        return template

    @cached_property
    def _postgresql_template(self) -> str:
        done = self.run / f"{self.schema}.done"
        with locked(self.run / f"{self.schema}.postgresql"):
            if not done.exists():
                self._do(f"DROP DATABASE IF EXISTS {self._template} WITH (FORCE)")
                self._create(self._template, "template0")
                self.prepare(self._url(self._template))
                self._close_to_visitors(self._template)
                done.touch()
        return self._template

    def _close_to_visitors(self, template: str) -> None:
        """One that somebody is connected to cannot be cloned."""
        self._do(f"ALTER DATABASE {template} WITH ALLOW_CONNECTIONS false")
        everybody = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        self._administrator.execute(everybody, [template])

    @contextmanager
    def _clone(self, template: str) -> Iterator[str]:
        name = f"{self._prefix}_{secrets.token_hex(4)}"
        self._create(name, template)
        try:
            yield self._url(name)
        finally:
            self._do(f"DROP DATABASE {name} WITH (FORCE)")

    def _create(self, name: str, template: str) -> None:
        # Copying files takes a quarter of the time of the newer default, which logs every page.
        newer = self._administrator.info.server_version >= 150000
        strategy = "STRATEGY file_copy" if newer else ""
        self._do(f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8' {strategy}")

    def _do(self, statement: str) -> None:
        self._administrator.execute(statement.encode())

    def _url(self, database: str) -> str:
        url = make_url(self._server).set(drivername="postgresql+psycopg", database=database)
        return url.render_as_string(hide_password=False)

    @property
    def _prefix(self) -> str:
        """Keeps two runs apart that share one server."""
        return f"elevate_test_{self.run.name.removeprefix('elevate-')}"

    @property
    def _template(self) -> str:
        return f"{self._prefix}_{self.schema}"

    @cached_property
    def _server(self) -> str:
        try:
            return os.environ.get("TEST_POSTGRES_URL") or the_server_of(
                self.run, self.configuration
            )
        except NoServerError as error:
            why = str(error)
        pytest.fail(why, pytrace=False)

    @cached_property
    def _administrator(self) -> psycopg.Connection[Any]:
        url = make_url(self._server).set(drivername="postgresql")
        return psycopg.connect(url.render_as_string(hide_password=False), autocommit=True)


def _quickest() -> str:
    """Where nobody waits for a disk: a tenth of the time went into waiting until it had everything."""
    memory = "/dev/shm"
    roomy = os.access(memory, os.W_OK | os.X_OK) and shutil.disk_usage(memory).free > 2 * 1024**3
    return memory if roomy else "/tmp"


@dataclass(frozen=True)
class Run:
    """What all processes of one pytest run share. Held by the main one: the watcher waits for the lock on `alive`."""

    folder: Path
    alive: int

    @classmethod
    def begin(cls, place: str | None = None) -> "Run":
        # Not in TMPDIR, whose path may be too long for a socket or closed to another user.
        folder = Path(tempfile.mkdtemp(prefix="elevate-", dir=place or _quickest()))
        alive = os.open(folder / "alive", os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(alive, fcntl.LOCK_EX)
        return cls(folder, alive)

    def end(self) -> None:
        try:
            if "TEST_POSTGRES_URL" in os.environ:
                self._clear()
        finally:
            os.close(self.alive)
            wait_for_the_watcher(self.folder)
            shutil.rmtree(self.folder, ignore_errors=True)

    def _clear(self) -> None:
        for template in self.folder.glob("*.postgresql"):
            with closing(Databases(self.folder, template.stem)) as databases:
                databases.clear()
