"""What the policies say of somebody, by live membership: who is what, and for which access."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Final

from grants.model import (
    Account,
    AccountId,
    Ballot,
    ChannelId,
    GroupId,
    Membership,
    OuId,
    PermissionSetArn,
    UserId,
    Vote,
)

SHORTEST: Final = timedelta(minutes=1)
LONGEST: Final = timedelta(hours=8000)
NO_PROOF: Final = "none"
MOST_OPEN: Final = 1000
"""What `max_open_requests` may be at most."""


@dataclass(frozen=True, slots=True)
class Named:
    """Something of AWS's by id, and by the name it was written or found with."""

    id: str
    name: str


@dataclass(frozen=True)
class Who:
    """The union of the people and the groups it names; what is asked without end is made once."""

    groups: tuple[Named, ...] = ()
    users: tuple[Named, ...] = ()

    def __bool__(self) -> bool:
        """Whether it names anybody at all."""
        return bool(self.groups or self.users)

    @cached_property
    def group_ids(self) -> frozenset[GroupId]:
        """The groups it names."""
        return frozenset(GroupId(group.id) for group in self.groups)

    @cached_property
    def user_ids(self) -> frozenset[UserId]:
        """The people it names themselves."""
        return frozenset(UserId(user.id) for user in self.users)

    @property
    def spelled(self) -> tuple[str, ...]:
        """Whom it names, in words: for telling somebody whom to turn to."""
        return (
            *(f"group {group.name}" for group in self.groups),
            *(user.name for user in self.users),
        )

    def covers(self, other: "Who") -> bool:
        """Whether it names whomever the other names."""
        return self.group_ids >= other.group_ids and self.user_ids >= other.user_ids

    def includes(self, membership: Membership) -> bool:
        """Whether this person is one of them, by what was read of their groups."""
        return membership.user_id in self.user_ids or bool(self.group_ids & membership.groups)


@dataclass(frozen=True, slots=True)
class OuScope:
    """An OU's direct child accounts; with `nested`, those of the OUs below it too."""

    id: OuId
    name: str = field(default="", compare=False)
    """For showing: an OU is written by its id, and one that is renamed changes no policy."""
    nested: bool = False


