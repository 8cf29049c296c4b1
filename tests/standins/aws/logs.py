"""CloudWatch Logs Insights on the log group of an organization trail."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import islice
from typing import Any

from tests.standins.aws.calls import Call
from tests.standins.aws.company import Company
from tests.standins.aws.conditions import Condition, Dialect, MalformedError, condition
from tests.standins.aws.ground import Answer, AwsError
from tests.standins.aws.searching import Query, cut, leaves
from tests.standins.aws.trail import Event

_MOST = 10_000
_DISCOVERED = 200
"""Insights finds so many fields of a record by name, and no more."""


def _start(company: Company, call: Call) -> Answer:
    params = call.parameters
    for group in params.get("logGroupIdentifiers") or [params.get("logGroupName", "")]:
        _see(company, call, group)
    if company.running("logs") >= company.queries_at_once:
        raise AwsError("LimitExceededException", "Too many queries are running.")
    if params["endTime"] < params["startTime"]:
        raise AwsError("MalformedQueryException", "The end time is before the start time.")
    try:
        conditions, newest_first = _parsed(params["queryString"])
    except MalformedError as bad:
        raise AwsError("MalformedQueryException", str(bad)) from bad
    found = [
        event
        for event in company.delivered()
        if params["startTime"] <= company.dated(event).timestamp() // 1 <= params["endTime"]
        and _holds(conditions, event)
    ]
    if newest_first:
        found.reverse()
    rows = found[: params.get("limit", _MOST)]
    return {"queryId": company.begin_query("logs", rows).id}


def _see(company: Company, call: Call, group: str) -> None:
    region, name = call.region, group
    if group.startswith("arn:"):
        region, name = group.split(":")[3], group.split(":log-group:")[-1]
    if region != call.region or (region, name) not in company.log_groups:
        raise AwsError("ResourceNotFoundException", f"Log group '{group}' does not exist")


def _parsed(text: str) -> tuple[list[Condition], bool]:
    """`fields @message`, filters that must all hold, and one sort by time."""
    first, *commands = [part.strip() for part in text.split("\n|")]
    if first != "fields @message":
        raise MalformedError(f"unexpected symbol found: {first}")
    conditions, newest_first = [], True
    for command in commands:
        verb, _, rest = command.partition(" ")
        if verb == "filter":
            conditions.append(condition(rest, Dialect.INSIGHTS))
        elif verb == "sort" and rest in {"@timestamp asc", "@timestamp desc"}:
            newest_first = rest.endswith("desc")
        else:
            raise MalformedError(f"unexpected symbol found: {command}")
    return conditions, newest_first


def _holds(conditions: list[Condition], event: Event) -> bool:
    fields = _fields_of(event)
    return all(holds(fields) for holds in conditions)


def _fields_of(event: Event) -> Callable[[str], str | None]:
    discovered = dict(islice(leaves(event.record), _DISCOVERED))

    def value(name: str) -> str | None:
        found = discovered.get(name)
        return found if found is None or isinstance(found, str) else json.dumps(found)

    return value


def _results(company: Company, call: Call) -> Answer:
    query = _query(company, call)
    token = call.parameters.get("nextToken")
    if not token:
        query.looks += 1
    status = query.named(
        waits="Scheduled", runs="Running", stopped="Cancelled", failed="Failed", done="Complete"
    )
    rows: Any = query.rows[: len(query.rows) // 2] if query.under_way else query.rows
    size = int(call.parameters.get("maxItems") or _MOST)
    try:
        page, following = cut(rows, token, size)
    except LookupError as bad:
        raise AwsError("InvalidParameterException", str(bad)) from bad
    answer: Answer = {
        "queryLanguage": "CWLI",
        "results": [_row(event) for event in page],
        "statistics": {"recordsMatched": float(len(query.rows))},
        "status": status,
    }
    return {**answer, "nextToken": following} if following else answer


def _row(event: Event) -> list[dict[str, str]]:
    return [
        {"field": "@message", "value": json.dumps(event.record)},
        {"field": "@ptr", "value": f"ptr-{event.number}"},
    ]


def _stop(company: Company, call: Call) -> Answer:
    query = _query(company, call)
    if not query.under_way:
        raise AwsError("InvalidParameterException", "The specified query is not running.")
    query.stopped = True
    return {"success": True}


def _query(company: Company, call: Call) -> Query:
    found = company.queries.get(call.parameters["queryId"])
    if found is None or found.service != "logs":
        raise AwsError("ResourceNotFoundException", "The query does not exist.")
    return found


_DOES = {"StartQuery": _start, "GetQueryResults": _results, "StopQuery": _stop}
OPERATIONS = frozenset(_DOES)


def answer(company: Company, call: Call) -> Answer:
    return _DOES[call.operation](company, call)
