"""Policies that name what is no longer there: the rest works, administrators are warned, nothing hangs."""

from collections.abc import Callable

import pytest

from grants.cautions import warnings
from grants.model import State
from tests.standins.aws.company import Company
from tests.world import POLICIES, World

PROD = "payments-prod · AdministratorAccess"
REST = "web-prod · ReadOnlyAccess"
NAMING = (
    POLICIES.replace(
        "eligibility:",
        """eligibility:
  - name: old things
    who: {groups: [old-group, engineers]}
    accounts: [old-account]
    ous: [ou-ab12-99999999]
    tags: {age: old}
    permission_sets: [OldSet, ReadOnlyAccess]
    approval: none""",
    )
    + """
  - name: old approvers
    accounts: [old-account, payments-prod]
    permission_sets: [OldSet, AdministratorAccess]
    approvers: {groups: [old-group], users: [old-user]}
    required: true
"""
)


def remove_unit(company: Company) -> None:
    """AWS lets go of an OU that is empty."""
    del company.units_in[company.root_id]["ou-ab12-99999999"]
    for kept in (company.units, company.accounts_in, company.units_in):
        del kept["ou-ab12-99999999"]


DELETED: dict[str, tuple[Callable[[Company], object], str]] = {
    "account": (lambda it: it.remove_account("old-account"), 'the account "old-account"'),
    "OU": (remove_unit, 'the OU "Old"'),
    "permission set": (lambda it: it.remove_permission_set("OldSet"), 'the permission set "OldSet"'),
    "group": (lambda it: it.remove_group("old-group"), 'the group "old-group"'),
    "user": (lambda it: it.remove_user("old-user"), 'the user "old-user"'),
}  # fmt: skip


@pytest.fixture
def old(world: World) -> World:
    """Policies that name everything there is, while it is there."""
    company = world.company
    company.add_unit("Old", unit_id="ou-ab12-99999999")
    company.add_account("old-account", unit="Sandbox", tags={"age": "old"})
    company.add_permission_set("OldSet", tags={"elevate": "true"})
    company.add_user("old-user", "old-user@example.com", display_name="Old User")
    company.add_group("old-group")
    company.add_member("old-group", "dan")
    world.policies(NAMING)
    return world


def warned(world: World) -> list[str]:
    with world.works.reading() as work:
        book, catalogue = work.policies.current(), work.catalogue.load()
    assert catalogue is not None
    return [str(each) for each in warnings(book, catalogue, world.ports.directory)]


@pytest.mark.parametrize("what", DELETED)
def test_the_rest_goes_on_working_and_administrators_are_warned_with_the_name(
    old: World, what: str
) -> None:
    delete, words = DELETED[what]
    assert not any("no longer there" in each for each in warned(old))

    delete(old.company)
    old.refresher.refresh()
    old.refresher.read_tags()

    assert any(f"{words} is no longer there" in each for each in warned(old))
    request = old.active("bob", REST)
    assert old.state(request) is State.ACTIVE


def test_what_only_a_deleted_group_could_agree_to_is_refused_with_whom_to_turn_to(
    old: World,
) -> None:
    old.company.remove_group("old-group")
    old.company.remove_user("old-user")

    outcome = old.sends("bob", PROD)

    assert "There are not enough approvers" in outcome.errors["Access"]
    assert "elevate-admins" in outcome.errors["Access"]
    assert old.requests() == []


def test_a_request_that_waits_for_a_deleted_group_ends_all_the_same(old: World) -> None:
    request = old.asks("bob", PROD)
    old.company.remove_group("old-group")
    old.company.remove_user("old-user")

    old["eve"].click(old.cards(request)[0], "Approve")
    old.passes(hours=3)

    assert old.state(request) is State.EXPIRED
    assert old.told("bob")[-1].startswith("Expired")


def test_a_tag_that_was_taken_off_everywhere_is_warned_of(old: World) -> None:
    old.company.tag("old-account", {"age": "new"})

    old.refresher.refresh()
    old.refresher.read_tags()

    assert any('no account carries the tag "age=old"' in each for each in warned(old))
