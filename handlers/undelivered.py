"""What is done about something that Slack did not take: later, elsewhere, or let go of."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from slack_sdk.errors import SlackApiError

from grants import pace as retrying
from grants import telling
from grants.model import Copy, Place, RequestId, State, Told
from grants.ports import Clock
from grants.records import Pending
from grants.stores import Work, Works
from handlers import alarms
from handlers.fates import Fate, code_of, fate, perhaps, retry_after

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A row goes last: whoever falls over before that comes round to it again."""

    works: Works
    clock: Clock
    ask_directly: Callable[[RequestId], None]
    """Asks the approvers themselves, where no channel took a request's card."""
    administrators: Callable[[], Sequence[str]]
    """Where administrators read their own messages, for alarms that no channel takes."""
    jitter: Callable[[], float] = retrying.jitter

    def refused(self, row: Pending, error: SlackApiError) -> None:
        """Slack said no."""
        code = code_of(error)
        if after := retry_after(error):
            self.later(row, self.clock() + after, code or "429")
            return
        match fate(error, row.notice.kind, attempts=row.attempts):
            case Fate.LATER:
                self.again(row, code or str(error.response.status_code), unsure=perhaps(error))
            case Fate.PLACE:
                self.give_up_place(row, code)
            case Fate.MESSAGE:
                self._let_go(row, code)

    def again(self, row: Pending, error: str, *, unsure: bool) -> None:
        """After a while, with full jitter; `unsure`: it may have been told all the same."""
        at = self.clock() + retrying.backoff(row.attempts, self.jitter)
        self.later(row, at, error, unsure=unsure)

    def later(self, row: Pending, at: datetime, error: str = "", *, unsure: bool = False) -> None:
        """At this instant; without an `error`, because it was not its turn yet."""
        if error:
            log.warning("told later", extra={"error": error, "kind": row.notice.kind})
        with self.works() as work:
            since = self.clock() if unsure else None
            work.outbox.again(row, at=at, error=error, unsure_since=since)

    def give_up_place(self, row: Pending, code: str) -> None:
        """The others still get it; approvers are asked directly; administrators are told, once a place."""
        if row.notice.copy_id is None:
            self.no_channel(row, code)
            return
        copy = self._bury(row.notice.copy_id, code)
        if copy.place is Place.CHANNEL and self._was_the_last(copy):
            self.ask_directly(copy.request_id)
        with self.works() as work:
            work.outbox.drop(row, why=code)

    def no_channel(self, row: Pending, code: str) -> None:
        """An alarm goes on to the default channel, and then to the administrators themselves."""
        with self.works.reading() as work:
            channel = alarms.where(work, row.notice)
        log.error("a line that is not taken", extra={"error": code, "channel": channel})
        instead = []
        if alarms.is_alarm(row.notice):
            instead = (
                [alarms.without(row.notice, channel)]
                if channel
                else alarms.for_each(row.notice, self.administrators())
            )
        with self.works() as work:
            work.outbox.put(instead, at=self.clock())
            work.outbox.drop(row, why=code)

    def _let_go(self, row: Pending, code: str) -> None:
        """Of one message. A card that waits for a decision is hung anew: nobody could decide else."""
        log.error("could not be told", extra={"error": code, "kind": row.notice.kind})
        with self.works() as work:
            if code == "message_not_found" and row.notice.kind is Told.REDRAW:
                _hang_anew(work, row, at=self.clock())
            work.outbox.drop(row, why=code)

    def _bury(self, copy_id: int, code: str) -> Copy:
        with self.works() as work:
            copy = work.copies.get(copy_id)
            if copy.dead:
                return copy
            dead = replace(copy, dead=code)
            work.copies.save(dead)
            if work.copies.lost(copy.address, code, self.clock()):
                facts = {"request": copy.request_id, "place": copy.place, "address": copy.address,
                         "reason": code}  # fmt: skip
                telling.alarm(work, "unreachable", facts, at=self.clock())
            if copy.place is Place.APPROVER and _alone(work, copy):
                request = work.requests.get(copy.request_id)
                telling.unasked(work, request, at=self.clock())
        log.error("a place is given up", extra={"address": copy.address, "error": code})
        return dead

    def _was_the_last(self, copy: Copy) -> bool:
        with self.works.reading() as work:
            return _alone(work, copy)


def _alone(work: Work, copy: Copy) -> bool:
    """Whether every other place of the card is given up as well."""
    others = [one for one in work.copies.of(copy.request_id) if one.place is not Place.DIRECT]
    return all(other.dead for other in others if other.id != copy.id)


def _hang_anew(work: Work, row: Pending, *, at: datetime) -> None:
    copy = work.copies.get(row.notice.copy_id) if row.notice.copy_id is not None else None
    if copy is None:
        return
    request = work.requests.get(copy.request_id)
    if request.state is State.PENDING:
        telling.hang_anew(work, request, copy, at=at)
