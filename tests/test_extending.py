"""Extensions: more of an access that is held, approved like any other, and it never blinks."""

import json
from datetime import timedelta

import pytest

from bot.commands.stories import told
from grants.model import RequestId, State, Wish
from tests.standins.slack import Outcome, Person, tamper
from tests.standins.slack.workspace import Message
from tests.world import POLICIES, World

PROD = "payments-prod · AdministratorAccess"
SANDBOX = "data-sandbox · PowerUserAccess"
HELD = ("bob", "payments-prod", "AdministratorAccess")
CREATE, DELETE = "CreateAccountAssignment", "DeleteAccountAssignment"


@pytest.fixture
def held(world: World) -> RequestId:
    """An hour of access."""
    return world.active("bob", PROD, Duration="1h")


def newest(world: World, request: RequestId) -> Message:
    """Bob's message with this request's buttons."""
    return next(
        message
        for message in reversed(world.slack.dms("bob"))
        if request in message.text and "Extend" in message.buttons()
    )


def form(world: World, request: RequestId) -> Person:
    bob = world["bob"]
    bob.click(newest(world, request), "Extend")
    return bob


def sends(world: World, request: RequestId, **fields: str) -> Outcome:
    bob = form(world, request)
    bob.fill({"Duration": "1h", "Justification": "not done yet", **fields})
    return bob.submit()


def extends(world: World, request: RequestId, **fields: str) -> RequestId:
    """A request for more of it, that is taken."""
    before = {each.id for each in world.requests()}
    outcome = sends(world, request, **fields)
    assert outcome.kind == "closed", outcome
    world.rounds()
    (new,) = [each.id for each in world.requests() if each.id not in before]
    return new


def extended(world: World, request: RequestId, **fields: str) -> RequestId:
    """More of it, that was approved."""
    new = extends(world, request, **fields)
    world.decides("eve", new, "Approve")
    return new


# Asked for


def test_the_form_is_about_what_is_held_and_asks_for_no_access_and_no_start(
    world: World, held: RequestId
) -> None:
    view = form(world, held).view()

    assert view is not None
    assert view.labels() == ["Duration", "Justification", "Ticket"]
    assert "More of AdministratorAccess on payments-prod" in view.words()
    assert f"request {held} ends" in view.words()
    assert "1 h left of it" in view.words()


def test_it_is_a_request_of_its_own_that_says_what_it_extends(
    world: World, held: RequestId
) -> None:
    extension = extends(world, held, Duration="2h")

    card = world.card(extension)
    assert "for 2 h more" in card.words()
    assert f"Extends: request {held}" in card.words()
    assert f"It extends request {held}." in card.text
    assert card.buttons() == ["Approve", "Reject"]
    assert f"for 2 h more, where request {held} ends" in world.told("bob")[-1]
    assert world.thread(held)[-1].startswith("Extension asked for: 2 h more")
    assert world.state(extension) is State.PENDING


def test_what_is_left_and_the_extension_are_no_longer_than_the_maximum(
    world: World, held: RequestId
) -> None:
    world.passes(minutes=30)

    outcome = sends(world, held, Duration="3h31m")
    assert list(outcome.errors) == ["Duration"]
    assert "at most 3 h 30 min" in outcome.errors["Duration"]
    world["bob"].fill({"Duration": "3h30m"})

    assert world["bob"].submit().kind == "closed"


def test_where_nothing_can_be_added_there_is_no_form(world: World) -> None:
    whole = world.active("bob", PROD, Duration="4h")

    view = form(world, whole).view()

    assert view is not None
    assert view.labels() == []
    assert "as long as it may last" in view.words()


def test_what_they_may_not_ask_for_any_more_has_no_form(world: World, held: RequestId) -> None:
    world.company.remove_member("engineers", "bob")
    world.clock.passes(minutes=2)

    view = form(world, held).view()

    assert view is not None
    assert view.labels() == []
    assert "cannot be extended" in view.words()


def test_room_that_is_gone_when_the_form_is_sent_is_said_beside_the_field(
    world: World, held: RequestId
) -> None:
    bob = form(world, held)
    world.policies(POLICIES.replace("max_duration: 4h", "max_duration: 1h"))
    bob.fill({"Duration": "1h", "Justification": "not done yet"})

    outcome = bob.submit()

    assert "as long as it may last" in outcome.errors["Duration"]
    assert len(world.requests()) == 1


def test_it_is_asked_for_once_at_a_time(world: World, held: RequestId) -> None:
    extension = extends(world, held)

    view = form(world, held).view()

    assert view is not None
    assert view.labels() == []
    assert f"Request {extension} extends this already. Pending" in view.words()


def test_of_two_open_forms_one_makes_it_and_the_other_hears_so(
    world: World, held: RequestId
) -> None:
    bob = form(world, held)
    bob.fill({"Duration": "2h", "Justification": "not done yet"})
    wish = Wish("another form", None, "1h", "not done yet", "", None, extends=held)
    extension = world.desk.ask(world.request(held).requester, wish).id

    outcome = bob.submit()

    assert f"Request {extension} extends this already." in outcome.errors["Duration"]
    assert len(world.requests()) == 2


