"""Tells Slack what the outbox holds: in order for each card, paced, and again until it is told."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, TypeVar

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from blocks import activity, audit, card, direct, reminder, thread
from blocks.text import Message, Style
from grants.activity import from_json
from grants.crew import Crew
from grants.errors import AwsFault
from grants.model import Copy, Moved, Place, Reminder, Request, SlackUserId, State, Told
from grants.ports import Clock
from grants.records import Notice, Pending, ToldLine
from grants.reminding import timely
from grants.staying import unseen
from grants.stores import Work, Works
from grants.telling import WATCHERS, held_by, moved_in, redraw_watchers
from handlers import alarms
from handlers.channels import SHARED, Channels, UnfitChannelError
from handlers.pace import INFO, PUBLISH, UPDATE, InTurn, LaterError
from handlers.posting import Posting
from handlers.traces import trace
from handlers.undelivered import Undelivered

log = logging.getLogger(__name__)

T = TypeVar("T")
LEASE: Final = timedelta(seconds=60)
LAST_MOMENT: Final = timedelta(seconds=30)
"""So long before its lease ends, telling a row is not begun any more: it takes two calls at most, but
where it is searched for, which looks at the clock once more."""
AT_ONCE: Final = 12
"""So many rows are in hand at a time, or wait for one of the threads that tell."""


class NoChannelError(Exception):
    """An alarm for which there is no channel, or none that takes it."""


@dataclass(frozen=True, slots=True)
class Announcer:
    """Sends what is due. The outbox holds facts; cards and summaries are drawn from their rows."""

    works: Works
    client: WebClient
    channels: Channels
    clock: Clock
    style: Style
    posting: Posting
    crew: Crew
    undelivered: Undelivered
    home: Callable[[SlackUserId], None]
    """Draws somebody's App Home again."""

    @property
    def call(self) -> InTurn:
        """Every call to Slack goes by one pace."""
        return self.posting.call

    def round(self) -> None:
        """Take what is due, and hand it out."""
        now = self.clock()
        due = self.next_due()
        if due is None or due > now:
            return
        room = AT_ONCE - self.crew.busy
        if room <= 0:
            return  # Whoever is done wakes us.
        with self.works() as work:
            rows = work.outbox.claim(now, until=now + LEASE, limit=room)
        for row in rows:
            self.crew.take(row, partial(self._tell, by=now + LEASE - LAST_MOMENT), name=row.id)

    def next_due(self) -> datetime | None:
        """When there is something to tell next."""
        with self.works.reading() as work:
            return work.outbox.next_due()

    def _tell(self, row: Pending, *, by: datetime) -> None:
        if self.clock() > by:
            return  # Somebody else may claim it in a moment: told by both, it would stand twice.
        told = None
        try:
            if row.notice.kind is Told.HOME:
                self._draw_home(row.notice)
            else:
                told = self._send(row)
        except LaterError as later:
            self.undelivered.later(row, later.at)
        except NoChannelError:
            self.undelivered.no_channel(row, "no channel")
        except UnfitChannelError as unfit:
            self._withdraw(row.notice, unfit)
            self.undelivered.give_up_place(row, unfit.why)
        except SlackApiError as error:
            self.undelivered.refused(row, error)
        except (SlackClientError, OSError, AwsFault) as error:
            self.undelivered.again(row, type(error).__name__, unsure=True)
        else:
            self._done(row, told)

    def _done(self, row: Pending, told: ToldLine | None) -> None:
        """Who stood still for longer than the lease may have drawn over what others drew since."""
        with self.works() as work:
            mine = work.outbox.done(row)
            if told:
                work.told_lines.add(told)
            if not mine and row.notice.kind in {Told.REDRAW, Told.SUMMARY}:
                work.outbox.put([row.notice], at=self.clock())

    def _draw_home(self, notice: Notice) -> None:
        """Drawn from rows when its turn has come; who gets a watcher's is looked up just then."""
        slack_id = SlackUserId(str((notice.facts or {})["slack_id"]))
        if slack_id == WATCHERS:
            with self.works() as work:
                redraw_watchers(work, at=self.clock())
            return
        self.call(PUBLISH, slack_id, lambda: self.home(slack_id))

    # What is told

    def _send(self, row: Pending) -> ToldLine | None:
        """The line that it tells in a thread, to be remembered; None: it is none."""
        notice = row.notice
        with self.works.reading() as work:
            copy = work.copies.get(notice.copy_id) if notice.copy_id is not None else None
            request = work.requests.get(notice.request_id) if notice.request_id else None
            message = self._draw(work, notice, copy, request)
            channel = alarms.where(work, notice) if notice.kind is Told.AUDIT else ""
        if copy is not None and copy.dead:
            raise UnfitChannelError(copy.dead)
        if message is None:
            if notice.kind is Told.DIRECT and copy is not None and _begins_to_end(notice):
                self._keep(copy, strip=(notice, copy))
            return None
        if notice.kind is Told.AUDIT:
            self._audit(row, channel, message)
        elif copy is not None:
            if copy.place is Place.CHANNEL and copy.ts:
                self._look_at(copy.channel)
            return self._place(row, copy, message)
        return None

    def _audit(self, row: Pending, channel: str, message: Message) -> None:
        if channel.startswith(("C", "G")):
            self._look_at(channel)
        if channel:
            self.posting.post(row, self.channels.person(channel), message)
        elif alarms.is_alarm(row.notice):
            raise NoChannelError

    def _look_at(self, channel: str) -> None:
        """UnfitChannelError where people of another organization read along by now."""
        now = self.clock()
        if not self.channels.was_seen(channel, now):
            self.call(INFO, channel, lambda: self.channels.look_at(channel, now))

    def _withdraw(self, notice: Notice, unfit: UnfitChannelError) -> None:
        """What hangs in a channel that is shared by now: people outside could read and press it."""
        if unfit.why != SHARED or notice.copy_id is None:
            return
        with self.works.reading() as work:
            copy = work.copies.get(notice.copy_id)
            request = work.requests.get(copy.request_id)
        if copy.dead or not copy.ts:
            return
        try:
            self._update(copy.channel, copy.ts, card.withdrawn(request))
        except (LaterError, SlackClientError, OSError):
            log.warning("a card in a shared channel stays", extra={"channel": copy.channel})

    def _place(self, row: Pending, copy: Copy, message: Message) -> ToldLine | None:
        notice, post = row.notice, partial(self.posting.post, row)
        match notice.kind:
            case Told.CARD if not copy.ts:
                self._keep(_hung(copy, post(self._address(copy), message)))
            case Told.REDRAW if copy.ts:
                self._update(copy.channel, copy.ts, message)
            case Told.LINE if copy.ts and copy.place is Place.APPROVER and _reminds(notice):
                post(copy.channel, message)  # Nobody is told of a line in a thread of theirs.
            case Told.LINE if copy.ts and _reminds(notice):
                # Of a thread that they have not written in, nobody is told either.
                posted = post(copy.channel, message, thread_ts=copy.ts, broadcast=True)
                return trace(row, copy, message, posted)
            case Told.LINE if copy.ts:
                posted = post(copy.channel, message, thread_ts=copy.ts)
                return trace(row, copy, message, posted)
            case Told.SUMMARY if copy.summary_ts:
                self._update(copy.channel, copy.summary_ts, message)
            case Told.SUMMARY if copy.ts:
                posted = post(copy.channel, message, thread_ts=copy.ts)
                self._keep(replace(copy, summary_ts=str(posted["ts"])))
            case Told.DIRECT if notice.moved is None and not _note(notice):
                post(copy.address, message)
            case Told.DIRECT:
                hung = _hung(copy, post(copy.address, message))
                strip = (notice, copy) if hung.ts != copy.ts else None  # It stands there already.
                self._keep(replace(hung, note=_note(notice)), strip=strip)
            case Told.STRIP if notice.facts:
                self._update(str(notice.facts["channel"]), str(notice.facts["ts"]), message)
            case _:
                log.info("nothing to tell it under", extra={"kind": notice.kind})
        return None

    def _draw(
        self, work: Work, notice: Notice, copy: Copy | None, request: Request | None
    ) -> Message | None:
        style, facts = self._styled(work), notice.facts or {}
        if notice.kind is Told.AUDIT:
            return audit.audit(notice.moved, request, facts, style)
        if request is None or copy is None:
            return None
        if _reminds(notice):
            return self._remind(notice, request, copy)
        match notice.kind:
            case Told.CARD | Told.REDRAW:
                votes, other = work.votes.on(request.id), held_by(work, request)
                return card.card(
                    request,
                    votes=votes,
                    held_by=other.id if other else None,
                    style=style,
                    place=copy.place,
                    unseen=unseen(work, request),
                )
            case Told.LINE if notice.moved is None:
                return thread.note(thread.Note(facts["kind"]), facts)
            case Told.LINE:
                return thread.line(_moved(notice), request, facts, style)
            case Told.SUMMARY:
                row = work.activities.get(request.id)
                found = row.summary if row else None
                return activity.summary(from_json(found), request, style) if found else None
            case Told.DIRECT if notice.moved is None:
                return direct.note(request, facts)
            case Told.DIRECT | Told.STRIP:
                moved = _moved(notice)
                buttons = notice.kind is Told.DIRECT
                if not direct.tells(moved):
                    return None
                return direct.direct(
                    moved,
                    request,
                    facts,
                    buttons=buttons,
                    style=style,
                    unseen=buttons and unseen(work, request),
                )
            case Told.HOME:
                return None

    def _remind(self, notice: Notice, request: Request, copy: Copy) -> Message | None:
        """None: it came too late to help anybody."""
        facts, now = notice.facts or {}, self.clock()
        if notice.kind is Told.STRIP:
            return reminder.past(request, self.style)
        if not timely(request, facts, now):
            return None
        match Reminder(facts["kind"]):
            case Reminder.DECISION:
                return reminder.decision(request, facts, place=copy.place, style=self.style)
            case Reminder.NUDGE:
                return reminder.nudged(request, facts, self.style)
            case Reminder.END:
                return reminder.end(request, facts, now=now, style=self.style)

    def _styled(self, work: Work) -> Style:
        """With the portal's own address where none is configured: AWS makes it of the store's id."""
        catalogue = work.catalogue.load()
        if catalogue is None:
            return self.style
        instance = catalogue.instance
        portal = self.style.portal_url or f"https://{instance.identity_store_id}.awsapps.com/start"
        return replace(self.style, portal_url=portal, sso_region=instance.region)

    # How it is told

    def _update(self, channel: str, ts: str, message: Message) -> None:
        self.call(
            UPDATE,
            channel,
            lambda: self.client.chat_update(
                channel=channel, ts=ts, text=message.text, blocks=message.blocks
            ),
        )

    def _address(self, copy: Copy) -> str:
        """Where the card is posted; a channel is looked at right before."""
        if copy.place is not Place.CHANNEL:
            return self.channels.address(copy)
        self.call.check(copy.address)
        return self.call(INFO, copy.address, lambda: self.channels.address(copy))

    def _keep(self, copy: Copy, *, strip: tuple[Notice, Copy] | None = None) -> None:
        with self.works() as work:
            hung = work.copies.get(copy.id).ts
            if hung and copy.ts != hung and copy.place is not Place.DIRECT:
                return  # Others have hung it meanwhile: that one is kept up to date.
            work.copies.save(copy)
            work.copies.reached(copy.address)
            if strip is not None and (notice := _strip(work, *strip)):
                work.outbox.put([notice], at=self.clock())


