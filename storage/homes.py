"""Who has opened App Home, and what it shows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from grants.model import Role, SlackUserId
from grants.ports import HomeRow
from storage.rows import put
from storage.tables import homes


@dataclass(frozen=True, slots=True)
class SqlHomes:
    """`grants.ports.Homes`."""

    db: Connection

    def get(self, slack_id: SlackUserId) -> HomeRow | None:
        found = self.db.execute(select(homes).where(homes.c.slack_id == slack_id))
        row = found.mappings().first()
        return None if row is None else _home(row)

    def put(self, row: HomeRow) -> None:
        values = {name: getattr(row, name) for name in HomeRow.__dataclass_fields__}
        values |= {"roles": list(row.roles), "pages": dict(row.pages), "filters": dict(row.filters)}
        put(self.db, homes, values)

    def opened_since(self, since: datetime) -> list[HomeRow]:
        lately = select(homes).where(homes.c.opened_at >= since)
        found = self.db.execute(lately.order_by(homes.c.opened_at.desc()))
        return [_home(row) for row in found.mappings()]


def _home(row: Mapping[Any, Any]) -> HomeRow:
    values = {name: row[name] for name in HomeRow.__dataclass_fields__}
    return HomeRow(**{**values, "roles": tuple(map(Role, row["roles"]))})
