"""Reminds people in time: approvers of what waits for them, the requester of the end."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from grants import authority, policy, telling
from grants.authority import Action
from grants.crew import each
from grants.errors import NudgedLately
from grants.model import (
    ChannelId,
    Person,
    Place,
    Reminder,
    Request,
    RequestId,
    Role,
    State,
    acting,
)
from grants.ports import Clock
from grants.records import Entry
from grants.stores import Work, Works
from grants.waiting import must_be_open

ROUND: Final = 50
"""So many are reminded at a time, so that no end waits long behind them; the rest is due still."""
WIDER: Final = 2
"""From this reminder on, those of the default channel are asked too."""


@dataclass(frozen=True, slots=True)
class Reminding:
    """When the next one is due stands in the request's row; to write the one after is to claim it.

    A reminder is no move: nobody who is about to move the row finds it changed under their hands.
    """

    works: Works
    clock: Clock
    wake: Callable[[], None]

    def round(self) -> None:
        """Everybody who is to be reminded by now."""
        with self.works.reading() as work:
            due = work.requests.reminding(self.clock(), limit=ROUND)
        each(due, self._remind)

    def _remind(self, request: Request) -> None:
        now = self.clock()
        with self.works() as work:
            request = work.requests.get(request.id)
            if request.remind_at is None or request.remind_at > now:
                return
            if request.state is State.PENDING and now < request.expires_at:
                _remind_approvers(work, request, at=now)
                return
            work.requests.save_reminder(replace(request, remind_at=None))
            if _lasts(request, now):
                _remind_requester(work, request, at=now)

    def nudge(self, person: Person, request_id: RequestId, *, once: str) -> Request:
        """The requester has the approvers reminded now, once an interval; it counts as a reminder.

        `once`: what tells this press from all others; none does so twice.
        """
        now = self.clock()
        with self.works() as work:
            request = authority.own(Action.NUDGE, person, work.requests.get(request_id))
            if not work.acted.first(once, at=now):
                return request
            must_be_open(request, now)
            interval = work.policies.current().settings.nudge_interval
            if request.nudged_at and now < request.nudged_at + interval:
                raise NudgedLately(request.nudged_at, _until(request, request.nudged_at + interval))
            work.journal.write(Entry(now, "nudge", acting(person, Role.REQUESTER), request.id))
            after = _remind_approvers(
                work, replace(request, nudged_at=now), at=now, by=request.requester.name
            )
            _answer(work, after, at=now, again_at=_until(after, now + interval))
        self.wake()
        return after


def timely(request: Request, facts: Mapping[str, Any], now: datetime) -> bool:
    """Whether a reminder that waited to be told still helps: it was not overtaken by anything."""
    match Reminder(facts["kind"]):
        case Reminder.DECISION:
            waits = request.state is State.PENDING and now < request.expires_at
            return waits and facts["count"] == request.reminded
        case Reminder.NUDGE:
            return request.state is State.PENDING
        case Reminder.END:
            return _lasts(request, now)


def _lasts(request: Request, now: datetime) -> bool:
    return request.state is State.ACTIVE and request.ends_at is not None and now < request.ends_at


def _remind_approvers(work: Work, request: Request, *, at: datetime, by: str = "") -> Request:
    """`by`: whoever nudged them; empty: the clock."""
    settings = work.policies.current().settings
    after = replace(
        request,
        reminded=request.reminded + 1,
        remind_at=policy.approvers_reminded_at(settings, at, request.expires_at),
    )
    work.requests.save_reminder(after)
    wider = _wider(work, after, settings.default_channel)
    telling.hang_late(work, after, wider, at=at)
    facts = {"count": after.reminded, "by": by, "wider": bool(wider)}
    telling.remind(work, after, facts, at=at)
    return after


def _wider(
    work: Work, request: Request, default_channel: ChannelId | None
) -> list[tuple[Place, str]]:
    """Where the card is hung besides: once, and not where it hangs, or was given up, already."""
    if default_channel is None or request.reminded < WIDER:
        return []
    channels = {c.address for c in work.copies.of(request.id) if c.place is Place.CHANNEL}
    return [] if default_channel in channels else [(Place.CHANNEL, default_channel)]


def _remind_requester(work: Work, request: Request, *, at: datetime) -> None:
    facts: dict[str, Any] = {"kind": Reminder.END}
    if other := _outliving(work, request):
        facts["held_by"] = other.id
    for extension in work.requests.extensions_of(request.id):
        agreed = extension.state is not State.PENDING
        facts |= {"extension": extension.id, "agreed": agreed}
    telling.note(work, request, facts, at=at)


def _outliving(work: Work, request: Request) -> Request | None:
    """Another grant that holds the same access, and for longer."""
    other = telling.longest_beside(work, request)
    if other and other.ends_at and request.ends_at and other.ends_at <= request.ends_at:
        return None
    return other


def _answer(work: Work, request: Request, *, at: datetime, again_at: datetime | None) -> None:
    """What came of the nudge: nobody is told that it reached somebody if it did not."""
    asked = {Place.CHANNEL, Place.APPROVER}
    if not any(c.place in asked and not c.dead for c in work.copies.of(request.id)):
        telling.unasked(work, request, at=at)
        return
    again = again_at.isoformat() if again_at else None
    telling.note(work, request, {"kind": Reminder.NUDGE, "again_at": again}, at=at)


def _until(request: Request, at: datetime) -> datetime | None:
    return at if at < request.expires_at else None
