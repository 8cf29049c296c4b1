"""A session's own events, sifted from all the records that a source gives."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from grants.activity import Event, Session
from grants.aws.cloudtrail.records import Nameless, UnreadableRecordError, event_in, event_of

log = logging.getLogger(__name__)

Record = str | Mapping[str, Any]
"""One of CloudTrail's, as its text or as its fields."""


@dataclass(slots=True)
class Sieve:
    """What was kept so far. A record that comes twice counts once."""

    session: Session
    events: dict[str, Event] = field(default_factory=dict)
    nameless: set[str] = field(default_factory=set)
    unreadable: set[int] = field(default_factory=set)
    """By hash: the records themselves may be large."""

    def take(self, record: Record) -> None:
        """One record that is not as AWS writes them must not hide all others."""
        try:
            found = self._read(record)
        except UnreadableRecordError:
            log.warning("CloudTrail record not read", extra={"account": self.session.account_id})
            self.unreadable.add(hash(_known_by(record)))
            return
        match found:
            case Event():
                self.events[found.id] = found
            case Nameless():
                self.nameless.add(found.id)
            case None:
                pass

    def _read(self, record: Record) -> Event | Nameless | None:
        if isinstance(record, str):
            return event_of(record, self.session)
        return event_in(record, self.session)


def _known_by(record: Record) -> str:
    return record if isinstance(record, str) else str(record.get("eventID"))
