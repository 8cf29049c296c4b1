"""What other policies would change, as of now: who gains and who loses what, before it is applied."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Generic, TypeAlias, TypeVar

from grants import crowd
from grants.differences import differences, is_new
from grants.model import (
    Account,
    AccountId,
    Catalogue,
    GroupId,
    Lane,
    Membership,
    PermissionSet,
    PermissionSetArn,
    User,
    UserId,
)
from grants.offering import Offers, in_reach
from grants.policy import ApprovalPolicy, EligibilityPolicy, PolicyBook, Who
from grants.ports import Clock, Directory

T = TypeVar("T")
Pairs: TypeAlias = Mapping[AccountId, frozenset[PermissionSetArn]]
Kind: TypeAlias = Sequence[Membership]
"""People whom no policy tells apart."""
Rough: TypeAlias = dict[tuple[frozenset[AccountId], frozenset[PermissionSetArn]], list[UserId]]
"""Shares by their ids."""


@dataclass(frozen=True, slots=True)
class Share:
    """Each of these people, each of these permission sets, in each of these accounts."""

    people: tuple[User, ...]
    permission_sets: tuple[PermissionSet, ...]
    accounts: tuple[Account, ...]


@dataclass(frozen=True, slots=True)
class Shift(Generic[T]):
    """What somebody would have that they have not now, and the other way round."""

    gains: tuple[T, ...] = ()
    loses: tuple[T, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return bool(self.gains or self.loses)


@dataclass(frozen=True, slots=True)
class Plan:
    """Exactly what would change, and for whom. The disabled can do nothing and are left out."""

    version: int
    """The version of the policies that it was worked out against."""
    is_new: bool = True
    """Whether applying it makes another."""
    changes: tuple[str, ...] = ()
    """Of the policies themselves: which, and what in it, from what to what."""
    asking: Shift[Share] = field(default_factory=Shift)
    approving: Shift[Share] = field(default_factory=Shift)
    """Of what somebody may ask for and somebody has to agree to."""
    administrators: Shift[User] = field(default_factory=Shift)
    auditors: Shift[User] = field(default_factory=Shift)

    def __bool__(self) -> bool:
        """Whether anybody gains or loses anything."""
        return any((self.asking, self.approving, self.administrators, self.auditors))


@dataclass(frozen=True, slots=True)
class Planner:
    """Reads everybody whom either policies name, live."""

    directory: Directory
    clock: Clock
    lane: Lane = Lane.REFRESH

    def __call__(self, before: PolicyBook, after: PolicyBook, catalogue: Catalogue) -> Plan:
        """Nobody is read where the policies are the same."""
        if not is_new(before, after):
            return Plan(before.version, is_new=False)
        named = [*_named(before), *_named(after)]
        people = crowd.memberships(self.directory, named, at=self.clock(), lane=self.lane)
        kinds = _kinds(people.values(), named)
        asking, approving = _Shifting(), _Shifting()
        alike = _alike(catalogue, before, after)
        few = replace(catalogue, accounts={one: catalogue.accounts[one] for one in alike})
        old, new = _Side(before, few), _Side(after, few)
        for kind in kinds:
            asking.note(kind, old.may_ask(kind[0]), new.may_ask(kind[0]))
            approving.note(kind, old.may_approve(kind[0]), new.may_approve(kind[0]))
        admins = _apart(people, before.settings.admins, after.settings.admins)
        auditors = _apart(people, before.settings.auditors, after.settings.auditors)
        concerned = frozenset[UserId]().union(
            *asking.people(), *approving.people(), admins.gains, admins.loses,
            auditors.gains, auditors.loses,
        )  # fmt: skip
        enabled = crowd.enabled(self.directory, concerned, lane=self.lane)
        names = _Names(enabled, catalogue, alike)
        return Plan(
            before.version,
            changes=tuple(differences(before, after)),
            asking=names.shares(asking),
            approving=names.shares(approving),
            administrators=names.users(admins),
            auditors=names.users(auditors),
        )


def _named(book: PolicyBook) -> Iterator[Who]:
    yield from (book.settings.admins, book.settings.auditors)
    yield from (policy.who for policy in book.eligibility)
    yield from (policy.approvers for policy in book.approval)


def _kinds(people: Iterable[Membership], named: Iterable[Who]) -> list[Kind]:
    """Thousands are in the same groups: what they may is worked out once."""
    themselves = frozenset[UserId]().union(*(who.user_ids for who in named))
    kinds: defaultdict[tuple[frozenset[GroupId], UserId | None], list[Membership]]
    kinds = defaultdict(list)
    for one in people:
        kinds[one.groups, one.user_id if one.user_id in themselves else None].append(one)
    return list(kinds.values())


def _alike(catalogue: Catalogue, *books: PolicyBook) -> Mapping[AccountId, Sequence[AccountId]]:
    """By one of them, the accounts that no policy tells apart: thousands stand in a few OUs."""
    scopes = [each.scope for book in books for each in book.eligibility]
    scopes += [each.scope for book in books for each in book.approval]
    found: defaultdict[tuple[object, ...], list[AccountId]] = defaultdict(list)
    for account in catalogue.accounts.values():
        apart = account.id == catalogue.instance.management_account
        covered = (scope.covers(account) for scope in scopes)
        found[account.state, apart, *covered].append(account.id)
    return {accounts[0]: accounts for accounts in found.values()}


# One side of the comparison


@dataclass(frozen=True)
class _Side:
    """What people may under these policies."""

    book: PolicyBook
    catalogue: Catalogue
    offers: Offers = field(default_factory=Offers)

    def may_ask(self, membership: Membership) -> Pairs:
        """What the form would offer."""
        return self.offers.of(self.book, self.catalogue, membership).pairs

    def may_approve(self, membership: Membership) -> Pairs:
        return _together(
            pairs for policy, pairs in self.covered if policy.approvers.includes(membership)
        )

    @cached_property
    def covered(self) -> list[tuple[ApprovalPolicy, Pairs]]:
        """Of what waits for approval, what each approval policy is about."""
        return [(policy, self.about(policy)) for policy in self.book.approval]

    def about(self, policy: ApprovalPolicy) -> Pairs:
        accounts = self.catalogue.accounts
        return {
            account: frozenset(filter(policy.lists, sets))
            for account, sets in self.waiting.items()
            if policy.scope.covers(accounts[account])
        }

    @cached_property
    def waiting(self) -> Pairs:
        """What can be asked for, by whomever, and then waits for approval."""
        asking = (each for each in self.book.eligibility if each.approval_required)
        needed = self.book.settings.approval_required
        return _together(map(self.offered, asking)) if needed else {}

    def offered(self, policy: EligibilityPolicy) -> Pairs:
        named = [PermissionSetArn(each.id) for each in policy.permission_sets]
        return {
            account.id: frozenset(arn for arn in named if in_reach(self.catalogue, account, arn))
            for account in self.catalogue.accounts.values()
            if policy.scope.covers(account)
        }


def _together(several: Iterable[Pairs]) -> Pairs:
    found: dict[AccountId, frozenset[PermissionSetArn]] = {}
    for pairs in several:
        for account, sets in pairs.items():
            found[account] = found.get(account, frozenset()) | sets
    return found


# The difference


@dataclass(frozen=True, slots=True)
class _Shifting:
    """Gathers what is gained and what is lost; who gains the same stands together."""

    gains: Rough = field(default_factory=lambda: defaultdict(list))
    loses: Rough = field(default_factory=lambda: defaultdict(list))

    def note(self, kind: Kind, before: Pairs, after: Pairs) -> None:
        people = [one.user_id for one in kind]
        for found, pairs in (
            (self.gains, _beyond(after, before)),
            (self.loses, _beyond(before, after)),
        ):
            for sets, accounts in _by_sets(pairs).items():
                found[frozenset(accounts), sets].extend(people)

    def people(self) -> Iterator[Iterable[UserId]]:
        yield from self.gains.values()
        yield from self.loses.values()


def _beyond(more: Pairs, less: Pairs) -> Pairs:
    left = {account: sets - less.get(account, frozenset()) for account, sets in more.items()}
    return {account: sets for account, sets in left.items() if sets}


def _by_sets(pairs: Pairs) -> Mapping[frozenset[PermissionSetArn], list[AccountId]]:
    """The accounts with the same permission sets."""
    found: defaultdict[frozenset[PermissionSetArn], list[AccountId]] = defaultdict(list)
    for account, sets in pairs.items():
        found[sets].append(account)
    return found


def _apart(people: Mapping[UserId, Membership], before: Who, after: Who) -> Shift[UserId]:
    old = {user for user, membership in people.items() if before.includes(membership)}
    new = {user for user, membership in people.items() if after.includes(membership)}
    return Shift(tuple(new - old), tuple(old - new))


# By their names


@dataclass(frozen=True, slots=True)
class _Names:
    """Ids to what they stand for, in the order in which people look for them."""

    enabled: Mapping[UserId, User]
    catalogue: Catalogue
    alike: Mapping[AccountId, Sequence[AccountId]]
    """Each account stands for these."""

    def shares(self, shifting: _Shifting) -> Shift[Share]:
        return Shift(self._shares(shifting.gains), self._shares(shifting.loses))

    def users(self, shift: Shift[UserId]) -> Shift[User]:
        return Shift(self._users(shift.gains), self._users(shift.loses))

    def _shares(self, rough: Rough) -> tuple[Share, ...]:
        found = (
            Share(self._users(people), self._sets(sets), self._accounts(accounts))
            for (accounts, sets), people in rough.items()
        )
        return tuple(sorted((share for share in found if share.people), key=_place))

    def _users(self, ids: Iterable[UserId]) -> tuple[User, ...]:
        found = (self.enabled[one] for one in ids if one in self.enabled)
        return tuple(sorted(found, key=lambda user: (user.user_name.casefold(), user.id)))

    def _sets(self, arns: Iterable[PermissionSetArn]) -> tuple[PermissionSet, ...]:
        found = (self.catalogue.permission_sets[arn] for arn in arns)
        return tuple(sorted(found, key=lambda each: (each.name.casefold(), each.arn)))

    def _accounts(self, ids: Iterable[AccountId]) -> tuple[Account, ...]:
        found = (self.catalogue.accounts[each] for one in ids for each in self.alike[one])
        return tuple(sorted(found, key=lambda each: (each.name.casefold(), each.id)))


def _place(share: Share) -> tuple[list[str], list[str]]:
    return [user.user_name.casefold() for user in share.people], [
        account.id for account in share.accounts
    ]
