"""What a sweep asks for each pair, however often it was held: from indexes alone."""

from collections.abc import Sequence

from alembic import op
from sqlalchemy import text

revision: str = "0015"
down_revision: str | Sequence[str] | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

IN_HAND = "(holding <> 'absent' OR due_at IS NOT NULL)"
GONE = "holding = 'absent'"
BEFORE: dict[tuple[str, ...], str] = {("absent_seen_at",): GONE}
AFTER: dict[tuple[str, ...], str] = {
    ("account_id", "permission_set_arn", "user_id", "holding"): IN_HAND,
    ("absent_seen_at", "account_id", "permission_set_arn"): GONE,
}


def upgrade() -> None:
    _drop(BEFORE)
    _create(AFTER)


def downgrade() -> None:
    _drop(AFTER)
    _create(BEFORE)


def _create(indexes: dict[tuple[str, ...], str]) -> None:
    for columns, where in indexes.items():
        op.create_index(
            _name(columns), "assignments", list(columns),
            sqlite_where=text(where), postgresql_where=text(where),
        )  # fmt: skip


def _drop(indexes: dict[tuple[str, ...], str]) -> None:
    for columns in indexes:
        op.drop_index(_name(columns), table_name="assignments")


def _name(columns: tuple[str, ...]) -> str:
    return op.f(f"ix_assignments_{'_'.join(columns)}")
