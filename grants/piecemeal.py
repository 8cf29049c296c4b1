"""Keeps the catalogue fresh piece by piece, in the lowest lane: one process at a time, from where it was left."""

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from grants import pace, telling
from grants.crew import Crew
from grants.errors import AwsFault, AwsRefused
from grants.model import Catalogue, Instance, Lane
from grants.pieces import beginning, put_together, unplaced
from grants.policy import uses_tags
from grants.ports import Clock
from grants.refreshing import Refresher, remembering
from grants.so_far import WHOLE, Piece, Refresh, SoFar, Turn
from grants.stores import Work, Works

log = logging.getLogger(__name__)

EVERY: Final = {
    Piece.ACCOUNTS: timedelta(minutes=5),
    Piece.SETS: timedelta(minutes=5),
    Piece.OUS: timedelta(hours=1),
    Piece.TAGS: timedelta(minutes=5),
}
"""New permission sets are described at once, an OU that nobody has heard of is looked for at once."""
ALL_EVERY: Final = timedelta(hours=1)
"""Every permission set is described anew this often."""
SLICE: Final = 25
"""So many calls, and what was read is put away: what a crash costs, at most."""
RETRY: Final = timedelta(seconds=10)
"""After what could not be read."""
KEEPS: Final = timedelta(minutes=15)
"""What was begun longer ago is begun anew: nobody says for how long AWS's page tokens hold."""
ALARM_AFTER: Final = timedelta(minutes=10)
UNFORESEEN: Final = "an unforeseen error, which the log shows"
TOLD: Final = "catalogue_not_read"
"""The kind of the alarm. Facts: `what`, `since`, `error`, `read_at`."""