def test_a_form_sent_twice_makes_one(world: World, held: RequestId) -> None:
    extension = extends(world, held)

    world["bob"].replay()
    world.rounds()

    assert [each.id for each in world.requests() if each.extends] == [extension]


def test_after_a_rejection_it_may_be_asked_for_again(world: World, held: RequestId) -> None:
    world.decides("eve", extends(world, held), "Reject", "finish today")

    again = extends(world, held)

    assert world.state(again) is State.PENDING


def test_in_app_home_it_stands_beside_end_access(world: World, held: RequestId) -> None:
    world["bob"].open_home()
    home = world["bob"].home()

    assert home is not None
    assert [label for label in home.buttons() if label in {"End Access", "Extend"}] == [
        "End Access",
        "Extend",
    ]


def test_it_is_offered_while_it_is_held_alone(world: World, held: RequestId) -> None:
    bob = form(world, held)
    world.passes(hours=1, seconds=5)
    bob.fill({"Duration": "1h", "Justification": "not done yet"})

    outcome = bob.submit()

    assert "Too late" in outcome.errors["Duration"]
    assert all("Extend" not in message.buttons() for message in world.slack.dms("bob"))


def test_whoever_looks_it_up_is_told_what_it_extends(world: World, held: RequestId) -> None:
    extension = extends(world, held)

    assert dict(told(world.request(extension)))["extends"] == held
    assert world.journal(extension)[0] == "request.ask"


# It never blinks


def test_the_access_stays_in_place_until_the_extension_is_over(
    world: World, held: RequestId
) -> None:
    end = world.request(held).ends_at
    assert end is not None
    extension = extended(world, held)

    for _ in range(22):
        world.passes(minutes=5)
        assert world.has_access(*HELD)
    after = world.request(extension)
    assert (world.state(held), after.state) == (State.ENDED, State.ACTIVE)
    assert (after.active_at, after.ends_at) == (end, end + timedelta(hours=1))
    assert (world.aws.calls.count(CREATE), world.aws.calls.count(DELETE)) == (1, 0)
    world.passes(minutes=11)

    assert not world.has_access(*HELD)
    assert world.state(extension) is State.ENDED
    assert world.aws.calls.count(DELETE) == 1
    assert any(f"request {extension} holds it as well" in text for text in world.told("bob"))


def test_an_extension_can_be_extended(world: World, held: RequestId) -> None:
    first = extended(world, held)
    world.passes(hours=1)
    second = extended(world, first)

    world.passes(minutes=119)
    assert world.has_access(*HELD)
    assert world.state(second) is State.ACTIVE
    world.passes(minutes=2)

    assert not world.has_access(*HELD)
    assert (world.aws.calls.count(CREATE), world.aws.calls.count(DELETE)) == (1, 1)


def test_nobody_agreed_and_it_ends_on_time(world: World, held: RequestId) -> None:
    extends(world, held)

    world.passes(hours=1, seconds=2)

    assert not world.has_access(*HELD)
    assert world.state(held) is State.ENDED


def test_agreed_on_after_the_end_the_whole_of_it_runs_from_the_confirmation(
    world: World, held: RequestId
) -> None:
    extension = extends(world, held)
    world.passes(hours=1, minutes=20)

    world.decides("eve", extension, "Approve")
    world.passes(seconds=5)

    after = world.request(extension)
    assert after.state is State.ACTIVE
    assert after.active_at is not None
    assert after.ends_at == after.active_at + timedelta(hours=1)
    assert after.active_at > world.request(held).ends_at  # type: ignore[operator]  # it was active


def test_without_approval_it_waits_for_its_start_at_once(world: World) -> None:
    request = world.active("bob", SANDBOX, Duration="1h")

    extension = extends(world, request)

    assert world.state(extension) is State.SCHEDULED
    world.passes(minutes=90)
    assert world.has_access("bob", "data-sandbox", "PowerUserAccess")
    assert world.state(extension) is State.ACTIVE


def test_what_runs_on_paper_goes_on_on_paper(world: World) -> None:
    world.company.assign("bob", "payments-prod", "AdministratorAccess")
    world.sends("bob", PROD)
    world["bob"].submit()
    world.rounds()
    (request,) = world.requests()
    world.decides("eve", request.id, "Approve")
    world.passes(seconds=3)
    extension = extended(world, request.id)

    world.passes(hours=3)

    assert world.state(extension) is State.ENDED
    assert world.has_access(*HELD)
    assert (world.aws.calls.count(CREATE), world.aws.calls.count(DELETE)) == (0, 0)


# It falls with what it extends


def test_giving_it_back_takes_back_an_extension_that_waits(world: World, held: RequestId) -> None:
    extension = extends(world, held)

    world["bob"].click(newest(world, held), "End Access")
    world.passes(minutes=1)

    assert world.state(extension) is State.CANCELLED
    assert world.card(extension).buttons() == []
    assert not world.has_access(*HELD)


