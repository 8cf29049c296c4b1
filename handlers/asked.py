"""What the request form is made of."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from grants.model import Catalogue, Membership, Request
from grants.policy import Offer, PolicyBook

OLD: Final = timedelta(minutes=30)
"""It is read every five minutes: whoever misses something is told by when it was there."""


def is_old(read_at: datetime, now: datetime) -> bool:
    """Whether it has to be said when AWS was last read."""
    return now - read_at >= OLD


@dataclass(frozen=True, slots=True)
class Asked:
    """Everything that the form is made of."""

    book: PolicyBook
    catalogue: Catalogue
    membership: Membership
    offer: Offer
    whom: tuple[str, ...]
    """Whom to turn to, if there is nothing to ask for."""
    as_of: datetime | None = None
    """When AWS was last read, where that is long ago."""
    last: Request | None = None
    """What this person asked for last, where that is to be filled in."""
