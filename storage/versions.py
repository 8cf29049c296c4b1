"""Which policies and which catalogue are the newest: both numbers in one look."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection, func, select, true

from storage.tables import catalogue, policy_versions

_POLICIES: Final = select(func.max(policy_versions.c.version).label("newest")).subquery()
ASKED: Final = select(  # made once: asked without end
    _POLICIES.c.newest, catalogue.c.version, catalogue.c.read_at
).select_from(_POLICIES.outerjoin(catalogue, true()))


class Versions(NamedTuple):
    """0 where there is none yet."""

    policies: int
    catalogue: int
    read_at: datetime | None
    """When the catalogue was."""


@dataclass(slots=True)
class VersionsOf:
    """Of one unit of work, which reads policies and catalogue as they were when it last looked."""

    db: Connection
    _seen: Versions | None = None

    def look(self) -> Versions:
        """As they are now."""
        policies, version, read_at = self.db.execute(ASKED).one()
        self._seen = Versions(policies or 0, version or 0, read_at)
        return self._seen

    def seen(self) -> Versions:
        """As they were at the last look of this unit of work."""
        return self._seen or self.look()

    def forget(self) -> None:
        """They are about to change under our own hands."""
        self._seen = None
