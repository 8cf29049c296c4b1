"""One-time codes are set up, replaced and reset: by whom, with what, and who hears of it."""

import pytest

from storage.tables import metadata
from tests.admin_hand import at_home, lines, modal, pressed, shown
from tests.phone import PROD, PROVED, Phone, approves, begins, enrolled, scanned
from tests.standins.slack import Person, tamper
from tests.world import AUDIT, DEFAULT, World

AUDITED = PROVED.replace("default_channel", f"audit_channel: {AUDIT}\n  default_channel")
BOTH = AUDITED.replace(
    "groups: [production-approvers]", "groups: [production-approvers, elevate-admins]"
)


@pytest.fixture
def proved(world: World) -> World:
    """Where production asks for a proof, and alarms have a channel."""
    world.policies(AUDITED)
    return world


def replaces(world: World, who: str, code: str) -> Person:
    """Set Up Codes once more, with a code of the key that they have."""
    person = begins(world, who)
    person.fill(Code=code)
    person.submit()
    return person


def audited(world: World) -> list[str]:
    return [message.text for message in world.slack.channel(AUDIT).messages]


# Setting them up


def test_the_key_is_shown_for_typing_and_for_opening(proved: World) -> None:
    eve = begins(proved, "eve")

    words, secret = modal(eve).words(), scanned(proved, eve).secret
    assert " ".join(secret[at : at + 4] for at in range(0, 32, 4)) in words
    assert f"otpauth://totp/Elevate:eve%40example.com?secret={secret}" in words
    assert modal(eve).body.get("private_metadata", "") == ""


def test_they_are_set_up_from_app_home_too(proved: World) -> None:
    eve = at_home(proved, "eve")
    assert "You have set up none yet" in shown(eve)

    eve.press("Set Up Codes")
    eve.fill(Code=scanned(proved, eve).code())
    eve.submit()

    eve.close(everything=True)
    assert "You have set yours up" in shown(at_home(proved, "eve"))


def test_it_is_told_aloud_and_to_them_and_written_down(proved: World) -> None:
    enrolled(proved)

    assert audited(proved)[-1].startswith(
        "Codes: Eve Approver (eve) set up one-time codes. If it was not them, reset"
    )
    assert proved.told("eve")[-1].startswith("Your one-time codes for approvals were set up.")
    (entry,) = lines(proved, "proof.confirm")
    assert (entry.actor.name, entry.before, entry.after) == ("Eve Approver", "", "set up")


def test_without_an_audit_channel_it_is_told_in_the_default_one(world: World) -> None:
    world.policies(PROVED)

    enrolled(world)

    told = [message.text for message in world.slack.channel(DEFAULT).messages]
    assert any("Eve Approver (eve) set up one-time codes" in text for text in told)


def test_a_wrong_first_code_sets_nothing_up(proved: World) -> None:
    eve = begins(proved, "eve")
    phone = scanned(proved, eve)
    eve.fill(Code=Phone(proved, "A" * 32).code())

    outcome = eve.submit()

    assert "wrong" in outcome.errors["Code"]
    request = proved.asks("bob", PROD)
    with proved.works.reading() as work:
        assert [proof.sealed for proof in work.proofs.all()] == [""]
    eve.fill(Code=phone.code())
    eve.submit()
    eve.close(everything=True)
    assert approves(proved, "eve", request, phone.fresh()).closed


def test_five_wrong_first_codes_are_enough(proved: World) -> None:
    eve = begins(proved, "eve")
    phone = scanned(proved, eve)
    for _ in range(5):
        eve.fill(Code=Phone(proved, "A" * 32).code())
        eve.submit()

    eve.fill(Code=phone.code())
    assert "none of yours is taken" in eve.submit().errors["Code"]
    eve.close()
    begins(proved, "eve")
    assert eve.view() is None
    assert "none of yours is taken" in proved.whispers("eve")[-1]


def test_a_key_waits_a_quarter_of_an_hour_for_its_first_code(proved: World) -> None:
    eve = begins(proved, "eve")
    phone = scanned(proved, eve)
    proved.passes(minutes=15, seconds=1)
    eve.fill(Code=phone.code())

    assert "begin anew" in eve.submit().errors["Code"]


def test_of_two_windows_the_later_key_holds(proved: World) -> None:
    eve = begins(proved, "eve")
    first = scanned(proved, eve)
    eve.close()
    second = scanned(proved, begins(proved, "eve"))
    eve.fill(Code=first.code())
    assert "wrong" in eve.submit().errors["Code"]

    eve.fill(Code=second.code())
    eve.submit()

    assert "From now on" in modal(eve).words()


