"""What administrators are warned of in policies that hold: each still works, and not as meant."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from grants.crowd import READ, Look
from grants.drafts import shown
from grants.durations import spell
from grants.model import Account, Catalogue, Group, GroupId, Lane, PermissionSetArn, User, UserId
from grants.policy import (
    ApprovalPolicy,
    EligibilityPolicy,
    Named,
    PolicyBook,
    Who,
    lacking,
    proof_needed,
    uses_tags,
)
from grants.ports import Directory

SHORT_SESSION: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class PolicyWarning:
    """Something that holds, and not as its author will have meant it."""

    about: str
    message: str

    def __str__(self) -> str:
        """Both, on one line."""
        return f"{self.about}: {self.message}"


def warnings(
    book: PolicyBook,
    catalogue: Catalogue,
    directory: Directory,
    *,
    lane: Lane = Lane.REFRESH,
    keyed: bool = True,
) -> tuple[PolicyWarning, ...]:
    """Reads each group, and each person named or needed, once; of a group 100 members at most.

    `keyed`: whether there is a key here that one-time codes are kept with.
    """
    people = _People(directory, lane, max((each.approvals for each in book.approval), default=1))
    found = [
        *_named_nobody(book, people),
        *_named_nothing(book, catalogue),
        *_carried_by_none(book, catalogue),
        *_out_of_reach(book, catalogue),
        *_unapprovable(book, catalogue, people),
        *_long_sessions(book, catalogue),
        *([] if keyed else _unprovable(book)),
    ]
    return tuple(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class _People:
    """Who is enabled, as read once."""

    directory: Directory
    lane: Lane
    enough: int
    """No policy asks for more people than that, so no more are looked for."""
    users: dict[UserId, User | None] = field(default_factory=dict)
    inside: dict[GroupId, tuple[frozenset[UserId], bool]] = field(default_factory=dict)
    groups: dict[GroupId, Group | None] = field(default_factory=dict)

    def enabled(self, user_id: UserId) -> bool | None:
        """None: there is no such user any more."""
        user = self._look().user(user_id)
        return user.enabled if user else None

    def group(self, group: GroupId) -> Group | None:
        if group not in self.groups:
            self.groups[group] = self.directory.group(group, lane=self.lane)
        return self.groups[group]

    def of(self, who: Who) -> tuple[frozenset[UserId], bool]:
        """The enabled people it names, of a large group only enough; and if no more can matter."""
        named = frozenset(user for user in who.user_ids if self.enabled(user))
        inside = [self.members(group) for group in who.group_ids]
        return named.union(*(some for some, _ in inside)), all(seen for _, seen in inside)

    def members(self, group: GroupId) -> tuple[frozenset[UserId], bool]:
        if group not in self.inside:
            everybody = self.directory.members(group, lane=self.lane)
            found, seen = self._look().enabled(everybody, enough=self.enough)
            self.inside[group] = frozenset(user.id for user in found), seen
        return self.inside[group]

    def _look(self) -> Look:
        return Look(self.directory, self.lane, READ, self.users)


def _named_nobody(book: PolicyBook, people: _People) -> Iterator[PolicyWarning]:
    for about, who in _everybody(book):
        for group in who.groups:
            there = people.group(GroupId(group.id))
            if there is None:
                yield PolicyWarning(about, f"the group {shown(group.name)} is no longer there")
            else:
                yield from _renamed(about, "group", group, there.name)
        for user in who.users:
            enabled = people.enabled(UserId(user.id))
            if enabled is None:
                yield PolicyWarning(about, f"the user {shown(user.name)} is no longer there")
            elif not enabled:
                yield PolicyWarning(about, f"the user {shown(user.name)} is disabled")


def _everybody(book: PolicyBook) -> Iterator[tuple[str, Who]]:
    yield "admins", book.settings.admins
    yield "auditors", book.settings.auditors
    yield from ((_about(policy), policy.who) for policy in book.eligibility)
    yield from ((_about(policy), policy.approvers) for policy in book.approval)


def _named_nothing(book: PolicyBook, catalogue: Catalogue) -> Iterator[PolicyWarning]:
    policies: tuple[EligibilityPolicy | ApprovalPolicy, ...] = (*book.eligibility, *book.approval)
    accounts = {str(each.id): each.name for each in catalogue.accounts.values()}
    sets = {str(each.arn): each.name for each in catalogue.permission_sets.values()}
    ous = {str(each.id): each.name for each in catalogue.ous.values()}
    for policy in policies:
        for what, names, known in (
            ("account", policy.scope.accounts, accounts),
            ("OU", (Named(ou.id, ou.name or ou.id) for ou in policy.scope.ous), ous),
            ("permission set", policy.permission_sets, sets),
        ):
            for named in names:
                if named.id not in known:
                    message = f"the {what} {shown(named.name)} is no longer there"
                    yield PolicyWarning(_about(policy), message)
                elif what != "OU":  # which is written by its id
                    yield from _renamed(_about(policy), what, named, known[named.id])


def _renamed(about: str, what: str, named: Named, name: str) -> Iterator[PolicyWarning]:
    """Of what is written by a name: an id stays what it is."""
    if named.name not in {name, named.id}:
        message = f"the {what} {shown(named.name)} is called {shown(name)} now"
        yield PolicyWarning(about, message)


def _carried_by_none(book: PolicyBook, catalogue: Catalogue) -> Iterator[PolicyWarning]:
    if not uses_tags(book):
        return
    unread = sum(account.tags is None for account in catalogue.accounts.values())
    if unread:
        yield PolicyWarning(
            "account tags",
            f"not read yet of {unread:,} of {len(catalogue.accounts):,} accounts, so that no policy"
            " covers these by tag; the running bot reads them, and so does catalogue refresh",
        )
        return
    carried = {pair for each in catalogue.accounts.values() for pair in (each.tags or {}).items()}
    policies: tuple[EligibilityPolicy | ApprovalPolicy, ...] = (*book.eligibility, *book.approval)
    for policy in policies:
        for key, value in policy.scope.tags:
            if (key, value) not in carried:
                message = f"no account carries the tag {shown(f'{key}={value}')}"
                yield PolicyWarning(_about(policy), message)


def _out_of_reach(book: PolicyBook, catalogue: Catalogue) -> Iterator[PolicyWarning]:
    instance = catalogue.instance
    for policy in book.eligibility if instance.delegated else ():
        if any(named.id == instance.management_account for named in policy.scope.accounts):
            yield PolicyWarning(
                _about(policy),
                f"it names the management account {instance.management_account}, which is never"
                " offered: Elevate runs in another account and cannot assign there",
            )


def _long_sessions(book: PolicyBook, catalogue: Catalogue) -> Iterator[PolicyWarning]:
    for policy in book.eligibility:
        for named in policy.permission_sets:
            found = catalogue.permission_sets.get(PermissionSetArn(named.id))
            if found and found.session_duration > SHORT_SESSION:
                yield PolicyWarning(
                    f"permission set {shown(found.name)}",
                    f"its sessions last {spell(found.session_duration)}, and so long credentials"
                    " may go on working after access has ended; shorten them to 1h",
                )


def _unprovable(book: PolicyBook) -> Iterator[PolicyWarning]:
    for policy in book.approval:
        if proof_needed([policy]):
            yield PolicyWarning(
                _about(policy),
                "it asks for a one-time code (proof: totp), and ELEVATE_ENCRYPTION_KEY is not set here;"
                " where the bot runs without it, nobody can approve what this covers",
            )


# Nobody to approve


def _unapprovable(
    book: PolicyBook, catalogue: Catalogue, people: _People
) -> Iterator[PolicyWarning]:
    if not book.settings.approval_required:
        return
    can = _Deciding(book.approval, people)
    offered = [
        account
        for account in _offered(catalogue)
        if account.tags is not None or not uses_tags(book)  # else who approves is not known
    ]
    covering = {
        account.id: tuple(n for n, each in enumerate(book.approval) if each.scope.covers(account))
        for account in offered
    }
    for policy in (each for each in book.eligibility if each.approval_required):
        alike = defaultdict(list)  # accounts that the same approval policies cover
        for account in offered:
            if policy.scope.covers(account):
                alike[covering[account.id]].append(account)
        stuck = [
            (account, arn)
            for covered, accounts in alike.items()
            for arn in _sets(policy, catalogue)
            if not can.decide(covered, arn)
            for account in accounts
        ]
        if stuck:
            account, arn = stuck[0]
            example = f"{account.name} · {catalogue.permission_sets[arn].name}"
            yield PolicyWarning(
                _about(policy),
                f"needs approval, and nobody could give it for {len(stuck):,} of what it offers,"
                f" such as {shown(example)}; add people to the approvers, or an approval policy",
            )


def _offered(catalogue: Catalogue) -> list[Account]:
    instance = catalogue.instance
    out = instance.management_account if instance.delegated else None
    return [
        each for each in catalogue.accounts.values() if each.state == "ACTIVE" and each.id != out
    ]


def _sets(policy: EligibilityPolicy, catalogue: Catalogue) -> list[PermissionSetArn]:
    arns = (PermissionSetArn(named.id) for named in policy.permission_sets)
    out = catalogue.in_management if catalogue.instance.delegated else frozenset()
    return [arn for arn in arns if arn in catalogue.permission_sets and arn not in out]


@dataclass(frozen=True, slots=True)
class _Deciding:
    """Whether the people whom some approval policies name may be enough, each case worked out once."""

    policies: Sequence[ApprovalPolicy]
    people: _People
    known: dict[tuple[tuple[int, ...], PermissionSetArn], bool] = field(default_factory=dict)

    def decide(self, covering: tuple[int, ...], permission_set: PermissionSetArn) -> bool:
        key = (covering, permission_set)
        if key not in self.known:
            matching = [
                self.policies[n] for n in covering if self.policies[n].lists(permission_set)
            ]
            people = [self.people.of(policy.approvers) for policy in matching]
            inside, seen = [found for found, _ in people], [seen for _, seen in people]
            self.known[key] = not lacking(matching, inside, seen)
        return self.known[key]


def _about(policy: EligibilityPolicy | ApprovalPolicy) -> str:
    section = "eligibility" if isinstance(policy, EligibilityPolicy) else "approval"
    return f"{section} {shown(policy.name)}"
