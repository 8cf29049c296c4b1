"""Policies as text: the grammar's own order, names as their author wrote them."""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final, TypeAlias, Union

from grants import durations
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

WIDTH: Final = 100

Thing: TypeAlias = EligibilityPolicy | ApprovalPolicy | PolicySettings
Tree: TypeAlias = Union[
    str, bool, int, timedelta, "Word", Mapping[str, "Tree | None"], list["Tree"]
]

_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_./@+-]*(?: [A-Za-z0-9_./@+-]+)*", re.ASCII)
_TAKEN: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


class Word:
    """One of the grammar's own words, never quoted."""

    def __init__(self, text: str) -> None:
        """`off` stays `off`."""
        self.text = text


def export(book: PolicyBook) -> str:
    """Loading it gives an equal book, and exporting that the same text to the byte.

    As long as each name still means what it was found as: the ids that go with them are not written.
    """
    parts = ["version: 1\n", "settings:\n" + _body(settings_tree(book.settings), "  ")]
    eligibility, approval = map(policy_tree, book.eligibility), map(policy_tree, book.approval)
    parts += [_section("eligibility", eligibility), _section("approval", approval)]
    return "\n".join(parts)


def _section(name: str, policies: Iterable[Mapping[str, Tree | None]]) -> str:
    bodies = [_body(policy, "    ") for policy in policies]
    if not bodies:
        return f"{name}: []\n"
    return f"{name}:\n" + "\n".join("  - " + body[4:] for body in bodies)


def settings_tree(settings: PolicySettings) -> Mapping[str, Tree | None]:
    """The settings by the grammar's keys; None: not set."""
    return {
        "approval": Word("required" if settings.approval_required else "off"),
        "max_duration": settings.max_duration,
        "pending_expiry": settings.pending_expiry,
        "max_start_ahead": settings.max_start_ahead,
        "max_open_requests": settings.max_open_requests,
        "reminder": settings.reminder,
        "nudge_interval": settings.nudge_interval,
        "require_ticket": settings.require_ticket,
        "ticket_pattern": settings.ticket_pattern or None,
        "ticket_url": settings.ticket_url or None,
        "require_decision_comment": settings.require_decision_comment,
        "revoke_sessions": Word(settings.revoke_sessions),
        "admins": _who(settings.admins),
        "auditors": _who(settings.auditors),
        "default_channel": settings.default_channel,
        "audit_channel": settings.audit_channel,
    }


def policy_tree(policy: EligibilityPolicy | ApprovalPolicy) -> Mapping[str, Tree | None]:
    """A policy by the grammar's keys; None: not set."""
    return _eligibility(policy) if isinstance(policy, EligibilityPolicy) else _approval(policy)


def tree(thing: Thing) -> Mapping[str, Tree | None]:
    """Either's."""
    return settings_tree(thing) if isinstance(thing, PolicySettings) else policy_tree(thing)


def named(thing: Thing) -> Mapping[tuple[str, str], tuple[Named, ...]]:
    """What it names by names that may come to mean something else: by its key, and what it is."""
    if isinstance(thing, PolicySettings):
        return {**_people("admins", thing.admins), **_people("auditors", thing.auditors)}
    people = (
        _people("who", thing.who)
        if isinstance(thing, EligibilityPolicy)
        else _people("approvers", thing.approvers)
    )
    return {
        **people,
        ("accounts", "account"): thing.scope.accounts,
        ("permission_sets", "permission set"): thing.permission_sets,
    }


def _people(key: str, who: Who) -> Mapping[tuple[str, str], tuple[Named, ...]]:
    return {(key, "group"): who.groups, (key, "user"): who.users}


def written(value: Tree | None) -> str:
    """A value on one line, as a policy file has it; empty: not set."""
    return "" if value is None else _flow(value)


def _eligibility(policy: EligibilityPolicy) -> Mapping[str, Tree | None]:
    return {
        "name": policy.name,
        "who": _who(policy.who),
        **_scope(policy.scope),
        "permission_sets": _names(policy.permission_sets),
        "max_duration": policy.max_duration,
        "approval": Word("required" if policy.approval_required else "none"),
    }


def _approval(policy: ApprovalPolicy) -> Mapping[str, Tree | None]:
    return {
        "name": policy.name,
        **_scope(policy.scope),
        "permission_sets": _names(policy.permission_sets),
        "approvers": _who(policy.approvers),
        "channel": policy.channel,
        "approvals": policy.approvals,
        "required": policy.required,
        "proof": Word(policy.proof),
    }


def _who(who: Who) -> Tree | None:
    return {"groups": _names(who.groups), "users": _names(who.users)} if who else None


def _scope(scope: Scope) -> Mapping[str, Tree | None]:
    return {
        "accounts": _names(scope.accounts),
        "ous": [_ou(ou) for ou in scope.ous] or None,
        "tags": dict(scope.tags) or None,
    }


def _ou(ou: OuScope) -> Tree:
    return {"id": str(ou.id), "nested": True} if ou.nested else str(ou.id)


def _names(named: Iterable[Named]) -> Tree | None:
    return [each.name for each in named] or None


# YAML


def _body(table: Mapping[str, Tree | None], indent: str) -> str:
    return "".join(
        _entry(_quoted(key), value, indent) for key, value in table.items() if value is not None
    )


def _entry(key: str, value: Tree, indent: str) -> str:
    """On one line where it fits; one item a line beyond, so that a change shows as one line."""
    line = f"{indent}{key}: {_flow(value)}\n"
    if len(line) <= WIDTH + 1:
        return line
    match value:
        case list():
            return f"{indent}{key}:\n" + "".join(f"{indent}  - {_flow(item)}\n" for item in value)
        case Mapping():
            return f"{indent}{key}:\n" + _body(value, indent + "  ")
        case _:
            return line


def _flow(value: Tree) -> str:
    match value:
        case Word():
            return value.text
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case timedelta():
            return durations.spell(value)
        case str():
            return _quoted(value)
        case list():
            return "[" + ", ".join(map(_flow, value)) + "]"
        case _:
            items = ((key, item) for key, item in value.items() if item is not None)
            return "{" + ", ".join(f"{_quoted(key)}: {_flow(item)}" for key, item in items) + "}"


def _quoted(text: str) -> str:
    """Bare only where no reader of YAML takes it for anything but text."""
    if _PLAIN.fullmatch(text) and text.lower() not in _TAKEN:
        return text
    return json.dumps(text, ensure_ascii=not text.isprintable()).replace("\x7f", "\\u007f")
