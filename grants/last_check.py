"""The last look before access is given: everything live, nothing from memory."""

from dataclasses import dataclass, replace

from grants import policy
from grants.errors import NoLongerGiven, Why
from grants.extending import goes_on
from grants.model import Account, Catalogue, Lane, Request, User, UserId, Vote
from grants.offering import ACTIVE
from grants.people import Memberships, bound
from grants.policy import PolicyBook
from grants.ports import Directory, IdentityCenter, Organization
from grants.stores import Works


@dataclass(frozen=True, slots=True)
class LastCheck:
    """Raises NoLongerGiven where what was approved may not be given any more."""

    works: Works
    directory: Directory
    identity_center: IdentityCenter
    organization: Organization
    memberships: Memberships

    def __call__(self, request: Request) -> PolicyBook:
        """The policies it was checked under: the move is made under these or not at all."""
        with self.works.reading() as work:
            book, catalogue = work.policies.current(), work.catalogue.load()
            votes = work.votes.on(request.id)
            unlinked = {v.voter.user_id for v in votes if not bound(work, v.voter)}
            is_theirs = bound(work, request.requester)
            prolonged = work.requests.get(request.extends) if request.extends else None
        if prolonged and not goes_on(prolonged):
            raise NoLongerGiven(Why.NOT_HELD, prolonged.id)
        if not is_theirs:
            raise NoLongerGiven(Why.REQUESTER_NOT_BOUND, request.requester.name)
        self._user(request.requester.user_id)
        account = self._account(request, catalogue)
        if not self._permission_set_exists(request):
            raise NoLongerGiven(Why.PERMISSION_SET_MISSING, request.permission_set_name)
        arn = request.target.permission_set_arn
        membership = self.memberships.live(
            request.requester.user_id, policy.asking_groups(book, account, arn), lane=Lane.GRANT
        )
        if policy.untold(book, membership, account, arn):
            account = self._with_tags(account)
        matching = policy.eligible(book, membership, account, arn)
        if not matching:
            raise NoLongerGiven(Why.NOT_ELIGIBLE, request.requester.name)
        if request.duration > policy.longest(book, matching):
            raise NoLongerGiven(Why.TOO_LONG)
        if policy.approval_needed(book, matching):
            asked = policy.approval_policies(book, account, arn)
            self._recount(votes, asked, request, without=unlinked)
        return book

    def _user(self, user_id: UserId) -> User:
        user = self.directory.user(user_id, lane=Lane.GRANT)
        if user is None:
            raise NoLongerGiven(Why.USER_MISSING)
        if not user.enabled:
            raise NoLongerGiven(Why.USER_DISABLED, user.name or user.user_name)
        return user

    def _account(self, request: Request, catalogue: Catalogue | None) -> Account:
        account = self.organization.account(request.target.account_id, lane=Lane.GRANT)
        if account is None:
            raise NoLongerGiven(Why.ACCOUNT_MISSING, request.account_name)
        if account.state != ACTIVE:
            raise NoLongerGiven(Why.ACCOUNT_INACTIVE, account.name)
        instance = catalogue.instance if catalogue else None
        if instance and instance.delegated and account.id == instance.management_account:
            raise NoLongerGiven(Why.OUT_OF_REACH, account.name)
        return account

    def _with_tags(self, account: Account) -> Account:
        tags = self.organization.tags(account.id, lane=Lane.GRANT)
        if tags is None:
            raise NoLongerGiven(Why.ACCOUNT_MISSING, account.name)
        return replace(account, tags=tags)

    def _permission_set_exists(self, request: Request) -> bool:
        arn = request.target.permission_set_arn
        return self.identity_center.permission_set(arn, lane=Lane.GRANT) is not None

    def _recount(
        self,
        votes: list[Vote],
        asked: tuple[policy.ApprovalPolicy, ...],
        request: Request,
        *,
        without: set[UserId],
    ) -> None:
        """A vote counts if its giver could give it now, with the proof that is asked for now."""
        groups = policy.approver_groups(asked)
        voters = {}
        for vote in votes:
            voter = vote.voter.user_id
            if not policy.counts(asked, vote) or voter in {request.requester.user_id, *without}:
                continue
            user = self.directory.user(voter, lane=Lane.GRANT)
            if user is not None and user.enabled:
                voters[voter] = self.memberships.live(voter, groups, lane=Lane.GRANT)
        if not policy.agreed(asked, voters):
            names = ", ".join(vote.voter.name for vote in votes)
            raise NoLongerGiven(Why.VOTES_NO_LONGER_COUNT, names)
