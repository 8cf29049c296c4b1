"""Who stops being an administrator between being asked who they are and what they do: does nothing."""

from collections.abc import Callable
from typing import Any

import pytest

from bot.assemble import bindings
from grants.model import SlackUserId
from grants.people import operator
from tests.admin_hand import SANDBOX, pressed
from tests.phone import PROVED, enrolled
from tests.standins.slack import Person
from tests.world import World

DEMOTED = PROVED.replace("admins: {groups: [elevate-admins]}", "admins: {users: [dan@example.com]}")
Does = Callable[[], object]


def about_to_revoke(world: World) -> Does:
    request = world.active(access="data-sandbox · PowerUserAccess")
    world["ada"].click(world.card(request), "Revoke")
    world["ada"].fill({"Reason": "not today"})
    return world["ada"].submit


def about_to_edit(world: World) -> Does:
    ada = pressed(world, "Edit", within=SANDBOX)
    ada.fill({"Name": "the playground"})
    return ada.submit


def about_to_delete(world: World) -> Does:
    return pressed(world, "Delete", within=SANDBOX).submit


def about_to_link(world: World) -> Does:
    ada = pressed(world, "People Links")
    ada.press("Link Somebody")
    ada.fill({"Slack user": "mallory", "Identity Center user": "dan"})
    return ada.submit


def about_to_unlink(world: World) -> Does:
    return _at_links(world, "Unlink")


def about_to_reset_codes(world: World) -> Does:
    return _at_links(world, "Reset Codes")


def _at_links(world: World, label: str) -> Does:
    ada: Person = pressed(world, "People Links")
    return lambda: ada.press(label, within="@UEVE")


ABOUT_TO = {
    "revoke": about_to_revoke,
    "edit": about_to_edit,
    "delete": about_to_delete,
    "link": about_to_link,
    "unlink": about_to_unlink,
    "reset codes": about_to_reset_codes,
}


def is_demoted(world: World) -> None:
    world.policies(DEMOTED)


def is_unlinked(world: World) -> None:
    bound = bindings(world.settings, world.storage, world.ports)
    bound.unlink(SlackUserId("UADA"), by=operator("root@host"))


def what_she_may_change(world: World) -> dict[str, Any]:
    with world.works.reading() as work:
        return {
            "requests": {each.id: each.state for each in work.requests.listed()},
            "policies": {each.name for each in work.policies.current().eligibility},
            "links": {each.slack_id: each.user_id for each in work.people.all()} | {"UADA": ""},
            "codes": {each.user_id for each in work.proofs.all()},
        }


@pytest.mark.parametrize("loses", [is_demoted, is_unlinked])
@pytest.mark.parametrize("what", ABOUT_TO)
def test_whoever_is_no_administrator_when_it_is_written_changes_nothing(
    world: World, what: str, loses: Callable[[World], None]
) -> None:
    world.policies(PROVED)
    enrolled(world)
    does = ABOUT_TO[what](world)
    before, meanwhile = what_she_may_change(world), [loses]

    def right_before_it_is_written() -> None:
        while meanwhile:
            meanwhile.pop()(world)

    world.in_time = lambda: right_before_it_is_written
    does()

    assert (meanwhile, what_she_may_change(world)) == ([], before)
