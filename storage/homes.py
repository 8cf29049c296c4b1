"""Who has opened App Home, and what it shows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, select

from grants.model import Role, SlackUserId, UserId
from grants.records import HomeRow
from storage.engine import held
from storage.rows import put
from storage.tables import homes

LATELY: Final = (  # made once: every move asks whether anybody may have it before them
    select(homes)
    .where(homes.c.opened_at >= bindparam("since"))
    .order_by(homes.c.opened_at.desc())
    .limit(bindparam("limit"))
)


@dataclass(frozen=True, slots=True)
class SqlHomes:
    """`grants.stores.Homes`."""

    db: Connection

    def get(self, slack_id: SlackUserId) -> HomeRow | None:
        this = held(self.db, select(homes).where(homes.c.slack_id == slack_id))
        row = self.db.execute(this).mappings().first()
        return None if row is None else _home(row)

    def of_user(self, user_id: UserId) -> list[HomeRow]:
        found = self.db.execute(select(homes).where(homes.c.user_id == user_id))
        return [_home(row) for row in found.mappings()]

    def put(self, row: HomeRow) -> None:
        values = {name: getattr(row, name) for name in HomeRow.__dataclass_fields__}
        values |= {"roles": list(row.roles), "pages": dict(row.pages), "filters": dict(row.filters)}
        put(self.db, homes, values)

    def opened_since(self, since: datetime, *, limit: int) -> list[HomeRow]:
        found = self.db.execute(LATELY, {"since": since, "limit": limit})
        return [_home(row) for row in found.mappings()]


def _home(row: Mapping[Any, Any]) -> HomeRow:
    values = {name: row[name] for name in HomeRow.__dataclass_fields__}
    return HomeRow(**{**values, "roles": tuple(map(Role, row["roles"]))})