def test_the_code_that_confirmed_it_approves_nothing(proved: World) -> None:
    request = proved.asks("bob", PROD)
    eve = begins(proved, "eve")
    phone = scanned(proved, eve)
    eve.fill(Code=phone.code())
    eve.submit()
    eve.close(everything=True)

    assert "has been used" in approves(proved, "eve", request, phone.code()).errors["Code"]


# Who may


def test_whoever_approves_nothing_sets_none_up(proved: World) -> None:
    proved["bob"].command("proof", DEFAULT)
    assert "nothing to prove" in proved.whispers("bob")[-1]
    eve = begins(proved, "eve")
    eve.close()

    eve.tampering(tamper.as_user("UBOB")).click(eve.ephemerals()[-1], "Set Up Codes")

    assert "No approval policy names you" in proved.whispers("bob")[-1]
    with proved.works.reading() as work:
        assert [proof.user_id for proof in work.proofs.all()] == [proved.company.user("eve").id]


def test_whoever_approves_nothing_any_more_confirms_none(proved: World) -> None:
    eve = begins(proved, "eve")
    phone = scanned(proved, eve)
    proved.company.remove_member("production-approvers", "eve")

    eve.fill(Code=phone.code())
    outcome = eve.submit()

    assert "No approval policy names you now" in outcome.errors["Code"]
    assert proved.journal().count("proof.confirm") == 0


def test_a_form_sent_as_somebody_else_confirms_nothing_of_theirs(proved: World) -> None:
    eve = begins(proved, "eve")
    eve.fill(Code=scanned(proved, eve).code())

    outcome = eve.tampering(tamper.as_user("UDAN")).submit()

    assert "begin anew" in outcome.errors["Code"]
    with proved.works.reading() as work:
        assert [proof.sealed for proof in work.proofs.all()] == [""]


@pytest.mark.parametrize(
    "lie",
    [
        tamper.without("view.state.values.code"),
        tamper.put("view.state.values.more", {"more": {"value": "1"}}),
        tamper.put("view.state.values.code.code.value", 123456),
        tamper.without("view.state"),
        tamper.private_metadata('{"secret": "' + "A" * 32 + '"}'),
    ],
)
def test_a_form_of_another_shape_confirms_nothing_but_what_is_right(
    proved: World, lie: tamper.Twist
) -> None:
    eve = begins(proved, "eve")
    eve.fill(Code=Phone(proved, "A" * 32).code())

    outcome = eve.tampering(lie).submit()

    assert outcome.errors.keys() == {"Code"}
    with proved.works.reading() as work:
        assert [proof.sealed for proof in work.proofs.all()] == [""]


# Replacing them


def test_others_take_their_place_only_with_a_code_of_the_present_ones(proved: World) -> None:
    old = enrolled(proved)
    eve = begins(proved, "eve")
    assert "otpauth" not in modal(eve).words()
    eve.fill(Code=Phone(proved, "A" * 32).code())
    assert "wrong" in eve.submit().errors["Code"]

    eve.fill(Code=old.code())
    eve.submit()
    new = scanned(proved, eve)
    eve.fill(Code=new.code())
    eve.submit()
    proved.rounds()

    assert "From now on" in modal(eve).words()
    assert "replaced their one-time codes" in audited(proved)[-1]
    assert "were replaced" in proved.told("eve")[-1]
    eve.close(everything=True)
    request = proved.asks("bob", PROD)
    assert "wrong" in approves(proved, "eve", request, old.fresh()).errors["Code"]
    assert approves(proved, "eve", request, new.code()).closed


def test_the_present_ones_hold_until_the_others_are_confirmed(proved: World) -> None:
    old = enrolled(proved)
    eve = replaces(proved, "eve", old.code())
    scanned(proved, eve)
    eve.close(everything=True)
    request = proved.asks("bob", PROD)

    assert approves(proved, "eve", request, old.fresh()).closed


def test_a_code_for_others_is_used_up(proved: World) -> None:
    phone = enrolled(proved)
    request = proved.asks("bob", PROD)
    code = phone.code()
    replaces(proved, "eve", code).close(everything=True)

    assert "has been used" in approves(proved, "eve", request, code).errors["Code"]


def test_a_forged_confirmation_replaces_nothing(proved: World) -> None:
    old = enrolled(proved)
    eve = begins(proved, "eve")
    eve.fill(Code=old.code())

    outcome = eve.tampering(tamper.callback_id("codes_form")).submit()

    assert "begin anew" in outcome.errors["Code"]
    assert len(lines(proved, "proof.confirm")) == 1


# Resetting them


def resets(world: World, who: str = "ada", within: str = "@UEVE") -> Person:
    person = pressed(world, "People Links", who=who)
    person.press("Reset Codes")
    world.rounds()
    return person


