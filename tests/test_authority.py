"""Every role, every action, every way in: what the table says is so, cell by cell, and nothing else is in."""

import ast
import inspect
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import click
import pytest
from slack_bolt import App

from blocks.refusals import DOUBTS
from bot.commands import ground
from bot.commands.ways import WAYS as COMMANDS
from bot.slack import EVERYTHING
from grants.authority import BARRED, MAY, OPERATORS, Action, Hat, admit, may
from grants.errors import NotAllowed, NotTheRequester
from handlers.elevate import WORDS
from handlers.ways import WAYS, Kind, Way
from tests.authority import stage
from tests.authority.cast import CAST, ORGANIZATION, PERSONS, STRANGER, Part, enter
from tests.authority.noticed import Noticed, notice
from tests.authority.probes import PROBES, Probe
from tests.authority.stage import REQUEST
from tests.reference import ROOT, commands
from tests.standins.slack import tamper
from tests.world import World

ROWS: Final = [(way, action) for way, actions in WAYS.items() for action in actions]

# Nothing is in that has no row


BOLT: Final = {
    "shortcut": Kind.SHORTCUT,
    "action": Kind.BUTTON,
    "block_action": Kind.BUTTON,
    "view_submission": Kind.FORM,
    "options": Kind.SEARCH,
    "event": Kind.EVENT,
}
"""What Bolt calls the matchers that it makes for our listeners."""


def registered(app: App) -> Iterator[tuple[str, object]]:
    """Each listener's matcher, and what it listens for."""
    for listener in app._listeners:
        for matcher in listener.matchers:
            inner: Any = matcher.func  # type: ignore[attr-defined]  # Bolt's own
            kept = inspect.getclosurevars(inner).nonlocals
            yield inner.__qualname__.partition(".")[0], next(iter(kept.values()))


def test_listeners_and_rows_are_the_same(world: World) -> None:
    found = list(registered(world.bot.app))
    commanded = [name for kind, name in found if kind == "command"]
    last = [kind for kind, name in found if name is EVERYTHING]
    others = [(kind, name) for kind, name in found if kind != "command" and name is not EVERYTHING]

    ways = {Way(BOLT[kind], _named(name)) for kind, name in others}
    ways |= {Way(Kind.WORD, word) for word in ("", *WORDS)}

    assert ways == WAYS.keys()
    assert commanded == ["/elevate"]
    assert sorted(last) == ["action", "options", "view_submission"]


def _named(name: Any) -> str:
    return str(name["action_id"] if isinstance(name, dict) else name)


def test_commands_and_rows_are_the_same() -> None:
    leaves = {path for path, found in commands() if not isinstance(found, click.Group)}

    assert leaves == COMMANDS.keys()


def test_every_row_has_its_probe_and_every_action_its_hats_and_a_way() -> None:
    assert PROBES.keys() == set(ROWS)
    assert MAY.keys() == WHO_MAY.keys() == set(Action)
    assert {*COMMANDS.values(), *(action for _, action in ROWS)} == set(Action)


# One place decides


AUTHORITY: Final = frozenset(
    {
        "OwnRequest",
        "NotAnApprover",
        "NotTheRequester",
        "NotAllowed",
        "Unseen",
        "AboutOneself",
        "NothingToApprove",
    }
)


def test_refusals_of_authority_are_made_in_one_place() -> None:
    rooms = [path for room in ("bot", "handlers", "grants", "storage") for path in _files(room)]

    makers = {str(path.relative_to(ROOT)) for path in rooms if _named_in(path) & AUTHORITY}

    assert makers == {"grants/authority.py", "grants/errors.py"}


