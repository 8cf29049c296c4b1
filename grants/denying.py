"""The denial of sessions that are open already, in and out of a permission set's inline policy.

Pure: a document comes in, a document goes out. What others wrote there keeps its meaning.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from grants.model import RequestId, UserId

MOST: Final = 10_240
"""Of characters without white space, as AWS counts a permission set's inline policy."""
OURS: Final = "ElevateCut"
"""So begins the Sid of each of our statements, which the request's id follows."""
_SID: Final = re.compile(rf"{OURS}[0-9A-HJKMNP-TV-Z]{{8}}", re.ASCII)
VERSION: Final = "2012-10-17"


class NotUnderstoodError(Exception):
    """The document is none that we could change without harm: it is left alone."""


@dataclass(frozen=True, slots=True)
class Deny:
    """Whose sessions are denied everything, as far as they were opened before then."""

    request_id: RequestId
    user_id: UserId
    before: datetime

    @property
    def sid(self) -> str:
        """By which it is known again."""
        return f"{OURS}{self.request_id}"

    def statement(self) -> dict[str, Any]:
        """As AWS documents it for revoking the sessions of one user."""
        return {
            "Sid": self.sid,
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {
                "StringEquals": {"identitystore:UserId": self.user_id},
                "DateLessThan": {"aws:TokenIssueTime": instant(self.before)},
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


def instant(at: datetime) -> str:
    """As IAM compares it, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def standing(document: str, denials: Iterable[Deny]) -> frozenset[RequestId]:
    """Of these denials, those that stand there as they are to be."""
    there = _read(document)[1]
    return frozenset(each.request_id for each in denials if each.statement() in there)


def merged(document: str, denials: Iterable[Deny]) -> Merged:
    """The document with these denials of ours and no others; all that is not ours stays.

    Those that stand there already come first: where there is no room for all, none of them goes.
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
    after = [*foreign, *ours]
    text = _written({**whole, "Statement": after}) if after else ""
    return Merged(text, changed=True, no_room=frozenset(no_room))


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
