"""Reads the thread of a card as Slack has it now, page by page and in its turn."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from blocks import retold
from grants.comparing import Thread
from grants.model import Copy
from grants.ports import Clock
from handlers.fates import code_of, retry_after
from handlers.pace import REPLIES, InTurn, LaterError

log = logging.getLogger(__name__)

Rest = Callable[[datetime], bool]
"""Waits until then. False: not any more, for the process is about to stop."""
Slow = Callable[[], None]
"""Told before something takes a while."""
PAGE: Final = 200
PAGES: Final = 50
PATIENCE: Final = timedelta(minutes=3)
"""Whoever asked waits; Slack takes their answer for half an hour."""
GONE: Final = frozenset({"thread_not_found", "message_not_found"})
TOMBSTONE: Final = "tombstone"
"""The subtype of what Slack leaves in the place of a message that was deleted and had replies."""

NO_ANSWER: Final = "no_answer"
TOO_BUSY: Final = "ratelimited"
TOO_LONG: Final = "too_many_messages"
STOPPING: Final = "stopping"
HUNG_ANEW: Final = "hung_anew"
"""The card was deleted, and is hung again just now."""


@dataclass(frozen=True, slots=True)
class UnreadError(Exception):
    """It could not be read. `code` is Slack's word, or one of those above."""

    code: str


@dataclass(frozen=True, slots=True)
class Threads:
    """Nothing of what is read is kept."""

    client: WebClient
    clock: Clock
    call: InTurn
    bot: Callable[[], str]
    """Our `bot_id`."""
    rest: Rest

    def read(self, copy: Copy, known: frozenset[str], *, slow: Slow) -> Thread:
        """Or UnreadError. `known`: messages by `ts` that were told there. `slow`: before it waits."""
        until = self.clock() + PATIENCE
        try:
            own = self.bot()
            found = list(self._messages(copy, until, slow))
        except SlackApiError as error:
            # The SDK puts its own words where Slack's answer is none.
            code = code_of(error) if error.response.status_code < 500 else NO_ANSWER
            if code in GONE:
                return Thread(card=False)
            log.warning("a thread is not read", extra={"error": code})
            raise UnreadError(code or NO_ANSWER) from error
        except (SlackClientError, OSError) as error:
            log.warning("a thread is not read", extra={"error": type(error).__name__})
            raise UnreadError(NO_ANSWER) from error
        put = known | {copy.ts, copy.summary_ts}  # By an app that was created anew since, too.
        return _thread(copy, found, ours=lambda one: one["ts"] in put or _by(one, own))

    def _messages(self, copy: Copy, until: datetime, slow: Slow) -> Iterator[dict[str, Any]]:
        cursor = ""
        for _ in range(PAGES):
            page = self._page(copy, cursor, until, slow)
            yield from page["messages"]
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return
        raise UnreadError(TOO_LONG)

    def _page(self, copy: Copy, cursor: str, until: datetime, slow: Slow) -> Any:
        def ask() -> Any:
            return self.client.conversations_replies(
                channel=copy.channel, ts=copy.ts, limit=PAGE, cursor=cursor or None
            )

        while True:
            try:
                return self.call(REPLIES, copy.channel, ask)
            except LaterError as later:
                slow()
                self._wait(later.at, until)
            except SlackApiError as error:
                if retry_after(error) is None:
                    raise
                # The method is held back now: the next call says until when.

    def _wait(self, at: datetime, until: datetime) -> None:
        if at > until:
            raise UnreadError(TOO_BUSY)
        if not self.rest(at):
            raise UnreadError(STOPPING)


def _thread(
    copy: Copy, found: list[dict[str, Any]], *, ours: Callable[[dict[str, Any]], bool]
) -> Thread:
    """The first page begins with the card, and a careless Slack may give it again with others."""
    replies = {str(one["ts"]): one for one in found}
    card = replies.pop(copy.ts, None)
    summary = replies.pop(copy.summary_ts, None) if copy.summary_ts else None
    others = [one for one in replies.values() if not ours(one)]
    return Thread(
        card=card is not None and card.get("subtype") != TOMBSTONE and ours(card),
        lines=tuple(retold.standing(one) for one in replies.values() if ours(one)),
        summary=summary is not None,
        others=len(others),
        alike=sum(retold.begins_as_ours(one) for one in others),
    )


def _by(message: dict[str, Any], own: str) -> bool:
    return bool(own) and message.get("bot_id") == own
