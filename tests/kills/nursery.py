"""Bots that are born in no time, stand still, go on and die."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Final

from tests.demo.child import ROOT

MINUTES: Final = 120.0
"""The lease of a bot that nobody is to wait for."""


@dataclass(frozen=True, slots=True)
class Mortal:
    """A bot that may die; whoever is born after it with the same port is found at the same place."""

    process: int
    port: int
    log: Path

    def is_dead(self) -> bool:
        try:
            os.kill(self.process, 0)
        except ProcessLookupError:
            return True
        return False

    def listens(self) -> bool:
        with socket.socket() as door:
            return door.connect_ex(("127.0.0.1", self.port)) == 0

    def killed(self) -> None:
        self._sent(signal.SIGKILL)

    def stops(self) -> None:
        """Stands still until it `goes_on`."""
        self._sent(signal.SIGSTOP)

    def goes_on(self) -> None:
        self._sent(signal.SIGCONT)

    def _sent(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.process, number)


@dataclass(frozen=True, slots=True)
class Nursery:
    """Has the bot imported once, for all that are born here."""

    mother: subprocess.Popen[str]
    _one: Lock = field(default_factory=Lock)

    def born(
        self, environment: Mapping[str, str], log: Path, *words: str, lease: float = MINUTES
    ) -> Mortal:
        """`python -m bot run …` in this environment, on its way up."""
        order = {"environment": dict(environment), "log": str(log), "words": words, "lease": lease}
        assert self.mother.stdin is not None
        assert self.mother.stdout is not None
        with self._one:
            self.mother.stdin.write(f"{json.dumps(order)}\n")
            self.mother.stdin.flush()
            process = int(self.mother.stdout.readline())
        return Mortal(process, int(environment["PORT"]), log)


@contextmanager
def a_nursery() -> Iterator[Nursery]:
    """When it closes, everybody who was born there goes with it."""
    command: Sequence[str] = [sys.executable, "-m", "tests.kills.mortal"]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as mother:
        yield Nursery(mother)


def a_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port
