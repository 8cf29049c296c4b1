"""`python -m tests.kills`: kills until every boundary was died at, on both databases, and counts."""

import argparse
import tempfile
from contextlib import closing
from pathlib import Path

from tests.databases import KINDS, Databases, Run
from tests.kills.life import Ending
from tests.kills.matrix import Matrix
from tests.kills.nursery import a_nursery

COMBINATIONS = [("sqlite", 1), ("postgresql", 1), ("postgresql", 2)]


def at_every_boundary(matrix: Matrix, at_once: int) -> None:
    """One kill in each life, so that what is found is easily understood."""
    matrix.at_each_boundary(at_once=at_once)
    matrix.at_later_passings(at_once=at_once)


def main() -> None:
    words = argparse.ArgumentParser(prog="python -m tests.kills", description=__doc__)
    words.add_argument("--database", choices=KINDS, help="one of them alone")
    words.add_argument(
        "--at", metavar="NAME:N", help="one life, killed at this passing of this boundary"
    )
    words.add_argument("--ending", type=Ending, choices=Ending, default=Ending.CLOCK)
    words.add_argument("--at-once", type=int, default=3, help="so many lives at a time")
    said = words.parse_args()
    run = Run.begin()
    try:
        with closing(Databases(run.folder)) as databases, a_nursery() as nursery:
            for kind, processes in COMBINATIONS:
                if said.database not in (None, kind):
                    continue
                folder = Path(tempfile.mkdtemp(prefix="kills-"))
                matrix = Matrix(databases, nursery, folder, kind, processes)
                if said.at:
                    matrix.live(said.ending, said.at)
                else:
                    at_every_boundary(matrix, said.at_once)
                print(f"{kind}, {processes} of us: {matrix.tally}", flush=True)
    finally:
        run.end()


if __name__ == "__main__":
    main()
