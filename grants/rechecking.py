"""Holds every link against Slack and Identity Center about once a day, also of whoever presses nothing."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from grants.crew import Crew
from grants.errors import AwsFault
from grants.model import SlackUserId
from grants.people import Bindings, Profile
from grants.records import Binding

log = logging.getLogger(__name__)

DAILY: Final = timedelta(days=1)
BETWEEN: Final = timedelta(seconds=3)
"""At most twenty a minute, a call to Slack and one to AWS each: others ask them, too."""
LATER: Final = timedelta(hours=1)
"""Whose answer did not come is asked about again then, and keeps no other waiting."""


@dataclass(slots=True)
class Rechecking:
    """One link at a time, whichever was looked at longest ago.

    Two processes may look at the same one: what they find is written once.
    """

    bindings: Bindings
    profile: Callable[[SlackUserId], Profile | None]
    """What Slack says of a user just now; None: it does not say."""
    crew: Crew
    next_at: datetime | None = field(default=None, init=False)
    _later: dict[SlackUserId, datetime] = field(default_factory=dict, init=False)

    def round(self) -> None:
        """Look at the one whose turn it is, if somebody's is."""
        now = self.bindings.clock()
        if self.next_at is not None and now < self.next_at:
            return
        self.next_at = now + BETWEEN
        self._later = {each: at for each, at in self._later.items() if at > now}
        with self.bindings.works.reading() as work:
            due = work.people.looked_at_before(now - DAILY, limit=len(self._later) + 1)
        for binding in [each for each in due if each.slack_id not in self._later][:1]:
            self._later[binding.slack_id] = now + LATER
            self.crew.take(binding, self._look, name=binding.slack_id)

    def next_due(self) -> datetime | None:
        """When the next one's turn may be."""
        return self.next_at

    def _look(self, binding: Binding) -> None:
        profile = self.profile(binding.slack_id)
        if profile is None:
            return
        try:
            self.bindings.look_again(binding, profile)
        except AwsFault as fault:
            log.info("a link is looked at later", extra={"reason": fault.reason})
