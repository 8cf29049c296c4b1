"""How far each piece of the catalogue has been read."""

from dataclasses import dataclass, fields
from typing import Any, Final

from sqlalchemy import Connection, select, update

from grants.so_far import Refresh, Turn
from storage.catalogue import read_so_far, so_far_to_json
from storage.engine import held
from storage.rows import add
from storage.tables import refreshes

FIELDS: Final = tuple(each.name for each in fields(Refresh))
TURNS: Final = select(  # made once: asked at every beat
    refreshes.c.piece, refreshes.c.due_at, refreshes.c.lease_until, refreshes.c.tries
)


@dataclass(frozen=True, slots=True)
class SqlRefreshes:
    """`grants.stores.Refreshes`."""

    db: Connection

    def turns(self) -> list[Turn]:
        return [Turn(*row) for row in self.db.execute(TURNS)]

    def all(self) -> list[Refresh]:
        wanted = held(self.db, select(refreshes).order_by(refreshes.c.piece))
        found = self.db.execute(wanted).mappings()
        return [
            Refresh(**{name: row[name] for name in FIELDS} | {"so_far": read_so_far(row["so_far"])})
            for row in found
        ]

    def add(self, row: Refresh) -> None:
        add(self.db, refreshes, _values(row))

    def save(self, row: Refresh) -> bool:
        wrote = self.db.execute(
            update(refreshes)
            .where(refreshes.c.piece == row.piece, refreshes.c.version == row.version)
            .values({**_values(row), "version": row.version + 1})
        )
        return wrote.rowcount == 1

    def forget_leases(self) -> None:
        """Whoever held them is gone; what they had read since they last put it away is read again."""
        self.db.execute(
            update(refreshes)
            .where(refreshes.c.lease_until.is_not(None))
            .values(lease_until=None, version=refreshes.c.version + 1)
        )


def _values(row: Refresh) -> dict[str, Any]:
    return {name: getattr(row, name) for name in FIELDS} | {"so_far": so_far_to_json(row.so_far)}