def _files(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


def _named_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return names | {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}


def test_what_nobody_has_a_hat_for_is_refused() -> None:
    for action in Action:
        assert not may(action, frozenset())
        with pytest.raises(Exception, match=r".*") as refused:
            admit(action, frozenset({Hat.ONESELF}))
        assert refused.type.__name__ in AUTHORITY


def test_a_hat_that_bars_outweighs_all_others() -> None:
    for action, bars in BARRED.items():
        assert not may(action, frozenset(Hat))
        with pytest.raises(tuple(bars.values())):
            admit(action, frozenset(Hat))


def test_the_operator_may_what_the_commands_do_and_is_nobodys_requester_or_approver() -> None:
    assert {action for action in COMMANDS.values() if not may(action, OPERATORS)} == set()
    with pytest.raises(NotTheRequester):
        ground.whoever_types(Action.CANCEL)
    with pytest.raises(NotAllowed):
        ground.whoever_types(Action.APPROVE)
    with pytest.raises(NotAllowed):
        admit(Action.RUN, frozenset({Hat.ADMINISTRATOR}))


# What it says of the cast


PEOPLE: Final = "bob eve dan aud ada mallory"
WHO_MAY: Final = {
    Action.HELP: f"{PEOPLE} unlinked disabled broken guest deactivated robot",
    Action.LOOK: PEOPLE,
    Action.FILL_IN: PEOPLE,
    Action.ASK: "bob",
    Action.ASK_AGAIN: "bob",
    Action.EXTEND: "bob",
    Action.CANCEL: "bob",
    Action.END: "bob",
    Action.NUDGE: "bob",
    Action.APPROVE: "eve dan",
    Action.REJECT: "eve dan",
    Action.REVOKE: "eve dan ada",
    Action.SEE: "bob eve dan aud ada",
    Action.SEE_ACTIVITY: "bob eve dan aud ada",
    Action.EXPORT: PEOPLE,
    Action.VERIFY: "aud ada",
    Action.EXPLAIN: PEOPLE,
    Action.EXPLAIN_OTHERS: "aud ada",
    Action.EDIT_POLICIES: "ada",
    Action.LINK_PEOPLE: "ada",
    Action.SET_UP_CODES: "eve dan",
    Action.RESET_CODES: "ada",
    Action.RUN: "",
}
"""About bob's request for production."""


@pytest.mark.parametrize(("action", "names"), WHO_MAY.items())
def test_the_table_lets_those_do_it_and_nobody_else(action: Action, names: str) -> None:
    assert [part.name for part in CAST if may(action, part.hats)] == names.split()


# Cell by cell


REFUSED: Final = {
    Action.ASK: ("Tampered", "You may not ask for this any more"),
    Action.ASK_AGAIN: ("NotTheRequester", "Only whoever made this request"),
    Action.EXTEND: ("NotTheRequester", "Only whoever made this request"),
    Action.CANCEL: ("NotTheRequester", "Only whoever made this request"),
    Action.END: ("NotTheRequester", "Only whoever made this request"),
    Action.NUDGE: ("NotTheRequester", "Only whoever made this request"),
    Action.APPROVE: ("NotAnApprover", "You may not decide on this request"),
    Action.REJECT: ("NotAnApprover", "You may not decide on this request"),
    Action.REVOKE: ("NotAllowed", "Only administrators and approvers of this request may"),
    Action.SEE: ("Unseen", "There is no request"),
    Action.SEE_ACTIVITY: ("Unseen", "There is no request"),
    Action.VERIFY: ("NotAllowed", "Only administrators and auditors may"),
    Action.EXPLAIN_OTHERS: ("NotAllowed", "Only administrators and auditors may"),
    Action.EDIT_POLICIES: ("NotAllowed", "Only administrators may"),
    Action.LINK_PEOPLE: ("NotAllowed", "Only administrators may"),
    Action.SET_UP_CODES: ("NothingToApprove", "No approval policy names you"),
    Action.RESET_CODES: ("NotAllowed", "Only administrators may"),
}
"""What a person is refused with who may not, in the journal and in words."""
OWN: Final = {
    Action.APPROVE: ("OwnRequest", "This is your own request"),
    Action.REJECT: ("OwnRequest", "This is your own request"),
}
"""And whose request it is, approver or not."""


def played(
    world: World, way: Way, action: Action, probe: Probe, cast: tuple[Part, ...]
) -> list[str]:
    """Everybody tries; what was not as the table says it. Who may not goes first, all in one scene."""
    found = list[str]()
    permitted = [part for part in cast if may(action, part.hats)]
    scene = probe.press.set(world)
    world.rounds()
    world.clock.passes(seconds=61)  # the same refusal is written down once a minute
    before = public(world)
    for part in (part for part in cast if part not in permitted):
        seen = notice(world, part, partial(probe.press.by, world, part, way, scene))
        found += [f"{part.name}: {wrong}" for wrong in _not_refused(part, way, action, seen)]
    world.rounds()
    found += ["a card has changed"] if public(world) != before else []
    for part in permitted:
        seen = notice(world, part, partial(probe.press.by, world, part, way, scene))
        found += [] if probe.happened(seen) else [f"{part.name}: not done, but {seen}"]
        if probe.spends and part is not permitted[-1]:
            scene = probe.press.set(world)
    return [f"{way.kind} {way.name!r}, {action}, {each}" for each in found]


def _not_refused(part: Part, way: Way, action: Action, seen: Noticed) -> Iterator[str]:
    theirs = OWN if Hat.REQUESTER in part.hats else {}
    reason, words = {**REFUSED, **theirs}.get(action, ("", ""))
    if part.doubt:
        reason, words = "NotAPerson", DOUBTS[part.doubt]
    lines = [(entry.event, entry.actor.slack_id, entry.reason) for entry in seen.lines]
    if lines != [("refusal", part.id, reason)]:
        yield f"the journal has {lines}"
    if seen.others:
        yield f"{seen.others} hear of it"
    silent = part.silent or way.kind is Kind.SEARCH
    if silent and seen.told not in {"", '{"options": []}'}:
        yield f"is told {seen.told}"
    if not (silent or part.gone) and words not in seen.told:
        yield f"is not told why, but {seen.told}"


def public(world: World) -> list[tuple[str, str, str]]:
    """All that stands in the channels."""
    return [
        (message.ts, message.text, str(message.blocks))
        for channel in world.slack.workspace.channels.values()
        for message in channel.everything
        if not channel.dm_with
    ]


@pytest.mark.parametrize("action", [each for each in Action if each is not Action.RUN])
def test_who_may_does_it_and_who_may_not_changes_nothing(world: World, action: Action) -> None:
    world.policies(stage.LONG_LIVED)
    enter(world, *CAST)

    rows = [row for row in ROWS if row[1] is action]
    found = [played(world, *row, PROBES[row], CAST) for row in rows]

    assert [wrong for each in found for wrong in each] == []
    world.verify()


def test_whose_request_it_is_does_not_decide_on_it_though_they_are_its_approver(
    world: World,
) -> None:
    world.policies(stage.LONG_LIVED)
    world.company.add_member("production-approvers", "bob")
    both = (Part("bob", PERSONS[0].hats | {Hat.APPROVER}),)
    barred = [row for row in ROWS if Hat.REQUESTER in BARRED.get(row[1], {})]

    found = [played(world, *row, PROBES[row], both) for row in barred]

    assert [wrong for each in found for wrong in each] == []
    assert {action for _, action in barred} == {Action.APPROVE, Action.REJECT}


def test_of_the_organizations_other_workspaces_nobody_does_anything(world: World) -> None:
    world.slack.workspace.enterprise = ORGANIZATION
    world.policies(stage.LONG_LIVED)
    enter(world, *PERSONS, STRANGER)
    scene = replace(stage.pending(world), view=stage.home(world).view)

    found = [
        played(world, way, action, anywhere(scene, PROBES[way, action], way), (STRANGER,))
        for way, action in ROWS
    ]

    assert [wrong for each in found for wrong in each] == []


def anywhere(scene: stage.Scene, probe: Probe, way: Way) -> Probe:
    """Whoever is nobody is nobody in any scene: all of it is pressed in one."""
    form = (tamper.callback_id(way.name),) if way.kind is Kind.FORM else ()
    there = scene if probe.press.value == REQUEST else replace(scene, message=None)
    return replace(probe, press=replace(probe.press, set=lambda _: there, twists=form))
