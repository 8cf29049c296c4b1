"""LookupEvents page by page: newest first, as much as is read at a time, and what that leaves out."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

from grants.aws.asking import Asking, Token
from grants.model import Lane

if TYPE_CHECKING:
    from mypy_boto3_cloudtrail.type_defs import LookupEventsResponseTypeDef

    Ask = Callable[[Token], LookupEventsResponseTypeDef]


@dataclass(frozen=True, slots=True)
class Records:
    """What was read."""

    texts: tuple[str, ...]
    """CloudTrail's records, as JSON."""
    whole: bool
    """Nothing older is left in the window."""
    oldest: datetime | None
    """When the oldest event that was read happened, whatever became of it; None: there was none."""


def records(asking: Asking, ask: "Ask", *, pages: int) -> Records:
    """At most so many pages of 50 events."""
    texts: list[str] = []
    oldest: datetime | None = None
    more = False
    for page in islice(asking.pages(Lane.REFRESH, ask), pages):
        more = bool(page.get("NextToken"))
        texts += [one["CloudTrailEvent"] for one in page["Events"] if "CloudTrailEvent" in one]
        times = [one["EventTime"] for one in page["Events"] if "EventTime" in one]
        oldest = min([*times, *([oldest] if oldest else [])], default=None)
    return Records(tuple(texts), not more, oldest)
