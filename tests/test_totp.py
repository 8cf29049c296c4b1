"""One-time codes, held against RFC 6238's own; and the seal that their keys are kept with."""

from base64 import b32encode, b64encode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta

import pytest

from bot.seal import KeySeal, keys_in
from grants.errors import NotOpenedError
from grants.totp import code_at, new_secret, step_at, steps_of, uri

RFC = b32encode(b"12345678901234567890").decode()
NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
OLD, NEW, OTHER = (letter * 32 for letter in (b"o", b"n", b"x"))


# Codes


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_they_are_those_of_the_rfc(seconds: int, code: str) -> None:
    now = datetime.fromtimestamp(seconds, UTC)

    assert code_at(RFC, step_at(now)) == code
    assert steps_of(RFC, code, now) == (seconds // 30,)


@pytest.mark.parametrize(("ahead", "taken"), [(-2, 0), (-1, 1), (0, 1), (1, 1), (2, 0)])
def test_a_clock_may_be_one_step_off(ahead: int, taken: int) -> None:
    assert len(steps_of(RFC, code_at(RFC, step_at(NOW) + ahead), NOW)) == taken


def test_a_step_is_thirty_seconds() -> None:
    assert step_at(NOW + timedelta(seconds=29)) == step_at(NOW)
    assert step_at(NOW + timedelta(seconds=30)) == step_at(NOW) + 1


def test_blanks_in_a_code_mean_nothing() -> None:
    code = code_at(RFC, step_at(NOW))

    assert steps_of(RFC, f" {code[:3]} {code[3:]}\n", NOW)


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "-12345", "\ud800"])
def test_what_is_no_code_is_wrong(typed: str) -> None:
    assert steps_of(RFC, typed, NOW) == ()


def test_the_digits_of_another_script_are_no_code() -> None:
    code = code_at(RFC, step_at(NOW))

    assert steps_of(RFC, code.translate({48 + n: 0xFF10 + n for n in range(10)}), NOW) == ()


def test_keys_are_long_and_new_each_time() -> None:
    keys = {new_secret() for _ in range(100)}

    assert len(keys) == 100
    assert {len(key) for key in keys} == {32}


def test_apps_are_told_whose_they_are() -> None:
    assert uri(RFC, "eve@example.com") == (
        f"otpauth://totp/Elevate:eve%40example.com?secret={RFC}&issuer=Elevate"
    )


# The seal


def test_what_is_sealed_is_opened_by_whom_it_is_about() -> None:
    seal = KeySeal([NEW])

    sealed = seal.seal("the key", "eve")

    assert "the key" not in sealed
    assert sealed != seal.seal("the key", "eve")
    assert seal.open(sealed, "eve") == "the key"


def test_what_is_put_into_another_row_does_not_open() -> None:
    seal = KeySeal([NEW])

    with pytest.raises(NotOpenedError):
        seal.open(seal.seal("the key", "eve"), "mallory")


def test_the_first_key_seals_and_all_open() -> None:
    before, between, after = KeySeal([OLD]), KeySeal([NEW, OLD]), KeySeal([NEW])
    sealed = before.seal("the key", "eve")

    assert between.open(sealed, "eve") == "the key"
    assert after.open(between.seal("the key", "eve"), "eve") == "the key"
    assert not between.is_newest(sealed, "eve")
    assert between.is_newest(between.seal("the key", "eve"), "eve")


@pytest.mark.parametrize("damage", ["", "1:", "1:AAAA", "not base64", "1:" + "A" * 100, "é"])
def test_what_was_damaged_does_not_open(damage: str) -> None:
    with pytest.raises(NotOpenedError):
        KeySeal([NEW]).open(damage, "eve")


def test_another_key_does_not_open_it() -> None:
    with pytest.raises(NotOpenedError):
        KeySeal([OTHER, OLD]).open(KeySeal([NEW]).seal("the key", "eve"), "eve")


def test_a_changed_bit_does_not_open() -> None:
    sealed = KeySeal([NEW]).seal("the key", "eve")
    last = "A" if sealed[-3] != "A" else "B"

    with pytest.raises(NotOpenedError):
        KeySeal([NEW]).open(sealed[:-3] + last + sealed[-2:], "eve")


def test_keys_are_written_as_openssl_and_python_print_them() -> None:
    some = bytes(range(200, 232))
    said = f"{b64encode(some).decode()}, {urlsafe_b64encode(OLD).decode().rstrip('=')},"

    assert keys_in(said) == (some, OLD)
