"""The first tables."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0001"
down_revision: str | Sequence[str] | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "assignments",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("permission_set_arn", sa.Text(), nullable=False),
        sa.Column("holding", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger()),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("intent_at", sa.BigInteger()),
        sa.Column("polls", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("deadline", sa.BigInteger()),
        sa.Column("unknown_until", sa.BigInteger()),
        sa.Column("absent_seen_at", sa.BigInteger()),
        sa.Column("wanted_gone_at", sa.BigInteger()),
        sa.Column("alarmed_at", sa.BigInteger()),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("lease_until", sa.BigInteger()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "holding = 'absent' OR due_at IS NOT NULL",
            name=op.f("ck_assignments_held_is_not_forgotten"),
        ),
        sa.CheckConstraint(
            "holding IN ('absent', 'creating', 'deleting', 'present', 'standing')",
            name=op.f("ck_assignments_holding"),
        ),
        sa.PrimaryKeyConstraint(
            "user_id", "account_id", "permission_set_arn", name=op.f("pk_assignments")
        ),
    )
    op.create_index(
        op.f("ix_assignments_due_at"),
        "assignments",
        ["due_at"],
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(op.f("ix_assignments_holding"), "assignments", ["holding"])
    op.create_index(
        op.f("ix_assignments_lease_until"),
        "assignments",
        ["lease_until"],
        sqlite_where=sa.text("lease_until IS NOT NULL"),
        postgresql_where=sa.text("lease_until IS NOT NULL"),
    )

    op.create_table(
        "bindings",
        sa.Column("slack_id", sa.Text(), nullable=False),
        sa.Column("team_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("broken", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("slack_id", name=op.f("pk_bindings")),
    )
    op.create_index(op.f("ix_bindings_user_id"), "bindings", ["user_id"])

    op.create_table(
        "catalogue",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("read_at", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_catalogue_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalogue")),
    )
    op.create_table(
        "catalogue_documents",
        sa.Column("version", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_catalogue_documents")),
    )
    op.create_table(
        "policy_versions",
        sa.Column("version", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_policy_versions")),
    )
    op.create_table(
        "requests",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("requester_slack_id", sa.Text(), nullable=False),
        sa.Column("requester_user_id", sa.Text(), nullable=False),
        sa.Column("requester_user_name", sa.Text(), nullable=False),
        sa.Column("requester_name", sa.Text(), nullable=False),
        sa.Column("requester_email", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("permission_set_arn", sa.Text(), nullable=False),
        sa.Column("account_name", sa.Text(), nullable=False),
        sa.Column("permission_set_name", sa.Text(), nullable=False),
        sa.Column("session_duration", sa.BigInteger(), nullable=False),
        sa.Column("duration", sa.BigInteger(), nullable=False),
        sa.Column("starts_at", sa.BigInteger()),
        sa.Column("justification", sa.Text(), nullable=False),
        sa.Column("ticket", sa.Text(), nullable=False),
        sa.Column("ticket_url", sa.Text(), nullable=False),
        sa.Column("form_id", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("approval_needed", sa.Boolean(), nullable=False),
        sa.Column("approvals", sa.Integer(), nullable=False),
        sa.Column("may_approve", sa.Text(), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("decided_at", sa.BigInteger()),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("active_at", sa.BigInteger()),
        sa.Column("ends_at", sa.BigInteger()),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("because", sa.Text()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("closed_by", sa.Text(), nullable=False),
        sa.Column("standing", sa.Boolean(), nullable=False),
        sa.Column("due_at", sa.BigInteger()),
        sa.CheckConstraint(
            "because IN ('ended', 'failed', 'revoked')", name=op.f("ck_requests_because")
        ),
        sa.CheckConstraint(
            "state <> 'revoking' OR because IS NOT NULL", name=op.f("ck_requests_revoking_because")
        ),
        sa.CheckConstraint(
            "state IN ('active', 'cancelled', 'ended', 'expired', 'failed', "
            "'granting', 'pending', 'rejected', 'revoked', 'revoking', 'scheduled')",
            name=op.f("ck_requests_state"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('active', 'pending', 'scheduled') OR due_at IS NOT NULL",
            name=op.f("ck_requests_timed_is_due"),
        ),
        sa.CheckConstraint("duration > 0", name=op.f("ck_requests_duration")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requests")),
        sa.UniqueConstraint("form_id", name=op.f("uq_requests_form_id")),
    )
    for partial in (["due_at"], ["state", "due_at"]):
        op.create_index(
            op.f("ix_requests_" + "_".join(partial)),
            "requests",
            partial,
            sqlite_where=sa.text("due_at IS NOT NULL"),
            postgresql_where=sa.text("due_at IS NOT NULL"),
        )
    for columns in (
        ["state", "asked_at"],
        ["requester_user_id", "state", "asked_at"],
        ["account_id", "state", "asked_at"],
        ["requester_user_id", "account_id", "permission_set_arn", "state"],
    ):
        op.create_index(op.f("ix_requests_" + "_".join(columns)), "requests", columns)

    op.create_table(
        "activities",
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger()),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("summary", sa.Text()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.id"], name=op.f("fk_activities_request_id_requests")
        ),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_activities")),
    )
    op.create_index(
        op.f("ix_activities_due_at"),
        "activities",
        ["due_at"],
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )

    op.create_table(
        "copies",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("ts", sa.Text(), nullable=False),
        sa.Column("summary_ts", sa.Text(), nullable=False),
        sa.Column("dead", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "place IN ('approver', 'channel', 'direct', 'requester')", name=op.f("ck_copies_place")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.id"], name=op.f("fk_copies_request_id_requests")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_copies")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_copies_request_id"), "copies", ["request_id"])

    op.create_table(
        "votes",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("voter_slack_id", sa.Text(), nullable=False),
        sa.Column("voter_user_id", sa.Text(), nullable=False),
        sa.Column("voter_user_name", sa.Text(), nullable=False),
        sa.Column("voter_name", sa.Text(), nullable=False),
        sa.Column("voter_email", sa.Text(), nullable=False),
        sa.Column("ballot", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("ballot IN ('approve', 'reject')", name=op.f("ck_votes_ballot")),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.id"], name=op.f("fk_votes_request_id_requests")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_votes")),
        sa.UniqueConstraint(
            "request_id", "voter_user_id", name=op.f("uq_votes_request_id_voter_user_id")
        ),
    )
    op.create_table(
        "outbox",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text()),
        sa.Column("copy_id", SERIAL),
        sa.Column("moved", sa.Text()),
        sa.Column("facts", sa.Text()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.BigInteger()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("attempted_at", sa.BigInteger()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('audit', 'card', 'direct', 'line', 'redraw', 'strip', 'summary')",
            name=op.f("ck_outbox_kind"),
        ),
        sa.CheckConstraint("state IN ('dropped', 'sent', 'waiting')", name=op.f("ck_outbox_state")),
        sa.ForeignKeyConstraint(["copy_id"], ["copies.id"], name=op.f("fk_outbox_copy_id_copies")),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.id"], name=op.f("fk_outbox_request_id_requests")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_outbox_stream_id"),
        "outbox",
        ["stream", "id"],
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )


def downgrade() -> None:
    for table in (
        "outbox",
        "votes",
        "copies",
        "activities",
        "requests",
        "policy_versions",
        "catalogue_documents",
        "catalogue",
        "bindings",
        "assignments",
    ):
        op.drop_table(table)
