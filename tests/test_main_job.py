"""The main job: ask in Slack, get approved, get access, lose it on time."""

from sqlalchemy import text

from grants.model import State
from tests.world import World


def test_bob_asks_eve_approves_access_comes_and_goes_on_time(world: World) -> None:
    request = world.asks("bob", "payments-prod · AdministratorAccess", Duration="1h")
    assert world.card(request).buttons() == ["Approve", "Reject"]
    assert not world.has_access("bob", "payments-prod", "AdministratorAccess")

    world.decides("eve", request, "Approve")
    world.passes(seconds=2)

    assert world.state(request) is State.ACTIVE
    assert world.has_access("bob", "payments-prod", "AdministratorAccess")

    world.passes(hours=1, seconds=5)

    assert world.state(request) is State.ENDED
    assert not world.has_access("bob", "payments-prod", "AdministratorAccess")
    world.verify()


def test_access_is_taken_away_although_the_activities_cannot_be_read(world: World) -> None:
    request = world.asks("bob", "payments-prod · AdministratorAccess", Duration="1h")
    world.decides("eve", request, "Approve")
    world.passes(seconds=2)
    world.clock.passes(hours=1, seconds=5)
    with world.storage.database.writing() as db:
        db.execute(text("ALTER TABLE activities RENAME TO out_of_reach"))

    world.jobs.round()

    assert world.state(request) is State.REVOKING
    assert "DeleteAccountAssignment" in {call.operation for call in world.aws.calls}