@dataclass(frozen=True, slots=True)
class Scope:
    """Which accounts a policy is about: the union of what it names."""

    accounts: tuple[Named, ...] = ()
    ous: tuple[OuScope, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()

    def covers(self, account: Account) -> bool:
        """Whether this account, where it stands now, is in it."""
        if any(named.id == account.id for named in self.accounts):
            return True
        carried = account.tags or {}  # unread, it carries none that anybody knows of
        if any(carried.get(key) == value for key, value in self.tags):
            return True
        return any(
            ou.id in account.path if ou.nested else account.path[-1:] == (ou.id,) for ou in self.ous
        )

    def undecided(self, account: Account) -> bool:
        """Whether the account's tags would say if it is in it, and were not read."""
        return bool(self.tags) and account.tags is None and not self.covers(account)


@dataclass(frozen=True, slots=True)
class EligibilityPolicy:
    """Who may ask for what."""

    name: str
    who: Who
    scope: Scope
    permission_sets: tuple[Named, ...]
    max_duration: timedelta | None = None
    approval_required: bool = True

    def lists(self, permission_set: PermissionSetArn) -> bool:
        """Whether it is about this permission set."""
        return any(named.id == permission_set for named in self.permission_sets)


@dataclass(frozen=True, slots=True)
class ApprovalPolicy:
    """Who may approve what, where they are asked, and how many must agree."""

    name: str
    scope: Scope
    approvers: Who
    permission_sets: tuple[Named, ...] = ()
    """Empty: every one."""
    channel: ChannelId | None = None
    approvals: int = 1
    required: bool = False
    proof: str = NO_PROOF

    def lists(self, permission_set: PermissionSetArn) -> bool:
        """Whether it is about this permission set."""
        return not self.permission_sets or any(
            named.id == permission_set for named in self.permission_sets
        )


class CutWay(StrEnum):
    """By what open sessions can be cut: the values of `revoke_sessions` but `off`."""

    INLINE_POLICY = "inline_policy"
    """The permission set's, provisioned to the account."""
    SCP = "scp"
    """A service control policy that was prepared for it, and attached where it is to hold."""


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """The `settings` of the policies; each default is the safe one (ACCEPTANCE 71)."""

    approval_required: bool = True
    max_duration: timedelta = timedelta(hours=9)
    pending_expiry: timedelta = timedelta(hours=3)
    max_start_ahead: timedelta = timedelta(days=30)
    max_open_requests: int = 20
    reminder: timedelta = timedelta(minutes=10)
    nudge_interval: timedelta = timedelta(minutes=15)
    require_ticket: bool = True
    ticket_pattern: str = ""
    ticket_url: str = ""
    require_decision_comment: bool = True
    revoke_sessions: str = "off"
    admins: Who = field(default_factory=Who)
    auditors: Who = field(default_factory=Who)
    default_channel: ChannelId | None = None
    audit_channel: ChannelId | None = None


@dataclass(frozen=True, slots=True)
class PolicyBook:
    """All policies and settings, as of one version."""

    version: int = 0
    settings: PolicySettings = field(default_factory=PolicySettings)
    eligibility: tuple[EligibilityPolicy, ...] = ()
    approval: tuple[ApprovalPolicy, ...] = ()

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """Every policy's."""
        policies: tuple[EligibilityPolicy | ApprovalPolicy, ...] = (
            *self.eligibility,
            *self.approval,
        )
        return tuple(policy.scope for policy in policies)


def uses_tags(book: PolicyBook) -> bool:
    """Whether any policy is about accounts by their tags, so that these have to be read."""
    return any(scope.tags for scope in book.scopes)


# Asking


def eligibility_groups(book: PolicyBook) -> frozenset[GroupId]:
    """Every group that decides who may ask: what to read of a person before offering a form."""
    return frozenset[GroupId]().union(*(policy.who.group_ids for policy in book.eligibility))


def asking_groups(
    book: PolicyBook, account: Account, permission_set: PermissionSetArn
) -> frozenset[GroupId]:
    """The groups that decide who may ask for this very pair, however many others there are."""
    return frozenset[GroupId]().union(
        *(
            policy.who.group_ids
            for policy in book.eligibility
            if policy.lists(permission_set)
            and (policy.scope.covers(account) or policy.scope.undecided(account))
        )
    )


def managed_sets(book: PolicyBook) -> frozenset[PermissionSetArn]:
    """The permission sets that anybody may ask for."""
    return frozenset(
        PermissionSetArn(each.id) for policy in book.eligibility for each in policy.permission_sets
    )


def eligible(
    book: PolicyBook, membership: Membership, account: Account, permission_set: PermissionSetArn
) -> tuple[EligibilityPolicy, ...]:
    """The policies that let this person ask for this pair; none: they may not."""
    return tuple(
        policy
        for policy in book.eligibility
        if policy.who.includes(membership)
        and policy.lists(permission_set)
        and policy.scope.covers(account)
    )


def untold(
    book: PolicyBook, membership: Membership, account: Account, permission_set: PermissionSetArn
) -> bool:
    """Whether tags that were not read could say more of this pair: who may ask, and who decides."""
    asking = any(
        policy.who.includes(membership)
        and policy.lists(permission_set)
        and policy.scope.undecided(account)
        for policy in book.eligibility
    )
    return asking or (
        bool(eligible(book, membership, account, permission_set))
        and any(
            policy.lists(permission_set) and policy.scope.undecided(account)
            for policy in book.approval
        )
    )


def longest(book: PolicyBook, matching: Iterable[EligibilityPolicy]) -> timedelta:
    """The largest maximum among the policies that match this very pair, never above the global."""
    ceiling = book.settings.max_duration
    return min(ceiling, max(policy.max_duration or ceiling for policy in matching))


def approval_needed(book: PolicyBook, matching: Iterable[EligibilityPolicy]) -> bool:
    """Whether anybody must agree: if any matching policy says so. The safe reading."""
    return book.settings.approval_required and any(policy.approval_required for policy in matching)


# Deciding


def approval_policies(
    book: PolicyBook, account: Account, permission_set: PermissionSetArn
) -> tuple[ApprovalPolicy, ...]:
    """The approval policies that cover this pair."""
    return tuple(
        policy
        for policy in book.approval
        if policy.lists(permission_set) and policy.scope.covers(account)
    )


def approver_groups(policies: Iterable[ApprovalPolicy]) -> frozenset[GroupId]:
    """The groups whose membership decides who may vote under these policies."""
    return frozenset[GroupId]().union(*(policy.approvers.group_ids for policy in policies))


def may_approve(policies: Iterable[ApprovalPolicy], membership: Membership) -> bool:
    """Whether this person is one of the union of approvers."""
    return any(policy.approvers.includes(membership) for policy in policies)


def approvals(policies: Iterable[ApprovalPolicy]) -> int:
    """How many different people must agree: the largest number among the matching policies."""
    return max((policy.approvals for policy in policies), default=1)


def proof_needed(policies: Iterable[ApprovalPolicy]) -> bool:
    """Whether whoever approves must prove who they are: if any policy asks. The safe reading."""
    return any(policy.proof != NO_PROOF for policy in policies)


def counts(policies: Iterable[ApprovalPolicy], vote: Vote) -> bool:
    """Whether it approves, and came with the proof that is asked for now."""
    return vote.ballot is Ballot.APPROVE and (vote.proved or not proof_needed(policies))


def enough(policies: Sequence[ApprovalPolicy], people: Sequence[Collection[UserId]]) -> bool:
    """Whether these people, for each policy those whom it names, are as many as must agree.

    The largest number among the policies, of whomever they name; and of each required policy's own
    its own number. One person counts for every policy that names them.
    """
    together = frozenset[UserId]().union(*people)
    return len(together) >= approvals(policies) and all(
        len(own) >= policy.approvals
        for policy, own in zip(policies, people, strict=True)
        if policy.required
    )


def lacking(
    policies: Sequence[ApprovalPolicy],
    people: Sequence[Collection[UserId]],
    seen: Sequence[bool],
) -> bool:
    """Whether these people are too few for certain.

    `seen`, for each policy: whether there can be no more of those whom it names.
    """
    together = frozenset[UserId]().union(*people)
    return (all(seen) and len(together) < approvals(policies)) or any(
        all_of_it and policy.required and len(own) < policy.approvals
        for policy, own, all_of_it in zip(policies, people, seen, strict=True)
    )


def named_by(
    policies: Iterable[ApprovalPolicy], people: Iterable[Membership]
) -> tuple[frozenset[UserId], ...]:
    """For each policy those of these people whom it names."""
    people = tuple(people)
    return tuple(
        frozenset(each.user_id for each in people if policy.approvers.includes(each))
        for policy in policies
    )


def agreed(policies: Sequence[ApprovalPolicy], voters: Mapping[UserId, Membership]) -> bool:
    """Whether these approving votes, counted as their givers stand now, are enough.

    Whoever is no longer an approver does not count.
    """
    return enough(policies, named_by(policies, voters.values()))


def besides(policies: Collection[ApprovalPolicy]) -> tuple[ApprovalPolicy, ...]:
    """The required policies that ask for more than the largest number of all does already."""
    return tuple(
        policy
        for policy in policies
        if policy.required
        and not all(policy.approvers.covers(other.approvers) for other in policies)
    )


def channels(book: PolicyBook, policies: Iterable[ApprovalPolicy]) -> tuple[ChannelId, ...]:
    """Where the card goes, each place once: the policies' channels, for want of one the default."""
    wanted = [policy.channel or book.settings.default_channel for policy in policies]
    found = [channel for channel in wanted if channel]
    if not found and book.settings.default_channel:
        found = [book.settings.default_channel]
    return tuple(dict.fromkeys(found))


def without_channel(
    book: PolicyBook, policies: Iterable[ApprovalPolicy]
) -> tuple[ApprovalPolicy, ...]:
    """Those that have no channel to ask in: their approvers are asked directly."""
    if book.settings.default_channel:
        return ()
    return tuple(policy for policy in policies if not policy.channel)


# Reminding


def approvers_reminded_at(
    settings: PolicySettings, now: datetime, expires_at: datetime
) -> datetime | None:
    """When those who may decide are reminded next; None: not before it expires."""
    at = now + settings.nudge_interval
    return at if at < expires_at else None


def requester_reminded_at(
    settings: PolicySettings, now: datetime, ends_at: datetime
) -> datetime | None:
    """When whoever has the access now is reminded of its end; None: it does not last so long."""
    at = ends_at - settings.reminder
    return at if at > now else None


# The other roles


def administrates(book: PolicyBook, membership: Membership) -> bool:
    """Whether this person is an administrator."""
    return book.settings.admins.includes(membership)


def audits(book: PolicyBook, membership: Membership) -> bool:
    """Whether this person is an auditor."""
    return book.settings.auditors.includes(membership)


def persona_groups(book: PolicyBook) -> frozenset[GroupId]:
    """Every group that decides what somebody may do beside asking."""
    named = book.settings.admins.group_ids | book.settings.auditors.group_ids
    return named | approver_groups(book.approval)


# Offering


@dataclass(frozen=True, slots=True)
class Offer:
    """What a person may ask for, as the catalogue has it: for choosing, never for deciding."""

    pairs: Mapping[AccountId, frozenset[PermissionSetArn]]

    @property
    def count(self) -> int:
        """How many pairs there are."""
        return sum(len(sets) for sets in self.pairs.values())
