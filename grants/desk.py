"""Where people ask: everything is read live and checked whole, then written once."""

import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from grants import asking, durations, extending, policy, telling
from grants.approvers import (
    ASKED_DIRECTLY,
    Approvers,
    approvers_of,
    direct_places,
    people_of,
    places,
    tally_of,
)
from grants.errors import (
    AlreadyHeld,
    AskedAlready,
    AwsFault,
    Field,
    Flaw,
    FormTakenError,
    Problem,
    Tampered,
    Unfit,
)
from grants.model import (
    Account,
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
    Tally,
    Target,
    User,
    UserId,
    Wish,
    acting,
)
from grants.offering import Offers, in_reach
from grants.people import Memberships
from grants.policy import ApprovalPolicy, PolicyBook, PolicySettings
from grants.ports import Clock, Directory, IdentityCenter
from grants.stores import Work, Works
from grants.tickets import link_to
from grants.waiting import InTime, asked_of, nobody_waits

_APART: Final = frozenset({Place.APPROVER, Place.REQUESTER})
CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_id() -> RequestId:
    """Eight random letters that cannot be mistaken for each other when read aloud."""
    return RequestId("".join(secrets.choice(CROCKFORD) for _ in range(8)))


@dataclass(frozen=True, slots=True)
class Desk:
    """Takes what people ask for. Who they are is settled before they come here."""

    works: Works
    directory: Directory
    identity_center: IdentityCenter
    memberships: Memberships
    offers: Offers
    clock: Clock
    wake: Callable[[], None]
    """Tells the schedule that something may have become due."""
    new_id: Callable[[], RequestId] = new_id

    def ask(self, person: Person, wish: Wish, *, in_time: InTime = nobody_waits) -> Request:
        """Record what this person asks for. Unfit: with every problem; AlreadyHeld: once."""
        now = self.clock()
        with self.works.reading() as work:
            prolonged, wish = extending.extended(work, person, wish)
            if known := work.requests.by_form(wish.form_id):
                return _same(known, person, wish)
            if prolonged:
                wish = replace(wish, starts_at=extending.may_extend(work, prolonged, now))
            book, catalogue = work.policies.current(), work.catalogue.load()
            too_many = _too_many(work, person, book.settings, now)
        membership = self.memberships.live(person.user_id, policy.eligibility_groups(book))
        target, account, matching = _offered(book, catalogue, membership, wish)
        bound = policy.longest(book, matching) if matching else book.settings.max_duration
        if prolonged:
            bound = extending.room(prolonged, bound, now)
        read = asking.check(wish, book.settings, longest=bound, now=now)
        problems = [*read.problems, *too_many]
        if target is None or account is None or catalogue is None:
            problems.insert(0, Problem(Field.TARGET, _why_not(book, catalogue, membership, wish)))
            raise Unfit(tuple(problems))
        if policy.untold(book, membership, account, target.permission_set_arn):
            problems.insert(0, Problem(Field.TARGET, Flaw.TAGS_UNREAD))
            raise Unfit(tuple(problems))
        needed = policy.approval_needed(book, matching)
        asked = policy.approval_policies(book, account, target.permission_set_arn)
        least = policy.approvals(asked)
        unplaced = policy.without_channel(book, asked)
        directly = bool(unplaced) and unplaced == asked
        enough = ASKED_DIRECTLY if directly else least
        approvers = self._approvers(asked, person, needed=needed, enough=enough)
        apart = approvers.people if directly else self._directly(unplaced, person, needed=needed)
        if needed and policy.lacking(asked, approvers.by_policy, approvers.seen):
            whom = book.settings.admins.spelled
            problems.append(Problem(Field.TARGET, Flaw.NO_APPROVER, whom=whom))
        if problems:
            raise Unfit(tuple(problems))
        if not wish.knowing:
            self._warn_if_held(person, target, catalogue)
        request = _request(
            self.new_id(), person, wish, read.duration, target, catalogue, book, approvers,
            needed=needed, asked=asked, now=now,
        )  # fmt: skip
        in_time()
        try:
            return self._ask(request, asked, apart)
        except FormTakenError as taken:
            return _same(taken.request, person, wish)

    def _approvers(
        self, asked: tuple[ApprovalPolicy, ...], person: Person, *, needed: bool, enough: int
    ) -> Approvers:
        if not needed:
            return Approvers((), (), (), ())
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
            prolonged = work.requests.get(request.extends) if request.extends else None
            if known := work.requests.by_form(request.form_id):
                raise FormTakenError(known)
            if prolonged:
                extending.may_extend(work, prolonged, request.asked_at)
            work.requests.add(request)
            book = work.policies.current()
            if too_many := _too_many(
                work, request.requester, book.settings, request.asked_at, added=1
            ):
                raise Unfit(too_many)
            where = places(work, book, asked, apart)
            where = where or [(Place.REQUESTER, str(request.requester.slack_id))]
            where.append((Place.DIRECT, str(request.requester.slack_id)))
            moved = Moved(request.id, Move.ASK, None, request.state, by, request.asked_at)
            telling.hang(work, request, where, moved)
            if prolonged:
                facts = {"extension": request.id, "seconds": int(request.duration.total_seconds())}
                telling.remark(work, prolonged, "extension", facts, at=request.asked_at)
        self.wake()
        return request

    def ask_directly(self, request_id: RequestId) -> None:
        """No channel took the card: each approver is asked directly.

        Where there is nobody to ask, the requester's direct messages hold the thread, and both sides
        that can act are told.
        """
        with self.works.reading() as work:
            request = work.requests.get(request_id)
            asked = asked_of(work, work.policies.current(), request)
        people = self._directly(asked, request.requester, needed=request.approval_needed)
        now = self.clock()
        with self.works() as work:
            request = work.requests.get(request_id)
            if any(copy.place in _APART for copy in work.copies.of(request_id)):
                return  # Two channels were given up at the same time.
            where = direct_places(work, people)
            otherwise = [(Place.REQUESTER, str(request.requester.slack_id))]
            telling.hang_late(work, request, where or otherwise, at=now)
            if not where:
                telling.unasked(work, request, at=now)
        self.wake()

    def administrators(self) -> list[str]:
        """Where administrators read their own messages, by binding or address; read live."""
        with self.works.reading() as work:
            admins = work.policies.current().settings.admins
        people = people_of(self.directory, admins, most=ASKED_DIRECTLY)
        with self.works.reading() as work:
            return [address for _, address in direct_places(work, people)]

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