@pytest.mark.parametrize(("who", "label"), [("bob", "End Access"), ("eve", "Revoke")])
def test_whoever_ends_it_ends_the_time_it_was_to_be_extended_by(
    world: World, held: RequestId, who: str, label: str
) -> None:
    extension = extended(world, held)

    ended(world, who, label, held)
    world.passes(hours=3)

    assert (world.state(held), world.state(extension)) == (State.REVOKED, State.REVOKED)
    assert not world.has_access(*HELD)
    assert world.aws.calls.count(CREATE) == 1


def test_in_the_last_minute_both_are_ended(world: World, held: RequestId) -> None:
    extension = extended(world, held)
    world.passes(minutes=59, seconds=15)
    assert world.state(extension) is State.ACTIVE

    ended(world, "eve", "Revoke", held)
    world.passes(minutes=1)

    assert not world.has_access(*HELD)
    assert world.state(extension) is State.REVOKED


def ended(world: World, who: str, label: str, request: RequestId) -> None:
    if label == "End Access":
        world[who].click(newest(world, request), label)
        return
    world.decides(who, request, label, "an incident")


def test_agreed_on_after_a_revocation_it_gives_nothing(world: World, held: RequestId) -> None:
    extension = extends(world, held)
    world.decides("eve", held, "Revoke", "an incident")
    world.passes(minutes=1)

    world.decides("dan", extension, "Approve")
    world.passes(hours=2)

    assert world.state(extension) is State.FAILED
    assert "was over before its time" in world.request(extension).reason
    assert not world.has_access(*HELD)
    assert world.aws.calls.count(CREATE) == 1


@pytest.mark.parametrize("minutes", [30, 59.5])
def test_taken_away_outside_it_is_not_given_again(
    world: World, held: RequestId, minutes: float
) -> None:
    extension = extended(world, held)
    world.passes(minutes=minutes)

    world.company.unassign("bob", "payments-prod", "AdministratorAccess")
    world.passes(hours=2)

    assert not world.has_access(*HELD)
    assert world.state(extension) in {State.FAILED, State.REVOKED}
    assert world.aws.calls.count(CREATE) == 1


def test_who_is_no_longer_eligible_is_given_no_more_and_it_ends_on_time(
    world: World, held: RequestId
) -> None:
    extension = extended(world, held)
    world.company.remove_member("engineers", "bob")

    world.passes(hours=1, seconds=2)

    assert world.state(extension) is State.FAILED
    assert not world.has_access(*HELD)


# Whose it is


def test_nobody_extends_what_is_somebody_elses(world: World, held: RequestId) -> None:
    world["bob"].tampering(tamper.as_user("UEVE")).click(newest(world, held), "Extend")

    view = world["eve"].view()
    assert view is None or view.labels() == []
    assert world.journal().count("refusal") == 1


def test_a_form_that_names_somebody_elses_is_refused(world: World, held: RequestId) -> None:
    world.company.add_member("engineers", "eve")
    mine = world.active("eve", SANDBOX, Duration="1h")
    world["eve"].click(world.last("eve"), "Extend")
    world["eve"].fill({"Duration": "1h", "Justification": "mine now"})
    notes = json.dumps({"duration": "1h", "extends": held})

    outcome = world["eve"].tampering(tamper.private_metadata(notes)).submit()

    assert "Only whoever made this request" in outcome.errors["Duration"]
    assert [each.id for each in world.requests()] == [mine, held]
    assert world.journal().count("refusal") == 1


@pytest.fixture
def reminded(world: World) -> World:
    """With the reminder that the product has where nobody says otherwise."""
    world.policies(POLICIES.replace("reminder: 4h", "reminder: 10m"))
    return world


def test_a_form_that_names_no_request_at_all_is_refused_and_recorded(
    world: World, held: RequestId
) -> None:
    bob = form(world, held)
    bob.fill({"Duration": "1h", "Justification": "not done yet"})
    notes = json.dumps({"duration": "1h", "extends": "ZZZZZZZZ"})

    outcome = bob.tampering(tamper.private_metadata(notes)).submit()

    assert outcome.kind == "errors"
    assert [each.id for each in world.requests()] == [held]
    assert world.journal().count("refusal") == 1


# Reminded


def test_the_reminder_of_the_end_has_extend_and_end_access(reminded: World) -> None:
    reminded.active("bob", PROD, Duration="1h")

    reminded.passes(minutes=50)

    message = reminded.last("bob")
    assert message.text.startswith("Reminder: 10 min left")
    assert "press Extend now" in message.text
    assert message.buttons() == ["End Access", "Extend"]


@pytest.mark.parametrize(
    ("agreed", "words"),
    [(True, "Then it goes on as request {}."), (False, "unless request {} is approved")],
)
def test_the_reminder_says_how_it_goes_on(reminded: World, agreed: bool, words: str) -> None:
    request = reminded.active("bob", PROD, Duration="1h")
    extension = (extended if agreed else extends)(reminded, request)

    reminded.passes(minutes=50)

    assert words.format(extension) in reminded.last("bob").text
