"""An administrator says in Slack which Slack user is which Identity Center user."""

import pytest

from grants.model import State
from tests.admin_hand import AUDITED, at_home, lines, modal, pressed, sent
from tests.lives import PROD
from tests.standins.slack import Outcome, Person, tamper
from tests.world import APPROVALS, AUDIT, DEFAULT, World


def at_links(world: World) -> Person:
    return pressed(world, "People Links")


def links(world: World, slack_user: str, user: str) -> Outcome:
    ada = at_links(world)
    ada.press("Link Somebody")
    ada.fill({"Slack user": slack_user, "Identity Center user": user})
    return sent(world, ada)


def linked(world: World) -> dict[str, str]:
    with world.works.reading() as work:
        return {binding.slack_id: binding.user_id for binding in work.people.all()}


def user_id(world: World, name: str) -> str:
    return world.company.user(name).id


def test_the_list_names_everybody_who_is_linked(world: World) -> None:
    world["bob"].command("mine", DEFAULT)

    words = modal(at_links(world)).words()

    assert "@bob" in words
    assert f"Identity Center user: bob ({user_id(world, 'bob')})" in words
    assert "Address: bob@example.com" in words


def test_somebody_is_linked_and_is_that_user_from_then_on(world: World) -> None:
    world.slack.workspace.add_user("robert", id="UROBERT", email="robert@elsewhere.example")
    world.slack.channel(DEFAULT).members.add("UROBERT")

    outcome = links(world, "robert", "bob@example.com")

    assert outcome.closed
    assert linked(world)["UROBERT"] == user_id(world, "bob")
    assert world.sends("robert", "data-sandbox · PowerUserAccess").closed


def test_a_link_holds_for_the_address_that_they_had(world: World) -> None:
    assert links(world, "mallory", "eve").closed
    world.slack.user("mallory").email = "elsewhere@evil.test"
    request = world.asks("bob", PROD)

    world["mallory"].click(world.card(request), "Approve")

    assert world.state(request) is State.PENDING


def test_the_list_is_drawn_again_with_them(world: World) -> None:
    world.slack.workspace.add_user("robert", id="UROBERT", email="robert@elsewhere.example")

    links(world, "robert", "bob")

    assert "@robert" in modal(world["ada"]).words()
    assert "By: Ada Administrator" in modal(world["ada"]).words()


def test_a_broken_link_stands_first_and_is_mended(world: World) -> None:
    for who in ("bob", "eve"):
        world[who].command("mine", DEFAULT)
    world.slack.user("eve").email = "eve.married@example.com"
    world["eve"].command("mine", DEFAULT)
    words = modal(at_links(world)).words()
    assert words.index("@eve") < words.index("@ada")
    assert "It no longer holds" in words
    world["ada"].close()

    assert links(world, "UEVE", "eve").closed
    assert "It no longer holds" not in modal(world["ada"]).words()


def test_who_linked_whom_is_written_down_and_told(world: World) -> None:
    world.policies(AUDITED)

    links(world, "mallory", "eve")

    entry = lines(world, "people.link")[-1]
    assert (entry.actor.name, entry.facts) == (
        "Ada Administrator",
        {"slack_id": "UMALLORY", "user_id": user_id(world, "eve")},
    )
    told = [message.text for message in world.slack.channel(AUDIT).messages]
    assert told[-1] == (
        "People: Ada Administrator linked Slack user UMALLORY to Eve Approver (eve)."
    )


def test_somebody_is_unlinked(world: World) -> None:
    world.policies(AUDITED)
    world["bob"].command("mine", DEFAULT)
    ada = at_links(world)

    ada.press("Unlink", within="@UBOB")
    world.rounds()

    assert "UBOB" not in linked(world)
    assert "@bob" not in modal(ada).words()
    assert lines(world, "people.unlink")[-1].actor.name == "Ada Administrator"
    told = [message.text for message in world.slack.channel(AUDIT).messages]
    assert told[-1] == "People: Ada Administrator unlinked Slack user UBOB."


def test_long_lists_have_pages(world: World) -> None:
    for n in range(25):
        world.slack.workspace.add_user(f"p{n:02}", email=f"p{n}@example.com")
        world.company.add_user(f"p{n}", f"p{n}@example.com")
        world[f"p{n:02}"].command("mine")
    ada = at_links(world)
    assert "@p00" in modal(ada).words()
    assert "@p24" not in modal(ada).words()

    ada.press("Next (2 of 2)")

    assert "@p24" in modal(ada).words()


# What is refused


@pytest.mark.parametrize("typed", ["nobody", "nobody@example.com", "<@UEVE>", "x" * 3000])
def test_a_user_whom_nobody_knows_is_said_beside_the_field(world: World, typed: str) -> None:
    outcome = links(world, "mallory", typed)

    assert outcome.errors.keys() == {"Identity Center user"}
    assert "There is no Identity Center user" in outcome.errors["Identity Center user"]


def test_a_disabled_user_is_said_so(world: World) -> None:
    world.company.disable_user("eve")

    assert "disabled" in links(world, "mallory", "eve").errors["Slack user"]


