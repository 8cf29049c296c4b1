"""How soon a process that is started is ready: with the whole catalogue remembered from the one before."""

from collections.abc import Iterator
from time import perf_counter
from typing import Final

from tests.bench.ends import used
from tests.bench.figures import Figure, Size
from tests.bench.pieces import Bench
from tests.bench.stage import NEVER
from tests.beside import PATIENT, Bot

LARGE: Final = Size(5_000, 300, 50_000)
LOOKS: Final = 0.01


def measure(bench: Bench) -> Iterator[Figure]:
    for engine in bench.engines:
        with bench.stage(LARGE, engine) as stage:
            took, busy = list[float](), list[float]()
            for number in range(bench.few):
                began = perf_counter()
                with stage.bot(name=f"bot-{number}") as bot:
                    is_ready(bot)
                    took.append(perf_counter() - began)
                    busy.append(used(bot))
        yield Figure("start to ready: of a core", LARGE, engine, "s", tuple(busy))
        yield Figure("start to ready", LARGE, engine, "s", tuple(took), budget=3.0)


def is_ready(bot: Bot) -> None:
    """Wait until it is, and no longer. AssertionError: it never will be."""
    by = perf_counter() + PATIENT
    while bot.asked("/readyz")[0] != 200:
        bot.child.check()
        assert perf_counter() < by, f"not ready: {bot.asked('/readyz')[1]}"
        NEVER.wait(LOOKS)
