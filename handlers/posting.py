"""Posts each row of the outbox once, as far as Slack lets us find out.

An answer may be lost although the message stands there, or we may die before we write down that it
does. So each message bears its row's id, for apps alone to see; and before a row of which that is
not known is posted again, the place is searched for it.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.models.metadata import Metadata

from blocks.text import Message
from grants.ports import Clock
from grants.records import Pending
from handlers.fates import code_of
from handlers.pace import HISTORY, OPEN, POST, REPLIES, InTurn, LaterError

log = logging.getLogger(__name__)

EVENT: Final = "elevate_told"
SETTLES: Final = timedelta(seconds=15)
"""A call takes ten seconds at most, and what arrived is shown soon after."""
BEFORE: Final = timedelta(seconds=60)
"""Slack's clock may be so far behind ours."""
IN_TIME: Final = timedelta(seconds=15)
"""Posting takes ten seconds at most: it does not begin where the lease ends sooner."""
PAGES: Final = 5
"""Of 200 messages each: what a busy channel had since the row was written."""
UNREADABLE: Final = frozenset(
    {"channel_not_found", "missing_scope", "not_in_channel", "thread_not_found"}
    | {"user_not_found", "user_disabled", "cannot_dm_bot"}
)
"""Where we may not look: what is posted then may stand twice."""


@dataclass(slots=True)
class Posting:
    """The one way in which a message of the outbox gets to where it stands."""

    client: WebClient
    clock: Clock
    call: InTurn
    _own_bot: str = field(default="", init=False)

    def post(
        self,
        row: Pending,
        channel: str,
        message: Message,
        *,
        thread_ts: str | None = None,
        broadcast: bool | None = None,
    ) -> Any:
        """Slack's answer, with `channel`, `ts`, `message`; or the same of what stands there.

        LaterError where it is not its turn, or where what was posted may not be shown yet.
        """
        if row.attempted_at is not None:
            if self.clock() < row.attempted_at + SETTLES:
                raise LaterError(row.attempted_at + SETTLES)
            self.call.check(channel)  # Else it is searched for each time that it is not its turn.
            if found := self._found(row, channel, thread_ts):
                return found
            if self.clock() > row.leased_until - IN_TIME:
                raise LaterError(self.clock())  # Searching took too long: others may be at it soon.
        return self.call(
            POST,
            channel,
            lambda: self.client.chat_postMessage(
                channel=channel,
                text=message.text,
                blocks=message.blocks,
                thread_ts=thread_ts,
                reply_broadcast=broadcast,
                unfurl_links=False,
                unfurl_media=False,
                metadata=Metadata(EVENT, {"id": name_of(row)}),
            ),
        )

    def _found(self, row: Pending, channel: str, thread_ts: str | None) -> dict[str, Any] | None:
        try:
            place = self._place(channel)
            for message in self._messages(place, thread_ts, since=row.created_at - BEFORE):
                told = message.get("metadata") or {}
                payload = told.get("event_payload") or {}
                named = (told.get("event_type"), payload.get("id")) == (EVENT, name_of(row))
                if named and message.get("bot_id") == self.bot():
                    return {"channel": place, "ts": str(message["ts"]), "message": message}
        except SlackApiError as error:
            if code_of(error) not in UNREADABLE:
                raise
            log.warning("not known whether it was posted", extra={"error": code_of(error)})
        return None

    def _place(self, channel: str) -> str:
        """A person's own messages have an id of their own, by which alone they are read."""
        if not channel.startswith(("U", "W")):
            return channel
        opened = self.call(OPEN, channel, lambda: self.client.conversations_open(users=channel))
        return str(opened["channel"]["id"])

    def _messages(
        self, channel: str, thread_ts: str | None, *, since: datetime
    ) -> Iterator[dict[str, Any]]:
        cursor = ""
        for _ in range(PAGES):
            page = self._page(channel, thread_ts, f"{since.timestamp():.6f}", cursor)
            yield from page["messages"]
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return

    def _page(self, channel: str, thread_ts: str | None, oldest: str, cursor: str) -> Any:
        asked: dict[str, Any] = {
            "channel": channel,
            "oldest": oldest,
            "limit": 200,
            "include_all_metadata": True,
            "cursor": cursor or None,
        }

        def ask() -> Any:
            if thread_ts is None:
                return self.client.conversations_history(**asked)
            return self.client.conversations_replies(ts=thread_ts, **asked)

        # Whoever has begun goes on: in their turn page by page, they would begin anew for ever.
        return (
            ask() if cursor else self.call(HISTORY if thread_ts is None else REPLIES, channel, ask)
        )

    def bot(self) -> str:
        """Our `bot_id`. Another app may write what it likes, the id of a row too."""
        if not self._own_bot:
            self._own_bot = str(self.client.auth_test().get("bot_id") or "")
        return self._own_bot


def name_of(row: Pending) -> str:
    """Unlike any other row's, also of a database that was restored: its number, and when it was written."""
    return f"{row.id}-{int(row.created_at.timestamp() * 1000)}"
