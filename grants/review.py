"""Where approvers decide: authorised live, counted under today's policies, written once."""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final

from grants import authority, policy, telling
from grants.approvers import AT_ONCE, tally_of
from grants.asking import fit_comment
from grants.authority import Action
from grants.errors import AlreadyMoved, RequesterNoLongerEligible, TooSlow
from grants.lifecycle import take
from grants.model import (
    Account,
    Ballot,
    GroupId,
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
from grants.ports import Clock, Directory
from grants.proving import Proving
from grants.records import Entry
from grants.stores import Work, Works
from grants.waiting import InTime, account_of, asked_of, must_be_open, nobody_waits

VOTES: Final = {Ballot.APPROVE: Action.APPROVE, Ballot.REJECT: Action.REJECT}
TRIES: Final = 3
"""So often the votes are counted anew where somebody else votes in the same moment."""


@dataclass(frozen=True, slots=True)
class Case:
    """What is decided on, as it stood when it was looked at; once it is written, it has to stand so still."""

    request: Request
    account: Account
    book: PolicyBook
    asked: tuple[ApprovalPolicy, ...]
    """The policies that say who decides."""
    votes: tuple[Vote, ...]
    """So far. Each makes a new version of the request."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """What a vote takes, read or begun to be read since somebody pressed."""

    ahead: Ahead
    book: PolicyBook
    case: Case | None = None
    """Of an approval that is one click; None as well where nothing could be decided on."""

    def asks_for_comment(self, ballot: Ballot) -> bool:
        """Whether one is asked for before it counts: a rejection's always is."""
        return ballot is Ballot.REJECT or self.book.settings.require_decision_comment

    def may_ask_for_proof(self, ballot: Ballot) -> bool:
        """Whether some policy wants one of whoever approves, perhaps of this."""
        return ballot is Ballot.APPROVE and policy.proof_needed(self.book.approval)


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

    def pressed(
        self,
        slack_id: SlackUserId,
        request_id: RequestId | None,
        ballot: Ballot,
        readers: Executor,
    ) -> Pressed:
        """Begun while it is still looked up who votes; decides nothing."""
        ahead = Ahead(self.memberships, self.directory, readers)
        with self.works.reading() as work:
            link = work.people.get(slack_id)
            if link and not link.broken:
                ahead.begin_user(link.user_id)  # AWS is what is waited for: first of all
            pressed = Pressed(ahead, work.policies.current())
            if pressed.asks_for_comment(ballot) or pressed.may_ask_for_proof(ballot):
                return pressed
            found = work.requests.several([request_id]) if request_id else []
            if not found or link is None or link.broken or found[0].state is not State.PENDING:
                return pressed
            request, book = found[0], pressed.book
            if link.user_id == request.requester.user_id:
                return pressed  # It is refused without asking for anybody's groups.
            account = account_of(work, request)
            asked = _asked(book, account, request)
            ahead.begin(link.user_id, authority.groups(Action.APPROVE, book, asked))
            ahead.begin(request.requester.user_id, _asking_groups(book, account, request))
            return replace(pressed, case=Case(request, account, book, asked, _votes(work, request)))

    def may_vote(self, person: Person, request_id: RequestId, ballot: Ballot) -> Request:
        """The request, if this person may decide on it now; or a refusal."""
        case = self._looked_at(request_id)
        self._admitted(person, case, ballot, self.memberships)
        return case.request

    def vote(
        self,
        person: Person,
        request_id: RequestId,
        ballot: Ballot,
        comment: str = "",
        *,
        code: str = "",
        pressed: Pressed | None = None,
        in_time: InTime = nobody_waits,
    ) -> Request:
        """Count this person's vote, authorised live.

        `pressed`: what was read for it since they pressed.
        `code`: what an approval takes where a policy asks for a proof. It is used with the vote.
        """
        comment = comment.strip()
        read = pressed.ahead if pressed else self.memberships
        case = pressed.case if pressed else None
        if case is None or case.request.id != request_id:
            case = self._looked_at(request_id)
        membership = self._admitted(person, case, ballot, read)
        fit_comment(comment, required=case.book.settings.require_decision_comment)
        if ballot is Ballot.REJECT:
            in_time()
            vote = Vote(request_id, person, ballot, comment, self.clock())
            return self._reject(vote, case)
        _must_be_eligible(case, read)
        proved = policy.proof_needed(case.asked)
        if proved:
            in_time()
            self.proving.check(person, code)
        for _ in range(TRIES):
            voters = self._voters(case)
            in_time()
            vote = Vote(request_id, person, ballot, comment, self.clock(), proved)
            if after := self._approve(vote, code, case, membership, voters):
                return after
            with self.works.reading() as work:
                case = replace(case, votes=_votes(work, case.request))
        raise TooSlow

    def _reject(self, vote: Vote, case: Case) -> Request:
        with self.works() as work:
            request = work.requests.get(vote.request_id)
            _write(work, request, vote, case)
            after = _decided(work, request, vote, Move.REJECT, case.book, reason=vote.comment)
        self.wake()
        return after

    def _approve(
        self,
        vote: Vote,
        code: str,
        case: Case,
        membership: Membership,
        earlier: Mapping[UserId, Membership],
    ) -> Request | None:
        """None: others have voted since their votes were looked at, and must be counted too."""
        asked = case.asked
        people = {each.voter.user_id: each.voter for each in (*case.votes, vote)}
        own = next((v for v in case.votes if v.voter.user_id == vote.voter.user_id), None)
        with self.works() as work:
            request = work.requests.get(vote.request_id)
            if _others_have_voted(work, request, case):
                _must_wait_for(vote, work, request)
                return None
            unlinked = {v.voter.user_id for v in case.votes if not bound(work, v.voter)}
            counting = {who: now for who, now in earlier.items() if who not in unlinked}
            voters = {**counting, vote.voter.user_id: membership}
            stands = own if own and own.voter.user_id not in unlinked else None
            _write(work, request, vote, case, again=stands is not None)
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
            after = _decided(work, request, vote, Move.APPROVE, case.book, reason=request.reason)
        self.wake()
        return after

    def _looked_at(self, request_id: RequestId) -> Case:
        with self.works.reading() as work:
            request, book = work.requests.get(request_id), work.policies.current()
            account = account_of(work, request)
            asked = _asked(book, account, request)
            return Case(request, account, book, asked, _votes(work, request))

    def _admitted(
        self, person: Person, case: Case, ballot: Ballot, read: Ahead | Memberships
    ) -> Membership:
        """Their groups, if this person may decide on it now; or a refusal."""
        action, request = VOTES[ballot], case.request
        hats = authority.by_request(person, request)
        authority.bar(action, hats)
        if request.state is not State.PENDING and any(
            vote.voter.user_id == person.user_id for vote in case.votes
        ):
            raise AlreadyMoved(request, yours=True)
        membership = read.live(person.user_id, authority.groups(action, case.book, case.asked))
        hats |= authority.by_groups(case.book, membership, case.asked)
        authority.admit(action, hats, request)
        must_be_open(request, self.clock())
        return membership

    def _voters(self, case: Case) -> dict[UserId, Membership]:
        """Who agreed so far, and the groups they are in now; whoever is disabled counts no more.

        Nor does whose Slack user is theirs no more: that is looked at when the votes are counted.
        """
        groups = policy.approver_groups(case.asked)

        def now(vote: Vote) -> Membership | None:
            user = self.directory.user(vote.voter.user_id, lane=Lane.PERSON)
            if user is None or not user.enabled:
                return None
            return self.memberships.live(user.id, groups)

        agreeing = [vote for vote in case.votes if policy.counts(case.asked, vote)]
        if not agreeing:
            return {}
        with ThreadPoolExecutor(AT_ONCE, "voters") as together:
            found = [each for each in together.map(now, agreeing) if each]
        return {each.user_id: each for each in found}


def _asked(book: PolicyBook, account: Account, request: Request) -> tuple[ApprovalPolicy, ...]:
    return policy.approval_policies(book, account, request.target.permission_set_arn)


def _votes(work: Work, request: Request) -> tuple[Vote, ...]:
    return tuple(work.votes.on(request.id))


def _others_have_voted(work: Work, request: Request, case: Case) -> bool:
    if request.version == case.request.version:
        return False
    return _votes(work, request) != case.votes


def _asking_groups(book: PolicyBook, account: Account, request: Request) -> frozenset[GroupId]:
    """That decide whether the requester may have it."""
    return policy.asking_groups(book, account, request.target.permission_set_arn)


def _must_be_eligible(case: Case, read: Ahead | Memberships) -> None:
    """They were, when they asked."""
    request = case.request
    groups = _asking_groups(case.book, case.account, request)
    membership = read.live(request.requester.user_id, groups)
    arn = request.target.permission_set_arn
    if not policy.eligible(case.book, membership, case.account, arn):
        raise RequesterNoLongerEligible(request)


def _write(work: Work, request: Request, vote: Vote, case: Case, *, again: bool = False) -> None:
    """The vote itself, once for each person, on a request that is open.

    `again`: they agreed before, and fewer votes may be enough by now, or a proof is asked for; the
    first vote stays as it is.
    """
    book = case.book
    _must_wait_for(vote, work, request)
    if work.policies.version() != book.version or asked_of(work, book, request) != case.asked:
        # The policies changed under our hands, or the account moved: whoever presses again is
        # asked under what holds then, and the vote is not spent.
        raise TooSlow
    must_be_bound(work, vote.voter)
    if again:
        return
    if not work.votes.add(vote):
        before = work.votes.on(request.id)
        if any(bound(work, each.voter) for each in before if _is_theirs(each, vote)):
            raise AlreadyMoved(request, yours=True)
        work.votes.recast(vote)  # By a Slack user that is theirs no more they agreed to nothing.
    by = acting(vote.voter, Role.APPROVER)
    said = Entry(vote.at, "vote", by, request.id, after=vote.ballot, reason=vote.comment)
    work.journal.write(replace(said, facts=_under(book)))


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
