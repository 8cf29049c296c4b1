"""Reads a tree with positions into typed values, and collects everything that is wrong with it."""

import difflib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from grants import durations
from grants.drafts import Node, PolicyProblem, Table, Unread, Word, shown
from grants.policy import LONGEST, SHORTEST

LONGEST_WORD: Final = 1024
"""Identity Center's display names are no longer."""

_DIGITS: Final = re.compile(r"[+-]?[0-9][0-9_]*", re.ASCII)
"""Some readers of YAML take 012345678901 for a number, some do not: it needs its quotes."""


def nearest(word: str, known: Iterable[str]) -> str:
    """A question that names the known word meant perhaps; empty: none is near."""
    near = difflib.get_close_matches(word[:LONGEST_WORD], known, n=1)
    return f"; did you mean {shown(near[0])}?" if near else ""


def _bare(plain: str) -> str:
    return shown(plain)[1:-1]


def called(node: Node) -> str:
    """What it is, in words."""
    match node.value:
        case bool():
            return f"{_bare(node.plain or str(node.value).lower())} is read as a boolean"
        case int():
            return f"{_bare(node.plain or str(node.value))} is read as a number"
        case Unread(what):
            return f"{_bare(node.plain)} is read as {what}"
        case str(text):
            return f"{shown(text)} is text"
        case None:
            return "it is empty"
        case Table():
            return "it is a table of keys and values"
        case _:
            return "it is a list"


@dataclass(frozen=True, slots=True)
class Reader:
    """Each method gives the value, or None once it has noted what is wrong."""

    source: str = ""
    problems: list[PolicyProblem] = field(default_factory=list)

    def note(self, line: int, message: str) -> None:
        """This is wrong there."""
        self.problems.append(PolicyProblem(line, message, self.source))

    def wrong(self, node: Node, what: str, *, wanted: str) -> None:
        """It is not what is wanted; silent where it is spoiled and was told already."""
        if node.value != Unread():
            self.note(node.line, f"{what}: {called(node)}; {wanted}")

    def table(self, node: Node, what: str, *, keys: Collection[str]) -> Mapping[str, Node] | None:
        """Its values by key: the first where a key stands twice."""
        if not isinstance(node.value, Table):
            self.wrong(node, what, wanted="write keys and values below it")
            return None
        found: dict[str, Node] = {}
        for key, value in node.value.entries:
            name = key.plain or key.value
            if not isinstance(name, str):
                self.wrong(key, what, wanted="a key is a plain word")
            elif name not in keys:
                known = nearest(name, keys) or f"; {what} takes {', '.join(keys)}"
                self.note(key.line, f"unknown key {shown(name)}{known}")
            elif name in found:
                self.note(key.line, f"the key {shown(name)} stands twice in {what}; keep one")
            else:
                found[name] = value
        return found

    def items(self, node: Node, what: str) -> tuple[Node, ...]:
        """The items of a list."""
        if isinstance(node.value, tuple):
            return node.value
        self.wrong(node, what, wanted="write a list: [one, another]")
        return ()

    def text(self, node: Node, what: str, *, empty: bool = False) -> str | None:
        """Text; what YAML reads as something else must be quoted."""
        number = bool(_DIGITS.fullmatch(node.plain))
        if isinstance(node.value, str) and not number:
            return self._fit(node.value, node, what, empty=empty)
        if node.plain:
            says = f"{_bare(node.plain)} is read as a number" if number else called(node)
            self.note(node.line, f"{what}: {says}; quote it: {shown(node.plain)}")
            return None
        self.wrong(node, what, wanted="write a text")
        return None

    def _fit(self, text: str, node: Node, what: str, *, empty: bool) -> str | None:
        if not text.strip() and not (empty and not text):
            self.note(node.line, f"{what} is blank; write something or take the line out")
            return None
        if len(text) > LONGEST_WORD:
            self.note(node.line, f"{what} is longer than {LONGEST_WORD} characters")
            return None
        return text

    def words(self, node: Node | None, what: str) -> tuple[Word, ...]:
        """A list of names, each with its line; an absent one has none."""
        items = self.items(node, what) if node else ()
        texts = ((self.text(item, what), item.line) for item in items)
        return tuple(Word(text, line) for text, line in texts if text is not None)

    def truth(self, node: Node, what: str) -> bool | None:
        """True or false."""
        if isinstance(node.value, bool):
            return node.value
        self.wrong(node, what, wanted="write true or false, without quotes")
        return None

    def whole_number(self, node: Node, what: str, *, least: int, most: int) -> int | None:
        """A whole number within its bounds."""
        if isinstance(node.value, bool) or not isinstance(node.value, int):
            self.wrong(node, what, wanted="write a whole number in digits, without quotes")
            return None
        if least <= node.value <= most:
            return node.value
        bounds = f"{least} … {most:,}" if least < most else str(least)
        self.note(node.line, f"{what} must be {bounds}; it is {node.value}")
        return None

    def choice(self, node: Node, what: str, *, among: Collection[str]) -> str | None:
        """One of these words. YAML 1.1 reads a bare `off` as false."""
        value = "off" if node.value is False and "off" in among else node.value
        if isinstance(value, str) and value in among:
            return value
        self.wrong(node, what, wanted=f"write {' or '.join(among)}")
        return None

    def duration(self, node: Node, what: str) -> timedelta | None:
        """A duration within the bounds of every duration."""
        if not isinstance(node.value, str):
            self.wrong(node, what, wanted="write a duration with its unit: 45m, 2h, 1h30m")
            return None
        try:
            span = durations.parse(node.value)
        except ValueError:
            self.wrong(node, what, wanted="write a duration: 45m, 2h, 1h30m, 1.5h, 30d")
            return None
        if SHORTEST <= span <= LONGEST:
            return span
        self.note(node.line, f"{what} must be 1m … 8000h; it is {shown(node.value)}")
        return None
