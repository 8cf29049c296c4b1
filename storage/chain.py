"""How a line of the journal follows from the one before, and the lines as they stand there."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Connection, Text, select, type_coerce

from grants.records import BEGINNING
from storage.tables import journal

GENESIS: Final = BEGINNING.hash
"""In the place of the hash before the first line."""
PAGE: Final = 1000
CONTENT: Final = tuple(name for name in journal.c.keys() if name not in {"prev_hash", "hash"})  # noqa: SIM118  # a collection, not a dict
NUMBERS: Final = frozenset({"seq", "at"})
MAY_LACK: Final = frozenset(column.name for column in journal.c if column.nullable)
RAW: Final = [
    type_coerce(column, BigInteger if column.name in NUMBERS else Text).label(column.name)
    for column in journal.c
]
"""The columns as they stand there: what somebody put in place of a value must not stop us."""


def digest(prev_hash: str, content: Mapping[str, Any]) -> str:
    """SHA-256 over the hash before and the canonical JSON of number and content."""
    plain = {name: content[name] for name in CONTENT}
    text = json.dumps(
        plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=repr
    )
    # No line of ours holds half of a surrogate pair; what somebody put in its place may.
    return hashlib.sha256(f"{prev_hash}{text}".encode(errors="surrogatepass")).hexdigest()


def well_typed(row: Mapping[Any, Any]) -> bool:
    """Whether each value is of its column's type: SQLite takes any, and bytes may read like text."""
    return all(
        isinstance(value, int if name in NUMBERS else str) or (value is None and name in MAY_LACK)
        for name, value in row.items()
    )


def rows(
    db: Connection, *wanted: ColumnElement[bool], after: int | None = None
) -> Iterator[Mapping[Any, Any]]:
    """By number, a page in memory at a time; those below 1, which nobody of ours wrote, too."""
    where = wanted if after is None else (*wanted, journal.c.seq > after)
    while True:
        page = select(*RAW).where(*where).order_by(journal.c.seq).limit(PAGE)
        with as_it_stands(db):
            found = db.execute(page).mappings().all()
        yield from found
        if len(found) < PAGE:
            return
        where = (*wanted, journal.c.seq > found[-1]["seq"])


@contextmanager
def as_it_stands(db: Connection) -> Iterator[None]:
    """Text that is no UTF-8 comes back marked, and does not stop us: SQLite takes any bytes."""
    if db.dialect.name != "sqlite":
        yield
        return
    driver: Any = db.connection.driver_connection
    driver.text_factory = _lenient
    try:
        yield
    finally:
        driver.text_factory = str


def _lenient(text: bytes) -> str:
    return text.decode(errors="surrogateescape")
