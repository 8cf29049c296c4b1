"""The policies, version by version, each as one document."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select

from grants.policy import PolicyBook
from grants.ports import Applied
from storage.books import book_from_json, book_to_json
from storage.kept import Kept
from storage.tables import policy_versions


@dataclass(slots=True)
class SqlPolicies:
    """`grants.ports.Policies`."""

    db: Connection
    kept: Kept[PolicyBook]

    def current(self) -> PolicyBook:
        version = self.version()
        return self.kept.get(version, lambda: self._read(version)) if version else PolicyBook()

    def version(self) -> int:
        newest: int | None = self.db.scalar(select(func.max(policy_versions.c.version)))
        return newest or 0

    def apply(self, book: PolicyBook, *, by: str, at: datetime) -> PolicyBook:
        after = replace(book, version=self.version() + 1)
        self.kept = Kept()  # this version may yet be rolled back: it is for this unit of work
        self.db.execute(
            insert(policy_versions).values(
                version=after.version, at=at, by=by, document=book_to_json(after)
            )
        )
        return after

    def history(self) -> list[Applied]:
        """The newest first."""
        found = self.db.execute(select(policy_versions).order_by(policy_versions.c.version.desc()))
        return [
            Applied(row["version"], row["at"], row["by"], _book(row)) for row in found.mappings()
        ]

    def _read(self, version: int) -> PolicyBook:
        found = select(policy_versions).where(policy_versions.c.version == version)
        return _book(self.db.execute(found).mappings().one())


def _book(row: Mapping[Any, Any]) -> PolicyBook:
    return book_from_json(row["document"], version=row["version"])
