"""How AWS talks: JSON 1.1 answers and errors, and STS's query protocol in XML."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from tests.standins.aws.ground import Answer, AwsError, uuid_of

TARGETS = {
    "SWBExternalService": "sso-admin",
    "AWSIdentityStore": "identitystore",
    "AWSOrganizationsV20161128": "organizations",
    "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101": "cloudtrail",
    "Logs_20140328": "logs",
    "AmazonAthena": "athena",
}
_STS = "https://sts.amazonaws.com/doc/2011-06-15/"


def heard(headers: Mapping[str, str], body: bytes) -> tuple[str, str, dict[str, Any]]:
    """Service, operation and parameters of a request."""
    target = headers.get("x-amz-target")
    if target is None:
        form = dict(parse_qsl(body.decode()))
        form.pop("Version", None)
        return "sts", form.pop("Action", ""), form
    prefix, _, operation = target.rpartition(".")
    if prefix not in TARGETS:
        raise AwsError("UnknownOperationException", f"No such service here: {prefix}")
    try:
        params = json.loads(body or b"{}")
    except ValueError as bad:
        raise AwsError("SerializationException", "The body is not JSON.") from bad
    if not isinstance(params, dict):
        raise AwsError("SerializationException", "The body is not a JSON object.")
    return TARGETS[prefix], operation, params


def unknown(service: str, operation: str) -> AwsError:
    code = "InvalidAction" if service == "sts" else "UnknownOperationException"
    return AwsError(code, f"The stand-in has no {service} {operation}.")


def said(service: str, operation: str, answer: Answer) -> tuple[str, bytes]:
    """Content type and body of an answer."""
    if service != "sts":
        return "application/x-amz-json-1.1", json.dumps(answer).encode()
    result = f"<{operation}Result>{_xml(answer)}</{operation}Result>"
    meta = f"<ResponseMetadata>{_xml({'RequestId': uuid_of(result)})}</ResponseMetadata>"
    whole = f'<{operation}Response xmlns="{_STS}">{result}{meta}</{operation}Response>'
    return "text/xml", whole.encode()


def refused(service: str, error: AwsError) -> tuple[str, bytes]:
    if service != "sts":
        body = {"__type": error.code, "Message": error.message, **error.facts}
        return "application/x-amz-json-1.1", json.dumps(body).encode()
    told = {"Type": "Sender", "Code": error.code, "Message": error.message}
    whole = f'<ErrorResponse xmlns="{_STS}"><Error>{_xml(told)}</Error></ErrorResponse>'
    return "text/xml", whole.encode()


def _xml(value: Any) -> str:
    if isinstance(value, dict):
        return "".join(f"<{k}>{_xml(v)}</{k}>" for k, v in value.items())
    return escape(str(value))
