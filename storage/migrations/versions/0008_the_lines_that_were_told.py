"""Where each line of a thread stands, and the hash of what it said."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | Sequence[str] | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

DROPPED = "state = 'dropped'"
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "told_lines",
        sa.Column("copy_id", KEY, nullable=False),
        sa.Column("ts", sa.Text(), nullable=False),
        sa.Column("thread_ts", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("sent", sa.Text(), nullable=False),
        sa.Column("answered", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["copy_id"], ["copies.id"], name=op.f("fk_told_lines_copy_id_copies")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.id"], name=op.f("fk_told_lines_request_id_requests")
        ),
        sa.PrimaryKeyConstraint("copy_id", "ts", name=op.f("pk_told_lines")),
    )
    op.create_index(op.f("ix_told_lines_request_id"), "told_lines", ["request_id"])
    op.create_index(
        op.f("ix_outbox_request_id"),
        "outbox",
        ["request_id"],
        sqlite_where=sa.text(DROPPED),
        postgresql_where=sa.text(DROPPED),
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_outbox_request_id"), "outbox")
    op.drop_table("told_lines")
