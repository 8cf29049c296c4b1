"""What is known of an assignment, each thing in a column of its own; and since when a start is tried."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | Sequence[str] | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

SLOT = "slot IN ('none', 'taken', 'waiting')"
WATCHED = "may_appear_until IS NULL OR due_at IS NOT NULL"
MOMENTS = ("checked_at", "missed_at", "may_vanish_until")


def upgrade() -> None:
    op.add_column("requests", sa.Column("tried_since", sa.BigInteger()))
    for moment in MOMENTS:
        op.add_column("assignments", sa.Column(moment, sa.BigInteger()))
    if op.get_bind().dialect.name == "sqlite":
        # SQLite adds a check with its column, or copies the whole table.
        add = "ALTER TABLE assignments ADD COLUMN"
        op.execute(
            f"{add} slot TEXT DEFAULT 'none' NOT NULL CONSTRAINT ck_assignments_slot CHECK ({SLOT})"
        )
        op.execute(
            f"{add} may_appear_until BIGINT"
            f" CONSTRAINT ck_assignments_what_may_come_is_not_forgotten CHECK ({WATCHED})"
        )
    else:
        op.add_column(
            "assignments", sa.Column("slot", sa.Text(), nullable=False, server_default="none")
        )
        op.add_column("assignments", sa.Column("may_appear_until", sa.BigInteger()))
        op.create_check_constraint(op.f("ck_assignments_slot"), "assignments", SLOT)
        op.create_check_constraint(
            op.f("ck_assignments_what_may_come_is_not_forgotten"), "assignments", WATCHED
        )
    _index("slot", "holding", "wanted_gone_at", where="slot <> 'none'")
    op.drop_index(op.f("ix_assignments_due_at"), "assignments")
    _index("due_at", where="due_at IS NOT NULL AND slot <> 'waiting'")
    _carry_over()


def _index(*columns: str, where: str) -> None:
    op.create_index(
        op.f(f"ix_assignments_{'_'.join(columns)}"),
        "assignments",
        list(columns),
        sqlite_where=sa.text(where),
        postgresql_where=sa.text(where),
    )


def _carry_over() -> None:
    """What is under way at AWS has a slot, and an answer that was lost is not forgotten."""
    op.execute("UPDATE assignments SET slot = 'taken' WHERE operation <> ''")
    op.execute(
        "UPDATE assignments SET may_appear_until = unknown_until"
        " WHERE holding = 'creating' AND operation = ''"
    )
    op.execute(
        "UPDATE assignments SET may_vanish_until = unknown_until"
        " WHERE holding = 'deleting' AND operation = ''"
    )
    op.execute(
        "UPDATE requests SET tried_since = COALESCE(decided_at, asked_at) WHERE state = 'granting'"
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_assignments_slot_holding_wanted_gone_at"), "assignments")
    op.drop_index(op.f("ix_assignments_due_at"), "assignments")
    for column in ("may_appear_until", "slot", *MOMENTS):
        op.execute(f"ALTER TABLE assignments DROP COLUMN {column}")
    op.execute("ALTER TABLE requests DROP COLUMN tried_since")
    _index("due_at", where="due_at IS NOT NULL")
