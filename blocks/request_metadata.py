"""What the request form remembers between two drawings, in its `private_metadata`."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from grants.errors import Tampered
from grants.model import AccountId, PermissionSetArn, RequestId, Target

MOST: Final = 3000
_KEYS: Final = frozenset({"duration", "account", "later", "held", "through_group", "extends"})
_ACCOUNT = re.compile(r"\d{12}", re.ASCII)
_REQUEST = re.compile(r"[0-9A-HJKMNP-TV-Z]{8}", re.ASCII)
_ARN = re.compile(r"arn:[!-~]{1,132}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Kept:
    """Nothing in it is believed: what it leads to is checked when the form is sent."""

    duration: str = ""
    """The prefilled one: an untouched field may not come back at all."""
    account: AccountId | None = None
    """The chosen one, in the searching form."""
    later: bool = False
    """Whether the form asks for a start."""
    held: Target | None = None
    """What the person was just told they hold already."""
    through_group: bool = False
    """Whether they hold it through a group."""
    extends: RequestId | None = None
    """The request whose access is to last longer."""


def write(kept: Kept) -> str:
    """As it stands in `private_metadata`."""
    values = {
        "duration": kept.duration,
        "account": kept.account,
        "later": kept.later,
        "held": value_of(kept.held) if kept.held else None,
        "through_group": kept.through_group,
        "extends": kept.extends,
    }
    return json.dumps({key: value for key, value in values.items() if value})


def metadata(view: Mapping[str, Any]) -> Kept:
    """What the view's `private_metadata` holds; `Tampered` for anything that we did not write."""
    found = _parsed(view.get("private_metadata"))
    if not isinstance(found, dict) or found.keys() - _KEYS:
        raise Tampered("the form's metadata")
    duration, later = found.get("duration", ""), found.get("later", False)
    through = found.get("through_group", False)
    if not isinstance(duration, str) or not all(isinstance(one, bool) for one in (later, through)):
        raise Tampered("the form's metadata")
    account, held = found.get("account"), found.get("held")
    return Kept(
        duration=duration,
        account=None if account is None else account_of(account),
        later=later,
        held=None if held is None else target_of(held),
        through_group=through,
        extends=_request(found.get("extends")),
    )


def _request(value: object) -> RequestId | None:
    if value is None:
        return None
    if not isinstance(value, str) or not _REQUEST.fullmatch(value):
        raise Tampered("the form's metadata")
    return RequestId(value)


def _parsed(raw: object) -> object:
    if raw is None or raw == "":
        return {}
    if not isinstance(raw, str) or len(raw) > MOST:
        raise Tampered("the form's metadata")
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise Tampered("the form's metadata") from None


# An option's value


def value_of(target: Target) -> str:
    """`<account id>:<arn>`."""
    return f"{target.account_id}:{target.permission_set_arn}"


def account_of(value: object) -> AccountId:
    """The account that an option stands for."""
    if not isinstance(value, str) or not _ACCOUNT.fullmatch(value):
        raise Tampered("an account")
    return AccountId(value)


def target_of(value: object) -> Target:
    """The pair that an option stands for."""
    if not isinstance(value, str):
        raise Tampered("a choice")
    account, _, arn = value.partition(":")
    if not _ARN.fullmatch(arn):
        raise Tampered("a choice")
    return Target(account_of(account), PermissionSetArn(arn))
