"""A policy, or the settings, as fields of text: what a form shows, and takes back."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final, TypeAlias

from grants.drafts import Node, PolicyProblem, Table, Value, shown
from grants.durations import spell
from grants.policy_text import Tree, Word

LONGEST: Final = 3000
"""Of a field, as Slack counts at most (UTF-16 units): what is longer has its place in the file."""

Sheet: TypeAlias = Mapping[str, str]
"""By field, what is typed or chosen there."""


class Part(StrEnum):
    """What a form is about, by the policy file's own words."""

    SETTINGS = "settings"
    ELIGIBILITY = "eligibility"
    APPROVAL = "approval"


class Kind(StrEnum):
    """How a field is written."""

    TEXT = "text"
    NAMES = "names"
    """One a line."""
    OUS = "ous"
    """One a line; `nested` behind it: those below too."""
    TAGS = "tags"
    """One `key=value` a line."""
    NUMBER = "number"
    CHOICE = "choice"
    TRUTH = "truth"


@dataclass(frozen=True, slots=True)
class Spot:
    """A field, by the keys that lead to its value in a policy file: `who.groups`."""

    path: str
    kind: Kind = Kind.TEXT
    needed: bool = False
    """Left blank it is wrong; other blank fields are as if they were not there."""

    @property
    def key(self) -> str:
        """The key in the policy, or in the settings."""
        return self.path.partition(".")[0]

    @property
    def inner(self) -> str:
        """The key in the table at that key; empty: the value is no table."""
        return self.path.partition(".")[2]


_SCOPE: Final = (
    Spot("accounts", Kind.NAMES),
    Spot("ous", Kind.OUS),
    Spot("tags", Kind.TAGS),
)
SPOTS: Final[Mapping[Part, tuple[Spot, ...]]] = {
    Part.SETTINGS: (
        Spot("approval", Kind.CHOICE, needed=True),
        Spot("max_duration", needed=True),
        Spot("pending_expiry", needed=True),
        Spot("max_start_ahead", needed=True),
        Spot("max_open_requests", Kind.NUMBER, needed=True),
        Spot("reminder", needed=True),
        Spot("nudge_interval", needed=True),
        Spot("require_ticket", Kind.TRUTH, needed=True),
        Spot("ticket_pattern"),
        Spot("ticket_url"),
        Spot("require_decision_comment", Kind.TRUTH, needed=True),
        Spot("revoke_sessions", Kind.CHOICE, needed=True),
        Spot("admins.groups", Kind.NAMES),
        Spot("admins.users", Kind.NAMES),
        Spot("auditors.groups", Kind.NAMES),
        Spot("auditors.users", Kind.NAMES),
        Spot("default_channel"),
        Spot("audit_channel"),
    ),
    Part.ELIGIBILITY: (
        Spot("name", needed=True),
        Spot("who.groups", Kind.NAMES, needed=True),
        Spot("who.users", Kind.NAMES),
        *_SCOPE,
        Spot("permission_sets", Kind.NAMES, needed=True),
        Spot("max_duration"),
        Spot("approval", Kind.CHOICE, needed=True),
    ),
    Part.APPROVAL: (
        Spot("name", needed=True),
        *_SCOPE,
        Spot("permission_sets", Kind.NAMES),
        Spot("approvers.groups", Kind.NAMES, needed=True),
        Spot("approvers.users", Kind.NAMES),
        Spot("channel"),
        Spot("approvals", Kind.NUMBER, needed=True),
        Spot("required", Kind.TRUTH, needed=True),
        Spot("proof", Kind.CHOICE, needed=True),
    ),
}
"""In the order in which they are asked for: a problem's line is the field's number, from 1."""

NEW: Final[Mapping[Part, Sheet]] = {
    Part.SETTINGS: {},
    Part.ELIGIBILITY: {"approval": "required"},
    Part.APPROVAL: {"approvals": "1", "required": "false", "proof": "none"},
}
"""What a new policy's form begins with."""

_NUMBER: Final = re.compile(r"[0-9]{1,9}", re.ASCII)
_NESTED: Final = re.compile(r"(?P<id>\S+)\s+nested", re.IGNORECASE)


def line_of(part: Part, path: str) -> int:
    """Under which line what is wrong in this field is noted."""
    return 1 + [spot.path for spot in SPOTS[part]].index(path)


def field_at(part: Part, line: int) -> str:
    """The field that a problem is about; the first where it is about none in particular."""
    spots = SPOTS[part]
    return spots[line - 1 if 0 < line <= len(spots) else 0].path


# To fields


def sheet(part: Part, tree: Mapping[str, Tree | None]) -> Sheet:
    """What stands in each field."""
    return {spot.path: _typed(_at(tree, spot)) for spot in SPOTS[part]}


