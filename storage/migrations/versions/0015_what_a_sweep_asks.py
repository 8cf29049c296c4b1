"""What a sweep asks of assignments: found without looking at what was held long ago."""

from collections.abc import Sequence

from alembic import op
from sqlalchemy import text

revision: str = "0015"
down_revision: str | Sequence[str] | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PAIR = "account_id", "permission_set_arn"


def upgrade() -> None:
    # The new ones first: whoever reads meanwhile waits for no more than the old ones' end.
    _partial("(holding <> 'absent' OR due_at IS NOT NULL)", *PAIR, "user_id")
    op.create_index(
        "ix_assignments_holding_seen_pair", "assignments", ["holding", "absent_seen_at", *PAIR]
    )
    _drop("absent_seen_at")
    _drop("holding")
    _drop(*PAIR)


def downgrade() -> None:
    op.create_index(_name("holding"), "assignments", ["holding"])
    op.create_index(_name(*PAIR), "assignments", PAIR)
    _partial("holding = 'absent'", "absent_seen_at")
    op.drop_index("ix_assignments_holding_seen_pair", table_name="assignments")
    _drop(*PAIR, "user_id")


def _partial(where: str, *columns: str) -> None:
    op.create_index(
        _name(*columns),
        "assignments",
        columns,
        sqlite_where=text(where),
        postgresql_where=text(where),
    )


def _drop(*columns: str) -> None:
    op.drop_index(_name(*columns), table_name="assignments")


def _name(*columns: str) -> str:
    return op.f(f"ix_assignments_{'_'.join(columns)}")
