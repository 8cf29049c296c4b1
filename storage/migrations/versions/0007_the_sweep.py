"""How far the sweep has come, and the assignments that it found and Elevate did not make."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | Sequence[str] | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

GONE = "holding = 'absent'"


def upgrade() -> None:
    op.create_table(
        "sweeps",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("began_at", sa.BigInteger()),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("name IN ('all', 'lately')", name=op.f("ck_sweeps_name")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_sweeps")),
    )
    op.create_table(
        "strangers",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("permission_set_arn", sa.Text(), nullable=False),
        sa.Column("found_at", sa.BigInteger(), nullable=False),
        sa.Column("told_at", sa.BigInteger()),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger()),
        sa.Column("missed_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint(
            "user_id", "account_id", "permission_set_arn", name=op.f("pk_strangers")
        ),
    )
    op.create_index(
        op.f("ix_strangers_account_id"),
        "strangers",
        ["account_id"],
    )
    op.create_index(
        op.f("ix_assignments_account_id_permission_set_arn"),
        "assignments",
        ["account_id", "permission_set_arn"],
    )
    op.create_index(
        op.f("ix_assignments_absent_seen_at"),
        "assignments",
        ["absent_seen_at"],
        sqlite_where=sa.text(GONE),
        postgresql_where=sa.text(GONE),
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_assignments_absent_seen_at"), "assignments")
    op.drop_index(op.f("ix_assignments_account_id_permission_set_arn"), "assignments")
    op.drop_table("strangers")
    op.drop_table("sweeps")
