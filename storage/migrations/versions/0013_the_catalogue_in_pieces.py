"""How far each piece of the catalogue has been read."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0013"
down_revision: str | Sequence[str] | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PIECES = "'accounts', 'ous', 'permission_sets', 'tags'"


def upgrade() -> None:
    op.create_table(
        "refreshes",
        sa.Column("piece", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.BigInteger()),
        sa.Column("began_at", sa.BigInteger()),
        sa.Column("so_far", sa.Text()),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("whole_at", sa.BigInteger()),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("failing_since", sa.BigInteger()),
        sa.Column("alarmed_at", sa.BigInteger()),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(f"piece IN ({PIECES})", name=op.f("ck_refreshes_piece")),
        sa.PrimaryKeyConstraint("piece", name=op.f("pk_refreshes")),
    )


def downgrade() -> None:
    op.drop_table("refreshes")
