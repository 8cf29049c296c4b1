"""One assignment for several grants, and the ones that were there before: nobody's access is taken by another's end."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from grants.model import Actor, RequestId, Role, State
from tests.clock import NOON
from tests.soundness import SANDBOX, creates, deletes, leaps, sound
from tests.world import World

BED = ("data-sandbox", "PowerUserAccess")


@pytest.fixture(autouse=True)
def _sound(world: World) -> Iterator[None]:
    yield
    sound(world)


def knowing(world: World, **fields: str) -> RequestId:
    """Asked for although it is held already: the form says so first."""
    before = {request.id for request in world.requests()}
    world.sends("bob", SANDBOX, **fields)
    world["bob"].submit()
    world.rounds()
    (new,) = {request.id for request in world.requests()} - before
    return new


# Standing


def test_a_standing_assignment_is_told_and_there_is_no_create_and_no_delete(world: World) -> None:
    world.company.assign("bob", *BED)

    outcome = world.sends("bob", SANDBOX, Duration="1h")
    assert outcome.kind != "closed"
    world["bob"].submit()
    world.passes(hours=2)

    (request,) = world.requests()
    assert request.state is State.ENDED
    assert request.standing
    assert creates(world) == deletes(world) == []
    assert world.has_access("bob", *BED)
    assert any("as you did before, and it stays" in text for text in world.told("bob"))


def test_a_standing_assignment_stays_when_bob_gives_back_what_ran_on_it(world: World) -> None:
    world.company.assign("bob", *BED)
    paper = knowing(world)

    world["bob"].click(world.last("bob"), "End Access")
    world.passes(seconds=3)

    assert world.state(paper) is State.REVOKED
    assert world.has_access("bob", *BED)
    assert deletes(world) == []


def test_a_standing_assignment_stays_when_what_ran_on_it_is_revoked(world: World) -> None:
    world.company.assign("bob", *BED)
    paper = knowing(world)

    world.bot.front.closing.revoke_as(Actor(Role.ADMINISTRATOR, "operator:test"), paper, "now")
    world.passes(seconds=3)

    assert world.state(paper) is State.REVOKED
    assert world.has_access("bob", *BED)
    assert deletes(world) == []


def test_one_that_appears_between_asking_and_starting_is_standing(world: World) -> None:
    request = world.asks("bob", SANDBOX, Start=NOON + timedelta(hours=1), Duration="1h")

    world.company.assign("bob", *BED)
    world.passes(hours=3)

    assert world.state(request) is State.ENDED
    assert world.request(request).standing
    assert world.has_access("bob", *BED)
    assert creates(world) == deletes(world) == []


def test_a_standing_one_that_is_removed_outside_revokes_what_ran_on_it(world: World) -> None:
    world.company.assign("bob", *BED)
    paper = knowing(world, Duration="4h")
    world.passes(seconds=3)

    world.company.unassign("bob", *BED)
    world.passes(minutes=40)

    assert world.state(paper) is State.REVOKED
    assert world.request(paper).reason == "removed outside Elevate"
    assert creates(world) == []


def test_a_grant_on_paper_does_not_make_the_next_one_active_unseen(world: World) -> None:
    world.company.assign("bob", *BED)
    knowing(world, Duration="4h")
    world.passes(seconds=3)
    world.company.unassign("bob", *BED)

    request = world.asks("bob", SANDBOX, Duration="1h")
    world.passes(seconds=20)

    assert world.state(request) is State.ACTIVE
    assert not world.request(request).standing
    assert world.has_access("bob", *BED)
    world.passes(hours=5)
    assert not world.has_access("bob", *BED)


# Overlapping


def test_overlapping_grants_share_one_assignment_until_the_last_ends(world: World) -> None:
    first = world.active("bob", SANDBOX, Duration="1h")
    world.passes(minutes=30)
    second = world.active("bob", SANDBOX, Duration="1h")

    world.passes(minutes=45)
    assert world.state(first) is State.ENDED
    assert world.state(second) is State.ACTIVE
    assert world.has_access("bob", *BED)
    assert deletes(world) == []

    world.passes(minutes=30)
    assert world.state(second) is State.ENDED
    assert not world.has_access("bob", *BED)
    assert (len(creates(world)), len(deletes(world))) == (1, 1)


def test_revoking_one_that_waits_for_its_start_takes_nothing_away(world: World) -> None:
    world.active("bob", SANDBOX, Duration="2h")
    waiting = world.asks("bob", SANDBOX, Start=NOON + timedelta(hours=1), Duration="2h")

    world.decides("ada", waiting, "Revoke", "not that one")
    world.passes(hours=1, minutes=30)

    assert world.state(waiting) is State.REVOKED
    assert world.has_access("bob", *BED)
    assert deletes(world) == []


def test_revoking_one_of_two_takes_nothing_away_from_the_other(world: World) -> None:
    first = world.active("bob", SANDBOX, Duration="1h")
    second = world.active("bob", SANDBOX, Duration="1h")

    world.decides("ada", first, "Revoke", "that one")
    world.passes(seconds=5)

    assert world.state(first) is State.REVOKED
    assert world.state(second) is State.ACTIVE
    assert world.has_access("bob", *BED)


def test_two_that_end_in_the_same_instant_are_one_delete(world: World) -> None:
    first = world.active("bob", SANDBOX, Duration="1h")
    second = world.active("bob", SANDBOX, Duration="1h")

    leaps(world, hours=2)
    world.passes(seconds=3)

    assert {world.state(first), world.state(second)} == {State.ENDED}
    assert len(deletes(world)) == 1


def test_asked_for_while_the_old_one_is_being_removed_it_is_given_anew(world: World) -> None:
    first = world.active("bob", SANDBOX, Duration="1h")
    world.company.operation_seconds = 30
    world.bot.front.closing.end(world.request(first).requester, first)
    world.passes(seconds=5)
    assert world.state(first) is State.REVOKING

    second = world.asks("bob", SANDBOX, Duration="1h")
    world.passes(seconds=20)
    assert world.state(second) is State.GRANTING
    world.passes(minutes=2)

    assert world.state(first) is State.REVOKED
    assert world.state(second) is State.ACTIVE
    assert not world.request(second).standing
    assert world.has_access("bob", *BED)
    assert (len(creates(world)), len(deletes(world))) == (2, 1)


def test_asked_for_while_a_removal_waits_to_be_tried_again_it_stays(world: World) -> None:
    first = world.active("bob", SANDBOX, Duration="1h")
    world.aws.faults.add("DeleteAccountAssignment", "conflict")
    world.bot.front.closing.end(world.request(first).requester, first)
    world.jobs.round()
    assert world.state(first) is State.REVOKING

    second = world.asks("bob", SANDBOX, Duration="1h")
    world.passes(minutes=2)

    assert world.state(first) is State.REVOKED
    assert world.state(second) is State.ACTIVE
    assert world.has_access("bob", *BED)
    assert len(creates(world)) == 1


def test_the_other_persons_same_access_is_left_alone(world: World) -> None:
    world.company.add_member("engineers", "dan")
    world.active("bob", SANDBOX, Duration="1h")
    world.active("dan", SANDBOX, Duration="3h")

    world.passes(hours=2)

    assert not world.has_access("bob", *BED)
    assert world.has_access("dan", *BED)


# In words


def test_whoever_revokes_one_of_two_reads_that_the_access_stays(world: World) -> None:
    first, second = world.active(), world.active(Duration="2h")

    world.decides("eve", first, "Revoke", "the incident is over")
    world.passes(seconds=20)

    told = f"The access itself stays for now: request {second} holds it as well."
    assert world.has_access("bob", "payments-prod", "AdministratorAccess")
    for words in (*world.thread(first)[-3:-1], world.card(first).text, world.told("bob")[-1]):
        assert told in words
    assert told in world.card(first).words()
    assert "AWS has been asked" not in "".join(world.thread(first)[-3:-1])


def test_whoever_revokes_the_last_one_reads_that_it_is_gone(world: World) -> None:
    first, second = world.active(), world.active(Duration="2h")
    for request in (first, second):
        world.decides("eve", request, "Revoke", "the incident is over")
        world.passes(seconds=20)

    assert "What it gave is gone." in world.thread(second)[-2]
    assert "AWS has been asked." in world.thread(second)[-3]


def test_nobody_reads_that_aws_takes_away_what_was_there_before(world: World) -> None:
    world.company.assign("bob", *BED)
    paper = knowing(world)
    world.passes(hours=1, seconds=10)

    assert world.state(paper) is State.ENDED
    said = "".join([*world.thread(paper)[-3:], world.card(paper).words(), world.told("bob")[-1]])
    assert "The access was there before, and stays." in said
    assert "AWS has been asked to take" not in said
    assert "is gone" not in said
