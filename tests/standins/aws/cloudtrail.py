"""CloudTrail's LookupEvents, answered per account and Region from the company's trail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.standins.aws.calls import Call
from tests.standins.aws.company import Company
from tests.standins.aws.ground import Answer, AwsError
from tests.standins.aws.pages import page_of
from tests.standins.aws.trail import Event, as_looked_up

OPERATIONS = frozenset({"LookupEvents"})
_KEPT = timedelta(days=90)
_FACTS = frozenset({"EventId", "EventName", "ReadOnly", "Username", "EventSource", "AccessKeyId"})
_KEYS = _FACTS | {"ResourceType", "ResourceName"}


def answer(company: Company, call: Call) -> Answer:
    """Newest first, management events of the last 90 days, by one attribute at most."""
    params, now = call.parameters, company.now()
    wanted = params.get("LookupAttributes") or []
    if len(wanted) > 1 or any(one["AttributeKey"] not in _KEYS for one in wanted):
        raise AwsError("InvalidLookupAttributesException", "You can specify only one attribute.")
    if not 1 <= int(params.get("MaxResults", 50)) <= 50:
        raise AwsError("InvalidMaxResultsException", "MaxResults must be between 1 and 50.")
    since = _instant(params.get("StartTime")) or now - _KEPT
    until = _instant(params.get("EndTime")) or now
    if since > until:
        raise AwsError("InvalidTimeRangeException", "The start time is after the end time.")
    found = company.events_in(call.account, call.region, max(since, now - _KEPT), until)
    looked_up = (as_looked_up(e) for e in reversed(list(found)) if _matches(e, wanted))
    page, more = page_of(looked_up, call, most=50, refusal="InvalidNextTokenException")
    return {"Events": page, **more}


def _instant(given: Any) -> datetime | None:
    return None if given is None else datetime.fromtimestamp(float(given), UTC)


def _matches(event: Event, wanted: list[dict[str, str]]) -> bool:
    if not wanted:
        return True
    key, value = wanted[0]["AttributeKey"], wanted[0]["AttributeValue"]
    shown = as_looked_up(event)
    if key in _FACTS:
        return bool(shown.get(key) == value)
    return any(resource[key] == value for resource in shown["Resources"])