def test_who_could_not_use_elevate_all_the_same_is_not_linked(world: World) -> None:
    for name, why in {"guest": "guest", "bot": "bot", "gone": "deactivated"}.items():
        user = world.slack.workspace.add_user(
            name, id=f"U{name.upper()}", email=f"{name}@x.example"
        )
        user.is_restricted, user.is_bot, user.deleted = (
            name == "guest",
            name == "bot",
            name == "gone",
        )

        assert why in links(world, name, "eve").errors["Slack user"]

        world["ada"].close(everything=True)
    assert not {"UGUEST", "UBOT", "UGONE"} & linked(world).keys()
    assert lines(world, "refusal") == []


def test_nobody_says_who_they_themselves_are(world: World) -> None:
    assert "Nobody says who they themselves are" in links(world, "UADA", "eve").errors["Slack user"]
    world["ada"].close(everything=True)

    at_links(world).press("Unlink", within="@UADA")

    assert "Nobody says who they themselves are" in world.told("ada")[-1]
    assert linked(world)["UADA"] == user_id(world, "ada")
    assert [entry.reason for entry in lines(world, "refusal")] == ["AboutOneself"]


@pytest.mark.parametrize("value", ["", "eve", "people:UEVE", "U' OR 1=1"])
def test_a_value_that_is_no_slack_user_is_tampering(world: World, value: str) -> None:
    ada = at_links(world)

    ada.tampering(tamper.button_value(value)).press("Unlink")

    assert [entry.reason for entry in lines(world, "refusal")] == ["Tampered"]


def test_closing_the_list_meanwhile_costs_nothing(world: World) -> None:
    ada = at_home(world)
    ada.press("People Links")
    ada.press("Link Somebody")
    ada.fill({"Slack user": "mallory", "Identity Center user": "eve"})
    for error in ("not_found", "internal_error"):
        world.slack.faults.add("views.update", error)

        assert sent(world, ada).closed
        assert world.told("ada") == []

        ada.press("Link Somebody")
        ada.fill({"Slack user": "mallory", "Identity Center user": "dan"})


# Oneself, by another Slack user


def has_a_second_account(world: World, email: str) -> None:
    """Ada's, in the approvers' channel."""
    user = world.slack.workspace.add_user("ada2", id="UADATWO", email=email)
    for channel in (APPROVALS, DEFAULT):
        world.slack.channel(channel).members.add(user.id)


def is_nobodys_business_of_their_own(world: World) -> None:
    assert [entry.reason for entry in lines(world, "refusal")] == ["AboutOneself"]
    assert linked(world).get("UADATWO") in {None, user_id(world, "ada")}


@pytest.mark.parametrize("email", ["ADA@example.com", "ada@elsewhere.example"])
def test_an_administrators_second_slack_user_is_not_theirs_to_link(
    world: World, email: str
) -> None:
    """Or they would agree to what they themselves ask for."""
    has_a_second_account(world, "ADA@example.com")
    world["ada2"].command("mine", DEFAULT)
    world.slack.user("ada2").email = email

    outcome = links(world, "ada2", "eve")

    assert "Nobody says who they themselves are" in outcome.errors["Slack user"]
    is_nobodys_business_of_their_own(world)


@pytest.mark.parametrize("email", ["ADA@example.com", "ada@example.com"])
def test_nor_one_that_would_be_matched_by_their_address(world: World, email: str) -> None:
    has_a_second_account(world, email)

    outcome = links(world, "ada2", "eve")

    assert "Nobody says who they themselves are" in outcome.errors["Slack user"]
    is_nobodys_business_of_their_own(world)


def test_nor_one_of_the_address_that_is_theirs_in_identity_center(world: World) -> None:
    world["ada"].command("mine", DEFAULT)
    world.company.change_user("ada", email="ada.married@example.com")
    has_a_second_account(world, "ada.married@example.com")

    outcome = links(world, "ada2", "eve")

    assert "Nobody says who they themselves are" in outcome.errors["Slack user"]
    is_nobodys_business_of_their_own(world)


def test_nobody_makes_another_slack_user_themselves(world: World) -> None:
    outcome = links(world, "mallory", "ada")

    assert "Nobody says who they themselves are" in outcome.errors["Slack user"]
    assert "UMALLORY" not in linked(world)


def test_nobody_unlinks_their_second_slack_user(world: World) -> None:
    has_a_second_account(world, "ADA@example.com")
    world["ada2"].command("mine", DEFAULT)

    at_links(world).press("Unlink", within="@UADATWO")

    assert "Nobody says who they themselves are" in world.told("ada")[-1]
    assert linked(world)["UADATWO"] == user_id(world, "ada")


def test_another_administrator_links_it(world: World) -> None:
    world.company.add_member("elevate-admins", "dan")
    has_a_second_account(world, "ADA@example.com")
    dan = pressed(world, "People Links", who="dan")
    dan.press("Link Somebody")
    dan.fill({"Slack user": "ada2", "Identity Center user": "ada"})

    assert sent(world, dan).closed
    assert linked(world)["UADATWO"] == user_id(world, "ada")
