"""`make bench`: each line of the budget beside its yardstick, in pieces that can be run one by one."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib import import_module
from statistics import median
from typing import Final

from tests.bench.figures import Engine, Size
from tests.bench.pieces import Bench, Measure
from tests.databases import KINDS, Databases, Run
from tests.postgres import LASTING

SIZES: Final = (
    Size(10, 5, 50),
    Size(100, 20, 500),
    Size(1_000, 100, 5_000),
    Size(5_000, 300, 50_000),
)
PIECES: Final = ("forms", "deciding", "ends", "memory", "start", "history")
"""Each is a module here, and its `measure`."""
ON_DISK: Final = "/var/tmp"
"""Where files are files: what is waited for is part of what is measured."""


def measures(piece: str) -> Measure:
    found: Measure = import_module(f"tests.bench.{piece}").measure
    return found


@contextmanager
def databases() -> Iterator[Databases]:
    run = Run.begin(ON_DISK)
    try:
        with closing(Databases(run.folder, configuration=LASTING)) as databases:
            yield databases
    finally:
        run.end()


def main() -> int:
    words = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    words.add_argument("--piece", choices=PIECES, action="append", help="these alone")
    words.add_argument("--size", action="append", help="accounts x sets x people, as 100x20x500")
    words.add_argument("--database", choices=KINDS, action="append")
    words.add_argument("--rounds", type=int)
    words.add_argument("--times", type=int)
    words.add_argument("--short", action="store_true", help="all of it within three minutes")
    said = words.parse_args()
    sizes = [Size(*map(int, each.split("x"))) for each in said.size or ()]
    engines: list[Engine] = said.database or ["sqlite", "postgresql"]
    short = (SIZES[0], SIZES[2])
    with databases() as the_databases:
        bench = Bench(
            the_databases,
            tuple(sizes) or (short if said.short else SIZES),
            tuple(engines),
            rounds=said.rounds or (3 if said.short else 7),
            times=said.times or (10 if said.short else 30),
            short=said.short,
        )
        figures = [each for piece in said.piece or PIECES for each in measures(piece)(bench)]
    for each in figures:
        low, high = each.spread()
        print(
            f"{each.line:60} {each.size!s:20} {each.database:10} {median(each.ours):8.2f} {median(each.yardstick or (0,)):8.2f} {each.unit:5} {each.median():6.2f} ({low:.2f}-{high:.2f}) {each.budget} {each.is_kept()}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
