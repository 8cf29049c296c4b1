"""Request forms as they were drawn last, shown again while all that they were drawn from stands."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Final

from slack_sdk.models.views import View

from grants.model import GroupId, Membership, Person, UserId
from grants.people import Memberships
from grants.policy import eligibility_groups
from grants.ports import Clock
from grants.records import Newest
from handlers.asked import Asked, is_old

KEPT: Final = 256
"""So many people's, those who opened one last: within a minute it is of use."""


@dataclass(frozen=True, slots=True)
class _Drawn:
    """Nothing that is large: each version of a catalogue would stay with whoever saw it last."""

    view: View
    read_at: datetime
    groups: frozenset[GroupId]
    membership: Membership
    newest: Newest


class Recalled:
    """A new form is the same as the last one, but for people whose groups, requests, policies or
    accounts have changed: one look tells.
    """

    def __init__(
        self,
        newest: Callable[[UserId], Newest | None],
        memberships: Memberships,
        clock: Clock,
    ) -> None:
        """None was drawn yet. `newest`: None, where nobody knows."""
        self._newest = newest
        self._memberships = memberships
        self._clock = clock
        self._drawn: dict[UserId, _Drawn] = {}
        self._lock = Lock()

    def form(self, person: Person) -> View | None:
        """Their form; None: it has to be drawn anew."""
        drawn = self._drawn.get(person.user_id)
        if drawn is None or is_old(drawn.read_at, self._clock()):
            return None
        if self._memberships.lately(person.user_id, drawn.groups) is not drawn.membership:
            return None
        return drawn.view if self._newest(person.user_id) == drawn.newest else None

    def drawn(self, person: Person, asked: Asked, view: View) -> View:
        """This is their form by now."""
        last = asked.last.id if asked.last else None
        drawn = _Drawn(
            view,
            asked.catalogue.read_at,
            eligibility_groups(asked.book),
            asked.membership,
            Newest(asked.book.version, asked.catalogue.version, last),
        )
        with self._lock:
            self._drawn.pop(person.user_id, None)
            while len(self._drawn) >= KEPT:
                self._drawn.pop(next(iter(self._drawn)))
            self._drawn[person.user_id] = drawn
        return view
