"""Where approvers decide: authorised live, counted under today's policies, written once."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Final

from grants import authority, policy, telling
from grants.approvers import AT_ONCE, tally_of
from grants.asking import fit_comment
from grants.authority import Action
from grants.errors import AlreadyMoved, RequesterNoLongerEligible, TooSlow
from grants.lifecycle import take
from grants.model import (
    Ballot,
    Lane,
    Membership,
    Move,
    Person,
    Request,
    RequestId,
    Role,
    SlackUserId,
    State,
    UserId,
    Vote,
    acting,
)
from grants.people import Ahead, Memberships, bound, must_be_bound
from grants.policy import ApprovalPolicy, PolicyBook
from grants.ports import (
    Clock,
    Directory,
    Work,
    Works,
)
from grants.proving import Proving
from grants.records import Entry
from grants.waiting import InTime, account_of, asked_of, must_be_open, nobody_waits

VOTES: Final = {Ballot.APPROVE: Action.APPROVE, Ballot.REJECT: Action.REJECT}
TRIES: Final = 3
"""So often the votes are counted anew where somebody else votes in the same moment."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """The votes so far, and how those who agreed stand now; whoever is disabled counts no more.

    Nor does whose Slack user is theirs no more: that is looked at when the votes are counted.
    """

    votes: tuple[Vote, ...] = ()
    voters: Mapping[UserId, Membership] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Review:
    """Approve and reject."""

    works: Works
    directory: Directory
    memberships: Memberships
    clock: Clock
    wake: Callable[[], None]
    proving: Proving

    def needs_proof(self, request_id: RequestId) -> bool:
        """Whether whoever approves it must prove, by a code, who they are."""
        with self.works.reading() as work:
            request = work.requests.get(request_id)
            return policy.proof_needed(asked_of(work, work.policies.current(), request))

    def ahead(
        self, slack_id: SlackUserId, request_id: RequestId | None, readers: Executor
    ) -> Ahead:
        """What a vote takes of AWS, begun while it is still looked up who gives it; decides nothing."""
        begun = Ahead(self.memberships, readers)
        with self.works.reading() as work:
            link = work.people.get(slack_id)
            found = work.requests.several([request_id]) if request_id else []
            if not found or link is None or link.broken or found[0].state is not State.PENDING:
                return begun
            if link.user_id == found[0].requester.user_id:
                return begun  # It is refused without asking AWS.
            (request,), book = found, work.policies.current()
            account, asked = account_of(work, request), asked_of(work, book, request)
        arn, asker = request.target.permission_set_arn, request.requester.user_id
        begun.begin(link.user_id, authority.groups(Action.APPROVE, book, asked))
        begun.begin(asker, policy.asking_groups(book, account, arn))
        return begun

    def may_vote(self, person: Person, request_id: RequestId, ballot: Ballot) -> Request:
        """The request, if this person may decide on it now; or a refusal."""
        return self._reviewer(person, request_id, ballot, self.memberships)[0]

    def vote(
        self,
        person: Person,
        request_id: RequestId,
        ballot: Ballot,
        comment: str = "",
        *,
        code: str = "",
        ahead: Ahead | None = None,
        in_time: InTime = nobody_waits,
    ) -> Request:
        """Count this person's vote, authorised live.

        `ahead`: what was begun to be read for it since they pressed.
        `code`: what an approval takes where a policy asks for a proof. It is used with the vote.
        """
        comment = comment.strip()
        read = ahead or self.memberships
        request, book, asked, membership = self._reviewer(person, request_id, ballot, read)
        fit_comment(comment, required=book.settings.require_decision_comment)
        if ballot is Ballot.REJECT:
            in_time()
            vote = Vote(request_id, person, ballot, comment, self.clock())
            return self._reject(vote, book, asked)
        self._still_eligible(request, book, read)
        proved = policy.proof_needed(asked)
        if proved:
            in_time()
            self.proving.check(person, code)
        for _ in range(TRIES):
            earlier = self._earlier(request, asked)
            in_time()
            vote = Vote(request_id, person, ballot, comment, self.clock(), proved)
            if after := self._approve(vote, code, book, asked, membership, earlier):
                return after
        raise TooSlow

    def _reject(self, vote: Vote, book: PolicyBook, asked: Sequence[ApprovalPolicy]) -> Request:
        with self.works() as work:
            request = _write(work, vote, book, asked)
            after = _decided(work, request, vote, Move.REJECT, book, reason=vote.comment)
        self.wake()
        return after

    def _approve(
        self,
        vote: Vote,
        code: str,
        book: PolicyBook,
        asked: Sequence[ApprovalPolicy],
        membership: Membership,
        earlier: Earlier,
    ) -> Request | None:
        """None: others have voted since their votes were looked at, and must be counted too."""
        people = {each.voter.user_id: each.voter for each in (*earlier.votes, vote)}
        own = next((v for v in earlier.votes if v.voter.user_id == vote.voter.user_id), None)
        with self.works() as work:
            request = work.requests.get(vote.request_id)
            if tuple(work.votes.on(request.id)) != earlier.votes:
                _must_wait_for(vote, work, request)
                return None
            unlinked = {v.voter.user_id for v in earlier.votes if not bound(work, v.voter)}
            counting = {who: now for who, now in earlier.voters.items() if who not in unlinked}
            voters = {**counting, vote.voter.user_id: membership}
            stands = own if own and own.voter.user_id not in unlinked else None
            request = _write(work, vote, book, asked, again=stands is not None)
            if vote.proved:
                said = vote.comment if stands else ""
                self.proving.use(work, vote.voter, code, request.id, comment=said)
            if vote.proved and stands and not stands.proved:
                work.votes.prove(vote)
            request = replace(
                request,
                approvals=policy.approvals(asked),
                tally=tally_of(asked, voters.values(), people),
            )
            if not policy.agreed(asked, voters):
                if stands and policy.counts(asked, stands):
                    raise AlreadyMoved(request, yours=True)
                return _agreed_so_far(work, request, vote)
            after = _decided(work, request, vote, Move.APPROVE, book, reason=request.reason)
        self.wake()
        return after

    def _reviewer(
        self, person: Person, request_id: RequestId, ballot: Ballot, read: Ahead | Memberships
    ) -> tuple[Request, PolicyBook, tuple[ApprovalPolicy, ...], Membership]:
        action = VOTES[ballot]
        with self.works.reading() as work:
            request = work.requests.get(request_id)
            book = work.policies.current()
            asked = asked_of(work, book, request)
            votes = work.votes.on(request_id)
        hats = authority.by_request(person, request)
        authority.bar(action, hats)
        if request.state is not State.PENDING and any(
            vote.voter.user_id == person.user_id for vote in votes
        ):
            raise AlreadyMoved(request, yours=True)
        groups = authority.groups(action, book, asked)
        membership = read.live(person.user_id, groups)
        authority.admit(action, hats | authority.by_groups(book, membership, asked), request)
        must_be_open(request, self.clock())
        return request, book, asked, membership

    def _still_eligible(
        self, request: Request, book: PolicyBook, read: Ahead | Memberships
    ) -> None:
        with self.works.reading() as work:
            account = account_of(work, request)
        arn = request.target.permission_set_arn
        groups = policy.asking_groups(book, account, arn)
        membership = read.live(request.requester.user_id, groups)
        if not policy.eligible(book, membership, account, arn):
            raise RequesterNoLongerEligible(request)

    def _earlier(self, request: Request, asked: tuple[ApprovalPolicy, ...]) -> Earlier:
        with self.works.reading() as work:
            votes = tuple(work.votes.on(request.id))
        groups = policy.approver_groups(asked)

        def now(vote: Vote) -> Membership | None:
            user = self.directory.user(vote.voter.user_id, lane=Lane.PERSON)
            if user is None or not user.enabled:
                return None
            return self.memberships.live(user.id, groups)

        agreeing = [vote for vote in votes if policy.counts(asked, vote)]
        if not agreeing:
            return Earlier(votes)
        with ThreadPoolExecutor(AT_ONCE, "voters") as together:
            found = [each for each in together.map(now, agreeing) if each]
        return Earlier(votes, {each.user_id: each for each in found})


def _write(
    work: Work,
    vote: Vote,
    book: PolicyBook,
    asked: Sequence[ApprovalPolicy],
    *,
    again: bool = False,
) -> Request:
    """The vote itself, once for each person, on a request that is open.

    `again`: they agreed before, and fewer votes may be enough by now, or a proof is asked for; the
    first vote stays as it is.
    """
    request = work.requests.get(vote.request_id)
    _must_wait_for(vote, work, request)
    if work.policies.version() != book.version or asked_of(work, book, request) != asked:
        # The policies changed under our hands, or the account moved: whoever presses again is
        # asked under what holds then, and the vote is not spent.
        raise TooSlow
    must_be_bound(work, vote.voter)
    if again:
        return request
    if not work.votes.add(vote):
        before = work.votes.on(request.id)
        if any(bound(work, each.voter) for each in before if _is_theirs(each, vote)):
            raise AlreadyMoved(request, yours=True)
        work.votes.recast(vote)  # By a Slack user that is theirs no more they agreed to nothing.
    by = acting(vote.voter, Role.APPROVER)
    said = Entry(vote.at, "vote", by, request.id, after=vote.ballot, reason=vote.comment)
    work.journal.write(replace(said, facts=_under(book)))
    return request


def _is_theirs(each: Vote, vote: Vote) -> bool:
    return each.voter.user_id == vote.voter.user_id


def _must_wait_for(vote: Vote, work: Work, request: Request) -> None:
    """Open, or a refusal; whose click came twice in one instant is told that it was their own."""
    if request.state is not State.PENDING:
        whose = {each.voter.user_id for each in work.votes.on(request.id)}
        raise AlreadyMoved(request, yours=vote.voter.user_id in whose)
    must_be_open(request, vote.at)


def _under(book: PolicyBook) -> dict[str, int]:
    return {"policy_version": book.version}


def _decided(
    work: Work, request: Request, vote: Vote, move: Move, book: PolicyBook, *, reason: str
) -> Request:
    after, moved = take(
        request,
        move,
        by=acting(vote.voter, Role.APPROVER),
        at=vote.at,
        note=vote.comment,
        decided_at=vote.at,
        decided_by=vote.voter.name,
        reason=reason,
        policy_version=book.version,
    )
    after = work.requests.save(after)
    telling.record(work, after, moved, facts=_under(book))
    return after


def _agreed_so_far(work: Work, request: Request, vote: Vote) -> Request:
    """One more agrees, and it is not enough yet: what is still missing stands on every card."""
    after = work.requests.save(request)
    told = {
        "voter": vote.voter.name,
        "count": min(len(after.tally.names), after.approvals),
        "needed": after.approvals,
        "besides": [
            {"more": each.missing, "whom": list(each.whom)}
            for each in after.tally.wanted
            if each.missing
        ],
        "comment": vote.comment,
    }
    telling.remark(work, after, "vote", told, at=vote.at)
    return after
