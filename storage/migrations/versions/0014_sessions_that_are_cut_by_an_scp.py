"""Which service control policy denies open sessions, where it is not the permission set's inline policy."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0014"
down_revision: str | Sequence[str] | None = "0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("cuts", sa.Column("scp", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("cuts", "scp")
