"""The copies of a request's card and where Slack put them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, insert, select, update

from grants.model import Copy, Place, RequestId
from storage.tables import copies

FIELDS: Final = tuple(Copy.__dataclass_fields__)


def from_row(row: Mapping[Any, Any]) -> Copy:
    return Copy(**{name: row[name] for name in FIELDS})


@dataclass(frozen=True, slots=True)
class SqlCopies:
    """`grants.ports.Copies`."""

    db: Connection

    def add(self, request_id: RequestId, place: Place, address: str) -> Copy:
        row = {"request_id": request_id, "place": place, "address": address}
        blank = dict.fromkeys(("channel", "ts", "summary_ts", "dead", "note"), "")
        made = self.db.execute(insert(copies).values(row | blank).returning(copies.c.id))
        return Copy(made.scalar_one(), request_id, place, address)

    def of(self, request_id: RequestId) -> list[Copy]:
        found = self.db.execute(
            select(copies).where(copies.c.request_id == request_id).order_by(copies.c.id)
        )
        return [from_row(row) for row in found.mappings()]

    def get(self, copy_id: int) -> Copy:
        """LookupError where there is none: only our own rows name copies."""
        found = self.db.execute(select(copies).where(copies.c.id == copy_id)).mappings().first()
        if found is None:
            raise LookupError(f"copy {copy_id}")
        return from_row(found)

    def save(self, copy: Copy) -> None:
        values = {name: getattr(copy, name) for name in FIELDS if name != "id"}
        wrote = self.db.execute(update(copies).where(copies.c.id == copy.id).values(values))
        if wrote.rowcount != 1:
            raise LookupError(f"copy {copy.id}")
