"""What came of one attempt: the lines in the journal, and who was told what."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from grants.records import Entry
from tests.authority.cast import Part
from tests.standins.slack import Reply
from tests.standins.slack.faults import Call
from tests.world import World

ASKING: Final = ("users.info", "auth.test", "conversations.open", "files.getUploadURLExternal")
"""Calls that tell nobody anything."""


@dataclass(frozen=True, slots=True)
class Noticed:
    """After an attempt."""

    lines: tuple[Entry, ...]
    told: str
    """All that was said, drawn or answered."""
    others: frozenset[str]
    """Who else heard of it, by Slack's ids."""

    @property
    def events(self) -> list[str]:
        """What the journal calls it."""
        return [entry.event for entry in self.lines]


def notice(world: World, part: Part, attempt: Callable[[], Reply]) -> Noticed:
    """What comes of it at once: what waits in the outbox is told by the next round."""
    with world.works.reading() as work:
        head = work.journal.head()
    calls, whispers = len(world.slack.calls), len(world.slack.workspace.ephemerals)
    reply = attempt()
    assert reply.status == 200, reply
    with world.works.reading() as work:
        lines = work.journal.walk(after=head.seq if head else 0)
        entries = tuple(line.entry for line in lines)
    made = [call for call in list(world.slack.calls)[calls:] if call.method not in ASKING]
    spoken = world.slack.workspace.ephemerals[whispers:]
    said = [
        json.dumps(reply.json, ensure_ascii=False) if reply.is_json else reply.body.decode(),
        *(str(call.args) for call in made if call.outcome == "ok"),
        *(f"{message.text} {message.blocks}" for message in spoken),
    ]
    heard = {_audience(world, call, part) for call in made}
    heard |= {str(message.shown_to) for message in spoken}
    return Noticed(entries, "\n".join(filter(None, said)), frozenset(heard - {part.id}))


def _audience(world: World, call: Call, part: Part) -> str:
    """Whose eyes it was for. Whose press it was, Slack makes sure of where a trigger is needed."""
    args, space = call.args, world.slack.workspace
    match call.method:
        case "views.open" | "views.push":
            return part.id
        case "views.update":
            view = space.find_view(view_id=args["view_id"], external_id=None)
            return view.user if view else part.id
        case "views.publish":
            return str(args["user_id"])
        case "chat.postEphemeral":
            return str(args["user"])
        case _:
            where = str(args.get("channel") or args.get("channel_id"))
            channel = space.channels.get(where)
            return (channel.dm_with or where) if channel else where
