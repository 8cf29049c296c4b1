"""The copies of a request's card and where Slack put them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from grants.model import Copy, Place, RequestId
from storage.tables import copies, unreachable

FIELDS: Final = tuple(Copy.__dataclass_fields__)
# Made once: asked without end.
ONE: Final = select(copies).where(copies.c.id == bindparam("id"))
OF: Final = (
    select(copies).where(copies.c.request_id == bindparam("request_id")).order_by(copies.c.id)
)


def from_row(row: Mapping[Any, Any]) -> Copy:
    return Copy(**{name: row[name] for name in FIELDS})


@dataclass(frozen=True, slots=True)
class SqlCopies:
    """`grants.stores.Copies`."""

    db: Connection

    def add(self, request_id: RequestId, place: Place, address: str) -> Copy:
        row = {"request_id": request_id, "place": place, "address": address}
        blank = dict.fromkeys(("channel", "ts", "summary_ts", "dead", "note"), "")
        made = self.db.execute(insert(copies).values(row | blank).returning(copies.c.id))
        return Copy(made.scalar_one(), request_id, place, address)

    def of(self, request_id: RequestId) -> list[Copy]:
        found = self.db.execute(OF, {"request_id": request_id})
        return [from_row(row) for row in found.mappings()]

    def get(self, copy_id: int) -> Copy:
        """LookupError where there is none: only our own rows name copies."""
        found = self.db.execute(ONE, {"id": copy_id}).mappings().first()
        if found is None:
            raise LookupError(f"copy {copy_id}")
        return from_row(found)

    def at(self, channel: str, ts: str) -> Copy | None:
        there = copies.c.channel == channel, copies.c.ts == ts
        found = self.db.execute(select(copies).where(*there).limit(1)).mappings().first()
        return None if found is None else from_row(found)

    def lost(self, address: str, reason: str, at: datetime) -> bool:
        # Decided by the write: of two that find it out at once one has the news.
        row = {"address": address, "reason": reason, "since": at}
        here, news = unreachable.c.address == address, unreachable.c.reason != reason
        if self.db.execute(update(unreachable).where(here, news).values(row)).rowcount:
            return True
        try:
            with self.db.begin_nested():
                self.db.execute(insert(unreachable).values(row))
        except IntegrityError:
            return False
        return True

    def reached(self, address: str) -> None:
        self.db.execute(delete(unreachable).where(unreachable.c.address == address))

    def save(self, copy: Copy) -> None:
        values = {name: getattr(copy, name) for name in FIELDS if name != "id"}
        wrote = self.db.execute(update(copies).where(copies.c.id == copy.id).values(values))
        if wrote.rowcount != 1:
            raise LookupError(f"copy {copy.id}")
