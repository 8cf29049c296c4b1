"""Sends the journal out as it is written: in order, at least once, to each destination by itself."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from grants import pace, telling
from grants.crew import Crew
from grants.errors import AwsFault, NotTakenError
from grants.lines import jsonl
from grants.pace import Jitter
from grants.ports import Clock, Destination
from grants.records import BEGINNING, Checkpoint, Forward, LineSearch, Row
from grants.stores import Work, Works

MOST: Final = 500
"""So many lines are sent at a time."""
MOST_BYTES: Final = 1_000_000
"""And so much, or one line that is longer."""
BATCHES: Final = 10
"""So many times in a row; then it is looked whether the process is to end."""
ALARM_AFTER: Final = timedelta(hours=1)
UNFORESEEN: Final = "something went wrong that Elevate did not foresee; its log says what"
HANGS: Final = "it says neither yes nor no"
NOT_AS_SENT: Final = "the journal is not what was sent: run `python -m bot audit verify`"


@dataclass(frozen=True, slots=True)
class Forwarding:
    """The journal is the queue; a row for each destination says how far it has come."""

    works: Works
    destinations: Sequence[Destination]
    clock: Clock
    crew: Crew
    """Workers of their own: no destination, however slow, is in front of anything else."""
    jitter: Jitter = pace.jitter

    def round(self) -> None:
        """Have what is due sent. Waits for no destination."""
        rows, head = self._known()
        now = self.clock()
        for destination in self.destinations:
            row = rows.get(destination.name)
            due = _due(row, head, now)
            if due is None or due > now:
                continue
            idle = self.crew.take(destination, self.forward, name=destination.name)
            if not idle and row is not None:
                self._in_hand(row, now)

    def next_due(self) -> datetime | None:
        """When there is something to be sent; None: everything was taken."""
        rows, head = self._known()
        dues = [_due(rows.get(each.name), head, self.clock()) for each in self.destinations]
        return min((due for due in dues if due), default=None)

    def forward(self, destination: Destination) -> None:
        """Send what follows, as long as it is taken and there is more."""
        for _ in range(BATCHES):
            if not self._sent(destination):
                return

    def _in_hand(self, row: Forward, now: datetime) -> None:
        """Its lease ran out long ago, and still the worker is at it."""
        if row.lease_until is not None and now - row.lease_until >= ALARM_AFTER:
            hung = replace(row, failing_since=row.failing_since or row.lease_until)
            self._not_taken(hung, HANGS)

    def _known(self) -> tuple[dict[str, Forward], Checkpoint]:
        with self.works.reading() as work:
            rows = {row.name: row for row in work.forwards.all()}
            return rows, work.journal.head() or BEGINNING

    def _sent(self, destination: Destination) -> bool:
        """Whether lines were sent, taken, and that written down."""
        row = self._row(destination.name)
        with self.works.reading() as work:
            head = work.journal.head() or BEGINNING
            following = _following(work, row)
        claimed = self._claim(row, head, following)
        if claimed is None:
            return False
        try:
            _must_follow(row, following)
            destination.send(following)
        except (NotTakenError, AwsFault) as fault:
            self._not_taken(claimed, fault.reason)
            return False
        except Exception:
            self._not_taken(claimed, UNFORESEEN)
            raise
        return self._taken(claimed, following[-1])

    def _row(self, name: str) -> Forward:
        """A destination that was newly named begins at line 1."""
        rows, _ = self._known()
        if name not in rows:
            with self.works() as work:
                work.forwards.add(Forward(name, due_at=self.clock()))
            rows, _ = self._known()
        return rows[name]

    def _claim(self, row: Forward, head: Checkpoint, following: Sequence[Row]) -> Forward | None:
        """What is about to be sent is written down first: whoever comes after sends the same again."""
        now = self.clock()
        due = _due(row, head, now)
        if due is None or due > now:
            return None
        claimed = replace(
            row,
            until=following[-1]["seq"] if following else row.until,
            attempts=row.attempts + 1,
            lease_until=now + pace.LEASE,
        )
        return self._saved(claimed)

    def _taken(self, claimed: Forward, last: Row) -> bool:
        done = Forward(
            claimed.name, self.clock(), last["seq"], last["hash"], version=claimed.version
        )
        return self._saved(done) is not None

    def _not_taken(self, claimed: Forward, why: str) -> None:
        now = self.clock()
        since = claimed.failing_since or now
        late = now - since >= ALARM_AFTER and claimed.alarmed_at is None
        after = replace(
            claimed,
            due_at=now + pace.backoff(claimed.attempts, self.jitter),
            error=why,
            failing_since=since,
            alarmed_at=now if late else claimed.alarmed_at,
            lease_until=None,
        )
        with self.works() as work:
            if work.forwards.save(after) and late:
                facts = {"destination": after.name, "since": since.isoformat(), "error": why,
                         "line": after.seq + 1}  # fmt: skip
                telling.alarm(work, "journal_not_taken", facts, at=now)

    def _saved(self, row: Forward) -> Forward | None:
        with self.works() as work:
            saved = work.forwards.save(row)
        return replace(row, version=row.version + 1) if saved else None


def _due(row: Forward | None, head: Checkpoint, now: datetime) -> datetime | None:
    if row is None:
        return now
    return None if (row.seq, row.hash) == (head.seq, head.hash) else _at(row)


def as_sent(row: Forward, head: Checkpoint) -> bool:
    """Whether the journal can be what was sent there, by its last line alone."""
    return row.seq < head.seq or (row.seq, row.hash) == (head.seq, head.hash)


def _at(row: Forward) -> datetime:
    return max(row.due_at, row.lease_until or row.due_at)


def _following(work: Work, row: Forward) -> list[Row]:
    """What is sent next; after an attempt whose outcome nobody knows, the very same."""
    found: list[Row] = []
    size = 0
    for each in work.journal.rows(LineSearch(), after=row.seq):
        size += len(jsonl(each))
        full = each["seq"] > row.until if row.until else len(found) == MOST or size > MOST_BYTES
        if found and full:
            break
        found.append(each)
    return found


def _must_follow(row: Forward, following: Sequence[Row]) -> None:
    """What was sent once stands elsewhere, too: what does not follow from it was rewritten here."""
    if not following:
        raise NotTakenError(NOT_AS_SENT)
    seq, last = row.seq, row.hash
    for each in following:
        if (each["seq"], each["prev_hash"]) != (seq + 1, last):
            raise NotTakenError(
                f"line {seq + 1} does not follow from what was sent before: run"
                " `python -m bot audit verify`"
            )
        seq, last = each["seq"], each["hash"]
