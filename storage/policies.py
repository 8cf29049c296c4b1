"""The policies, version by version, each as one document."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from grants.errors import PoliciesMoved
from grants.policy import PolicyBook
from grants.records import Applied
from storage.books import book_from_json, book_to_json
from storage.kept import Kept
from storage.tables import policy_versions
from storage.versions import SeenVersions


@dataclass(slots=True)
class SqlPolicies:
    """`grants.stores.Policies`."""

    db: Connection
    kept: Kept[PolicyBook]
    versions: SeenVersions

    def current(self) -> PolicyBook:
        version = self.versions.seen().policies
        return self.kept.get(version, lambda: self.at(version)) if version else PolicyBook()

    def version(self) -> int:
        return self.versions.look().policies

    def at(self, version: int) -> PolicyBook:
        found = select(policy_versions).where(policy_versions.c.version == version)
        row = self.db.execute(found).mappings().first()
        return _book(row) if row else PolicyBook()

    def apply(
        self, book: PolicyBook, *, by: str, at: datetime, since: int | None = None
    ) -> PolicyBook:
        before = self.version() if since is None else since
        after = replace(book, version=before + 1)
        self.kept = Kept()  # this version may yet be rolled back: it is for this unit of work
        self.versions.forget()
        row = {"version": after.version, "at": at, "by": by, "document": book_to_json(after)}
        try:
            with self.db.begin_nested():
                self.db.execute(insert(policy_versions).values(row))
        except IntegrityError:
            newest = self.history()[0]
            raise PoliciesMoved(newest.version, newest.by, newest.at, before) from None
        return after

    def history(self) -> list[Applied]:
        """The newest first."""
        found = self.db.execute(select(policy_versions).order_by(policy_versions.c.version.desc()))
        return [
            Applied(row["version"], row["at"], row["by"], _book(row)) for row in found.mappings()
        ]


def _book(row: Mapping[Any, Any]) -> PolicyBook:
    return book_from_json(row["document"], version=row["version"])
