"""What a session did is looked up: at the end of access, again until it is final, and when asked for."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from grants import pace
from grants.activity import (
    Event,
    Evidence,
    Sensitive,
    Session,
    Stay,
    Summary,
    from_json,
    ordered,
    summarise,
    to_json,
    unread_again,
)
from grants.crew import Crew
from grants.errors import AwsFault
from grants.model import Place, Request, RequestId, Told
from grants.ports import Clock, Trail
from grants.records import ActivityRow, Notice
from grants.staying import stay
from grants.stores import Works

ROUND: Final = 200
DELIVERY: Final = timedelta(minutes=15)
"""CloudTrail usually delivers within five minutes and promises nothing."""
PATIENT: Final = 4
"""So often a source that does not answer is asked again before the thread says so."""
GIVEN_UP: Final = timedelta(days=1)
"""So long after that what could not be read is tried again."""
CLAIMED: Final = timedelta(minutes=15)
"""Longer than any source is asked; whoever takes it up says at its end when it is due again."""
GONE: Final = "part of it is older than what the source still has"
BLIND: Final = "the source has no event of this account any more"
MORE: Final = "more happened than can be read"
UNFORESEEN: Final = "something went wrong that Elevate did not foresee; its log says what"


@dataclass(frozen=True, slots=True)
class Found:
    """What is known now."""

    session: Session
    summary: Summary
    events: Sequence[Event]
    """By time."""


@dataclass(slots=True)
class Looking:
    """Reads what a session did, wherever this team has its CloudTrail."""

    works: Works
    trail: Trail
    sensitive: Sensitive
    clock: Clock

    def session(self, request_id: RequestId) -> tuple[Request, Session | None]:
        """Whose activity a request's is, as it is now."""
        with self.works.reading() as work:
            request = work.requests.get(request_id)
            return request, session_of(request, self.clock(), stay(work, request))

    def look(self, request: Request, before: Summary | None = None) -> Found | None:
        """Asks AWS, which may take a minute. None: the request never became access.

        `before`: what was read of it last, which may be more than can be read now.
        """
        request, session = self.session(request.id)
        if session is None:
            return None
        try:
            evidence = self.trail.fetch(session)
        except AwsFault as fault:
            evidence = Evidence(source="", unavailable=fault.reason)
        summary = self.summed(evidence, session)
        over = request.ended_at is not None and summary.read_at >= session.end + DELIVERY
        kept = _kept(before, summary, final=over and not summary.unread)
        return Found(session, kept, ordered(evidence))

    def summed(self, evidence: Evidence, session: Session) -> Summary:
        """As of now, and not final."""
        return summarise(evidence, session, self.sensitive, final=False, at=self.clock())


@dataclass(slots=True)
class Summing:
    """Sums sessions up when they are due."""

    works: Works
    looking: Looking
    clock: Clock
    crew: Crew
    jitter: pace.Jitter = pace.jitter

    def round(self) -> None:
        """Grants whose activity is due: once at the end, and once when it is final."""
        with self.works.reading() as work:
            due = work.activities.due(self.clock(), limit=ROUND)
        for row in due:
            self.crew.take(row, self._look_up, name=row.request_id)

    def _look_up(self, row: ActivityRow) -> None:
        """Put off first: whatever goes wrong, it is not looked up every second."""
        claimed = self._claim(row)
        _, session = self.looking.session(row.request_id)
        if claimed is None or session is None:
            return
        try:
            evidence = self.looking.trail.fetch(session)
        except AwsFault as fault:
            self._unavailable(claimed, session, fault.reason)
        except Exception:
            self._unavailable(claimed, session, UNFORESEEN)
            raise
        else:
            self._sum_up(claimed, session, evidence)

    def _claim(self, row: ActivityRow) -> ActivityRow | None:
        """Tried once more. None: somebody else has it in hand."""
        claimed = replace(row, due_at=self.clock() + CLAIMED, tries=row.tries + 1)
        with self.works() as work:
            saved = work.activities.save(claimed)
        return replace(claimed, version=row.version + 1) if saved else None

    def _unavailable(self, row: ActivityRow, session: Session, why: str) -> None:
        """A passing trouble says nothing to whoever reads the thread: it is tried again first."""
        if row.tries > PATIENT:
            self._sum_up(row, session, Evidence(source="", unavailable=why))
            return
        due_at = self.clock() + pace.backoff(row.tries + 1, self.jitter)
        with self.works() as work:
            work.activities.save(replace(row, due_at=due_at))

    def _sum_up(self, row: ActivityRow, session: Session, evidence: Evidence) -> None:
        now, final_at = self.clock(), session.end + DELIVERY
        summary = self.looking.summed(evidence, session)
        patient = summary.unread and now < final_at + GIVEN_UP
        final = now >= final_at and not patient
        summary = _kept(from_json(row.summary) if row.summary else None, summary, final=final)
        due_at = None if final else _look_again(now, final_at, row.tries, patient=patient)
        with self.works() as work:
            after = replace(row, due_at=due_at, summary=to_json(summary))
            if work.activities.save(after):
                work.outbox.put(
                    [
                        Notice(Told.SUMMARY, row.request_id, copy.id)
                        for copy in work.copies.of(row.request_id)
                        if copy.place is not Place.DIRECT
                    ],
                    at=now,
                )


def session_of(request: Request, now: datetime, stay: Stay | None = None) -> Session | None:
    """Whose activity a grant's is; None for one that never was active, nor is over at AWS.

    From when AWS was asked on: access may be there before we see it, and go unseen. As long as it is
    not gone, it has not ended, however long its time is over.
    """
    began = _began(request)
    if began is None:
        return None
    ended = request.ended_at or max(request.ends_at or now, now)
    return Session(
        account_id=request.target.account_id,
        user_id=request.requester.user_id,
        user_name=request.requester.user_name,
        permission_set_name=request.permission_set_name,
        start=began,
        end=ended + request.session_duration,
        ended_at=ended,
        stay=stay,
    )


def _began(request: Request) -> datetime | None:
    if request.active_at is None:
        return request.tried_since if request.ended_at else None
    return min(request.active_at, request.tried_since or request.active_at)


def _kept(before: Summary | None, summary: Summary, *, final: bool) -> Summary:
    """What was read once is not lost because it cannot be read now."""
    if before and not before.unavailable and (why := _less(before, summary)):
        return unread_again(before, why, final=final)
    return replace(summary, final=final)


def _less(before: Summary, now: Summary) -> str:
    """Why less can be read now; empty: it is no less."""
    if now.unavailable:
        return now.unavailable
    lost = [region for region in before.regions if region in now.regions_missing]
    if lost:
        return "; ".join(f"{region} ({now.regions_missing[region]})" for region in lost)
    if now.calls >= before.calls:
        return ""
    if now.gone:
        return GONE
    if now.blind:
        return BLIND
    return MORE if now.truncated else ""


def _look_again(now: datetime, final_at: datetime, tries: int, *, patient: bool) -> datetime:
    if not patient:
        return final_at
    return now + min(timedelta(hours=1), timedelta(minutes=2 ** min(tries, 6)))
