"""`make bench`: each line of the budget beside its yardstick, in pieces that can be run one by one."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from tests.bench import curves, table
from tests.bench.figures import Engine, Figure, Size
from tests.bench.pieces import Bench, Measure, databases
from tests.databases import KINDS, Databases
from tests.demo.child import ROOT

SIZES: Final = (
    Size(10, 5, 50),
    Size(100, 20, 500),
    Size(1_000, 100, 5_000),
    Size(5_000, 300, 50_000),
)
ALL: Final = ("forms", "deciding", "ends", "memory", "start", "history", "processes")
PIECES: Final = tuple(name for name in ALL if find_spec(f"tests.bench.{name}"))
"""Each is a module here, and its `measure`."""
KEPT: Final = ROOT / "build" / "bench.json"
PICTURES: Final = ROOT / "docs" / "pictures"


def measures(piece: str) -> Measure:
    found: Measure = import_module(f"tests.bench.{piece}").measure
    return found


def size(words: str) -> Size:
    return Size(*map(int, words.split("x")))


def parser() -> argparse.ArgumentParser:
    words = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    words.add_argument("--piece", choices=PIECES, action="append", help="these alone")
    words.add_argument(
        "--size", type=size, action="append", help="as 100x20x500: accounts, sets, people"
    )
    words.add_argument("--database", choices=KINDS, action="append", help="this one alone")
    words.add_argument("--rounds", type=int, help="of each line")
    words.add_argument("--times", type=int, help="in each round")
    words.add_argument("--short", action="store_true", help="all of it within three minutes")
    words.add_argument("--json", type=Path, default=KEPT, help="where all figures are kept")
    words.add_argument("--counts", action="store_true", help="only counts decide how it ends")
    words.add_argument("--draw", action="store_true", help="the curves, into docs/pictures")
    return words


def bench_of(said: argparse.Namespace, databases: Databases) -> Bench:
    engines: list[Engine] = said.database or (
        ["sqlite"] if said.short else ["sqlite", "postgresql"]
    )
    return Bench(
        databases,
        tuple(said.size or ((SIZES[0], SIZES[2]) if said.short else SIZES)),
        tuple(engines),
        rounds=said.rounds or (2 if said.short else 7),
        times=said.times or (6 if said.short else 30),
        short=said.short,
    )


def measured(bench: Bench, pieces: tuple[str, ...]) -> Iterator[Figure]:
    for piece in pieces:
        print(f"\n{piece}", flush=True)
        for figure in measures(piece)(bench):
            print(table.row(figure), flush=True)
            yield figure


def main() -> int:
    said = parser().parse_args()
    before = table.machine()
    print(f"{before}\n{table.head()}")
    with databases() as the_databases:
        bench = bench_of(said, the_databases)
        figures = list(measured(bench, tuple(said.piece or PIECES)))
    return concluded(said, figures, before)


def concluded(
    said: argparse.Namespace,
    figures: Sequence[Figure],
    before: dict[str, Any],
    pictures: Path = PICTURES,
) -> int:
    """All of it written down, and how it ends: 1 where a budget is missed."""
    everything = table.written(said.json, figures, before=before)
    if said.draw:
        pictures.mkdir(exist_ok=True)
        for path in curves.draw(pictures, everything):
            print(f"drawn: {path}")
    missed = table.missed(figures, counts_alone=said.counts)
    print(f"\n{len(figures)} lines, {len(missed)} beyond their budget; all of them: {said.json}")
    for figure in missed:
        print(table.row(figure))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
