"""How removals stand, many on one page: to ask about each costs as much as to take another away."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from grants import changes, pace
from grants.crew import Crew, each
from grants.errors import AwsFault
from grants.model import Assignment, Lane
from grants.ports import Clock, IdentityCenter, Progress
from grants.stores import Works

A_PAGE: Final = 100
"""AWS gives so many at a time. What it says of the order is nothing: the first page has to do."""


@dataclass(slots=True)
class Pages:
    """One for each process. While few removals run, or pages tell nothing of them, each is asked
    about by itself (`grants/engine.py`), which also is how failures are found.
    """

    works: Works
    identity_center: IdentityCenter
    clock: Clock
    crew: Crew
    """A worker of its own: everything that waits for a slot waits for this."""
    crowd: int = pace.CROWD
    wait: timedelta = field(default=pace.PAGES, init=False)
    helped: bool = field(default=True, init=False)
    """The last page told of some that were still under way: the others may wait for the next."""
    next_at: datetime | None = field(default=None, init=False)
    """None: nobody reads pages at the moment."""
    processes: int = field(default=1, init=False)
    noted: set[str] = field(default_factory=set, init=False)
    """Operations that were told to be done. Each is told once: what is listed all the same is followed by itself."""
    ran: set[str] = field(default_factory=set, init=False)
    """Operations that were under way when a page was read, and on none so far."""

    def share(self, processes: int) -> None:
        """So many processes read pages, this one among them: what one of them reads helps all."""
        self.processes = processes

    def look_in(self) -> timedelta:
        """How soon a removal is to be asked about by itself."""
        helps = self.next_at is not None and self.helped
        return pace.BESIDE_PAGES if helps else pace.poll(0)

    def round(self) -> None:
        """Have a page read, if there is a crowd and its time has come."""
        now = self.clock()
        if self.next_at is not None and now < self.next_at:
            return
        if len(self._running()) < self.crowd:
            self.next_at, self.wait, self.helped, self.ran = None, pace.PAGES, True, set()
            return
        self.next_at = now + self.wait * self.processes
        self.crew.take(None, self._read, name="page")

    def next_due(self) -> datetime | None:
        """When the next page is read."""
        return self.next_at

    def _read(self, _: None) -> None:
        try:
            # What frees a slot for taking away goes as taking away itself.
            found = self.identity_center.deletions(progress=Progress.SUCCEEDED, lane=Lane.REVOKE)
            done = {operation.id for operation in islice(found, A_PAGE)}
            self.noted &= done
        except AwsFault:
            done = set()
        running = self._running()
        self.ran |= {row.operation for row in running} - self.noted
        # Also of one that was asked about by itself before: else pages would be given up for good.
        useful = not self.ran.isdisjoint(done)
        self.ran -= done
        self.wait = pace.PAGES if useful else min(2 * self.wait, pace.PAGES_IN_VAIN)
        told = [row for row in running if row.operation in done - self.noted]
        self.helped = bool(told)
        each(told, self._note)

    def _note(self, told: Assignment) -> None:
        """Unless somebody is looking at it just now: they will see."""
        now = self.clock()
        with self.works() as work:
            row = work.assignments.get(told.key)
            if row is None or row.operation != told.operation or row.is_taken_away:
                return
            if row.lease_until is None or row.lease_until <= now:
                work.assignments.save(changes.carried_out(row, now))
                self.noted.add(told.operation)

    def _running(self) -> list[Assignment]:
        with self.works.reading() as work:
            return work.assignments.being_removed()
