"""What is pressed, sent and typed: each way in by its own payload, whoever sends it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from blocks import ids
from grants.model import RequestId, UserId
from grants.proving import about
from grants.records import Proof
from grants.totp import code_at, step_at
from handlers.ways import Kind, Way
from tests.authority.cast import PERSONS, Part
from tests.standins.aws import ApiCall
from tests.standins.slack import Message, Reply, View, payloads, tamper
from tests.standins.slack.tamper import Twist
from tests.world import DEFAULT, POLICIES, World

PROD: Final = "payments-prod · AdministratorAccess"
LONG_LIVED: Final = POLICIES.replace(
    "settings:\n", "settings:\n  pending_expiry: 500h\n  max_duration: 500h\n"
).replace("max_duration: 4h", "max_duration: 400h")
"""While many try one after the other, nothing expires and nothing ends."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What is there to be pressed."""

    request: RequestId | None = None
    message: Message | None = None
    view: View | None = None


Set = Callable[[World], Scene]
"""Makes one."""


@dataclass(frozen=True, slots=True)
class Press:
    """How a way is gone by whoever goes it: also by who was never shown it."""

    set: Set
    value: str = ""
    """A button's; `{request}` in it is the request's id. Of a word, what is typed behind it."""
    block: str = "b"
    twists: tuple[Twist, ...] = ()
    at_home: bool = False
    """Whoever has an App Home of their own presses there."""

    def by(self, world: World, part: Part, way: Way, scene: Scene) -> Reply:
        """Slack's payload, signed."""
        hand = part.on(world)
        hand = hand.tampering(*hand.twists, *(_about(scene, twist) for twist in self.twists))
        slack, user, value = world.slack, hand.user, self._value(scene)
        view = (world.slack.workspace.homes.get(user.id) if self.at_home else None) or scene.view
        match way.kind:
            case Kind.WORD:
                typed = f"{way.name} {value}".strip()
                return hand.form(payloads.command(slack, user, slack.channel(DEFAULT), typed))
            case Kind.SHORTCUT:
                return hand.raw(payloads.shortcut(slack, user, way.name))
            case Kind.EVENT:
                return hand.raw(payloads.home_opened(slack, user, "home"), kind="event")
            case Kind.BUTTON if scene.message:
                action = self._action(way, value)
                return hand.raw(payloads.message_actions(slack, user, scene.message, action))
            case Kind.BUTTON:
                assert view is not None
                action = self._action(way, value)
                return hand.raw(payloads.view_actions(slack, user, view, action))
            case Kind.FORM:
                assert view is not None
                return hand.raw(payloads.submission(slack, user, view))
            case Kind.SEARCH:
                assert view is not None
                where = {"block_id": self.block, "action_id": way.name}
                return hand.raw(payloads.suggestion(slack, user, view, where, value))

    def _value(self, scene: Scene) -> str:
        return self.value.format(request=scene.request)

    def _action(self, way: Way, value: str) -> dict[str, Any]:
        action = {"type": "button", "block_id": self.block, "action_id": way.name, "value": value}
        return action | {"text": {"type": "plain_text", "text": "Press"}}


def _about(scene: Scene, twist: Twist) -> Twist:
    def about(payload: dict[str, Any]) -> None:
        twist(payload)
        if "view" in payload:
            notes = payload["view"]["private_metadata"]
            payload["view"]["private_metadata"] = notes.replace("{request}", str(scene.request))

    return about


# Scenes


def nothing(_world: World) -> Scene:
    """It needs nothing."""
    return Scene()


def pending(world: World) -> Scene:
    """bob's request, which waits for a decision."""
    request = world.asks("bob", PROD, Duration="300h")
    return Scene(request, world.card(request))


def held(world: World) -> Scene:
    """What came of it: access."""
    request = world.active("bob", PROD, Duration="300h")
    return Scene(request, world.card(request))


def used(world: World) -> Scene:
    """Access that somebody has done something with."""
    scene = held(world)
    calls = (ApiCall("iam", "CreateUser", write=True),)
    account, permission_set = PROD.split(" · ")
    world.company.session_activity("bob", account, permission_set, world.clock(), calls=calls)
    world.clock.passes(minutes=10)
    return scene


def _form(world: World, who: str, request: RequestId | None = None) -> Scene:
    """What stands before somebody now, and is taken from there."""
    view = world[who].view()
    assert view is not None
    world.slack.workspace.stacks[world[who].id] = []
    return Scene(request, view=view)


def request_form(world: World) -> Scene:
    """bob's, filled in."""
    world.opens("bob").fill(Access=PROD, Justification="the disk is full", Duration="1h")
    return _form(world, "bob")


