"""The phrases that the card, the thread and the direct messages share."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from blocks.text import inline, quote, several, shorten, span
from grants.model import AWS, CLOCK, Actor, Request, State

NAME: Final = 250
"""How much of a name stands in a message; AWS's own are far shorter."""

Write = Callable[[str], str]
"""How a typed word is put among ours: as plain text, or escaped for the top-level `text`."""


def seen(words: str) -> str:
    """For plain text objects."""
    return inline(shorten(words, NAME))


def hear(most: int) -> Write:
    """For the top-level `text`."""
    return lambda words: quote(words, min(most, 5 * NAME))


STATES: Final[Mapping[State, tuple[str, str, str]]] = {
    State.PENDING: ("Pending", "waiting for a decision", "⏳"),
    State.SCHEDULED: ("Scheduled", "waiting for its start", "🗓️"),
    State.GRANTING: ("Granting", "AWS has been asked for the access", "⏳"),
    State.ACTIVE: ("Active", "the access is there", "🟢"),
    State.REVOKING: ("Revoking", "the access is still being removed", "⏳"),
    State.ENDED: ("Ended", "its time was over", "🏁"),
    State.REVOKED: ("Revoked", "it was over before its time", "⛔"),
    State.REJECTED: ("Rejected", "no access was given", "❌"),
    State.CANCELLED: ("Cancelled", "the requester took it back", "🚫"),
    State.EXPIRED: ("Expired", "nobody decided in time", "⌛"),
    State.FAILED: ("Failed", "no access is given", "⚠️"),
}
"""The state's word, what it means, and a mark that never stands alone."""

STANDING: Final = "The requester holds this very access already: nothing is created, and nothing will be taken away."

CREDENTIALS: Final = "Credentials already issued may go on working until"


def stays(request: Request, facts: Mapping[str, object]) -> str:
    """Why the access outlives this request, as a sentence; empty: it does not."""
    if request.standing:
        return "The access was there before, and stays."
    if other := facts.get("held_by"):
        return f"The access itself stays for now: request {other} holds it as well."
    return ""


def target(request: Request, write: Write = seen) -> str:
    """`AdministratorAccess on payments-prod`."""
    return f"{write(request.permission_set_name)} on {write(request.account_name)}"


def account(request: Request, write: Write = seen) -> str:
    """`payments-prod (111122223333)`."""
    return f"{write(request.account_name)} ({request.target.account_id})"


def headline(request: Request, write: Write = seen) -> str:
    """`Bob requests AdministratorAccess on payments-prod for 1 h`, or for so long more."""
    asks = f"{write(request.requester.name)} requests {target(request, write)}"
    return f"{asks} for {how_long(request)}"


def how_long(request: Request) -> str:
    """`1 h`, or of an extension `1 h more`."""
    return f"{span(request.duration)}{' more' if request.extends else ''}"


def extends(request: Request) -> str:
    """What it extends, as a sentence; empty: nothing."""
    return f"It extends request {request.extends}." if request.extends else ""


def who(actor: Actor, write: Write = seen) -> str:
    """Who did it, in words."""
    if actor.role is CLOCK.role:
        return "Elevate"
    return "AWS" if actor.role is AWS.role else write(actor.name)


def closer(request: Request, write: Write = seen) -> str:
    """Who or what brought the access to its end, as a sentence without its full stop."""
    by = request.closed_by
    match request.because or request.state:
        case State.FAILED:
            return "It could not be given"
        case State.REVOKED if not by or by == AWS.name:
            return "It was taken away outside Elevate"
        case State.REVOKED if not request.reason:  # Whoever takes it away gives a reason.
            return f"{write(by)} gave it back"
        case State.REVOKED:
            return f"{write(by)} took it away"
        case _:
            return "Its time is over"


def agreement(request: Request, write: Write = seen) -> str:
    """`1 of 2 so far: Eve; besides 1 of: group payments-owners`."""
    names, needed = list(request.tally.names), request.approvals
    so_far = f"{min(len(names), needed)} of {needed} so far"
    agreeing = f": {write(several(names))}" if names else ""
    missing = besides((each.missing, each.whom) for each in request.tally.wanted if each.missing)
    return f"{so_far}{agreeing}{'; ' if missing else ''}{write(missing)}"


def besides(wanted: Iterable[tuple[int, Iterable[str]]]) -> str:
    """`besides 1 of: group payments-owners`, for each policy that must be met by its own."""
    return "; ".join(f"besides {more} of: {', '.join(whom)}" for more, whom in wanted)


def deciders(request: Request, write: Write = seen) -> str:
    """Who agreed, where several did; else who decided."""
    names = list(request.tally.names)
    return write(several(names) if len(names) > 1 else request.decided_by)


def approvers(request: Request, write: Write = seen) -> str:
    """Who may approve; the whole list may be longer than a message."""
    if not request.may_approve:
        return "nobody is named"
    return write("; ".join(request.may_approve))


def no_longer_offered(request: Request, write: Write = seen) -> str:
    """For the form that was to be filled with this request."""
    return f"{target(request, write)} is not offered to you any more. Choose another access."
