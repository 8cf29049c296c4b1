"""CloudTrail Lake: the operations of CloudTrail's that ask an event data store."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from tests.standins.aws.calls import Call
from tests.standins.aws.company import Company
from tests.standins.aws.conditions import MalformedError
from tests.standins.aws.ground import Answer, AwsError
from tests.standins.aws.searching import Query, cut
from tests.standins.aws.statements import column_of, select
from tests.standins.aws.trail import Event

_MOST = 1_000
_AT_ONCE = 10
_INSTANT = re.compile(r"\beventTime\s*[<>=]+\s*'(?!\d{4}-\d\d-\d\d \d\d:\d\d:\d\d')")


def _start(company: Company, call: Call) -> Answer:
    if company.running("lake") >= min(_AT_ONCE, company.queries_at_once):
        raise AwsError("MaxConcurrentQueriesException", "Too many queries are running.")
    text = call.parameters["QueryStatement"]
    try:
        wanted = select(text, more=frozenset({"eventjson"}))
    except MalformedError as bad:
        raise AwsError("InvalidQueryStatementException", str(bad)) from bad
    if _INSTANT.search(text):
        raise AwsError("InvalidQueryStatementException", "Cannot cast to timestamp")
    if (call.region, wanted.table) not in company.stores:
        raise AwsError("EventDataStoreNotFoundException", "The event data store was not found.")
    found = [event for event in company.delivered() if wanted.where(_columns_of(event))]
    found.sort(key=lambda event: event.at, reverse=wanted.descending)
    shown = (_columns_of(event) for event in found[: wanted.limit])
    rows = [[{column: value(column) or ""} for column in wanted.columns] for value in shown]
    return {"QueryId": company.begin_query("lake", rows).id}


def _columns_of(event: Event) -> Callable[[str], str | None]:
    inner = column_of(event.record)

    def value(name: str) -> str | None:
        match name.lower():
            case "eventjson":
                return json.dumps(event.record)
            case "eventtime":
                return event.at.strftime("%Y-%m-%d %H:%M:%S")
            case _:
                return inner(name)

    return value


def _status(query: Query) -> str:
    return query.named(
        waits="QUEUED", runs="RUNNING", stopped="CANCELLED", failed="FAILED", done="FINISHED"
    )


def _describe(company: Company, call: Call) -> Answer:
    query = _query(company, call)
    query.looks += 1
    failed = {"ErrorMessage": query.failure} if _status(query) == "FAILED" else {}
    return {"QueryId": query.id, "QueryStatus": _status(query), **failed}


def _results(company: Company, call: Call) -> Answer:
    query = _query(company, call)
    rows = [] if query.under_way or query.stopped or query.failure else query.rows
    try:
        page, following = cut(
            rows,
            call.parameters.get("NextToken"),
            int(call.parameters.get("MaxQueryResults", _MOST)),
        )
    except LookupError as bad:
        raise AwsError("InvalidNextTokenException", str(bad)) from bad
    answer: Answer = {"QueryStatus": _status(query), "QueryResultRows": list(page)}
    return {**answer, "NextToken": following} if following else answer


def _cancel(company: Company, call: Call) -> Answer:
    query = _query(company, call)
    if not query.under_way:
        raise AwsError("InactiveQueryException", "The query is not running.")
    query.stopped = True
    return {"QueryId": query.id, "QueryStatus": "CANCELLED"}


def _query(company: Company, call: Call) -> Query:
    found = company.queries.get(call.parameters["QueryId"])
    if found is None or found.service != "lake":
        raise AwsError("QueryIdNotFoundException", "The query was not found.")
    return found


_DOES = {
    "StartQuery": _start,
    "DescribeQuery": _describe,
    "GetQueryResults": _results,
    "CancelQuery": _cancel,
}
OPERATIONS = frozenset(_DOES)


def answer(company: Company, call: Call) -> Answer:
    return _DOES[call.operation](company, call)
