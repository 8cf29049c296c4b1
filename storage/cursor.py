"""psycopg's cursor, which says what its columns are in a tenth of the time."""

from typing import Any, cast

from psycopg import Column, Cursor
from psycopg.pq import ExecStatus


class PlainCursor(Cursor[Any]):
    """A wide row that is not there costs more to be described than to be looked for.

    SQLAlchemy asks for names and types alone, after each statement.
    """

    @property
    def description(self) -> list[Column] | None:
        """As PEP 249 has it, where psycopg has objects that could say more."""
        found = self.pgresult
        if found is None or found.status not in {ExecStatus.TUPLES_OK, ExecStatus.SINGLE_TUPLE}:
            return None
        told = [
            ((found.fname(at) or b"").decode(), found.ftype(at), None, None, None, None, None)
            for at in range(found.nfields)
        ]
        return cast(list[Column], told)
