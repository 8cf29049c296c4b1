"""Which processes work on this database."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, select

from storage.rows import put
from storage.tables import processes


@dataclass(frozen=True, slots=True)
class SqlProcesses:
    """`grants.stores.Processes`."""

    db: Connection

    def announce(self, name: str, *, at: datetime) -> None:
        put(self.db, processes, {"name": name, "seen_at": at})

    def count(self, *, since: datetime) -> int:
        # Nobody who lives is deleted: of two that come back at once each would wait for the other.
        heard = select(func.count()).where(processes.c.seen_at >= since)
        counted: int = self.db.scalar(heard) or 0
        return counted

    def leave(self, name: str) -> None:
        self.db.execute(delete(processes).where(processes.c.name == name))

    def forget(self, before: datetime) -> None:
        self.db.execute(delete(processes).where(processes.c.seen_at < before))
