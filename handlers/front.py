"""What every listener is handed: the desk, the people, and how things are drawn here."""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

from blocks.text import Style
from grants.auditing import Auditing
from grants.closing import Closing
from grants.desk import Desk
from grants.editing import Editing
from grants.explaining import Explaining
from grants.linking import Linking
from grants.model import Person
from grants.offering import Offers
from grants.people import Ahead, Memberships
from grants.proving import Proving
from grants.reminding import Reminding
from grants.review import Review
from grants.stores import Works
from grants.summing import Looking
from grants.watching import Watch
from handlers.errors import Net
from handlers.exports import Exports
from handlers.indexes import Indexes
from handlers.people import People
from handlers.promptly import Promptly
from handlers.recalled import Recalled
from handlers.showing import Showing
from handlers.strays import Strays
from handlers.turns import Turns
from handlers.verifying import Verifying


@dataclass(frozen=True, slots=True)
class Front:
    """Put together once, in `bot`."""

    desk: Desk
    review: Review
    proving: Proving
    """By one-time codes, where a policy asks for them."""
    closing: Closing
    explaining: Explaining
    editing: Editing
    linking: Linking
    watch: Watch
    """What administrators are to be warned of."""
    reminding: Reminding
    people: People
    works: Works
    memberships: Memberships
    offers: Offers
    indexes: Indexes
    recalled: Recalled
    style: Style
    net: Net
    auditing: Auditing
    exports: Exports
    looking: Looking
    """Reads what sessions did."""
    explained: Turns
    """Of those who have access explained."""
    lookups: Turns
    """For that: AWS may take a minute."""
    verifying: Verifying
    showing: Showing
    """App Home, and its lists as messages."""
    promptly: Promptly
    """For a vote or a form that is sent: decided, or said not to be, before Slack stops waiting."""
    strays: Strays
    readers: Executor
    """For what is read of AWS beside something else."""
    later: Executor
    """For what must not keep a listener waiting: threads of their own."""

    def after(self, body: dict[str, Any], work: Callable[[], None]) -> None:
        """What AWS may be long about, once the listener has shown what it could at once."""
        self.later.submit(self.net.under, work, body)

    def presser(
        self,
        action: dict[str, Any],
        body: dict[str, Any],
        *,
        giving_back: bool = False,
        ahead: Ahead | None = None,
    ) -> Person:
        """Who pressed a button of a message, read now. NotAPerson where there is any doubt.

        Should the message be one that nobody keeps up to date, it is seen to soon; for nobody else.
        """
        person = self.people.whose(body, giving_back=giving_back, ahead=ahead)
        self.later.submit(self.strays.tidy, action, body)
        return person
