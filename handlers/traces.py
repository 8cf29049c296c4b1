"""What is kept of a line that was told: where it stands, and the hash of what it said."""

from collections.abc import Mapping
from typing import Any

from blocks import retold
from blocks.text import Message
from grants.model import Copy
from grants.records import Pending, ToldLine
from grants.telling import line_of


def trace(row: Pending, copy: Copy, message: Message, posted: Mapping[str, Any]) -> ToldLine:
    """`posted` is Slack's answer, or what was found: it holds the message as Slack gives it back."""
    kind, at = line_of(row.notice, row.created_at)
    given = posted.get("message")
    return ToldLine(
        copy_id=copy.id,
        ts=str(posted["ts"]),
        thread_ts=copy.ts,
        request_id=copy.request_id,
        kind=kind,
        at=at,
        sent=retold.drawn(message),
        answered=retold.digest(given) if given else "",
    )
