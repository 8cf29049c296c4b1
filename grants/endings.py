"""What becomes of the grants of an assignment when AWS has confirmed something about it."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from grants import pace, policy, telling
from grants.lifecycle import take
from grants.model import AWS, Assignment, Holding, Move, Request, State
from grants.ports import ActivityRow, Entry, Work

VANISHED = "removed outside Elevate"


def confirmed(work: Work, holders: Iterable[Request], now: datetime, *, standing: bool) -> None:
    """Access is there: whoever waits for it is active from this very moment."""
    settings = work.policies.current().settings
    for request in holders:
        if request.state is State.GRANTING:
            ends_at = now + request.duration
            _moved(
                work, request, Move.CONFIRM, now, active_at=now, ends_at=ends_at, standing=standing,
                remind_at=policy.requester_reminded_at(settings, now, ends_at),
            )  # fmt: skip


def finished(work: Work, holders: Iterable[Request], now: datetime) -> None:
    """Access is gone, or stays for others: whoever was giving it back has done so."""
    for request in holders:
        if request.state is State.REVOKING:
            after = _moved(work, request, Move.GONE, now, note=request.reason, ended_at=now)
            if after.active_at is not None:
                work.activities.put(ActivityRow(request.id, due_at=now))


def failed(work: Work, holders: Iterable[Request], now: datetime, reason: str) -> list[Request]:
    """AWS could not give it: whoever waits for it fails. The grants as they are now."""
    return [
        _moved(work, request, Move.FAIL, now, note=reason, reason=reason)
        if request.state is State.GRANTING
        else request
        for request in holders
    ]


def vanished(work: Work, holders: Iterable[Request], now: datetime) -> None:
    """Somebody else removed it: respected, reported, and not created again."""
    for request in holders:
        if request.state is State.ACTIVE:
            after = _moved(
                work, request, Move.GONE, now, note=VANISHED, reason=VANISHED, ended_at=now
            )
            work.activities.put(ActivityRow(after.id, due_at=now))


def alarm_if_late(
    work: Work, row: Assignment, holders: Iterable[Request], now: datetime
) -> Assignment:
    """From the third failure or a minute after its time somebody is told, once a removal.

    What is not late yet is looked at again no later than it would be.
    """
    if row.holding is Holding.ABSENT or row.wanted_gone_at is None or row.alarmed_at:
        return row
    late = now - row.wanted_gone_at >= pace.ALARM_AFTER
    failures = row.attempts if row.holding is Holding.DELETING else 0
    if not late and failures < pace.ALARM_AT:
        return replace(row, due_at=min(row.due_at or now, row.wanted_gone_at + pace.ALARM_AFTER))
    facts = {
        "account": row.key.account_id,
        "permission_set": row.key.permission_set_arn,
        "user": row.key.user_id,
        "attempts": failures,
        "error": row.last_error,
        "since": row.wanted_gone_at.isoformat(),
    }
    for request in holders:
        if request.state is State.REVOKING:
            told = {**facts, "request": request.id, "account_name": request.account_name,
                    "permission_set_name": request.permission_set_name}  # fmt: skip
            telling.remark(work, request, "overdue", told, at=now)
            telling.alarm(work, "overdue", told, at=now)
            work.journal.write(
                Entry(now, "alarm.overdue", AWS, request.id, reason=row.last_error, facts=facts)
            )
    return replace(row, alarmed_at=now)


def _moved(
    work: Work, request: Request, move: Move, now: datetime, *, note: str = "", **changes: object
) -> Request:
    after, moved = take(request, move, by=AWS, at=now, note=note, **changes)
    after = work.requests.save(after)
    telling.record(work, after, moved)
    return after
