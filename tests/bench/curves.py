"""The curves in docs/pictures: how each line grows with the organization and with its past, against its budget."""

from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any, Final

import pygal
from pygal.style import CleanStyle

from tests.bench.figures import Figure, Size
from tests.bench.table import is_count

SLIGHTLY: Final = 1.1
"""Beyond the largest value the axis goes on so far."""
COLOURS: Final = (
    "#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22",
    "#17becf", "#aec7e8", "#ffbb78", "#98df8a", "#ff9896", "#c5b0d5", "#c49c94", "#f7b6d2", "#dbdb8d",
    "#c7c7c7", "#9edae5",
)  # fmt: skip
"""Of one line each; which database it is says the stroke."""
THE_BUDGET: Final = "#000000"
DASHES: Final = {"sqlite": "", "postgresql": "7, 4"}


def draw(folder: Path, figures: Iterable[Figure]) -> list[Path]:
    """One picture for the seconds that are held against a yardstick, by accounts, and one by past requests."""
    bounded = [each for each in figures if each.yardstick and each.budget and not is_count(each)]
    now = [each for each in bounded if not each.size.history]
    lived = [each for each in bounded if each.size.history]
    most = max((each.size.accounts for each in lived), default=0)
    past = [each for each in lived if each.size.accounts == most]
    drawn = []
    for name, title, across, found in (
        ("speed-accounts", "accounts", _accounts, now),
        ("speed-past", "past requests", _past, past),
    ):
        if curves := _curves(found, across):
            path = folder / f"{name}.svg"
            path.write_bytes(_picture(title, curves))
            drawn.append(path)
    return drawn


def _accounts(size: Size) -> int:
    return size.accounts


def _past(size: Size) -> int:
    return size.history


Which = tuple[str, str]
"""A line and a database."""
Curve = dict[int, float]


def _curves(figures: list[Figure], across: Callable[[Size], int]) -> dict[Which, Curve]:
    """How much of its budget each line takes: those that were measured at more than one size."""
    curves: dict[Which, Curve] = {}
    for each in figures:
        share = each.median() / (each.budget or 1)
        curves.setdefault((each.line.strip(), each.database), {})[across(each.size)] = share
    return {which: curve for which, curve in sorted(curves.items()) if len(curve) > 1}


def colours(curves: Collection[Which]) -> list[str]:
    """Of each line one, on whichever database."""
    lines = list(dict.fromkeys(line for line, _ in curves))
    return [COLOURS[lines.index(line)] for line, _ in curves]


def _picture(title: str, curves: dict[Which, Curve]) -> bytes:
    sizes = sorted({size for curve in curves.values() for size in curve})
    chart: Any = pygal.Line(
        style=CleanStyle(
            font_family="sans-serif",
            colors=(THE_BUDGET, *colours(curves)),
            guide_stroke_dasharray="",
            guide_stroke_color="#dddddd",
            major_guide_stroke_dasharray="",
            major_guide_stroke_color="#dddddd",
        ),
        js=(),  # a picture, with nothing fetched from anywhere
        title=f"Share of the budget by {title}: 1 is all of it",
        x_title=title,
        legend_at_bottom=True,
        legend_at_bottom_columns=1,
        truncate_legend=-1,
        range=(
            0,
            max(1.0, *(share for curve in curves.values() for share in curve.values())) * SLIGHTLY,
        ),
        width=900,
        height=420 + 24 * len(curves),
    )
    chart.x_labels = [f"{size:,}" for size in sizes]
    chart.add("the budget", [1.0] * len(sizes), stroke_style={"width": 3}, dots_size=0)
    for (line, database), curve in curves.items():
        chart.add(
            f"{line} ({database}{', dashed' if DASHES[database] else ''})",
            [curve.get(size) for size in sizes],
            stroke_style={"width": 2, "dasharray": DASHES[database]},
        )
    drawn: bytes = chart.render()
    return drawn
