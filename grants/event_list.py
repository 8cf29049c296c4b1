"""A session's events as a table, for whoever wants all of them."""

from collections.abc import Iterator, Sequence
from typing import Final

from grants.activity import After, Event, Session, after
from grants.exporting import table_row

COLUMNS: Final = (
    "at", "service", "action", "read_only", "error", "region", "address", "client", "session",
    "assumed", "matched_by_name", "after_end", "event_id", "access_stayed",
)  # fmt: skip


def table(events: Sequence[Event], session: Session) -> Iterator[str]:
    """Line by line, below a heading."""
    yield table_row(COLUMNS)
    for event in events:
        when = after(event, session)
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
                _word(when in {After.OLDER, After.NEWER}),
                event.id,
                _word(when is After.STAYING),
            ]
        )


def _word(value: bool) -> str:  # noqa: FBT001 - a cell
    return "true" if value else "false"
