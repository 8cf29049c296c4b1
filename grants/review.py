"""Where approvers decide: authorised live, counted under today's policies, written once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from grants import policy, telling
from grants.asking import fit_comment
from grants.errors import (
    AlreadyMoved,
    NotAnApprover,
    OwnRequest,
    RequesterNoLongerEligible,
    TooSlow,
)
from grants.lifecycle import take
from grants.model import (
    Ballot,
    Membership,
    Move,
    Person,
    Request,
    RequestId,
    Role,
    State,
    UserId,
    Vote,
    acting,
)
from grants.people import Memberships
from grants.policy import ApprovalPolicy, PolicyBook
from grants.ports import Clock, Entry, Works
from grants.waiting import InTime, account_of, asked_of, must_be_open, nobody_waits


@dataclass(frozen=True, slots=True)
class Review:
    """Approve and reject."""

    works: Works
    memberships: Memberships
    clock: Clock
    wake: Callable[[], None]

    def may_vote(self, person: Person, request_id: RequestId) -> Request:
        """The request, if this person may decide on it now; or a refusal."""
        return self._reviewer(person, request_id)[0]

    def vote(
        self,
        person: Person,
        request_id: RequestId,
        ballot: Ballot,
        comment: str = "",
        *,
        in_time: InTime = nobody_waits,
    ) -> Request:
        """Count this person's vote, authorised live."""
        comment = comment.strip()
        request, book, asked, membership = self._reviewer(person, request_id)
        fit_comment(comment, required=book.settings.require_decision_comment)
        voters = {person.user_id: membership}
        if ballot is Ballot.APPROVE:
            self._still_eligible(request, book)
            voters |= self._earlier_voters(request, asked)
        in_time()
        vote = Vote(request_id, person, ballot, comment, self.clock())
        return self._count(vote, book, asked, voters)

    def _count(
        self,
        vote: Vote,
        book: PolicyBook,
        asked: tuple[ApprovalPolicy, ...],
        voters: Mapping[UserId, Membership],
    ) -> Request:
        by = acting(vote.voter, Role.APPROVER)
        with self.works() as work:
            request = work.requests.get(vote.request_id)
            must_be_open(request, vote.at)
            if work.policies.version() != book.version or asked_of(work, book, request) != asked:
                # The policies changed under our hands, or the account moved: whoever presses again
                # is asked under what holds then, and the vote is not spent.
                raise TooSlow
            if not work.votes.add(vote):
                raise AlreadyMoved(request, yours=True)
            under = {"policy_version": book.version}
            work.journal.write(
                Entry(
                    vote.at, "vote", by, request.id,
                    after=vote.ballot, reason=vote.comment, facts=under,
                )
            )  # fmt: skip
            if vote.ballot is Ballot.APPROVE and not policy.agreed(asked, voters):
                counting = sum(policy.may_approve(asked, voter) for voter in voters.values())
                told = {"voter": vote.voter.name, "count": counting,
                        "needed": policy.approvals(asked), "comment": vote.comment}  # fmt: skip
                telling.remark(work, request, "vote", told, at=vote.at)
                return request
            if vote.ballot is Ballot.APPROVE:
                move, reason = Move.APPROVE, request.reason
            else:
                move, reason = Move.REJECT, vote.comment
            after, moved = take(
                request,
                move,
                by=by,
                at=vote.at,
                note=vote.comment,
                decided_at=vote.at,
                decided_by=vote.voter.name,
                reason=reason,
                policy_version=book.version,
            )
            after = work.requests.save(after)
            telling.record(work, after, moved, facts=under)
        self.wake()
        return after

    def _reviewer(
        self, person: Person, request_id: RequestId
    ) -> tuple[Request, PolicyBook, tuple[ApprovalPolicy, ...], Membership]:
        with self.works.reading() as work:
            request = work.requests.get(request_id)
            book = work.policies.current()
            asked = asked_of(work, book, request)
            votes = work.votes.on(request_id)
        if request.requester.user_id == person.user_id:
            raise OwnRequest
        if request.state is not State.PENDING and any(
            vote.voter.user_id == person.user_id for vote in votes
        ):
            raise AlreadyMoved(request, yours=True)
        membership = self.memberships.live(person.user_id, policy.approver_groups(asked))
        if not policy.may_approve(asked, membership):
            raise NotAnApprover(request.may_approve)
        must_be_open(request, self.clock())
        return request, book, asked, membership

    def _still_eligible(self, request: Request, book: PolicyBook) -> None:
        with self.works.reading() as work:
            account = account_of(work, request)
        membership = self.memberships.live(
            request.requester.user_id, policy.eligibility_groups(book)
        )
        if not policy.eligible(book, membership, account, request.target.permission_set_arn):
            raise RequesterNoLongerEligible(request)

    def _earlier_voters(
        self, request: Request, asked: tuple[ApprovalPolicy, ...]
    ) -> dict[UserId, Membership]:
        with self.works.reading() as work:
            votes = work.votes.on(request.id)
        groups = policy.approver_groups(asked)
        return {
            vote.voter.user_id: self.memberships.live(vote.voter.user_id, groups)
            for vote in votes
            if vote.ballot is Ballot.APPROVE
        }
