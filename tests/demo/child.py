"""One process of the stage: started, watched, and ended with all that it started."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Final, TypeVar

from tests.demo.errors import StageError

ROOT: Final = Path(__file__).resolve().parents[2]
LINES: Final = 25
PATIENCE: Final = 40.0
"""The bot drains what it has in hand: about ten seconds at most."""

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Child:
    """A running process and the file that it writes to."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def until(self, look: Callable[[], Found | None], what: str, *, seconds: float = 60) -> Found:
        """What `look` finds, in the end; StageError when the process dies or time is up."""
        by = monotonic() + seconds
        while (found := look()) is None:
            self.check()
            if monotonic() > by:
                raise StageError(f"{self.name}: no {what} in {seconds:.0f} s\n{self.tail()}")
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=0.1)
        return found

    def says(self, pattern: str) -> str:
        """The first group of this pattern, once it stands in the log."""

        def look() -> str | None:
            found = re.search(pattern, self.log.read_text(errors="replace"))
            return found[1] if found else None

        return self.until(look, f"line like {pattern}")

    def check(self) -> None:
        """StageError, with the end of its log, if it is gone."""
        if (code := self.process.poll()) is not None:
            raise StageError(f"{self.name} went away (exit {code})\n{self.tail()}")

    def tail(self) -> str:
        """The end of its log, and where the rest is."""
        lines = self.log.read_text(errors="replace").splitlines()[-LINES:]
        return "\n".join([f"the end of {self.log}:", *(f"  {line}" for line in lines)])

    def stop(self) -> None:
        """Ask it to end; past all patience, end it and whatever it started."""
        try:
            self.process.terminate()
            self.process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            pass
        finally:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@contextmanager
def running(
    name: str,
    command: Sequence[str | Path],
    *,
    logs: Path,
    environment: Mapping[str, str] | None = None,
    cwd: Path = ROOT,
) -> Iterator[Child]:
    """A child for as long as the block lasts, deaf to the terminal's Ctrl-C: we end it."""
    log = logs / f"{name}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*_end_with_us(), *command],
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    child = Child(name, process, log)
    try:
        yield child
    finally:
        child.stop()


def _end_with_us() -> list[str]:
    # If we are killed outright nobody stays behind either, where util-linux is there to see to it.
    found = shutil.which("setpriv")
    return [found, "--pdeathsig", "TERM", "--"] if found else []
