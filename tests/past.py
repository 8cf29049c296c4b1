"""A long past, made of a short one: what a few requests left behind, many times over and long ago.

Straight by SQL, in the database itself: a million takes minutes, and each row is as the product wrote it, but for who
asked, for what, when, and the numbers. The journal's hashes are copies too, so that its chain does not hold.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    and_,
    case,
    cast,
    func,
    insert,
    literal,
    select,
    type_coerce,
    update,
)

from grants.model import Person, RequestId, State, Target
from grants.records import CutPhase
from storage.columns import Moment
from storage.tables import (
    PERSON,
    activities,
    assignments,
    copies,
    cuts,
    journal,
    journal_counts,
    journal_head,
    outbox,
    requests,
    told_lines,
    votes,
)
from tests.world import World

FIRST_ID: Final = 10_000_000
"""Digits are letters of a request's id, too. Of several pasts each begins behind the one before."""
A_STEP: Final = 10_000
"""So many are made by one statement."""
HERE: Final = MetaData()
NUMBERS: Final = Table(
    "past_numbers", HERE, Column("n", Integer, primary_key=True), prefixes=["TEMPORARY"]
)
LIVED: Final = Table(
    "past_lived", HERE, Column("id", String, primary_key=True), Column("k", Integer),
    prefixes=["TEMPORARY"],
)  # fmt: skip
ASKERS: Final = Table(
    "past_askers", HERE, Column("n", Integer, primary_key=True),
    *(Column(part, String) for part in PERSON), prefixes=["TEMPORARY"],
)  # fmt: skip
TARGETS: Final = Table(
    "past_targets", HERE, Column("n", Integer, primary_key=True),
    Column("account_id", String), Column("permission_set_arn", String), prefixes=["TEMPORARY"],
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Past:
    """Whose, and about what; `lived` has ended, and is repeated once in every `apart`.

    Whoever is named first has asked for the first target, all others for all the others.
    """

    lived: Sequence[RequestId]
    askers: Sequence[Person]
    targets: Sequence[Target]
    apart: timedelta = timedelta(minutes=5)

    def make(self, db: Connection, times: int) -> int:
        """How many requests there are more."""
        HERE.create_all(db)
        db.execute(insert(NUMBERS), [{"n": n} for n in range(A_STEP)])
        db.execute(insert(LIVED), [{"id": each, "k": k} for k, each in enumerate(self.lived)])
        people = [{"n": n, **_person(each)} for n, each in enumerate(self.askers)]
        db.execute(insert(ASKERS), people)
        pairs = [
            {"n": n, "account_id": t.account_id, "permission_set_arn": t.permission_set_arn}
            for n, t in enumerate(self.targets)
        ]
        db.execute(insert(TARGETS), pairs)
        offsets = {table: _last(db, table, column) for table, column in SERIALS.items()}
        begun = db.scalar(select(func.count()).select_from(requests)) or 0
        for start in range(0, times, A_STEP):
            self._repeat(db, offsets, begun, times, range(start, min(start + A_STEP, times)))
        _settle(db)
        HERE.drop_all(db)
        return times * len(self.lived)

    def _repeat(
        self, db: Connection, offsets: dict[Table, int], begun: int, times: int, these: range
    ) -> None:
        n, few = cast(NUMBERS.c.n, BigInteger) + these.start, NUMBERS.c.n < len(these)
        again = cast(n * len(self.lived) + LIVED.c.k + FIRST_ID + begun, Text)
        asker, target = ASKERS.alias("asker"), TARGETS.alias("target")
        for table in (
            requests,
            votes,
            copies,
            told_lines,
            outbox,
            journal,
            journal_counts,
            activities,
        ):
            of = table.c.id if table is requests else table.c.request_id
            here = table.join(LIVED, LIVED.c.id == of).join(NUMBERS, few)
            changes = {of.name: again, **self._moved(table, n, times, offsets)}
            if table is requests:
                whose = (n + LIVED.c.k) % len(self.askers)
                first = whose < self.askers.count(self.askers[0])
                others = (
                    n * 7919 + n // len(self.askers) + LIVED.c.k
                )  # so that most pairs are new ones
                what = case((first, 0), else_=1 + others % (len(self.targets) - 1))
                here = here.join(asker, asker.c.n == whose).join(target, target.c.n == what)
                changes |= {f"requester_{part}": asker.c[part] for part in PERSON}
                changes |= {name: target.c[name] for name in ("account_id", "permission_set_arn")}
                changes |= {"form_id": literal("past-") + again, "extends": literal(None)}  # fmt: skip
            columns = [changes.get(each.name, each) for each in table.c]
            if table is outbox:  # What was told is forgotten after a week.
                here = LIVED.join(outbox, LIVED.c.id == of).join(
                    NUMBERS, and_(few, n < timedelta(days=7) // self.apart)
                )
            rows = select(*columns).select_from(here)
            db.execute(insert(table).from_select([each.name for each in table.c], rows))

    def _moved(
        self, table: Table, n: ColumnElement[int], times: int, offsets: dict[Table, int]
    ) -> dict[str, Any]:
        """Long ago, and with numbers of its own, which grow as time does."""
        ago = (n + 1) * (self.apart // timedelta(microseconds=1))
        moved: dict[str, Any] = {
            each.name: type_coerce(each, BigInteger) - ago
            for each in table.c
            if isinstance(each.type, Moment)
        }
        for one, column in SERIALS.items():
            again = (times - n) * offsets[one]
            if one is table:
                moved[column] = table.c[column] + again
            elif one is copies and "copy_id" in table.c:
                moved["copy_id"] = table.c.copy_id + again
        if table is outbox:
            stream = literal("copy:") + cast(moved["copy_id"], Text)
            moved["stream"] = case((table.c.copy_id.is_not(None), stream), else_=table.c.stream)
        return moved


def asked(world: World) -> list[RequestId]:
    """One that is approved, and one that is not."""
    wanted = "payments-prod · AdministratorAccess"
    requests = [world.asks("bob", wanted, Duration="15m") for _ in range(2)]
    world.decides("eve", requests[0], "Approve")
    world.decides("eve", requests[1], "Reject", "not today")
    return requests


def a_past(
    world: World, others: Sequence[Person], elsewhere: Sequence[Target], *, again: int = 1
) -> Past:
    """What was asked for just now, and has ended; it is to have been by others too, and elsewhere.

    By whoever asked `again` times as often as by each of the others.
    """
    lived = asked(world)
    world.passes(days=2)  # as long as activity that could not be read is tried again
    assert [world.state(each) for each in lived] == [State.ENDED, State.REJECTED]
    with (
        world.works.reading() as work
    ):  # Nothing of it is still to come: it would come a million times.
        assert work.activities.next_due() is None
    first = world.request(lived[0])
    return Past(lived, [*[first.requester] * again, *others], [first.target, *elsewhere])


SERIALS: Final = {votes: "id", copies: "id", outbox: "id", journal: "seq"}


def _person(person: Person) -> dict[str, str]:
    return {part: getattr(person, part) for part in PERSON}


def _last(db: Connection, table: Table, column: str) -> int:
    return int(db.scalar(select(func.max(table.c[column]))) or 0)


def _settle(db: Connection) -> None:
    """The ledger knows whoever held something, whose sessions were cut as well, once; the journal its last line."""
    keys = requests.c.requester_user_id, requests.c.account_id, requests.c.permission_set_arn
    known = ["user_id", "account_id", "permission_set_arn"]
    there = select(assignments.c.user_id).where(
        *(assignments.c[name] == key for name, key in zip(known, keys, strict=True))
    )
    blank = {
        "holding": literal("absent"), "slot": literal("none"), "operation": literal(""),
        "polls": literal(0), "attempts": literal(0), "last_error": literal(""),
        "version": literal(1), "absent_seen_at": func.max(type_coerce(requests.c.ended_at, BigInteger)),
    }  # fmt: skip
    held = (
        select(*keys, *blank.values())
        .where(requests.c.active_at.is_not(None), requests.c.ended_at.is_not(None), ~there.exists())
        .group_by(*keys)
    )
    db.execute(insert(assignments).from_select([*known, *blank], held))
    uncut = select(cuts.c.user_id).where(
        *(cuts.c[name] == key for name, key in zip(known, keys, strict=True))
    )
    lifted = {
        "request_id": func.max(requests.c.id), "phase": literal(CutPhase.LIFTED.value),
        "since": func.max(type_coerce(requests.c.ended_at, BigInteger)),
        "operation": literal(""), "attempts": literal(0), "last_error": literal(""), "version": literal(1),
    }  # fmt: skip
    cut = (
        select(*keys, *lifted.values())
        .where(requests.c.active_at.is_not(None), requests.c.ended_at.is_not(None), ~uncut.exists())
        .group_by(*keys)
    )
    db.execute(insert(cuts).from_select([*known, *lifted], cut))
    last = db.execute(select(journal.c.seq, journal.c.hash).order_by(journal.c.seq.desc()).limit(1))
    seq, digest = last.one()
    db.execute(update(journal_head).values(seq=seq, hash=digest))
    if db.dialect.name == "postgresql":
        for table, column in SERIALS.items():
            if table is not journal:
                sequence = func.pg_get_serial_sequence(table.name, column)
                db.execute(select(func.setval(sequence, _last(db, table, column))))
