"""What `make bench` makes of what it measured: the table, the file, the curves, and how it ends."""

import math
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from tests.bench import curves, table
from tests.bench.__main__ import PIECES, concluded, measures, parser
from tests.bench.doings import Timed
from tests.bench.figures import Engine, Figure, Size
from tests.bench.pieces import in_turn

SMALL, LARGE = Size(10, 5, 50), Size(5_000, 300, 50_000)


def a_figure(
    line: str = "the form",
    *,
    size: Size = SMALL,
    ratio: float = 1.0,
    unit: str = "ms",
    database: Engine = "sqlite",
) -> Figure:
    return Figure(line, size, database, unit, (2 * ratio,) * 3, (2.0,) * 3, budget=1.5)


@pytest.mark.parametrize(
    ("words", "figures", "ends"),
    [
        ((), [a_figure(ratio=1.5)], 0),
        ((), [a_figure(ratio=1.51)], 1),
        ((), [a_figure(), a_figure("calls", ratio=2, unit="calls")], 1),
        (("--counts",), [a_figure(ratio=1.51)], 0),
        (("--counts",), [a_figure(), a_figure("calls", ratio=2, unit="calls")], 1),
    ],
)
def test_it_ends_non_zero_where_a_budget_is_missed_and_where_counts_decide_by_them_alone(
    words: tuple[str, ...], figures: list[Figure], ends: int,
    tmp_path: Path, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    said = parser().parse_args([*words, "--json", str(tmp_path / "bench.json")])
    missed_before = a_figure("a form sent", ratio=9, unit="calls")
    table.written(said.json, [missed_before], before=table.machine())

    assert concluded(said, figures, table.machine()) == ends
    assert ("missed" in capsys.readouterr().out) is bool(ends)
    assert set(table.read(said.json)) == {missed_before, *figures}


def test_one_slow_round_of_three_misses_no_budget() -> None:
    figure = Figure("the form", SMALL, "sqlite", "ms", (2.0, 2.0, 9.0), (2.0, 2.0, 2.0), budget=1.5)

    assert figure.is_kept()
    assert figure.spread() == (1.0, 4.5)
    assert not replace(figure, ours=(2.0, 9.0, 9.0)).is_kept()


def test_ours_and_the_yardstick_take_turns_in_milliseconds() -> None:
    turns = list[str]()

    def takes(who: str, seconds: float) -> float:
        turns.append(who)
        return seconds

    ours, bare = partial(takes, "ours", 0.002), partial(takes, "bare", 0.001)

    assert in_turn(2, 3, ours, bare) == ((2.0, 2.0), (1.0, 1.0))
    assert turns == ["ours", "bare"] * 6


def test_what_comes_before_and_after_is_not_timed() -> None:
    done = list[str]()
    do, before, after = (partial(done.append, word) for word in ("do", "before", "after"))
    timed = Timed("a vote", do, before, after)

    assert 0 <= timed() < math.inf
    assert done == ["before", "do", "after"]


def test_what_has_no_yardstick_is_bounded_itself() -> None:
    assert not Figure("resident", LARGE, "sqlite", "MiB", (201.0,), budget=200).is_kept()
    assert Figure("resident", LARGE, "sqlite", "MiB", (200.0,), budget=200).is_kept()


def test_a_piece_that_is_measured_again_takes_the_place_of_itself_alone(tmp_path: Path) -> None:
    path = tmp_path / "build" / "bench.json"
    others = [a_figure("a vote"), a_figure(size=LARGE), a_figure(database="postgresql")]
    table.written(path, [a_figure(), *others], before=table.machine())

    again = a_figure(ratio=1.2)
    table.written(path, [again], before=table.machine())

    kept = table.read(path)
    assert again in kept
    assert [each for each in kept if each != again] == sorted(others, key=kept.index)


def of_a_past(line: str, *, history: int, accounts: int = 5_000) -> Figure:
    return a_figure(line, size=Size(accounts, 300, 50_000, history), ratio=1.1)


def test_seconds_are_drawn_by_accounts_and_by_past_and_counts_are_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sizes = [a_figure(size=size) for size in (SMALL, LARGE)]
    counts = [a_figure("calls of it", size=size, unit="calls") for size in (SMALL, LARGE)]
    past = [of_a_past("a vote", history=count) for count in (10_000, 1_000_000)]
    said = parser().parse_args(["--draw", "--json", str(tmp_path / "bench.json")])

    concluded(said, [*past, *sizes, *counts], table.machine(), pictures=tmp_path)

    accounts, history = (
        (tmp_path / f"speed-{name}.svg").read_text() for name in ("accounts", "past")
    )
    assert capsys.readouterr().out.count("drawn:") == 2
    assert ("the form" in accounts, "5,000" in accounts) == (True, True)
    assert ("a vote" in history, "1,000,000" in history) == (True, True)
    assert ("a vote" in accounts, "the form" in history) == (False, False)
    assert "calls of it" not in accounts + history


def test_a_past_is_drawn_of_the_largest_organization_alone(tmp_path: Path) -> None:
    large = [of_a_past("a vote", history=count) for count in (10_000, 1_000_000)]
    small = [of_a_past("a vote", history=20_000, accounts=1_000)]

    (drawn,) = curves.draw(tmp_path, [*large, *small])

    assert "20,000" not in drawn.read_text()


def test_a_line_has_its_colour_and_a_database_its_stroke(tmp_path: Path) -> None:
    both: tuple[Engine, ...] = ("sqlite", "postgresql")
    named = [(line, database) for line in ("a vote", "the form") for database in both]

    vote, vote_too, form, form_too = curves.colours(named)

    assert vote == vote_too != form == form_too

    for number, database in enumerate(both):
        sizes = [a_figure(size=size, database=database) for size in (SMALL, LARGE)]
        (drawn,) = curves.draw(tmp_path, sizes)
        assert drawn.read_text().count("stroke-dasharray:7,4") == number


def test_what_was_measured_at_one_size_makes_no_curve(tmp_path: Path) -> None:
    assert curves.draw(tmp_path, [a_figure()]) == []


def test_each_piece_can_be_run_alone() -> None:
    words = [word for name in PIECES for word in ("--piece", name)]

    assert parser().parse_args(words).piece == list(PIECES)
    assert all(callable(measures(name)) for name in PIECES)
    assert set(PIECES) == {
        "forms", "deciding", "ends", "memory", "start", "history", "processes",
    }  # fmt: skip