def fits(part: Part, tree: Mapping[str, Tree | None]) -> bool:
    """Whether each field takes it whole, and gives it back as it was."""
    return all(
        _units(_typed(value := _at(tree, spot))) <= LONGEST and _comes_back(value, spot)
        for spot in SPOTS[part]
    )


def _at(tree: Mapping[str, Tree | None], spot: Spot) -> Tree | None:
    value = tree.get(spot.key)
    if spot.inner:
        return value.get(spot.inner) if isinstance(value, Mapping) else None
    return value


def _typed(value: Tree | None) -> str:
    match value:
        case None:
            return ""
        case Word():
            return value.text
        case bool():
            return str(value).lower()
        case timedelta():
            return spell(value)
        case list():
            return "\n".join(map(_ou_or_name, value))
        case Mapping():
            return "\n".join(f"{key}={each}" for key, each in value.items())
        case _:
            return str(value)


def _ou_or_name(item: Tree) -> str:
    return f"{item['id']} nested" if isinstance(item, Mapping) else str(item)


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _comes_back(value: Tree | None, spot: Spot) -> bool:
    """Lines are trimmed, and a tag is parted at its first `=`: few names suffer from it."""
    text = _typed(value)
    match value:
        case list() if spot.kind is Kind.NAMES:
            return list(_lines(text)) == value
        case Mapping():
            return [_tag(each) for each in _lines(text)] == list(value.items())
        case str():
            return text == text.strip() and "\n" not in text
        case _:
            return True


# From fields


@dataclass(frozen=True, slots=True)
class Read:
    """A sheet as the tree that a policy file would be, and what no file could say."""

    node: Node
    problems: tuple[PolicyProblem, ...]


def read(part: Part, typed: Sheet) -> Read:
    """Whatever is typed; what it has to be is the grammar's business."""
    reading = _Reading()
    entries: dict[str, Node] = {}
    for number, spot in enumerate(SPOTS[part], 1):
        node = reading.node(spot, typed.get(spot.path, ""), number)
        if not spot.inner and node is not None:
            entries[spot.key] = node
        elif spot.inner:
            _put(entries, spot, node, number)
    about = line_of(part, "accounts") if part is not Part.SETTINGS else 0  # none has no scope
    table = Table(tuple((Node(key), node) for key, node in entries.items()))
    return Read(Node(table, about), tuple(reading.problems))


def _put(entries: dict[str, Node], spot: Spot, node: Node | None, line: int) -> None:
    """In the table that its fields share."""
    before = entries.get(spot.key)
    items = before.value.entries if before and isinstance(before.value, Table) else ()
    more = ((Node(spot.inner), node),) if node is not None else ()
    if spot.needed or before or more:
        entries[spot.key] = Node(Table((*items, *more)), before.line if before else line)


@dataclass(frozen=True, slots=True)
class _Reading:
    problems: list[PolicyProblem] = field(default_factory=list)

    def node(self, spot: Spot, text: str, line: int) -> Node | None:
        """None: as if the key were not there."""
        if not text.strip():
            return _blank(spot, line)
        match spot.kind:
            case Kind.NAMES:
                return Node(tuple(Node(name, line) for name in _lines(text)), line)
            case Kind.OUS:
                return Node(tuple(_ou(each, line) for each in _lines(text)), line)
            case Kind.TAGS:
                return Node(Table(tuple(self.tags(text, line))), line)
            case Kind.NUMBER | Kind.TRUTH | Kind.TEXT | Kind.CHOICE:
                return Node(_scalar(spot.kind, text.strip()), line)

    def tags(self, text: str, line: int) -> Iterator[tuple[Node, Node]]:
        for each in _lines(text):
            key, value = _tag(each)
            if value is not None:
                yield Node(key, line), Node(value, line)
            else:
                said = f"tags: {shown(each)} has no value; write key=value"
                self.problems.append(PolicyProblem(line, said))


def _blank(spot: Spot, line: int) -> Node | None:
    if not spot.needed or spot.inner:
        return None
    return Node((), line) if spot.kind is Kind.NAMES else Node(None, line)


def _ou(text: str, line: int) -> Node:
    nested = _NESTED.fullmatch(text)
    if nested is None:
        return Node(text, line)
    id_, below = (Node("id"), Node(nested["id"], line)), (Node("nested"), Node(value=True))
    return Node(Table((id_, below)), line)


def _scalar(kind: Kind, text: str) -> Value:
    if kind is Kind.NUMBER and _NUMBER.fullmatch(text):
        return int(text)
    if kind is Kind.TRUTH and text in {"true", "false"}:
        return text == "true"
    return text


def _tag(text: str) -> tuple[str, str | None]:
    """Key and value; None: there is no `=`."""
    key, sign, value = text.partition("=")
    return key.strip(), value.strip() if sign else None


def _lines(text: str) -> Iterator[str]:
    return filter(None, (each.strip() for each in text.split("\n")))
