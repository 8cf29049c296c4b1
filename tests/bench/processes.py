"""What one to four processes come to: nobody asks AWS for more, and none of them costs the others anything.

Here they share two cores with the stand-ins, so that it says what each thing takes, and not how much more there could be.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from itertools import cycle
from statistics import median
from typing import Final

from tests.bench.ends import ended, several, used
from tests.bench.figures import Engine, Figure, Size
from tests.bench.forms import Form, is_unknown
from tests.bench.pieces import Bench
from tests.beside import Bot

SIZE: Final = Size(100, 110, 500)
MANY: Final = (1, 2, 4)
ENDS: Final = 300
WITHIN: Final = timedelta(seconds=18)
FORMS: Final = 30
"""Of each round, each by the next process."""


def measure(bench: Bench) -> Iterator[Figure]:
    """On PostgreSQL: there can be several with no other."""
    if "postgresql" not in bench.engines:
        return
    for many in MANY:
        yield from _forms(bench, "postgresql", many)
    for many in MANY:
        yield from _ends(bench, "postgresql", many)


def _forms(bench: Bench, engine: Engine, many: int) -> Iterator[Figure]:
    with bench.stage(SIZE, engine) as stage, ExitStack() as up:
        bots = list(several(stage, up, many))
        people = [user.name for user in stage.slack.workspace.users.values() if is_unknown(user)]
        took, busy = list[float](), list[float]()
        for _ in range(bench.rounds):
            forms = [
                Form(stage, stage.desk(bot, people.pop()))
                for _, bot in zip(range(FORMS), cycle(bots), strict=False)
            ]
            for form in forms:
                form.known()
            before = _used(bots)
            took.append(1000 * median([form.once() for form in forms]))
            busy.append(1000 * (_used(bots) - before) / FORMS)
    yield Figure(f"/elevate to views.open, {_of(many)}", SIZE, engine, "ms", tuple(took))
    yield Figure(f"  of a core, each, {_of(many)}", SIZE, engine, "ms", tuple(busy))


def _ends(bench: Bench, engine: Engine, many: int) -> Iterator[Figure]:
    found = ended(bench, engine, ENDS, WITHIN, processes=many)
    what = f"{ENDS} ends in {WITHIN.seconds} s, {_of(many)}"
    yield Figure(f"{what}: all known to be gone", SIZE, engine, "s", (found.took,), (found.bound,))
    yield Figure(f"{what}: of a core, each", SIZE, engine, "ms", (1000 * found.busy / ENDS,))
    yield Figure(f"{what}: calls throttled", SIZE, engine, "%", (found.throttled,), budget=1.0)


def _used(bots: list[Bot]) -> float:
    return sum(map(used, bots))


def _of(many: int) -> str:
    return "one process" if many == 1 else f"{many} processes"
