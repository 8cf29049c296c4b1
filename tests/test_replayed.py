"""What Slack delivers a second time, over whichever connection and to whichever process, changes nothing."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from bot.assemble import bindings
from bot.run import Catalogues
from grants.model import Lane, SlackUserId
from grants.naming import user_called
from grants.people import operator
from grants.retention import TOLD_FOR
from tests.admin_hand import SANDBOX, lines, pressed, sent
from tests.lives import PROD
from tests.standins.slack import tamper
from tests.test_account_tags import loop
from tests.test_audit import audits
from tests.test_reminders import nudges
from tests.test_show_activity import busy, exports
from tests.world import POLICIES, World

__all__ = ["loop"]

Replay = Callable[[str], None]
OFTEN = POLICIES.replace("nudge_interval: 3h", "nudge_interval: 1m")


@pytest.fixture(params=["the same process", "another process"])
def replay(request: pytest.FixtureRequest, world: World, database_url: str) -> Iterator[Replay]:
    """The very bytes that somebody sent last come again."""
    if request.param == "the same process":

        def again(who: str) -> None:
            assert world[who].replay().ok
            world.rounds()

        yield again
        return
    with world.beside(database_url) as other:

        def elsewhere(who: str) -> None:
            other[who].sent.append(world[who].sent[-1])
            assert other[who].replay().ok
            other.rounds()

        yield elsewhere


def links(world: World, slack_id: str, name: str) -> None:
    """As `people link` does."""
    user = user_called(world.ports.directory, name, lane=Lane.STATUS)
    bound = bindings(world.settings, world.storage, world.ports)
    bound.link(SlackUserId(slack_id), user, team_id="T1", by=operator("root@host"))


def is_linked_to(world: World, slack_id: str, name: str) -> bool:
    with world.works.reading() as work:
        found = work.people.get(SlackUserId(slack_id))
    return found is not None and found.user_id == world.company.user(name).id


@pytest.mark.parametrize("lie", [[], [tamper.without("trigger_id")]], ids=["", "no trigger"])
def test_a_form_that_linked_somebody_does_so_once(
    world: World, replay: Replay, lie: list[tamper.Twist]
) -> None:
    world.slack.workspace.add_user("robert", id="UROBERT", email="robert@elsewhere.example")
    ada = pressed(world, "People Links")
    ada.press("Link Somebody")
    ada.fill({"Slack user": "robert", "Identity Center user": "eve"})
    assert sent(world, ada.tampering(*lie)).closed
    links(world, "UROBERT", "bob")

    replay("ada")

    assert is_linked_to(world, "UROBERT", "bob")
    assert [each.actor.name for each in lines(world, "people.link")][-1] == "operator:root@host"


def test_a_button_that_unlinked_somebody_does_so_once(world: World, replay: Replay) -> None:
    links(world, "UMALLORY", "bob")
    ada = pressed(world, "People Links")
    ada.press("Unlink", within="@UMALLORY")
    links(world, "UMALLORY", "dan")

    replay("ada")

    assert is_linked_to(world, "UMALLORY", "dan")
    assert len(lines(world, "people.unlink")) == 1


def test_a_form_that_linked_nobody_may_come_again(world: World) -> None:
    ada = pressed(world, "People Links")
    ada.press("Link Somebody")
    ada.fill({"Slack user": "mallory", "Identity Center user": "evelyn"})
    assert sent(world, ada).errors
    world.company.add_user("evelyn", "evelyn@example.com")

    world["ada"].replay()

    assert is_linked_to(world, "UMALLORY", "evelyn")


def test_a_form_that_changed_a_policy_does_so_once_whatever_was_changed_back(
    world: World, replay: Replay
) -> None:
    ada = pressed(world, "Edit", within=SANDBOX)
    ada.fill({"Longest duration": "2h"})
    assert sent(world, ada).closed
    world.policies()

    replay("ada")

    assert [each.max_duration for each in world.book().eligibility][1] is None
    assert world.book().version == 3


def test_a_policy_that_was_deleted_and_made_anew_is_not_deleted_again(
    world: World, replay: Replay
) -> None:
    assert sent(world, pressed(world, "Delete", within=SANDBOX)).closed
    world.policies()

    replay("ada")

    assert world.book().version == 3


def test_an_export_is_made_once(world: World, replay: Replay) -> None:
    world.asks("bob", PROD)
    world["aud"].click(audits(world, "aud"), "Export CSV")
    world.rounds()

    replay("aud")

    assert len(world.slack.workspace.files) == 1
    assert world.journal().count("audit.export") == 1


def test_a_sessions_events_are_taken_once(world: World, replay: Replay) -> None:
    exports(world, "aud", busy(world))

    replay("aud")

    assert len(world.slack.workspace.files) == 1
    assert world.journal().count("audit.activity") == 1


def test_approvers_are_nudged_once_however_short_the_interval(world: World, replay: Replay) -> None:
    world.policies(OFTEN)
    request = world.asks("bob", PROD)
    nudges(world)
    world.clock.passes(minutes=2)

    replay("bob")

    assert world.journal(request).count("nudge") == 1


def test_without_anything_to_know_it_by_nothing_is_done(world: World) -> None:
    request = world.asks("bob", PROD)
    button = next(m for m in world.slack.dms("bob") if "Nudge Approvers" in m.buttons())

    world["bob"].tampering(tamper.without("trigger_id")).click(button, "Nudge Approvers")

    assert "nudge" not in world.journal(request)


def test_what_was_acted_on_is_forgotten_in_time(world: World, loop: Catalogues) -> None:
    world.asks("bob", PROD)
    nudges(world)
    acted = "SELECT count(*) FROM acted"
    with world.storage.database.reading() as connection:
        assert connection.exec_driver_sql(acted).scalar() == 1

    world.clock.now += TOLD_FOR + timedelta(seconds=1)
    loop.round()

    with world.storage.database.reading() as connection:
        assert connection.exec_driver_sql(acted).scalar() == 0
