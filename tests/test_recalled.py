"""A form that is opened again within a minute: at once, and never with what is not so any more."""

import gc
from types import FunctionType, ModuleType

import pytest
from sqlalchemy import text

from grants.model import Catalogue, UserId
from grants.policy import PolicyBook
from tests.policy_files import a_policy_file, may
from tests.test_counts import counted
from tests.test_forms import opened_with, seen
from tests.world import World

ADMIN = "payments-prod · AdministratorAccess"
READ = "payments-prod · ReadOnlyAccess"


def whole_at_once(world: World, who: str = "bob") -> list[str]:
    """What the form offers that stands there without anything having been looked up."""
    before = len(opened_with(world))
    view = seen(world.opens(who))
    (opened,) = opened_with(world)[before:]
    assert "Looking up" not in opened
    return view.options("Access") if "Access" in view.labels() else []


@pytest.fixture(autouse=True)
def _known(world: World) -> None:
    """Two policies, and bob has had the form just now."""
    world.policies(a_policy_file(may("AdministratorAccess")))
    world.opens("bob")


def test_one_look_tells_that_it_is_the_same_form(world: World) -> None:
    first = whole_at_once(world)

    with counted(world) as (calls, statements):
        again = whole_at_once(world)

    assert again == first == [ADMIN]
    assert len(statements) == 1
    assert not calls


def test_what_a_new_policy_offers_is_offered_at_once(world: World) -> None:
    world.policies(a_policy_file(may("AdministratorAccess", "ReadOnlyAccess")))

    assert whole_at_once(world) == [ADMIN, READ]


def test_an_account_has_its_new_name_as_soon_as_it_was_read(world: World) -> None:
    world.company.rename_account("payments-prod", "payments-live")
    world.refresher.refresh()

    assert whole_at_once(world) == ["payments-live · AdministratorAccess"]


def test_it_is_filled_with_what_was_asked_meanwhile(world: World) -> None:
    world.asks("bob", ADMIN, Justification="the disk is full")

    whole_at_once(world)

    _, justification = seen(world["bob"]).field("Justification")
    assert justification["initial_value"] == "the disk is full"


def test_groups_that_were_read_meanwhile_count_at_once(world: World) -> None:
    """As those of somebody who just sent a form are."""
    bob = world.opens("bob")
    bob.fill(Access=ADMIN, Justification="the disk is full")
    world.company.remove_member("engineers", "bob")
    bob.submit()

    assert whole_at_once(world) == []


def test_what_becomes_old_between_two_forms_is_said_to_be(world: World) -> None:
    world.refresher.refresh()
    world.clock.passes(minutes=29, seconds=30)
    world.opens("bob")
    assert "as of" not in seen(world["bob"]).words()

    world.clock.passes(seconds=40)
    whole_at_once(world)

    assert "accounts and permission sets are as of" in seen(world["bob"]).words()


def test_nobody_sees_anothers(world: World) -> None:
    world.policies(a_policy_file(may("AdministratorAccess", who={"users": ["bob@example.com"]})))
    world.opens("bob")
    world.opens("eve")

    assert whole_at_once(world, "bob") == [ADMIN]
    assert whole_at_once(world, "eve") == []


def test_a_database_that_does_not_answer_says_nothing_about_what_is_newest(
    world: World,
) -> None:
    bob = UserId(world.company.user("bob").id)
    assert world.works.newest(bob) is not None

    with world.storage.database.writers.begin() as connection:
        connection.execute(text("ALTER TABLE catalogue RENAME TO elsewhere"))
    try:
        assert world.works.newest(bob) is None
    finally:
        with world.storage.database.writers.begin() as connection:
            connection.execute(text("ALTER TABLE elsewhere RENAME TO catalogue"))

    assert world.works.newest(bob) is not None


def test_what_is_kept_of_a_form_is_small(world: World) -> None:
    """Else every version of a large catalogue would stay, with whoever saw it last."""
    reached, left = set[int](), [world.bot.front.recalled._drawn]
    while left:
        thing = left.pop()
        assert not isinstance(thing, Catalogue | PolicyBook)
        if id(thing) not in reached and not isinstance(thing, type | FunctionType | ModuleType):
            reached.add(id(thing))
            left += gc.get_referents(thing)
    assert len(reached) > 10
