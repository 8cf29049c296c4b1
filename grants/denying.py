"""The denial of sessions that are open already, in and out of the policy that carries it.

Pure: a document comes in, a document goes out. What others wrote there keeps its meaning.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from grants.model import Key, RequestId, UserId

MOST: Final = 10_240
"""Of characters without white space: of a permission set's inline policy, and of an SCP."""
OURS: Final = "ElevateCut"
"""So begins the Sid of each of our statements, which the request's id follows."""
_SID: Final = re.compile(rf"{OURS}[0-9A-HJKMNP-TV-Z]{{8}}", re.ASCII)
VERSION: Final = "2012-10-17"
NOBODY: Final[Mapping[str, Any]] = {
    "Sid": "ElevatePlaceholder",
    "Effect": "Deny",
    "Action": "*",
    "Resource": "*",
    "Condition": {"StringEquals": {"identitystore:UserId": "nobody"}},
}
"""What stands in a service control policy while nothing else does: AWS takes none that is empty."""


class NotUnderstoodError(Exception):
    """The document is none that we could change without harm: it is left alone."""


@dataclass(frozen=True, slots=True)
class Deny:
    """Whose sessions are denied everything, as far as they were opened before then."""

    request_id: RequestId
    user_id: UserId
    before: datetime
    role: str = ""
    """Only in sessions of the roles that this pattern matches; empty: of whichever has the policy."""

    @property
    def sid(self) -> str:
        """By which it is known again."""
        return f"{OURS}{self.request_id}"

    def statement(self) -> dict[str, Any]:
        """As AWS documents it for revoking the sessions of one user."""
        only = {"ArnLike": {"aws:PrincipalArn": self.role}} if self.role else {}
        return {
            "Sid": self.sid,
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {
                "StringEquals": {"identitystore:UserId": self.user_id},
                "DateLessThan": {"aws:TokenIssueTime": instant(self.before)},
                **only,
            },
        }


@dataclass(frozen=True, slots=True)
class Merged:
    """What the inline policy has to be."""

    document: str
    """Empty: there is to be none."""
    changed: bool
    """Whether that differs from what is there."""
    no_room: frozenset[RequestId] = frozenset()
    """Those whose denial does not fit in."""


def role_of(key: Key, permission_set_name: str) -> str:
    """The role that Identity Center made of a permission set in an account: each time by another suffix.

    Its Region stands before the name, but for us-east-1. A set that is called like this one with
    `_` and more behind it is matched as well, which takes away too much rather than too little.
    """
    partition = key.permission_set_arn.split(":")[1]
    path = f"arn:{partition}:iam::{key.account_id}:role/aws-reserved/sso.amazonaws.com"
    return f"{path}/*AWSReservedSSO_{permission_set_name}_*"


def instant(at: datetime) -> str:
    """As IAM compares it, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def standing(document: str, denials: Iterable[Deny]) -> frozenset[RequestId]:
    """Of these denials, those that stand there as they are to be."""
    there = _read(document)[1]
    return frozenset(each.request_id for each in denials if each.statement() in there)


def room(document: str, deny: Deny) -> int:
    """How many denials such as this one fit in besides what is not ours."""
    whole, there = _read(document)
    foreign = [each for each in there if not _is_ours(each)]
    empty = _size({**whole, "Statement": foreign})
    return max(0, (MOST - empty) // (_size(deny.statement()) + len(",")))


def merged(
    document: str, denials: Iterable[Deny], *, least: Sequence[Mapping[str, Any]] = ()
) -> Merged:
    """The document with these denials of ours and no others; all that is not ours stays.

    Those that stand there already come first: where there is no room for all, none of them goes.
    `least` is what stands there where nothing else is to.
    """
    whole, there = _read(document)
    foreign = [each for each in there if not _is_ours(each)]
    ours, no_room = list[dict[str, Any]](), set[RequestId]()
    for deny in sorted(denials, key=lambda each: (each.statement() not in there, each.sid)):
        if _size({**whole, "Statement": [*foreign, *ours, deny.statement()]}) > MOST:
            no_room.add(deny.request_id)
        else:
            ours.append(deny.statement())
    same = _sorted(ours) == _sorted(each for each in there if _is_ours(each))
    if same:
        return Merged(document, changed=False, no_room=frozenset(no_room))
    after: list[Mapping[str, Any]] = [*foreign, *ours] or [*least]
    text = _written({**whole, "Statement": after}) if after else ""
    return Merged(text, changed=True, no_room=frozenset(no_room))


def same(document: str, other: str) -> bool:
    """Whether they have the same statements, however they are written. NotUnderstoodError as above."""
    if not document.strip() or not other.strip():
        return document.strip() == other.strip()
    return _sorted(_read(document)[1]) == _sorted(_read(other)[1])


def _sorted(statements: Iterable[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(each, sort_keys=True) for each in statements)


def _is_ours(statement: dict[str, Any]) -> bool:
    return _SID.fullmatch(str(statement.get("Sid") or "")) is not None


def _read(document: str) -> tuple[dict[str, Any], Sequence[dict[str, Any]]]:
    """The whole of it, and its statements. One that stands there alone needs no list around it."""
    if not document.strip():
        return {"Version": VERSION}, []
    try:
        whole = json.loads(document, object_pairs_hook=_once, parse_constant=_no_number)
        _written(whole)
    except (ValueError, RecursionError):
        raise NotUnderstoodError from None
    statements = whole.get("Statement") if isinstance(whole, dict) else None
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not all(isinstance(one, dict) for one in statements):
        raise NotUnderstoodError
    return whole, statements


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A key that stands there twice means one thing to us, and another to somebody else."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands there twice")
    return found


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


def _written(whole: Any) -> str:
    return json.dumps(whole, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _size(whole: Any) -> int:
    return len(_written(whole).encode("utf-8", "surrogatepass"))
