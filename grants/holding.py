"""Reminding the ledger that an assignment is to be looked at again, from within a move."""

from dataclasses import replace
from datetime import datetime

from grants.lifecycle import HOLDS
from grants.model import Assignment, Holding, Key, Request
from grants.ports import Work


def wanted(holders: list[Request]) -> bool:
    """The wanted state of a key: some grant holds it."""
    return any(request.state in HOLDS for request in holders)


def nudge(work: Work, key: Key, *, at: datetime, over_since: datetime | None = None) -> None:
    """Look at this assignment at once. Whoever is at work on it reads the row anew before writing.

    Its lateness counts from the moment nobody holds it any more: now, or since the time was over.
    """
    row = work.assignments.get(key)
    if row is None:
        work.assignments.add(Assignment(key, Holding.ABSENT, due_at=at))
        return
    gone_since = (
        None if wanted(work.requests.of_key(key)) else row.wanted_gone_at or over_since or at
    )
    work.assignments.save(replace(row, due_at=at, wanted_gone_at=gone_since))
