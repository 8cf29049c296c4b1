"""The net under every listener: a refusal is whispered, anything else is logged and apologised for."""

import logging
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Final

from slack_bolt import BoltResponse
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from blocks.refusals import whisper
from blocks.text import Message
from grants.errors import AwsDenies, AwsRefused, NotOpened, Refusal, TooSlow
from handlers.guard import user_of
from handlers.often import Often
from handlers.people import People

log = logging.getLogger(__name__)
Payload = dict[str, Any]


WHISPERS: Final = 30
"""So often within a minute one person is told no: they have read it by then, and others need Slack's calls."""


@dataclass(frozen=True, slots=True)
class Net:
    """Answers whoever pressed, and nobody else; the message that was pressed stays as it is."""

    client: WebClient
    people: People
    later: Executor
    told: Often

    def __call__(self, error: Exception, body: Payload) -> BoltResponse:
        """For `@app.error`. The answer acks at once: Slack would show a warning sign otherwise."""
        self.later.submit(self.answer, error, body)
        typing = body.get("type") == "block_suggestion"
        return BoltResponse(status=200, body={"options": []} if typing else "")

    def answer(self, error: Exception, body: Payload) -> None:
        """Tell the person, and write down what has to be written down."""
        refusal = refusal_for(error, opening=_opens(body))
        if isinstance(error, Refusal):
            self.people.record(error, body)
        else:
            log.error("not done", exc_info=error, extra={"slack_user": user_of(body)})
        if body.get("type") == "block_suggestion":
            return  # Whoever types sees an empty list; the next keystroke asks again.
        self.whisper(whisper(refusal), body)

    def under(self, work: Callable[[], None], body: Payload) -> None:
        """Done where nobody waits for it, and what goes wrong is answered all the same."""
        try:
            work()
        except Exception as error:  # noqa: BLE001 - it is logged whole, and answered
            self.answer(error, body)

    def whisper(self, message: Message, body: Payload) -> None:
        """Only this person sees it: beside what was pressed, else in their direct messages."""
        slack_id = user_of(body)
        if self.told.is_enough(slack_id):
            return
        self.told.note(slack_id)
        channel = _channel(body)
        try:
            if channel and not channel.startswith("D"):
                self.client.chat_postEphemeral(
                    channel=channel, user=slack_id, text=message.text, blocks=message.blocks
                )
                return
        except (SlackApiError, SlackClientError, OSError):
            log.info("not whispered there", extra={"channel": channel})
        try:
            # Never into the channel: what is for one person alone stands in their own messages.
            self.client.chat_postMessage(channel=slack_id, text=message.text, blocks=message.blocks)
        except (SlackApiError, SlackClientError, OSError):
            log.warning("could not answer", extra={"slack_user": slack_id})


def refusal_for(error: Exception, *, opening: bool = False) -> Refusal:
    """What a person is told: a refusal as it is; of anything else, what that means for them.

    `opening`: they wanted to see something, so that there was nothing to record.
    """
    match error:
        case Refusal():
            return error
        case AwsRefused():
            return AwsDenies(error.reason)
        case _:
            return NotOpened() if opening else TooSlow()


def _opens(body: Payload) -> bool:
    return "command" in body or body.get("type") == "shortcut"


def _channel(body: Payload) -> str:
    channel = body.get("channel")
    if isinstance(channel, dict):
        return str(channel.get("id") or "")
    container = body.get("container") or {}
    return str(container.get("channel_id") or body.get("channel_id") or "")
