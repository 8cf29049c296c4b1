"""How late a move came: by how much the clock, or AWS, missed the instant at which it was wanted."""

from datetime import datetime, timedelta

from grants.model import Move, Request, State


def lateness(request: Request, move: Move, at: datetime) -> timedelta | None:
    """Of the request as it is after the move. None: nothing says when this move was to come.

    Access that was taken away by a person has no end that could be missed.
    """
    match move:
        case Move.START | Move.CONFIRM:
            wanted: datetime | None = begins_at(request)
        case Move.FINISH:
            wanted = request.ends_at
        case Move.GONE if request.state is State.ENDED:
            wanted = request.ends_at
        case _:
            return None
    return None if wanted is None else max(at - wanted, timedelta())


def begins_at(request: Request) -> datetime:
    """When access is wanted: as soon as it is decided, or at its start if that is later."""
    decided = request.decided_at or request.asked_at
    return max(decided, request.starts_at) if request.starts_at else decided
