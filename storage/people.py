"""Which Slack user is which Identity Center user."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, select

from grants.model import SlackUserId, UserId
from grants.records import Binding
from storage.engine import Held
from storage.rows import add, put
from storage.tables import bindings

# Made once: whatever somebody presses asks who they are.
ONE: Final = Held(select(bindings).where(bindings.c.slack_id == bindparam("slack_id")))
OF_USER: Final = (
    select(bindings).where(bindings.c.user_id == bindparam("user_id")).order_by(bindings.c.slack_id)
)


@dataclass(frozen=True, slots=True)
class SqlPeople:
    """`grants.stores.People`."""

    db: Connection

    def get(self, slack_id: SlackUserId) -> Binding | None:
        row = self.db.execute(ONE.by(self.db), {"slack_id": slack_id}).mappings().first()
        return None if row is None else _binding(row)

    def of_user(self, user_id: UserId) -> list[Binding]:
        found = self.db.execute(OF_USER, {"user_id": user_id})
        return [_binding(row) for row in found.mappings()]

    def add(self, binding: Binding) -> bool:
        return add(self.db, bindings, asdict(binding))

    def put(self, binding: Binding) -> None:
        put(self.db, bindings, asdict(binding))

    def remove(self, slack_id: SlackUserId) -> bool:
        gone = self.db.execute(delete(bindings).where(bindings.c.slack_id == slack_id))
        return gone.rowcount == 1

    def all(self) -> list[Binding]:
        found = self.db.execute(select(bindings).order_by(bindings.c.slack_id))
        return [_binding(row) for row in found.mappings()]

    def looked_at_before(self, before: datetime, *, limit: int) -> list[Binding]:
        old = select(bindings).where(bindings.c.checked_at < before, bindings.c.broken == "")
        found = old.order_by(bindings.c.checked_at, bindings.c.slack_id).limit(limit)
        return [_binding(row) for row in self.db.execute(found).mappings()]


def _binding(row: Mapping[Any, Any]) -> Binding:
    return Binding(**{name: row[name] for name in Binding.__dataclass_fields__})
