"""What every listener is handed: the desk, the people, and how things are drawn here."""

from concurrent.futures import Executor
from dataclasses import dataclass

from blocks.text import Style
from grants.closing import Closing
from grants.desk import Desk
from grants.offering import Offers
from grants.people import Memberships
from grants.ports import Works
from grants.review import Review
from handlers.errors import Net
from handlers.people import People
from handlers.promptly import Promptly


@dataclass(frozen=True, slots=True)
class Front:
    """Put together once, in `bot`."""

    desk: Desk
    review: Review
    closing: Closing
    people: People
    works: Works
    memberships: Memberships
    offers: Offers
    style: Style
    net: Net
    promptly: Promptly
    """For a vote or a form that is sent: decided, or said not to be, before Slack stops waiting."""
    later: Executor
    """For what must not keep a listener waiting."""
