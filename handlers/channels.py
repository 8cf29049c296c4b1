"""Whether a channel may be told at all, and where a person's direct messages are."""

from dataclasses import dataclass

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from grants.model import Copy, Place


class UnfitChannelError(Exception):
    """The channel is archived, shared with another organization, or lacks the bot."""

    def __init__(self, why: str) -> None:
        """`why` is Slack's own word where it has one."""
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Channels:
    """Looks before a card is hung: people of another organization could press its buttons."""

    client: WebClient

    def address(self, copy: Copy) -> str:
        """Where to post this card. UnfitChannelError where it must not hang."""
        if copy.place is not Place.CHANNEL:
            return self._person(copy.address)
        if why := self._why_not(copy.address):
            raise UnfitChannelError(why)
        return copy.address

    def _person(self, address: str) -> str:
        """A user id as it is; an address is looked up."""
        if "@" not in address:
            return address
        return str(self.client.users_lookupByEmail(email=address)["user"]["id"])

    def _why_not(self, channel: str) -> str:
        """Read anew for every card: sharing a channel changes it from one moment to the next."""
        try:
            found = self.client.conversations_info(channel=channel)["channel"]
        except SlackApiError as error:
            if error.response.get("error") in {"channel_not_found", "missing_scope"}:
                return "channel_not_found" if "not_found" in error.response["error"] else ""
            raise
        if found.get("is_archived"):
            return "is_archived"
        if found.get("is_ext_shared") or found.get("is_pending_ext_shared"):
            return "is_ext_shared"
        return "not_in_channel" if found.get("is_member") is False else ""
