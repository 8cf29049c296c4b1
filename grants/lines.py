"""Lines of the journal as lines of a file, CSV or JSON, under names that stay."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from grants.exporting import Format, json_line, table_row
from grants.records import Row

COLUMNS: Final = (
    "seq", "at", "event", "actor_role", "actor_name", "actor_user_id", "actor_slack_id",
    "request_id", "before", "after", "reason", "facts", "prev_hash", "hash",
)  # fmt: skip
"""Those of the journal: new ones would be hashed too, and none can be renamed."""
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def heading(kind: Format) -> str:
    """What stands above the lines."""
    return table_row(COLUMNS) if kind is Format.CSV else ""


def line(row: Row, kind: Format) -> str:
    """One line. Its JSON holds nothing but what was hashed, and the hashes; a table is to be read."""
    if kind is Format.JSONL:
        return jsonl(row)
    cells = {**row, "at": _instant(row["at"])}
    return table_row([_cell(cells[name]) for name in COLUMNS])


def jsonl(row: Row) -> str:
    """What the database holds, though it be no text that we would write."""
    text = json_line({name: row[name] for name in COLUMNS}, odd=repr)
    # Half of a surrogate pair is written as JSON escapes it.
    return text.encode(errors="backslashreplace").decode()


def _instant(at: Any) -> Any:
    """Microseconds since 1970, as ISO 8601 in UTC."""
    try:
        return (EPOCH + timedelta(microseconds=at)).isoformat()
    except (OverflowError, TypeError):
        return at


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    return text.encode(errors="backslashreplace").decode()
