"""Show Activity: whoever may see a request sees what its session did, at any time, and takes it along."""

import csv
import io
from datetime import timedelta

import pytest

from grants.model import RequestId
from tests.lives import SANDBOX
from tests.standins.aws import ACTIVITY_ROLE, ApiCall, Kind
from tests.standins.slack import Message, tamper
from tests.standins.slack.workspace import View
from tests.world import World

TARGET = ("payments-prod", "AdministratorAccess")
CALLS = (
    ApiCall("ec2", "DescribeInstances"),
    ApiCall("iam", "CreateUser", write=True),
    ApiCall("s3", "PutBucketPolicy", write=True, error="AccessDenied"),
)


def shows(world: World, who: str, message: Message) -> View:
    """What stands in the window after the press."""
    world[who].click(message, "Show Activity")
    world.listeners.settle()
    view = world[who].view()
    assert view is not None
    return view


def busy(world: World, calls: tuple[ApiCall, ...] = CALLS) -> RequestId:
    """Access that is held and used."""
    request = world.active(Duration="1h")
    world.company.session_activity("bob", *TARGET, world.clock(), calls=calls)
    world.clock.passes(minutes=10)
    return request


# From the start on


def test_before_there_is_access_there_is_no_such_button(world: World) -> None:
    request = world.asks("bob", "payments-prod · AdministratorAccess")

    assert "Show Activity" not in world.card(request).buttons()
    assert "Show Activity" not in world.last("bob").buttons()


def test_while_access_lasts_the_card_shows_what_was_done_so_far(world: World) -> None:
    request = busy(world)

    words = shows(world, "eve", world.card(request)).words()

    assert "Activity: 3 calls, 1 read, 2 writes, 1 error so far." in words
    assert "Sensitive: iam:CreateUser 1." in words
    assert "Events can still arrive: look again later." in words
    assert "ec2:DescribeInstances, read, us-east-1" in words
    assert "iam:CreateUser, write, us-east-1" in words
    assert world.slack.thread(world.card(request))[-1].text.startswith("Active")


def test_the_requester_has_it_in_the_direct_message(world: World) -> None:
    busy(world)

    assert "3 calls" in shows(world, "bob", world.last("bob")).words()


def test_long_after_the_end_it_is_still_there(world: World) -> None:
    request = busy(world)
    world.passes(hours=30)

    words = shows(world, "eve", world.card(request)).words()

    assert "Activity: 3 calls, 1 read, 2 writes, 1 error." in words
    assert "Complete." in words


def test_what_came_after_the_end_is_marked_in_the_list(world: World) -> None:
    request = world.active(Duration="1h")
    began = world.clock() + timedelta(minutes=50)
    world.company.session_activity("bob", *TARGET, began, calls=(CALLS[1], CALLS[0]), every=1200)
    world.passes(hours=2)

    words = shows(world, "eve", world.card(request)).words()

    assert "ec2:DescribeInstances, read, us-east-1, 198.51.100.7, aws-cli, after the end" in words
    assert "After the end: 1 call, with credentials issued before." in words


def test_while_the_access_cannot_be_taken_away_it_has_not_ended(world: World) -> None:
    request = world.active(Duration="1h")
    world.aws.faults.add("DeleteAccountAssignment", "throttling", times=None)
    world.passes(hours=4)
    world.company.session_activity("bob", *TARGET, world.clock(), calls=CALLS[:1])
    world.clock.passes(minutes=1)

    words = shows(world, "eve", world.card(request)).words()

    assert "Activity: 1 call, 1 read, 0 writes, no errors so far." in words
    assert "after the end" not in words.lower()


def test_what_cloudtrail_no_longer_has_is_shown_as_it_was_told(world: World) -> None:
    request = busy(world)
    world.passes(hours=30)
    world.clock.passes(days=100)

    words = shows(world, "eve", world.card(request)).words()

    assert "Activity: 3 calls, 1 read, 2 writes, 1 error." in words
    assert "part of it is older than what the source still has" in words
    assert "Complete." not in words


# For whom


@pytest.mark.parametrize("who", ["bob", "eve", "aud", "ada"])
def test_whoever_may_see_the_request_is_answered(world: World, who: str) -> None:
    request = busy(world)

    assert "3 calls" in shows(world, who, world.card(request)).words()


def test_nobody_else_is_and_nothing_is_read_for_them(world: World) -> None:
    request = busy(world)
    world.aws.calls.clear()

    words = shows(world, "mallory", world.card(request)).words()

    assert "calls" not in words
    assert "iam" not in words
    assert world.aws.calls.count("LookupEvents") == 0


