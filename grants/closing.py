"""Where people bring a request to its end: cancelled, given back, revoked."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from grants import authority, cutting, telling
from grants.asking import fit_reason
from grants.authority import Action
from grants.errors import AlreadyMoved, NoCut, Uncut
from grants.extending import falls_with
from grants.holding import nudge
from grants.lifecycle import moves_from, take
from grants.model import Actor, Move, Person, Request, RequestId, Role, State, acting
from grants.people import Memberships, as_of_now
from grants.policy import CutWay
from grants.ports import Clock
from grants.stores import Work, Works
from grants.waiting import InTime, Still, always, asked_of, must_be_open, nobody_waits


@dataclass(frozen=True, slots=True)
class Closing:
    """Works at any time: also for whoever has lost eligibility, or under policies long gone."""

    works: Works
    memberships: Memberships
    clock: Clock
    wake: Callable[[], None]
    scp: str = ""
    """The service control policy by which sessions are cut, where the policies say so."""

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
            return _uncut(work, request, self.scp) is None

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
            request = work.requests.get(request_id)
            still(work)  # after the row is locked: it looks at the policies
            if cut and (why := _uncut(work, request, self.scp)):
                raise NoCut(why)
            scp = self.scp if _way(work) is CutWay.SCP else ""
            after = _close(
                work,
                request,
                Move.REVOKE,
                by=by,
                at=self.clock(),
                reason=reason.strip(),
                cut=cut,
                scp=scp,
            )
        self.wake()
        return after


def _way(work: Work) -> CutWay | None:
    """How sessions are cut now; None: they are not."""
    said = work.policies.current().settings.revoke_sessions
    return CutWay(said) if said in set(CutWay) else None


def _uncut(work: Work, request: Request, scp: str) -> Uncut | None:
    """Why its sessions cannot be cut; None: they can."""
    way = _way(work)
    if request.standing:
        return Uncut.STANDING
    if way is not CutWay.SCP:
        return Uncut.OFF if way is None else None
    if not scp:
        return Uncut.UNNAMED
    catalogue = work.catalogue.load()
    managed = catalogue.instance.management_account if catalogue else ""
    return Uncut.BEYOND if request.target.account_id == managed else None


def _close(
    work: Work,
    request: Request,
    move: Move,
    *,
    by: Actor,
    at: datetime,
    reason: str,
    cut: bool = False,
    scp: str = "",
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
        cutting.begin(work, after, at=at, scp=scp)
    for extension, its in falls_with(extensions, move, by.role):
        _close(work, extension, its, by=by, at=at, reason=reason)
    return after
