"""What administrators are called for, and who is taken for whom: each is one line of the journal."""

from dataclasses import replace

import pytest

from grants.errors import Doubt, NotAPerson
from grants.model import Actor, Lane, Role, SlackUserId, User
from grants.people import Bindings, Profile
from grants.records import Entry
from storage.work import SqlWorks
from tests.clock import FakeClock
from tests.lives import AUDITED, PROD
from tests.memory_directory import MemoryDirectory, a_user
from tests.test_dead_places import TWICE, archived
from tests.world import APPROVALS, AUDIT, DEFAULT, World

OPERATOR = Actor(Role.ADMINISTRATOR, "operator:root@host")
EVE = Profile(
    SlackUserId("UEVE"), "T1", "eve@example.com", email_confirmed=True, is_bot=False, is_guest=False
)


def lines(world: World, kind: str) -> list[Entry]:
    with world.works.reading() as work:
        return [line.entry for line in work.journal.walk() if line.entry.event == kind]


# Alarms


def test_a_place_that_is_not_to_be_reached_is_a_line_once(world: World) -> None:
    world.policies(AUDITED)
    archived(world, APPROVALS)

    request = world.asks("bob", PROD)
    world.asks("bob", PROD)

    (line,) = lines(world, "alarm.unreachable")
    assert (line.request_id, line.actor.role) == (request, Role.CLOCK)
    assert line.facts == {"place": "channel", "address": APPROVALS, "reason": "is_archived"}


def test_a_request_that_nobody_could_be_asked_about_is_a_line_once(world: World) -> None:
    world.policies(AUDITED)
    archived(world, APPROVALS)
    for who in ("eve", "dan"):
        world.slack.user(who).deleted = True

    request = world.asks("bob", PROD)
    world.passes(minutes=1)

    assert [line.request_id for line in lines(world, "alarm.unasked")] == [request]


def test_whatever_alarms_the_audit_channel_is_a_line(world: World) -> None:
    world.policies(AUDITED + TWICE)
    for channel in (APPROVALS, DEFAULT):
        archived(world, channel)
    world.slack.user("dan").deleted = True

    world.asks("bob", PROD)
    world.passes(minutes=1)

    told = [each.text for each in world.slack.channel(AUDIT).messages]
    alarms = [each for each in told if each.startswith("Alarm")]
    assert alarms
    assert len(alarms) == sum(event.startswith("alarm.") for event in world.journal())


# Who is taken for whom: two processes that looked at the same instant


@pytest.fixture
def bindings(works: SqlWorks) -> Bindings:
    directory = MemoryDirectory([a_user("eve")])
    return Bindings(works, directory, FakeClock(), frozenset({"example.com"}))


def events(works: SqlWorks) -> list[str]:
    with works.reading() as work:
        return [line.entry.event for line in work.journal.walk()]


def test_who_is_matched_by_two_at_once_is_linked_once(bindings: Bindings, works: SqlWorks) -> None:
    for _ in range(2):
        bindings._bind(EVE)

    assert events(works) == ["people.link"]


def test_whoever_is_linked_while_being_matched_is_whom_the_link_names(
    bindings: Bindings, works: SqlWorks
) -> None:
    mallory = a_user("mallory", number=1)

    class Meanwhile(MemoryDirectory):
        """An administrator links them while AWS is asked."""

        def user_by_email(self, email: str, *, lane: Lane) -> User | None:
            bindings.link(EVE.slack_id, mallory, team_id="T1", by=OPERATOR, email=email)
            return super().user_by_email(email, lane=lane)

    matching = replace(bindings, directory=Meanwhile([a_user("eve"), mallory]))

    assert matching.identify(EVE).user_id == mallory.id
    assert events(works) == ["people.link"]


def test_a_link_that_two_find_broken_at_once_is_broken_once(
    bindings: Bindings, works: SqlWorks
) -> None:
    bindings.identify(EVE)
    with works.reading() as work:
        binding = work.people.get(EVE.slack_id)
    assert binding is not None

    for _ in range(2):
        bindings._break(binding, "the Slack address is another one")

    assert events(works) == ["people.link", "people.broken"]
    with works() as work:
        told = work.outbox.claim(bindings.clock(), until=bindings.clock(), limit=10)
    assert len(told) == 1


def test_a_link_that_was_mended_meanwhile_is_not_broken_again(
    bindings: Bindings, works: SqlWorks
) -> None:
    bindings.identify(EVE)
    with works.reading() as work:
        before = work.people.get(EVE.slack_id)
    assert before is not None
    bindings.link(EVE.slack_id, a_user("eve"), team_id="T1", by=OPERATOR, email="new@example.com")

    bindings._break(before, "the Slack address is another one")

    with works.reading() as work:
        after = work.people.get(EVE.slack_id)
    assert after is not None
    assert (after.email, after.broken) == ("new@example.com", "")


def test_with_which_address_a_link_made_by_hand_is_used_first_is_a_line_once(
    bindings: Bindings, works: SqlWorks
) -> None:
    made = bindings.link(EVE.slack_id, a_user("eve"), team_id="T1", by=OPERATOR)

    for _ in range(2):
        bindings._first_use(made, EVE)

    assert events(works) == ["people.link", "people.address"]
    with works.reading() as work:
        *_, last = (line.entry for line in work.journal.walk())
    assert last.facts == {
        "slack_id": "UEVE", "user_id": a_user("eve").id, "email": "eve@example.com",
    }  # fmt: skip


def test_of_two_addresses_that_use_a_link_at_once_only_the_first_is_theirs(
    bindings: Bindings, works: SqlWorks
) -> None:
    made = bindings.link(EVE.slack_id, a_user("eve"), team_id="T1", by=OPERATOR)
    bindings._first_use(made, EVE)

    with pytest.raises(NotAPerson) as refused:
        bindings._first_use(made, replace(EVE, email="evil@example.com"))

    assert refused.value.doubt is Doubt.ADDRESS_CHANGED
    assert events(works) == ["people.link", "people.address", "people.broken"]
