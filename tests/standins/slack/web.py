"""What the methods of Slack's Web API share: who asks, what they may, what they see."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.standins.slack.faults import Calls, Faults
from tests.standins.slack.state import SlackError, Workspace
from tests.standins.slack.workspace import JSON, Channel, Message

LEAST_SCOPES = frozenset(
    {
        "commands",
        "chat:write",
        "im:write",
        "users:read",
        "users:read.email",
        "channels:read",
        "groups:read",
    }
)
TEXT_MOST = 4000
MINUTE = timedelta(minutes=1)
PER_MINUTE = {1: 1, 2: 20, 3: 50, 4: 100}
TIERS = {
    "chat.delete": 3,
    "chat.postEphemeral": 4,
    "chat.update": 3,
    "conversations.history": 3,
    "conversations.info": 3,
    "conversations.join": 3,
    "conversations.list": 2,
    "conversations.members": 4,
    "conversations.open": 3,
    "conversations.replies": 3,
    "files.completeUploadExternal": 4,
    "files.getUploadURLExternal": 4,
    "users.info": 4,
    "users.list": 2,
    "users.lookupByEmail": 3,
    "views.open": 4,
    "views.publish": 4,
    "views.push": 4,
    "views.update": 4,
}


class RateLimited(Exception):  # noqa: N818 - Slack's word for it
    """Slack answers 429."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"retry after {retry_after}")
        self.retry_after = retry_after


class Slack:
    """The workspace together with our app in it; tests set the public fields as they need."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.workspace = Workspace(clock)
        self.scopes: set[str] = set(LEAST_SCOPES)
        self.token = "xoxb-standin"
        self.signing_secret = "standin-signing-secret"
        self.verification_token = "standin-verification"
        self.command = "/elevate"
        self.text_most = TEXT_MOST
        self.text_required = True
        self.messages_tab = True
        self.home_tab = True
        self.rate_limits = False
        self.untouched_are_told = True
        self.violations: list[str] = []
        self.troubles: list[str] = []
        self.faults = Faults()
        self.calls = Calls()
        self._recent: dict[str, list[datetime]] = {}

    @property
    def origin(self) -> str:
        """The address of the server."""
        raise NotImplementedError

    def violate(self, method: str, problems: list[str]) -> None:
        """Remember what the app did that it must not; tests fail on it at the end."""
        self.violations += [f"{method}: {problem}" for problem in problems]

    def need(self, scope: str) -> None:
        """Refuse unless the app has this scope."""
        if scope not in self.scopes:
            provided = ",".join(sorted(self.scopes))
            raise SlackError("missing_scope", needed=scope, provided=provided)

    def sees(self, channel: Channel) -> bool:
        """Whether the bot may know of a channel."""
        hidden = channel.is_private or channel.dm_with is not None
        return not hidden or self.workspace.bot_user in channel.members

    def seen_channel(self, where: str, *, by_name: bool = False) -> Channel:
        """A channel that the bot may know of."""
        for channel in self.workspace.channels.values():
            fits = channel.id == where or (by_name and channel.name == where)
            if fits and self.sees(channel):
                return channel
        raise SlackError("channel_not_found")

    def permalink(self, message: Message) -> str:
        """The address of a message."""
        place = f"{message.channel}/p{message.ts.replace('.', '')}"
        return f"https://{self.workspace.domain}.slack.com/archives/{place}"

    def limit_posts(self, channel: str) -> None:
        """One post a second and channel, when rates are limited."""
        self._limit(f"chat.postMessage {channel}", 1, timedelta(seconds=1))

    def limit(self, method: str) -> None:
        """A method's tier, when rates are limited."""
        if method in TIERS:
            self._limit(method, PER_MINUTE[TIERS[method]], MINUTE)

    def _limit(self, key: str, most: int, within: timedelta) -> None:
        if not self.rate_limits:
            return
        now = self.clock()
        recent = [at for at in self._recent.get(key, []) if now - at < within]
        if len(recent) >= most:
            left = (recent[0] + within - now).total_seconds()
            raise RateLimited(max(1, -int(-left // 1)))
        self._recent[key] = [*recent, now]


Answering = Callable[[Slack, JSON], JSON]


@dataclass(frozen=True, slots=True)
class Method:
    """One method of the Web API and the scopes that it needs."""

    answer: Answering
    scopes: tuple[str, ...]


class Methods:
    """Methods by name."""

    def __init__(self) -> None:
        self.by_name: dict[str, Method] = {}

    def __iter__(self) -> Iterator[tuple[str, Method]]:
        return iter(self.by_name.items())

    def method(self, name: str, *scopes: str) -> Callable[[Answering], Answering]:
        """Register what answers `name`."""

        def register(answer: Answering) -> Answering:
            self.by_name[name] = Method(answer, scopes)
            return answer

        return register


def required(args: JSON, key: str) -> Any:
    """An argument that must be there."""
    if not args.get(key):
        messages = [f"[ERROR] missing required field: {key}"]
        raise SlackError("invalid_arguments", response_metadata={"messages": messages})
    return args[key]


def listed(value: object) -> list[str]:
    """A list, or words with commas between them."""
    if isinstance(value, str):
        return [word.strip() for word in value.split(",") if word.strip()]
    return [str(item) for item in value] if isinstance(value, list) else []


def truth(value: object) -> bool:
    """A flag, as JSON or as a form sends it."""
    return value in (True, 1, "1", "true", "True")
