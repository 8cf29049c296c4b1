"""Whether a channel may be told at all, and where a person's direct messages are."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from grants import addresses
from grants.model import Copy, Place
from grants.people import doubt
from handlers.guard import Home
from handlers.people import profile_of

SHARED: Final = "is_ext_shared"
NO_MEMBER: Final = "not_a_member"
SEEN_FOR: Final = timedelta(minutes=1)
"""So long a channel that was looked at is not looked at again for what is told below a card."""


class UnfitChannelError(Exception):
    """The channel is archived, shared with another organization, or lacks the bot.

    Or an address is of somebody who is no full member of the workspace.
    """

    def __init__(self, why: str) -> None:
        """`why` is Slack's own word where it has one."""
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Channels:
    """Looks before anything is told: people of another organization could read and press it."""

    client: WebClient
    home: Callable[[], Home]
    seen: dict[str, datetime] = field(default_factory=dict)
    """When each channel was looked at last and was ours alone."""

    def address(self, copy: Copy) -> str:
        """Where to post this card. UnfitChannelError where it must not hang."""
        if copy.place is not Place.CHANNEL:
            return self.person(copy.address)
        if why := self._why_not(copy.address):
            raise UnfitChannelError(why)
        return copy.address

    def person(self, address: str) -> str:
        """A user id (or a channel's) as it is; an address is looked up.

        UnfitChannelError where whoever has it would be nobody if they pressed anything: a guest, say.
        """
        if "@" not in address:
            return address
        profile = profile_of(self.client.users_lookupByEmail(email=address)["user"], self.home())
        if doubt(profile) or not addresses.same(profile.email, address):
            raise UnfitChannelError(NO_MEMBER)
        return profile.slack_id

    def was_seen(self, channel: str, now: datetime) -> bool:
        """Whether it was looked at within a minute."""
        return now - self.seen.get(channel, now - 2 * SEEN_FOR) < SEEN_FOR

    def look_at(self, channel: str, now: datetime) -> None:
        """UnfitChannelError where it is shared by now; whatever else it is, Slack itself will say."""
        found = self.client.conversations_info(channel=channel)["channel"]
        if is_shared(found):
            raise UnfitChannelError(SHARED)
        self.seen[channel] = now

    def _why_not(self, channel: str) -> str:
        """Read anew for every card: sharing a channel changes it from one moment to the next.

        What may not be read (no scope, a private channel without the bot) may be anybody's.
        """
        try:
            found = self.client.conversations_info(channel=channel)["channel"]
        except SlackApiError as error:
            if error.response.get("error") in {"channel_not_found", "missing_scope"}:
                return str(error.response["error"])
            raise
        return flaw(found)


def flaw(channel: dict[str, Any]) -> str:
    """Why no card may hang there, in Slack's own word; empty: it may."""
    if channel.get("is_archived"):
        return "is_archived"
    if is_shared(channel):
        return SHARED
    return "not_in_channel" if channel.get("is_member") is False else ""


def is_shared(channel: dict[str, Any]) -> bool:
    """Whether people of another organization are in it, or are about to be."""
    return bool(channel.get("is_ext_shared") or channel.get("is_pending_ext_shared"))
