"""What is typed into the form: taken as it is meant, or refused beside its field."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote, unquote

from grants.model import State
from tests.policy_files import DEV, PROD, a_policy_file, approves, may
from tests.standins.slack import Outcome, Person
from tests.world import World

ADMIN = "payments-prod · AdministratorAccess"
READ = "payments-dev · ReadOnlyAccess"


def filled_in(world: World) -> Person:
    """The form, with nothing wrong in it."""
    bob = world.opens("bob")
    bob.fill(Access=ADMIN, Justification="the disk is full")
    return bob


def refused(outcome: Outcome, world: World) -> dict[str, str]:
    """What was said beside which fields; nothing was stored, and no line was written about it."""
    assert outcome.kind == "errors", outcome
    assert world.requests() == []
    assert not {"request.ask", "refusal"} & set(world.journal())
    return outcome.errors


# Duration


def test_the_global_maximum_bounds_a_policys_longer_one(world: World) -> None:
    longer = may("AdministratorAccess", max_duration="12h")
    world.policies(a_policy_file(longer, max_duration="9h"))

    assert "at most 9 h" in refused(world.sends("bob", ADMIN, Duration="10h"), world)["Duration"]

    request = world.asks("bob", ADMIN, Duration="9h")
    assert world.request(request).duration == timedelta(hours=9)


def test_a_policys_maximum_is_said_beside_the_field(world: World) -> None:
    world.policies(a_policy_file(may("AdministratorAccess", max_duration="4h")))

    errors = refused(world.sends("bob", ADMIN, Duration="5h"), world)

    assert errors == {"Duration": "Too long: the duration may be at most 4 h."}
    assert world.sends("bob", ADMIN, Duration="4h").closed


def test_a_long_maximum_on_development_never_lengthens_production(world: World) -> None:
    world.policies(
        a_policy_file(
            may("ReadOnlyAccess", accounts=[DEV], max_duration="8h"),
            may("AdministratorAccess", accounts=[PROD], max_duration="1h"),
        )
    )

    assert "at most 1 h" in refused(world.sends("bob", ADMIN, Duration="2h"), world)["Duration"]
    assert world.sends("bob", READ, Duration="8h").closed


def test_of_the_policies_that_match_the_pair_the_longest_counts(world: World) -> None:
    shorter = may("AdministratorAccess", max_duration="1h")
    world.policies(a_policy_file(shorter, may("AdministratorAccess", max_duration="3h")))

    assert world.sends("bob", ADMIN, Duration="3h").closed


NO_DURATIONS = (
    *("0", "0m", "0h0m", "0.1m", "-1h", "- 2h", "abc", "1x", "h", "m", "2 hours and a bit"),
    *("", "  ", "1e3h", "nan", "∞h", "\uff11h", "1h-30m", "1h;", "99999999h", "1h\n2h"),
)


def test_what_is_no_duration_is_refused_beside_the_field(world: World) -> None:
    bob = filled_in(world)
    beside = {}

    for typed in NO_DURATIONS:
        bob.fill(Duration=typed)
        beside[typed] = list(refused(bob.submit(), world))

    assert beside == {typed: ["Duration"] for typed in NO_DURATIONS}


def test_an_hour_and_a_half_may_be_typed_in_many_ways(world: World) -> None:
    for typed in ("90m", "1h30m", "1.5h", " 1h 30m ", "1H30M", "90min"):
        assert world.sends("bob", ADMIN, Duration=typed).closed, typed

    assert {request.duration for request in world.requests()} == {timedelta(minutes=90)}


def test_the_duration_left_alone_is_the_prefilled_hour(world: World) -> None:
    assert world.request(world.asks("bob", ADMIN)).duration == timedelta(hours=1)


def test_thirty_minutes_end_after_thirty_minutes(world: World) -> None:
    request = world.active(access=ADMIN, Duration="30m")
    ends_at = world.request(request).ends_at
    assert ends_at is not None

    world.passes(seconds=(ends_at - world.clock()).total_seconds() - 1)
    assert world.state(request) is State.ACTIVE
    assert world.has_access("bob", "payments-prod", "AdministratorAccess")

    world.passes(seconds=3)
    assert world.state(request) is State.ENDED
    assert not world.has_access("bob", "payments-prod", "AdministratorAccess")


# Justification


def test_a_justification_that_says_nothing_is_refused(world: World) -> None:
    bob = filled_in(world)

    for blank in (None, "", "   ", "\n\t\n", "\u00a0\u2003", "\u200b\u2060\ufeff"):
        bob.fill(Justification=blank)
        assert refused(bob.submit(), world) == {"Justification": "Say what you need it for."}


def test_a_short_justification_in_any_letters_is_taken(world: World) -> None:
    request = world.asks("bob", ADMIN, Justification="  é fix \n")

    assert world.request(request).justification == "é fix"
    assert "é fix" in world.card(request).words()


SCRIPTS = {
    "latin": "a",
    "accented": "é",
    "decomposed": "e\u0301",
    "cyrillic": "ж",
    "arabic": "ع",
    "chinese": "修",
    "emoji": "🔥",
    "a family in one emoji": "👩\u200d👩\u200d👧",
    "a flag": "🇩🇪",
    "ampersands": "&",
}


def so_long(letters: str, length: int) -> str:
    return (letters * length)[:length]


def test_three_thousand_characters_are_taken_whole_in_any_script(world: World) -> None:
    for script, letters in SCRIPTS.items():
        text = so_long(letters, 3000)

        request = world.asks("bob", ADMIN, Justification=f" {text}\n")

        assert world.request(request).justification == text, script
        (told,) = world.slack.thread(world.card(request))
        assert text in told.words().replace("\n", ""), script


def test_one_character_more_is_refused_beside_the_field(world: World) -> None:
    bob = filled_in(world)

    for script, letters in SCRIPTS.items():
        bob.fill(Justification=so_long(letters, 3001))
        errors = refused(bob.submit(), world)

        assert list(errors) == ["Justification"], script
        assert "at most 3,000 characters" in errors["Justification"]


# Ticket


def with_tickets(world: World, **settings: Any) -> None:
    world.policies(a_policy_file(may("AdministratorAccess"), **settings))


def test_a_required_ticket_that_is_empty_is_refused(world: World) -> None:
    with_tickets(world, require_ticket=True)
    bob = filled_in(world)

    for empty in (None, " ", "\u200b"):
        bob.fill(Ticket=empty)
        assert refused(bob.submit(), world) == {"Ticket": "Give the ticket that this is about."}


def test_a_ticket_that_is_not_required_may_be_empty(world: World) -> None:
    with_tickets(world, require_ticket=False)

    assert world.sends("bob", ADMIN, Ticket=None).closed


def test_the_pattern_must_match_the_whole_ticket(world: World) -> None:
    with_tickets(world, require_ticket=True, ticket_pattern="[A-Z]+-[0-9]+")
    bob = filled_in(world)

    for ticket in ("OPS-", "ops-1", "OPS-1 please", "see OPS-1", "OPS-1\nOPS-2"):
        bob.fill(Ticket=ticket)
        errors = refused(bob.submit(), world)
        assert list(errors) == ["Ticket"], ticket
        assert "[A-Z]+-[0-9]+" in errors["Ticket"]

    bob.fill(Ticket=" OPS-1 ")
    assert bob.submit().closed


def test_a_pattern_binds_also_where_no_ticket_is_required(world: World) -> None:
    with_tickets(world, require_ticket=False, ticket_pattern="[A-Z]+-[0-9]+")

    assert list(refused(world.sends("bob", ADMIN, Ticket="later"), world)) == ["Ticket"]
    assert world.sends("bob", ADMIN, Ticket=None).closed


def test_the_form_says_what_a_ticket_must_look_like(world: World) -> None:
    with_tickets(world, ticket_pattern="[A-Z]+-[0-9]+")

    view = world.opens("bob").view()

    assert view is not None
    assert "must match [A-Z]+-[0-9]+" in view.words()


def test_the_ticket_is_a_link_where_one_is_set(world: World) -> None:
    with_tickets(world, ticket_url="https://tracker.example.com/{ticket}")

    request = world.asks("bob", ADMIN, Ticket="OPS-42")

    assert "<https://tracker.example.com/OPS-42|OPS-42>" in str(world.card(request).blocks)


def test_no_ticket_leads_the_link_astray(world: World) -> None:
    with_tickets(world, ticket_url="https://tracker.example.com/browse/{ticket}")

    for ticket in ("../../login?x=1", "a|b>c<d", "a b", "OPS-1#x", "@evil.example", "修" * 217):
        card = world.card(world.asks("bob", ADMIN, Ticket=ticket))

        begun = str(card.blocks).split("<https://tracker.example.com/browse/")[1:]
        addresses = [rest.split("|")[0] for rest in begun]
        assert all(quote(unquote(address), safe="") == address for address in addresses), ticket
        assert ticket in card.words()


# All of it


def test_everything_that_is_wrong_is_said_at_once_and_each_beside_its_field(world: World) -> None:
    nobody = [approves("production-approvers", accounts=[DEV])]
    world.policies(a_policy_file(may("AdministratorAccess"), approval=nobody, require_ticket=True))
    past = world.clock() - timedelta(hours=1)

    outcome = world.sends("bob", ADMIN, Duration="abc", Justification=" ", Ticket="", Start=past)

    fields = {"Access", "Duration", "Justification", "Ticket", "Start"}
    assert refused(outcome, world).keys() == fields


def test_without_a_choice_the_rest_is_checked_all_the_same(world: World) -> None:
    bob = world.opens("bob")
    bob.fill(Duration="abc")

    errors = refused(bob.submit(), world)

    assert errors.keys() == {"Access", "Duration", "Justification"}


def test_what_was_typed_stays_so_that_only_what_was_wrong_is_typed_again(world: World) -> None:
    bob = world.opens("bob")
    bob.fill(Access=ADMIN, Duration="9h", Justification="the disk is full", Ticket="OPS-1")
    assert list(bob.submit().errors) == ["Duration"]

    bob.fill(Duration="2h")
    assert bob.submit().closed

    (request,) = world.requests()
    assert (request.justification, request.ticket) == ("the disk is full", "OPS-1")
    assert request.duration == timedelta(hours=2)