@dataclass(frozen=True, slots=True)
class Piecemeal:
    """One for each process; the rows say whose turn it is."""

    works: Works
    refresher: Refresher
    clock: Clock
    crew: Crew
    jitter: pace.Jitter = pace.jitter

    def round(self) -> None:
        """Have what is due gone on with, each piece by one worker."""
        now = self.clock()
        for turn in self._turns():
            if self._at(turn) <= now:
                self.crew.take(turn.piece, self._slice, name=turn.piece)

    def next_due(self) -> datetime | None:
        """When there is something to read."""
        with self.works.reading() as work:
            return min((turn.at for turn in work.refreshes.turns()), default=None)

    def _turns(self) -> list[Turn]:
        with self.works.reading() as work:
            turns = work.refreshes.turns()
        if len(turns) == len(Piece):
            return turns
        with self.works() as work:
            for piece in Piece:
                work.refreshes.add(Refresh(piece, due_at=self.clock()))
            return work.refreshes.turns()

    def _at(self, turn: Turn) -> datetime:
        """Tags that were never read are wanted as soon as policies ask for them."""
        if turn.piece is Piece.TAGS and not turn.tries and self.refresher.behind:
            return turn.lease_until or self.clock()
        return turn.at

    def _slice(self, piece: Piece) -> None:
        """Claimed first: of several processes one goes on with it."""
        now = self.clock()
        with self.works() as work:
            row = _by_piece(work)[piece]
            if self._at(Turn(piece, row.due_at, row.lease_until, row.tries)) > now:
                return
            row = _begun(row, now)
            work.refreshes.save(replace(row, lease_until=now + pace.LEASE))
        row = replace(row, version=row.version + 1)
        try:
            if piece is Piece.TAGS:
                self._tags(row)
            else:
                self._read(row, row.so_far or beginning(piece), now)
        except AwsFault as fault:
            self._failed(row, fault.reason)
        except Exception:
            self._failed(replace(row, so_far=None), UNFORESEEN)
            raise

    def _read(self, row: Refresh, so_far: SoFar, now: datetime) -> None:
        with self.works.reading() as work:
            known = work.catalogue.load()
        lane = Lane.REFRESH if known else Lane.STATUS  # The first one: everybody waits for it.
        reading = self.refresher.reading
        so_far, fault = reading.go_on(so_far, known, lane=lane, most=SLICE)
        row = replace(row, so_far=so_far)
        if isinstance(fault, AwsRefused):
            self._failed(replace(row, so_far=None), fault.reason)  # perhaps its page token
        elif fault:
            self._failed(row, fault.reason)
        elif so_far.todo:
            self._put_away(replace(row, due_at=now, tries=0))
        else:
            self._take_over(row, reading.identity_center.instance())

    def _put_away(self, row: Refresh) -> None:
        with self.works() as work:
            work.refreshes.save(replace(row, lease_until=None))

    # What was read to its end

    def _take_over(self, row: Refresh, instance: Instance) -> None:
        """It takes the place of what was known of it, and of nothing else; the first waits for all."""
        with self.works() as work:
            known, rows = work.catalogue.hold(), _by_piece(work)
            if rows[row.piece].version != row.version:
                return  # It took so long that another process has it in hand.
            rows[row.piece] = row
            if known is None and not all(_is_read(rows[piece]) for piece in WHOLE):
                soon = self.clock() + timedelta(seconds=1)
                work.refreshes.save(replace(row, due_at=soon, lease_until=None, tries=0))
                return
            whose = (row.piece,) if known else WHOLE
            read = {piece: so_far for piece in whose if (so_far := rows[piece].so_far)}
            ended = {piece: self._ended(rows[piece]) for piece in whose}
            found = put_together(known, read, instance, read_at=self._read_at(known, rows | ended))
            kept = known if uses_tags(work.policies.current()) else None
            after = work.catalogue.replace(remembering(found, kept))
            for each in (*ended.values(), *self._besides(row.piece, after, rows)):
                work.refreshes.save(each)

    def _ended(self, row: Refresh) -> Refresh:
        now = self.clock()
        began = row.began_at or now
        whole_at = row.whole_at
        if row.piece is Piece.SETS and _wants_all(row, began):
            whole_at = began
        return replace(
            _well(row),
            due_at=max(began + EVERY[row.piece], now),
            lease_until=None,
            began_at=None,
            so_far=None,
            ended_at=now,
            whole_at=whole_at,
        )

    def _read_at(self, known: Catalogue | None, rows: dict[Piece, Refresh]) -> datetime:
        """As of when all of it holds: what was read longer ago says so."""
        often = [rows[piece].ended_at for piece in (Piece.ACCOUNTS, Piece.SETS)]
        oldest = min((at for at in often if at), default=self.clock())
        return max(oldest, known.read_at) if known else oldest

    def _besides(
        self, piece: Piece, catalogue: Catalogue, rows: dict[Piece, Refresh]
    ) -> list[Refresh]:
        """What this makes due: the tree for an OU that is new, the accounts for a tree that is."""
        other = {Piece.ACCOUNTS: Piece.OUS, Piece.OUS: Piece.ACCOUNTS}.get(piece)
        if other is None or not unplaced(catalogue):
            return []
        row, now = rows[other], self.clock()
        lately = row.ended_at is not None and now - row.ended_at < EVERY[Piece.ACCOUNTS]
        if row.so_far or row.tries or row.lease_until or (lately and other is Piece.OUS):
            return []
        return [replace(row, due_at=min(row.due_at, now))]

    def _tags(self, row: Refresh) -> None:
        """A slice; whoever comes next goes on behind it."""
        now = self.clock()
        last, fault = self.refresher.read_slice_of_tags(after=row.after)
        row = replace(row, after=last)
        if fault:
            self._failed(row, fault.reason)
            return
        self._put_away(replace(_well(row), due_at=now + EVERY[Piece.TAGS], ended_at=now))

    # What could not be read

    def _failed(self, row: Refresh, why: str) -> None:
        """Told once, whatever else fails besides, until it was read again."""
        now = self.clock()
        tries = row.tries + 1
        since = row.failing_since or now
        late = row.alarmed_at is None and now - since >= ALARM_AFTER
        log.warning("catalogue not read", extra={"piece": row.piece.value, "reason": why})
        after = replace(
            row,
            due_at=now + max(RETRY, pace.backoff(tries, self.jitter)),
            lease_until=None,
            tries=tries,
            failing_since=since,
            alarmed_at=now if late else row.alarmed_at,
            error=why,
        )
        with self.works() as work:
            others = [each for each in work.refreshes.all() if each.piece is not row.piece]
            if work.refreshes.save(after) and late and not any(each.alarmed_at for each in others):
                known = work.catalogue.load()
                facts = {
                    "what": row.piece.value,
                    "since": since.isoformat(),
                    "error": why,
                    "read_at": known.read_at.isoformat() if known else "",
                }
                telling.alarm(work, TOLD, facts, at=now)


def _begun(row: Refresh, now: datetime) -> Refresh:
    """Gone on with where it was left, unless that is long ago. Of tags nothing is kept here."""
    if row.piece is Piece.TAGS:
        return row
    if row.so_far and row.began_at and now - row.began_at < KEEPS:
        return row
    return replace(row, began_at=now, so_far=beginning(row.piece, whole=_wants_all(row, now)))


def _wants_all(row: Refresh, now: datetime) -> bool:
    return row.whole_at is None or now - row.whole_at >= ALL_EVERY


def _is_read(row: Refresh) -> bool:
    return row.so_far is not None and not row.so_far.todo


def _well(row: Refresh) -> Refresh:
    return replace(row, tries=0, failing_since=None, alarmed_at=None, error="")


def _by_piece(work: Work) -> dict[Piece, Refresh]:
    return {row.piece: row for row in work.refreshes.all()}
