"""Links are held against Slack and Identity Center about once a day, also of whoever presses nothing."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from bot.assemble import bindings, rechecking
from grants.crew import Crew
from grants.model import SlackUserId, State
from grants.rechecking import Rechecking
from grants.records import Binding
from tests.admin_hand import AUDITED, at_home, modal
from tests.lives import PROD
from tests.standins.slack import Person
from tests.test_bindings import BREAKS, PASSES
from tests.world import AUDIT, DEFAULT, Inline, World

EVERYBODY = ("bob", "eve", "dan", "aud")


@pytest.fixture
def links(world: World) -> Rechecking:
    """What comes round every second in a process that has jobs."""
    bound = bindings(world.settings, world.storage, world.ports)
    return rechecking(bound, Crew(Inline(), lambda: None), world.bot.front.people.seen)


@pytest.fixture
def known(world: World) -> World:
    """Four people were linked, one a second after the other."""
    for who in EVERYBODY:
        world[who].command("mine", DEFAULT)
        world.clock.passes(seconds=1)
    return world


def link(world: World, who: str) -> Binding:
    with world.works.reading() as work:
        found = work.people.get(SlackUserId(world[who].id))
    assert found is not None
    return found


def rounds(world: World, links: Rechecking, **span: float) -> None:
    """Beat by beat; nobody presses anything meanwhile."""
    for _ in range(int(timedelta(**span).total_seconds())):
        world.clock.passes(seconds=1)
        links.round()


def asked(world: World) -> list[str]:
    """Whom Slack was asked about."""
    return [str(call.args["user"]) for call in world.slack.calls.of("users.info")]


@pytest.mark.parametrize("what", [*BREAKS, "no longer eve@example.com"])
def test_what_no_longer_holds_is_found_and_told_though_nobody_presses_anything(
    known: World, links: Rechecking, what: str
) -> None:
    known.policies(AUDITED)
    changes: dict[str, Callable[[World], object]] = {name: do for name, (do, _) in BREAKS.items()}
    changes["no longer eve@example.com"] = moves
    changes[what](known)

    known.clock.passes(days=1)
    rounds(known, links, seconds=20)
    known.rounds()

    assert what in link(known, "eve").broken
    assert [link(known, who).broken for who in ("bob", "dan", "aud")] == ["", "", ""]
    assert known.journal().count("people.broken") == 1
    told = [message.text for message in known.slack.channel(AUDIT).messages]
    (alarm,) = [text for text in told if text.startswith("Alarm")]
    assert ("UEVE" in alarm, what in alarm) == (True, True)


def moves(world: World) -> None:
    world.slack.user("eve").email = "eve.married@example.com"


@pytest.mark.parametrize("what", PASSES)
def test_what_passes_or_is_only_not_said_breaks_nothing(
    known: World, links: Rechecking, what: str
) -> None:
    PASSES[what][0](known)

    known.clock.passes(days=1)
    rounds(known, links, seconds=20)

    assert link(known, "eve").broken == ""


def test_what_somebody_agreed_to_counts_no_more_when_their_link_is_found_broken(
    world: World, links: Rechecking
) -> None:
    request = world.asks("bob", PROD, Start=world.clock() + timedelta(days=2))
    world.decides("eve", request, "Approve")
    world.slack.user("eve").deleted = True

    world.clock.passes(days=1, hours=1)
    rounds(world, links, seconds=20)
    world.passes(days=1)

    assert world.state(request) is State.FAILED


def test_each_is_looked_at_once_a_day_whoever_waited_longest_first(
    known: World, links: Rechecking
) -> None:
    known.slack.calls.clear()
    known.aws.calls.clear()
    known.clock.passes(days=1)

    rounds(known, links, minutes=2)

    assert asked(known) == [known[who].id for who in EVERYBODY]
    assert known.aws.calls.count("DescribeUser") == len(EVERYBODY)
    known.clock.passes(days=1)
    rounds(known, links, minutes=2)
    assert len(asked(known)) == 2 * len(EVERYBODY)


def test_at_most_twenty_are_looked_at_a_minute(world: World, links: Rechecking) -> None:
    for n in range(25):
        world.slack.workspace.add_user(f"p{n:02}", email=f"p{n}@example.com")
        world.company.add_user(f"p{n}", f"p{n}@example.com")
        world[f"p{n:02}"].command("mine")
    world.clock.passes(days=1)
    world.slack.calls.clear()

    rounds(world, links, minutes=1)

    assert len(asked(world)) == 20


def test_who_cannot_be_looked_at_now_is_an_hour_later_and_keeps_nobody_waiting(
    known: World, links: Rechecking
) -> None:
    before = [link(known, who).checked_at for who in EVERYBODY]
    known.slack.faults.add("users.info", "http500", times=1)
    known.clock.passes(days=1)
    links.round()
    known.aws.faults.add("DescribeUser", "access_denied", times=1)
    rounds(known, links, minutes=1)

    seen = [link(known, who).checked_at for who in EVERYBODY]
    assert [now > then for now, then in zip(seen, before, strict=True)] == [
        False, False, True, True,
    ]  # fmt: skip
    assert [link(known, who).broken for who in EVERYBODY] == [""] * 4
    rounds(known, links, minutes=61)
    assert all(link(known, who).checked_at > at for who, at in zip(EVERYBODY, before, strict=True))


def test_what_is_broken_already_is_asked_about_no_more(known: World, links: Rechecking) -> None:
    known.slack.user("eve").deleted = True
    known.clock.passes(days=1)
    rounds(known, links, seconds=20)
    known.slack.calls.clear()

    known.clock.passes(days=1)
    rounds(known, links, seconds=20)

    assert known["eve"].id not in asked(known)
    assert known.journal().count("people.broken") == 1


def test_a_new_name_is_shown_from_then_on(known: World, links: Rechecking) -> None:
    known.company.change_user("eve", name="eve.married", email="eve.married@example.com")
    known.clock.passes(days=1)
    rounds(known, links, seconds=20)

    ada: Person = at_home(known)
    ada.press("People Links")

    assert f"eve.married ({link(known, 'eve').user_id})" in modal(ada).words()


def test_an_administrator_who_mends_it_meanwhile_is_not_overruled(
    known: World, links: Rechecking
) -> None:
    stale = link(known, "eve")
    profile = known.bot.front.people.seen(stale.slack_id)
    assert profile is not None
    known.company.remove_user("eve")
    with known.works() as work:
        work.people.remove(stale.slack_id)

    links.bindings.look_again(stale, profile)

    with known.works.reading() as work:
        assert work.people.get(stale.slack_id) is None
    assert "people.broken" not in known.journal()
