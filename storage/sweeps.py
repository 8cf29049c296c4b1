"""How far the sweeps have come, and the assignments that they found and Elevate did not make."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    delete,
    or_,
    select,
    text,
    union_all,
    update,
)

from grants.model import AccountId, Holding, Key, PermissionSetArn, Target, UserId
from grants.records import Stranger, SweepRow
from storage.assignments import KEY
from storage.rows import add
from storage.tables import HELD_OR_WATCHED, assignments, strangers, sweeps

SWEEP: Final = tuple(SweepRow.__dataclass_fields__)
STRANGER: Final = tuple(name for name in Stranger.__dataclass_fields__ if name != "key")


@dataclass(frozen=True, slots=True)
class SqlSweeps:
    """`grants.stores.Sweeps`."""

    db: Connection

    def all(self) -> list[SweepRow]:
        found = self.db.execute(select(sweeps).order_by(sweeps.c.due_at)).mappings()
        return [SweepRow(**{name: row[name] for name in SWEEP}) for row in found]

    def add(self, row: SweepRow) -> None:
        add(self.db, sweeps, _values(row))

    def save(self, row: SweepRow) -> bool:
        wrote = self.db.execute(
            update(sweeps)
            .where(sweeps.c.name == row.name, sweeps.c.version == row.version)
            .values({**_values(row), "version": row.version + 1})
        )
        return wrote.rowcount == 1

    def pairs(self, since: datetime, *, after: Target | None, limit: int) -> list[Target]:
        lately = select(assignments.c.account_id, assignments.c.permission_set_arn).where(
            assignments.c.holding == Holding.ABSENT, assignments.c.absent_seen_at >= since
        )
        untold = select(strangers.c.account_id, strangers.c.permission_set_arn).where(
            strangers.c.told_at.is_(None)
        )
        both = union_all(lately, untold).subquery()  # sorted once, by who groups them
        account, permission_set = both.c.account_id, both.c.permission_set_arn
        pair = account, permission_set
        wanted = select(*pair).group_by(*pair).order_by(*pair).limit(limit)
        if after:
            further = and_(account == after.account_id, permission_set > after.permission_set_arn)
            wanted = wanted.where(or_(account > after.account_id, further))
        return [
            Target(AccountId(row[0]), PermissionSetArn(row[1])) for row in self.db.execute(wanted)
        ]

    def held(self, target: Target) -> Mapping[UserId, Holding]:
        found = self.db.execute(
            select(assignments.c.user_id, assignments.c.holding).where(
                assignments.c.account_id == target.account_id,
                assignments.c.permission_set_arn == target.permission_set_arn,
                text(HELD_OR_WATCHED),
            )
        )
        return {UserId(row[0]): row[1] for row in found}

    def strangers(
        self, *, account: AccountId | None = None, told: bool | None = None
    ) -> list[Stranger]:
        wanted: list[ColumnElement[bool]] = []
        if account is not None:
            wanted.append(strangers.c.account_id == account)
        if told is not None:
            wanted.append(strangers.c.told_at.is_not(None) == told)
        return self._found(*wanted)

    def strangers_at(self, target: Target) -> list[Stranger]:
        return self._found(
            strangers.c.account_id == target.account_id,
            strangers.c.permission_set_arn == target.permission_set_arn,
        )

    def _found(self, *wanted: ColumnElement[bool]) -> list[Stranger]:
        order = strangers.c.account_id, strangers.c.permission_set_arn, strangers.c.user_id
        found = self.db.execute(select(strangers).where(*wanted).order_by(*order)).mappings()
        return [
            Stranger(Key(*(row[name] for name in KEY)), **{name: row[name] for name in STRANGER})
            for row in found
        ]

    def add_stranger(self, key: Key, *, at: datetime) -> None:
        new = Stranger(key, found_at=at)
        add(self.db, strangers, {**_key(key), **{name: getattr(new, name) for name in STRANGER}})

    def told_of(self, key: Key, *, at: datetime) -> bool:
        return self._change(key, strangers.c.told_at.is_(None), told_at=at)

    def made_by(self, key: Key, who: str, *, at: datetime) -> None:
        self._change(key, made_by=who, made_at=at)

    def missed(self, key: Key, *, at: datetime | None) -> None:
        self._change(key, missed_at=at)

    def _change(self, key: Key, *where: ColumnElement[bool], **values: object) -> bool:
        wrote = self.db.execute(update(strangers).where(_is(key), *where).values(values))
        return wrote.rowcount == 1

    def remove_stranger(self, key: Key) -> bool:
        return self.db.execute(delete(strangers).where(_is(key))).rowcount == 1


def _is(key: Key) -> ColumnElement[bool]:
    return and_(*(strangers.c[name] == value for name, value in _key(key).items()))


def _values(row: SweepRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in SWEEP}


def _key(key: Key) -> dict[str, str]:
    return {name: getattr(key, name) for name in KEY}
