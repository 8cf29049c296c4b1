"""Extensions; where nothing can be told, so that this is told once; which processes share the quotas."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | Sequence[str] | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

EXTENDING = "extends IS NOT NULL"


def upgrade() -> None:
    op.create_table(
        "unreachable",
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_unreachable")),
    )
    op.create_table(
        "processes",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_processes")),
    )
    op.add_column("requests", sa.Column("extends", sa.Text()))
    op.create_index(
        op.f("ix_requests_extends"),
        "requests",
        ["extends"],
        sqlite_where=sa.text(EXTENDING),
        postgresql_where=sa.text(EXTENDING),
    )


def downgrade() -> None:
    op.drop_table("processes")
    op.drop_table("unreachable")
    op.drop_index(op.f("ix_requests_extends"), "requests")
    op.execute("ALTER TABLE requests DROP COLUMN extends")
