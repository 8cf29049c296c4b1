"""The source of activity where none is configured: it says so, and what to do about it."""

from dataclasses import dataclass

from grants.activity import Evidence, Session


@dataclass(frozen=True, slots=True)
class NoTrail:
    """`grants.ports.Trail` that has nothing, for a reason."""

    reason: str

    def fetch(self, session: Session) -> Evidence:
        """Never an empty summary."""
        return Evidence(source="none", unavailable=self.reason)
