"""Reconciles one assignment at a time: what grants want against what AWS has."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from grants import changes, endings, pace
from grants.changes import Change, Row
from grants.errors import AwsBusy, AwsFault, AwsMissing, AwsRefused, AwsUnsure
from grants.holding import wanted
from grants.model import Holding, Key, Lane, Request, RequestId, State
from grants.pace import Jitter
from grants.ports import Clock, IdentityCenter, Operation, Progress, Work, Works

log = logging.getLogger(__name__)

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
    why_not: Callable[[Request], str] = lambda _: ""
    """The last check, made again where a creation comes late: why not; empty: it may be given."""

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
                return self._rest_on(row)

    def _begin(self, row: Row) -> Row:
        """Nothing is there by our hand, and nothing is under way: look, then say what we will do."""
        if not self._is_wanted(row):
            return self._write(row, changes.nothing_to_do)
        try:
            there = self._is_listed(row.key, Lane.GRANT)
        except AwsFault as fault:
            return self._write(row, self._create_later(fault, row.unknown_until))
        if there:
            return self._write(row, changes.found_standing)
        return self._create(row)

    def _create(self, row: Row) -> Row:
        """Say what we are about to do, do it, write how it went."""
        unsure_until = row.unknown_until
        try:
            lost = self._no_longer_given(row)
        except AwsFault as fault:
            return self._write(row, self._create_later(fault, unsure_until))
        if lost:
            return self._write(row, changes.refuse(lost))
        row = self._write(row, changes.intend_to_create)
        if row.holding is not Holding.CREATING or row.lease_until is None:
            return row
        try:
            operation = self.identity_center.create(row.key)
        except AwsBusy as fault:
            return self._write(row, self._create_later(fault, unsure_until))
        except AwsUnsure as fault:
            return self._write(row, changes.wait_for_lost(fault))
        except AwsRefused as fault:
            return self._give_up(row, fault.reason)
        return self._write(row, changes.under_way(operation))

    def _give_up(self, row: Row, reason: str) -> Row:
        """AWS said no. The grants fail at once; should anything be there all the same, it goes."""
        try:
            there = self._is_listed(row.key, Lane.GRANT)
        except AwsFault:
            there = True  # Unknown: removing what is not there does no harm.
        return self._write(
            row, changes.failed_leaving(reason) if there else changes.failed_clean(reason)
        )

    def _watch_creation(self, row: Row) -> Row:
        try:
            operation = self.identity_center.creation(row.operation)
        except AwsMissing:
            return self._write(row, changes.operation_forgotten)
        except AwsFault as fault:
            return self._write(row, self._look_later(fault))
        if operation.progress is Progress.FAILED:
            return self._give_up(row, operation.reason)
        slow = _slow(row, self.clock())
        if operation.progress is Progress.IN_PROGRESS and not slow:
            return self._write(row, changes.poll_again)
        return self._confirm(row)

    def _confirm(self, row: Row) -> Row:
        """AWS says it succeeded, or has taken so long that the list decides."""
        try:
            there = self._is_listed(row.key, Lane.STATUS)
        except AwsFault as fault:
            return self._write(row, self._look_later(fault))
        if there:
            return self._write(row, changes.confirmed)
        if row.intent_at and self.clock() - row.intent_at > pace.UNKNOWN_FOR:
            return self._write(row, changes.failed_leaving("AWS has not listed it for 15 minutes"))
        return self._write(row, changes.poll_again)

    def _settle_creation(self, row: Row) -> Row:
        """The answer to a create was lost, or we died before writing it down."""
        try:
            if self._is_listed(row.key, Lane.STATUS):
                return self._write(row, changes.confirmed)
            operation = self._find(row, self.identity_center.creations,
                                   self.identity_center.creation)  # fmt: skip
        except AwsFault as fault:
            return self._write(row, self._look_later(fault))
        if operation is not None:
            return self._write(row, changes.under_way(operation))
        row = self._write(row, changes.not_found)
        return self._create(row) if row.due_at and row.due_at <= self.clock() else row

    def _hold(self, row: Row) -> Row:
        if not self._is_wanted(row):
            row = self._write(row, changes.intend_to_delete)
            return self._delete(row) if row.holding is Holding.DELETING else row
        try:
            there = self._is_listed(row.key, Lane.GRANT)
        except AwsFault as fault:
            return self._write(row, self._look_later(fault))
        return self._write(row, changes.confirmed if there else changes.missed)

    def _rest_on(self, row: Row) -> Row:
        """A standing assignment is looked at as ours is: somebody may have removed it."""
        if not self._is_wanted(row):
            return self._write(row, changes.on_paper)
        try:
            there = self._is_listed(row.key, Lane.GRANT)
        except AwsFault as fault:
            return self._write(row, self._look_later(fault))
        return self._write(row, changes.on_paper if there else changes.missed)

    def _delete_again(self, row: Row) -> Row:
        """A removal that failed, or whose answer was lost. Another grant may want it by now."""
        if not self._is_wanted(row):
            row = self._write(row, changes.intend_to_delete)
            return self._delete(row) if _about_to_ask(row) else row
        try:
            operation = self._find(row, self.identity_center.deletions,
                                   self.identity_center.deletion)  # fmt: skip
            there = operation is None and self._is_listed(row.key, Lane.GRANT)
        except AwsFault as fault:
            return self._write(row, self._look_later(fault))
        if operation is not None:
            return self._write(row, changes.under_way(operation))
        return self._write(row, changes.confirmed if there else changes.deleted)

    def _delete(self, row: Row) -> Row:
        try:
            operation = self.identity_center.delete(row.key)
        except AwsMissing:
            return self._confirm_deletion(row)
        except AwsFault as fault:
            return self._write(row, self._delete_later(fault.reason))
        return self._write(row, changes.under_way(operation))

    def _watch_deletion(self, row: Row) -> Row:
        try:
            operation = self.identity_center.deletion(row.operation)
        except AwsMissing:
            return self._write(row, changes.operation_forgotten)
        except AwsFault as fault:
            return self._write(row, self._look_later(fault))
        if operation.progress is Progress.FAILED:
            return self._write(row, self._delete_later(operation.reason))
        if operation.progress is Progress.IN_PROGRESS and not _slow(row, self.clock()):
            return self._write(row, changes.poll_again)
        return self._confirm_deletion(row)

    def _confirm_deletion(self, row: Row) -> Row:
        try:
            there = self._is_listed(row.key, Lane.STATUS)
        except AwsFault as fault:
            return self._write(row, self._look_later(fault))
        if not there:
            return self._write(row, changes.deleted)
        if _slow(row, self.clock()) or not row.operation:
            return self._write(row, self._delete_later("AWS still lists the assignment"))
        return self._write(row, changes.poll_again)

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

    def _no_longer_given(self, row: Row) -> dict[RequestId, str]:
        """Of a creation that was tried before, or has waited: which grants may not have it now."""
        waited = row.due_at is not None and self.clock() - row.due_at > pace.CHECK_HOLDS
        if row.deadline is None and not waited:
            return {}
        with self.works.reading() as work:
            waiting = [r for r in work.requests.of_key(row.key) if r.state is State.GRANTING]
        return {request.id: why for request in waiting if (why := self.why_not(request))}

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
            if since and created and since - created > pace.SKEW:
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
            _lock_holders(work, lease.key)
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
                return changes.failed_watching(fault.reason, unsure_until)(work, row, holders, now)
            return replace(
                row,
                unknown_until=unsure_until,
                operation="",
                deadline=deadline,
                polls=row.polls + 1,
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
            overdue = row.deadline is not None and now >= row.deadline
            if row.holding is Holding.CREATING and overdue and wanted(holders):
                return changes.failed_unseen(fault.reason)(work, row, holders, now)
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


def _lock_holders(work: Work, key: Key) -> None:
    """The grants before their assignment, as whoever ends one does: nobody waits crosswise."""
    for request in work.requests.of_key(key):
        work.requests.get(request.id)


def _slow(row: Row, now: datetime) -> bool:
    return row.intent_at is not None and now - row.intent_at > pace.LIST_DECIDES


def _about_to_ask(row: Row) -> bool:
    return row.holding is Holding.DELETING and row.unknown_until is not None
