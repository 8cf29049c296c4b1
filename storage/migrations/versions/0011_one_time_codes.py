"""By which one-time codes people prove that it is they who approve, and which votes came with one."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | Sequence[str] | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "proofs",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("pending", sa.Text(), nullable=False),
        sa.Column("begun_at", sa.BigInteger()),
        sa.Column("confirmed_at", sa.BigInteger()),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.BigInteger()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "sealed = '' OR confirmed_at IS NOT NULL",
            name=op.f("ck_proofs_sealed_is_confirmed"),
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_proofs")),
    )
    op.add_column(
        "votes", sa.Column("proved", sa.Boolean(), nullable=False, server_default=sa.false())
    )


def downgrade() -> None:
    op.execute("ALTER TABLE votes DROP COLUMN proved")
    op.drop_table("proofs")
