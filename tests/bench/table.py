"""What was measured, as a table for people and as JSON for everything else; earlier pieces are kept beside new ones."""

import json
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.figures import Figure, Size

WIDE = 62
COUNTS = frozenset({"calls", "statements", "bytes"})
"""What is the same on every machine."""


def is_count(figure: Figure) -> bool:
    return figure.unit in COUNTS


def head() -> str:
    return (
        f"{'':{WIDE}} {'accounts x sets x people':32} {'on':10} {'ours':>9} {'yardstick':>9} "
        f"{'':5} {'held':>7} {'least':>7} {'most':>7} {'budget':>6}"
    )


def row(figure: Figure) -> str:
    """`held` is what the budget bounds: the median of the rounds' ratios, or of ours."""
    least, most = figure.spread()
    yardstick = f"{median(figure.yardstick):9.2f}" if figure.yardstick else f"{'':9}"
    budget = "" if figure.budget is None else f"{figure.budget:g}"
    missed = "" if figure.is_kept() else "  missed"
    return (
        f"{figure.line:{WIDE}} {figure.size!s:32} {figure.database:10} {median(figure.ours):9.2f} "
        f"{yardstick} {figure.unit:5} {figure.median():7.2f} {least:7.2f} {most:7.2f} {budget:>6}{missed}"
    )


def machine() -> dict[str, Any]:
    """What the seconds were measured on; a busy one spreads them, and the ratios less."""
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
    }


def written(path: Path, figures: Sequence[Figure], *, before: dict[str, Any]) -> list[Figure]:
    """All that the file holds from now on: lines that were measured anew take the place of theirs.

    `before`: the machine, as the measuring began.
    """
    news = {_which(figure) for figure in figures}
    kept = [each for each in read(path) if _which(each) not in news]
    everything = sorted([*kept, *figures], key=_which)
    told = [asdict(each) | {"held": each.median(), "kept": each.is_kept()} for each in everything]
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"machine": before | {"load_after": machine()["load"]}, "figures": told}
    path.write_text(json.dumps(content, indent=1) + "\n")
    return everything


def read(path: Path) -> list[Figure]:
    if not path.exists():
        return []
    return [_figure(each) for each in json.loads(path.read_text())["figures"]]


def missed(figures: Iterable[Figure], *, counts_alone: bool) -> list[Figure]:
    """Those beyond their budget; `counts_alone`: seconds decide nothing."""
    return [each for each in figures if not each.is_kept() and (is_count(each) or not counts_alone)]


def _which(figure: Figure) -> tuple[str, Size, str]:
    return figure.line, figure.size, figure.database


def _figure(said: dict[str, Any]) -> Figure:
    return Figure(
        said["line"], Size(**said["size"]), said["database"], said["unit"],
        tuple(said["ours"]), tuple(said["yardstick"]), said["budget"],
    )  # fmt: skip
