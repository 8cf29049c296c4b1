"""What is told of sessions that are cut: the facts, what is wrong, and what to do about it."""

from datetime import datetime
from typing import Final

from grants.model import Request
from grants.policy import CutWay
from grants.records import Carrier, Cut

LOST: Final = "something went wrong that Elevate did not foresee; its log says what"
NOT_KEPT: Final = (
    "what was written was not there when it was read again: somebody else writes the same policy"
)


def facts_of(cut: Cut, request: Request) -> dict[str, object]:
    """For the journal, the thread and the audit channel."""
    facts: dict[str, object] = {
        "request": request.id,
        "account": cut.key.account_id,
        "account_name": request.account_name,
        "permission_set": cut.key.permission_set_arn,
        "permission_set_name": request.permission_set_name,
        "user": cut.key.user_id,
        "before": _written(cut.before),
        "until": _written(cut.until),
        "credentials_until": _written(request.credentials_until),
    }
    return {**facts, "scp": cut.scp} if cut.scp else facts


def _written(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def named(carrier: Carrier) -> str:
    """The policy, in words."""
    match carrier.way:
        case CutWay.INLINE_POLICY:
            return "the permission set's inline policy"
        case CutWay.SCP:
            return f"the service control policy {carrier.id}"


def not_understood(carrier: Carrier) -> str:
    """It is left alone."""
    return f"{named(carrier)} is none that can be changed without harm, and is left alone"


def no_room(carrier: Carrier) -> str:
    """This one waits until there is."""
    return (
        f"there is no room left in {named(carrier)}: shorten what others wrote there, or wait until"
        " other cuts are over"
    )


def taken_out(carrier: Carrier) -> str:
    """Somebody else has changed it."""
    return f"somebody took the denial out of {named(carrier)}; it is put back"


def missing(carrier: Carrier) -> str:
    """A service control policy is no more: what it denied is let through."""
    return f"{named(carrier)} is not there any more, so that it denies nothing"


def out_of_reach(carrier: Carrier) -> str:
    """It denies nothing in this account."""
    return (
        f"{named(carrier)} is attached neither to the account nor to an OU above it, so that it denies"
        " nothing there: attach it"
    )
