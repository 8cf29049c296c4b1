"""The form of who may ask for more than fits into one select: 5,000 accounts, 300 permission sets."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.assemble import bindings
from grants.model import SlackUserId
from grants.people import operator
from tests.admin_hand import typed_in
from tests.databases import KINDS, Databases
from tests.policy_files import DEV, PROD, ROOT, a_policy_file, everything_below, may
from tests.standins.slack import Person, View, tamper
from tests.world import World, a_world

ACCOUNTS, SETS = 5_000, 300


@pytest.fixture(scope="module", params=KINDS)
def large(
    request: pytest.FixtureRequest, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """One large company for all of these tests: each of them begins with its own form."""
    folder: Path = tmp_path_factory.mktemp("large")
    with (
        databases.fresh(request.param, folder) as url,
        pytest.MonkeyPatch.context() as patch,
        a_world(url, patch.setenv) as world,
    ):
        grow(world)
        yield world


def grow(world: World) -> None:
    """Accounts of a hundred teams in three OUs, and sets that everybody in engineering may ask for."""
    company = world.company
    units = ("Development", "Production", "Sandbox")
    for n in range(ACCOUNTS - len(company.accounts)):
        company.add_account(f"team-{n % 100:02d}-service-{n:04d}", unit=units[n % 3])
    company.add_account("Zürich · Zahlungen", unit="Production", account_id="987654321098")
    sets = [f"Set{n:03d}Access" for n in range(SETS - len(company.permission_sets))]
    for name in sets:
        company.add_permission_set(name, description=f"What {name} is for")
    everywhere = may("ReadOnlyAccess", "AdministratorAccess", *sets, **everything_below(ROOT))
    world.policies(a_policy_file(everywhere, max_open_requests=1000))


@pytest.fixture
def bob(large: World) -> Person:
    """With a new form before him, and nothing counted yet."""
    large.clock.passes(minutes=2)
    bob = large.opens("bob")
    large.aws.calls.clear()
    return bob


def seen(person: Person) -> View:
    view = person.view()
    assert view is not None
    return view


def found(person: Person, label: str, typed: str) -> list[str]:
    return [option.text for option in person.search(label, typed)]


def test_the_form_searches_accounts_and_permission_sets(bob: Person) -> None:
    assert seen(bob).labels()[:2] == ["Account", "Permission set"]


def test_it_opens_whole_and_without_a_call_to_aws_as_in_a_small_company(large: World) -> None:
    large.opens("bob")
    large.aws.calls.clear()
    large.slack.calls.clear()

    view = seen(large.opens("bob"))

    assert view.labels() == ["Account", "Permission set", "Duration", "Justification", "Ticket"]
    assert [call.method for call in large.slack.calls] == ["views.open"]
    assert large.aws.calls.count() == 0


def test_before_anything_is_typed_the_first_hundred_are_listed(bob: Person) -> None:
    listed = found(bob, "Account", "")

    assert len(listed) == 100
    assert listed[0] == "data-sandbox"


@pytest.mark.parametrize(
    "typed",
    ["team-17-service-1217", "SERVICE-1217", " service-1217 ", "1217 team-17", "17-service-1217"],
)
def test_an_account_is_found_by_a_part_of_its_name(bob: Person, typed: str) -> None:
    assert found(bob, "Account", typed)[0] == "team-17-service-1217"


@pytest.mark.parametrize("typed", ["987654321098", "9876543", "21098"])
def test_an_account_is_found_by_a_part_of_its_id(bob: Person, typed: str) -> None:
    (option,) = bob.search("Account", typed)

    assert (option.text, option.value) == ("Zürich · Zahlungen", "987654321098")
    assert option.description == "987654321098"


@pytest.mark.parametrize("typed", ["zürich", "ZAHLUNGEN", "zu\u0308rich"])
def test_an_account_is_found_in_any_spelling_of_its_letters(bob: Person, typed: str) -> None:
    assert found(bob, "Account", typed) == ["Zürich · Zahlungen"]


@pytest.mark.parametrize("typed", ["no such account", "acme-management", "%", "_", "'; --", "\\"])
def test_what_is_no_account_of_bobs_is_not_found(bob: Person, typed: str) -> None:
    assert found(bob, "Account", typed) == []


def test_without_an_account_no_permission_sets_are_offered(bob: Person) -> None:
    assert found(bob, "Permission set", "") == []


def test_a_permission_set_is_found_by_a_part_of_its_name(bob: Person) -> None:
    bob.fill(Account="payments-prod")

    assert found(bob, "Permission set", "dministra") == ["AdministratorAccess"]
    assert found(bob, "Permission set", "set21")[:2] == ["Set210Access", "Set211Access"]
    assert len(found(bob, "Permission set", "")) == 100


def test_a_permission_set_is_found_by_its_id(bob: Person, large: World) -> None:
    arn = large.company.permission_set("Set123Access").arn
    bob.fill(Account="payments-prod")

    assert found(bob, "Permission set", arn.rpartition("/")[2]) == ["Set123Access"]


def test_another_account_puts_the_permission_set_back_to_none(large: World, bob: Person) -> None:
    bob.fill({"Account": "payments-prod", "Permission set": "AdministratorAccess"})
    bob.fill(Account="web-prod", Justification="the disk is full")

    assert bob.submit().errors == {"Permission set": "Choose a permission set of this account."}
    assert large.requests() == []

    bob.fill({"Permission set": "ReadOnlyAccess"})
    assert bob.submit().closed
    newest = large.requests()[0]
    assert (newest.account_name, newest.permission_set_name) == ("web-prod", "ReadOnlyAccess")


def test_what_was_typed_stays_when_the_account_changes(large: World, bob: Person) -> None:
    bob.fill(Duration="2h", Justification="the disk is full", Ticket="OPS-7")
    bob.fill(Account="payments-prod")
    bob.press("Start later")
    bob.press("Start now")
    bob.fill({"Permission set": "AdministratorAccess"})

    assert bob.submit().closed
    newest = large.requests()[0]
    assert (newest.justification, newest.ticket) == ("the disk is full", "OPS-7")
    assert newest.account_name == "payments-prod"


def test_the_choice_stays_when_start_later_is_pressed(large: World, bob: Person) -> None:
    bob.fill({"Account": "payments-prod", "Permission set": "AdministratorAccess"})
    bob.fill(Justification="the disk is full")
    bob.press("Start later")
    bob.press("Start now")

    assert bob.submit().closed
    newest = large.requests()[0]
    assert (newest.account_name, newest.permission_set_name) == (
        "payments-prod",
        "AdministratorAccess",
    )


def test_nothing_on_the_way_to_sending_asks_aws(large: World, bob: Person) -> None:
    for typed in ("", "t", "te", "team-42", "987654321098"):
        bob.search("Account", typed)
    bob.fill(Account="Zürich · Zahlungen")
    for typed in ("", "a", "admin"):
        bob.search("Permission set", typed)
    bob.fill({"Permission set": "AdministratorAccess"})

    assert large.aws.calls.count() == 0


def test_a_form_that_has_been_open_for_half_an_hour_still_searches_without_aws(
    large: World, bob: Person
) -> None:
    large.clock.passes(minutes=30)

    assert found(bob, "Account", "team-42-service-0042") == ["team-42-service-0042"]
    assert large.aws.calls.count() == 0


def test_an_approver_who_decides_meanwhile_still_searches_without_aws(
    large: World, bob: Person
) -> None:
    large.company.add_member("engineers", "eve")
    eve = large.opens("eve")
    bob.fill({"Account": "payments-prod", "Permission set": "AdministratorAccess"})
    bob.fill(Justification="the disk is full")
    assert bob.submit().closed
    large.rounds()
    newest = large.requests()[0]
    eve.click(large.card(newest.id), "Approve")
    large.aws.calls.clear()

    assert found(eve, "Account", "payments-prod") == ["payments-prod"]
    assert large.aws.calls.count() == 0


def test_whoever_is_unlinked_meanwhile_finds_nothing_more_by_the_old_link(
    large: World, bob: Person
) -> None:
    bound = bindings(large.settings, large.storage, large.ports)
    large.slack.user("bob").is_restricted = True

    bound.unlink(SlackUserId(bob.id), by=operator("root@host"))
    listed = found(bob, "Account", "payments-prod")
    large.slack.user("bob").is_restricted = False

    assert listed == []


# Tampered with


def recorded(world: World) -> int:
    return world.journal().count("refusal")


def test_the_permission_sets_of_an_account_that_is_not_bobs_are_not_shown(
    large: World, bob: Person
) -> None:
    lying = bob.tampering(tamper.private_metadata('{"account": "111122223333"}'))

    assert found(lying, "Permission set", "") == []


def test_a_search_with_damaged_metadata_finds_nothing(large: World, bob: Person) -> None:
    before = recorded(large)

    assert found(bob.tampering(tamper.private_metadata("{")), "Permission set", "") == []
    assert recorded(large) == before + 1


def test_a_set_of_another_account_than_the_chosen_is_refused(large: World, bob: Person) -> None:
    before, requests = recorded(large), len(large.requests())
    bob.fill({"Account": "payments-prod", "Permission set": "AdministratorAccess"})
    bob.fill(Justification="the disk is full")
    pair = f"555566667777:{large.company.permission_set('AdministratorAccess').arn}"

    outcome = bob.tampering(tamper.field_value("Permission set", pair)).submit()

    assert outcome.kind == "errors"
    assert (recorded(large), len(large.requests())) == (before + 1, requests)


@pytest.mark.parametrize("account", ["111122223333", "999999999999"])
def test_an_account_that_was_not_offered_is_refused_and_recorded(
    large: World, bob: Person, account: str
) -> None:
    large.clock.passes(seconds=61)
    before, requests = recorded(large), len(large.requests())
    bob.fill({"Account": "payments-prod", "Permission set": "AdministratorAccess"})
    bob.fill(Justification="the disk is full")

    outcome = bob.tampering(tamper.field_value("Account", account)).submit()

    assert outcome.kind == "errors"
    assert (recorded(large), len(large.requests())) == (before + 1, requests)


# From the one form to the other


def test_up_to_a_hundred_pairs_are_one_select(world: World) -> None:
    sets = [world.company.add_permission_set(f"Set{n:03d}") for n in range(100)]
    world.policies(a_policy_file(may(*sets)))

    view = seen(world.opens("bob"))

    assert view.labels()[0] == "Access"
    assert len(view.options("Access")) == 100


def test_from_a_hundred_and_one_on_the_form_searches(world: World) -> None:
    sets = [world.company.add_permission_set(f"Set{n:03d}") for n in range(101)]
    world.policies(a_policy_file(may(*sets)))
    bob = world.opens("bob")

    bob.fill({"Account": "payments-prod", "Permission set": "Set100"})
    bob.fill(Justification="the disk is full")

    assert bob.submit().closed


# How long


@pytest.fixture
def long_and_short(world: World) -> World:
    """In development for hours, in production for half of one."""
    sets = [world.company.add_permission_set(f"Set{n:03d}") for n in range(101)]
    development = may(*sets, accounts=[DEV], max_duration="8h")
    production = may(*sets, accounts=[PROD], max_duration="30m")
    world.policies(a_policy_file(development, production))
    return world


@pytest.mark.parametrize(
    ("account", "bound"), [("payments-dev", "At most 8 h."), ("payments-prod", "At most 30 min.")]
)
def test_how_long_at_most_is_said_of_the_chosen_account(
    long_and_short: World, account: str, bound: str
) -> None:
    bob = long_and_short.opens("bob")

    bob.fill(Account=account)

    assert bound in seen(bob).words()


def test_filled_with_an_account_it_proposes_no_longer_than_may_be_held_there(
    long_and_short: World,
) -> None:
    bob = long_and_short.opens("bob")
    bob.fill({"Account": "payments-prod", "Permission set": "Set100", "Duration": "10m"})
    bob.fill(Justification="the disk is full")
    assert bob.submit().closed

    long_and_short.opens("bob")

    assert typed_in(bob, "Duration") == "30m"


# Two choices in a second


def test_of_two_accounts_chosen_in_a_second_the_later_one_counts(large: World, bob: Person) -> None:
    before = seen(bob).hash
    bob.fill(Account="web-prod")

    bob.tampering(tamper.put("view.hash", before)).fill(Account="payments-prod")
    bob.fill({"Permission set": "AdministratorAccess", "Justification": "the disk is full"})

    assert bob.submit().closed
    newest = large.requests()[0]
    assert (newest.account_name, newest.permission_set_name) == (
        "payments-prod",
        "AdministratorAccess",
    )


def test_sets_that_are_still_another_accounts_are_drawn_anew_when_the_form_is_sent(
    large: World, bob: Person
) -> None:
    bob.fill({"Account": "web-prod", "Permission set": "ReadOnlyAccess"})
    bob.fill(Justification="the disk is full", Duration="30m")
    large.slack.faults.add("views.update", "internal_error")
    bob.fill(Account="payments-prod")

    sent = bob.submit()
    bob.fill({"Permission set": "AdministratorAccess"})

    assert sent.kind == "updated"
    assert bob.submit().closed
    newest = large.requests()[0]
    assert newest.account_name == "payments-prod"
    assert (newest.justification, newest.duration) == ("the disk is full", timedelta(minutes=30))