def _hung(copy: Copy, posted: Any) -> Copy:
    return replace(copy, channel=str(posted["channel"]), ts=str(posted["ts"]))


def _moved(notice: Notice) -> Moved:
    assert notice.moved is not None, "a line and a direct message always tell a move"  # noqa: S101 - the domain never writes one without
    return notice.moved


def _reminds(notice: Notice) -> bool:
    return notice.moved is None and (notice.facts or {}).get("kind") in list(Reminder)


def _note(notice: Notice) -> str:
    """What the message is that this one posts, if it tells no move and has buttons all the same."""
    ends = notice.moved is None and (notice.facts or {}).get("kind") == Reminder.END
    return Reminder.END if ends else ""


def _strip(work: Work, notice: Notice, before: Copy) -> Notice | None:
    """Takes the buttons off the requester's message before this one, if there is one."""
    if not before.ts:
        return None
    facts = {"channel": before.channel, "ts": before.ts}
    if before.note:
        facts["kind"] = before.note
        return Notice(Told.STRIP, before.request_id, before.id, None, facts)
    told = _told_before(work, notice)
    return Notice(Told.STRIP, before.request_id, before.id, told, facts) if told else None


def _told_before(work: Work, notice: Notice) -> Moved | None:
    """The move that the requester's newest message before this one told: the journal knows."""
    told = None
    for line in work.journal.of(notice.request_id) if notice.request_id else ():
        moved = moved_in(line.entry)
        if moved is None:
            continue
        if _comes_before(notice, moved):
            return told
        told = moved if direct.tells(moved) else told
    return None if notice.moved else told


def _comes_before(notice: Notice, moved: Moved) -> bool:
    """Whether the move is the notice's own, or one that a reminder of the end cannot come after."""
    if notice.moved is None:
        return moved.source is State.ACTIVE
    return (moved.move, moved.at) == (notice.moved.move, notice.moved.at)


def _begins_to_end(notice: Notice) -> bool:
    """End Access in the message before has been pressed, or is too late."""
    return notice.moved is not None and notice.moved.target is State.REVOKING
