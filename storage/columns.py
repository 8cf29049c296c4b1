"""Column types that say no to what would come back changed, the same on both databases."""

import json
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import BigInteger, Dialect, Integer, Text, TypeDecorator

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
TICK: Final = timedelta(microseconds=1)

Serial = BigInteger().with_variant(Integer, "sqlite")
"""A key that counts up. SQLite does so for INTEGER alone, which is as wide there."""


def ticks(moment: datetime) -> int:
    """Microseconds since 1970; a naive datetime has none."""
    if moment.tzinfo is None:
        raise ValueError(f"a naive datetime cannot be stored: {moment!r}")
    return (moment - EPOCH) // TICK


def moment(ticks: int) -> datetime:
    """The instant in UTC that `ticks` counted."""
    return EPOCH + ticks * TICK


def fit(text: str) -> str:
    """Text that both databases take: no NUL, no half of a surrogate pair."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")


def canonical(value: Any) -> str:
    """The one way in which equal JSON values are written."""
    return fit(json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False))


class Moment(TypeDecorator[datetime]):
    """An instant, as microseconds since 1970. Naive datetimes are refused; what returns is UTC."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else ticks(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else moment(value)


class Seconds(TypeDecorator[timedelta]):
    """A duration in whole seconds."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: timedelta | None, dialect: Dialect) -> int | None:
        return None if value is None else value // timedelta(seconds=1)

    def process_result_value(self, value: int | None, dialect: Dialect) -> timedelta | None:
        return None if value is None else timedelta(seconds=value)


class Words(TypeDecorator[str]):
    """Text, whatever people typed into it."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else fit(value)


class Word(TypeDecorator[StrEnum]):
    """One word of a closed set."""

    impl = Text
    cache_ok = True

    def __init__(self, words: type[StrEnum]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: StrEnum | None, dialect: Dialect) -> str | None:
        return None if value is None else self.words(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        return None if value is None else self.words(value)


class Document(TypeDecorator[Any]):
    """A JSON value, as canonical text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else canonical(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)