def _too_many(
    work: Work, person: Person, settings: PolicySettings, now: datetime, *, added: int = 0
) -> tuple[Problem, ...]:
    """`added`: so many are written already, and are not to be one too many."""
    most = settings.max_open_requests
    lately = most * asking.TURNOVER
    is_open = work.requests.open_of(person.user_id, alone=bool(added))
    asked = work.requests.asked_since(person.user_id, now - asking.LATELY)
    wrong = (
        (is_open - added >= most, Flaw.TOO_MANY_OPEN, most),
        (asked - added >= lately, Flaw.TOO_MANY_LATELY, lately),
    )
    return tuple(Problem(Field.TARGET, flaw, limit) for so, flaw, limit in wrong if so)


def _same(request: Request, person: Person, wish: Wish) -> Request:
    """The request that this form has made already, for whom it was made, and with the same in it."""
    if request.requester.user_id != person.user_id:
        raise Tampered("somebody else's form")
    said = (wish.target, wish.justification.strip(), wish.ticket.strip())
    if said != (request.target, request.justification, request.ticket):
        raise AskedAlready(request)
    with suppress(ValueError):
        if durations.parse(wish.duration) == request.duration:
            return request
    raise AskedAlready(request)


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


def _why_not(
    book: PolicyBook, catalogue: Catalogue | None, membership: Membership, wish: Wish
) -> Flaw:
    if wish.target is None:
        return Flaw.MISSING
    account = catalogue.accounts.get(wish.target.account_id) if catalogue else None
    arn = wish.target.permission_set_arn
    if account and catalogue and in_reach(catalogue, account, arn):
        unread = policy.untold(book, membership, account, arn)
        return Flaw.TAGS_UNREAD if unread else Flaw.NOT_OFFERED
    return Flaw.NOT_OFFERED


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
    asked: tuple[ApprovalPolicy, ...],
    now: datetime,
) -> Request:
    permission_set = catalogue.permission_sets[target.permission_set_arn]
    expires_at = now + book.settings.pending_expiry
    remind_at = policy.approvers_reminded_at(book.settings, now, expires_at)
    return Request(
        id=request_id,
        requester=person,
        target=target,
        account_name=catalogue.accounts[target.account_id].name,
        permission_set_name=permission_set.name,
        session_duration=permission_set.session_duration,
        duration=duration,
        starts_at=wish.starts_at if wish.starts_at and wish.starts_at > now else None,
        extends=wish.extends,
        justification=wish.justification.strip(),
        ticket=wish.ticket.strip(),
        ticket_url=link_to(book.settings.ticket_url, wish.ticket.strip()),
        form_id=wish.form_id,
        asked_at=now,
        expires_at=expires_at,
        approval_needed=needed,
        approvals=policy.approvals(asked),
        tally=tally_of(asked) if needed else Tally(),
        may_approve=approvers.words,
        policy_version=book.version,
        state=State.PENDING if needed else State.SCHEDULED,
        remind_at=remind_at if needed else None,
    )


def _key(user_id: UserId, target: Target) -> Key:
    return Key(user_id, target.account_id, target.permission_set_arn)
