"""Asking for the same again: by a button, or because the form is filled with what was asked last."""

from typing import Any

import pytest

from grants.model import State
from tests.policy_files import a_policy_file, may
from tests.standins.slack import tamper
from tests.standins.slack.workspace import View
from tests.world import POLICIES, World

PROD = "payments-prod · AdministratorAccess"
WEB = "web-prod · ReadOnlyAccess"
SANDBOX = "data-sandbox · PowerUserAccess"


def opened(world: World, who: str = "bob") -> View:
    view = world[who].view()
    assert view is not None
    return view


def filled(view: View) -> dict[str, Any]:
    """What stands in the fields before anybody has typed."""
    found = {}
    for label in view.labels():
        _, element = view.field(label)
        option = element.get("initial_option")
        found[label] = option["text"]["text"] if option else element.get("initial_value")
    return found


def over(world: World, access: str = PROD, **fields: str) -> None:
    """Asked for, and rejected."""
    world.clock.passes(seconds=1)
    request = world.asks("bob", access, **fields)
    world.decides("eve", request, "Reject", "not now")


def again(world: World, label: str = "Request Again") -> View:
    world.clock.passes(seconds=1)
    world["bob"].open_home()
    world["bob"].press(label)
    return opened(world)


# Request Again


def test_the_form_is_filled_with_what_was_asked(world: World) -> None:
    over(world, Duration="2h", Justification="the disk is full", Ticket="OPS-1")

    assert filled(again(world)) == {
        "Access": PROD,
        "Duration": "2h",
        "Justification": "the disk is full",
        "Ticket": "OPS-1",
    }


def test_sent_as_it_stands_it_is_a_request_of_its_own(world: World) -> None:
    over(world, Duration="2h")
    again(world)

    assert world["bob"].submit().kind == "closed"
    world.rounds()

    new, old = world.requests()
    assert (new.target, new.duration, new.justification) == (
        old.target, old.duration, old.justification,
    )  # fmt: skip
    assert new.state is State.PENDING


def test_a_start_that_was_asked_for_is_not_asked_for_again(world: World) -> None:
    later = world.clock().replace(hour=18)
    request = world.asks("bob", PROD, Start=later)
    world.decides("eve", request, "Reject", "not now")

    assert "Start" not in again(world).labels()


def test_the_direct_message_has_it_when_all_is_over(world: World) -> None:
    over(world)

    assert world.last("bob").buttons() == ["Request Again"]
    world["bob"].click(world.last("bob"), "Request Again")

    assert filled(opened(world))["Access"] == PROD


def test_when_nobody_was_looked_up_lately_the_form_is_filled_a_moment_later(world: World) -> None:
    over(world)
    world.clock.passes(minutes=5)

    world["bob"].click(world.last("bob"), "Request Again")

    assert filled(opened(world))["Access"] == PROD


def test_what_is_not_offered_any_more_is_said_and_the_rest_is_filled_in(world: World) -> None:
    over(world, Justification="the disk is full")
    world.policies(a_policy_file(may("ReadOnlyAccess")))

    view = again(world)

    assert "AdministratorAccess on payments-prod is not offered to you any more" in view.words()
    assert filled(view)["Access"] is None
    assert filled(view)["Justification"] == "the disk is full"


def test_start_later_keeps_what_was_filled_in(world: World) -> None:
    over(world, Duration="2h", Justification="the disk is full", Ticket="OPS-1")
    again(world)

    world["bob"].press("Start later")
    world["bob"].fill(Start=world.clock().replace(hour=18))
    world["bob"].submit()
    world.rounds()

    new, old = world.requests()
    assert (new.target, new.duration, new.justification, new.ticket) == (
        old.target, old.duration, old.justification, old.ticket,
    )  # fmt: skip


def test_somebody_elses_request_is_not_asked_for_again(world: World) -> None:
    over(world, Justification="a secret of bob's")
    world.clock.passes(seconds=1)
    value = world.last("bob").button("Request Again")["value"]
    world["mallory"].open_home()
    world["mallory"].command("", "C0000000001")
    world["mallory"].close()

    forged = world["mallory"].tampering(
        tamper.action_id("request_again"), tamper.button_value(value)
    )
    forged.press("Refresh")

    view = world["mallory"].view()
    assert view is None or "secret" not in view.words()
    assert "refusal" in world.journal()


@pytest.mark.parametrize("value", ["", "ZZZZZZZZ", "0:0", "'; drop table requests"])
def test_a_value_that_was_never_ours_opens_nothing(world: World, value: str) -> None:
    over(world)
    world["bob"].open_home()

    world["bob"].tampering(tamper.button_value(value)).press("Request Again")

    assert world["bob"].view() is None
    assert "refusal" in world.journal()


# What is asked for most


def test_what_is_asked_for_again_and_again_stands_there_by_itself(world: World) -> None:
    for access in (PROD, WEB, PROD):
        over(world, access)

    world["bob"].open_home()
    view = world["bob"].home()

    assert view is not None
    assert "What you ask for most" in view.words()
    assert view.buttons().count("Request") == 1
    assert filled(again(world, "Request"))["Access"] == PROD


def test_what_was_asked_for_once_is_no_habit(world: World) -> None:
    over(world)
    world["bob"].open_home()

    view = world["bob"].home()

    assert view is not None
    assert "What you ask for most" not in view.words()


# The ordinary form


def test_the_form_is_filled_with_what_was_asked_last(world: World) -> None:
    over(world, PROD, Justification="the first")
    over(world, WEB, Justification="the last", Ticket="OPS-2")

    world.opens("bob")

    assert filled(opened(world)) == {
        "Access": WEB,
        "Duration": "1h",
        "Justification": "the last",
        "Ticket": "OPS-2",
    }


def test_the_duration_is_the_ordinary_one_and_never_what_was_asked_last(world: World) -> None:
    over(world, Duration="4h")

    world.opens("bob")

    assert filled(opened(world))["Duration"] == "1h"


def test_nothing_of_it_is_filled_in_when_it_is_not_offered_any_more(world: World) -> None:
    over(world, PROD)
    world.policies(a_policy_file(may("ReadOnlyAccess")))

    world.opens("bob")

    assert filled(opened(world)) == {
        "Access": None, "Duration": "1h", "Justification": None, "Ticket": None,
    }  # fmt: skip


def test_what_others_asked_for_is_not_filled_in(world: World) -> None:
    over(world)
    world.company.add_member("engineers", "eve")

    world.opens("eve")

    assert filled(opened(world, "eve"))["Access"] is None


# The form that searches


@pytest.fixture
def searching(world: World) -> World:
    """With more pairs than one select takes."""
    for n in range(120):
        world.company.add_account(f"team-{n:03d}", unit="ou-ab12-33333333")
    world.policies(POLICIES)
    return world


def test_the_searching_form_is_filled_too(searching: World) -> None:
    searching.opens("bob")
    searching["bob"].fill({"Account": "payments-prod"})
    searching["bob"].fill(
        {"Permission set": "AdministratorAccess", "Justification": "the disk is full"}
    )
    searching["bob"].submit()
    searching.rounds()

    searching.opens("bob")

    found = filled(opened(searching))
    assert (found["Account"], found["Permission set"]) == ("payments-prod", "AdministratorAccess")
    assert searching["bob"].submit().kind == "closed"
