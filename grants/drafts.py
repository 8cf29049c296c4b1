"""Policies as somebody wrote them: names not yet looked up, every one with its line."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, TypeAlias

from grants.model import ChannelId
from grants.policy import PolicySettings

SHOWN: Final = 80
"""So much of what somebody wrote is said back to them."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A scalar without quotes that is none of our types; empty: spoiled, and told already."""

    what: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Keys and values in their order, also keys that stand twice."""

    entries: tuple[tuple["Node", "Node"], ...] = ()


Value: TypeAlias = str | int | bool | Unread | Table | tuple["Node", ...] | None


@dataclass(frozen=True, slots=True)
class Node:
    """A value and the line it stands on (0: on none)."""

    value: Value
    line: int = 0
    plain: str = ""
    """How it is written, where that is without quotes."""


def shown(text: str) -> str:
    """What somebody wrote, in quotes, fit for a terminal and a message."""
    short = text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
    return '"' + "".join(sign if sign.isprintable() else "�" for sign in short) + '"'


@dataclass(frozen=True, slots=True)
class PolicyProblem:
    """One thing that is wrong with policies, and what to do about it."""

    line: int
    """0: about no line in particular."""
    message: str
    source: str = ""

    def __str__(self) -> str:
        """As compilers say it: `policies.yml:12: unknown key …`."""
        where = [part for part in (self.source, str(self.line or "")) if part]
        return ": ".join([":".join(where), self.message] if where else [self.message])


class PolicyProblems(Exception):  # noqa: N818  # they are findings about a file, not a fault
    """Everything that is wrong with it at once; nothing of it is applied."""

    def __init__(self, problems: Iterable[PolicyProblem], *, draft: "Draft | None" = None) -> None:
        """`draft` holds what could be read all the same, so that its names can be looked up too."""
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line))
        self.draft = draft
        super().__init__("\n".join(map(str, self.problems)))


@dataclass(frozen=True, slots=True)
class Word:
    """A name or an id as it was written."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class DraftWho:
    """Groups and people, as written."""

    groups: tuple[Word, ...] = ()
    users: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class DraftOu:
    """An OU, as written."""

    ou: Word
    nested: bool = False


@dataclass(frozen=True, slots=True)
class DraftScope:
    """Accounts, as written."""

    accounts: tuple[Word, ...] = ()
    ous: tuple[DraftOu, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class DraftEligibility:
    """An eligibility policy, as written."""

    name: Word
    who: DraftWho
    scope: DraftScope
    permission_sets: tuple[Word, ...]
    max_duration: timedelta | None = None
    approval_required: bool = True


@dataclass(frozen=True, slots=True)
class DraftApproval:
    """An approval policy, as written."""

    name: Word
    scope: DraftScope
    approvers: DraftWho
    permission_sets: tuple[Word, ...] = ()
    channel: ChannelId | None = None
    approvals: int = 1
    required: bool = False
    proof: str = "none"


@dataclass(frozen=True, slots=True)
class Draft:
    """All of it. In `settings` only `admins` and `auditors` wait to be looked up."""

    source: str = ""
    settings: PolicySettings = field(default_factory=PolicySettings)
    admins: DraftWho = field(default_factory=DraftWho)
    auditors: DraftWho = field(default_factory=DraftWho)
    eligibility: tuple[DraftEligibility, ...] = ()
    approval: tuple[DraftApproval, ...] = ()