def test_an_administrator_resets_them_and_all_hear_of_it(proved: World) -> None:
    phone = enrolled(proved)
    request = proved.asks("bob", PROD)

    ada = resets(proved)

    assert "Reset Codes" not in modal(ada).words()
    assert audited(proved)[-1].startswith(
        "Codes: Ada Administrator reset the one-time codes of Eve Approver (eve)"
    )
    assert proved.told("eve")[-1].startswith("Ada Administrator reset your one-time codes.")
    (entry,) = lines(proved, "proof.reset")
    assert (entry.actor.name, entry.facts) == (
        "Ada Administrator",
        {"user_id": proved.company.user("eve").id},
    )
    proved["eve"].click(proved.card(request), "Approve")
    assert "you have set up none yet" in modal(proved["eve"]).words()
    proved["eve"].close()
    again = enrolled(proved)
    assert again.secret != phone.secret
    assert approves(proved, "eve", request, again.code()).closed


def test_a_press_that_reset_them_does_so_once(proved: World, database_url: str) -> None:
    enrolled(proved)
    request = proved.asks("bob", PROD)
    ada = resets(proved)
    again = enrolled(proved)

    ada.replay()
    with proved.beside(database_url) as other:
        other["ada"].sent.append(ada.sent[-1])
        other["ada"].replay()

    assert len(lines(proved, "proof.reset")) == 1
    assert approves(proved, "eve", request, again.code()).closed


def test_a_lock_goes_with_them(proved: World) -> None:
    phone = enrolled(proved)
    request = proved.asks("bob", PROD)
    for _ in range(5):
        approves(proved, "eve", request, Phone(proved, "A" * 32).code())
    proved["eve"].close()
    assert phone.secret

    resets(proved)

    assert approves(proved, "eve", request, enrolled(proved).code()).closed


def test_nobody_resets_their_own(world: World) -> None:
    world.policies(BOTH)
    enrolled(world, "ada")

    resets(world)

    assert "Nobody says who they themselves are" in world.told("ada")[-1]
    assert lines(world, "proof.reset") == []
    assert [entry.reason for entry in lines(world, "refusal")] == ["AboutOneself"]


def test_nor_does_anybody_who_is_no_administrator(proved: World) -> None:
    enrolled(proved)
    ada = pressed(proved, "People Links")

    ada.tampering(tamper.as_user("UDAN")).press("Reset Codes")

    assert lines(proved, "proof.reset") == []
    assert "NotAllowed" in [entry.reason for entry in lines(proved, "refusal")]


@pytest.mark.parametrize("value", ["", "eve", "UNOBODY", "people:UEVE"])
def test_a_value_that_names_nobody_resets_nothing(proved: World, value: str) -> None:
    enrolled(proved)
    ada = pressed(proved, "People Links")

    ada.tampering(tamper.button_value(value)).press("Reset Codes")

    assert lines(proved, "proof.reset") == []
    assert proved.told("ada")


def test_only_those_who_have_some_have_some_to_reset(proved: World) -> None:
    proved["bob"].command("mine", DEFAULT)

    ada = pressed(proved, "People Links")

    assert "Reset Codes" not in str(modal(ada).body)


# App Home


def test_app_home_says_nothing_of_them_where_nobody_asks(world: World) -> None:
    assert "One-time codes" not in shown(at_home(world, "eve"))
    world["eve"].command("proof", DEFAULT)
    assert "No approval policy asks" in world.whispers("eve")[-1]


def test_nor_to_whoever_approves_nothing(proved: World) -> None:
    assert "One-time codes" not in shown(at_home(proved, "bob"))


# Where no secret may be


def test_no_key_and_no_code_stands_anywhere_in_clear(
    proved: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    eve = begins(proved, "eve")
    phone = scanned(proved, eve)
    first, bad = phone.code(), Phone(proved, "A" * 32).code()
    for code in (bad, first):
        eve.fill(Code=code)
        eve.submit()
    eve.close(everything=True)
    request = proved.asks("bob", PROD)
    second = phone.fresh()
    for code in (bad, second):
        approves(proved, "eve", request, code)
    proved.passes(minutes=1)
    third = phone.fresh()
    renewed = scanned(proved, replaces(proved, "eve", third))

    assert proved.request(request).decided_by == "Eve Approver"
    kept = everything_in(proved)
    assert "proof.confirm" in kept
    for secret in (phone.secret, renewed.secret, phone.secret[:8]):
        assert secret not in kept
        assert secret not in caplog.text
    for code in (first, second, third, bad):
        assert f'"{code}"' not in kept
        assert f" {code} " not in kept
        assert code not in caplog.text
    assert all(phone.secret not in line for line in proved.told("eve") + audited(proved))


def everything_in(world: World) -> str:
    """Every row of every table."""
    with world.storage.database.reading() as connection:
        return "\n".join(
            f" {' '.join(str(value) for value in row)} "
            for table in metadata.sorted_tables
            for row in connection.execute(table.select())
        )
