"""The curves in docs/pictures: how each line grows with the organization and with its past, against its budget."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import pygal
from pygal.style import CleanStyle

from tests.bench.figures import Figure, Size

SLIGHTLY: Final = 1.1
"""Beyond the largest value the axis goes on so far."""


def draw(folder: Path, figures: Iterable[Figure]) -> list[Path]:
    """One picture for what is held against a yardstick, by accounts, and one by past requests."""
    bounded = [each for each in figures if each.yardstick and each.budget]
    now = [each for each in bounded if not each.size.history]
    past = [each for each in bounded if any(other.size.history for other in _same(each, bounded))]
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


def _same(figure: Figure, others: Iterable[Figure]) -> list[Figure]:
    """The same line on the same database, at every size."""
    which = figure.line, figure.database
    return [each for each in others if (each.line, each.database) == which]


Curve = dict[int, float]


def _curves(figures: list[Figure], across: Callable[[Size], int]) -> dict[str, Curve]:
    """How much of its budget each line takes: those that were measured at more than one size."""
    curves: dict[str, Curve] = {}
    for each in figures:
        share = each.median() / (each.budget or 1)
        name = f"{each.line.strip()} ({each.database})"
        curves.setdefault(name, {})[across(each.size)] = share
    return {name: curve for name, curve in curves.items() if len(curve) > 1}


def _picture(title: str, curves: dict[str, Curve]) -> bytes:
    sizes = sorted({size for curve in curves.values() for size in curve})
    chart: Any = pygal.Line(
        style=CleanStyle(font_family="sans-serif"),
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
    chart.add("the budget", [1.0] * len(sizes), stroke_style={"dasharray": "6, 6"}, dots_size=0)
    for name, curve in sorted(curves.items()):
        chart.add(name, [curve.get(size) for size in sizes])
    drawn: bytes = chart.render()
    return drawn
