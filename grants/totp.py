"""One-time codes by RFC 6238: SHA-1, six digits, thirty seconds, one step of patience either way."""

import re
from datetime import datetime
from typing import Final

import pyotp

SECONDS: Final = 30
PATIENCE: Final = 1
"""So many steps a clock may be ahead or behind."""
ISSUER: Final = "Elevate"
_CODE: Final = re.compile(r"\d{6}", re.ASCII)


def new_secret() -> str:
    """160 bits, in base32, as apps take them."""
    return pyotp.random_base32()


def uri(secret: str, name: str) -> str:
    """What an app takes in one piece: `otpauth://totp/…`."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER)


def step_at(now: datetime) -> int:
    """Which step of thirty seconds since 1970 it is."""
    return int(now.timestamp()) // SECONDS


def code_at(secret: str, step: int) -> str:
    """The code of one step."""
    return pyotp.HOTP(secret).at(step)


def steps_of(secret: str, typed: str, now: datetime) -> tuple[int, ...]:
    """The steps around now whose code this is, the earliest first; none: it is wrong.

    Blanks in it mean nothing. All are compared, each in the same time.
    """
    code, codes = "".join(typed.split()), pyotp.HOTP(secret)
    if not _CODE.fullmatch(code):
        return ()
    this = step_at(now)
    around = range(this - PATIENCE, this + PATIENCE + 1)
    return tuple(step for step in around if codes.verify(code, step))
