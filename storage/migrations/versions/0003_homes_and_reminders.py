"""Who has App Home open and what it shows, and when somebody is to be reminded of a request."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | Sequence[str] | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BEFORE = "'audit', 'card', 'direct', 'line', 'redraw', 'strip', 'summary'"
AFTER = "'audit', 'card', 'direct', 'home', 'line', 'redraw', 'strip', 'summary'"
SECOND = 1_000_000
"""Moments are microseconds."""


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
    _carry_over()


def _carry_over() -> None:
    """Who waits already is reminded too; and accounts count as read without their tags.

    The code before this one stored every account as if it carried none.
    """
    connection = op.get_bind()
    found = connection.execute(
        sa.text("SELECT document FROM policy_versions ORDER BY version DESC LIMIT 1")
    ).scalar()
    settings = json.loads(found)["settings"] if found else {}
    between = int(settings.get("nudge_interval") or 15 * 60) * SECOND
    before = int(settings.get("reminder") or 10 * 60) * SECOND
    columns = ("state", "asked_at", "expires_at", "active_at", "ends_at", "remind_at")
    requests = sa.table("requests", *(sa.column(name) for name in columns))
    row = requests.c
    connection.execute(
        requests.update()
        .where(row.state == "pending", row.asked_at + between < row.expires_at)
        .values(remind_at=row.asked_at + between)
    )
    connection.execute(
        requests.update()
        .where(row.state == "active", row.ends_at - before > row.active_at)
        .values(remind_at=row.ends_at - before)
    )
    documents = sa.table("catalogue_documents", sa.column("version"), sa.column("document"))
    for version, document in connection.execute(sa.select(documents)).all():
        read = json.loads(document)
        read["accounts"] = [[*account[:5], None] for account in read["accounts"]]
        untagged = json.dumps(read, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        this = documents.c.version == version
        connection.execute(documents.update().where(this).values(document=untagged))


def _kinds(words: str) -> None:
    with (
        _ids_kept("outbox"),
        op.batch_alter_table("outbox", table_kwargs={"sqlite_autoincrement": True}) as outbox,
    ):
        outbox.drop_constraint(op.f("ck_outbox_kind"), type_="check")
        outbox.create_check_constraint(op.f("ck_outbox_kind"), f"kind IN ({words})")


@contextmanager
def _ids_kept(table: str) -> Iterator[None]:
    """SQLite copies a table to change it, and then counts its ids from the rows that are left."""
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        yield
        return
    counted = sa.table("sqlite_sequence", sa.column("name"), sa.column("seq"))
    this = counted.c.name == table
    last = connection.execute(sa.select(counted.c.seq).where(this)).scalar()
    yield
    if last is not None:
        connection.execute(counted.delete().where(this))
        connection.execute(counted.insert().values(name=table, seq=last))


def downgrade() -> None:
    op.execute("DELETE FROM outbox WHERE kind = 'home'")
    _kinds(BEFORE)
    with (
        _ids_kept("copies"),
        op.batch_alter_table("copies", table_kwargs={"sqlite_autoincrement": True}) as copies,
    ):
        copies.drop_column("note")
    op.drop_index(op.f("ix_requests_requester_user_id_asked_at"), "requests")
    op.drop_index(op.f("ix_requests_remind_at"), "requests")
    with op.batch_alter_table("requests") as requests:
        requests.drop_column("nudged_at")
        requests.drop_column("reminded")
        requests.drop_column("remind_at")
    op.drop_table("homes")
