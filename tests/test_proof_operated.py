"""One-time codes for whoever runs the bot: checked, warned of, reset at the command line, sealed anew."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.assemble import proving, seal
from bot.check import checks
from bot.clock import system_clock
from bot.findings import Verdict
from bot.seal import KeySeal, keys_in
from bot.settings import Settings
from grants.model import UserId
from grants.people import Memberships
from grants.proving import about
from grants.records import Proof
from storage.work import SqlWorks
from tests import make
from tests.command_line.kept import lines_of
from tests.phone import PROD, PROVED, approves, enrolled
from tests.standins.aws import AwsStandIn, Company, small_company
from tests.terminal import CREDENTIALS, Terminal, a_terminal
from tests.test_check import POLICIES
from tests.world import KEY, World

NEW = "n" * 43
ASKING = f"{POLICIES}    proof: totp\n"
CAUTION = (
    'approval "production": it asks for a one-time code (proof: totp), and ELEVATE_ENCRYPTION_KEY is'
    " not set here"
)


@pytest.fixture
def type_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    with a_terminal(tmp_path, monkeypatch) as terminal:
        terminal.set(**CREDENTIALS)
        yield terminal


@pytest.fixture
def company(type_: Terminal) -> Iterator[Company]:
    with AwsStandIn(small_company(system_clock)) as aws:
        type_.set(AWS_ENDPOINT_URL=aws.url)
        yield aws.company


def sealed(user_id: str, key: str = KEY) -> Proof:
    """Somebody who has set theirs up."""
    by = KeySeal(keys_in(key))
    secret = by.seal("A" * 32, about(UserId(user_id)))
    return Proof(UserId(user_id), secret, confirmed_at=make.NOON)


def has_set_up(type_: Terminal, proof: Proof) -> None:
    with type_.works() as works, works() as work:
        work.proofs.add(proof)


def told(*verdicts: Verdict) -> list[str]:
    return [each.what for each in checks() if each.about == "codes" and each.verdict in verdicts]


# Warned of


@pytest.mark.parametrize("command", ["validate", "plan", "apply"])
def test_without_a_key_policies_that_ask_are_warned_of_and_taken(
    type_: Terminal, company: Company, command: str
) -> None:
    result = type_("policies", command, "-", typed=ASKING)

    assert result.exit_code == 0
    assert CAUTION in result.stderr


@pytest.mark.parametrize("command", ["validate", "plan", "apply"])
def test_with_one_they_are_not(type_: Terminal, company: Company, command: str) -> None:
    type_.set(ELEVATE_ENCRYPTION_KEY=KEY)

    result = type_("policies", command, "-", typed=ASKING)

    assert result.exit_code == 0
    assert "one-time code" not in result.stderr


# Checked


def test_policies_that_ask_and_no_key_are_a_failure(type_: Terminal, company: Company) -> None:
    type_("policies", "apply", "-", typed=ASKING)

    (failure,) = told(Verdict.FAIL)

    assert "nobody can approve what they cover" in failure
    assert "openssl rand -base64 32" in failure


def test_codes_that_open_are_fine(type_: Terminal, company: Company) -> None:
    type_("policies", "apply", "-", typed=ASKING)
    type_.set(ELEVATE_ENCRYPTION_KEY=KEY)
    has_set_up(type_, sealed("eve"))

    assert told(*Verdict) == ["1 set up"]


def test_codes_that_no_key_opens_are_a_failure(type_: Terminal, company: Company) -> None:
    type_("migrate")
    type_.set(ELEVATE_ENCRYPTION_KEY=NEW)
    has_set_up(type_, sealed("eve"))
    has_set_up(type_, sealed("dan", NEW))

    (failure,) = told(*Verdict)

    assert "1 of 2 open with none of the keys" in failure


def test_codes_of_an_older_key_are_noted(type_: Terminal, company: Company) -> None:
    type_("migrate")
    type_.set(ELEVATE_ENCRYPTION_KEY=f"{NEW},{KEY}")
    has_set_up(type_, sealed("eve"))

    assert "with an older key" in told(Verdict.NOTE)[0]


def test_where_nobody_asks_and_nobody_has_any_nothing_is_said(
    type_: Terminal, company: Company
) -> None:
    type_("migrate")

    assert told(*Verdict) == []


# Reset


@pytest.mark.parametrize("called", ["eve", "eve@example.com"])
def test_the_command_line_resets_them(type_: Terminal, company: Company, called: str) -> None:
    type_("migrate")
    type_.set(ELEVATE_ENCRYPTION_KEY=KEY)
    has_set_up(type_, sealed(company.user("eve").id))

    results = [type_("people", "reset-proof", called) for _ in range(2)]

    assert [result.exit_code for result in results] == [0, 1]
    assert "The codes of eve are reset" in results[0].stdout
    assert "eve has set up no codes" in results[1].stderr
    (entry,) = [line.entry for line in lines_of(type_)]
    assert (entry.event, entry.actor.name.partition(":")[0]) == ("proof.reset", "operator")


def test_whoever_has_them_reset_steers_no_terminal(type_: Terminal, company: Company) -> None:
    type_("migrate")
    company.change_user("eve", name="eve\x07")
    has_set_up(type_, sealed(company.user("eve@example.com").id))

    results = [type_("people", "reset-proof", "eve@example.com") for _ in range(2)]

    assert [result.exit_code for result in results] == [0, 1]
    assert "\x07" not in "".join(result.stdout + result.stderr for result in results)


def test_it_does_so_without_a_key_and_of_users_that_are_gone(
    type_: Terminal, company: Company
) -> None:
    type_("migrate")
    gone = "9067012345-00000000-0000-4000-8000-0000000000ff"
    has_set_up(type_, sealed(gone))

    assert type_("people", "reset-proof", gone).exit_code == 0

    with type_.works() as works, works.reading() as work:
        assert work.proofs.all() == []


def test_nobody_is_reset_who_is_not_there(type_: Terminal, company: Company) -> None:
    type_("migrate")

    result = type_("people", "reset-proof", "bobby")

    assert result.exit_code == 1
    assert 'no Identity Center user "bobby"' in result.stderr


def test_what_the_command_line_did_is_told_to_them(world: World) -> None:
    world.policies(PROVED)
    enrolled(world)
    by = world.bot.front.editing.administrator(world.bot.front.people.whose({"user_id": "UADA"}))
    user = world.bot.front.linking.user(world.bot.front.people.whose({"user_id": "UEVE"}).slack_id)

    assert world.bot.front.proving.reset(user, by=by)
    world.rounds()

    assert "reset your one-time codes" in world.told("eve")[-1]


# Sealed anew


def test_a_start_seals_them_with_the_newest_key(world: World, database_url: str) -> None:
    world.policies(PROVED)
    phone = enrolled(world)
    request = world.asks("bob", PROD)

    with world.beside(database_url, encryption_key=f"{NEW},{KEY}") as between:
        memberships = Memberships(between.ports.directory, between.clock)
        codes = proving(between.settings, between.storage, memberships)
        assert [codes.reseal(), codes.reseal()] == [1, 0]

    with world.beside(database_url, encryption_key=NEW) as after:
        assert approves(after, "eve", request, phone.code()).closed


def test_what_does_not_open_stays_as_it_is(world: World, database_url: str) -> None:
    world.policies(PROVED)
    phone = enrolled(world)
    request = world.asks("bob", PROD)

    with world.beside(database_url, encryption_key=NEW) as other:
        memberships = Memberships(other.ports.directory, other.clock)
        assert proving(other.settings, other.storage, memberships).reseal() == 0

    assert approves(world, "eve", request, phone.code()).closed


def test_no_key_no_seal() -> None:
    assert seal(Settings(email_domains=frozenset())) is None


# Remembered


def test_a_row_is_written_by_one_of_two(works: SqlWorks) -> None:
    proof = Proof(UserId("eve"))
    with works() as work:
        assert [work.proofs.add(proof), work.proofs.add(proof)] == [True, False]
        assert work.proofs.get(proof.user_id) == proof
        assert [work.proofs.save(proof), work.proofs.save(proof)] == [True, False]
        assert [each.version for each in work.proofs.all()] == [1]
        assert [work.proofs.remove(proof.user_id) for _ in range(2)] == [True, False]
        assert work.proofs.get(proof.user_id) is None
