"""Forms that came back as nobody could have filled them in: refused, and written down once."""

from typing import Any

import pytest

from tests.policy_files import MANAGEMENT, PROD, ROOT, a_policy_file, everything_below, may
from tests.standins.slack import Outcome, Person, tamper
from tests.standins.slack.tamper import Twist
from tests.world import World

ADMIN = "payments-prod · AdministratorAccess"
SECURITY = "777788889999"


def filled_in(world: World, who: str = "bob") -> Person:
    person = world.opens(who)
    person.press("Start later")
    person.fill(Access=ADMIN, Justification="the disk is full", Start=world.clock())
    return person


def refused_and_recorded(world: World, outcome: Outcome, *, requests: int = 0) -> None:
    assert outcome.kind == "errors", outcome
    assert len(world.requests()) == requests
    assert world.journal().count("refusal") == 1
    world.verify()


def arn(world: World, permission_set: str) -> str:
    return world.company.permission_set(permission_set).arn


@pytest.mark.parametrize(
    ("account", "permission_set"),
    [
        (SECURITY, "AdministratorAccess"),
        (MANAGEMENT, "AdministratorAccess"),
        ("999999999999", "AdministratorAccess"),
        (PROD, "BillingAccess"),
        (PROD, "PowerUserAccess"),
    ],
)
def test_an_access_that_was_not_offered_is_refused(
    world: World, account: str, permission_set: str
) -> None:
    pair = f"{account}:{arn(world, permission_set)}"
    bob = filled_in(world)

    outcome = bob.tampering(tamper.field_value("Access", pair)).submit()

    refused_and_recorded(world, outcome)
    assert "You may not ask for this any more" in outcome.errors["Access"]


def test_the_management_account_is_refused_also_where_its_ou_is_allowed(world: World) -> None:
    world.policies(a_policy_file(may("AdministratorAccess", **everything_below(ROOT))))
    pair = f"{MANAGEMENT}:{arn(world, 'AdministratorAccess')}"
    bob = filled_in(world)

    outcome = bob.tampering(tamper.field_value("Access", pair)).submit()

    refused_and_recorded(world, outcome)


def field(label: str, value: object) -> Twist:
    return tamper.field_value(label, value)


NONSENSE: dict[str, Twist] = {
    "an access that is no pair": field("Access", "root"),
    "an access that is empty": field("Access", ""),
    "an access that is no text": field("Access", {"account": PROD}),
    "an access with a NUL": field("Access", f"{PROD}:arn:aws:sso:::permissionSet/\0"),
    "a duration that is no text": field("Duration", 3600),
    "a justification that is a list": field("Justification", ["x"]),
    "a ticket that is an object": field("Ticket", {"value": "OPS-1"}),
    "a start that is no instant": field("Start", "tomorrow"),
    "a start before there was time": field("Start", -1),
    "a start after all time": field("Start", 10**15),
    "a start that is true": field("Start", True),
    "a field that the form never had": tamper.put("view.state.values.as", {"as": {"value": "eve"}}),
    "a field of the other form": tamper.put(
        "view.state.values.account",
        {"account": {"type": "external_select", "selected_option": {"value": "999999999999"}}},
    ),
    "a permission set where an access was asked for": tamper.put(
        "view.state.values.permission_set",
        {"permission_set": {"type": "external_select", "selected_option": {"value": PROD}}},
    ),
    "a field more in a block": tamper.put("view.state.values.duration.more", {"value": "9h"}),
    "values that are none": tamper.put("view.state.values", "x"),
    "a state that is none": tamper.put("view.state", ["x"]),
    "metadata that is no JSON": tamper.private_metadata("{"),
    "metadata that is a list": tamper.private_metadata("[]"),
    "metadata that names a request": tamper.private_metadata('{"request": "7K2M9QXB"}'),
    "metadata with an account that is none": tamper.private_metadata('{"account": 5}'),
    "metadata nested without end": tamper.private_metadata("[" * 2900),
    "metadata longer than Slack allows": tamper.private_metadata('{"duration": "' + "1" * 3000),
    "a form without an id": tamper.put("view.root_view_id", {"id": "V1"}),
}


