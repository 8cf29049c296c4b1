"""The workspace's memory: what is there, and the few ways in which it changes."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from threading import Condition
from typing import Any

from tests.standins.slack.words import elements_in
from tests.standins.slack.workspace import JSON, Channel, Message, User, View

TRIGGER_LIVES = timedelta(seconds=3)
RESPONSE_URL_LIVES = timedelta(minutes=30)
RESPONSE_URL_USES = 5
STACK_MOST = 3


class SlackError(Exception):
    """Slack answers `ok: false` with this code."""

    def __init__(self, code: str, **more: Any) -> None:
        super().__init__(code)
        self.code = code
        self.more = more


@dataclass(slots=True)
class Trigger:
    """A trigger_id: whose, since when, whether spent."""

    user: str
    at: datetime
    spent: bool = False


@dataclass(slots=True)
class ResponseUrl:
    """A response_url: where it posts to, for whom, about which message."""

    user: str
    channel: str
    at: datetime
    message: Message | None
    uses: int = 0


@dataclass(slots=True)
class File:
    """An uploaded file; `body` is None until its bytes have come."""

    id: str
    name: str
    length: int
    body: bytes | None = None
    title: str = ""


@dataclass(slots=True)
class Workspace:
    """Everything that Slack remembers; hold `changed` while reading or changing it."""

    clock: Callable[[], datetime]
    team: str = "T0ELEVATE1"
    domain: str = "elevate"
    enterprise: str | None = None
    app_id: str = "A0ELEVATE1"
    bot_user: str = "U0BOT00001"
    bot_id: str = "B0BOT00001"
    users: dict[str, User] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    dms: dict[str, str] = field(default_factory=dict)
    stacks: dict[str, list[View]] = field(default_factory=dict)
    homes: dict[str, View] = field(default_factory=dict)
    ephemerals: list[Message] = field(default_factory=list)
    triggers: dict[str, Trigger] = field(default_factory=dict)
    response_urls: dict[str, ResponseUrl] = field(default_factory=dict)
    files: dict[str, File] = field(default_factory=dict)
    uploads: str = ""
    """Where files are to be sent instead; empty: to the stand-in."""
    emoji: dict[str, str] = field(default_factory=dict)
    """Which are given back by their names (`{"🔥": ":fire:"}`); empty: all as they were sent."""
    changed: Condition = field(default_factory=Condition)
    _last_ts: int = 0
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.add_user("elevate-bot", id=self.bot_user, is_bot=True, email=None)

    def add_user(self, name: str, *, id: str | None = None, **flags: Any) -> User:  # noqa: A002
        """A new person; of another organisation when `team_id` says so."""
        flags.setdefault("email", f"{name}@example.com")
        flags.setdefault("team_id", self.team)
        user = User(id=id or self.new_id("U"), name=name, **flags)
        self.users[user.id] = user
        return user

    def add_channel(
        self,
        name: str,
        *members: User | str,
        id: str | None = None,  # noqa: A002
        bot: bool = True,
        **flags: Any,
    ) -> Channel:
        """A new channel with these members, the bot among them unless said otherwise."""
        inside = {self.user(one).id for one in members} | ({self.bot_user} if bot else set())
        created = int(self.clock().timestamp())
        channel = Channel(
            id=id or self.new_id("C"), name=name, members=inside, created=created, **flags
        )
        self.channels[channel.id] = channel
        return channel

    def user(self, who: User | str) -> User:
        """A user by id, name or address."""
        if isinstance(who, User):
            return who
        if who in self.users:
            return self.users[who]
        return next(one for one in self.users.values() if who in (one.name, one.email))

    def channel(self, which: Channel | str) -> Channel:
        """A channel by id or name."""
        if isinstance(which, Channel):
            return which
        if which in self.channels:
            return self.channels[which]
        name = which.removeprefix("#")
        return next(one for one in self.channels.values() if one.name == name)

    def dm(self, who: User | str) -> Channel:
        """The direct message channel of the bot with this person, opened when need be."""
        user = self.user(who)
        if user.id not in self.dms:
            channel = Channel(
                id=self.new_id("D"),
                name=user.name,
                members={user.id, self.bot_user},
                dm_with=user.id,
            )
            self.channels[channel.id] = channel
            self.dms[user.id] = channel.id
        return self.channels[self.dms[user.id]]

    def name_of(self, some_id: str) -> str:
        """What a person sees for an id."""
        if some_id in self.users:
            return self.users[some_id].name
        return self.channels[some_id].name if some_id in self.channels else some_id

    def new_id(self, prefix: str) -> str:
        """An id that nothing else has."""
        return f"{prefix}{next(self._numbers):09d}"

    def new_ts(self) -> str:
        """A ts later than every other."""
        now = self.clock()
        with self.changed:
            micro = int(now.timestamp()) * 1_000_000 + now.microsecond
            self._last_ts = max(self._last_ts + 1, micro)
            return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def new_trigger(self, user: str) -> str:
        """A trigger_id, good once within three seconds."""
        trigger = f"{next(self._numbers)}.{self.team}.{self.new_id('x')}"
        self.triggers[trigger] = Trigger(user, self.clock())
        return trigger

    def spend_trigger(self, trigger_id: str) -> str:
        """Whose trigger it is, or the refusal."""
        trigger = self.triggers.get(trigger_id)
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.spent:
            raise SlackError("exchanged_trigger_id")
        if self.clock() - trigger.at > TRIGGER_LIVES:
            raise SlackError("expired_trigger_id")
        trigger.spent = True
        return trigger.user

    def top(self, user: str) -> View | None:
        """The modal that this person has before them."""
        stack = self.stacks.get(user)
        return stack[-1] if stack else None

    def find_view(self, *, view_id: str | None, external_id: str | None) -> View | None:
        """A live view by either id."""
        everywhere = [*self.homes.values(), *(v for stack in self.stacks.values() for v in stack)]
        for view in everywhere:
            if view_id and view.id == view_id:
                return view
            if external_id and view.body.get("external_id") == external_id:
                return view
        return None

    def add_view(self, user: str, body: JSON, *, push: bool) -> View:
        """Put a modal before a person, over the others or in their place."""
        stack = self.stacks.get(user, []) if push else []
        if push and len(stack) >= STACK_MOST:
            raise SlackError("push_limit_reached")
        self.refuse_taken_external_id(body, None)
        view = self._new_view(user, body)
        if stack:
            view.root_id, view.previous_id = stack[0].id, stack[-1].id
        self.stacks[user] = [*stack, view]
        return view

    def publish(self, user: str, body: JSON) -> View:
        """A person's App Home."""
        if user not in self.homes:
            self.homes[user] = self._new_view(user, body)
        else:
            self.change_view(self.homes[user], body)
        return self.homes[user]

    def _new_view(self, user: str, body: JSON) -> View:
        view_id = self.new_id("V")
        return View(
            id=view_id,
            user=user,
            hash=self._new_hash(),
            body=self.with_ids(body),
            root_id=view_id,
            name_of=self.name_of,
        )

    def change_view(self, view: View, body: JSON) -> None:
        """New content: what was entered stays where block_id and action_id stay."""
        self.refuse_taken_external_id(body, view)
        view.body = self.with_ids(body)
        view.hash = self._new_hash()
        view.versions += 1
        kept = {(b["block_id"], e["action_id"]) for b, e in elements_in(view.blocks)}
        gone = {key: view.entered.pop(key) for key in list(view.entered) if key not in kept}
        view.lingering = {k: v for k, v in (view.lingering | gone).items() if k not in kept}

    def refuse_taken_external_id(self, body: JSON, own: View | None) -> None:
        """An external_id is unique among the views of the team."""
        external_id = body.get("external_id")
        other = self.find_view(view_id=None, external_id=external_id) if external_id else None
        if other is not None and other is not own:
            raise SlackError("duplicate_external_id")

    def _new_hash(self) -> str:
        return f"{int(self.clock().timestamp())}.{self.new_id('h')}"

    def spelled(self, content: Any) -> Any:
        """A copy with emoji as Slack stores them: by their names."""
        if isinstance(content, str):
            for emoji, name in self.emoji.items():
                content = content.replace(emoji, name)
            return content
        if isinstance(content, list):
            return [self.spelled(each) for each in content]
        if isinstance(content, dict):
            return {key: self.spelled(each) for key, each in content.items()}
        return content

    def with_ids(self, content: JSON) -> JSON:
        """A copy in which every block and button has the id that Slack gives it if need be."""
        copied = deepcopy(content)
        for block in copied.get("blocks") or []:
            block.setdefault("block_id", self.new_id("b"))
            for element in (block.get("element"), block.get("accessory")):
                if element and element["type"] != "image":
                    element.setdefault("action_id", self.new_id("a"))
            for element in block.get("elements", []) if block["type"] == "actions" else []:
                element.setdefault("action_id", self.new_id("a"))
        return copied

    def write(self, channel: Channel, text: str, blocks: list[JSON], **more: Any) -> Message:
        """A message of the bot's (or of `user`) in a channel."""
        message = Message(
            channel=channel.id,
            ts=self.new_ts(),
            user=more.pop("user", self.bot_user),
            text=self.spelled(text),
            blocks=self.spelled(self.with_ids({"blocks": blocks})["blocks"]),
            name_of=self.name_of,
            **more,
        )
        message.bot_id = self.bot_id if message.user == self.bot_user else None
        (self.ephemerals if message.shown_to else channel.everything).append(message)
        return message

    def delete(self, message: Message) -> None:
        """It is gone; where there are replies below it, Slack leaves a tombstone in its place."""
        channel = self.channels[message.channel]
        if not channel.thread(message):
            channel.everything.remove(message)
            return
        message.history.append(message.snapshot())
        message.subtype, message.user, message.bot_id = "tombstone", "USLACKBOT", None
        message.text, message.blocks, message.metadata = "This message was deleted.", [], None

    def edit(self, message: Message, text: str, blocks: list[JSON]) -> None:
        """A message's new content; what it was is kept in its history."""
        message.history.append(message.snapshot())
        message.text = text
        message.blocks = self.with_ids({"blocks": blocks})["blocks"]
        message.edited = self.new_ts()

    def response_url(self, user: str, channel: str, message: Message | None) -> str:
        """The key of a fresh response_url."""
        key = self.new_id("R")
        self.response_urls[key] = ResponseUrl(user, channel, self.clock(), message)
        return key
