"""What a person may ask for, worked out from memory: for choosing, never for deciding."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from threading import Lock
from typing import Final

from grants.model import (
    Account,
    AccountId,
    Catalogue,
    Choice,
    Membership,
    PermissionSetArn,
    Target,
)
from grants.policy import EligibilityPolicy, Offer, PolicyBook, longest

ACTIVE: Final = "ACTIVE"
KEPT: Final = 64
"""Answers for so many kinds of people are remembered."""


def in_reach(catalogue: Catalogue, account: Account, permission_set: PermissionSetArn) -> bool:
    """Whether Elevate could assign this at all.

    A delegated administrator reaches neither the management account nor what is provisioned there.
    """
    if permission_set not in catalogue.permission_sets or account.state != ACTIVE:
        return False
    if not catalogue.instance.delegated:
        return True
    return (
        account.id != catalogue.instance.management_account
        and permission_set not in catalogue.in_management
    )


@dataclass(frozen=True, slots=True)
class _Index:
    """What the policies cover, worked out once for everybody."""

    policies: tuple[EligibilityPolicy, ...]
    sets: tuple[frozenset[PermissionSetArn], ...]
    """By policy: what it lists and Elevate could assign."""
    alike: Mapping[tuple[int, ...], tuple[AccountId, ...]]
    """The accounts by which policies cover them: those of one kind are offered alike."""


class Offers:
    """Answers from an index that is rebuilt only when policies or catalogue change.

    People whom the same policies name share one answer: with 5,000 accounts it is large.
    """

    def __init__(self) -> None:
        """Nothing is indexed yet."""
        self._lock = Lock()
        self._key: tuple[int, int] | None = None
        self._index: _Index | None = None
        self._answers: dict[frozenset[int], Offer] = {}

    def of(self, book: PolicyBook, catalogue: Catalogue, membership: Membership) -> Offer:
        """The pairs that this person is eligible for now."""
        with self._lock:
            index = self._indexed(book, catalogue)
            theirs = frozenset(
                number
                for number, policy in enumerate(index.policies)
                if policy.who.includes(membership)
            )
            if theirs not in self._answers:
                while len(self._answers) >= KEPT:
                    self._answers.pop(next(iter(self._answers)))
                self._answers[theirs] = _offer(index, theirs)
            return self._answers[theirs]

    def prepare(self, book: PolicyBook, catalogue: Catalogue) -> None:
        """Index what is new before anybody asks."""
        with self._lock:
            self._indexed(book, catalogue)

    def _indexed(self, book: PolicyBook, catalogue: Catalogue) -> _Index:
        key = (book.version, catalogue.version)
        if self._index is None or self._key != key:
            self._key, self._index, self._answers = key, _indexed(book, catalogue), {}
        return self._index


def _indexed(book: PolicyBook, catalogue: Catalogue) -> _Index:
    instance = catalogue.instance
    out = catalogue.in_management if instance.delegated else frozenset()
    assignable = catalogue.permission_sets.keys() - out
    sets = tuple(
        frozenset(PermissionSetArn(named.id) for named in policy.permission_sets) & assignable
        for policy in book.eligibility
    )
    alike: dict[tuple[int, ...], list[AccountId]] = defaultdict(list)
    for account in catalogue.accounts.values():
        beyond = instance.delegated and account.id == instance.management_account
        if account.state == ACTIVE and not beyond:
            covering = (n for n, each in enumerate(book.eligibility) if each.scope.covers(account))
            alike[tuple(covering)].append(account.id)
    return _Index(
        book.eligibility, sets, {kind: tuple(accounts) for kind, accounts in alike.items() if kind}
    )


def _offer(index: _Index, theirs: frozenset[int]) -> Offer:
    pairs: dict[AccountId, frozenset[PermissionSetArn]] = {}
    for covering, accounts in index.alike.items():
        mine = [index.sets[number] for number in covering if number in theirs]
        if offered := frozenset[PermissionSetArn]().union(*mine):
            pairs |= dict.fromkeys(accounts, offered)
    return Offer(pairs)


def choices(offer: Offer, catalogue: Catalogue) -> list[Choice]:
    """The offered pairs by name, in the order in which people look for them."""
    found = [
        Choice(
            Target(account, arn),
            catalogue.accounts[account].name,
            catalogue.permission_sets[arn].name,
        )
        for account, sets in offer.pairs.items()
        for arn in sets
    ]
    return sorted(
        found,
        key=lambda choice: (
            choice.account_name.casefold(),
            choice.target.account_id,
            choice.permission_set_name.casefold(),
        ),
    )


def longest_of(
    book: PolicyBook, membership: Membership, account: Account | None = None
) -> timedelta:
    """The longest that this person may hold anything (there): the bound that the form can show.

    What counts is the bound of the very pair, when the form is sent.
    """
    theirs = [
        policy
        for policy in book.eligibility
        if policy.who.includes(membership) and (account is None or policy.scope.covers(account))
    ]
    return longest(book, theirs) if theirs else book.settings.max_duration