def test_what_nobody_could_have_filled_in_is_refused(world: World) -> None:
    for number, (name, twist) in enumerate(NONSENSE.items(), 1):
        outcome = filled_in(world).tampering(twist).submit()
        world.clock.passes(seconds=61)

        assert (outcome.kind, world.requests()) == ("errors", []), name
        assert world.journal().count("refusal") == number, name
    world.verify()


def test_a_form_without_blocks_is_answered_too(world: World) -> None:
    broken = (tamper.put("view.blocks", "x"), tamper.private_metadata("{"))

    refused_and_recorded(world, filled_in(world).tampering(*broken).submit())


def test_the_form_still_works_after_it_was_tampered_with(world: World) -> None:
    bob = filled_in(world)
    bob.tampering(tamper.private_metadata("{")).submit()

    assert bob.submit().closed


def test_another_requests_form_with_something_else_in_it_is_refused_and_recorded(
    world: World,
) -> None:
    known = world.asks("bob", "payments-prod · ReadOnlyAccess")
    form_id = world.request(known).form_id
    theirs = (tamper.put("view.id", form_id), tamper.put("view.root_view_id", form_id))

    refused_and_recorded(world, filled_in(world).tampering(*theirs).submit(), requests=1)


def test_hammering_makes_one_line_a_minute(world: World) -> None:
    bob = filled_in(world)

    for _ in range(3):
        bob.tampering(tamper.private_metadata("{")).submit()

    assert world.journal().count("refusal") == 1


def test_the_line_says_who_it_was(world: World) -> None:
    filled_in(world).tampering(tamper.private_metadata("{")).submit()

    with world.works.reading() as work:
        (line,) = [line for line in work.journal.walk() if line.entry.event == "refusal"]
    assert (line.entry.actor.slack_id, line.entry.actor.name) == ("UBOB", "Bob Requester")
    assert line.entry.reason == "Tampered"


# Somebody else's form


def test_bobs_form_gives_nothing_to_somebody_who_may_not_ask(world: World) -> None:
    bob = filled_in(world)

    outcome = bob.tampering(tamper.as_user("UMALLORY")).submit()

    refused_and_recorded(world, outcome)


def test_the_form_of_bobs_request_is_not_taken_from_somebody_else(world: World) -> None:
    world.company.add_member("engineers", "eve")
    world.asks("bob", ADMIN)
    (request,) = world.requests()
    eve = filled_in(world, "eve")

    outcome = eve.tampering(
        tamper.put("view.id", request.form_id), tamper.put("view.root_view_id", request.form_id)
    ).submit()

    refused_and_recorded(world, outcome, requests=1)
    assert world.journal(request.id) == ["request.ask"]


def test_a_form_says_nothing_about_who_asks(world: World) -> None:
    world.company.add_member("engineers", "eve")
    bob = filled_in(world)

    bob.tampering(tamper.as_user("UEVE")).submit()

    (request,) = world.requests()
    assert request.requester.user_name == "eve"


# On the way to it


@pytest.mark.parametrize("metadata", ["{", '{"later": "yes"}', '{"held": "everything"}'])
def test_damaged_metadata_stops_no_start_later(world: World, metadata: str) -> None:
    bob = world.opens("bob")

    bob.tampering(tamper.private_metadata(metadata)).press("Start later")

    view: Any = bob.view()
    assert view.labels()[-1] == "Start"


def test_a_wrong_input_is_no_line_of_the_journal(world: World) -> None:
    before = world.journal()
    bob = world.opens("bob")
    bob.fill(Access=ADMIN, Duration="100h", Justification=" ")

    assert bob.submit().errors.keys() == {"Duration", "Justification"}
    assert [line for line in world.journal() if line not in before] in ([], ["people.link"])
