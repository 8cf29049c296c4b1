"""Where people bring a request to its end: cancelled, given back, revoked."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from grants import authority, cutting, policy, telling
from grants.asking import fit_reason
from grants.authority import Action
from grants.errors import AlreadyMoved, NoCut
from grants.extending import falls_with
from grants.holding import nudge
from grants.lifecycle import moves_from, take
from grants.model import Actor, Move, Person, Request, RequestId, Role, State, acting
from grants.people import Memberships, as_of_now
from grants.ports import Clock, Work, Works
from grants.waiting import InTime, Still, always, asked_of, must_be_open, nobody_waits


@dataclass(frozen=True, slots=True)
class Closing:
    """Works at any time: also for whoever has lost eligibility, or under policies long gone."""

    works: Works
    memberships: Memberships
    clock: Clock
    wake: Callable[[], None]

    def cancel(self, person: Person, request_id: RequestId) -> Request:
        """The requester takes back what nobody has decided yet."""
        return self._by_requester(Action.CANCEL, person, request_id, Move.CANCEL)

    def end(self, person: Person, request_id: RequestId) -> Request:
        """The requester gives the access back before its time."""
        return self._by_requester(Action.END, person, request_id, Move.END)

    def _by_requester(
        self, action: Action, person: Person, request_id: RequestId, move: Move
    ) -> Request:
        now = self.clock()
        with self.works() as work:
            request = authority.own(action, person, work.requests.get(request_id))
            if move is Move.CANCEL:
                must_be_open(request, now)
            by = replace(acting(person, Role.REQUESTER), name=request.requester.name)
            after = _close(work, request, move, by=by, at=now, reason="")
        self.wake()
        return after

    def may_revoke(self, person: Person, request_id: RequestId) -> tuple[Request, Actor]:
        """The request and the role by which this person may revoke it now; or a refusal."""
        with self.works.reading() as work:
            request = work.requests.get(request_id)
            book = work.policies.current()
            asked = asked_of(work, book, request)
        groups = authority.groups(Action.REVOKE, book, asked)
        membership = self.memberships.live(person.user_id, groups)
        hats = authority.by_request(person, request) | authority.by_groups(book, membership, asked)
        by = acting(person, authority.admit(Action.REVOKE, hats, request))
        if Move.REVOKE not in moves_from(request.state, by.role):
            raise AlreadyMoved(request)
        return request, by

    def may_cut(self, request: Request) -> bool:
        """Whether the sessions that it has left open can be cut as well."""
        with self.works.reading() as work:
            return not request.standing and _cuts_on(work)

    def revoke(
        self,
        person: Person,
        request_id: RequestId,
        reason: str,
        *,
        cut: bool = False,
        in_time: InTime = nobody_waits,
    ) -> Request:
        """An approver of it, or an administrator, takes the access away.

        `cut`: and the sessions that are open already.
        """
        fit_reason(reason)
        still = as_of_now(self.works, person)
        _, by = self.may_revoke(person, request_id)
        in_time()
        return self.revoke_as(by, request_id, reason, cut=cut, still=still)

    def revoke_as(
        self,
        by: Actor,
        request_id: RequestId,
        reason: str,
        *,
        cut: bool = False,
        still: Still = always,
    ) -> Request:
        """The same for an actor whose role is settled: the operator at the command line."""
        fit_reason(reason)
        with self.works() as work:
            still(work)
            request = work.requests.get(request_id)
            if cut and (request.standing or not _cuts_on(work)):
                raise NoCut(request.standing)
            after = _close(
                work, request, Move.REVOKE, by=by, at=self.clock(), reason=reason.strip(), cut=cut
            )
        self.wake()
        return after


def _cuts_on(work: Work) -> bool:
    return work.policies.current().settings.revoke_sessions == policy.INLINE_POLICY


def _close(
    work: Work,
    request: Request,
    move: Move,
    *,
    by: Actor,
    at: datetime,
    reason: str,
    cut: bool = False,
) -> Request:
    """A move that ends a request or begins its end; where AWS holds something, AWS is next.

    Whoever takes the access away or gives it back does so for the time by which it was to be extended too.
    """
    extensions = work.requests.extensions_of(request.id)  # locked before their assignment
    after, moved = take(request, move, by=by, at=at, note=reason, closed_by=by.name, reason=reason)
    after = work.requests.save(after)
    cut = cut and after.state is State.REVOKING
    telling.record(work, after, moved, facts={"cut": True} if cut else None)
    if after.state is State.REVOKING:
        nudge(work, after.key, at=at)
    if cut:
        cutting.begin(work, after, at=at)
    for extension, its in falls_with(extensions, move, by.role):
        _close(work, extension, its, by=by, at=at, reason=reason)
    return after
