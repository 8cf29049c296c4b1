"""The one shape of SELECT that is asked of CloudTrail's records; any other is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.standins.aws.conditions import Condition, Dialect, MalformedError, condition

_SELECT = re.compile(
    r"SELECT (?P<columns>[\w., ]+?)\s+FROM (?P<table>\S+)\s+WHERE (?P<where>.+?)"
    r"(?:\s+ORDER BY (?P<by>\w+)(?P<down> DESC)?)?\s+LIMIT (?P<limit>\d+)",
    re.IGNORECASE | re.DOTALL | re.ASCII,
)
_PLAIN = frozenset(
    [
        "eventversion",
        "eventtime",
        "eventsource",
        "eventname",
        "awsregion",
        "sourceipaddress",
        "useragent",
        "errorcode",
        "errormessage",
        "requestparameters",
        "responseelements",
        "additionaleventdata",
        "requestid",
        "eventid",
        "readonly",
        "eventtype",
        "apiversion",
        "managementevent",
        "recipientaccountid",
        "sharedeventid",
        "vpcendpointid",
        "eventcategory",
    ]
)
_IDENTITY = frozenset(
    f"useridentity.{path}"
    for path in [
        "type",
        "principalid",
        "arn",
        "accountid",
        "accesskeyid",
        "username",
        "invokedby",
        "onbehalfof.userid",
        "onbehalfof.identitystorearn",
        "sessioncontext.attributes.creationdate",
        "sessioncontext.attributes.mfaauthenticated",
        "sessioncontext.sessionissuer.type",
        "sessioncontext.sessionissuer.principalid",
        "sessioncontext.sessionissuer.arn",
        "sessioncontext.sessionissuer.accountid",
        "sessioncontext.sessionissuer.username",
    ]
)
COLUMNS = _PLAIN | _IDENTITY
"""Of CloudTrail Lake's schema and of AWS's table for Athena, in lower case."""


@dataclass(frozen=True, slots=True)
class Select:
    columns: tuple[str, ...]
    table: str
    where: Condition
    conditions: str
    by: str
    descending: bool
    limit: int


def select(text: str, *, given: list[str] | None = None, more: frozenset[str]) -> Select:
    """`more` are the columns that only this table has."""
    parts = _SELECT.fullmatch(text.strip())
    if parts is None:
        raise MalformedError("mismatched input; only one kind of SELECT is known here")
    known = COLUMNS | more
    columns = tuple(column.strip().lower() for column in parts["columns"].split(","))
    by = (parts["by"] or "eventtime").lower()
    for column in (*columns, by):
        if column not in known:
            raise MalformedError(f"COLUMN_NOT_FOUND: Column '{column}' cannot be resolved")
    where = condition(
        parts["where"], Dialect.SQL, given=given, known=lambda name: name.lower() in known
    )
    return Select(
        columns,
        parts["table"],
        where,
        parts["where"],
        by,
        bool(parts["down"]),
        int(parts["limit"]),
    )


def column_of(record: Any) -> Callable[[str], str | None]:
    """What stands in a column, as text; names are of any case."""
    columns = dict(_columns(record, ""))

    def value(name: str) -> str | None:
        found = columns.get(name.lower())
        return found if found is None or isinstance(found, str) else json.dumps(found)

    return value


def _columns(record: Mapping[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    """Each with its path, structures among them."""
    for name, inner in record.items():
        own = f"{path}{name.lower()}"
        yield own, inner
        if isinstance(inner, dict) and own.startswith("useridentity"):
            yield from _columns(inner, f"{own}.")
