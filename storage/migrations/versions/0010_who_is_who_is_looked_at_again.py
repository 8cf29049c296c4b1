"""How a link came about and when it was looked at last; what was acted on once; which card stands where."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | Sequence[str] | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

MATCHED = "verified address"
"""What the code before this wrote for whoever was matched. All others somebody has linked."""
COLUMNS = ("by_hand", "user_name", "checked_at")


def upgrade() -> None:
    op.add_column(
        "bindings", sa.Column("by_hand", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("bindings", sa.Column("user_name", sa.Text(), nullable=False, server_default=""))
    op.add_column(
        "bindings", sa.Column("checked_at", sa.BigInteger(), nullable=False, server_default="0")
    )
    bindings = sa.table("bindings", sa.column("by_hand", sa.Boolean()), sa.column("made_by"))
    op.execute(bindings.update().where(bindings.c.made_by != MATCHED).values(by_hand=True))
    op.create_index(op.f("ix_bindings_checked_at"), "bindings", ["checked_at"])
    op.create_table(
        "acted",
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_acted")),
    )
    op.create_index(op.f("ix_acted_at"), "acted", ["at"])
    op.create_index(op.f("ix_copies_channel_ts"), "copies", ["channel", "ts"])


def downgrade() -> None:
    op.drop_index(op.f("ix_copies_channel_ts"), "copies")
    op.drop_table("acted")
    op.drop_index(op.f("ix_bindings_checked_at"), "bindings")
    for column in COLUMNS:
        op.execute(f"ALTER TABLE bindings DROP COLUMN {column}")
