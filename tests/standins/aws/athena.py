"""Athena on a table of an organization trail's logs, projected by account and day."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.standins.aws.calls import Call
from tests.standins.aws.company import Company
from tests.standins.aws.conditions import MalformedError
from tests.standins.aws.ground import Answer, AwsError
from tests.standins.aws.searching import Query, cut
from tests.standins.aws.statements import Select, column_of, select
from tests.standins.aws.trail import Event

_MOST = 1_000
_PARTITIONS = frozenset({"account", "day"})
_INJECTED = re.compile(r"\baccount = (\?|'\d{12}')")
Row = list[str | None]


def _start(company: Company, call: Call) -> Answer:
    params = call.parameters
    token = str(params.get("ClientRequestToken"))
    if token in company.query_tokens:
        return {"QueryExecutionId": company.query_tokens[token].id}
    workgroup = params.get("WorkGroup", "primary")
    if workgroup not in company.workgroups:
        raise _invalid(f"WorkGroup {workgroup} is not found.")
    place = (params.get("ResultConfiguration") or {}).get("OutputLocation")
    if not (place or company.workgroups[workgroup]):
        raise _invalid("No output location provided.")
    if company.running("athena") >= company.queries_at_once:
        raise AwsError(
            "TooManyRequestsException",
            "You have exceeded the limit for the number of queries you can run concurrently.",
            Reason="CONCURRENT_QUERY_LIMIT_EXCEEDED",
        )
    rows, failure = _run(company, params["QueryString"], params.get("ExecutionParameters"))
    begun = company.begin_query("athena", rows, failure=failure)
    company.query_tokens[token] = begun
    return {"QueryExecutionId": begun.id}


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidRequestException", message, AthenaErrorCode="INVALID_INPUT")


def _run(company: Company, text: str, given: list[str] | None) -> tuple[list[Row], str]:
    """Every row with the header, or why the query fails; Athena says that only when it runs."""
    try:
        wanted = select(text, given=given, more=_PARTITIONS)
    except MalformedError as bad:
        return [], str(bad)
    table = wanted.table.replace('"', "")
    if wanted.table.count('"') != 4 or table not in company.tables:
        return [], f"TABLE_NOT_FOUND: line 2:6: Table 'awsdatacatalog.{table}' does not exist"
    if not _INJECTED.search(wanted.conditions):
        return [], (
            "CONSTRAINT_VIOLATION: For the injected projected partition column account, the WHERE"
            " clause must contain only static equality conditions"
        )
    return [list(wanted.columns), *_rows(company, wanted)], ""


def _rows(company: Company, wanted: Select) -> list[Row]:
    looked = (_columns_of(company, event) for event in company.delivered())
    found = [value for value in looked if wanted.where(value)]
    found.sort(key=lambda value: value(wanted.by) or "", reverse=wanted.descending)
    return [[value(column) for column in wanted.columns] for value in found[: wanted.limit]]


def _columns_of(company: Company, event: Event) -> Callable[[str], str | None]:
    inner = column_of(event.record)

    def value(name: str) -> str | None:
        match name.lower():
            case "account":
                return str(event.record["recipientAccountId"])
            case "day":
                return company.dated(event).strftime("%Y/%m/%d")
            case _:
                return inner(name)

    return value


def _execution(company: Company, call: Call) -> Answer:
    query = _query(company, call)
    query.looks += 1
    state = query.named(
        waits="QUEUED", runs="RUNNING", stopped="CANCELLED", failed="FAILED", done="SUCCEEDED"
    )
    status = {"State": state}
    if state == "FAILED":
        status["StateChangeReason"] = query.failure
    return {"QueryExecution": {"QueryExecutionId": query.id, "Status": status}}


def _results(company: Company, call: Call) -> Answer:
    query = _query(company, call)
    if query.under_way or query.stopped or query.failure:
        raise _invalid("Query has not yet finished, or did not succeed.")
    try:
        page, following = cut(
            query.rows,
            call.parameters.get("NextToken"),
            int(call.parameters.get("MaxResults", _MOST)),
        )
    except LookupError as bad:
        raise _invalid(str(bad)) from bad
    rows = [{"Data": [{} if cell is None else {"VarCharValue": cell} for cell in r]} for r in page]
    answer: Answer = {"UpdateCount": 0, "ResultSet": {"Rows": rows}}
    return {**answer, "NextToken": following} if following else answer


def _stop(company: Company, call: Call) -> Answer:
    query = _query(company, call)
    query.stopped = query.under_way
    return {}


def _query(company: Company, call: Call) -> Query:
    found = company.queries.get(call.parameters["QueryExecutionId"])
    if found is None or found.service != "athena":
        raise _invalid("QueryExecution was not found")
    return found


_DOES = {
    "StartQueryExecution": _start,
    "GetQueryExecution": _execution,
    "GetQueryResults": _results,
    "StopQueryExecution": _stop,
}
OPERATIONS = frozenset(_DOES)


def answer(company: Company, call: Call) -> Answer:
    return _DOES[call.operation](company, call)
