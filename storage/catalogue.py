"""The catalogue as last read, kept across restarts."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select

from grants.model import Account, Catalogue, Instance, Ou, PermissionSet
from grants.so_far import Ask, SoFar
from storage.columns import canonical
from storage.engine import held
from storage.kept import Kept
from storage.rows import put
from storage.tables import catalogue, catalogue_documents
from storage.versions import SeenVersions

UNREAD: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""The document has no time of its own: the row beside it does."""


@dataclass(slots=True)
class SqlCatalogue:
    """`grants.stores.CatalogueStore`."""

    db: Connection
    kept: Kept[Catalogue]
    versions: SeenVersions

    def version(self) -> int:
        return self.versions.seen().catalogue

    def hold(self) -> Catalogue | None:
        self.db.execute(held(self.db, select(catalogue.c.version)))
        self.versions.forget()
        return self.load()

    def load(self) -> Catalogue | None:
        _, version, read_at = self.versions.seen()
        if read_at is None:
            return None
        content = self.kept.get(version, lambda: self._read(version))
        return replace(content, version=version, read_at=read_at)

    def replace(self, found: Catalogue) -> Catalogue:
        document = canonical(to_json(found))
        self.versions.forget()
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

    def _read(self, version: int) -> Catalogue:
        wanted = catalogue_documents.c.version == version
        found = self.db.execute(select(catalogue_documents.c.document).where(wanted))
        return from_json(json.loads(found.scalar_one()))


def to_json(found: Catalogue) -> dict[str, Any]:
    instance = found.instance
    return {
        "instance": {name: getattr(instance, name) for name in Instance.__dataclass_fields__},
        "accounts": [_account(each) for _, each in sorted(found.accounts.items())],
        "permission_sets": [_set(each) for _, each in sorted(found.permission_sets.items())],
        "ous": [_ou(each) for _, each in sorted(found.ous.items())],
        "in_management": sorted(found.in_management),
    }


def from_json(values: Mapping[str, Any]) -> Catalogue:
    return Catalogue(
        instance=Instance(**values["instance"]),
        accounts={each.id: each for each in map(_read_account, values["accounts"])},
        permission_sets={each.arn: each for each in map(_read_set, values["permission_sets"])},
        ous={each.id: each for each in map(_read_ou, values["ous"])},
        in_management=frozenset(values["in_management"]),
        read_at=UNREAD,
    )


def _account(a: Account) -> list[Any]:
    return [a.id, a.name, a.email, a.state, list(a.path), None if a.tags is None else dict(a.tags)]


def _read_account(values: Sequence[Any]) -> Account:
    id_, name, email, state, path, tags = values
    return Account(id_, name, email, state, tuple(path), tags)


def _set(p: PermissionSet) -> list[Any]:
    return [p.arn, p.name, p.description, int(p.session_duration.total_seconds()), dict(p.tags)]


def _read_set(values: Sequence[Any]) -> PermissionSet:
    arn, name, description, seconds, tags = values
    return PermissionSet(arn, name, description, timedelta(seconds=seconds), tags)


def _ou(ou: Ou) -> list[Any]:
    return [ou.id, ou.name, list(ou.path)]


def _read_ou(values: Sequence[Any]) -> Ou:
    id_, name, path = values
    return Ou(id_, name, tuple(path))


def so_far_to_json(so_far: SoFar | None) -> dict[str, Any] | None:
    if so_far is None:
        return None
    return {
        "todo": [[ask.value, what] for ask, what in so_far.todo],
        "accounts": [_account(each) for each in so_far.accounts],
        "permission_sets": [_set(each) for each in so_far.permission_sets],
        "ous": [_ou(each) for each in so_far.ous],
        "in_management": sorted(so_far.in_management),
    }


def read_so_far(values: Mapping[str, Any] | None) -> SoFar | None:
    if values is None:
        return None
    return SoFar(
        todo=tuple((Ask(ask), what) for ask, what in values["todo"]),
        accounts=tuple(map(_read_account, values["accounts"])),
        permission_sets=tuple(map(_read_set, values["permission_sets"])),
        ous=tuple(map(_read_ou, values["ous"])),
        in_management=frozenset(values["in_management"]),
    )
