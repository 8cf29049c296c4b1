"""Whose open sessions are denied, how far that has come, and who writes a permission set's policy."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | Sequence[str] | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PHASES = (
    "'in_force', 'lifted', 'lifting', 'pushed', 'pushed_back', 'taken_out', 'waiting', 'wanted',"
    " 'written'"
)
COMES_DUE = "due_at IS NOT NULL"


def upgrade() -> None:
    op.create_table(
        "cuts",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("permission_set_arn", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger()),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("before", sa.BigInteger()),
        sa.Column("until", sa.BigInteger()),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("alarmed_at", sa.BigInteger()),
        sa.Column("forced_at", sa.BigInteger()),
        sa.Column("unsure_until", sa.BigInteger()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(f"phase IN ({PHASES})", name=op.f("ck_cuts_phase")),
        sa.CheckConstraint("phase = 'lifted' OR due_at IS NOT NULL", name=op.f("ck_cuts_due")),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.id"], name=op.f("fk_cuts_request_id_requests")
        ),
        sa.PrimaryKeyConstraint(
            "user_id", "account_id", "permission_set_arn", name=op.f("pk_cuts")
        ),
    )
    op.create_index(
        op.f("ix_cuts_due_at"),
        "cuts",
        ["due_at"],
        sqlite_where=sa.text(COMES_DUE),
        postgresql_where=sa.text(COMES_DUE),
    )
    op.create_index(op.f("ix_cuts_request_id"), "cuts", ["request_id"])
    op.create_table(
        "cut_sets",
        sa.Column("permission_set_arn", sa.Text(), nullable=False),
        sa.Column("lease_until", sa.BigInteger()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("permission_set_arn", name=op.f("pk_cut_sets")),
    )


def downgrade() -> None:
    op.drop_table("cut_sets")
    op.drop_table("cuts")
