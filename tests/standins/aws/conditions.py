"""The few conditions that queries on CloudTrail use, in two dialects; any other is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum, auto

Value = Callable[[str], str | None]
"""What a row has under a name; None: nothing."""
Condition = Callable[[Value], bool]

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<single>'(?:[^']|'')*') | (?P<double>"[^"\\]*") | (?P<regex>/(?:[^/\\]|\\.)+/)
    | (?P<op>>=|<=|=|<|>|\(|\)|\?) | (?P<word>[@A-Za-z_][\w.@]*)
    )""",
    re.VERBOSE | re.ASCII,
)
_COMPARED: dict[str, Callable[[str, str], bool]] = {
    "=": lambda a, b: a == b,
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
}


class Dialect(Enum):
    INSIGHTS = auto()
    SQL = auto()


class MalformedError(Exception):
    """What the service would say of it."""


def condition(
    text: str,
    dialect: Dialect,
    *,
    given: list[str] | None = None,
    known: Callable[[str], bool] = lambda _: True,
) -> Condition:
    """`given` stand for question marks, as literals; what is not `known` is no column."""
    parser = _Parser(text, dialect, list(given or []), known)
    found = parser.either()
    parser.end()
    return found


class _Parser:
    def __init__(
        self, text: str, dialect: Dialect, given: list[str], known: Callable[[str], bool]
    ) -> None:
        self._text, self._at, self._dialect = text, 0, dialect
        self._given, self._known = given, known

    def either(self) -> Condition:
        parts = [self._both()]
        while self._takes("or"):
            parts.append(self._both())
        return lambda row: any(part(row) for part in parts)

    def end(self) -> None:
        if self._text[self._at :].strip():
            raise MalformedError(f"mismatched input '{self._text[self._at :].strip()[:40]}'")
        if self._given:
            raise MalformedError("Incorrect number of parameters")

    def _both(self) -> Condition:
        parts = [self._one()]
        while self._takes("and"):
            parts.append(self._one())
        return lambda row: all(part(row) for part in parts)

    def _one(self) -> Condition:
        if self._takes("not"):
            denied = self._one()
            return lambda row: not denied(row)
        if self._takes("("):
            inner = self.either()
            self._must(")")
            return inner
        name = self._name()
        if name.lower() == "ispresent" and self._dialect is Dialect.INSIGHTS:
            self._must("(")
            field = self._name()
            self._must(")")
            return lambda row: row(field) is not None
        if not self._known(name):
            raise MalformedError(f"COLUMN_NOT_FOUND: Column '{name}' cannot be resolved")
        return self._about(name)

    def _about(self, name: str) -> Condition:
        if self._takes("like"):
            return self._like(name)
        if self._dialect is Dialect.SQL and self._takes("is"):
            self._must("null")
            return lambda row: row(name) is None
        if self._dialect is Dialect.SQL and self._takes("between"):
            low = self._literal()
            self._must("and")
            high = self._literal()
            return lambda row: (value := row(name)) is not None and low <= value <= high
        operator = self._next("op")
        if operator not in _COMPARED:
            raise MalformedError(f"mismatched input '{operator}'")
        compared, other = _COMPARED[operator], self._literal()
        return lambda row: (value := row(name)) is not None and compared(value, other)

    def _like(self, name: str) -> Condition:
        """In Insights a part of it, or a regular expression; in SQL the whole, with % and _."""
        if self._dialect is Dialect.INSIGHTS:
            if self._peek("regex"):
                sought = re.compile(self._next("regex")[1:-1])
            else:
                sought = re.compile(re.escape(self._literal()))
            return lambda row: (value := row(name)) is not None and bool(sought.search(value))
        parts = re.split(r"([%_])", self._literal())
        pattern = "".join({"%": ".*", "_": "."}.get(part, re.escape(part)) for part in parts)
        whole = re.compile(pattern, re.DOTALL)
        return lambda row: (value := row(name)) is not None and bool(whole.fullmatch(value))

    def _literal(self) -> str:
        if self._dialect is Dialect.SQL and self._takes("?"):
            if not self._given:
                raise MalformedError("Incorrect number of parameters")
            return unquoted(self._given.pop(0))
        if self._peek("single"):
            return unquoted(self._next("single"))
        if self._dialect is Dialect.INSIGHTS:
            return self._next("double")[1:-1]
        raise MalformedError(f"TYPE_MISMATCH at '{self._text[self._at :][:40]}'")

    def _name(self) -> str:
        return self._next("word")

    def _must(self, word: str) -> None:
        if not self._takes(word):
            raise MalformedError(f"'{word}' is expected at '{self._text[self._at :][:40]}'")

    def _takes(self, word: str) -> bool:
        found = _TOKEN.match(self._text, self._at)
        if found is None or found[0].strip().lower() != word:
            return False
        self._at = found.end()
        return True

    def _peek(self, kind: str) -> bool:
        found = _TOKEN.match(self._text, self._at)
        return found is not None and found.lastgroup == kind

    def _next(self, kind: str) -> str:
        found = _TOKEN.match(self._text, self._at)
        if found is None or found.lastgroup != kind:
            raise MalformedError(f"a {kind} is expected at '{self._text[self._at :][:40]}'")
        self._at = found.end()
        return found[0].strip()


def unquoted(literal: str) -> str:
    """A text in single quotes. Anything else is a number or a name, which no column here is."""
    if not re.fullmatch(r"'(?:[^']|'')*'", literal):
        raise MalformedError(
            f"TYPE_MISMATCH: Cannot apply operator: varchar = bigint ({literal[:40]})"
        )
    return literal[1:-1].replace("''", "'")
