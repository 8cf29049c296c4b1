"""Reconciles one assignment at a time: what grants want against what AWS has."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Final, Protocol

from grants import changes, endings, pace
from grants.changes import Change, Row
from grants.errors import AwsBusy, AwsFault, AwsMissing, AwsRefused, AwsTooLate, AwsUnsure
from grants.holding import wanted
from grants.model import Holding, Key, Lane, Request, RequestId, Slot, State
from grants.pace import Jitter
from grants.ports import Clock, IdentityCenter, Operation, Progress, Still
from grants.stores import Work, Works

log = logging.getLogger(__name__)

STEPS: Final = 12
"""More steps than any assignment takes without waiting for AWS."""
DESCRIBED: Final = 50
"""So many of the operations that AWS lists without their keys are asked about, and no more."""


class LostLeaseError(Exception):
    """Somebody else has taken this assignment over: touch nothing more."""


class Listed(Protocol):
    """`IdentityCenter.creations` or `.deletions`."""

    def __call__(self, *, progress: Progress | None = None) -> Iterable[Operation]: ...


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
    look_in: Callable[[], timedelta] = lambda: pace.poll(0)
    """How long after AWS was asked to remove something it is first asked how that stands."""

    def reconcile(self, key: Key) -> None:
        """Step on until there is something to wait for. Harmless to call at any time, twice."""
        row = self._claim(key)
        try:
            for _ in range(STEPS):
                if row is None or row.lease_until is None:
                    return
                row = self._step(row)
            self._let_go(row)
        except LostLeaseError:
            log.info("another worker has it", extra={"account": key.account_id})
        except Exception:
            self._let_go(row)
            raise

    # Steps, one for each thing that can be known of an assignment

    def _step(self, row: Row) -> Row:
        match row.holding:
            case Holding.ABSENT:
                return self._begin(row)
            case Holding.CREATING if row.operation:
                return self._watch_creation(row)
            case Holding.CREATING:
                return self._settle_creation(row)
            case Holding.PRESENT:
                return self._hold(row)
            case Holding.DELETING if row.operation:
                return self._watch_deletion(row)
            case Holding.DELETING:
                return self._settle_deletion(row)
            case Holding.STANDING:
                return self._rest_on(row)

    # Giving

    def _begin(self, row: Row) -> Row:
        """Nothing is there by our hand, and nothing is under way: look, then say what we will do.

        The slot comes first: whoever cannot be given anything yet asks AWS nothing.
        """
        if not wanted(self._holders(row)):
            return self._watch(row)
        if row.slot is not Slot.TAKEN:
            return self._take_slot(row)
        if unchecked := self._unchecked(row):
            return self._check(row, unchecked)
        try:
            there = self._is_listed(row.key, Lane.GRANT)
        except AwsFault as fault:
            return self._write(row, changes.create_later(fault.reason, self.jitter))
        return self._write(row, changes.found) if there else self._create(row)

    def _take_slot(self, row: Row) -> Row:
        """What may come by itself is looked for first: perhaps there is nothing left to ask for."""
        if row.may_appear_until is None:
            return self._write(row, changes.take_slot)
        return self._look(row, Lane.STATUS, there=changes.found, gone=changes.take_slot)

    def _watch(self, row: Row) -> Row:
        """Nobody wants it; but what we cannot rule out may still come, and would be ours."""
        if row.may_appear_until is None:
            return self._write(row, changes.nothing_to_do)
        return self._look(row, Lane.STATUS, there=changes.found, gone=changes.nothing_to_do)

    def _check(self, row: Row, unchecked: list[Request]) -> Row:
        """The last check, once more: it was made a while ago, or AWS was asked in vain since."""
        try:
            found = {request.id: self.why_not(request) for request in unchecked}
        except AwsFault as fault:
            return self._write(row, changes.create_later(fault.reason, self.jitter))
        lost: dict[RequestId, str] = {request: why for request, why in found.items() if why}
        return self._write(row, changes.checked(lost))

    def _create(self, row: Row) -> Row:
        """Say what we are about to do, do it, write how it went."""
        row = self._write(row, changes.intend_to_create)
        if row.holding is not Holding.CREATING:
            return row
        try:
            operation = self.identity_center.create(row.key, still=self._still(row))
        except AwsTooLate:
            return self._write(row, changes.not_asked)
        except AwsBusy as fault:
            return self._write(row, changes.create_later(fault.reason, self.jitter))
        except AwsUnsure as fault:
            return self._write(row, changes.answer_lost(fault.reason))
        except AwsRefused as fault:
            return self._give_up(row, fault.reason)
        return self._write(row, changes.under_way(operation, pace.poll(0)))

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
            if not (self._slow(row) and isinstance(fault, AwsRefused)):
                return self._write(row, changes.look_later(fault.reason, self.jitter))
            operation = Operation(row.operation, Progress.IN_PROGRESS)
        if operation.progress is Progress.FAILED:
            return self._give_up(row, operation.reason)
        if operation.progress is Progress.IN_PROGRESS and not self._slow(row):
            return self._write(row, changes.poll_again)
        return self._confirm(row)

    def _confirm(self, row: Row) -> Row:
        """AWS says it succeeded, or has taken so long that the list decides."""
        never = changes.failed_leaving("AWS has not listed it for 15 minutes")
        gone = never if self._since_intent(row, pace.UNKNOWN_FOR) else changes.poll_again
        return self._look(row, Lane.STATUS, there=changes.confirmed, gone=gone)

    def _settle_creation(self, row: Row) -> Row:
        """The answer to a create was lost, or we died before writing it down."""
        try:
            if self._is_listed(row.key, Lane.STATUS):
                return self._write(row, changes.settled(changes.confirmed))
            operation = self._unless_it_will_not_say(row, self._creation_under_way)
        except AwsFault as fault:
            return self._write(row, changes.look_later(fault.reason, self.jitter))
        if operation is not None:
            return self._write(row, changes.settled(changes.under_way(operation, pace.poll(0))))
        return self._write(row, changes.create_not_found)

    # Holding

    def _hold(self, row: Row) -> Row:
        holders = self._holders(row)
        if not wanted(holders):
            return self._delete(row)
        return self._look(row, _lane(row, holders), there=changes.confirmed, gone=changes.missed)

    def _rest_on(self, row: Row) -> Row:
        """A standing assignment is looked at as ours is: somebody may have removed it."""
        holders = self._holders(row)
        if not wanted(holders):
            return self._write(row, changes.on_paper)
        return self._look(row, _lane(row, holders), there=changes.on_paper, gone=changes.missed)

    # Taking away

    def _delete(self, row: Row) -> Row:
        """Say what we are about to do, do it, write how it went."""
        row = self._write(row, changes.intend_to_delete)
        if row.holding is not Holding.DELETING:
            return row
        try:
            operation = self.identity_center.delete(row.key, still=self._still(row))
        except AwsTooLate:
            return self._write(row, changes.not_asked)
        except AwsMissing:
            again = changes.delete_later("AWS still lists the assignment", self.jitter)
            return self._look(row, Lane.STATUS, there=again, gone=changes.deleted)
        except AwsUnsure as fault:
            return self._write(row, changes.answer_lost(fault.reason))
        except AwsFault as fault:
            return self._write(row, changes.delete_later(fault.reason, self.jitter))
        return self._write(row, changes.under_way(operation, self.look_in()))

    def _settle_deletion(self, row: Row) -> Row:
        """The answer to a delete was lost, or we died before writing it down.

        One that was carried out is not sent again: what is there since is somebody else's.
        """
        try:
            if not self._is_listed(row.key, Lane.STATUS):
                return self._write(row, changes.settled(changes.deleted))
            operation = self._unless_it_will_not_say(row, self._deletion_since)
        except AwsFault as fault:
            return self._write(row, changes.look_later(fault.reason, self.jitter))
        if operation is not None:
            return self._write(row, changes.settled(changes.under_way(operation, pace.poll(0))))
        return self._write(row, changes.delete_not_found)

    def _watch_deletion(self, row: Row) -> Row:
        if row.is_taken_away:
            return self._look(row, Lane.STATUS, there=changes.listed_still, gone=changes.deleted)
        try:
            operation = self.identity_center.deletion(row.operation)
        except AwsMissing:
            return self._write(row, changes.operation_forgotten)
        except AwsFault as fault:
            if not (self._slow(row) and isinstance(fault, AwsRefused)):
                return self._write(row, changes.look_later(fault.reason, self.jitter))
            operation = Operation(row.operation, Progress.IN_PROGRESS)
        if operation.progress is Progress.FAILED:
            return self._write(row, changes.delete_later(operation.reason, self.jitter))
        if operation.progress is Progress.IN_PROGRESS and not self._slow(row):
            return self._write(row, changes.poll_again)
        return self._confirm_deletion(row, operation)

    def _confirm_deletion(self, row: Row, operation: Operation) -> Row:
        """AWS says it succeeded, or has taken so long that the list decides."""
        try:
            if not self._is_listed(row.key, Lane.STATUS):
                return self._write(row, changes.deleted)
            under_way = operation.progress is Progress.IN_PROGRESS
            if not self._since_intent(row, pace.UNKNOWN_FOR if under_way else pace.LIST_DECIDES):
                return self._write(row, changes.poll_again)
            if self._was_given_by_others(row, operation):
                return self._write(row, changes.given_by_others)
        except AwsFault as fault:
            return self._write(row, changes.look_later(fault.reason, self.jitter))
        return self._write(row, changes.delete_later("AWS still lists the assignment", self.jitter))

    # Asking

    def _look(self, row: Row, lane: Lane, *, there: Change, gone: Change) -> Row:
        """One look at the list, and what follows from it."""
        try:
            listed = self._is_listed(row.key, lane)
        except AwsFault as fault:
            return self._write(row, changes.look_later(fault.reason, self.jitter))
        return self._write(row, there if listed else gone)

    def _is_listed(self, key: Key, lane: Lane) -> bool:
        try:
            assigned = self.identity_center.assigned(
                key.account_id, key.permission_set_arn, lane=lane
            )
        except AwsMissing:
            return False
        return key.user_id in assigned.users

    def _unless_it_will_not_say(
        self, row: Row, found: Callable[[Row], Operation | None]
    ) -> Operation | None:
        """What AWS says of its operations; where it refuses to, after two minutes the list decides.

        What passes by itself is waited for: a removal that was carried out is not sent again.
        """
        try:
            return found(row)
        except AwsRefused:
            if self._slow(row):
                return None
            raise

    def _creation_under_way(self, row: Row) -> Operation | None:
        """Since our intent, as far as two clocks agree on it."""
        center = self.identity_center
        since = row.intent_at - pace.SKEW if row.intent_at else None
        return _find(row.key, center.creations, center.creation, Progress.IN_PROGRESS, since)

    def _deletion_since(self, row: Row) -> Operation | None:
        """Under way, or done since our intent: not the one before, whatever two clocks say."""
        center, intent = self.identity_center, row.intent_at
        since = intent - pace.SKEW if intent else None
        return _find(
            row.key, center.deletions, center.deletion, Progress.IN_PROGRESS, since
        ) or _find(row.key, center.deletions, center.deletion, Progress.SUCCEEDED, _whole(intent))

    def _was_given_by_others(self, row: Row, ours: Operation) -> bool:
        """Whether it is listed because somebody made it anew, by AWS's own clock after our removal.

        While a create of ours may still be carried out, it is ours that came.
        """
        if ours.progress is not Progress.SUCCEEDED or ours.created_at is None:
            return False
        if row.may_appear(ours.created_at):
            return False
        center, since = self.identity_center, ours.created_at + timedelta(seconds=1)
        found = _find(row.key, center.creations, center.creation, Progress.SUCCEEDED, since)
        return found is not None

    def _holders(self, row: Row) -> list[Request]:
        with self.works.reading() as work:
            return work.requests.of_key(row.key)

    def _unchecked(self, row: Row) -> list[Request]:
        """Those who wait for it whose last check is too long ago to give by."""
        now = self.clock()
        waiting = [each for each in self._holders(row) if each.state is State.GRANTING]
        return [each for each in waiting if now - _checked_at(row, each) > pace.CHECK_HOLDS]

    def _still(self, row: Row) -> Still:
        """Whether what was decided then may leave for AWS now: much may have happened meanwhile."""

        def still() -> bool:
            now = self.clock()
            if row.intent_at is None or row.lease_until is None:
                return False
            fresh = row.intent_at <= now < row.intent_at + pace.DECISION_HOLDS
            return fresh and now + pace.LEASE_LEFT < row.lease_until

        return still

    def _slow(self, row: Row) -> bool:
        return self._since_intent(row, pace.LIST_DECIDES)

    def _since_intent(self, row: Row, span: timedelta) -> bool:
        return row.intent_at is not None and self.clock() - row.intent_at > span

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
        for _ in range(STEPS):
            now = self.clock()
            with self.works() as work:
                locked = _lock_holders(work, lease.key)
                row = work.assignments.get(lease.key)
                if row is None or row.lease_until != lease.lease_until:
                    raise LostLeaseError
                holders = work.requests.of_key(row.key)
                if not {request.id for request in holders} <= locked:
                    continue  # One began meanwhile: locked now, it would be locked the wrong way.
                after = change(work, row, holders, now)
                after = endings.alarm_if_late(work, after, holders, now)
                goes_on = after.slot is not Slot.WAITING and after.due_at and after.due_at <= now
                until = now + pace.LEASE if goes_on else None
                return _saved(work, replace(after, lease_until=until))
        raise LostLeaseError

    def _let_go(self, lease: Row | None) -> None:
        """Something went wrong that nobody foresaw: others may try, but not at once.

        As long as the lease that we know of lasts, nobody can have taken it over.
        """
        now = self.clock()
        if lease is None or lease.lease_until is None or lease.lease_until <= now:
            return
        with self.works() as work:
            row = work.assignments.get(lease.key)
            if row is not None and row.lease_until is not None:
                wait = pace.backoff(max(row.polls, row.attempts) + 1, self.jitter)
                unused = row.holding in {Holding.ABSENT, Holding.PRESENT}
                work.assignments.save(
                    replace(
                        row,
                        slot=Slot.NONE if unused else row.slot,
                        polls=row.polls + 1,
                        due_at=now + wait,
                        lease_until=None,
                    )
                )


def _saved(work: Work, row: Row) -> Row:
    if not work.assignments.save(row):
        raise LostLeaseError
    return replace(row, version=row.version + 1)


def _lock_holders(work: Work, key: Key) -> set[RequestId]:
    """The grants before their assignment, as whoever ends one does: nobody waits crosswise."""
    return {work.requests.get(request.id).id for request in work.requests.of_key(key)}


def _lane(row: Row, holders: Iterable[Request]) -> Lane:
    """A routine look is in nobody's way; one that somebody waits for goes first."""
    if any(request.state is State.GRANTING for request in holders):
        return Lane.GRANT
    return Lane.STATUS if row.missed_at else Lane.REFRESH


def _checked_at(row: Row, request: Request) -> datetime:
    """When it last passed: before its start, or later; what AWS was asked in vain is asked anew."""
    never = request.asked_at - pace.UNKNOWN_FOR
    before_start = never if row.attempts else changes.tried_since(request)
    return max(before_start, row.checked_at or never)


def _whole(moment: datetime | None) -> datetime | None:
    """AWS may cut off what is less than a second."""
    return moment.replace(microsecond=0) if moment else None


def _find(
    key: Key,
    listed: Listed,
    described: Callable[[str], Operation],
    progress: Progress,
    since: datetime | None,
) -> Operation | None:
    """The operation on this key that AWS began since then, if it knows one."""
    candidates = (
        each
        for each in listed(progress=progress)
        if since is None or each.created_at is None or each.created_at >= since
    )
    operations = (described(each.id) for each in islice(candidates, DESCRIBED))
    return next((each for each in operations if each.key == key), None)
