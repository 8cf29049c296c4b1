"""Which policies and which catalogue are the newest: both numbers in one look.

For a unit of work; `storage.newest` asks for them outside of any.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection, func, select

from storage.tables import catalogue, policy_versions

POLICIES: Final = select(func.max(policy_versions.c.version)).scalar_subquery()
CATALOGUE: Final = select(catalogue.c.version).scalar_subquery()
READ_AT: Final = select(catalogue.c.read_at).scalar_subquery()
ASKED: Final = select(POLICIES, CATALOGUE, READ_AT)  # made once: asked without end


class Versions(NamedTuple):
    """0 where there is none yet."""

    policies: int
    catalogue: int
    read_at: datetime | None
    """When the catalogue was."""


@dataclass(slots=True)
class SeenVersions:
    """By one unit of work, which reads policies and catalogue as they were when it last looked."""

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
