"""What a step of the engine comes to: the assignment's next row, and the moves of its grants.

Each is worked out in the transaction that writes it, from the rows as they are then.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from grants import endings, pace
from grants.errors import AwsFault
from grants.holding import wanted
from grants.model import Assignment, Holding, Request, RequestId
from grants.ports import Operation, Work

Row = Assignment
Change = Callable[[Work, Row, list[Request], datetime], Row]


def nothing_to_do(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
    if wanted(holders):
        return replace(row, due_at=now)
    endings.finished(work, holders, now)
    return emptied(row)


def emptied(row: Row) -> Row:
    return Assignment(
        row.key,
        Holding.ABSENT,
        due_at=None,
        absent_seen_at=row.absent_seen_at,
        lease_until=row.lease_until,
        version=row.version,
    )


def found_standing(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
    """There, and not by us: every try of ours so far, if any, was answered with a no."""
    return on_paper(work, replace(row, holding=Holding.STANDING), holders, now)


def on_paper(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
    """A standing assignment is never ours: grants begin and end without AWS."""
    endings.confirmed(work, holders, now, standing=True)
    endings.finished(work, holders, now)
    if not wanted(holders):
        return emptied(row)
    return replace(
        row,
        due_at=now + pace.LOOK_AGAIN,
        deadline=None,
        unknown_until=None,
        attempts=0,
        polls=0,
        last_error="",
    )


def refuse(lost: dict[RequestId, str]) -> Change:
    """What fails the last check fails; whoever passes it is given access in the next step."""

    def change(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
        for request in holders:
            if request.id in lost:
                endings.failed(work, [request], now, lost[request.id])
        rest = wanted([request for request in holders if request.id not in lost])
        gone_at = None if rest else row.wanted_gone_at or now
        return replace(row, wanted_gone_at=gone_at, due_at=now)

    return change


def intend_to_create(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
    if not wanted(holders):
        return unwanted(work, row, holders, now)
    endings.finished(work, holders, now)
    if work.assignments.under_way() >= pace.OUTSTANDING - pace.KEPT_FOR_ENDS:
        return replace(row, polls=row.polls + 1, due_at=now + pace.poll(row.polls))
    return replace(
        row,
        holding=Holding.CREATING,
        intent_at=now,
        absent_seen_at=now,
        unknown_until=now + pace.UNKNOWN_FOR,
        deadline=row.deadline or now + pace.CREATE_FOR,
        wanted_gone_at=None,
        operation="",
        polls=0,
        due_at=now,
    )


def intend_to_delete(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
    if wanted(holders):
        return replace(row, unknown_until=None, due_at=now)
    if work.assignments.under_way() >= pace.OUTSTANDING:
        return replace(row, unknown_until=None, due_at=now + pace.poll(0))
    return replace(
        row,
        holding=Holding.DELETING,
        intent_at=now,
        unknown_until=now + pace.UNKNOWN_FOR,
        wanted_gone_at=row.wanted_gone_at or now,
        attempts=row.attempts if row.holding is Holding.DELETING else 0,
        operation="",
        polls=0,
        due_at=now,
    )


def under_way(operation: Operation) -> Change:
    def change(_work: Work, row: Row, _holders: list[Request], now: datetime) -> Row:
        return replace(
            row, operation=operation.id, unknown_until=None, polls=0, due_at=now + pace.poll(0)
        )

    return change


def poll_again(_work: Work, row: Row, _holders: list[Request], now: datetime) -> Row:
    return replace(row, polls=row.polls + 1, due_at=now + pace.poll(row.polls + 1))


def wait_for_lost(fault: AwsFault) -> Change:
    def change(_work: Work, row: Row, _holders: list[Request], now: datetime) -> Row:
        due_at = now + pace.lost(row.attempts)
        return replace(row, polls=0, last_error=fault.reason, due_at=due_at)

    return change


def not_found(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
    """Neither listed nor under way. Wanted: ask again. Unwanted: it may still come, so watch."""
    if wanted(holders):
        if row.deadline and now >= row.deadline:
            reason = row.last_error or "AWS did not answer"
            return failed_watching(reason, row.unknown_until)(work, row, holders, now)
        return replace(row, attempts=row.attempts + 1, polls=row.polls + 1, due_at=now)
    return unwanted(work, row, holders, now)


def unwanted(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
    """A try whose answer was lost is watched until it cannot come any more."""
    if row.unknown_until and now < row.unknown_until:
        return replace(row, polls=row.polls + 1, due_at=now + pace.lost(row.polls + 1))
    return nothing_to_do(work, row, holders, now)


def operation_forgotten(_work: Work, row: Row, _holders: list[Request], now: datetime) -> Row:
    return replace(row, operation="", unknown_until=now + pace.UNKNOWN_FOR, due_at=now)


def confirmed(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
    """Identity Center lists it, and it is ours."""
    endings.confirmed(work, holders, now, standing=False)
    held = wanted(holders)
    if held:
        endings.finished(work, holders, now)
    return replace(
        row,
        holding=Holding.PRESENT,
        operation="",
        unknown_until=None,
        deadline=None,
        attempts=0,
        polls=0,
        last_error="",
        wanted_gone_at=None if held else row.wanted_gone_at or now,
        alarmed_at=None,
        due_at=now + pace.LOOK_AGAIN if held else now,
    )


def failed_clean(reason: str) -> Change:
    """AWS said no, and nothing is there."""

    def change(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
        failed = endings.failed(work, holders, now, reason)
        endings.finished(work, failed, now)
        return replace(emptied(row), absent_seen_at=now, last_error=reason)

    return change


def failed_leaving(reason: str) -> Change:
    """AWS said no, and something of ours may be there all the same: it is taken away."""

    def change(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
        endings.failed(work, holders, now, reason)
        return replace(
            row,
            holding=Holding.PRESENT,
            operation="",
            unknown_until=None,
            deadline=None,
            attempts=0,
            polls=0,
            last_error=reason,
            wanted_gone_at=row.wanted_gone_at or now,
            due_at=now,
        )

    return change


def failed_unseen(reason: str) -> Change:
    """No time is left, and we cannot look: nothing is taken for gone that was not seen to be."""

    def change(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
        if row.unknown_until and now < row.unknown_until:
            return failed_watching(reason, row.unknown_until)(work, row, holders, now)
        return failed_leaving(reason)(work, row, holders, now)

    return change


def failed_watching(reason: str, unsure_until: datetime | None) -> Change:
    """No time is left to try again; a try whose answer was lost is watched until it cannot come."""

    def change(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
        if unsure_until is None or unsure_until <= now:
            return failed_clean(reason)(work, row, holders, now)
        endings.failed(work, holders, now, reason)
        return replace(
            row,
            operation="",
            unknown_until=unsure_until,
            polls=1,
            last_error=reason,
            wanted_gone_at=row.wanted_gone_at or now,
            due_at=now + pace.lost(0),
        )

    return change


def missed(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
    """Not listed. Lists lag, so one look says nothing: only the second in a row is believed."""
    if row.attempts:
        return vanished(work, row, holders, now)
    return replace(row, attempts=1, due_at=now + pace.MISSED)


def vanished(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
    """Ours, and no longer there: somebody removed it. What was active ends; nothing is made anew."""
    endings.vanished(work, holders, now)
    endings.finished(work, holders, now)
    return replace(emptied(row), absent_seen_at=now, due_at=now)


def deleted(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
    endings.finished(work, holders, now)
    empty = replace(emptied(row), absent_seen_at=now)
    if not wanted(holders):
        return empty
    return replace(empty, deadline=now + pace.CREATE_FOR, due_at=now)
