"""What a process takes of memory, with all of a large organization and ten thousand grants that are held."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

from bot.clock import system_clock
from tests.bench.company import BOB, PAT
from tests.bench.figures import Engine, Figure, Size
from tests.bench.holding import hold
from tests.bench.pieces import Bench
from tests.bench.stage import NEVER, Stage
from tests.beside import Bot

LARGE: Final = Size(5_000, 300, 50_000)
HELD: Final = 10_000
MEBIBYTE: Final = 1024.0
"""Of the kibibytes that the kernel counts."""
GOES_ON: Final = 30.0
"""Seconds of looks at what is held, forms and searches before it is weighed."""


def measure(bench: Bench) -> Iterator[Figure]:
    for engine in bench.engines:
        yield from _weighed(bench, engine)


def _weighed(bench: Bench, engine: Engine) -> Iterator[Figure]:
    with bench.stage(LARGE, engine) as stage:
        later = system_clock() + timedelta(hours=2)
        hold(stage, [later + timedelta(milliseconds=number) for number in range(HELD)])
        with stage.up(quiet=not bench.short) as bot:
            for who in (BOB, PAT):
                _asks(stage, bot, who, times=2 if bench.short else 5)
            NEVER.wait(GOES_ON / 15 if bench.short else GOES_ON)
            weighed = _resident(bot, "VmRSS"), _resident(bot, "VmHWM")
    line = f"resident, {HELD:,} grants held"
    yield Figure(line, LARGE, engine, "MiB", weighed[:1], budget=200)
    yield Figure(f"{line}: the most it ever was", LARGE, engine, "MiB", weighed[1:])


def _asks(stage: Stage, bot: Bot, who: str, *, times: int) -> None:
    """The form, and everything that App Home shows; how quickly is measured elsewhere."""
    person = stage.desk(bot, who).person
    for _ in range(times):
        person.command("", "general")
        person.open_home()
        NEVER.wait(1)


def _resident(bot: Bot, what: str) -> float:
    status = Path(f"/proc/{bot.child.process.pid}/status").read_text()
    found = re.search(rf"^{what}:\s+(\d+) kB$", status, re.MULTILINE)
    assert found is not None
    return int(found[1]) / MEBIBYTE
