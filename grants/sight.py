"""Which requests somebody may see, by the policies and their groups as just read."""

from dataclasses import dataclass
from typing import Final

from grants.authority import Action, Hat, may, roles
from grants.model import AccountId, Catalogue, Membership, Request, Role, UserId
from grants.policy import ApprovalPolicy, PolicyBook
from grants.waiting import account_in


@dataclass(frozen=True, slots=True)
class Sight:
    """Everybody sees their own; an approver what they may or might have approved; an auditor all."""

    role: Role
    """The widest capacity in which they look."""
    user_id: UserId | None
    """None: whoever types at the command line, who asks for nothing."""
    reviews: tuple[ApprovalPolicy, ...] = ()
    """The approval policies that name them."""
    catalogue: Catalogue | None = None

    @property
    def everything(self) -> bool:
        """Whether nothing is hidden from them."""
        return may(Action.SEE, self.hats)

    @property
    def others(self) -> bool:
        """Whether there may be requests in it that are not their own."""
        return self.role is not Role.REQUESTER

    def sees(self, request: Request) -> bool:
        """Whether this request is in it. The account counts as it stands now."""
        return self.everything or may(Action.SEE, self.hats_for(request))

    @property
    def hats(self) -> frozenset[Hat]:
        """What they are, whatever it is about."""
        return _HATS[self.role]

    def hats_for(self, request: Request) -> frozenset[Hat]:
        """What they are to this request besides."""
        own = {Hat.REQUESTER} if self.own(request) else set()
        return self.hats | own | ({Hat.APPROVER} if self._reviews(request) else set())

    def _reviews(self, request: Request) -> bool:
        account = account_in(self.catalogue, request)
        return any(
            each.lists(request.target.permission_set_arn) and each.scope.covers(account)
            for each in self.reviews
        )

    def own(self, request: Request) -> bool:
        """Whether they asked for it themselves."""
        return request.requester.user_id == self.user_id

    def accounts(self) -> frozenset[AccountId]:
        """Outside these, whoever does not see everything sees their own requests alone."""
        known = self.catalogue.accounts.values() if self.catalogue else ()
        covered = {a.id for a in known if any(each.scope.covers(a) for each in self.reviews)}
        # Those that are named count also after they have left the organization.
        named = {AccountId(a.id) for each in self.reviews for a in each.scope.accounts}
        return frozenset(covered | named)


_PERSON: Final = frozenset({Hat.PERSON})
_HATS: Final = {
    Role.REQUESTER: _PERSON,
    Role.APPROVER: _PERSON,  # of what, each request says
    Role.AUDITOR: _PERSON | {Hat.AUDITOR},
    Role.ADMINISTRATOR: _PERSON | {Hat.ADMINISTRATOR},
}
ALL = Sight(Role.ADMINISTRATOR, None)
"""The operator's."""


def sight_of(book: PolicyBook, membership: Membership, catalogue: Catalogue | None) -> Sight:
    """By what was read of `policy.persona_groups`."""
    reviews = tuple(each for each in book.approval if each.approvers.includes(membership))
    found = roles(book, membership)
    widest = (Role.ADMINISTRATOR, Role.AUDITOR, Role.APPROVER, Role.REQUESTER)
    role = next(role for role in widest if role in found)
    return Sight(role, membership.user_id, reviews, catalogue)
