"""CloudTrail's records as rows of an Athena table: the query for a session's, and the way back."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from grants.aws.cloudtrail.querying import Asked

if TYPE_CHECKING:
    from mypy_boto3_athena.type_defs import DatumTypeDef

LATE: Final = timedelta(days=1)
"""A log file lies under the day on which it was delivered."""

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "eventid": ("eventID",),
    "eventtime": ("eventTime",),
    "eventsource": ("eventSource",),
    "eventname": ("eventName",),
    "readonly": ("readOnly",),
    "errorcode": ("errorCode",),
    "awsregion": ("awsRegion",),
    "sourceipaddress": ("sourceIPAddress",),
    "useragent": ("userAgent",),
    "eventtype": ("eventType",),
    "useridentity.type": ("userIdentity", "type"),
    "useridentity.arn": ("userIdentity", "arn"),
    "useridentity.accountid": ("userIdentity", "accountId"),
    "useridentity.accesskeyid": ("userIdentity", "accessKeyId"),
    "useridentity.onbehalfof.userid": ("userIdentity", "onBehalfOf", "userId"),
    "useridentity.sessioncontext.sessionissuer.arn": (
        "userIdentity",
        "sessionContext",
        "sessionIssuer",
        "arn",
    ),
    "useridentity.sessioncontext.attributes.creationdate": (
        "userIdentity",
        "sessionContext",
        "attributes",
        "creationDate",
    ),
    "requestparameters": ("requestParameters",),
    "responseelements": ("responseElements",),
    "recipientaccountid": ("recipientAccountId",),
    "managementevent": ("managementEvent",),
}
"""Each column that is read, and where it stands in CloudTrail's record."""
_JSON: Final = frozenset({"requestparameters", "responseelements"})

QUERY: Final = """\
SELECT {columns}
FROM {table}
WHERE account = ? AND day BETWEEN ? AND ?
AND eventtime BETWEEN ? AND ?
AND useridentity.type = 'AssumedRole'
AND useridentity.arn LIKE '%:assumed-role/AWSReservedSSO%'
AND (useridentity.onbehalfof.userid = ? OR useridentity.onbehalfof.userid IS NULL)
ORDER BY eventtime DESC LIMIT {rows}"""
ANY: Final = """\
SELECT eventid
FROM {table}
WHERE account = ? AND day BETWEEN ? AND ?
AND eventtime BETWEEN ? AND ?
LIMIT 1"""
_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"
_DAY: Final = "%Y/%m/%d"


def query(table: str, rows: int) -> str:
    """For this `database.table`; its parameters are to be given beside it."""
    return QUERY.format(columns=", ".join(COLUMNS), table=_quoted(table), rows=rows)


def query_for_any(table: str) -> str:
    """Likewise, for one record of the account, whoever's it is."""
    return ANY.format(table=_quoted(table))


def _quoted(table: str) -> str:
    return ".".join(f'"{name}"' for name in table.split("."))


def parameters(asked: Asked) -> list[str]:
    """In the order of the query's question marks. Athena takes each as a literal, quotes and all."""
    return [*parameters_for_any(asked), f"'{asked.user_id}'"]


def parameters_for_any(asked: Asked) -> list[str]:
    """Likewise, without whose they are."""
    values = (
        asked.account_id,
        asked.since.strftime(_DAY),
        (asked.until + LATE).strftime(_DAY),
        asked.since.strftime(_TIME),
        asked.until.strftime(_TIME),
    )
    return [f"'{value}'" for value in values]


def record_of(row: Sequence["DatumTypeDef"]) -> Mapping[str, Any]:
    """The record as CloudTrail writes it, as far as the columns have it."""
    record: dict[str, Any] = {}
    for (column, (*path, name)), datum in zip(COLUMNS.items(), row, strict=False):
        value = datum.get("VarCharValue")
        if value is None:
            continue
        part = record
        for step in path:
            part = part.setdefault(step, {})
        part[name] = _read(value) if column in _JSON else value
    return record


def _read(text: str) -> Any:
    """What the table has as text; None where it is not JSON."""
    try:
        return json.loads(text)
    except (RecursionError, ValueError):
        return None
