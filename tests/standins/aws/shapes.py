"""Input checked against botocore's own service models, as the service itself would check it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import botocore.session

from tests.standins.aws.ground import AwsError, Params

_SESSION = botocore.session.Session()
_REFUSAL = {
    "organizations": "InvalidInputException",
    "sts": "ValidationError",
    "cloudtrail": "InvalidParameterException",
    "logs": "InvalidParameterException",
    "athena": "InvalidRequestException",
}


@cache
def _model(service: str) -> Any:
    return _SESSION.get_service_model(service)


@cache
def operations_of(service: str) -> frozenset[str]:
    return frozenset(_model(service).operation_names)


def check(service: str, operation: str, params: Params) -> None:
    """Raises the service's validation error with the first thing that is wrong."""
    if operation == "LookupEvents":  # has an error of its own for each mistake, and checks itself
        return
    if service == "sts":  # its form flattens lists into dotted names, which are not checked
        params = {name: value for name, value in params.items() if "." not in name}
    shape = _model(service).operation_model(operation).input_shape
    wrong = next(_faults(shape, params, ""), None) if shape else None
    if wrong:
        code = _REFUSAL.get(service, "ValidationException")
        raise AwsError(code, f"1 validation error detected: {wrong}")


def misfits(service: str, operation: str, answer: Params) -> list[str]:
    """Where an answer of ours does not fit the model: for the stand-in's own tests."""
    shape = _model(service).operation_model(operation).output_shape
    return list(_faults(shape, answer, "")) if shape else []


def _faults(shape: Any, value: Any, at: str) -> Iterator[str]:
    if shape.type_name == "structure":
        if not isinstance(value, dict):
            yield f"Value at '{at}' must be a structure"
            return
        members = shape.members
        for name in shape.required_members:
            if name not in value:
                yield f"Value null at '{at}{name}' failed to satisfy constraint: not be null"
        for name, inner in value.items():
            if name not in members:
                yield f"Unknown member '{at}{name}'"
            elif not members[name].metadata.get("document"):
                yield from _faults(members[name], inner, f"{at}{name}.")
        return
    where, limits = at.rstrip("."), shape.metadata
    if shape.type_name == "list":
        if not isinstance(value, list):
            yield f"Value at '{where}' must be a list"
            return
        yield from _length(value, limits, where)
        for inner in value:
            member = shape.member
            yield from _faults(member, inner, at)
    elif shape.type_name == "string":
        if not isinstance(value, str):
            yield f"Value at '{where}' must be a string"
            return
        yield from _length(value, limits, where)
        options = getattr(shape, "enum", None)
        if options and value not in options:
            yield f"Value '{value}' at '{where}' must satisfy enum value set: {list(options)}"
        pattern = _pattern(limits.get("pattern", ""))
        if pattern and not pattern.fullmatch(value):
            yield f"Value '{value}' at '{where}' must satisfy regular expression pattern"
    elif shape.type_name == "integer" and isinstance(value, int):
        low, high = limits.get("min", value), limits.get("max", value)
        if not low <= value <= high:
            yield f"Value '{value}' at '{where}' must be between {low} and {high}"


def _length(value: Any, limits: Any, where: str) -> Iterator[str]:
    if len(value) > limits.get("max", len(value)):
        yield f"Value at '{where}' must have length less than or equal to {limits['max']}"
    if len(value) < limits.get("min", 0):
        yield f"Value at '{where}' must have length greater than or equal to {limits['min']}"


@cache
def _pattern(text: str) -> re.Pattern[str] | None:
    """Patterns with Unicode classes are not Python's, so they are not checked."""
    if not text or "\\p{" in text or "\\u" in text:
        return None
    return re.compile(text)
