"""Schedules by the thousand: `python -m tests.simulation --seeds 2000 [--from 0] [--history] [--mutants]`."""

import gc
import sys
from argparse import ArgumentParser
from collections import Counter
from time import monotonic

from tests.simulation.mutants import BEHIND_ANOTHER, MUTANTS, noticed
from tests.simulation.run import FoundError, Outcome, run
from tests.simulation.shrink import shrunk


def main() -> int:
    parser = ArgumentParser("python -m tests.simulation")
    parser.add_argument("--seeds", type=int, default=2000)
    parser.add_argument("--from", type=int, default=0, dest="first")
    parser.add_argument("--history", action="store_true", help="print what happened in each")
    parser.add_argument("--mutants", action="store_true", help="by how many seeds each is noticed")
    parser.add_argument("--only", default="", help="mutants with this in their name")
    asked = parser.parse_args()
    gc.set_threshold(50_000, 20, 50)
    seeds = range(asked.first, asked.first + asked.seeds)
    if asked.mutants:
        return mutants(seeds, asked.only)
    return promises(seeds, history=asked.history)


def promises(seeds: range, *, history: bool) -> int:
    began, found, counted, late = monotonic(), 0, Counter[str](), list[float]()
    for seed in seeds:
        try:
            outcome: Outcome = run(seed)
        except FoundError as error:
            found += 1
            print(shrunk(error))
            continue
        counted += outcome.counted
        counted.update(requests=outcome.requests, turns=outcome.turns)
        late += outcome.late
        if history:
            print("\n".join(outcome.lines))
    took = monotonic() - began
    print(
        f"{len(seeds)} seeds, {found} with a broken promise, {took:.0f} s, {len(seeds) / took:.1f}/s"
    )
    print(", ".join(f"{what}: {count}" for what, count in counted.most_common()))
    if late := sorted(late):
        shares = {share: late[int(share * (len(late) - 1))] for share in (0.5, 0.9, 0.99, 1.0)}
        words = ", ".join(
            f"p{share * 100:.0f} {seconds:.1f} s" for share, seconds in shares.items()
        )
        print(f"{len(late)} grants ended by the clock; gone after their end: {words}")
    return 1 if found else 0


def mutants(seeds: range, only: str) -> int:
    silent = 0
    for name in [each for each in MUTANTS if only in each]:
        hits = [seed for seed in seeds if noticed(name, seed)]
        behind = BEHIND_ANOTHER.get(name, "")
        silent += not (hits or behind)
        first = f"first by {hits[0]}" if hits else f"by none{behind and f' ({behind})'}"
        print(f"{len(hits):6} of {len(seeds)} seeds, {first}: {name}", flush=True)
    return 1 if silent else 0


sys.exit(main())
