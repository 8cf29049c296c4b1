"""Why somebody may or may not ask for a target, for how long, and who would have to agree."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from sys import maxsize

from grants import authority, policy
from grants.approvers import approvers_of
from grants.authority import Action
from grants.errors import NothingRead, Thing, UnknownName
from grants.model import (
    Account,
    Catalogue,
    ChannelId,
    Lane,
    PermissionSet,
    Person,
    SlackUserId,
    User,
    UserId,
)
from grants.naming import account_called, permission_set_called, user_called
from grants.offering import ACTIVE, in_reach
from grants.people import Memberships
from grants.policy import ApprovalPolicy, EligibilityPolicy, PolicyBook
from grants.ports import Clock, Directory
from grants.stores import Works


class Fails(StrEnum):
    """What keeps somebody from asking. The first that does is told, in this order."""

    USER_DISABLED = "user_disabled"
    ACCOUNT_INACTIVE = "account_inactive"
    ACCOUNT_OUT_OF_REACH = "account_out_of_reach"
    PERMISSION_SET_OUT_OF_REACH = "permission_set_out_of_reach"
    TAGS_UNREAD = "tags_unread"
    """Policies are about accounts by their tags, and this one's are not known yet."""
    NOT_COVERED = "not_covered"
    """No eligibility policy covers the account."""
    NOT_LISTED = "not_listed"
    """None of those that cover it lists the permission set."""
    NOT_NAMED = "not_named"
    """None of those that offer the target names the person."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Who would have to agree, as of now."""

    approvals: int
    required: tuple[str, ...]
    """The policies that must be met by their own approvers."""
    approvers: tuple[User, ...]
    """The enabled people who could approve, the requester left out, by user name."""
    enough: bool
    """Whether a request would be taken: it is, unless all were looked at and are too few."""
    all_read: bool
    """Whether there can be no more of them than these."""
    proof: bool = False
    """Whether each must give a one-time code."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """They may ask."""

    rule: str
    """The eligibility policy that allows it longest."""
    longest: timedelta
    agreement: Agreement | None
    """None: nobody has to agree."""
    channels: tuple[ChannelId, ...]
    """Where the card would hang."""
    directly: bool
    """Whether some of the approvers would be asked by direct message."""


@dataclass(frozen=True, slots=True)
class Barred:
    """They may not."""

    fails: Fails
    closest: tuple[str, ...] = ()
    """The eligibility policies that come closest to allowing it."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What holds for one person and one target, as of now."""

    user: User
    account: Account
    permission_set: PermissionSet
    verdict: Allowed | Barred


@dataclass(frozen=True, slots=True)
class Explaining:
    """Reads people live, and accounts as the form offers them."""

    works: Works
    directory: Directory
    memberships: Memberships
    clock: Clock

    def may_explain_others(self, person: Person) -> None:
        """Or a refusal."""
        with self.works.reading() as work:
            book = work.policies.current()
        groups = authority.groups(Action.EXPLAIN_OTHERS, book)
        membership = self.memberships.live(person.user_id, groups)
        authority.admit(Action.EXPLAIN_OTHERS, authority.by_groups(book, membership))

    def whom(self, name: str) -> User:
        """Whoever is called so in Identity Center. UnknownName: nobody, or several."""
        return user_called(self.directory, name, lane=Lane.PERSON)

    def whom_in_slack(self, slack_id: SlackUserId) -> User:
        """Whoever this Slack user is bound to. UnknownName: nobody, or not any more."""
        with self.works.reading() as work:
            binding = work.people.get(slack_id)
        if binding is None or binding.broken:
            raise UnknownName(Thing.SLACK_USER, slack_id)
        if user := self.directory.user(binding.user_id, lane=Lane.PERSON):
            return user
        raise UnknownName(Thing.SLACK_USER, slack_id)

    def __call__(
        self, user: User, account: str, permission_set: str, *, guess: bool, most: int | None = None
    ) -> Explanation:
        """About this user, and a target by its names.

        `guess`: whether names may be told that are near an unknown one. `most`: so many approvers
        are looked at, in all.
        """
        with self.works.reading() as work:
            book, catalogue = work.policies.current(), work.catalogue.load()
        if catalogue is None:
            raise NothingRead
        where = account_called(catalogue, account, guess=guess)
        what = permission_set_called(catalogue, permission_set, guess=guess)
        fails = _whatever_policies_say(catalogue, user, where, what)
        verdict = Barred(fails) if fails else self._by_policies(book, user.id, where, what, most)
        return Explanation(user, where, what, verdict)

    def _by_policies(
        self,
        book: PolicyBook,
        user: UserId,
        account: Account,
        permission_set: PermissionSet,
        most: int | None,
    ) -> Allowed | Barred:
        membership = self.memberships.live(user, policy.eligibility_groups(book))
        if policy.untold(book, membership, account, permission_set.arn):
            return Barred(Fails.TAGS_UNREAD)
        matching = policy.eligible(book, membership, account, permission_set.arn)
        if not matching:
            return _barred(book, account, permission_set)
        needed = policy.approval_needed(book, matching)
        asked = policy.approval_policies(book, account, permission_set.arn)
        return Allowed(
            rule=_most_generous(book, matching).name,
            longest=policy.longest(book, matching),
            agreement=self._agreement(asked, user, most) if needed else None,
            channels=policy.channels(book, asked),
            directly=needed and bool(policy.without_channel(book, asked)),
        )

    def _agreement(
        self, asked: Sequence[ApprovalPolicy], requester: UserId, most: int | None
    ) -> Agreement:
        everybody = maxsize if most is None else most
        found = approvers_of(
            self.directory,
            asked,
            without=requester,
            enough=everybody + 1,  # nobody stops at these: more are told apart from no more
            most=everybody,
            lane=Lane.REFRESH,
        )
        return Agreement(
            approvals=policy.approvals(asked),
            required=tuple(each.name for each in asked if each.required),
            approvers=tuple(sorted(found.people, key=lambda user: user.user_name.casefold())),
            enough=not policy.lacking(asked, found.by_policy, found.seen),
            all_read=all(found.seen),
            proof=policy.proof_needed(asked),
        )


def _whatever_policies_say(
    catalogue: Catalogue, user: User, account: Account, permission_set: PermissionSet
) -> Fails | None:
    """What keeps everybody from this target, or this person from all."""
    if not user.enabled:
        return Fails.USER_DISABLED
    if in_reach(catalogue, account, permission_set.arn):
        return None
    if account.state != ACTIVE:
        return Fails.ACCOUNT_INACTIVE
    if account.id == catalogue.instance.management_account:
        return Fails.ACCOUNT_OUT_OF_REACH
    return Fails.PERMISSION_SET_OUT_OF_REACH


def _barred(book: PolicyBook, account: Account, permission_set: PermissionSet) -> Barred:
    """From the target to the person, because who can mend it has to find the policy first."""
    covering = [each for each in book.eligibility if each.scope.covers(account)]
    offering = [each for each in covering if each.lists(permission_set.arn)]
    if not covering:
        return Barred(Fails.NOT_COVERED)
    if not offering:
        return Barred(Fails.NOT_LISTED, tuple(each.name for each in covering))
    return Barred(Fails.NOT_NAMED, tuple(each.name for each in offering))


def _most_generous(book: PolicyBook, matching: Collection[EligibilityPolicy]) -> EligibilityPolicy:
    """The first of those with the longest duration."""
    return max(matching, key=lambda each: each.max_duration or book.settings.max_duration)
