"""Keeps what administrators are to be warned of: found beside, for nobody waits for all of AWS."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from grants.cautions import PolicyWarning, warnings
from grants.crew import Crew
from grants.model import Lane, SlackUserId
from grants.policy import PolicyBook
from grants.ports import Clock, Directory
from grants.stores import Work, Works
from grants.telling import redraw_home

FRESH: Final = timedelta(minutes=10)
"""Groups and people may go at any time, and nobody tells us."""

Versions = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Watched:
    """The warnings, of these versions of policies and catalogue."""

    versions: Versions
    at: datetime
    warnings: tuple[PolicyWarning, ...]


class Watch:
    """One for each process; whoever asks is told what is known, and drawn anew when more is."""

    def __init__(
        self, works: Works, directory: Directory, clock: Clock, crew: Crew, *, keyed: bool = True
    ) -> None:
        """Nothing is known yet. `keyed`: whether there is a key that one-time codes are kept with."""
        self._works = works
        self._directory = directory
        self._clock = clock
        self._crew = crew
        self._keyed = keyed
        self._last: Watched | None = None
        self._asked: set[SlackUserId] = set()

    def lately(
        self, work: Work, book: PolicyBook, whose: SlackUserId
    ) -> tuple[PolicyWarning, ...] | None:
        """What these policies are to be warned of; None: it is being looked up for them."""
        versions = (book.version, work.catalogue.version())
        last = self._last
        if last is None or last.versions != versions or self._clock() - last.at > FRESH:
            self._asked.add(whose)
            self._crew.take(self._asked, self._look, name="warnings")
        return last.warnings if last and last.versions == versions else None

    def _look(self, asked: set[SlackUserId]) -> None:
        with self._works.reading() as work:
            book, catalogue = work.policies.current(), work.catalogue.load()
            versions = (book.version, work.catalogue.version())
        if catalogue is None:
            return
        found = warnings(book, catalogue, self._directory, lane=Lane.REFRESH, keyed=self._keyed)
        before, self._last = self._last, Watched(versions, self._clock(), found)
        waiting = {asked.pop() for _ in range(len(asked))}
        if before is None or (before.versions, before.warnings) != (versions, found):
            with self._works() as work:
                for whose in waiting:
                    redraw_home(work, whose, at=self._clock())
