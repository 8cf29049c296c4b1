"""The tables, with the checks that make some mistakes unrepresentable."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    UniqueConstraint,
    false,
    text,
)

from grants.lifecycle import LEADS_TO, LIFECYCLE
from grants.model import Ballot, Holding, Place, Role, Slot, State, Told
from grants.records import CutPhase, SweepName
from grants.so_far import Piece
from storage.columns import Document, Moment, Seconds, Serial, Word, Words


class Sending(StrEnum):
    """How far an outbox row has come."""

    WAITING = "waiting"
    SENT = "sent"
    DROPPED = "dropped"


TIMED: Final = frozenset(step.source for step in LIFECYCLE if step.by is Role.CLOCK)
"""States that the clock must lead out of: a row in one of them is never without its time."""

# All five, for Alembic needs the names, and SQLAlchemy trips over half a convention.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def listed(words: Iterable[StrEnum]) -> str:
    return ", ".join(f"'{word}'" for word in sorted(words))


def one_of(column: str, words: Iterable[StrEnum]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({listed(words)})", name=column)


def partial(*columns: str, where: str) -> Index:
    """An index of the rows that still matter: small, however long the past grows."""
    return Index(None, *columns, sqlite_where=text(where), postgresql_where=text(where))


def required(name: str) -> Column[str]:
    return Column(name, Words, nullable=False)


def person(prefix: str) -> list[Column[str]]:
    return [required(f"{prefix}_{part}") for part in PERSON]


PERSON: Final = ("slack_id", "user_id", "user_name", "name", "email")

requests = Table(
    "requests",
    metadata,
    Column("id", Words, primary_key=True),
    *person("requester"),
    required("account_id"),
    required("permission_set_arn"),
    required("account_name"),
    required("permission_set_name"),
    Column("session_duration", Seconds, nullable=False),
    Column("duration", Seconds, nullable=False),
    Column("starts_at", Moment),
    required("justification"),
    required("ticket"),
    required("ticket_url"),
    Column("form_id", Words, nullable=False, unique=True),
    Column("asked_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("approval_needed", Boolean, nullable=False),
    Column("approvals", Integer, nullable=False),
    Column("may_approve", Document, nullable=False),
    Column("policy_version", Integer, nullable=False),
    Column("extends", Words),
    Column("state", Word(State), nullable=False),
    Column("version", Integer, nullable=False),
    Column("decided_at", Moment),
    required("decided_by"),
    Column("tried_since", Moment),
    Column("active_at", Moment),
    Column("ends_at", Moment),
    Column("ended_at", Moment),
    Column("because", Word(State)),
    required("reason"),
    required("closed_by"),
    Column("standing", Boolean, nullable=False),
    Column("due_at", Moment),
    Column("remind_at", Moment),
    Column("reminded", Integer, nullable=False, server_default="0"),
    Column("nudged_at", Moment),
    Column("tally", Document, nullable=False, server_default="{}"),
    one_of("state", State),
    one_of("because", set(LEADS_TO.values())),
    CheckConstraint(f"state <> '{State.REVOKING}' OR because IS NOT NULL", name="revoking_because"),
    CheckConstraint(f"state NOT IN ({listed(TIMED)}) OR due_at IS NOT NULL", name="timed_is_due"),
    CheckConstraint("duration > 0", name="duration"),
    partial("due_at", where="due_at IS NOT NULL"),
    partial("state", "due_at", where="due_at IS NOT NULL"),
    partial("remind_at", where="remind_at IS NOT NULL"),
    partial("extends", where="extends IS NOT NULL"),
    Index(None, "state", "asked_at"),
    Index(None, "requester_user_id", "asked_at"),
    Index(None, "requester_user_id", "state", "asked_at"),
    Index(None, "account_id", "state", "asked_at"),
    Index(None, "requester_user_id", "account_id", "permission_set_arn", "state"),
)

votes = Table(
    "votes",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("request_id", Words, ForeignKey(requests.c.id), nullable=False),
    *person("voter"),
    Column("ballot", Word(Ballot), nullable=False),
    required("comment"),
    Column("at", Moment, nullable=False),
    Column("proved", Boolean, nullable=False, server_default=false()),
    one_of("ballot", Ballot),
    UniqueConstraint("request_id", "voter_user_id"),
)

COMES_DUE: Final = f"due_at IS NOT NULL AND slot <> '{Slot.WAITING}'"
"""The clock brings it up; what waits for a slot comes when there is one."""
HELD_OR_WATCHED: Final = f"(holding <> '{Holding.ABSENT}' OR due_at IS NOT NULL)"
"""What the engine looks at by itself."""
HAS_TO_DO_WITH_SLOTS: Final = f"slot <> '{Slot.NONE}'"
# Queries say them word for word: SQLite uses a partial index only for what it was made with.

assignments = Table(
    "assignments",
    metadata,
    Column("user_id", Words, primary_key=True),
    Column("account_id", Words, primary_key=True),
    Column("permission_set_arn", Words, primary_key=True),
    Column("holding", Word(Holding), nullable=False),
    Column("due_at", Moment),
    Column("slot", Word(Slot), nullable=False, server_default=Slot.NONE),
    required("operation"),
    Column("intent_at", Moment),
    Column("polls", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("deadline", Moment),
    Column("checked_at", Moment),
    Column("missed_at", Moment),
    # What schema 0002 knew in its place; code of that time may still read and write it.
    Column("unknown_until", Moment),
    Column("may_appear_until", Moment),
    Column("may_vanish_until", Moment),
    Column("absent_seen_at", Moment),
    Column("wanted_gone_at", Moment),
    Column("alarmed_at", Moment),
    required("last_error"),
    Column("lease_until", Moment),
    Column("version", Integer, nullable=False),
    partial("account_id", "permission_set_arn", "user_id", where=HELD_OR_WATCHED),
    # Whole, for SQLite knows without statistics that it beats an index of the holding alone.
    Index(
        "ix_assignments_holding_seen_pair",
        "holding",
        "absent_seen_at",
        "account_id",
        "permission_set_arn",
    ),
    one_of("holding", Holding),
    # Forgotten access: what is not absent has a time at which it is looked at again.
    CheckConstraint(
        f"holding = '{Holding.ABSENT}' OR due_at IS NOT NULL", name="held_is_not_forgotten"
    ),
    one_of("slot", Slot),
    CheckConstraint(
        "may_appear_until IS NULL OR due_at IS NOT NULL", name="what_may_come_is_not_forgotten"
    ),
    partial("due_at", where=COMES_DUE),
    partial("lease_until", where="lease_until IS NOT NULL"),
    partial("slot", "holding", "wanted_gone_at", where=HAS_TO_DO_WITH_SLOTS),
)

copies = Table(
    "copies",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("request_id", Words, ForeignKey(requests.c.id), nullable=False, index=True),
    Column("place", Word(Place), nullable=False),
    required("address"),
    required("channel"),
    required("ts"),
    required("summary_ts"),
    required("dead"),
    Column("note", Words, nullable=False, server_default=""),
    Index(None, "channel", "ts"),
    one_of("place", Place),
    sqlite_autoincrement=True,
)

processes = Table(
    "processes",
    metadata,
    Column("name", Words, primary_key=True),
    Column("seen_at", Moment, nullable=False),
)

sweeps = Table(
    "sweeps",
    metadata,
    Column("name", Word(SweepName), primary_key=True),
    Column("due_at", Moment, nullable=False),
    Column("began_at", Moment),
    required("after"),
    Column("ended_at", Moment),
    Column("tries", Integer, nullable=False),
    required("trouble"),
    Column("version", Integer, nullable=False),
    one_of("name", SweepName),
)

strangers = Table(
    "strangers",
    metadata,
    Column("user_id", Words, primary_key=True),
    Column("account_id", Words, primary_key=True),
    Column("permission_set_arn", Words, primary_key=True),
    Column("found_at", Moment, nullable=False),
    Column("told_at", Moment),
    required("made_by"),
    Column("made_at", Moment),
    Column("missed_at", Moment),
    Index(None, "account_id"),
)

unreachable = Table(
    "unreachable",
    metadata,
    Column("address", Words, primary_key=True),
    required("reason"),
    Column("since", Moment, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Serial, primary_key=True),
    required("stream"),
    Column("kind", Word(Told), nullable=False),
    Column("request_id", Words, ForeignKey(requests.c.id)),
    Column("copy_id", Serial, ForeignKey(copies.c.id)),
    Column("moved", Document),
    Column("facts", Document),
    Column("state", Word(Sending), nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("lease_until", Moment),
    Column("attempts", Integer, nullable=False),
    Column("attempted_at", Moment),
    Column("created_at", Moment, nullable=False),
    required("error"),
    Column("version", Integer, nullable=False),
    one_of("kind", Told),
    one_of("state", Sending),
    partial("stream", "id", where=f"state = '{Sending.WAITING}'"),
    partial("request_id", where=f"state = '{Sending.DROPPED}'"),
    # An id is what Slack is asked about after an answer was lost: none is given twice.
    sqlite_autoincrement=True,
)

told_lines = Table(
    "told_lines",
    metadata,
    Column("copy_id", Serial, ForeignKey(copies.c.id), primary_key=True, autoincrement=False),
    Column("ts", Words, primary_key=True),
    required("thread_ts"),
    Column("request_id", Words, ForeignKey(requests.c.id), nullable=False, index=True),
    required("kind"),
    Column("at", Moment, nullable=False),
    required("sent"),
    required("answered"),
)

journal = Table(
    "journal",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    required("event"),
    Column("actor_role", Word(Role), nullable=False),
    required("actor_name"),
    Column("actor_user_id", Words),
    Column("actor_slack_id", Words),
    Column("request_id", Words),
    required("before"),
    required("after"),
    required("reason"),
    Column("facts", Words),
    required("prev_hash"),
    required("hash"),
    one_of("actor_role", Role),
    Index(None, "request_id", "seq"),
    Index(None, "event", "at"),
)

journal_head = Table(
    "journal_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    required("hash"),
    CheckConstraint("id = 1", name="single"),
)

journal_counts = Table(
    "journal_counts",
    metadata,
    Column("request_id", Words, primary_key=True),
    Column("lines", Integer, nullable=False),
)

forwards = Table(
    "forwards",
    metadata,
    Column("name", Words, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    required("hash"),
    Column("until", BigInteger, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("attempts", Integer, nullable=False),
    required("error"),
    Column("failing_since", Moment),
    Column("alarmed_at", Moment),
    Column("lease_until", Moment),
    Column("version", Integer, nullable=False),
)

policy_versions = Table(
    "policy_versions",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    required("by"),
    Column("document", Document, nullable=False),
)

bindings = Table(
    "bindings",
    metadata,
    Column("slack_id", Words, primary_key=True),
    required("team_id"),
    Column("user_id", Words, nullable=False, index=True),
    required("email"),
    Column("made_at", Moment, nullable=False),
    required("made_by"),
    required("broken"),
    Column("by_hand", Boolean, nullable=False, server_default=false()),
    Column("user_name", Words, nullable=False, server_default=""),
    Column("checked_at", Moment, nullable=False, server_default="0"),
    Index(None, "checked_at"),
)

acted = Table(
    "acted",
    metadata,
    Column("token", Words, primary_key=True),
    Column("at", Moment, nullable=False),
    Index(None, "at"),
)

proofs = Table(
    "proofs",
    metadata,
    Column("user_id", Words, primary_key=True),
    required("sealed"),
    required("pending"),
    Column("begun_at", Moment),
    Column("confirmed_at", Moment),
    Column("last_step", BigInteger, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("locked_until", Moment),
    Column("version", Integer, nullable=False),
    CheckConstraint("sealed = '' OR confirmed_at IS NOT NULL", name="sealed_is_confirmed"),
)

homes = Table(
    "homes",
    metadata,
    Column("slack_id", Words, primary_key=True),
    required("user_id"),
    Column("opened_at", Moment, nullable=False),
    required("hash"),
    Column("roles", Document, nullable=False),
    Column("pages", Document, nullable=False),
    Column("filters", Document, nullable=False),
    Index(None, "opened_at"),
    Index(None, "user_id"),
)

catalogue = Table(
    "catalogue",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    Column("read_at", Moment, nullable=False),
    required("digest"),
    CheckConstraint("id = 1", name="single"),
)

catalogue_documents = Table(
    "catalogue_documents",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    required("document"),
)

refreshes = Table(
    "refreshes",
    metadata,
    Column("piece", Word(Piece), primary_key=True),
    Column("due_at", Moment, nullable=False),
    Column("lease_until", Moment),
    Column("began_at", Moment),
    Column("so_far", Document),
    Column("ended_at", Moment),
    Column("whole_at", Moment),
    required("after"),
    Column("tries", Integer, nullable=False),
    Column("failing_since", Moment),
    Column("alarmed_at", Moment),
    required("error"),
    Column("version", Integer, nullable=False),
    one_of("piece", Piece),
)

activities = Table(
    "activities",
    metadata,
    Column("request_id", Words, ForeignKey(requests.c.id), primary_key=True),
    Column("due_at", Moment),
    Column("tries", Integer, nullable=False),
    Column("summary", Document),
    Column("version", Integer, nullable=False),
    partial("due_at", where="due_at IS NOT NULL"),
)

cuts = Table(
    "cuts",
    metadata,
    Column("user_id", Words, primary_key=True),
    Column("account_id", Words, primary_key=True),
    Column("permission_set_arn", Words, primary_key=True),
    Column("request_id", Words, ForeignKey(requests.c.id), nullable=False),
    Column("phase", Word(CutPhase), nullable=False),
    Column("due_at", Moment),
    Column("since", Moment, nullable=False),
    Column("before", Moment),
    Column("until", Moment),
    required("operation"),
    Column("attempts", Integer, nullable=False),
    required("last_error"),
    Column("alarmed_at", Moment),
    Column("forced_at", Moment),
    Column("unsure_until", Moment),
    Column("scp", Words, nullable=False, server_default=""),
    Column("version", Integer, nullable=False),
    one_of("phase", CutPhase),
    CheckConstraint(f"phase = '{CutPhase.LIFTED}' OR due_at IS NOT NULL", name="due"),
    partial("due_at", where="due_at IS NOT NULL"),
    Index(None, "request_id"),
)

cut_sets = Table(
    "cut_sets",
    metadata,
    Column("permission_set_arn", Words, primary_key=True, key="carrier"),  # once the only carriers
    Column("lease_until", Moment),
    Column("version", Integer, nullable=False),
)
