"""Whose open sessions are denied, and who writes a permission set's inline policy just now."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    case,
    func,
    insert,
    or_,
    select,
    update,
)

from grants.model import AccountId, Holding, Key, PermissionSetArn, RequestId
from grants.records import PUSHING, Cut, CutLease, CutPhase
from storage.assignments import HEAD, KEY
from storage.columns import Moment
from storage.engine import Held
from storage.rows import add
from storage.tables import assignments, cut_sets, cuts

FIELDS: Final = tuple(name for name in Cut.__dataclass_fields__ if name != "key")
WITH_SETS: Final = cuts.outerjoin(
    cut_sets, cuts.c.permission_set_arn == cut_sets.c.permission_set_arn
)
LEASE: Final = cut_sets.c.lease_until
UNLIFTED: Final = cuts.c.due_at.is_not(None)
"""A CHECK says so; and the index of these is small, however many have been lifted."""

# Made once: the loop asks them every second.
ONE: Final = Held(select(cuts).where(*(cuts.c[name] == bindparam(name) for name in KEY)))
DUE: Final = (
    select(cuts.c.permission_set_arn)
    .select_from(WITH_SETS)
    .where(
        cuts.c.due_at.is_not(None),
        cuts.c.due_at <= bindparam("now"),
        or_(LEASE.is_(None), LEASE <= bindparam("now")),
    )
    .group_by(cuts.c.permission_set_arn)
    .order_by(func.min(cuts.c.due_at))
)
FIRST: Final = (
    select(func.min(case((cuts.c.due_at < LEASE, LEASE), else_=cuts.c.due_at), type_=Moment))
    .select_from(WITH_SETS)
    .where(cuts.c.due_at.is_not(None))
)


@dataclass(frozen=True, slots=True)
class SqlCuts:
    """`grants.ports.Cuts`."""

    db: Connection

    def get(self, key: Key) -> Cut | None:
        found = self._all(ONE.by(self.db), **asdict(key))
        return found[0] if found else None

    def of(self, request_id: RequestId) -> Cut | None:
        found = self._all(select(cuts).where(cuts.c.request_id == request_id))
        return found[0] if found else None

    def of_set(self, permission_set: PermissionSetArn) -> list[Cut]:
        wanted = select(cuts).where(
            cuts.c.permission_set_arn == permission_set, UNLIFTED, cuts.c.phase != CutPhase.LIFTED
        )
        return self._all(wanted.order_by(cuts.c.since, cuts.c.user_id, cuts.c.account_id))

    def add(self, cut: Cut) -> None:
        self.db.execute(insert(cuts).values(_row(cut)))

    def save(self, cut: Cut) -> bool:
        wrote = self.db.execute(
            update(cuts)
            .where(_is(cut.key), cuts.c.version == cut.version)
            .values({**_row(cut), "version": cut.version + 1})
        )
        return wrote.rowcount == 1

    def due(self, now: datetime) -> list[PermissionSetArn]:
        return [PermissionSetArn(row[0]) for row in self.db.execute(DUE, {"now": now})]

    def next_due(self) -> datetime | None:
        first: datetime | None = self.db.scalar(FIRST)
        return first

    def unlifted(self) -> int:
        unlifted = UNLIFTED, cuts.c.phase != CutPhase.LIFTED
        return int(self.db.scalar(select(func.count()).where(*unlifted)) or 0)

    def pushing(self) -> int:
        # As with the assignments' slots: the others wait at the journal's head.
        self.db.execute(HEAD.by(self.db)).first()
        pushing = UNLIFTED, cuts.c.phase.in_(PUSHING)
        return int(self.db.scalar(select(func.count()).where(*pushing)) or 0)

    def ends_wait(self, account: AccountId) -> bool:
        waits = select(assignments.c.user_id).where(
            assignments.c.account_id == account,
            assignments.c.wanted_gone_at.is_not(None),
            assignments.c.holding == Holding.PRESENT,
        )
        return self.db.execute(waits.limit(1)).first() is not None

    def claim(
        self, permission_set: PermissionSetArn, now: datetime, *, until: datetime
    ) -> CutLease | None:
        add(self.db, cut_sets, {"permission_set_arn": permission_set, "version": 0})
        this = cut_sets.c.permission_set_arn == permission_set
        version: int = self.db.execute(select(cut_sets.c.version).where(this)).scalar_one()
        claimed = self.db.execute(
            update(cut_sets)
            .where(this, cut_sets.c.version == version, or_(LEASE.is_(None), LEASE <= now))
            .values(lease_until=until, version=version + 1)
        )
        return CutLease(permission_set, until, version + 1) if claimed.rowcount == 1 else None

    def let_go(self, lease: CutLease) -> None:
        self.db.execute(
            update(cut_sets)
            .where(
                cut_sets.c.permission_set_arn == lease.permission_set_arn,
                cut_sets.c.version == lease.version,
            )
            .values(lease_until=None, version=lease.version + 1)
        )

    def forget_leases(self) -> None:
        """Whoever held them is gone."""
        self.db.execute(
            update(cut_sets)
            .where(LEASE.is_not(None))
            .values(lease_until=None, version=cut_sets.c.version + 1)
        )

    def _all(self, statement: Select[Any], **values: Any) -> list[Cut]:
        return [_cut(row) for row in self.db.execute(statement, values).mappings()]


def _is(key: Key) -> ColumnElement[bool]:
    return and_(*(cuts.c[name] == getattr(key, name) for name in KEY))


def _row(cut: Cut) -> dict[str, Any]:
    return {
        **{name: getattr(cut.key, name) for name in KEY},
        **{name: getattr(cut, name) for name in FIELDS},
    }


def _cut(row: Mapping[Any, Any]) -> Cut:
    return Cut(Key(*(row[name] for name in KEY)), **{name: row[name] for name in FIELDS})
