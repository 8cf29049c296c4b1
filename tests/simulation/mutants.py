"""The product's mechanisms taken out one at a time: promises that nobody would miss are not checked."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from grants import changes, closing, endings, engine, holding, jobs, last_check, model, pace, policy
from grants.changes import Row
from grants.engine import Engine
from grants.errors import AwsFault
from grants.lifecycle import HOLDS, take
from grants.model import AWS, Copy, Key, Lane, Move, Request, Slot, State
from grants.records import Notice, Pending
from grants.stores import Work
from handlers.announce import Announcer
from handlers.posting import Posting
from tests.simulation.run import FoundError, run

Patch = tuple[Any, str, object]

_listed = Engine._is_listed
_nudge = holding.nudge
_nothing = changes.nothing_to_do
_deleted = changes.deleted
_intends = changes.intend_to_delete
_moves = endings._moved
_missing = changes.create_not_found
_keep = Announcer._keep


def _never_looks(self: Engine, key: Key, lane: Lane) -> bool:
    return False if lane is Lane.GRANT else _listed(self, key, lane)


def _takes_all_for_ours(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
    return changes.confirmed(work, row, holders, now)


def _asks_first(self: Engine, row: Row) -> Row:
    try:
        operation = self.identity_center.create(row.key, still=lambda: True)
    except AwsFault as fault:
        return self._write(row, changes.create_later(fault.reason, self.jitter))
    row = self._write(row, changes.intend_to_create)
    return self._write(row, changes.under_way(operation, pace.poll(0)))


def _claims_anyway(self: Engine, key: Key) -> Row | None:
    now = self.clock()
    with self.works() as work:
        row = work.assignments.get(key)
        if row is None or row.due_at is None or row.due_at > now:
            return None
        return engine._saved(work, replace(row, lease_until=now + pace.LEASE))


def _writes_anyway(self: Engine, lease: Row, change: changes.Change) -> Row:
    now = self.clock()
    with self.works() as work:
        row = work.assignments.get(lease.key)
        assert row is not None
        after = change(work, row, work.requests.of_key(row.key), now)
        goes_on = after.slot is not Slot.WAITING and after.due_at and after.due_at <= now
        return engine._saved(
            work, replace(after, lease_until=now + pace.LEASE if goes_on else None)
        )


def _from_old_rows(self: Engine, lease: Row, change: changes.Change) -> Row:
    """What was read at the claim, not what stands there now: a wake-up in between is lost."""
    now = self.clock()
    with self.works() as work:
        row = work.assignments.get(lease.key)
        if row is None or row.lease_until != lease.lease_until:
            raise engine.LostLeaseError
        old = replace(lease, version=row.version)
        after = change(work, old, work.requests.of_key(row.key), now)
        goes_on = after.slot is not Slot.WAITING and after.due_at and after.due_at <= now
        return engine._saved(
            work, replace(after, lease_until=now + pace.LEASE if goes_on else None)
        )


def _gives_up(reason: str, jitter: object) -> changes.Change:
    return _deleted


def _forgets(known: datetime | None, row: Row, now: datetime) -> None:
    return None


def _forgets_the_create(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
    return replace(_missing(work, row, holders, now), may_appear_until=None)


def _naive(holders: list[Request]) -> bool:
    ends = any(request.state is State.REVOKING for request in holders)
    return not ends and any(request.state in HOLDS for request in holders)


def _no_nudge(work: Work, key: Key, *, at: datetime, over_since: datetime | None = None) -> None:
    row = work.assignments.get(key)
    if row is None or row.lease_until is None or row.lease_until <= at:
        _nudge(work, key, at=at, over_since=over_since)


def _sticks_to_it(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
    """Whoever wants it by now."""
    return _intends(work, row, [each for each in holders if each.state not in HOLDS], now)


def _believes_one_look(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
    return changes.vanished(work, row, holders, now)


def _blames_others(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
    return changes.vanished(work, row, holders, now)


def _confirms_unseen(self: Engine, row: Row) -> Row:
    return self._write(row, changes.confirmed)


def _finishes_unseen(self: Engine, row: Row, operation: object) -> Row:
    return self._write(row, _deleted)


def _never_checks(self: last_check.LastCheck, request: Request) -> Any:
    with self.works.reading() as work:
        return work.policies.current()


def _anybody(*_: object) -> bool:
    return True


def _counts_as_done(_work: Work, row: Row, _holders: list[Request], now: datetime) -> Row:
    return _deleted(_work, row, _holders, now)


def _gone_at_once(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
    endings.finished(work, holders, now)
    return _intends(work, row, holders, now)


def _not_watched(work: Work, row: Row, holders: list[Request], now: datetime) -> Row:
    return _nothing(work, replace(row, may_appear_until=None), holders, now)


def _falls_alone(*_: object) -> Iterator[Any]:
    return iter(())


def _leaves_it_old(self: Announcer, row: Pending) -> None:
    with self.works() as work:
        work.outbox.done(row)


def _keeps_the_later(
    self: Announcer, copy: Copy, *, strip: tuple[Notice, Copy] | None = None
) -> None:
    with self.works() as work:
        work.copies.save(replace(work.copies.get(copy.id), ts="", summary_ts=""))
    _keep(self, copy, strip=strip)


def _leaves_no_line(
    work: Work, request: Request, move: Move, now: datetime, *, note: str = "", **fields: Any
) -> Request:
    if move is not Move.CONFIRM:
        return _moves(work, request, move, now, note=note, **fields)
    return work.requests.save(take(request, move, by=AWS, at=now, note=note, **fields)[0])


MUTANTS: Final[dict[str, tuple[Patch, ...]]] = {
    "no look before the first create": ((Engine, "_is_listed", _never_looks),),
    "what is found is taken for ours": ((changes, "found", _takes_all_for_ours),),
    "the intent is written after the call": ((Engine, "_create", _asks_first),),
    "no lease": ((Engine, "_claim", _claims_anyway), (Engine, "_write", _writes_anyway)),
    "decisions hold for ever": ((Engine, "_still", lambda *_: lambda: True),),
    "a failed delete is given up": ((changes, "delete_later", _gives_up),),
    "a delete that was not found counts as done": ((changes, "delete_not_found", _counts_as_done),),
    "a create that was not found is forgotten": (
        (changes, "create_not_found", _forgets_the_create),
    ),
    "what may still appear is not watched": ((changes, "nothing_to_do", _not_watched),),
    "a lost delete is forgotten": ((changes, "_until", _forgets),),
    "each grant ends for itself": (
        (changes, "wanted", _naive),
        (engine, "wanted", _naive),
        (holding, "wanted", _naive),
    ),
    "a wake-up during a lease is lost": ((jobs, "nudge", _no_nudge), (closing, "nudge", _no_nudge)),
    "steps are written from old rows": ((Engine, "_write", _from_old_rows),),
    "a delete does not look whether it is wanted again": (
        (changes, "intend_to_delete", _sticks_to_it),
    ),
    "one look at the list is believed": ((changes, "missed", _believes_one_look),),
    "our own late delete is taken for somebody's": (
        (changes, "taken_by_ourselves", _blames_others),
    ),
    "active without being listed": ((Engine, "_confirm", _confirms_unseen),),
    "gone without a look": ((Engine, "_confirm_deletion", _finishes_unseen),),
    "told gone when AWS is asked": ((changes, "intend_to_delete", _gone_at_once),),
    "no last check": ((last_check.LastCheck, "__call__", _never_checks),),
    "anybody approves": ((policy, "may_approve", _anybody),),
    "an extension begins after the end": ((model, "EARLY", timedelta(seconds=-5)),),
    "extensions do not fall with what they extend": ((closing, "falls_with", _falls_alone),),
    "ends are not finished by the clock": ((jobs.Jobs, "finish_due", lambda _: None),),
    "a confirmation leaves no line": ((endings, "_moved", _leaves_no_line),),
    "posted again without a look": ((Posting, "_found", lambda *_: None),),
    "what stood still draws over the others": ((Announcer, "_done", _leaves_it_old),),
    "a card hung twice is the later one": ((Announcer, "_keep", _keeps_the_later),),
}


BEHIND_ANOTHER: Final = {
    "a wake-up during a lease is lost": "what is not absent is looked at again in any case",
    "steps are written from old rows": "the holders are read anew, and they decide",
    "a delete does not look whether it is wanted again": "`_hold` looks right before it",
    "what stood still draws over the others": "only a pause right before the call shows it;"
    " tests/test_outbox_trouble.py does",
    "a card hung twice is the later one": "the same",
    "no last check": "schedules change too little between approval and start; tests/test_last_check.py does",
    "extensions do not fall with what they extend": "the last check fails them; tests/test_extending.py does",
}
"""Those that schedules do not miss, and what stands behind them."""
RARELY_MISSED: Final = {
    "decisions hold for ever": "by one seed in a thousand; tests/test_engine_patience.py does always",
    "one look at the list is believed": "the same; tests/test_engine_pace.py does always",
    "our own late delete is taken for somebody's": "the same; tests/test_engine_lost_answers.py does",
}
"""Those for which a gate has too few schedules."""


@contextmanager
def without(name: str) -> Iterator[None]:
    """The product, with this mechanism taken out."""
    before = [(where, what, getattr(where, what)) for where, what, _ in MUTANTS[name]]
    for where, what, instead in MUTANTS[name]:
        setattr(where, what, instead)
    try:
        yield
    finally:
        for where, what, original in before:
            setattr(where, what, original)


def noticed(name: str, seed: int) -> bool:
    """Whether this seed breaks a promise without that mechanism."""
    with without(name):
        try:
            run(seed)
        except FoundError:
            return True
    return False
