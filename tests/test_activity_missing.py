"""What is missing from a summary is said in it, and nothing that was read is lost to what can be read now."""

from datetime import timedelta

import pytest

from grants.model import RequestId
from tests.standins.aws import ApiCall
from tests.test_activity import CALLS, TARGET, shown
from tests.test_activity_source import SETTINGS, STORE
from tests.world import World, a_world


def prepared(world: World) -> World:
    world.company.add_log_group("trail")
    world.company.tables.add("audit.trail")
    world.company.stores.add(("us-east-1", STORE))
    return world


@pytest.mark.parametrize("source", SETTINGS)
def test_a_source_that_does_not_see_the_account_is_no_proof_that_nothing_was_done(
    database_url: str, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    with a_world(database_url, monkeypatch.setenv, **SETTINGS[source]) as world:
        prepared(world).company.unseen.add(world.company.account("payments-prod").id)
        request = world.active(Duration="1h")
        world.company.session_activity("bob", *TARGET, world.clock(), calls=CALLS)
        world.company.session_activity("bob", "data-sandbox", TARGET[1], world.clock())

        world.passes(hours=5)

        told = shown(world, request)
    assert "Activity: no calls in what could be read." in told
    assert "The source has no event of this account at all in this time: it may not see it." in told
    assert "Final, and not complete." in told


def test_one_that_saw_others_there_says_that_the_access_was_not_used(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_world(database_url, monkeypatch.setenv, **SETTINGS["cloudwatch_logs"]) as world:
        request = prepared(world).active(Duration="1h")
        world.company.session_activity("eve", *TARGET, world.clock(), calls=CALLS)

        world.passes(hours=5)

        told = shown(world, request)
    assert "Activity: no calls: the access was not used." in told
    assert "Complete." in told


def renamed(world: World) -> RequestId:
    """Access that is used under a name that only the user's id tells is theirs."""
    request = world.active(Duration="1h")
    world.company.session_activity(
        "bob", *TARGET, world.clock(), calls=CALLS, session_name="robert"
    )
    world.passes(hours=1, seconds=10)
    return request


def test_a_fuller_reading_is_not_replaced_by_one_that_others_calls_cut_short(world: World) -> None:
    request = renamed(world)
    noise = [ApiCall("ec2", "DescribeInstances")] * 2_001
    world.company.session_activity("eve", *TARGET, world.clock(), calls=noise)

    world.passes(hours=2)

    told = shown(world, request)
    assert "Activity: 4 calls, 2 reads, 2 writes, 1 error." in told
    assert "Could not be read again since: more happened than can be read." in told
    assert "Final, and not complete." in told


def test_one_that_sees_the_account_no_more_takes_nothing_back(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_world(database_url, monkeypatch.setenv, **SETTINGS["lake"]) as world:
        request = renamed(prepared(world))
        world.company.unseen.add(world.company.account("payments-prod").id)

        world.passes(hours=2)

        told = shown(world, request)
    assert "Activity: 4 calls, 2 reads, 2 writes, 1 error." in told
    assert "Could not be read again since: the source has no event of this account" in told


def test_calls_under_another_name_and_with_nobody_s_id_are_told_and_not_counted(
    world: World,
) -> None:
    request = world.active(Duration="1h")
    began = world.clock() + timedelta(minutes=1)
    world.company.session_activity(
        "bob", *TARGET, began, calls=CALLS, session_name="Bob", on_behalf_of=False
    )

    world.passes(hours=5)

    told = shown(world, request)
    assert "Activity: no calls in what could be read." in told
    assert (
        "Not counted: 4 calls through this permission set that bear another name and nobody's id."
        in told
    )
    assert "the access was not used" not in told
    assert "Final, and not complete." in told
