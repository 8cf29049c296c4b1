"""Where people ask, decide and hand back: each use case reads live, decides, and commits once."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from grants import asking, policy, telling
from grants.approvers import (
    ASKED_DIRECTLY,
    Approvers,
    approvers_of,
    direct_places,
    places,
    spelled,
)
from grants.errors import (
    AlreadyHeld,
    AlreadyMoved,
    AwsFault,
    Field,
    Flaw,
    FormTakenError,
    NotAllowed,
    NotAnApprover,
    NotTheRequester,
    OwnRequest,
    Problem,
    RequesterNoLongerEligible,
    TooSlow,
    Unfit,
)
from grants.holding import nudge
from grants.lifecycle import moves_from, take
from grants.model import (
    Account,
    Actor,
    Ballot,
    Catalogue,
    Key,
    Lane,
    Membership,
    Move,
    Moved,
    Person,
    Place,
    Request,
    RequestId,
    Role,
    State,
    Target,
    User,
    UserId,
    Vote,
    Wish,
    acting,
)
from grants.offering import Offers, in_reach
from grants.people import Memberships
from grants.policy import ApprovalPolicy, PolicyBook
from grants.ports import Clock, Directory, Entry, IdentityCenter, Work, Works
from grants.tickets import link_to

_APART: Final = frozenset({Place.APPROVER, Place.REQUESTER})
CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_id() -> RequestId:
    """Eight random letters that cannot be mistaken for each other when read aloud."""
    return RequestId("".join(secrets.choice(CROCKFORD) for _ in range(8)))


def _in_time() -> None:
    """Nobody is waiting."""


@dataclass(frozen=True, slots=True)
class Desk:
    """The use cases of people. Who they are is settled before they come here.

    `in_time`, where a use case takes it, is called right before the commit and raises TooSlow
    when the answer could no longer reach the person.
    """

    works: Works
    directory: Directory
    identity_center: IdentityCenter
    memberships: Memberships
    offers: Offers
    clock: Clock
    wake: Callable[[], None]
    """Tells the schedule that something may have become due."""
    new_id: Callable[[], RequestId] = new_id

    # Asking

    def ask(self, person: Person, wish: Wish, *, in_time: Callable[[], None] = _in_time) -> Request:
        """Record what this person asks for. Unfit: with every problem; AlreadyHeld: once."""
        with self.works.reading() as work:
            if known := work.requests.by_form(wish.form_id):
                return known
            book, catalogue = work.policies.current(), work.catalogue.load()
            open_requests = work.requests.open_of(person.user_id)
        now = self.clock()
        membership = self.memberships.live(person.user_id, policy.eligibility_groups(book))
        target, account, matching = _offered(book, catalogue, membership, wish)
        bound = policy.longest(book, matching) if matching else book.settings.max_duration
        read = asking.check(wish, book.settings, longest=bound, now=now)
        problems = list(read.problems)
        if open_requests >= book.settings.max_open_requests:
            limit = book.settings.max_open_requests
            problems.append(Problem(Field.TARGET, Flaw.TOO_MANY_OPEN, limit))
        if target is None or account is None or catalogue is None:
            flaw = Flaw.NOT_OFFERED if wish.target else Flaw.MISSING
            problems.insert(0, Problem(Field.TARGET, flaw))
            raise Unfit(tuple(problems))
        needed = policy.approval_needed(book, matching)
        asked = policy.approval_policies(book, account, target.permission_set_arn)
        least = policy.approvals(asked)
        approvers = self._approvers(asked, person, needed=needed, enough=least)
        apart = self._directly(policy.without_channel(book, asked), person, needed=needed)
        if needed and len(approvers.people) < least:
            whom = spelled(book.settings.admins)
            problems.append(Problem(Field.TARGET, Flaw.NO_APPROVER, whom=whom))
        if problems:
            raise Unfit(tuple(problems))
        if not wish.knowing:
            self._warn_if_held(person, target, catalogue)
        request = _request(
            self.new_id(), person, wish, read.duration, target, catalogue, book, approvers,
            needed=needed, approvals=least, now=now,
        )  # fmt: skip
        in_time()
        try:
            return self._ask(request, asked, apart)
        except FormTakenError as taken:
            return taken.request

    def _approvers(
        self, asked: tuple[ApprovalPolicy, ...], person: Person, *, needed: bool, enough: int
    ) -> Approvers:
        if not needed:
            return Approvers((), ())
        return approvers_of(self.directory, asked, without=person.user_id, enough=enough)

    def _directly(
        self, asked: tuple[ApprovalPolicy, ...], person: Person, *, needed: bool
    ) -> tuple[User, ...]:
        return self._approvers(asked, person, needed=needed, enough=ASKED_DIRECTLY).people

    def _ask(
        self, request: Request, asked: tuple[ApprovalPolicy, ...], apart: tuple[User, ...]
    ) -> Request:
        by = acting(request.requester, Role.REQUESTER)
        with self.works() as work:
            if known := work.requests.by_form(request.form_id):
                return known
            work.requests.add(request)
            book = work.policies.current()
            where = places(work, book, asked, apart)
            where = where or [(Place.REQUESTER, str(request.requester.slack_id))]
            where.append((Place.DIRECT, str(request.requester.slack_id)))
            moved = Moved(request.id, Move.ASK, None, request.state, by, request.asked_at)
            telling.hang(work, request, where, moved)
        self.wake()
        return request

    def ask_directly(self, request_id: RequestId) -> bool:
        """No channel took the card: each approver is asked directly. Whether anybody is missed.

        Where there is nobody to ask, the requester's direct messages hold the thread.
        """
        with self.works.reading() as work:
            request = work.requests.get(request_id)
            asked = self._asked(work, work.policies.current(), request)
        people = self._directly(asked, request.requester, needed=request.approval_needed)
        with self.works() as work:
            request = work.requests.get(request_id)
            if any(copy.place in _APART for copy in work.copies.of(request_id)):
                return True  # Two channels were given up at the same time.
            where = direct_places(work, people)
            otherwise = [(Place.REQUESTER, str(request.requester.slack_id))]
            telling.hang_late(work, request, where or otherwise, at=self.clock())
        self.wake()
        return bool(where) or not request.approval_needed

    def _warn_if_held(self, person: Person, target: Target, catalogue: Catalogue) -> None:
        try:
            assigned = self.identity_center.assigned(
                target.account_id, target.permission_set_arn, lane=Lane.PERSON
            )
            through = bool(
                assigned.groups
                and self.directory.member_of(person.user_id, assigned.groups, lane=Lane.PERSON)
            )
        except AwsFault:
            return  # A courtesy: the grant itself looks again before it creates anything.
        if person.user_id not in assigned.users and not through:
            return
        with self.works.reading() as work:
            ours = [
                other
                for other in work.requests.of_key(_key(person.user_id, target))
                if not other.standing
            ]
        if ours and not through:
            return
        account = catalogue.accounts[target.account_id]
        permission_set = catalogue.permission_sets[target.permission_set_arn]
        raise AlreadyHeld(account.name, permission_set.name, through)

    # Deciding

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
        in_time: Callable[[], None] = _in_time,
    ) -> Request:
        """Count this person's vote, authorised live."""
        comment = comment.strip()
        request, book, asked, membership = self._reviewer(person, request_id)
        _fit_comment(comment, required=book.settings.require_decision_comment)
        voters = {person.user_id: membership}
        if ballot is Ballot.APPROVE:
            self._still_eligible(request, book)
            voters |= self._earlier_voters(request, asked)
        in_time()
        return self._count(Vote(request_id, person, ballot, comment, self.clock()), book, voters)

    def _count(self, vote: Vote, book: PolicyBook, voters: Mapping[UserId, Membership]) -> Request:
        by = acting(vote.voter, Role.APPROVER)
        with self.works() as work:
            request = work.requests.get(vote.request_id)
            _must_be_open(request, vote.at)
            if work.policies.version() != book.version:
                raise TooSlow  # The policies changed under our hands: pressed again, it is right.
            if not work.votes.add(vote):
                raise AlreadyMoved(request)
            work.journal.write(
                Entry(vote.at, "vote", by, request.id, after=vote.ballot, reason=vote.comment)
            )
            asked = self._asked(work, book, request)
            if vote.ballot is Ballot.APPROVE and not policy.agreed(asked, voters):
                told = {"voter": vote.voter.name, "count": len(voters),
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
            )
            after = work.requests.save(after)
            telling.record(work, after, moved)
        self.wake()
        return after

    def _reviewer(
        self, person: Person, request_id: RequestId
    ) -> tuple[Request, PolicyBook, tuple[ApprovalPolicy, ...], Membership]:
        with self.works.reading() as work:
            request = work.requests.get(request_id)
            book = work.policies.current()
            asked = self._asked(work, book, request)
        if request.requester.user_id == person.user_id:
            raise OwnRequest
        membership = self.memberships.live(person.user_id, policy.approver_groups(asked))
        if not policy.may_approve(asked, membership):
            raise NotAnApprover(request.may_approve)
        _must_be_open(request, self.clock())
        return request, book, asked, membership

    def _asked(self, work: Work, book: PolicyBook, request: Request) -> tuple[ApprovalPolicy, ...]:
        account = _account(work, request)
        return policy.approval_policies(book, account, request.target.permission_set_arn)

    def _still_eligible(self, request: Request, book: PolicyBook) -> None:
        with self.works.reading() as work:
            account = _account(work, request)
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

    # Ending

    def cancel(self, person: Person, request_id: RequestId) -> Request:
        """The requester takes back what nobody has decided yet."""
        return self._by_requester(person, request_id, Move.CANCEL)

    def end(self, person: Person, request_id: RequestId) -> Request:
        """The requester gives the access back before its time."""
        return self._by_requester(person, request_id, Move.END)

    def _by_requester(self, person: Person, request_id: RequestId, move: Move) -> Request:
        now = self.clock()
        with self.works() as work:
            request = work.requests.get(request_id)
            if request.requester.user_id != person.user_id:
                raise NotTheRequester
            if move is Move.CANCEL:
                _must_be_open(request, now)
            by = acting(person, Role.REQUESTER)
            after = _close(work, request, move, by=by, at=now, reason="")
        self.wake()
        return after

    def may_revoke(self, person: Person, request_id: RequestId) -> tuple[Request, Actor]:
        """The request and the role by which this person may revoke it now; or a refusal."""
        with self.works.reading() as work:
            request = work.requests.get(request_id)
            book = work.policies.current()
            asked = self._asked(work, book, request)
        groups = book.settings.admins.group_ids | policy.approver_groups(asked)
        membership = self.memberships.live(person.user_id, groups)
        if policy.administrates(book, membership):
            by = acting(person, Role.ADMINISTRATOR)
        elif policy.may_approve(asked, membership):
            by = acting(person, Role.APPROVER)
        else:
            raise NotAllowed("approver or administrator")
        if Move.REVOKE not in moves_from(request.state, by.role):
            raise AlreadyMoved(request)
        return request, by

    def revoke(
        self,
        person: Person,
        request_id: RequestId,
        reason: str,
        *,
        in_time: Callable[[], None] = _in_time,
    ) -> Request:
        """An approver of it, or an administrator, takes the access away."""
        _fit_reason(reason)
        _, by = self.may_revoke(person, request_id)
        in_time()
        return self.revoke_as(by, request_id, reason)

    def revoke_as(self, by: Actor, request_id: RequestId, reason: str) -> Request:
        """The same for an actor whose role is settled: the operator at the command line."""
        _fit_reason(reason)
        with self.works() as work:
            request = work.requests.get(request_id)
            after = _close(
                work, request, Move.REVOKE, by=by, at=self.clock(), reason=reason.strip()
            )
        self.wake()
        return after


