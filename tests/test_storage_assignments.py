"""The ledger of assignments forgets none, and gives each to one claimer."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from grants.model import Assignment, Holding, Slot
from grants.slots import Outstanding
from storage.engine import Database
from storage.work import SqlWorks
from tests import make
from tests.make import NOON

MINUTE = timedelta(minutes=1)


def held_by(name: str, **changes: Any) -> Assignment:
    return make.an_assignment(key=make.a_key(make.a_person(name)), **changes)


def test_an_assignment_comes_back_as_it_was(works: SqlWorks) -> None:
    assignment = make.an_assignment(
        holding=Holding.CREATING,
        operation="op-1",
        intent_at=NOON,
        polls=3,
        attempts=2,
        slot=Slot.TAKEN,
        deadline=NOON + MINUTE,
        checked_at=NOON,
        missed_at=NOON,
        may_appear_until=NOON,
        may_vanish_until=NOON,
        absent_seen_at=NOON,
        wanted_gone_at=NOON,
        alarmed_at=NOON,
        last_error="Throttled",
        lease_until=NOON,
    )

    with works() as work:
        work.assignments.add(assignment)

    with works() as work:
        assert work.assignments.get(assignment.key) == assignment
        assert work.assignments.get(make.a_key(make.a_person("Bob"))) is None


@pytest.mark.parametrize("holding", [each for each in Holding if each is not Holding.ABSENT])
def test_forgotten_access_is_unrepresentable(works: SqlWorks, holding: Holding) -> None:
    with pytest.raises(IntegrityError), works() as work:
        work.assignments.add(make.an_assignment(holding=holding, due_at=None))


def test_forgotten_access_cannot_be_written_by_hand(works: SqlWorks, database: Database) -> None:
    with works() as work:
        work.assignments.add(make.an_assignment())

    with pytest.raises(IntegrityError), database.writing() as connection:
        connection.execute(text("UPDATE assignments SET due_at = NULL"))


def test_what_is_absent_needs_no_looking_at(works: SqlWorks) -> None:
    with works() as work:
        work.assignments.add(make.an_assignment(holding=Holding.ABSENT, due_at=None))

        assert work.assignments.next_due() is None


def test_of_two_who_save_one_has_it(works: SqlWorks) -> None:
    assignment = make.an_assignment()
    with works() as work:
        work.assignments.add(assignment)

        first = work.assignments.save(replace(assignment, polls=1))
        second = work.assignments.save(replace(assignment, polls=2))

        assert (first, second) == (True, False)
        assert work.assignments.get(assignment.key) == replace(assignment, polls=1, version=1)


def test_what_should_be_gone_is_due_first_then_the_oldest(works: SqlWorks) -> None:
    with works() as work:
        work.assignments.add(held_by("Late", due_at=NOON - MINUTE))
        work.assignments.add(held_by("Later", due_at=NOON - 2 * MINUTE))
        work.assignments.add(held_by("Gone", due_at=NOON, wanted_gone_at=NOON))
        work.assignments.add(held_by("Overdue", due_at=NOON, wanted_gone_at=NOON - MINUTE))
        work.assignments.add(held_by("Future", due_at=NOON + MINUTE, wanted_gone_at=NOON))
        work.assignments.add(held_by("Leased", due_at=NOON, lease_until=NOON + MINUTE))
        work.assignments.add(held_by("Lapsed", due_at=NOON, lease_until=NOON))

    with works.reading() as work:
        due = [each.key.user_id.rpartition("-")[2] for each in work.assignments.due(NOON, limit=9)]
        assert due == ["overdue", "gone", "later", "late", "lapsed"]
        assert len(work.assignments.due(NOON, limit=2)) == 2


def test_what_somebody_waits_for_is_due_before_routine_however_old(works: SqlWorks) -> None:
    with works() as work:
        work.assignments.add(held_by("Routine", due_at=NOON - 9 * MINUTE))
        work.assignments.add(held_by("Paper", holding=Holding.STANDING, due_at=NOON - 8 * MINUTE))
        work.assignments.add(held_by("Extended", due_at=NOON - MINUTE, deadline=NOON + MINUTE))
        work.assignments.add(held_by("Polled", holding=Holding.CREATING, due_at=NOON))

    with works.reading() as work:
        due = [each.key.user_id.rpartition("-")[2] for each in work.assignments.due(NOON, limit=9)]
        assert due == ["extended", "polled", "routine", "paper"]


@pytest.mark.parametrize(
    ("leased", "free", "first"),
    [(5, 9, 5), (5, 3, 3), (-2, 9, -1)],
    ids=["the lease counts", "the free one is sooner", "a lapsed lease does not count"],
)
def test_a_leased_row_is_due_when_its_lease_ends(
    works: SqlWorks, leased: int, free: int, first: int
) -> None:
    with works() as work:
        work.assignments.add(
            held_by("Leased", due_at=NOON - MINUTE, lease_until=NOON + leased * MINUTE)
        )
        work.assignments.add(held_by("Free", due_at=NOON + free * MINUTE))

        assert work.assignments.next_due() == NOON + first * MINUTE


def test_under_way_is_what_aws_is_busy_with(works: SqlWorks) -> None:
    with works() as work:
        work.assignments.add(held_by("A", holding=Holding.CREATING, slot=Slot.TAKEN))
        work.assignments.add(held_by("B", holding=Holding.DELETING, slot=Slot.TAKEN))
        work.assignments.add(held_by("C", holding=Holding.ABSENT, slot=Slot.TAKEN))
        work.assignments.add(held_by("D", holding=Holding.CREATING))
        work.assignments.add(held_by("E", slot=Slot.WAITING))

        assert work.assignments.outstanding() == Outstanding(2, 1, somebody_waits=False)


def test_what_may_still_appear_cannot_be_forgotten(works: SqlWorks) -> None:
    watched = make.an_assignment(holding=Holding.ABSENT, due_at=None, may_appear_until=NOON)

    with pytest.raises(IntegrityError), works() as work:
        work.assignments.add(watched)


def test_what_waits_for_a_slot_is_not_due_and_is_let_in_by_as_many_as_are_free(
    works: SqlWorks,
) -> None:
    with works() as work:
        for number in range(11):
            work.assignments.add(
                held_by(f"Busy{number}", holding=Holding.DELETING, slot=Slot.TAKEN, due_at=NOON)
            )
        for number in range(3):
            gone = NOON - number * MINUTE
            work.assignments.add(
                held_by(f"End{number}", slot=Slot.WAITING, due_at=NOON, wanted_gone_at=gone)
            )

    with works.reading() as work:
        due = [each.slot for each in work.assignments.due(NOON, limit=99)]
        let_in = [each.key.user_id.rpartition("-")[2] for each in work.assignments.let_in(NOON)]
        assert set(due) == {Slot.TAKEN}
        assert let_in == ["end2"]


def test_of_twelve_slots_two_are_left_for_whoever_waits_to_be_given_access(
    works: SqlWorks,
) -> None:
    with works() as work:
        for number in range(10):
            work.assignments.add(
                held_by(f"Busy{number}", holding=Holding.DELETING, slot=Slot.TAKEN, due_at=NOON)
            )
        for number in range(3):
            work.assignments.add(
                held_by(f"End{number}", slot=Slot.WAITING, due_at=NOON, wanted_gone_at=NOON)
            )
            work.assignments.add(
                held_by(f"New{number}", holding=Holding.ABSENT, slot=Slot.WAITING, due_at=NOON)
            )

    with works.reading() as work:
        let_in = [each.key.user_id.rpartition("-")[2] for each in work.assignments.let_in(NOON)]
        assert let_in == ["new0", "new1"]
