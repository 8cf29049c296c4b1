"""What a step of the engine comes to: the assignment's next row, and the moves of its grants.

Each is worked out in the transaction that writes it, from the rows as they are then.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from grants import endings, pace
from grants.holding import turned, waiting, wanted
from grants.model import Assignment, Holding, Request, RequestId, Slot, State
from grants.pace import Jitter
from grants.ports import Operation
from grants.stores import Work

Row = Assignment
Change = Callable[[Work, Row, list[Request], datetime], Row]


# Nothing is there


def nothing_to_do(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
    """Not listed, and nothing under way. What may still come is watched until it cannot."""
    if wanted(holders):
        return replace(turned(row, held=True, at=now), due_at=now)
    if row.may_appear(now):
        due_at = now + pace.lost(row.polls)
        row = turned(row, held=False, at=now) if holders else row
        return replace(row, slot=Slot.NONE, polls=row.polls + 1, due_at=due_at)
    endings.finished(work, holders, now)
    return emptied(row, now)


def emptied(row: Row, now: datetime) -> Row:
    """Absent, as far as lists show. What lost answers may still bring about is not forgotten."""
    comes = row.may_appear(now)
    return Assignment(
        row.key,
        Holding.ABSENT,
        due_at=now + pace.lost(0) if comes else None,
        may_appear_until=row.may_appear_until if comes else None,
        may_vanish_until=row.may_vanish_until if row.may_vanish(now) else None,
        absent_seen_at=row.absent_seen_at,
        lease_until=row.lease_until,
        version=row.version,
    )


def found(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
    """There, although we saw that it was not: by a create of ours without an answer, or not by us."""
    if row.may_appear_until is not None:
        return confirmed(work, row, holders, now)
    standing = replace(row, holding=Holding.STANDING, slot=Slot.NONE, intent_at=None)
    return on_paper(work, standing, holders, now)


def on_paper(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
    """A standing assignment is never ours: grants begin and end without AWS."""
    endings.confirmed(work, holders, now, standing=True)
    endings.finished(work, holders, now)
    if not wanted(holders):
        return emptied(row, now)
    return replace(_at_rest(row), due_at=now + pace.look_again(row.key))


def _at_rest(row: Row) -> Row:
    """As it is wanted to be: nothing that was tried so far matters any more."""
    return replace(
        row,
        slot=Slot.NONE,
        operation="",
        intent_at=None,
        polls=0,
        attempts=0,
        deadline=None,
        checked_at=None,
        missed_at=None,
        last_error="",
    )


# Giving


def take_slot(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
    """One of the operations that may be under way at once; without it nothing is asked of AWS."""
    if not wanted(holders):
        return replace(row, slot=Slot.NONE, due_at=now)
    if not work.assignments.outstanding().for_giving:
        return waiting(row, now)
    new = row.slot is Slot.WAITING and not row.attempts
    deadline = None if new else row.deadline
    return replace(
        row, slot=Slot.TAKEN, deadline=deadline or now + pace.CREATE_FOR, polls=0, due_at=now
    )


def checked(lost: dict[RequestId, str]) -> Change:
    """What fails the last check fails; whoever passes it is given access in the next step."""

    def change(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
        for request in holders:
            if request.id in lost:
                endings.failed(work, [request], now, lost[request.id])
        rest = [request for request in holders if request.id not in lost]
        after = turned(row, held=wanted(rest), at=now)
        return replace(after, checked_at=now, due_at=now)

    return change


def intend_to_create(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
    if not wanted(holders):
        return nothing_to_do(work, row, holders, now)
    endings.finished(work, holders, now)
    return replace(
        turned(row, held=True, at=now),
        holding=Holding.CREATING,
        operation="",
        intent_at=now,
        absent_seen_at=now,
        may_appear_until=row.may_appear_until if row.may_appear(now) else None,
        polls=0,
        due_at=now,
    )


def under_way(operation: Operation, look_in: timedelta) -> Change:
    def change(_work: Work, row: Row, _holders: list[Request], now: datetime) -> Row:
        return replace(row, operation=operation.id, polls=0, due_at=now + look_in)

    return change


def poll_again(_work: Work, row: Row, _holders: list[Request], now: datetime) -> Row:
    return replace(row, polls=row.polls + 1, due_at=now + pace.poll(row.polls + 1))


def not_asked(_work: Work, row: Row, _holders: list[Request], now: datetime) -> Row:
    """So much time went by before its turn that it is decided anew."""
    back = {Holding.CREATING: Holding.ABSENT, Holding.DELETING: Holding.PRESENT}[row.holding]
    return replace(row, holding=back, slot=Slot.NONE, intent_at=None, due_at=now)


def answer_lost(reason: str) -> Change:
    """It keeps its slot until somebody has looked."""

    def change(_work: Work, row: Row, _holders: list[Request], now: datetime) -> Row:
        return replace(row, polls=0, last_error=reason, due_at=now + pace.lost(row.attempts))

    return change


def settled(change: Change) -> Change:
    """What was found may be an earlier write's: then this one may still be carried out as well."""

    def both(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
        if row.holding is Holding.CREATING and row.may_appear_until:
            row = replace(row, may_appear_until=_until(row.may_appear_until, row, now))
        if row.holding is Holding.DELETING and row.may_vanish_until:
            row = replace(row, may_vanish_until=_until(row.may_vanish_until, row, now))
        return change(work, row, holders, now)

    return both


def create_not_found(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
    """Neither listed nor under way. It may still come; whoever wants it is given it anew."""
    after = replace(
        row,
        holding=Holding.ABSENT,
        slot=Slot.NONE,
        intent_at=None,
        may_appear_until=_until(row.may_appear_until, row, now),
        checked_at=None,
        attempts=row.attempts + 1,
        polls=0,
        due_at=now,
    )
    return without_the_late(work, after, holders, now, row.last_error or "AWS did not answer")


def _until(known: datetime | None, row: Row, now: datetime) -> datetime:
    """So long what we were about to ask for may still be carried out."""
    until = (row.intent_at or now) + pace.UNKNOWN_FOR
    return max(known, until) if known else until


def create_later(reason: str, jitter: Jitter) -> Change:
    """Not done, definitely; tried again for as long as somebody waits for it."""

    def change(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
        after = replace(
            row,
            holding=Holding.ABSENT,
            slot=Slot.NONE,
            intent_at=None,
            checked_at=None,
            attempts=row.attempts + 1,
            last_error=reason,
            due_at=now + pace.backoff(row.attempts + 1, jitter),
        )
        return without_the_late(work, after, holders, now, reason)

    return change


def look_later(reason: str, jitter: Jitter) -> Change:
    """We could not look: nothing is known that was not known before."""

    def change(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
        due_at = now + pace.backoff(row.polls + 1, jitter)
        after = replace(row, last_error=reason, polls=row.polls + 1, due_at=due_at)
        return without_the_late(work, after, holders, now, reason)

    return change


def without_the_late(
    work: Work, row: Row, holders: list[Request], now: datetime, reason: str
) -> Row:
    """Each grant is waited for as long as any other; then it fails, and the others go on."""
    late = [each for each in holders if _waits(row, each) and now >= _gives_up_at(row, each)]
    if not late:
        return row
    endings.failed(work, late, now, reason)
    if wanted([each for each in holders if each not in late]):
        return row
    return replace(turned(row, held=False, at=now), due_at=now)


def _waits(row: Row, request: Request) -> bool:
    """To be given it, or to be given anew what it had."""
    gone = row.holding is Holding.ABSENT
    return request.state is State.GRANTING or (request.state is State.ACTIVE and gone)


def _gives_up_at(row: Row, request: Request) -> datetime:
    own = tried_since(request) + pace.CREATE_FOR
    return max(own, row.deadline) if row.deadline else own


def tried_since(request: Request) -> datetime:
    """When AWS was to be asked for it; of what code before 0005 started it is not known so well."""
    return request.tried_since or request.decided_at or request.asked_at


def operation_forgotten(_work: Work, row: Row, _holders: list[Request], now: datetime) -> Row:
    """AWS no longer knows it: as if its answer had been lost."""
    return replace(row, operation="", due_at=now)


def confirmed(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
    """Identity Center lists it, and it is ours."""
    endings.confirmed(work, holders, now, standing=False)
    held = wanted(holders)
    if held:
        endings.finished(work, holders, now)
    after = replace(turned(_at_rest(row), held=held, at=now), holding=Holding.PRESENT)
    if not held:
        return replace(after, due_at=now)
    if row.may_vanish(now):
        return replace(after, polls=row.polls + 1, due_at=now + pace.lost(row.polls))
    return replace(after, due_at=now + pace.look_again(row.key))


def failed_clean(reason: str) -> Change:
    """AWS said no, and nothing is there; an earlier create may still come, and is watched for."""

    def change(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
        failed = endings.failed(work, holders, now, reason)
        absent = replace(
            _at_rest(row), holding=Holding.ABSENT, absent_seen_at=now, last_error=reason
        )
        after = nothing_to_do(work, turned(absent, held=False, at=now), failed, now)
        return replace(after, last_error=reason)

    return change


def failed_leaving(reason: str) -> Change:
    """AWS said no, and something of ours may be there all the same: it is taken away."""

    def change(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
        endings.failed(work, holders, now, reason)
        after = turned(_at_rest(row), held=False, at=now)
        return replace(after, holding=Holding.PRESENT, last_error=reason, due_at=now)

    return change


# Holding


def missed(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
    """Not listed. Lists lag, so one look says nothing: only a second one, later, is believed."""
    if row.missed_at is None:
        return replace(row, missed_at=now, due_at=now + pace.MISSED)
    if now < row.missed_at + pace.MISSED:
        return replace(row, due_at=row.missed_at + pace.MISSED)
    if row.holding is Holding.PRESENT and row.may_vanish(now):
        return taken_by_ourselves(work, row, holders, now)
    return vanished(work, row, holders, now)


def vanished(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
    """No longer there: somebody removed it. What was active ends; nothing is made anew.

    Should a list only have been late, what was ours is ours when it is seen again.
    """
    left = endings.vanished(work, holders, now)
    endings.finished(work, left, now)
    ours = row.holding is Holding.PRESENT
    evidence = _later(row.may_appear_until, now) if ours else row.may_appear_until
    after = replace(emptied(replace(row, may_appear_until=evidence), now), absent_seen_at=now)
    return replace(after, due_at=now) if wanted(left) else after


def _later(known: datetime | None, now: datetime) -> datetime:
    until = now + pace.UNKNOWN_FOR
    return max(known, until) if known else until


def taken_by_ourselves(_work: Work, row: Row, _holders: list[Request], now: datetime) -> Row:
    """A removal of ours without an answer was carried out, and others want it by now: make it anew."""
    return replace(emptied(row, now), absent_seen_at=now, due_at=now)


# Taking away


def intend_to_delete(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
    row = turned(row, held=wanted(holders), at=now)
    if row.wanted_gone_at is None:
        return replace(row, slot=Slot.NONE, due_at=now)
    if not work.assignments.outstanding().for_ends:
        return waiting(row, now)
    return replace(
        _let_in(row, now),
        holding=Holding.DELETING,
        slot=Slot.TAKEN,
        operation="",
        intent_at=now,
        missed_at=None,
        polls=0,
        due_at=now,
    )


def _let_in(row: Row, now: datetime) -> Row:
    """What it waited for a slot does not make it late: nobody can do anything about that."""
    if row.slot is not Slot.WAITING or row.due_at is None or now - row.due_at < pace.NO_WAIT:
        return row
    told = row.alarmed_at if row.attempts else None  # Else it was told of as one of many.
    return replace(row, deadline=now + pace.ALARM_AFTER, alarmed_at=told)


def delete_not_found(_work: Work, row: Row, _holders: list[Request], now: datetime) -> Row:
    """Neither gone nor under way. It may still go; and if nobody wants it, it is asked for again."""
    return replace(
        row,
        holding=Holding.PRESENT,
        slot=Slot.NONE,
        intent_at=None,
        may_vanish_until=_until(row.may_vanish_until, row, now),
        attempts=row.attempts + 1,
        polls=0,
        due_at=now,
    )


def delete_later(reason: str, jitter: Jitter) -> Change:
    """Not done, definitely. Tried for ever."""

    def change(_work: Work, row: Row, _holders: list[Request], now: datetime) -> Row:
        return replace(
            row,
            holding=Holding.PRESENT,
            slot=Slot.NONE,
            operation="",
            intent_at=None,
            attempts=row.attempts + 1,
            last_error=reason,
            due_at=now + pace.backoff(row.attempts + 1, jitter),
        )

    return change


def carried_out(row: Row, now: datetime) -> Row:
    """AWS says that it is done: whatever waits for the slot goes first, then the list is looked at."""
    return replace(row, slot=Slot.NONE, polls=0, due_at=now)


def listed_still(_work: Work, row: Row, _holders: list[Request], now: datetime) -> Row:
    """Done, as AWS said, and listed all the same: from now on it is followed by itself."""
    due_at, deadline = now + pace.poll(1), now + pace.ALARM_AFTER
    return replace(row, slot=Slot.TAKEN, polls=1, due_at=due_at, deadline=deadline)


def deleted(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
    endings.finished(work, holders, now, removed=True)
    empty = replace(emptied(row, now), absent_seen_at=now)
    return replace(empty, due_at=now) if wanted(holders) else empty


def given_by_others(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
    """Ours was removed, and somebody made it anew since: theirs to take away, not ours."""
    endings.given_by_others(work, row, holders, now)
    after = deleted(work, replace(row, may_appear_until=None), holders, now)
    # Not now: it was gone when AWS had carried out what we were about to ask for then.
    return replace(after, absent_seen_at=row.intent_at or row.absent_seen_at)
