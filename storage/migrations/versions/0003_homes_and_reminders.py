"""Who has App Home open and what it shows, and when somebody is to be reminded of a request."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | Sequence[str] | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BEFORE = "'audit', 'card', 'direct', 'line', 'redraw', 'strip', 'summary'"
AFTER = "'audit', 'card', 'direct', 'home', 'line', 'redraw', 'strip', 'summary'"


def upgrade() -> None:
    op.create_table(
        "homes",
        sa.Column("slack_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("pages", sa.Text(), nullable=False),
        sa.Column("filters", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("slack_id", name=op.f("pk_homes")),
    )
    op.create_index(op.f("ix_homes_opened_at"), "homes", ["opened_at"])
    op.create_index(op.f("ix_homes_user_id"), "homes", ["user_id"])

    # With a default, so that the code before this one goes on adding rows.
    op.add_column("requests", sa.Column("remind_at", sa.BigInteger()))
    op.add_column(
        "requests", sa.Column("reminded", sa.Integer(), nullable=False, server_default="0")
    )
    op.add_column("requests", sa.Column("nudged_at", sa.BigInteger()))
    op.create_index(
        op.f("ix_requests_remind_at"),
        "requests",
        ["remind_at"],
        sqlite_where=sa.text("remind_at IS NOT NULL"),
        postgresql_where=sa.text("remind_at IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_requests_requester_user_id_asked_at"),
        "requests",
        ["requester_user_id", "asked_at"],
    )
    op.add_column("copies", sa.Column("note", sa.Text(), nullable=False, server_default=""))
    _kinds(AFTER)


def _kinds(words: str) -> None:
    with op.batch_alter_table("outbox", table_kwargs={"sqlite_autoincrement": True}) as outbox:
        outbox.drop_constraint(op.f("ck_outbox_kind"), type_="check")
        outbox.create_check_constraint(op.f("ck_outbox_kind"), f"kind IN ({words})")


def downgrade() -> None:
    op.execute("DELETE FROM outbox WHERE kind = 'home'")
    _kinds(BEFORE)
    with op.batch_alter_table("copies", table_kwargs={"sqlite_autoincrement": True}) as copies:
        copies.drop_column("note")
    op.drop_index(op.f("ix_requests_requester_user_id_asked_at"), "requests")
    op.drop_index(op.f("ix_requests_remind_at"), "requests")
    with op.batch_alter_table("requests") as requests:
        requests.drop_column("nudged_at")
        requests.drop_column("reminded")
        requests.drop_column("remind_at")
    op.drop_table("homes")
