"""The catalogue as last read, kept across restarts."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, insert, select

from grants.model import Account, Catalogue, Instance, Ou, PermissionSet
from storage.columns import canonical
from storage.engine import held
from storage.kept import Kept
from storage.rows import put
from storage.tables import catalogue, catalogue_documents

UNREAD: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""The document has no time of its own: the row beside it does."""
NEWEST: Final = select(catalogue.c.version, catalogue.c.read_at)  # made once: asked without end


@dataclass(slots=True)
class SqlCatalogue:
    """`grants.ports.CatalogueStore`."""

    db: Connection
    kept: Kept[Catalogue]

    def version(self) -> int:
        row = self._row()
        return row.version if row else 0

    def load(self) -> Catalogue | None:
        row = self._row()
        if row is None:
            return None
        content = self.kept.get(row.version, lambda: self._read(row.version))
        return replace(content, version=row.version, read_at=row.read_at)

    def replace(self, found: Catalogue) -> Catalogue:
        document = canonical(to_json(found))
        digest = hashlib.sha256(document.encode()).hexdigest()
        row = self.db.execute(held(self.db, select(catalogue))).first()
        same = row is not None and row.digest == digest
        version = (row.version if row else 0) + (0 if same else 1)
        values = {"id": 1, "version": version, "read_at": found.read_at, "digest": digest}
        put(self.db, catalogue, values)
        if not same:
            self.kept = Kept()  # it may yet be rolled back: it is for this unit of work
            # The one before stays, for whoever has just read that it is the newest.
            old = catalogue_documents.c.version < version - 1
            self.db.execute(delete(catalogue_documents).where(old))
            self.db.execute(insert(catalogue_documents).values(version=version, document=document))
        return replace(found, version=version)

    def _row(self) -> Row[Any, Any] | None:
        return self.db.execute(NEWEST).first()

    def _read(self, version: int) -> Catalogue:
        wanted = catalogue_documents.c.version == version
        found = self.db.execute(select(catalogue_documents.c.document).where(wanted))
        return from_json(json.loads(found.scalar_one()))


def to_json(found: Catalogue) -> dict[str, Any]:
    instance = found.instance
    return {
        "instance": {name: getattr(instance, name) for name in Instance.__dataclass_fields__},
        "accounts": [
            [a.id, a.name, a.email, a.state, list(a.path), None if a.tags is None else dict(a.tags)]
            for _, a in sorted(found.accounts.items())
        ],
        "permission_sets": [
            [p.arn, p.name, p.description, int(p.session_duration.total_seconds()), dict(p.tags)]
            for _, p in sorted(found.permission_sets.items())
        ],
        "ous": [[ou.id, ou.name, list(ou.path)] for _, ou in sorted(found.ous.items())],
        "in_management": sorted(found.in_management),
    }


def from_json(values: Mapping[str, Any]) -> Catalogue:
    accounts = [
        Account(id_, name, email, state, tuple(path), tags)
        for id_, name, email, state, path, tags in values["accounts"]
    ]
    permission_sets = [
        PermissionSet(arn, name, description, timedelta(seconds=seconds), tags)
        for arn, name, description, seconds, tags in values["permission_sets"]
    ]
    ous = [Ou(id_, name, tuple(path)) for id_, name, path in values["ous"]]
    return Catalogue(
        instance=Instance(**values["instance"]),
        accounts={account.id: account for account in accounts},
        permission_sets={each.arn: each for each in permission_sets},
        ous={ou.id: ou for ou in ous},
        in_management=frozenset(values["in_management"]),
        read_at=UNREAD,
    )
