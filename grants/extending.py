"""Extensions: requests for more of an access that is held, and begins again where it ends."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from grants import authority
from grants.authority import Action
from grants.errors import AlreadyExtended, AlreadyMoved, Tampered, UnknownRequest
from grants.lifecycle import moves_from
from grants.model import Move, Person, Request, RequestId, Role, State, Wish
from grants.policy import SHORTEST
from grants.stores import Work


def theirs(work: Work, person: Person, request_id: RequestId) -> Request:
    """The request that is to last longer; NotTheRequester: it is somebody else's."""
    try:
        request = work.requests.get(request_id)
    except UnknownRequest:
        raise Tampered("a request that is not there") from None  # no button of ours names one
    return authority.own(Action.EXTEND, person, request)


def extended(work: Work, person: Person, wish: Wish) -> tuple[Request | None, Wish]:
    """What the wish would extend, and the wish with that target: whatever else it says is no matter."""
    if wish.extends is None:
        return None, wish
    request = theirs(work, person, wish.extends)
    return request, replace(wish, target=request.target, starts_at=None, later=False, knowing=True)


def may_extend(work: Work, request: Request, now: datetime) -> datetime:
    """When its time is over and more of it would begin; or a refusal.

    Asked in the transaction that writes the extension: of two forms one makes it.
    """
    if request.state is not State.ACTIVE or request.ends_at is None or request.ends_at <= now:
        raise AlreadyMoved(request)
    if others := work.requests.extensions_of(request.id):
        raise AlreadyExtended(others[0])
    return request.ends_at


def room(request: Request, longest: timedelta, now: datetime) -> timedelta:
    """How much more: with what is left of it no longer than the longest that may be held."""
    left = request.ends_at - now if request.ends_at else timedelta()
    return _whole_minutes(longest - left)


def has_room(room: timedelta) -> bool:
    """Whether anything can be added."""
    return room >= SHORTEST


def goes_on(request: Request) -> bool:
    """Whether it is held, or its time was over: then what extends it may still begin."""
    return request.state is State.ACTIVE or request.because is State.ENDED


def falls_with(
    extensions: Iterable[Request], move: Move, role: Role
) -> Iterator[tuple[Request, Move]]:
    """What ends together with the access that it was to prolong, and by which move.

    What an approver may only reject stays: whoever approves it yet finds that it fails its last check.
    """
    for extension in extensions:
        for each in set(moves_from(extension.state, role)) & {move, Move.CANCEL}:
            yield extension, each


def _whole_minutes(span: timedelta) -> timedelta:
    return span - span % timedelta(minutes=1)
