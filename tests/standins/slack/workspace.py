"""What a Slack workspace holds: people, channels, messages, views."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from tests.standins.slack.words import Name, buttons_in, elements_in, flat, words_of

JSON = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class User:
    """A Slack user with the flags that say how far to trust them; `absent` fields are not told."""

    id: str
    name: str
    team_id: str
    email: str | None
    real_name: str = ""
    tz: str = "Europe/Berlin"
    deleted: bool = False
    is_bot: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_stranger: bool = False
    is_invited_user: bool = False
    is_email_confirmed: bool = True
    is_admin: bool = False
    enterprise_user: JSON | None = None
    absent: set[str] = field(default_factory=set)

    def told(self, *, with_email: bool) -> JSON:
        """The user object, as users.info gives it."""
        shown = self.real_name or self.name.title()
        profile = {"real_name": shown, "display_name": self.name, "team": self.team_id}
        if with_email and self.email is not None and "email" not in self.absent:
            profile["email"] = self.email
        told: JSON = {"id": self.id, "team_id": self.team_id, "name": self.name, "tz": self.tz}
        told |= {"real_name": shown, "tz_offset": 3600, "profile": profile, "updated": 0}
        for flag in ("is_bot", "is_restricted", "is_ultra_restricted", "is_email_confirmed"):
            told[flag] = getattr(self, flag)
        told |= {"is_admin": self.is_admin, "is_app_user": False, "deleted": self.deleted}
        for flag in ("is_stranger", "is_invited_user"):
            if getattr(self, flag):
                told[flag] = True
        if self.enterprise_user is not None:
            told["enterprise_user"] = self.enterprise_user
        return {key: value for key, value in told.items() if key not in self.absent}


@dataclass(slots=True, kw_only=True)
class Message:
    """A message as it is now; `history` holds what it was before each edit."""

    channel: str
    ts: str
    user: str
    text: str
    blocks: list[JSON] = field(default_factory=list)
    thread_ts: str | None = None
    metadata: JSON | None = None
    bot_id: str | None = None
    shown_to: str | None = None
    reply_broadcast: bool = False
    edited: str | None = None
    subtype: str | None = None
    history: list["Message"] = field(default_factory=list)
    name_of: Name = str

    def told(self, *, with_metadata: bool = False) -> JSON:
        """The message object, as the Web API and the payloads give it."""
        told: JSON = {"type": "message", "user": self.user, "ts": self.ts, "text": self.text}
        told |= {"blocks": deepcopy(self.blocks)} if self.blocks else {}
        told |= {"thread_ts": self.thread_ts} if self.thread_ts else {}
        told |= {"bot_id": self.bot_id} if self.bot_id else {}
        told |= {"subtype": self.subtype} if self.subtype else {}
        told |= {"edited": {"user": self.user, "ts": self.edited}} if self.edited else {}
        if with_metadata and self.metadata is not None:
            told["metadata"] = deepcopy(self.metadata)
        return told

    def snapshot(self) -> "Message":
        """The message as someone saw it, whatever happens to it later."""
        return Message(
            channel=self.channel,
            ts=self.ts,
            user=self.user,
            text=self.text,
            blocks=deepcopy(self.blocks),
            thread_ts=self.thread_ts,
            metadata=deepcopy(self.metadata),
            bot_id=self.bot_id,
            shown_to=self.shown_to,
            edited=self.edited,
            name_of=self.name_of,
        )

    def words(self) -> str:
        """What a person sees: the blocks, or the text where there are none."""
        return words_of(self.blocks, self.name_of) or flat(self.text, self.name_of)

    def spoken(self) -> str:
        """What a screen reader or a notification says."""
        return flat(self.text, self.name_of)

    def buttons(self) -> list[str]:
        """The labels of its buttons."""
        return [str(button["text"]["text"]) for _, button in buttons_in(self.blocks)]

    def button(self, label: str) -> JSON:
        """The button with this label, as Block Kit: its style, value, confirm."""
        return next(one for _, one in buttons_in(self.blocks) if one["text"]["text"] == label)


@dataclass(slots=True, kw_only=True)
class Channel:
    """A channel, or a direct message (`dm_with`), with its messages in order."""

    id: str
    name: str
    members: set[str] = field(default_factory=set)
    is_private: bool = False
    is_archived: bool = False
    is_ext_shared: bool = False
    is_pending_ext_shared: bool = False
    dm_with: str | None = None
    created: int = 0
    everything: list[Message] = field(default_factory=list)

    @property
    def messages(self) -> list[Message]:
        """The messages at the top level, oldest first."""
        return [
            one for one in self.everything if one.thread_ts in (None, one.ts) or one.reply_broadcast
        ]

    def thread(self, parent: "Message | str") -> list[Message]:
        """The replies below a message, oldest first."""
        ts = parent if isinstance(parent, str) else parent.ts
        return [one for one in self.everything if one.thread_ts == ts and one.ts != ts]

    def message(self, ts: str) -> Message | None:
        """The message with this ts."""
        return next((one for one in self.everything if one.ts == ts), None)

    def told(self, bot: str, team: str) -> JSON:
        """The conversation object."""
        told: JSON = {"id": self.id, "created": self.created, "is_im": self.dm_with is not None}
        told |= {"is_archived": self.is_archived, "context_team_id": team, "is_mpim": False}
        told |= {"is_org_shared": False, "is_shared": self.is_ext_shared}
        if self.dm_with is not None:
            return told | {"user": self.dm_with}
        told |= {"name": self.name, "name_normalized": self.name, "is_private": self.is_private}
        told |= {"is_channel": self.id[0] == "C", "is_group": self.id[0] == "G"}
        told |= {"is_ext_shared": self.is_ext_shared, "is_member": bot in self.members}
        return told | {"is_pending_ext_shared": self.is_pending_ext_shared}


@dataclass(slots=True, kw_only=True)
class View:
    """A modal or home view, with what its person entered so far."""

    id: str
    user: str
    hash: str
    body: JSON
    root_id: str
    previous_id: str | None = None
    entered: dict[tuple[str, str], JSON] = field(default_factory=dict)
    lingering: dict[tuple[str, str], JSON] = field(default_factory=dict)
    offered: dict[str, list[JSON]] = field(default_factory=dict)
    versions: int = 1
    name_of: Name = str

    @property
    def blocks(self) -> list[JSON]:
        """Its blocks."""
        blocks: list[JSON] = self.body["blocks"]
        return blocks

    @property
    def title(self) -> str:
        """Its title, or nothing on a home view."""
        return str((self.body.get("title") or {}).get("text", ""))

    @property
    def callback_id(self) -> str:
        """Its callback id, or nothing."""
        return str(self.body.get("callback_id", ""))

    @property
    def private_metadata(self) -> str:
        """What the app keeps in it."""
        return str(self.body.get("private_metadata", ""))

    def words(self) -> str:
        """All that a person reads on it: title, blocks, submit and close."""
        frame = [self.body[key]["text"] for key in ("submit", "close") if self.body.get(key)]
        return "\n".join(filter(None, [self.title, words_of(self.blocks, self.name_of), *frame]))

    def labels(self) -> list[str]:
        """The labels of its inputs, in order."""
        return [str(one["label"]["text"]) for one in self.blocks if one["type"] == "input"]

    def buttons(self) -> list[str]:
        """The labels of its buttons, submit and close not among them."""
        return [str(button["text"]["text"]) for _, button in buttons_in(self.blocks)]

    def button(self, label: str) -> JSON:
        """The button with this label, as Block Kit: its style, value, confirm."""
        return next(one for _, one in buttons_in(self.blocks) if one["text"]["text"] == label)

    def options(self, label: str) -> list[str]:
        """What the field offers: its own options, or those last found by searching."""
        block, element = self.field(label)
        searched = self.offered.get(f"{block['block_id']} {element['action_id']}")
        listed = searched or list(options_of(element))
        return [str(option["text"]["text"]) for option in listed]

    def field(self, label: str) -> tuple[JSON, JSON]:
        """The block and element with this label, placeholder or action id."""
        found = [
            (block, element)
            for block, element in elements_in(self.blocks)
            if label in names_of(block, element)
        ]
        assert found, f"no field {label!r} here, only {self.labels()}"
        assert len(found) == 1, f"more than one field {label!r}"
        return found[0]


def names_of(block: JSON, element: JSON) -> set[str]:
    """What a field may be called by."""
    texts = (block.get("label"), element.get("placeholder"), element.get("text"))
    return {str(text["text"]) for text in texts if text} | {element["action_id"]}


def options_of(element: JSON) -> Iterator[JSON]:
    """An element's options, those in its groups too."""
    yield from element.get("options", [])
    for group in element.get("option_groups", []):
        yield from group["options"]
