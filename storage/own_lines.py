"""Whether a request's own lines of the journal are as they were written, however long the journal is."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, Connection, Text, select, type_coerce

from grants.model import RequestId
from grants.records import BEGINNING, Checkpoint, Finding
from storage.chain import PAGE, as_it_stands, rows
from storage.tables import journal, journal_counts
from storage.verifying import head_of, unfit, wrong

Row = Mapping[Any, Any]
SEQ, PREV_HASH, HASH = (
    type_coerce(journal.c.seq, BigInteger).label("seq"),
    type_coerce(journal.c.prev_hash, Text).label("prev_hash"),
    type_coerce(journal.c.hash, Text).label("hash"),
)


def own_lines(db: Connection, request_id: RequestId) -> tuple[int, Finding | None]:
    """How many there are, and the first thing that is wrong. The whole chain is `Verifying`'s to walk."""
    found = list(rows(db, journal.c.request_id == request_id))
    return len(found), next(_findings(db, request_id, found), None)


def _findings(db: Connection, request_id: RequestId, found: Sequence[Row]) -> Iterator[Finding]:
    beside, last = _beside(db, [row["seq"] for row in found]), _last(db)
    for row in found:
        before, after = beside.get(row["seq"] - 1), beside.get(row["seq"] + 1)
        yield from _between(row, before, after, last)
    if misfit := unfit(head_of(db), last):
        yield misfit
    yield from _miscounted(db, request_id, len(found))


def _between(
    row: Row, before: Row | None, after: Row | None, last: Checkpoint
) -> Iterator[Finding]:
    """Against its own hash, and against what the lines on both sides of it say."""
    seq = row["seq"]
    if seq > 1 and before is None:
        yield Finding(seq - 1, f"line {seq - 1} is missing")
        return
    if found := wrong(
        row, Checkpoint(seq - 1, before["hash"]) if seq > 1 and before else BEGINNING
    ):
        yield found
    if after is None and seq < last.seq:
        yield Finding(seq + 1, f"line {seq + 1} is missing")
    if after is not None and after["prev_hash"] != row["hash"]:
        yield Finding(seq + 1, "it does not follow from the line before")


def _beside(db: Connection, seqs: Sequence[int]) -> dict[int, Row]:
    """The lines before and behind these: their numbers and hashes."""
    wanted = sorted({each for seq in seqs for each in (seq - 1, seq + 1)})
    found: dict[int, Row] = {}
    for start in range(0, len(wanted), PAGE):
        page = select(SEQ, PREV_HASH, HASH).where(journal.c.seq.in_(wanted[start : start + PAGE]))
        with as_it_stands(db):
            found |= {row["seq"]: row for row in db.execute(page).mappings()}
    return found


def _last(db: Connection) -> Checkpoint:
    with as_it_stands(db):
        found = db.execute(select(SEQ, HASH).order_by(journal.c.seq.desc()).limit(1)).first()
    return Checkpoint(found.seq, found.hash) if found else BEGINNING


def _miscounted(db: Connection, request_id: RequestId, lines: int) -> Iterator[Finding]:
    count = type_coerce(journal_counts.c.lines, BigInteger)
    with as_it_stands(db):
        counted = db.scalar(select(count).where(journal_counts.c.request_id == request_id))
    if counted is None:
        yield Finding(0, f"request {request_id} has {lines} lines and no count of them")
    elif counted != lines:
        yield Finding(0, f"request {request_id} has {lines} lines of the {counted} written")
