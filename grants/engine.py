"""Reconciles one assignment at a time: what grants want against what AWS has."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from grants import endings, pace
from grants.errors import AwsBusy, AwsFault, AwsMissing, AwsRefused, AwsUnsure
from grants.holding import wanted
from grants.model import Assignment, Holding, Key, Lane, Request
from grants.pace import Jitter
from grants.ports import Clock, IdentityCenter, Operation, Progress, Work, Works

log = logging.getLogger(__name__)

Row = Assignment
Change = Callable[[Work, Row, list[Request], datetime], Row]
"""What a step came to, worked out in the transaction that writes it, from the rows as they are."""

STEPS: Final = 12
"""More steps than any assignment takes without waiting for AWS."""


class LostLeaseError(Exception):
    """Somebody else has taken this assignment over: touch nothing more."""


@dataclass(frozen=True, slots=True)
class Engine:
    """Takes assignments from where they are to where the grants want them.

    A step reads AWS or writes it, never both; what it is about to write is committed before.
    """

    works: Works
    identity_center: IdentityCenter
    clock: Clock
    jitter: Jitter = pace.jitter

    def reconcile(self, key: Key) -> None:
        """Step on until there is something to wait for. Harmless to call at any time, twice."""
        row = self._claim(key)
        try:
            for _ in range(STEPS):
                if row is None or row.lease_until is None:
                    return
                row = self._step(row)
        except LostLeaseError:
            log.info("another worker has it", extra={"account": key.account_id})

    # Steps, one for each thing that can be known of an assignment

    def _step(self, row: Row) -> Row:
        match row.holding:
            case Holding.ABSENT:
                return self._begin(row)
            case Holding.CREATING if row.operation:
                return self._watch_creation(row)
            case Holding.CREATING if row.unknown_until:
                return self._settle_creation(row)
            case Holding.CREATING:
                return self._begin(row)
            case Holding.PRESENT:
                return self._hold(row)
            case Holding.DELETING if row.operation:
                return self._watch_deletion(row)
            case Holding.DELETING:
                return self._delete_again(row)
            case Holding.STANDING:
                return self._write(row, _on_paper)

    def _begin(self, row: Row) -> Row:
        """Nothing is there by our hand, and nothing is under way: look, then say what we will do."""
        if not self._is_wanted(row):
            return self._write(row, _nothing_to_do)
        try:
            there = self._is_listed(row.key, Lane.GRANT)
        except AwsFault as fault:
            return self._write(row, self._create_later(fault, row.unknown_until))
        if there:
            return self._write(row, _found_standing)
        return self._create(row)

    def _create(self, row: Row) -> Row:
        """Say what we are about to do, do it, write how it went."""
        unsure_until = row.unknown_until
        row = self._write(row, _intend_to_create)
        if row.holding is not Holding.CREATING or not row.unknown_until:
            return row
        try:
            operation = self.identity_center.create(row.key)
        except AwsBusy as fault:
            return self._write(row, self._create_later(fault, unsure_until))
        except AwsUnsure as fault:
            return self._write(row, _wait_for_lost(fault))
        except AwsRefused as fault:
            return self._give_up(row, fault.reason)
        return self._write(row, _under_way(operation))

    def _give_up(self, row: Row, reason: str) -> Row:
        """AWS said no. The grants fail at once; should anything be there all the same, it goes."""
        try:
            there = self._is_listed(row.key, Lane.GRANT)
        except AwsFault:
            there = True  # Unknown: removing what is not there does no harm.
        return self._write(row, _failed_leaving(reason) if there else _failed_clean(reason))

    def _watch_creation(self, row: Row) -> Row:
        try:
            operation = self.identity_center.creation(row.operation)
        except AwsMissing:
            return self._write(row, _operation_forgotten)
        except AwsFault as fault:
            return self._write(row, self._look_later(fault))
        if operation.progress is Progress.FAILED:
            return self._give_up(row, operation.reason)
        slow = _slow(row, self.clock())
        if operation.progress is Progress.IN_PROGRESS and not slow:
            return self._write(row, _poll_again)
        return self._confirm(row)

    def _confirm(self, row: Row) -> Row:
        """AWS says it succeeded, or has taken so long that the list decides."""
        try:
            there = self._is_listed(row.key, Lane.STATUS)
        except AwsFault as fault:
            return self._write(row, self._look_later(fault))
        if there:
            return self._write(row, _confirmed)
        if row.intent_at and self.clock() - row.intent_at > pace.UNKNOWN_FOR:
            return self._write(row, _failed_leaving("AWS has not listed it for 15 minutes"))
        return self._write(row, _poll_again)

    def _settle_creation(self, row: Row) -> Row:
        """The answer to a create was lost, or we died before writing it down."""
        try:
            if self._is_listed(row.key, Lane.STATUS):
                return self._write(row, _confirmed)
            operation = self._find(row, self.identity_center.creations,
                                   self.identity_center.creation)  # fmt: skip
        except AwsFault as fault:
            return self._write(row, self._look_later(fault))
        if operation is not None:
            return self._write(row, _under_way(operation))
        row = self._write(row, _not_found)
        return self._create(row) if row.due_at and row.due_at <= self.clock() else row

    def _hold(self, row: Row) -> Row:
        if not self._is_wanted(row):
            row = self._write(row, _intend_to_delete)
            return self._delete(row) if row.holding is Holding.DELETING else row
        try:
            there = self._is_listed(row.key, Lane.GRANT)
        except AwsFault as fault:
            return self._write(row, self._look_later(fault))
        return self._write(row, _confirmed if there else _vanished)

    def _delete_again(self, row: Row) -> Row:
        """A removal that failed, or whose answer was lost. Another grant may want it by now."""
        if not self._is_wanted(row):
            row = self._write(row, _intend_to_delete)
            return self._delete(row) if _about_to_ask(row) else row
        try:
            operation = self._find(row, self.identity_center.deletions,
                                   self.identity_center.deletion)  # fmt: skip
            there = operation is None and self._is_listed(row.key, Lane.GRANT)
        except AwsFault as fault:
            return self._write(row, self._look_later(fault))
        if operation is not None:
            return self._write(row, _under_way(operation))
        return self._write(row, _confirmed if there else _deleted)

    def _delete(self, row: Row) -> Row:
        try:
            operation = self.identity_center.delete(row.key)
        except AwsMissing:
            return self._confirm_deletion(row)
        except AwsFault as fault:
            return self._write(row, self._delete_later(fault.reason))
        return self._write(row, _under_way(operation))

    def _watch_deletion(self, row: Row) -> Row:
        try:
            operation = self.identity_center.deletion(row.operation)
        except AwsMissing:
            return self._write(row, _operation_forgotten)
        except AwsFault as fault:
            return self._write(row, self._look_later(fault))
        if operation.progress is Progress.FAILED:
            return self._write(row, self._delete_later(operation.reason))
        if operation.progress is Progress.IN_PROGRESS and not _slow(row, self.clock()):
            return self._write(row, _poll_again)
        return self._confirm_deletion(row)

    def _confirm_deletion(self, row: Row) -> Row:
        try:
            there = self._is_listed(row.key, Lane.STATUS)
        except AwsFault as fault:
            return self._write(row, self._look_later(fault))
        if not there:
            return self._write(row, _deleted)
        if _slow(row, self.clock()) or not row.operation:
            return self._write(row, self._delete_later("AWS still lists the assignment"))
        return self._write(row, _poll_again)

    # Asking

    def _is_listed(self, key: Key, lane: Lane) -> bool:
        try:
            assigned = self.identity_center.assigned(
                key.account_id, key.permission_set_arn, lane=lane
            )
        except AwsMissing:
            return False
        return key.user_id in assigned.users

    def _is_wanted(self, row: Row) -> bool:
        with self.works.reading() as work:
            return wanted(work.requests.of_key(row.key))

    def _find(
        self,
        row: Row,
        listed: Callable[..., "object"],
        described: Callable[[str], Operation],
    ) -> Operation | None:
        """The operation on this key that AWS has under way since our intent, if there is one."""
        since = row.intent_at
        for candidate in listed(progress=Progress.IN_PROGRESS):  # type: ignore[attr-defined]  # the two list methods share this shape
            created = candidate.created_at
            if since and created and (since - created).total_seconds() > 5:
                continue
            operation = described(candidate.id)
            if operation.key == row.key:
                return operation
        return None

    # Writing

    def _claim(self, key: Key) -> Row | None:
        now = self.clock()
        with self.works() as work:
            row = work.assignments.get(key)
            if row is None or row.due_at is None or row.due_at > now:
                return None
            if row.lease_until is not None and row.lease_until > now:
                return None
            claimed = replace(row, lease_until=now + pace.LEASE)
            return _saved(work, claimed)

    def _write(self, lease: Row, change: Change) -> Row:
        """Write how a step went, from the rows as they are now. With something to wait for, let go."""
        now = self.clock()
        with self.works() as work:
            row = work.assignments.get(lease.key)
            if row is None or row.lease_until != lease.lease_until:
                raise LostLeaseError
            holders = work.requests.of_key(row.key)
            after = change(work, row, holders, now)
            after = endings.alarm_if_late(work, after, holders, now)
            if after.due_at is None or after.due_at > now:
                after = replace(after, lease_until=None)
            else:
                after = replace(after, lease_until=now + pace.LEASE)
            return _saved(work, after)

    def _create_later(self, fault: AwsFault, unsure_until: datetime | None) -> Change:
        """Not done, definitely; tried again until its deadline.

        `unsure_until`: an earlier try may still take effect until then, and would be ours.
        """

        def change(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
            deadline = row.deadline or now + pace.CREATE_FOR
            if now >= deadline:
                return _failed_watching(fault.reason, unsure_until)(work, row, holders, now)
            return replace(
                row,
                unknown_until=unsure_until,
                operation="",
                deadline=deadline,
                attempts=row.attempts + 1,
                last_error=fault.reason,
                due_at=now + pace.backoff(row.attempts + 1, self.jitter),
            )

        return change

    def _delete_later(self, reason: str) -> Change:
        """Tried for ever."""

        def change(_work: Work, row: Row, _holders: list[Request], now: datetime) -> Row:
            return replace(
                row,
                operation="",
                unknown_until=None,
                attempts=row.attempts + 1,
                last_error=reason,
                due_at=now + pace.backoff(row.attempts + 1, self.jitter),
            )

        return change

    def _look_later(self, fault: AwsFault) -> Change:
        """We could not look: nothing is known that was not known before."""

        def change(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
            if row.holding is Holding.DELETING:
                return self._delete_later(fault.reason)(work, row, holders, now)
            return replace(
                row,
                last_error=fault.reason,
                polls=row.polls + 1,
                due_at=now + pace.backoff(row.polls + 1, self.jitter),
            )

        return change


def _saved(work: Work, row: Row) -> Row:
    if not work.assignments.save(row):
        raise LostLeaseError
    return replace(row, version=row.version + 1)


def _slow(row: Row, now: datetime) -> bool:
    return row.intent_at is not None and now - row.intent_at > pace.LIST_DECIDES


def _about_to_ask(row: Row) -> bool:
    return row.holding is Holding.DELETING and row.unknown_until is not None


# Changes: each is pure but for the moves it makes on the grants that hold the assignment


def _nothing_to_do(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
    if wanted(holders):
        return replace(row, due_at=now)
    endings.finished(work, holders, now)
    return _empty(row)


def _empty(row: Row) -> Row:
    return Assignment(
        row.key,
        Holding.ABSENT,
        due_at=None,
        absent_seen_at=row.absent_seen_at,
        lease_until=row.lease_until,
        version=row.version,
    )


def _found_standing(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
    """There, and not by us: every try of ours so far, if any, was answered with a no."""
    return _on_paper(work, replace(row, holding=Holding.STANDING), holders, now)


def _on_paper(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
    """A standing assignment is never ours: grants begin and end without AWS."""
    endings.confirmed(work, holders, now, standing=True)
    endings.finished(work, holders, now)
    if not wanted(holders):
        return _empty(row)
    return replace(row, due_at=now + pace.LOOK_AGAIN, deadline=None, unknown_until=None, attempts=0)


def _intend_to_create(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
    if not wanted(holders):
        return _nothing_to_do(work, row, holders, now)
    endings.finished(work, holders, now)
    if work.assignments.under_way() >= pace.OUTSTANDING:
        return replace(row, unknown_until=None, due_at=now + pace.poll(0))
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


def _intend_to_delete(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
    if wanted(holders):
        return replace(row, due_at=now)
    if work.assignments.under_way() >= pace.OUTSTANDING:
        return replace(row, due_at=now + pace.poll(0))
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


def _under_way(operation: Operation) -> Change:
    def change(_work: Work, row: Row, _holders: list[Request], now: datetime) -> Row:
        return replace(
            row, operation=operation.id, unknown_until=None, polls=0, due_at=now + pace.poll(0)
        )

    return change


def _poll_again(_work: Work, row: Row, _holders: list[Request], now: datetime) -> Row:
    return replace(row, polls=row.polls + 1, due_at=now + pace.poll(row.polls + 1))


def _wait_for_lost(fault: AwsFault) -> Change:
    def change(_work: Work, row: Row, _holders: list[Request], now: datetime) -> Row:
        return replace(row, polls=0, last_error=fault.reason, due_at=now + pace.lost(0))

    return change


def _not_found(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
    """Neither listed nor under way. Wanted: ask again. Unwanted: it may still come, so watch."""
    if wanted(holders):
        if row.deadline and now >= row.deadline:
            reason = row.last_error or "AWS did not answer"
            return _failed_watching(reason, row.unknown_until)(work, row, holders, now)
        return replace(row, attempts=row.attempts + 1, due_at=now)
    if row.unknown_until and now < row.unknown_until:
        return replace(row, polls=row.polls + 1, due_at=now + pace.lost(row.polls + 1))
    return _nothing_to_do(work, row, holders, now)


def _operation_forgotten(_work: Work, row: Row, _holders: list[Request], now: datetime) -> Row:
    return replace(row, operation="", unknown_until=now + pace.UNKNOWN_FOR, due_at=now)


def _confirmed(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
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


def _failed_clean(reason: str) -> Change:
    """AWS said no, and nothing is there."""

    def change(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
        failed = endings.failed(work, holders, now, reason)
        endings.finished(work, failed, now)
        return replace(_empty(row), absent_seen_at=now, last_error=reason)

    return change


def _failed_leaving(reason: str) -> Change:
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
            wanted_gone_at=now,
            due_at=now,
        )

    return change


def _failed_watching(reason: str, unsure_until: datetime | None) -> Change:
    """No time is left to try again; a try whose answer was lost is watched until it cannot come."""

    def change(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
        if unsure_until is None or unsure_until <= now:
            return _failed_clean(reason)(work, row, holders, now)
        endings.failed(work, holders, now, reason)
        return replace(
            row,
            operation="",
            unknown_until=unsure_until,
            polls=0,
            last_error=reason,
            due_at=now + pace.lost(0),
        )

    return change


def _vanished(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
    """Ours, and no longer there: somebody removed it. What was active ends; nothing is made anew."""
    endings.vanished(work, holders, now)
    endings.finished(work, holders, now)
    return replace(_empty(row), absent_seen_at=now, due_at=now)


def _deleted(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
    endings.finished(work, holders, now)
    empty = replace(_empty(row), absent_seen_at=now)
    return replace(empty, due_at=now) if wanted(holders) else empty
