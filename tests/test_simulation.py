"""Thousands of schedules of everything that goes wrong at once: no promise is broken, and each mechanism is needed."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.simulation.mutants import BEHIND_ANOTHER, MUTANTS, RARELY_MISSED, noticed
from tests.simulation.run import FoundError, run
from tests.simulation.shrink import shrunk
from tests.simulation.storage import Fresh, on_sqlite

SEEDS = int(os.environ.get("TEST_SEEDS", "500"))
TOGETHER = 50
"""So many seeds are one test: enough workers share them evenly."""
MOST = 1000
"""So many seeds a missing mechanism may hide from."""
GATE = [name for name in MUTANTS if name not in BEHIND_ANOTHER | RARELY_MISSED]


@pytest.fixture
def on_disk(database_url: str) -> Iterator[Fresh]:
    with on_sqlite(Path(make_url(database_url).database or "")) as fresh:
        yield fresh


@pytest.mark.parametrize("first", range(0, SEEDS, TOGETHER))
def test_whatever_goes_wrong_every_promise_is_kept(first: int) -> None:
    for seed in range(first, min(first + TOGETHER, SEEDS)):
        try:
            run(seed)
        except FoundError as found:
            pytest.fail(str(shrunk(found)), pytrace=False)


def test_the_same_seed_is_the_same_history() -> None:
    assert run(14).lines == run(14).lines


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize("seed", [2, 4, 6, 7])
def test_storage_itself_comes_to_the_very_same_history(on_disk: Fresh, seed: int) -> None:
    assert run(seed, on_disk()).lines == run(seed).lines


@pytest.mark.parametrize("name", GATE)
def test_a_mechanism_that_is_missing_is_noticed(name: str) -> None:
    assert any(noticed(name, seed) for seed in range(MOST))
