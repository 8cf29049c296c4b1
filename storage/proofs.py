"""What proves by one-time codes who somebody is."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from sqlalchemy import Connection, delete, select, update

from grants.model import UserId
from grants.records import Proof
from storage.engine import held
from storage.rows import add
from storage.tables import proofs

FIELDS: Final = tuple(Proof.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class SqlProofs:
    """`grants.stores.Proofs`."""

    db: Connection

    def get(self, user_id: UserId) -> Proof | None:
        this = held(self.db, select(proofs).where(proofs.c.user_id == user_id))
        row = self.db.execute(this).mappings().first()
        return None if row is None else _proof(row)

    def add(self, proof: Proof) -> bool:
        return add(self.db, proofs, asdict(proof))

    def save(self, proof: Proof) -> bool:
        wrote = self.db.execute(
            update(proofs)
            .where(proofs.c.user_id == proof.user_id, proofs.c.version == proof.version)
            .values({**asdict(proof), "version": proof.version + 1})
        )
        return wrote.rowcount == 1

    def remove(self, user_id: UserId) -> bool:
        gone = self.db.execute(delete(proofs).where(proofs.c.user_id == user_id))
        return gone.rowcount == 1

    def all(self) -> list[Proof]:
        found = self.db.execute(select(proofs).order_by(proofs.c.user_id))
        return [_proof(row) for row in found.mappings()]


def _proof(row: Mapping[Any, Any]) -> Proof:
    return Proof(**{name: row[name] for name in FIELDS})
