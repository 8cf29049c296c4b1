"""What came after a request's end is laid at nobody's door while the access stayed; and what never was active counts."""

from grants.model import RequestId, State
from tests.lives import PROD, failed_at_aws
from tests.standins.aws import ApiCall, Kind
from tests.test_activity import TARGET, shown
from tests.test_extending import extended
from tests.test_show_activity import exports, rows, shows
from tests.world import World

REBOOT = ApiCall("rds", "RebootDBInstance", write=True)
STAYED = "After this request's end, while the access stayed"


def works_on(world: World) -> None:
    """With the same credentials at once, after 40 minutes, and after 80: past the end."""
    world.company.session_activity(
        "bob", *TARGET, world.clock(), calls=(REBOOT,) * 3, every=40 * 60
    )


def held_on(world: World, **fields: str) -> tuple[RequestId, RequestId]:
    """Access of an hour, and the request that extends it, by another where nothing is said."""
    request = world.active(Duration="1h")
    works_on(world)
    world.passes(minutes=45)
    return request, extended(world, request, **fields)


def test_what_an_extension_allows_came_after_nothing_but_the_request_s_end(world: World) -> None:
    request, extension = held_on(world)

    world.passes(hours=4)

    assert f"{STAYED} (request {extension}): 1 call." in shown(world, request)
    assert "After the end" not in shown(world, request)
    listed = shows(world, "eve", world.card(request)).words()
    assert "aws-cli, after this request's end, while the access stayed" in listed


def test_once_the_extension_is_over_too_it_is_after_the_end(world: World) -> None:
    request, extension = held_on(world)
    world.passes(minutes=25)
    world.decides("eve", extension, "Revoke", "enough")

    world.passes(hours=4)

    assert "After the end: 1 call, with credentials issued before." in shown(world, request)
    assert STAYED not in shown(world, request)


def test_one_extension_after_the_other_is_one_access(world: World) -> None:
    request, extension = held_on(world, Duration="15m")
    world.passes(minutes=22)
    extended(world, extension)

    world.passes(hours=5)

    assert f"{STAYED} (request {extension}): 1 call." in shown(world, request)
    assert "After the end" not in shown(world, request)


def test_where_the_access_was_there_before_it_stays_without_a_word_of_blame(world: World) -> None:
    world.company.assign("bob", *TARGET)
    world.sends("bob", PROD, Duration="1h")
    world["bob"].submit()
    world.rounds()
    (request,) = [each.id for each in world.requests()]
    world.decides("eve", request, "Approve")
    assert world.request(request).standing
    works_on(world)

    world.passes(hours=4)

    assert f"{STAYED} (it was there before): 1 call." in shown(world, request)
    assert "After the end" not in shown(world, request)


def test_the_file_of_events_tells_the_one_from_the_other(world: World) -> None:
    request, _ = held_on(world)
    world.passes(hours=4)

    exports(world, "aud", request)

    assert [(row["after_end"], row["access_stayed"]) for row in rows(world)] == [
        ("false", "false"),
        ("false", "false"),
        ("false", "true"),
    ]


# Access that went before it was active


def revoked_while_granting(world: World) -> RequestId:
    """There at AWS, and never seen to be there."""
    request = world.asks("bob", PROD, Duration="1h")
    status = world.aws.faults.add(
        "DescribeAccountAssignmentCreationStatus", Kind.THROTTLING, times=None
    )
    world.decides("eve", request, "Approve")
    world.passes(seconds=20)
    assert (world.state(request), world.has_access("bob", *TARGET)) == (State.GRANTING, True)
    world.company.session_activity("bob", *TARGET, world.clock(), calls=(REBOOT,))
    world.passes(seconds=20)
    world.decides("eve", request, "Revoke", "no")
    status.times = 0
    world.passes(minutes=10)
    assert (world.state(request), world.has_access("bob", *TARGET)) == (State.REVOKED, False)
    return request


def test_access_that_was_revoked_before_it_was_active_is_looked_up_too(world: World) -> None:
    request = revoked_while_granting(world)

    world.passes(hours=4)

    assert "Activity: 1 call, 0 reads, 1 write, no errors." in shown(world, request)
    assert "Complete." in shown(world, request)


def test_it_can_be_shown_on_the_card_and_in_the_direct_message(world: World) -> None:
    request = revoked_while_granting(world)

    assert world.card(request).buttons() == ["Show Activity"]
    assert world.last("bob").buttons() == ["Request Again", "Show Activity"]
    assert "Activity: 1 call" in shows(world, "eve", world.card(request)).words()


def test_what_aws_refused_to_give_has_neither_summary_nor_button(world: World) -> None:
    request = failed_at_aws(world)

    world.passes(hours=4)

    assert [line for line in world.thread(request) if line.startswith("Activity")] == []
    assert "Show Activity" not in world.card(request).buttons()
    assert world.aws.calls.count("LookupEvents") == 0
