"""What was acted on, so that it is acted on once."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select

from storage.rows import add
from storage.tables import acted


@dataclass(frozen=True, slots=True)
class SqlActed:
    """`grants.stores.Acted`."""

    db: Connection

    def first(self, token: str, *, at: datetime) -> bool:
        # Decided by the write: a second one waits for the first, and goes on where that fell through.
        return add(self.db, acted, {"token": token, "at": at})

    def forget(self, before: datetime, *, limit: int) -> int:
        old = select(acted.c.token).where(acted.c.at < before).order_by(acted.c.at).limit(limit)
        tokens = self.db.scalars(old).all()
        self.db.execute(delete(acted).where(acted.c.token.in_(tokens)))
        return len(tokens)
