"""What becomes of the grants of an assignment when AWS has confirmed something about it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from grants import pace, policy, telling
from grants.lifecycle import take
from grants.model import AWS, Assignment, Holding, Move, Request, Slot, State
from grants.records import ActivityRow
from grants.stores import Work

VANISHED = "removed outside Elevate"


def confirmed(work: Work, holders: Iterable[Request], now: datetime, *, standing: bool) -> None:
    """Access is there: whoever waits for it is active from this very moment.

    The time of an extension runs from where the extended one ends, which is a little later.
    """
    settings = work.policies.current().settings
    for request in holders:
        if request.state is State.GRANTING:
            begins = max(now, request.starts_at or now)
            ends_at = begins + request.duration
            _moved(
                work, request, Move.CONFIRM, now, active_at=begins, ends_at=ends_at, standing=standing,
                remind_at=policy.requester_reminded_at(settings, now, ends_at),
            )  # fmt: skip


def finished(
    work: Work, holders: Iterable[Request], now: datetime, *, removed: bool = False
) -> None:
    """Access is gone, or stays for others: whoever was giving it back has done so.

    `removed`: it was there, and so may have been used also by whoever never saw it active.
    """
    for request in holders:
        if request.state is State.REVOKING:
            after = _moved(work, request, Move.GONE, now, note=request.reason, ended_at=now)
            unseen = removed and after.active_at is None and after.tried_since is not None
            if unseen or (after.active_at is not None and after.active_at <= now):
                work.activities.put(ActivityRow(request.id, due_at=now))


def failed(work: Work, holders: Iterable[Request], now: datetime, reason: str) -> list[Request]:
    """AWS could not give it: whoever waits for it fails. The grants as they are now.

    What was active and could not be given anew is over.
    """
    return [_failed(work, request, now, reason) for request in holders]


def _failed(work: Work, request: Request, now: datetime, reason: str) -> Request:
    match request.state:
        case State.GRANTING:
            return _moved(work, request, Move.FAIL, now, note=reason, reason=reason)
        case State.ACTIVE:
            return _gone(work, request, now, reason)
        case _:
            return request


def vanished(work: Work, holders: Iterable[Request], now: datetime) -> list[Request]:
    """Somebody else removed it: respected, reported, and not created again. The grants as they are now."""
    holders = list(holders)
    gone = {request.id for request in holders if request.state is State.ACTIVE}
    return [
        _failed(work, request, now, VANISHED)
        if request.id in gone or request.extends in gone
        else request
        for request in holders
    ]


def _gone(work: Work, request: Request, now: datetime, reason: str) -> Request:
    after = _moved(work, request, Move.GONE, now, note=reason, reason=reason, ended_at=now)
    work.activities.put(ActivityRow(after.id, due_at=now))
    return after


def given_by_others(work: Work, row: Assignment, holders: Iterable[Request], now: datetime) -> None:
    """It is there again by somebody else's hand: left alone, and told."""
    for request in holders:
        if request.state is State.REVOKING:
            telling.alarm(work, "given_by_others", _facts(row, request), at=now, by=AWS)


def alarm_if_late(
    work: Work, row: Assignment, holders: Sequence[Request], now: datetime
) -> Assignment:
    """From the third failure or a minute after its time somebody is told, once a removal.

    What is not late yet is looked at again no later than it would be. What waits for a slot is not
    late by itself: `alarm_backlog` tells of all that do. Nor is what AWS has taken away, unless nobody
    can see that it is gone.
    """
    if row.wanted_gone_at is None or row.alarmed_at or row.slot is Slot.WAITING:
        return row
    if row.is_taken_away and row.polls < pace.ALARM_AT:
        return row
    late_at = max(row.wanted_gone_at + pace.ALARM_AFTER, row.deadline or row.wanted_gone_at)
    failures = row.attempts if row.holding in {Holding.PRESENT, Holding.DELETING} else 0
    if now < late_at and failures < pace.ALARM_AT:
        return replace(row, due_at=min(row.due_at or now, late_at))
    trouble = {
        "attempts": failures,
        "error": row.last_error,
        "since": row.wanted_gone_at.isoformat(),
    }
    for request in holders:
        if request.state is State.REVOKING:
            told = {**_facts(row, request), **trouble}
            telling.remark(work, request, "overdue", told, at=now)
            telling.alarm(work, "overdue", told, at=now, by=AWS, reason=row.last_error)
    if not holders and row.holding in {Holding.PRESENT, Holding.DELETING}:
        facts = {**_key(row), **trouble}
        telling.alarm(work, "overdue", facts, at=now, by=AWS, reason=row.last_error)
    return replace(row, alarmed_at=now)


def alarm_backlog(work: Work, now: datetime) -> None:
    """More ends at once than AWS takes: one line for all that wait, and then for those that come."""
    count, oldest = work.assignments.backlog(now - pace.BACKLOG_ALARM_AFTER)
    if not count or oldest is None:
        return
    facts = {"count": count, "since": oldest.isoformat()}
    telling.alarm(work, "backlog", facts, at=now, by=AWS)
    work.assignments.backlog_told(now)


def _facts(row: Assignment, request: Request) -> dict[str, object]:
    return {
        **_key(row),
        "request": request.id,
        "account_name": request.account_name,
        "permission_set_name": request.permission_set_name,
    }


def _key(row: Assignment) -> dict[str, object]:
    return {
        "account": row.key.account_id,
        "permission_set": row.key.permission_set_arn,
        "user": row.key.user_id,
    }


def _moved(
    work: Work, request: Request, move: Move, now: datetime, *, note: str = "", **changes: object
) -> Request:
    after, moved = take(request, move, by=AWS, at=now, note=note, **changes)
    after = work.requests.save(after)
    telling.record(work, after, moved)
    return after
