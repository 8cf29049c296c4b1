"""How far the approving votes on a request have come, for its card."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | Sequence[str] | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # With a default, so that the code before this one goes on adding rows.
    op.add_column("requests", sa.Column("tally", sa.Text(), nullable=False, server_default="{}"))


def downgrade() -> None:
    with op.batch_alter_table("requests") as requests:
        requests.drop_column("tally")
