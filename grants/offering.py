"""What a person may ask for, worked out from memory: for choosing, never for deciding."""

from dataclasses import dataclass
from datetime import timedelta
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
class _Covered:
    policy: EligibilityPolicy
    accounts: frozenset[AccountId]
    permission_sets: frozenset[PermissionSetArn]


class Offers:
    """Answers from an index that is rebuilt only when policies or catalogue change."""

    def __init__(self) -> None:
        """Nothing is indexed yet."""
        self._index: tuple[tuple[int, int], tuple[_Covered, ...]] | None = None

    def of(self, book: PolicyBook, catalogue: Catalogue, membership: Membership) -> Offer:
        """The pairs that this person is eligible for now."""
        pairs: dict[AccountId, frozenset[PermissionSetArn]] = {}
        for covered in self._covered(book, catalogue):
            if covered.policy.who.includes(membership):
                for account in covered.accounts:
                    pairs[account] = pairs.get(account, frozenset()) | covered.permission_sets
        return Offer({account: sets for account, sets in pairs.items() if sets})

    def _covered(self, book: PolicyBook, catalogue: Catalogue) -> tuple[_Covered, ...]:
        key = (book.version, catalogue.version)
        if self._index is None or self._index[0] != key:
            self._index = (key, tuple(_cover(policy, catalogue) for policy in book.eligibility))
        return self._index[1]


def _cover(policy: EligibilityPolicy, catalogue: Catalogue) -> _Covered:
    instance = catalogue.instance
    sets = {
        PermissionSetArn(named.id)
        for named in policy.permission_sets
        if named.id in catalogue.permission_sets
        and not (instance.delegated and named.id in catalogue.in_management)
    }
    accounts = {
        account.id
        for account in catalogue.accounts.values()
        if account.state == ACTIVE
        and not (instance.delegated and account.id == instance.management_account)
        and policy.scope.covers(account)
    }
    return _Covered(policy, frozenset(accounts), frozenset(sets))


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
