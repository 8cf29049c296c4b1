"""Reminding the ledger that an assignment is to be looked at again, from within a move."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from grants import pace
from grants.lifecycle import HOLDS
from grants.model import Assignment, Holding, Key, Request, Slot, State
from grants.stores import Work


def wanted(holders: Iterable[Request]) -> bool:
    """The wanted state of a key: some grant holds it."""
    return any(request.state in HOLDS for request in holders)


def turned(row: Assignment, *, held: bool, at: datetime) -> Assignment:
    """Whether it is to be there. Lateness counts from the moment nobody holds it any more."""
    if held == (row.wanted_gone_at is None):
        return row
    gone_at = None if held else at
    return replace(row, wanted_gone_at=gone_at, deadline=None, alarmed_at=None)


def waiting(row: Assignment, now: datetime) -> Assignment:
    """For a slot: since now, or as long as it has. What may come by itself is looked for meanwhile."""
    if _comes_by_itself(row, now):
        due_at = now + pace.lost(row.polls)
        return replace(row, slot=Slot.NONE, polls=row.polls + 1, due_at=due_at)
    since = row.due_at if row.slot is Slot.WAITING else now
    return replace(row, slot=Slot.WAITING, due_at=since)


def _comes_by_itself(row: Assignment, now: datetime) -> bool:
    return row.holding is Holding.ABSENT and row.may_appear(now)


def is_at_rest(row: Assignment) -> bool:
    """Whether nobody waits for anything: it is only looked at, in case it vanished."""
    settled = row.holding in {Holding.PRESENT, Holding.STANDING} and row.slot is Slot.NONE
    return settled and row.wanted_gone_at is None and row.deadline is None


def nudge(work: Work, key: Key, *, at: datetime, over_since: datetime | None = None) -> None:
    """Look at this assignment at once, or, if AWS is to be asked, as soon as there is a slot.

    Whoever is at work on it reads the row anew before writing. It is late from now, or from when
    its time was over.
    """
    row = work.assignments.get(key)
    if row is None:
        work.assignments.add(Assignment(key, Holding.ABSENT, due_at=at, slot=Slot.WAITING))
        return
    holders = work.requests.of_key(key)
    held = wanted(holders)
    row = turned(row, held=held, at=over_since or at)
    if row.slot is not Slot.TAKEN:
        row = _in_line(row, at, held=held)
    if row.slot is not Slot.WAITING:
        row = replace(row, due_at=at)
    if held and row.holding in {Holding.PRESENT, Holding.STANDING} and _somebody_new(holders):
        row = replace(row, deadline=row.deadline or at + pace.CREATE_FOR)
    work.assignments.save(row)


def _in_line(row: Assignment, at: datetime, *, held: bool) -> Assignment:
    """For a slot, where the next thing to do is to ask AWS."""
    ask_aws = Holding.ABSENT if held else Holding.PRESENT
    if row.holding is ask_aws and not _comes_by_itself(row, at):
        return waiting(row, at)
    return replace(row, slot=Slot.NONE)


def _somebody_new(holders: Iterable[Request]) -> bool:
    return any(request.state is State.GRANTING for request in holders)
