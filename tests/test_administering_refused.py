"""Administration is for administrators, as of now, whatever a payload says; refusals are written down."""

import json
from typing import Any

import pytest

from blocks import ids
from tests.admin_hand import (
    SANDBOX,
    answer,
    at_home,
    editing,
    lines,
    modal,
    pressed,
    sent,
)
from tests.standins.slack import tamper
from tests.standins.slack.tamper import Payload, Twist
from tests.world import DEFAULT, World

TURN_TO = "If you need it, turn to an administrator of Elevate."
BUTTONS = {
    ids.ADD_ELIGIBILITY: "",
    ids.ADD_APPROVAL: "",
    ids.SETTINGS: "",
    ids.EDIT: "eligibility:the sandbox",
    ids.DELETE: "eligibility:the sandbox",
    ids.WARNINGS: "",
    ids.PEOPLE: "",
    ids.LINK: "",
    ids.UNLINK: "UEVE",
    ids.PEOPLE_ON: "people:1",
}


def refused(world: World, who: str = "UMALLORY") -> list[tuple[str | None, str]]:
    found = [(entry.actor.slack_id, entry.reason) for entry in lines(world, "refusal")]
    return [each for each in found if each[0] == who]


def test_the_word_is_refused_to_everybody_else(world: World) -> None:
    for who in ("bob", "eve", "aud", "mallory"):
        world[who].command("admin", DEFAULT)

        assert world.whispers(who)[-1].startswith("Only administrators may do this.")
        assert refused(world, f"U{who.upper()}") == [(f"U{who.upper()}", "NotAllowed")]


@pytest.mark.parametrize(("action_id", "value"), BUTTONS.items())
def test_a_forged_button_does_nothing(world: World, action_id: str, value: str) -> None:
    mallory = at_home(world, "mallory")

    mallory.tampering(tamper.action_id(action_id), tamper.button_value(value)).press("Refresh")

    assert mallory.view() is None
    assert refused(world) == [("UMALLORY", "NotAllowed")]
    assert "Only administrators" in world.told("mallory")[-1]


def test_a_forged_form_changes_nothing(world: World) -> None:
    ada = editing(world)
    ada.fill({"Longest duration": "2h"})

    outcome = ada.tampering(tamper.as_user("UMALLORY")).submit()

    assert outcome.errors == {
        "Name": f"Only administrators may do this. Nothing was changed. {TURN_TO}"
    }
    assert (world.book().version, refused(world)) == (1, [("UMALLORY", "NotAllowed")])


def test_forged_settings_make_nobody_an_administrator(world: World) -> None:
    ada = pressed(world, "Settings")
    ada.fill({"Administrators": "mallory"})

    outcome = ada.tampering(tamper.as_user("UMALLORY")).submit()

    assert "Only administrators" in str(outcome.errors)
    assert (world.book().version, refused(world)) == (1, [("UMALLORY", "NotAllowed")])


def test_a_forged_deletion_deletes_nothing(world: World) -> None:
    ada = pressed(world, "Delete", within=SANDBOX)

    outcome = ada.tampering(tamper.as_user("UMALLORY")).submit()

    assert outcome.kind == "updated"
    assert (world.book().version, refused(world)) == (1, [("UMALLORY", "NotAllowed")])


def test_a_forged_link_links_nobody(world: World) -> None:
    ada = pressed(world, "People Links")
    ada.press("Link Somebody")
    ada.fill({"Slack user": "mallory", "Identity Center user": "eve"})

    outcome = ada.tampering(tamper.as_user("UDAN")).submit()

    assert "Only administrators" in str(outcome.errors)
    assert refused(world, "UDAN") == [("UDAN", "NotAllowed")]
    assert not [e for e in lines(world, "people.link") if (e.facts or {})["slack_id"] == "UMALLORY"]


def test_who_is_no_longer_an_administrator_saves_nothing(world: World) -> None:
    ada = editing(world)
    ada.fill({"Longest duration": "2h"})
    world.company.remove_member("elevate-admins", "ada")

    outcome = sent(world, ada)

    assert "Only administrators" in str(outcome.errors)
    assert (world.book().version, refused(world, "UADA")) == (1, [("UADA", "NotAllowed")])


def test_who_has_become_one_may(world: World) -> None:
    world.company.add_member("elevate-admins", "dan")

    dan = pressed(world, "Settings", who="dan")

    assert modal(dan).labels()


# Forms that came back as nobody could have filled them in


def kept(**changes: Any) -> Twist:
    """The form's own notes, changed."""

    def twist(payload: Payload) -> None:
        found = json.loads(payload["view"]["private_metadata"])
        payload["view"]["private_metadata"] = json.dumps({**found, **changes})

    return twist


def option(value: object) -> Any:
    return {"type": "radio_buttons", "selected_option": {"value": value}}


def more(payload: Payload) -> None:
    payload["view"]["state"]["values"]["proof"] = {"proof": option("totp")}


NONSENSE: dict[str, Twist] = {
    "metadata that is no JSON": tamper.private_metadata("{"),
    "metadata that is a list": tamper.private_metadata("[]"),
    "metadata nested without end": tamper.private_metadata("[" * 2900),
    "metadata longer than Slack allows": tamper.private_metadata('"' + "x" * 3000 + '"'),
    "a part that there is not": kept(part="people"),
    "a part that is no text": kept(part=["settings"]),
    "a name that is no text": kept(name=5),
    "a name longer than any": kept(name="x" * 101),
    "a version that is none": kept(since="1"),
    "a version that is true": kept(since=True),
    "a version before the first": kept(since=-1),
    "a version after the last": kept(since=2**40),
    "notes that we never wrote": kept(by="UADA"),
    "another part's form": kept(part="settings", name=""),
    "a field that the form never had": more,
    "a choice that was not offered": answer("approval", option("off")),
    "a choice that is none": answer("approval", option(None)),
    "a choice that is a list": answer("approval", option(["none"])),
    "a text that is none": answer("name", {"type": "plain_text_input", "value": 5}),
    "a field that is none": answer("name", "x"),
    "values that are none": tamper.put("view.state.values", "x"),
    "a state that is none": tamper.put("view.state", ["x"]),
}


def test_what_nobody_could_have_filled_in_is_refused(world: World) -> None:
    ada = editing(world)
    for number, (name, twist) in enumerate(NONSENSE.items(), 1):
        outcome = ada.tampering(twist).submit()
        world.clock.passes(seconds=61)

        assert outcome.kind == "errors", name
        assert world.book().version == 1, name
        assert len(refused(world, "UADA")) == number, name
    world.verify()


def test_a_form_from_no_version_that_ever_was_overwrites_nothing(world: World) -> None:
    ada = editing(world)

    for since in (0, 7):
        outcome = ada.tampering(kept(since=since)).submit()
        assert outcome.kind == "errors"

    assert world.book().version == 1


@pytest.mark.parametrize("value", ["", "settings:x", "eligibility", "eligibility:", "people:UEVE"])
def test_a_buttons_value_that_we_never_wrote_is_tampering(world: World, value: str) -> None:
    ada = at_home(world)

    ada.tampering(tamper.button_value(value)).press("Edit", within=SANDBOX)

    assert ada.view() is None
    assert refused(world, "UADA") == [("UADA", "Tampered")]
