"""A session's events as a table, for whoever wants all of them."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from grants.activity import Event
from grants.exporting import table_row

COLUMNS: Final = (
    "at", "service", "action", "read_only", "error", "region", "address", "client", "session",
    "assumed", "matched_by_name", "after_end", "event_id",
)  # fmt: skip


def table(events: Sequence[Event], *, ended_at: datetime) -> Iterator[str]:
    """Line by line, below a heading."""
    yield table_row(COLUMNS)
    for event in events:
        yield table_row(
            [
                event.at.isoformat(),
                event.service,
                event.action,
                _word(event.read_only),
                event.error,
                event.region,
                event.address,
                event.client,
                event.session,
                event.assumed,
                _word(event.matched_by_name),
                _word(event.at > ended_at),
                event.id,
            ]
        )


def _word(value: bool) -> str:  # noqa: FBT001 - a cell
    return "true" if value else "false"
