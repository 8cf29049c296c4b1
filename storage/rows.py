"""Puts a row in its place, whether or not there is one already."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

from sqlalchemy import Connection, Table, and_, insert, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

ADDING: Final[Mapping[str, Callable[[Table], Any]]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}
"""Both know what to do where there is one already, each by a statement of its own name."""
COUNTED: Final = {"preserve_rowcount": True}
"""Else SQLAlchemy forgets how many rows an insert made."""


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
    return db.execute(_anew(db.dialect.name, table), row, execution_options=COUNTED).rowcount == 1


@cache
def _anew(dialect: str, table: Table) -> Any:
    return ADDING[dialect](table).on_conflict_do_nothing()


def _overwritten(db: Connection, table: Table, values: dict[str, Any]) -> bool:
    this = and_(*(column == values[column.name] for column in table.primary_key))
    return db.execute(update(table).where(this).values(values)).rowcount == 1
