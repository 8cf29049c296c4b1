"""Whether access stayed when a request ended, by what, and until when."""

from grants.activity import Stay
from grants.model import Move, Request, RequestId
from grants.stores import Work


def stay(work: Work, request: Request) -> Stay | None:
    """None: it went with the request, or the request has not ended."""
    if request.ended_at is None:
        return None
    if request.standing:
        return Stay(by="")
    other = _handed_to(work, request)
    return _until(work, other, first=request.id) if other else None


def _until(work: Work, other: Request, *, first: RequestId) -> Stay:
    """When it was handed on again, as long as the last of them had it."""
    by, known = other.id, {first}
    while other.ended_at and not other.standing:
        known.add(other.id)
        following = _handed_to(work, other)
        if following is None or following.id in known:
            return Stay(by, other.ended_at)
        other = following
    return Stay(by)


def _handed_to(work: Work, request: Request) -> Request | None:
    """The grant that the journal says went on holding it."""
    lines = work.journal.of(request.id)
    gone = (line.entry for line in lines if line.entry.event == f"request.{Move.GONE}")
    found = next(((entry.facts or {}).get("held_by") for entry in gone), None)
    return work.requests.get(RequestId(found)) if found else None


def unseen(work: Work, request: Request) -> bool:
    """Whether there was access that went before it was seen to be there: it is looked up all the same."""
    return request.active_at is None and work.activities.get(request.id) is not None
