"""What every listener is handed: the desk, the people, and how things are drawn here."""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

from blocks.text import Style
from grants.desk import Desk
from grants.offering import Offers
from grants.people import Memberships
from grants.ports import Works
from handlers.errors import Net
from handlers.people import People


@dataclass(frozen=True, slots=True)
class Front:
    """Put together once, in `bot`."""

    desk: Desk
    people: People
    works: Works
    memberships: Memberships
    offers: Offers
    style: Style
    net: Net
    in_time: Callable[[], Callable[[], None]]
    """Starts the two seconds in which a decision must be committed."""
    later: Executor
    """For what must not keep a listener waiting."""