def test_what_one_sees_stands_in_no_channel(world: World) -> None:
    request = busy(world)
    before = [line.text for line in world.slack.thread(world.card(request))]

    shows(world, "eve", world.card(request))
    world.rounds()

    assert [line.text for line in world.slack.thread(world.card(request))] == before


# No false calm


def test_where_nothing_can_be_read_it_says_what_to_do(world: World) -> None:
    request = busy(world)
    world.company.remove_role(ACTIVITY_ROLE)
    world.address.forget()

    words = shows(world, "eve", world.card(request)).words()

    assert "Activity unavailable: The role" in words
    assert "no calls" not in words


@pytest.mark.parametrize("fault", ["throttling", "http500"])
def test_where_aws_does_not_answer_it_says_so(world: World, fault: Kind) -> None:
    request = busy(world)
    world.aws.faults.add("LookupEvents", fault, times=None)

    words = shows(world, "eve", world.card(request)).words()

    assert "Activity unavailable" in words
    assert "no calls" not in words


def test_an_error_that_nobody_foresaw_leaves_nobody_waiting(world: World) -> None:
    request = busy(world)

    class Broken:
        def fetch(self, _: object) -> object:
            raise KeyError("eventTime")

    world.bot.front.looking.trail = Broken()  # type: ignore[assignment]

    assert "try again" in shows(world, "eve", world.card(request)).words()


def test_while_one_is_looked_up_for_somebody_they_wait_for_it(world: World) -> None:
    request = busy(world)
    with world.bot.front.lookups.of(world.slack.user("eve").id):  # type: ignore[arg-type]
        words = shows(world, "eve", world.card(request)).words()

    assert "still being looked up for you" in words


# As a file


def rows(world: World) -> list[dict[str, str]]:
    (file,) = world.slack.workspace.files.values()
    assert file.body is not None
    return list(csv.DictReader(io.StringIO(file.body.decode(), newline="")))


def exports(world: World, who: str, request: RequestId) -> None:
    shows(world, who, world.card(request))
    world[who].press("Export Events")
    world.listeners.settle()
    world.rounds()


def test_all_events_come_as_a_file_into_ones_own_messages(world: World) -> None:
    calls = tuple(ApiCall("ec2", "DescribeInstances") for _ in range(60))
    request = busy(world, (*calls, ApiCall("sts", "AssumeRole", write=True)))

    exports(world, "aud", request)

    found = rows(world)
    assert len(found) == 61
    assert found[0]["action"] == "DescribeInstances"
    assert found[0]["client"] == "aws-cli"
    assert [row["service"] for row in found[-1:]] == ["sts"]


def test_what_looks_like_a_formula_is_text_there(world: World) -> None:
    request = busy(world, (ApiCall("ec2", "=HYPERLINK(1)"),))

    exports(world, "aud", request)

    assert rows(world)[0]["action"] == "'=HYPERLINK(1)"


def test_that_it_was_taken_away_is_a_line_of_the_journal(world: World) -> None:
    request = busy(world)

    exports(world, "aud", request)

    with world.works.reading() as work:
        (line,) = [one.entry for one in work.journal.walk() if one.entry.event == "audit.activity"]
    assert (line.request_id, line.actor.slack_id) == (request, "UAUD")
    assert dict(line.facts or {})["events"] == 3


def test_a_forged_button_shows_and_brings_nothing_of_others(world: World) -> None:
    request = busy(world)
    world.company.add_member("engineers", "mallory")
    other = world.active("mallory", SANDBOX)
    world.company.session_activity("mallory", "data-sandbox", "PowerUserAccess", world.clock())
    twist = tamper.button_value(f"{other}:3")
    forging = world["bob"].tampering(twist)

    forging.click(world.card(request), "Show Activity")
    world.listeners.settle()
    view = world["bob"].view()
    assert view is not None
    assert "call" not in view.words()
    shows(world, "bob", world.card(request))
    forging.press("Export Events")
    world.listeners.settle()

    assert world.slack.workspace.files == {}


def test_whose_session_it_is_does_not_read_who_looks_into_it(world: World) -> None:
    request = busy(world)
    exports(world, "aud", request)

    for who, reads in (("bob", False), ("ada", True)):
        world[who].command(f"audit {request}")
        world.listeners.settle()
        view = world[who].view()
        assert view is not None
        assert ("took the events of the session away" in view.words()) is reads


def test_without_an_event_there_is_no_file(world: World) -> None:
    request = world.active(Duration="1h")

    assert "Export Events" not in shows(world, "aud", world.card(request)).labels()
