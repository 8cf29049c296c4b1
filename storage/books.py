"""A policy book as JSON values, and back."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any, Final

from grants.policy import (
    ApprovalPolicy,
    EligibilityPolicy,
    Named,
    OuScope,
    PolicyBook,
    PolicySettings,
    Scope,
    Who,
)

DURATIONS: Final = frozenset(
    {"max_duration", "pending_expiry", "max_start_ahead", "reminder", "nudge_interval"}
)


def book_to_json(book: PolicyBook) -> dict[str, Any]:
    values: dict[str, Any] = _plain(asdict(book))
    del values["version"]  # the row has it
    return values


def book_from_json(values: Mapping[str, Any], *, version: int) -> PolicyBook:
    return PolicyBook(
        version,
        _settings(values["settings"]),
        tuple(_eligibility(policy) for policy in values["eligibility"]),
        tuple(_approval(policy) for policy in values["approval"]),
    )


def _plain(value: Any) -> Any:
    match value:
        case timedelta():
            return int(value.total_seconds())
        case dict():
            return {key: _plain(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_plain(inner) for inner in value]
        case _:
            return value


def _settings(values: Mapping[str, Any]) -> PolicySettings:
    people = {name: _who(values[name]) for name in ("admins", "auditors")}
    return PolicySettings(**{**_timed(values), **people})


def _eligibility(values: Mapping[str, Any]) -> EligibilityPolicy:
    parts = {
        "who": _who(values["who"]),
        "scope": _scope(values["scope"]),
        "permission_sets": _named(values["permission_sets"]),
    }
    return EligibilityPolicy(**{**_timed(values), **parts})


def _approval(values: Mapping[str, Any]) -> ApprovalPolicy:
    parts = {
        "approvers": _who(values["approvers"]),
        "scope": _scope(values["scope"]),
        "permission_sets": _named(values["permission_sets"]),
    }
    return ApprovalPolicy(**{**values, **parts})


def _timed(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: timedelta(seconds=value) if name in DURATIONS and value is not None else value
        for name, value in values.items()
    }


def _who(values: Mapping[str, Any]) -> Who:
    return Who(_named(values["groups"]), _named(values["users"]))


def _scope(values: Mapping[str, Any]) -> Scope:
    return Scope(
        _named(values["accounts"]),
        tuple(OuScope(**ou) for ou in values["ous"]),
        tuple((key, value) for key, value in values["tags"]),
    )


def _named(values: Iterable[Mapping[str, Any]]) -> tuple[Named, ...]:
    return tuple(Named(**value) for value in values)
