"""Whether a process can be given work, for whoever supervises it."""

import logging
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final

from bot.bounded import Bounded
from bot.progress import ends_wait
from grants.stores import Works

log = logging.getLogger(__name__)

WITHIN: Final = 2.0
"""Seconds: a supervisor that waits longer takes it for dead, and would start it anew."""


@dataclass(frozen=True, slots=True)
class Stand:
    """What the database says of it."""

    missing: str
    """Why it is not ready; empty: nothing is missing."""
    waits: str
    """What people may wait for, in a line; empty: nothing."""


class Readiness:
    """Asked by `/readyz`."""

    def __init__(
        self,
        works: Works,
        *,
        policies: Callable[[], str],
        alive: Callable[[], bool],
        thread: Executor,
        within: float = WITHIN,
    ) -> None:
        """`policies`: why there are none yet, empty if there are; it may ask the database.
        `alive`: whether every loop comes round.
        """
        self._works = works
        self._policies = policies
        self._alive = alive
        self._stand = Bounded(self._look, thread, within)

    def __call__(self) -> tuple[str, str]:
        """Why it is not ready yet, empty if it is; and what people may wait for."""
        try:
            stand = self._stand.ask()
        except TimeoutError:
            return "the database does not answer in time", ""
        except Exception:
            log.exception("the database does not say whether all is well")
            return "the database does not answer", ""
        if stand.missing:
            return stand.missing, ""
        return "" if self._alive() else "a beat is not alive", stand.waits

    def _look(self) -> Stand:
        with self._works.reading() as work:
            was_read, waits = work.catalogue.version() > 0, ends_wait(work.assignments.ends())
        return Stand(self._policies() if was_read else "no catalogue was read yet", waits)
