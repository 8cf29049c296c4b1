"""Tells Slack what the outbox holds: in order for each card, paced, and again until it is told."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from blocks import activity, audit, card, direct, thread
from blocks.text import Message, Style
from grants import pace as retrying
from grants.activity import from_json
from grants.crew import Crew
from grants.model import Copy, Moved, Place, Request, RequestId, State, Told
from grants.ports import Clock, Notice, Pending, Work, Works
from grants.telling import alarm, moved_in
from handlers.channels import Channels, UnfitChannelError
from handlers.pace import INFO, POST, UPDATE, Pace

log = logging.getLogger(__name__)

T = TypeVar("T")
LEASE: Final = timedelta(seconds=60)
AT_ONCE: Final = 50
NOBODY_THERE: Final = frozenset(
    {
        "channel_not_found", "is_archived", "not_in_channel", "user_not_found", "user_disabled",
        "account_inactive", "messages_tab_disabled", "cannot_dm_bot", "restricted_action",
        "restricted_action_read_only_channel", "is_ext_shared", "users_not_found",
    }
)  # fmt: skip
"""What Slack will not take there, however often it is tried: the place is given up."""
NOTHING_THERE: Final = frozenset(
    {
        "message_not_found", "cant_update_message", "edit_window_closed", "is_inactive",
        "thread_not_found", "cannot_reply_to_message", "restricted_action_thread_locked",
    }
)  # fmt: skip
"""The message is gone or closed: this one thing is let go of; the thread or the next tells it."""


@dataclass(frozen=True, slots=True)
class LaterError(Exception):
    """It is not this one's turn yet."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Announcer:
    """Sends what is due. The outbox holds facts; cards and summaries are drawn from their rows."""

    works: Works
    client: WebClient
    channels: Channels
    clock: Clock
    style: Style
    pace: Pace
    crew: Crew
    elsewhere: Callable[[RequestId], bool]
    """Asks the approvers directly, where no channel took a request's card."""
    jitter: Callable[[], float] = retrying.jitter

    def round(self) -> None:
        """Take what is due, and hand it out."""
        now = self.clock()
        due = self.next_due()
        if due is None or due > now:
            return
        with self.works() as work:
            rows = work.outbox.claim(now, until=now + LEASE, limit=AT_ONCE)
        for row in rows:
            self.crew.take(row, self._tell, name=row.id)

    def next_due(self) -> datetime | None:
        """When there is something to tell next."""
        with self.works.reading() as work:
            return work.outbox.next_due()

    def _tell(self, row: Pending) -> None:
        try:
            self._send(row.notice)
        except LaterError as later:
            self._again(row, later.at, "")
        except UnfitChannelError as unfit:
            self._give_up_place(row, unfit.why)
        except SlackApiError as error:
            self._refused(row, error)
        except (SlackClientError, OSError) as error:
            self._again(row, self._backoff(row), type(error).__name__)
        else:
            with self.works() as work:
                work.outbox.done(row)

    # What is told

    def _send(self, notice: Notice) -> None:
        with self.works.reading() as work:
            copy = work.copies.get(notice.copy_id) if notice.copy_id is not None else None
            request = work.requests.get(notice.request_id) if notice.request_id else None
            message = self._draw(work, notice, copy, request)
            channel = _audit_channel(work, notice)
        if copy is not None and copy.dead:
            raise UnfitChannelError(copy.dead)
        if message is None:
            if notice.kind is Told.DIRECT and copy is not None and _begins_to_end(notice):
                self._keep(copy, strip=(notice, copy))
            return
        if notice.kind is Told.AUDIT:
            if channel:
                self._post(channel, message)
            elif notice.moved is None:
                log.error("an alarm that no channel takes", extra={"words": message.text})
        elif copy is not None:
            self._place(notice, copy, message)

    def _place(self, notice: Notice, copy: Copy, message: Message) -> None:
        match notice.kind:
            case Told.CARD if not copy.ts:
                self._keep(_hung(copy, self._post(self._address(copy), message)))
            case Told.REDRAW if copy.ts:
                self._update(copy.channel, copy.ts, message)
            case Told.LINE if copy.ts:
                self._post(copy.channel, message, thread_ts=copy.ts)
            case Told.SUMMARY if copy.summary_ts:
                self._update(copy.channel, copy.summary_ts, message)
            case Told.SUMMARY if copy.ts:
                posted = self._post(copy.channel, message, thread_ts=copy.ts)
                self._keep(replace(copy, summary_ts=str(posted["ts"])))
            case Told.DIRECT:
                posted = self._post(copy.address, message)
                self._keep(_hung(copy, posted), strip=(notice, copy))
            case Told.STRIP if notice.facts:
                self._update(str(notice.facts["channel"]), str(notice.facts["ts"]), message)
            case _:
                log.info("nothing to tell it under", extra={"kind": notice.kind})

    def _draw(
        self, work: Work, notice: Notice, copy: Copy | None, request: Request | None
    ) -> Message | None:
        style, facts = self._styled(work), notice.facts or {}
        if notice.kind is Told.AUDIT:
            return audit.audit(notice.moved, request, facts, style)
        if request is None or copy is None:
            return None
        match notice.kind:
            case Told.CARD | Told.REDRAW:
                votes = work.votes.on(request.id)
                return card.card(request, votes=votes, style=style, place=copy.place)
            case Told.LINE if notice.moved is None:
                return thread.note(thread.Note(facts["kind"]), facts)
            case Told.LINE:
                return thread.line(_moved(notice), request, facts, style)
            case Told.SUMMARY:
                row = work.activities.get(request.id)
                found = row.summary if row else None
                return activity.summary(from_json(found), request, style) if found else None
            case Told.DIRECT | Told.STRIP:
                moved = _moved(notice)
                buttons = notice.kind is Told.DIRECT
                if not direct.tells(moved):
                    return None
                return direct.direct(moved, request, facts, buttons=buttons, style=style)

    def _styled(self, work: Work) -> Style:
        """With the portal's own address where none is configured: AWS makes it of the store's id."""
        if self.style.portal_url or (catalogue := work.catalogue.load()) is None:
            return self.style
        store = catalogue.instance.identity_store_id
        return replace(self.style, portal_url=f"https://{store}.awsapps.com/start")

    # How it is told

    def _post(self, channel: str, message: Message, *, thread_ts: str | None = None) -> Any:
        return self._call(
            POST,
            channel,
            lambda: self.client.chat_postMessage(
                channel=channel,
                text=message.text,
                blocks=message.blocks,
                thread_ts=thread_ts,
                unfurl_links=False,
                unfurl_media=False,
            ),
        )

    def _update(self, channel: str, ts: str, message: Message) -> None:
        self._call(
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
        if later := self.pace.when(copy.address, self.clock()):
            raise LaterError(later)
        return self._call(INFO, copy.address, lambda: self.channels.address(copy))

    def _call(self, method: str, channel: str, call: Callable[[], T]) -> T:
        """In its turn; a 429 holds back every call of this method, and of no other."""
        later = self.pace.take(method, channel, self.clock())
        if later is not None:
            raise LaterError(later)
        try:
            return call()
        except SlackApiError as error:
            if after := _retry_after(error):
                self.pace.pause(method, self.clock() + after)
            raise

    def _keep(self, copy: Copy, *, strip: tuple[Notice, Copy] | None = None) -> None:
        with self.works() as work:
            work.copies.save(copy)
            if strip is not None and strip[1].ts and (told := _told_before(work, strip[0])):
                facts = {"channel": strip[1].channel, "ts": strip[1].ts}
                notice = Notice(Told.STRIP, copy.request_id, copy.id, told, facts)
                work.outbox.put([notice], at=self.clock())

    # What went wrong

    def _refused(self, row: Pending, error: SlackApiError) -> None:
        code = str(error.response.get("error") or "")
        if after := _retry_after(error):
            self._again(row, self.clock() + after, code or "429")
        elif code in NOBODY_THERE:
            self._give_up_place(row, code)
        elif code in NOTHING_THERE or (code.startswith("invalid_") and "auth" not in code):
            log.error("could not be told", extra={"error": code, "kind": row.notice.kind})
            with self.works() as work:
                work.outbox.drop(row, why=code)
        else:
            self._again(row, self._backoff(row), code or str(error.response.status_code))

    def _give_up_place(self, row: Pending, code: str) -> None:
        """The others still get it; administrators are told, once for this place.

        The row goes last: whoever falls over before that comes round again.
        """
        if row.notice.copy_id is None:
            log.error("a line that no channel takes", extra={"error": code})
        else:
            copy = self._bury(row.notice.copy_id, code)
            with self.works.reading() as work:
                others = [o for o in work.copies.of(copy.request_id) if o.place is not Place.DIRECT]
            alone = copy.place is Place.CHANNEL and all(other.dead for other in others)
            if alone and not self.elsewhere(copy.request_id):
                log.error("nobody could be asked", extra={"request": copy.request_id})
        with self.works() as work:
            work.outbox.drop(row, why=code)

    def _bury(self, copy_id: int, code: str) -> Copy:
        with self.works() as work:
            copy = work.copies.get(copy_id)
            if copy.dead:
                return copy
            dead = replace(copy, dead=code)
            work.copies.save(dead)
            where = f"request {copy.request_id} could not be told in {copy.address}"
            words = f"The card of {where}: {code}"
            alarm(work, "unreachable", {"words": words, "reason": code}, at=self.clock())
        log.error("a place is given up", extra={"address": copy.address, "error": code})
        return dead

    def _again(self, row: Pending, at: datetime, error: str) -> None:
        if error:
            log.warning("told later", extra={"error": error, "kind": row.notice.kind})
        with self.works() as work:
            work.outbox.again(row, at=at, error=error)

    def _backoff(self, row: Pending) -> datetime:
        return self.clock() + retrying.backoff(row.attempts, self.jitter)


def _hung(copy: Copy, posted: Any) -> Copy:
    return replace(copy, channel=str(posted["channel"]), ts=str(posted["ts"]))


def _moved(notice: Notice) -> Moved:
    assert notice.moved is not None, "a line and a direct message always tell a move"  # noqa: S101 - the domain never writes one without
    return notice.moved


def _retry_after(error: SlackApiError) -> timedelta | None:
    """How long Slack wants to be left alone; None: it said something else."""
    response = error.response
    if response.status_code != 429 and response.get("error") not in {"ratelimited", "rate_limited"}:
        return None
    headers = {name.lower(): value for name, value in response.headers.items()}
    try:
        return timedelta(seconds=max(1.0, float(headers.get("retry-after", 1))))
    except ValueError:
        return timedelta(seconds=1)


def _told_before(work: Work, notice: Notice) -> Moved | None:
    """The move that the requester's newest message before this one told: the journal knows."""
    told = None
    for line in work.journal.of(notice.request_id) if notice.request_id else ():
        moved = moved_in(line.entry)
        if moved is None:
            continue
        if notice.moved and (moved.move, moved.at) == (notice.moved.move, notice.moved.at):
            return told
        told = moved if direct.tells(moved) else told
    return None


def _begins_to_end(notice: Notice) -> bool:
    """End Access in the message before has been pressed, or is too late."""
    return notice.moved is not None and notice.moved.target is State.REVOKING


def _audit_channel(work: Work, notice: Notice) -> str:
    """Alarms are for whoever can act: where there is no audit channel, the default one has them."""
    settings = work.policies.current().settings
    default = settings.default_channel if notice.moved is None else None
    return settings.audit_channel or default or ""
