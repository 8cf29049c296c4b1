"""The options of the selects, and the search in them that answers every keystroke."""

import re
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
_BETWEEN_WORDS: Final = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that can be found, and the option that it is shown as."""

    names: str
    """What it is found by, folded, each between line breaks: one look finds a word in any."""
    words: str
    """The same by its words, each behind a blank: one look finds where a word begins."""
    text: str
    value: str
    description: str


def entry(*names: str, text: str, value: str, description: str) -> Entry:
    """To be found by any of these names, and by any part of one."""
    folded = "\n".join(["", *map(fold, names), ""])
    return Entry(folded, _words(folded), text, value, description)


@dataclass(frozen=True, slots=True)
class Index:
    """What is searched, made once for a version of what is offered."""

    entries: tuple[Entry, ...]

    def find(self, query: str, among: Container[str] | None = None) -> list[Entry]:
        """What holds every word of it: exact names, then what begins so, then what has words that
        begin so, then the others.

        `among`: only these values; None: all of them.
        """
        sought = fold(query)
        entries = (entry for entry in self.entries if among is None or entry.value in among)
        if not sought:
            return list(islice(entries, OPTIONS_MOST))
        found: tuple[list[Entry], ...] = ([], [], [], [])
        first, *others = words = sought.split()
        whole, start, begin = f"\n{sought}\n", f"\n{sought}", [_words(word) for word in words]
        for entry in entries:  # five thousand of them at each keystroke: nothing is made here
            names = entry.names
            if first not in names or (others and not all(word in names for word in others)):
                continue
            if start in names:
                found[0 if whole in names else 1].append(entry)
            else:
                found[2 if all(word in entry.words for word in begin) else 3].append(entry)
        return [entry for ranked in found for entry in ranked][:OPTIONS_MOST]


def fold(text: str) -> str:
    """For comparing, in any script: compatibility forms, case, accents and spacing do not matter."""
    if text.isascii():  # nearly all of them: five thousand are folded at once
        return " ".join(text.lower().split())
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    bare = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return " ".join(unicodedata.normalize("NFKC", bare).casefold().split())


def _words(folded: str) -> str:
    return " " + " ".join(_BETWEEN_WORDS.split(folded)).strip()


# The searching form


def accounts_index(accounts: Iterable[Account]) -> Index:
    """Accounts, to be found by name or id; in the order of their names."""
    return Index(
        tuple(
            entry(
                one.name,
                one.id,
                one.email,
                text=label(one.name or one.id, TEXT_MOST),
                value=one.id,
                description=one.id,
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
        entry(
            one.name,
            one.arn.rpartition("/")[2],
            text=label(one.name, TEXT_MOST),
            value=value_of(Target(account, one.arn)),
            description=label(one.description, TEXT_MOST),
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