def _offered(
    book: PolicyBook, catalogue: Catalogue | None, membership: Membership, wish: Wish
) -> tuple[Target | None, Account | None, tuple[policy.EligibilityPolicy, ...]]:
    if wish.target is None or catalogue is None:
        return None, None, ()
    account = catalogue.accounts.get(wish.target.account_id)
    arn = wish.target.permission_set_arn
    if account is None or not in_reach(catalogue, account, arn):
        return None, None, ()
    matching = policy.eligible(book, membership, account, arn)
    return (wish.target, account, matching) if matching else (None, None, ())


def _request(
    request_id: RequestId,
    person: Person,
    wish: Wish,
    duration: timedelta,
    target: Target,
    catalogue: Catalogue,
    book: PolicyBook,
    approvers: Approvers,
    *,
    needed: bool,
    approvals: int,
    now: datetime,
) -> Request:
    permission_set = catalogue.permission_sets[target.permission_set_arn]
    return Request(
        id=request_id,
        requester=person,
        target=target,
        account_name=catalogue.accounts[target.account_id].name,
        permission_set_name=permission_set.name,
        session_duration=permission_set.session_duration,
        duration=duration,
        starts_at=wish.starts_at if wish.starts_at and wish.starts_at > now else None,
        justification=wish.justification.strip(),
        ticket=wish.ticket.strip(),
        ticket_url=link_to(book.settings.ticket_url, wish.ticket.strip()),
        form_id=wish.form_id,
        asked_at=now,
        expires_at=now + book.settings.pending_expiry,
        approval_needed=needed,
        approvals=approvals,
        may_approve=approvers.words,
        policy_version=book.version,
        state=State.PENDING if needed else State.SCHEDULED,
    )


