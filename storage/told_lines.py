"""Which lines stand in the threads of cards, and the hashes of what they said."""

from dataclasses import asdict, dataclass
from typing import Final

from sqlalchemy import Connection, select

from grants.model import RequestId
from grants.records import ToldLine
from storage.rows import add
from storage.tables import told_lines

FIELDS: Final = tuple(ToldLine.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class SqlToldLines:
    """`grants.stores.ToldLines`."""

    db: Connection

    def add(self, line: ToldLine) -> None:
        add(self.db, told_lines, asdict(line))  # Another process may have found it there, too.

    def of(self, request_id: RequestId) -> list[ToldLine]:
        found = select(told_lines).where(told_lines.c.request_id == request_id)
        rows = self.db.execute(found.order_by(told_lines.c.copy_id, told_lines.c.ts)).mappings()
        return [ToldLine(**{name: row[name] for name in FIELDS}) for row in rows]
