"""Which lines stand in the threads of cards, and the hashes of what they said."""

from dataclasses import asdict, dataclass
from typing import Final

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from grants.model import RequestId
from grants.records import ToldLine
from storage.tables import told_lines

FIELDS: Final = tuple(ToldLine.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class SqlToldLines:
    """`grants.ports.ToldLines`."""

    db: Connection

    def add(self, line: ToldLine) -> None:
        this = told_lines.c.copy_id == line.copy_id, told_lines.c.ts == line.ts
        known = select(told_lines.c.ts).where(*this)
        if self.db.execute(known).first() is not None:
            return
        try:
            with self.db.begin_nested():
                self.db.execute(insert(told_lines).values(asdict(line)))
        except IntegrityError:
            # Another process has found it there at the same time; or a rule is broken, which rises.
            if self.db.execute(known).first() is None:
                raise

    def of(self, request_id: RequestId) -> list[ToldLine]:
        found = select(told_lines).where(told_lines.c.request_id == request_id)
        rows = self.db.execute(found.order_by(told_lines.c.copy_id, told_lines.c.ts)).mappings()
        return [ToldLine(**{name: row[name] for name in FIELDS}) for row in rows]
