"""The source that the settings name is the one whose summary the thread tells."""

from datetime import timedelta
from typing import Any

import pytest

from tests.standins.aws import ApiCall
from tests.world import World, a_world

CALLS = (ApiCall("ec2", "DescribeInstances"), ApiCall("rds", "RebootDBInstance", write=True))
STORE = "01234567-89ab-cdef-0123-456789abcdef"
SETTINGS: dict[str, dict[str, Any]] = {
    "cloudwatch_logs": {"activity_log_group": "trail"},
    "athena": {
        "activity_source": "athena",
        "activity_athena_table": "audit.trail",
        "activity_athena_output": "s3://results/",
    },
    "lake": {"activity_source": "lake", "activity_event_data_store": STORE},
}


@pytest.mark.parametrize("source", SETTINGS)
def test_the_thread_tells_what_was_done_and_by_which_source_it_is_known(
    database_url: str, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    with a_world(database_url, monkeypatch.setenv, **SETTINGS[source]) as world:
        world.company.add_log_group("trail")
        world.company.tables.add("audit.trail")
        world.company.stores.add(("us-east-1", STORE))
        request = world.active(Duration="1h")
        began = world.clock() + timedelta(minutes=5)
        target = ("payments-prod", "AdministratorAccess")
        world.company.session_activity("bob", *target, began, calls=CALLS)

        world.passes(hours=1, seconds=10)

        told = activity(world, world.card(request))
        assert "Activity: 2 calls, 1 read, 1 write, no errors so far." in told
        assert f"Source: {source}." in told
        assert "Management events only" not in told


def activity(world: World, card: Any) -> str:
    (found,) = [line for line in world.slack.thread(card) if line.text.startswith("Activity")]
    return found.words()