def _close(
    work: Work, request: Request, move: Move, *, by: Actor, at: datetime, reason: str
) -> Request:
    """A move that ends a request or begins its end; where AWS holds something, AWS is next."""
    after, moved = take(request, move, by=by, at=at, note=reason, closed_by=by.name, reason=reason)
    after = work.requests.save(after)
    telling.record(work, after, moved)
    if after.state is State.REVOKING:
        nudge(work, after.key, at=at)
    return after


def _must_be_open(request: Request, now: datetime) -> None:
    """Pending, and still in time: the clock may be a moment behind with writing that it is not."""
    if request.state is not State.PENDING:
        raise AlreadyMoved(request)
    if now >= request.expires_at:
        raise AlreadyMoved(replace(request, state=State.EXPIRED))


def _account(work: Work, request: Request) -> Account:
    """Where the account stands, as last read; bare where it is not in the catalogue any more."""
    catalogue, account_id = work.catalogue.load(), request.target.account_id
    known = catalogue.accounts.get(account_id) if catalogue else None
    return known or Account(account_id, request.account_name)


def _key(user_id: UserId, target: Target) -> Key:
    return Key(user_id, target.account_id, target.permission_set_arn)


def _fit_comment(comment: str, *, required: bool) -> None:
    if required and not comment:
        raise Unfit((Problem(Field.COMMENT, Flaw.MISSING),))
    if len(comment) > asking.COMMENT_LIMIT:
        raise Unfit((Problem(Field.COMMENT, Flaw.TOO_LONG, asking.COMMENT_LIMIT),))


def _fit_reason(reason: str) -> None:
    if not reason.strip():
        raise Unfit((Problem(Field.REASON, Flaw.MISSING),))
    if len(reason.strip()) > asking.COMMENT_LIMIT:
        raise Unfit((Problem(Field.REASON, Flaw.TOO_LONG, asking.COMMENT_LIMIT),))
