"""Keeps a second `run` away from an embedded database."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from storage.engine import sqlite_file


class AlreadyRunningError(Exception):
    """Another process runs on this database. Its text is one line, for whoever started the second."""


@contextmanager
def only_one(url: str) -> Iterator[None]:
    """Held by `run` while it lives; the kernel lets go of it however it ends."""
    file = sqlite_file(url)
    if file is None:
        yield
        return
    with beside(file, ".lock") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.seek(0)  # what is opened to append to stands at its end
            raise AlreadyRunningError(
                f"process {lock.read().strip() or '?'} already runs on {file}: stop it first,"
                " or set DATABASE_URL to PostgreSQL to run several"
            ) from error
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


@contextmanager
def in_turn(file: Path, suffix: str) -> Iterator[None]:
    """Wait for the lock file beside this one."""
    with beside(file, suffix) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def beside(file: Path, suffix: str) -> TextIO:
    """The lock file beside the database. It stays: a removed one could be locked twice."""
    return file.with_name(file.name + suffix).open("a+", encoding="ascii")
