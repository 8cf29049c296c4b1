"""When two e-mail addresses are one: with ASCII letters in either case, and in no other way."""

from typing import Final

_LOWER: Final = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def lower(address: str) -> str:
    """In lower case, as mail servers read it.

    Not by `str.lower`, which turns the sign for kelvin into a k: that is another letter, and
    another person's mailbox.
    """
    return address.translate(_LOWER)


def same(one: str, other: str) -> bool:
    """Whether mail to the one reaches whoever has the other."""
    return lower(one) == lower(other)


def spellings(address: str) -> tuple[str, ...]:
    """As it is written, and in lower case: whether AWS minds the case is not documented."""
    return tuple(dict.fromkeys((address, lower(address))))
