"""How far the journal has gone to where it goes."""

from collections.abc import Iterator, Sequence
from typing import Final

from blocks.text import utc
from bot.findings import Finding, Verdict
from grants.forwarding import NOT_AS_SENT, as_sent
from grants.records import BEGINNING, Checkpoint, Forward

ABOUT: Final = "journal"


def forwarded(
    names: Sequence[str], rows: Sequence[Forward], head: Checkpoint | None
) -> Iterator[Finding]:
    """One line for each destination that the settings name: nothing is sent by looking."""
    known = {row.name: row for row in rows}
    for name in names:
        yield _finding(name, known.get(name), head or BEGINNING)


def _finding(name: str, row: Forward | None, head: Checkpoint) -> Finding:
    if row is None:
        what = f"{name} has taken nothing yet: `run` sends it all, from line 1 on"
        return Finding(Verdict.NOTE, ABOUT, what)
    if not as_sent(row, head):
        what = f"{name} has line {row.seq}: {NOT_AS_SENT}"
        return Finding(Verdict.WARN, ABOUT, what)
    behind = head.seq - row.seq
    if row.failing_since is not None:
        since = utc(row.failing_since)
        what = f"{name} has taken nothing since {since}, {behind} lines wait: {row.error}"
        return Finding(Verdict.WARN, ABOUT, what)
    if behind > 0:
        return Finding(Verdict.NOTE, ABOUT, f"{name} has line {row.seq}, {behind} lines wait")
    return Finding(Verdict.OK, ABOUT, f"{name} has every line, up to {row.seq}")
