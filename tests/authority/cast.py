"""Everybody who tries: by what they are to bob's request for production, and why some are nobody."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from grants.authority import Hat
from grants.errors import Doubt
from tests.standins.slack import Person, tamper
from tests.world import APPROVALS, DEFAULT, World

ELSEWHERE: Final = "T0ELSEWHERE"
ORGANIZATION: Final = "E0ELEVATE"
EVERY_GROUP: Final = ("engineers", "production-approvers", "elevate-admins", "elevate-auditors")


@dataclass(frozen=True, slots=True)
class Part:
    """One of the cast."""

    name: str
    hats: frozenset[Hat] = frozenset()
    """What they are, as the story has it, whatever the code makes of it."""
    doubt: Doubt | None = None
    """Why they are nobody, though Identity Center has them in every group."""
    silent: bool = False
    """Turned away before anything is said to them."""
    gone: bool = False
    """Nobody reads what they are sent: Slack takes no direct message for them."""

    @property
    def id(self) -> str:
        """In Slack."""
        return f"U{self.name.upper()}"

    def on(self, world: World) -> Person:
        """Their hand, as their workspace sends what it does."""
        hand = world[self.name]
        away = hand.user.team_id != world.slack.workspace.team
        return hand.tampering(tamper.as_team(ELSEWHERE)) if away else hand


def _person(name: str, *hats: Hat) -> Part:
    return Part(name, frozenset({Hat.ANYBODY, Hat.PERSON, *hats}))


def _nobody(name: str, doubt: Doubt) -> Part:
    return Part(name, frozenset({Hat.ANYBODY}), doubt)


PERSONS: Final = (
    _person("bob", Hat.ELIGIBLE, Hat.REQUESTER),
    _person("eve", Hat.APPROVER),
    _person("dan", Hat.APPROVER),
    _person("aud", Hat.AUDITOR),
    _person("ada", Hat.ADMINISTRATOR),
    _person("mallory"),
)
NOBODIES: Final = (
    _nobody("unlinked", Doubt.NO_USER),
    _nobody("disabled", Doubt.DISABLED),
    _nobody("broken", Doubt.BROKEN),
    _nobody("guest", Doubt.GUEST),
    Part("deactivated", frozenset({Hat.ANYBODY}), Doubt.DEACTIVATED, gone=True),
    Part("robot", frozenset({Hat.ANYBODY}), Doubt.BOT, gone=True),
    Part("elsewhere", doubt=Doubt.OTHER_TEAM, silent=True),
)
CAST: Final = (*PERSONS, *NOBODIES)
STRANGER: Final = Part("stranger", frozenset({Hat.ANYBODY}), Doubt.OTHER_TEAM, gone=True)
"""Of another workspace, where ours is one of an Enterprise organization: any may send to us."""

_FLAGS: Final[Mapping[str, dict[str, Any]]] = {
    "guest": {"is_restricted": True},
    "deactivated": {"deleted": True},
    "robot": {"is_bot": True},
    "elsewhere": {"team_id": ELSEWHERE},
    "stranger": {"team_id": ELSEWHERE, "is_stranger": True},
}


def enter(world: World, *parts: Part) -> None:
    """They are there, in Slack and, all but one of the nobodies, in every group of Identity Center."""
    world.company.add_user("spare", "spare@example.com")
    world.slack.workspace.add_user("spare", id="USPARE")
    for part in (part for part in parts if not part.doubt):
        world[part.name].command("mine")
    for part in (part for part in parts if part.doubt):
        world.slack.workspace.add_user(part.name, id=part.id, **_FLAGS.get(part.name, {}))
        for channel in (DEFAULT, APPROVALS):
            world.slack.channel(channel).members.add(part.id)
        if part.doubt is not Doubt.NO_USER:
            world.company.add_user(part.name, f"{part.name}@example.com")
        for group in EVERY_GROUP if part.doubt is not Doubt.NO_USER else ():
            world.company.add_member(group, part.name)
    if any(part.doubt is Doubt.DISABLED for part in parts):
        world.company.disable_user("disabled")
    if any(part.doubt is Doubt.BROKEN for part in parts):
        _breaks(world)


def _breaks(world: World) -> None:
    """A link that held, and does not any more."""
    world["broken"].command("mine", DEFAULT)
    world.slack.user("broken").email = "another@example.com"
    world["broken"].command("mine", DEFAULT)
