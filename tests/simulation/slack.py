"""A Slack in memory that keeps what is posted, and on bad days answers late, not at all, or with 429."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from slack_sdk.errors import SlackApiError
from slack_sdk.models.metadata import Metadata

from tests.simulation.weather import Weather


class Answer(dict[str, Any]):
    """What slack_sdk makes of a response, as far as anybody here looks at it."""

    status_code = 200
    headers: Mapping[str, str] = {}


class Limited(Answer):
    """Too much at once."""

    status_code = 429
    headers: Mapping[str, str] = {"Retry-After": "20"}


@dataclass
class Posted:
    """One message as it stands there now."""

    channel: str
    ts: str
    text: str
    blocks: list[dict[str, Any]]
    thread_ts: str | None
    metadata: dict[str, Any]

    def told(self) -> dict[str, Any]:
        """As the Web API has it."""
        return {"ts": self.ts, "bot_id": BOT, "metadata": self.metadata}


BOT: Final = "B0000000001"


@dataclass
class Slack:
    """What the announcer asks of slack_sdk's client."""

    weather: Weather
    travels: Callable[[str], None]
    say: Callable[[str], None]
    """On the way there and back others go on."""
    messages: dict[tuple[str, str], Posted] = field(default_factory=dict)

    def chat_postMessage(  # noqa: N802 - slack_sdk's name
        self, *, channel: str, text: str, blocks: list[dict[str, Any]],
        metadata: Metadata, thread_ts: str | None = None, **_: Any,
    ) -> Answer:  # fmt: skip
        self._before("post")
        assert thread_ts is None or (channel, thread_ts) in self.messages, "no such thread"
        ts = f"{len(self.messages) + 1}.0"
        told = metadata.to_dict()
        self.messages[channel, ts] = Posted(channel, ts, text, blocks, thread_ts, told)
        self.say(f"Slack takes {ts} in {thread_ts or channel}: {text[:60]}")
        self._after("post")
        return Answer({"channel": channel, "ts": ts})

    def chat_update(
        self, *, channel: str, ts: str, text: str, blocks: list[dict[str, Any]]
    ) -> Answer:
        self._before("update")
        posted = self.messages[channel, ts]
        posted.text, posted.blocks = text, blocks
        self.say(f"Slack redraws {ts}: {text[:60]}")
        self._after("update")
        return Answer({"channel": channel, "ts": ts})

    def conversations_info(self, *, channel: str) -> Answer:
        self._before("info")
        return Answer({"channel": {"id": channel, "is_member": True}})

    def conversations_history(self, *, channel: str, **_: Any) -> Answer:
        return self._read(channel, lambda posted: posted.thread_ts is None)

    def conversations_replies(self, *, channel: str, ts: str, **_: Any) -> Answer:
        return self._read(channel, lambda posted: ts in (posted.ts, posted.thread_ts))

    def conversations_open(self, *, users: str) -> Answer:
        return Answer({"channel": {"id": users}})

    def auth_test(self) -> Answer:
        return Answer({"bot_id": BOT})

    def _read(self, channel: str, wanted: Callable[[Posted], bool]) -> Answer:
        self._before("read")
        here = [each for each in self.messages.values() if each.channel == channel]
        return Answer({"messages": [each.told() for each in here if wanted(each)]})

    def lines(self, channel: str, request: str) -> list[str]:
        """The first words of all that stands below a request's card, however often that was hung."""
        here = [each for each in self.messages.values() if each.channel == channel]
        mark = f"Request: {request}."
        cards = {each.ts for each in here if each.thread_ts is None and mark in each.text}
        return [each.text.split()[0].rstrip(":.") for each in here if each.thread_ts in cards]

    def _before(self, call: str) -> None:
        self.travels(f"slack {call} leaves")
        if self.weather.strikes("slack 429", self.weather.slack / 2):
            limited = Limited(error="ratelimited")
            raise SlackApiError("ratelimited", limited)  # type: ignore[no-untyped-call]  # theirs
        if self.weather.strikes("slack lost request", self.weather.slack / 3):
            raise ConnectionResetError("it broke")

    def _after(self, call: str) -> None:
        if self.weather.strikes("slack lost answer", self.weather.slack / 3):
            raise TimeoutError("no answer")
        self.travels(f"slack {call} answers")
