"""The options of the selects, and the search in them that answers every keystroke."""

import unicodedata
from collections.abc import Container, Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any, Final

from blocks.request_metadata import value_of
from blocks.text import label, size
from grants.model import Account, AccountId, Choice, PermissionSet, Target

OPTIONS_MOST: Final = 100
TEXT_MOST: Final = 75
_BETWEEN: Final = " · "
_SHORTEST_ACCOUNT: Final = 12


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that can be found, and the option that it is shown as."""

    names: str
    """What it is found by, folded, each between line breaks: one look finds a word in any."""
    text: str
    value: str
    description: str


@dataclass(frozen=True, slots=True)
class Index:
    """What is searched, made once for a version of what is offered."""

    entries: tuple[Entry, ...]

    def find(self, query: str, among: Container[str] | None = None) -> list[Entry]:
        """Exact matches, then prefixes, then parts, then those that hold every word of it.

        `among`: only these values; None: all of them.
        """
        sought = fold(query)
        entries = (entry for entry in self.entries if among is None or entry.value in among)
        if not sought:
            return list(islice(entries, OPTIONS_MOST))
        found: tuple[list[Entry], ...] = ([], [], [], [])
        words = sought.split()
        for entry in entries:
            if all(word in entry.names for word in words):
                found[_rank(entry.names, sought)].append(entry)
        return [entry for ranked in found for entry in ranked][:OPTIONS_MOST]


def _rank(names: str, sought: str) -> int:
    if f"\n{sought}\n" in names:
        return 0
    if f"\n{sought}" in names:
        return 1
    return 2 if sought in names else 3


def fold(text: str) -> str:
    """For comparing, in any script: compatibility forms, case and spacing do not matter."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _names(*names: str) -> str:
    return "\n".join(["", *map(fold, names), ""])


# The searching form


def accounts_index(accounts: Iterable[Account]) -> Index:
    """Accounts, to be found by name or id; in the order of their names."""
    return Index(
        tuple(
            Entry(
                _names(one.name, one.id, one.email),
                label(one.name or one.id, TEXT_MOST),
                one.id,
                one.id,
            )
            for one in sorted(accounts, key=lambda one: (fold(one.name), one.id))
        )
    )


def account_options(
    index: Index, query: str, among: Container[str] | None = None
) -> list[dict[str, Any]]:
    """At most 100 accounts; `among`: only of these."""
    return [_found(entry) for entry in index.find(query, among)]


def permission_set_options(
    account: AccountId, permission_sets: Iterable[PermissionSet], query: str
) -> list[dict[str, Any]]:
    """At most 100 permission sets of this account."""
    entries = (
        Entry(
            _names(one.name, one.arn.rpartition("/")[2]),
            label(one.name, TEXT_MOST),
            value_of(Target(account, one.arn)),
            label(one.description, TEXT_MOST),
        )
        for one in sorted(permission_sets, key=lambda one: (fold(one.name), one.arn))
    )
    return [_found(entry) for entry in Index(tuple(entries)).find(query)]


def _found(entry: Entry) -> dict[str, Any]:
    return _option(entry.text, entry.value, entry.description)


# The form with one select


@lru_cache(maxsize=10_000)
def choice_option(choice: Choice) -> dict[str, Any]:
    """`payments-prod · AdministratorAccess`. Everybody who may choose it is shown the same one."""
    text = choice_text(choice.account_name, choice.permission_set_name)
    return _option(text, value_of(choice.target), choice.target.account_id)


def choice_text(account: str, permission_set: str) -> str:
    """At most 75 characters; only a set longer than AWS allows is itself shortened."""
    most = TEXT_MOST - len(_BETWEEN)
    name = label(permission_set, most - _SHORTEST_ACCOUNT)
    return f"{label(account, most - size(name))}{_BETWEEN}{name}"


def _option(text: str, value: str, description: str) -> dict[str, Any]:
    # By hand: a hundred of the SDK's objects cost more than all else. A test compares the two.
    option: dict[str, Any] = {
        "text": {"type": "plain_text", "text": text, "emoji": False},
        "value": value,
    }
    if description.strip():
        option["description"] = {"type": "plain_text", "text": description, "emoji": False}
    return option
