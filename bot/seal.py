"""Seals what must not stand in the database as it is: AES-256-GCM, bound to whom it is about."""

import binascii
import os
from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from grants.errors import NotOpenedError

BYTES: Final = 32
NONCE: Final = 12
VERSION: Final = "1:"
HOW: Final = "openssl rand -base64 32"


def keys_in(said: str) -> tuple[bytes, ...]:
    """The keys of a setting, with commas between them. ValueError never says one back."""
    keys = tuple(_key(word.strip()) for word in said.split(",") if word.strip())
    if not keys:
        raise ValueError(f"holds no key; write what `{HOW}` prints")
    return keys


def _key(word: str) -> bytes:
    try:
        padded = word.rstrip("=") + "=" * (-len(word.rstrip("=")) % 4)
        key = b64decode(padded.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != BYTES:
        raise ValueError(
            f"is not a key: it takes {BYTES} random bytes in base64; write what `{HOW}` prints,"
            " several with commas between them"
        )
    return key


class KeySeal:
    """`grants.ports.Seal`. The first key seals, each of them opens: so keys are changed."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """At least one."""
        self._keys = tuple(AESGCM(key) for key in keys)

    def seal(self, plain: str, about: str) -> str:
        """Another text each time, that opens only with a key, and only where it is about the same."""
        nonce = os.urandom(NONCE)
        sealed = self._keys[0].encrypt(nonce, plain.encode(), about.encode())
        return VERSION + b64encode(nonce + sealed).decode()

    def open(self, sealed: str, about: str) -> str:
        """What was sealed. NotOpenedError: by none of these keys, or about somebody else."""
        for key in self._keys:
            if (plain := _opened(key, sealed, about)) is not None:
                return plain
        raise NotOpenedError

    def is_newest(self, sealed: str, about: str) -> bool:
        """Whether the first key opens it: then no other is needed for it."""
        return _opened(self._keys[0], sealed, about) is not None


def _opened(key: AESGCM, sealed: str, about: str) -> str | None:
    whole = _bytes(sealed)
    try:
        return key.decrypt(whole[:NONCE], whole[NONCE:], about.encode()).decode()
    except (InvalidTag, ValueError):
        return None


def _bytes(sealed: str) -> bytes:
    try:
        return b64decode(sealed.removeprefix(VERSION), validate=True)
    except ValueError:
        return b""
