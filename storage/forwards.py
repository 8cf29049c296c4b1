"""How far the journal has gone to each of its destinations."""

from dataclasses import asdict, dataclass
from typing import Final

from sqlalchemy import Connection, select, update

from grants.records import Forward
from storage.rows import add
from storage.tables import forwards

FIELDS: Final = tuple(Forward.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class SqlForwards:
    """`grants.stores.Forwards`."""

    db: Connection

    def all(self) -> list[Forward]:
        found = self.db.execute(select(forwards).order_by(forwards.c.name)).mappings()
        return [Forward(**{name: row[name] for name in FIELDS}) for row in found]

    def add(self, row: Forward) -> None:
        add(self.db, forwards, asdict(row))

    def save(self, row: Forward) -> bool:
        wrote = self.db.execute(
            update(forwards)
            .where(forwards.c.name == row.name, forwards.c.version == row.version)
            .values({**asdict(row), "version": row.version + 1})
        )
        return wrote.rowcount == 1

    def forget_leases(self) -> None:
        """Whoever held them is gone; what they had begun to send is sent again."""
        self.db.execute(
            update(forwards)
            .where(forwards.c.lease_until.is_not(None))
            .values(lease_until=None, version=forwards.c.version + 1)
        )
