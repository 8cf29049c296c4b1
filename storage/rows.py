"""Puts a row in its place, whether or not there is one already."""

from typing import Any

from sqlalchemy import Connection, Table, and_, insert, update
from sqlalchemy.exc import IntegrityError


def put(db: Connection, table: Table, row: dict[str, Any], **changes: Any) -> None:
    """Insert, or overwrite the row of this key (with `changes` where they say otherwise)."""
    if _overwritten(db, table, row | changes):
        return
    try:
        with db.begin_nested():
            db.execute(insert(table).values(row))
    except IntegrityError:
        # Somebody put one there since we looked; or it breaks another rule, which then rises.
        if not _overwritten(db, table, row | changes):
            raise


def add(db: Connection, table: Table, row: dict[str, Any]) -> bool:
    """Insert, unless there is one of this key, perhaps of a moment ago; then False, and nothing."""
    try:
        with db.begin_nested():
            db.execute(insert(table).values(row))
    except IntegrityError:
        return False
    return True


def _overwritten(db: Connection, table: Table, values: dict[str, Any]) -> bool:
    this = and_(*(column == values[column.name] for column in table.primary_key))
    return db.execute(update(table).where(this).values(values)).rowcount == 1
