"""Whose open sessions are denied, and who writes the policies that deny them just now."""

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

from grants.model import AccountId, Holding, Key, RequestId
from grants.policy import CutWay
from grants.records import PUSHING, Carrier, Cut, CutLease, CutPhase
from storage.assignments import HEAD, KEY
from storage.columns import Moment
from storage.engine import Held
from storage.rows import add
from storage.tables import assignments, cut_sets, cuts

FIELDS: Final = tuple(name for name in Cut.__dataclass_fields__ if name != "key")
CARRIER: Final = case((cuts.c.scp != "", cuts.c.scp), else_=cuts.c.permission_set_arn)
WITH_LEASES: Final = cuts.outerjoin(cut_sets, cut_sets.c.carrier == CARRIER)
LEASE: Final = cut_sets.c.lease_until
UNLIFTED: Final = cuts.c.due_at.is_not(None)
"""A CHECK says so; and the index of these is small, however many have been lifted."""

# Made once: the loop asks them every second.
ONE: Final = Held(select(cuts).where(*(cuts.c[name] == bindparam(name) for name in KEY)))
# Without `now`: for what is bounded by a parameter PostgreSQL would plan anew each time.
WHEN: Final = (
    select(
        cuts.c.scp,
        CARRIER.label("carrier"),
        func.min(case((cuts.c.due_at < LEASE, LEASE), else_=cuts.c.due_at), type_=Moment).label(
            "at"
        ),
    )
    .select_from(WITH_LEASES)
    .where(UNLIFTED)
    .group_by("scp", "carrier")
    .order_by("at")
)
"""What is to be done at each policy next."""


@dataclass(frozen=True, slots=True)
class SqlCuts:
    """`grants.stores.Cuts`."""

    db: Connection

    def get(self, key: Key) -> Cut | None:
        found = self._all(ONE.by(self.db), **asdict(key))
        return found[0] if found else None

    def of(self, request_id: RequestId) -> Cut | None:
        found = self._all(select(cuts).where(cuts.c.request_id == request_id))
        return found[0] if found else None

    def carried_by(self, carrier: Carrier) -> list[Cut]:
        scp = carrier.id if carrier.way is CutWay.SCP else ""
        wanted = select(cuts).where(
            CARRIER == carrier.id,
            cuts.c.scp == scp,
            UNLIFTED,
            cuts.c.phase != CutPhase.LIFTED,
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

    def due(self, now: datetime) -> list[Carrier]:
        return [_carrier(scp, carrier) for scp, carrier, at in self.db.execute(WHEN) if at <= now]

    def next_due(self) -> datetime | None:
        first = self.db.execute(WHEN).first()
        return first.at if first else None

    def carriers(self) -> frozenset[Carrier]:
        unlifted = UNLIFTED, cuts.c.phase != CutPhase.LIFTED
        found = self.db.execute(select(cuts.c.scp, CARRIER).where(*unlifted).distinct())
        return frozenset(_carrier(*row) for row in found)

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

    def claim(self, carrier: Carrier, now: datetime, *, until: datetime) -> CutLease | None:
        add(self.db, cut_sets, {"carrier": carrier.id, "version": 0})
        this = cut_sets.c.carrier == carrier.id
        version: int = self.db.execute(select(cut_sets.c.version).where(this)).scalar_one()
        claimed = self.db.execute(
            update(cut_sets)
            .where(this, cut_sets.c.version == version, or_(LEASE.is_(None), LEASE <= now))
            .values(lease_until=until, version=version + 1)
        )
        return CutLease(carrier, until, version + 1) if claimed.rowcount == 1 else None

    def let_go(self, lease: CutLease) -> None:
        self.db.execute(
            update(cut_sets)
            .where(cut_sets.c.carrier == lease.carrier.id, cut_sets.c.version == lease.version)
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


def _carrier(scp: str, carrier: str) -> Carrier:
    return Carrier(CutWay.SCP if scp else CutWay.INLINE_POLICY, carrier)


def _row(cut: Cut) -> dict[str, Any]:
    return {
        **{name: getattr(cut.key, name) for name in KEY},
        **{name: getattr(cut, name) for name in FIELDS},
    }


def _cut(row: Mapping[Any, Any]) -> Cut:
    return Cut(Key(*(row[name] for name in KEY)), **{name: row[name] for name in FIELDS})
