"""The small checks that the shapes of Block Kit are put together from."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Check = Callable[[object, str], Iterator[str]]
Rule = Callable[[dict[str, Any], str], Iterator[str]]


def string(most: int, *, least: int = 1) -> Check:
    """A string of `least` to `most` characters; where it must not be empty, not blank either."""

    def check(value: object, where: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield f"{where}: is not a string"
        elif len(value) > most:
            yield f"{where}: {len(value)} characters, at most {most}"
        elif len(value) < least or (least and not value.strip()):
            yield f"{where}: is empty"

    return check


def flag(value: object, where: str) -> Iterator[str]:
    """True or false."""
    if not isinstance(value, bool):
        yield f"{where}: is neither true nor false"


def whole(least: int, most: int) -> Check:
    """A whole number between two bounds; a string of digits is none."""

    def check(value: object, where: str) -> Iterator[str]:
        if not isinstance(value, int) or isinstance(value, bool):
            yield f"{where}: is not a whole number"
        elif not least <= value <= most:
            yield f"{where}: {value} is not within {least} and {most}"

    return check


def one_of(*allowed: str) -> Check:
    """One of a few words."""

    def check(value: object, where: str) -> Iterator[str]:
        if value not in allowed:
            yield f"{where}: {value!r} is not one of {', '.join(allowed)}"

    return check


def matching(fits: Callable[[str], object], like: str) -> Check:
    """A string of a certain form, which `like` describes."""

    def check(value: object, where: str) -> Iterator[str]:
        if not isinstance(value, str) or not fits(value):
            yield f"{where}: {value!r} is not {like}"

    return check


def anything(_value: object, _where: str) -> Iterator[str]:
    """What we do not look into."""
    return iter(())


def many(check: Check, *, least: int = 1, most: int) -> Check:
    """A list of `least` to `most` things that each pass."""

    def each(value: object, where: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield f"{where}: is not a list"
            return
        if not least <= len(value) <= most:
            yield f"{where}: {len(value)} items, not {least} to {most}"
        for index, item in enumerate(value):
            yield from check(item, f"{where}[{index}]")

    return each


def record(
    required: Mapping[str, Check], optional: Mapping[str, Check] | None = None, *rules: Rule
) -> Check:
    """An object with these keys and no others; the rules see it when its keys are in order."""
    known = {**required, **(optional or {})}

    def check(value: object, where: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{where}: is not an object"
            return
        yield from (f"{where}.{key}: is missing" for key in required if key not in value)
        yield from (f"{where}.{key}: is not known here" for key in value if key not in known)
        for key, inner in value.items():
            if key in known:
                yield from known[key](inner, f"{where}.{key}")
        for rule in rules:
            yield from rule(value, where)

    return check


def kinds(table: Mapping[str, Check], what: str, *, only: frozenset[str] | None = None) -> Check:
    """An object whose `type` says which check applies; `only` narrows what may stand here."""

    def check(value: object, where: str) -> Iterator[str]:
        kind = value.get("type") if isinstance(value, dict) else None
        if not isinstance(kind, str) or kind not in table:
            yield f"{where}: {kind!r} is no {what} that we know"
        elif only is not None and kind not in only:
            yield f"{where}: a {kind} may not stand here"
        else:
            yield from table[kind](value, where)

    return check


def text(most: int, *, plain: bool = False) -> Check:
    """A text object; `plain` where Slack takes no mrkdwn."""
    words = {"type": anything, "text": string(most)}
    table = {"plain_text": record(words, {"emoji": flag})}
    if not plain:
        table["mrkdwn"] = record(words, {"verbatim": flag})
    return kinds(table, "plain_text object" if plain else "text object")