def open_form(world: World) -> Scene:
    """bob's, left open."""
    world.opens("bob")
    return Scene(view=world["bob"].view())


def extension_form(world: World) -> Scene:
    """bob's, for more time."""
    request = held(world).request
    assert request is not None
    world["bob"].click(world.last("bob"), "Extend")
    world["bob"].fill(Duration="1h")
    return _form(world, "bob", request)


def comment_form(world: World) -> Scene:
    """eve's, before her rejection."""
    scene = pending(world)
    assert scene.message
    world["eve"].click(scene.message, "Reject")
    world["eve"].fill(Comment="not on a Friday")
    return _form(world, "eve", scene.request)


def revoke_form(world: World) -> Scene:
    """eve's."""
    scene = held(world)
    assert scene.message
    world["eve"].click(scene.message, "Revoke")
    world["eve"].fill(Reason="the incident is over")
    return _form(world, "eve", scene.request)


def home(world: World) -> Scene:
    """ada's App Home; whoever has one of their own has opened it."""
    for part in PERSONS:
        if world.slack.home(part.name) is None:
            world[part.name].open_home()
    return Scene(view=world.slack.home("ada"))


def _pressed(world: World, button: str, within: str | None = None) -> None:
    world.slack.workspace.stacks[world["ada"].id] = []
    world["ada"].open_home()
    world.passes(seconds=5)
    world["ada"].press(button, within=within)


def filter_form(world: World) -> Scene:
    """ada's."""
    _pressed(world, "Filter")
    return _form(world, "ada")


SANDBOX: Final = "Eligibility: the sandbox"


def policy_form(world: World) -> Scene:
    """ada's, with something changed."""
    _pressed(world, "Edit", SANDBOX)
    world["ada"].fill({"Longest duration": "2h"})
    return _form(world, "ada")


def delete_form(world: World) -> Scene:
    """ada's."""
    _pressed(world, "Delete", SANDBOX)
    return _form(world, "ada")


def links(world: World) -> Scene:
    """The list of links before ada, somebody of no consequence in it."""
    world["spare"].command("mine")
    _pressed(world, "People Links")
    return Scene(view=world["ada"].view())


def link_form(world: World) -> Scene:
    """ada's."""
    links(world)
    world["ada"].press("Link Somebody")
    world["ada"].fill({"Slack user": "USPARE", "Identity Center user": "spare"})
    return _form(world, "ada")


SECRET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
"""The same key for everybody, so that what one fills in is right for whoever sends it."""


def _codes(world: World, *, sealed: bool, pending: bool) -> None:
    """eve and dan have codes, or have just been shown the key of some."""
    seal, now = world.bot.front.proving.seal, world.clock()
    assert seal is not None
    with world.works() as work:
        for name in ("eve", "dan"):
            user = UserId(world.company.user(name).id)
            kept = seal.seal(SECRET, about(user))
            work.proofs.remove(user)
            proof = Proof(user, pending=kept if pending else "", begun_at=now if pending else None)
            if sealed:
                proof = replace(proof, sealed=kept, confirmed_at=now)
            work.proofs.add(proof)


def _with_code(world: World) -> Scene:
    """The next step's code, which is taken now and a minute later."""
    world["eve"].fill(Code=code_at(SECRET, step_at(world.clock()) + 1))
    return _form(world, "eve")


def without_codes(world: World) -> Scene:
    """Nobody has any."""
    _codes(world, sealed=False, pending=False)
    return home(world)


def with_codes(world: World) -> Scene:
    """eve and dan have; the list of links before ada."""
    world["eve"].command("mine")
    _codes(world, sealed=True, pending=False)
    return links(world)


def present_code_form(world: World) -> Scene:
    """eve's, filled in."""
    _codes(world, sealed=True, pending=False)
    _set_up(world)
    return _with_code(world)


def codes_form(world: World) -> Scene:
    """eve's, with the first code of the key that it shows."""
    _codes(world, sealed=False, pending=False)
    _set_up(world)
    _codes(world, sealed=False, pending=True)
    return _with_code(world)


def _set_up(world: World) -> None:
    world.slack.workspace.stacks[world["eve"].id] = []
    world["eve"].command("proof", DEFAULT)
    world["eve"].click(world["eve"].ephemerals()[-1], "Set Up Codes")


REQUEST: Final = "{request}:1"
APPROVING: Final = tamper.private_metadata('{"request": "{request}", "ballot": "approve"}')
TURNED: Final = ids.place("mine", 1)
