"""Whether the journal is whole: its chain, its head, its counts, and checkpoints kept outside."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Text,
    func,
    select,
    type_coerce,
)

from grants.records import BEGINNING, Checkpoint, Finding
from storage.chain import PAGE, as_it_stands, digest, rows, well_typed
from storage.tables import journal, journal_counts, journal_head

HEAD: Final = select(
    type_coerce(journal_head.c.seq, BigInteger), type_coerce(journal_head.c.hash, Text)
)


@dataclass(slots=True)
class Verifying:
    """One walk through all lines, a page of them in memory at a time. Names the first that is wrong."""

    db: Connection
    checkpoints: Iterable[Checkpoint]
    read: int = 0
    last: Checkpoint = BEGINNING
    """The line read last, and found to be right."""
    agreed: int = 0
    """The last line of which a checkpoint says the same."""
    _open: list[Checkpoint] = field(default_factory=list, init=False)
    """Checkpoints of lines still to come, the first of them last."""

    def finding(self) -> Finding | None:
        """What is wrong; None: nothing."""
        self._open = sorted(self.checkpoints, key=lambda each: each.seq, reverse=True)
        # As of one moment with the lines: whoever only reads has one snapshot.
        head = head_of(self.db)
        if found := self._checked() or self._chain():
            return found
        return unfit(head, self.last) or self._cut() or self._miscounted()

    def _chain(self) -> Finding | None:
        for row in rows(self.db):
            self.read += 1
            if found := wrong(row, self.last):
                return found
            self.last = Checkpoint(row["seq"], row["hash"])
            if found := self._checked():
                return found
        return None

    def _checked(self) -> Finding | None:
        """The line read last against the checkpoints of it."""
        while self._open and self._open[-1].seq <= self.last.seq:
            if self._open.pop() != self.last:
                return Finding(self.last.seq, self._rewritten())
            self.agreed = self.last.seq
        return None

    def _rewritten(self) -> str:
        since = (
            f"line {self.agreed} is as its checkpoint has it"
            if self.agreed
            else "no earlier one agrees"
        )
        return f"it is not what the checkpoint says: it, or one before, was rewritten ({since})"

    def _cut(self) -> Finding | None:
        if not self._open:
            return None
        last, wanted = self.last.seq, self._open[-1].seq
        what = f"the journal ends at line {last}, and a checkpoint is of line {wanted}"
        return Finding(last + 1, f"{_lines(last + 1, wanted)} missing: {what}")

    # The counts

    def _miscounted(self) -> Finding | None:
        there = select(journal.c.request_id, func.count()).group_by(journal.c.request_id)
        kept = select(
            type_coerce(journal_counts.c.request_id, Text),
            type_coerce(journal_counts.c.lines, BigInteger),
        )
        pairs = zip_longest(
            self._pages(there, journal.c.request_id),
            self._pages(kept, journal_counts.c.request_id),
            fillvalue=("", 0),
        )
        for (one, lines), (other, counted) in pairs:
            if one != other:
                name = min(str(each) for each in (one, other) if each != "")
                return Finding(0, f"request {name} has lines and no count, or a count and no lines")
            if lines != counted:
                return Finding(0, f"request {one} has {lines} lines of the {counted} written")
        return None

    def _pages(
        self, counts: Select[str, int], key: ColumnElement[str]
    ) -> Iterator[tuple[Any, Any]]:
        after: Any = ""
        while True:
            page = counts.where(key > type_coerce(after, Text)).order_by(key).limit(PAGE)
            with as_it_stands(self.db):
                found = self.db.execute(page).all()
            yield from ((row[0], row[1]) for row in found)
            if len(found) < PAGE:
                return
            after = found[-1][0]


def head_of(db: Connection) -> tuple[Any, Any] | None:
    """What the head row says of the last line, as it stands there; None: there is no such row."""
    with as_it_stands(db):
        found = db.execute(HEAD).first()
    return None if found is None else (found[0], found[1])


def unfit(head: tuple[Any, Any] | None, last: Checkpoint) -> Finding | None:
    """What is wrong with the head row, where this is the last line."""
    if head is None:
        return Finding(last.seq, "the head row is missing")
    if head == (last.seq, last.hash):
        return None
    seq = head[0]
    if not isinstance(seq, int) or seq == last.seq:
        return Finding(last.seq, "the head row says otherwise")
    if seq > last.seq:
        return Finding(last.seq + 1, f"{_lines(last.seq + 1, seq)} missing")
    return Finding(seq + 1, f"{_lines(seq + 1, last.seq)} behind what the head row says")


def wrong(row: Mapping[Any, Any], last: Checkpoint) -> Finding | None:
    """What is wrong with a line, where that is the one before it."""
    seq = row["seq"]
    if seq <= last.seq:
        return Finding(seq, "no line has such a number: it was added")
    if seq != last.seq + 1:
        return Finding(last.seq + 1, f"line {last.seq + 1} is missing")
    if row["prev_hash"] != last.hash:
        return Finding(seq, "it does not follow from the line before")
    if not well_typed(row) or row["hash"] != digest(last.hash, row):
        return Finding(seq, "its content was changed")
    return None


def _lines(first: int, last: int) -> str:
    return f"line {first} is" if first == last else f"lines {first} to {last} are"
