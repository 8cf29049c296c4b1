"""Lists cut into pages, with tokens that only the list they came from accepts."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from itertools import islice
from typing import TypeVar

from tests.standins.aws.calls import Call
from tests.standins.aws.ground import AwsError, digits_of

T = TypeVar("T")


def page_of(
    items: Iterable[T],
    call: Call,
    *,
    most: int,
    refusal: str = "ValidationException",
    empty_first: bool = False,
) -> tuple[list[T], dict[str, str]]:
    """The page asked for, and the NextToken to be merged into the answer, if more is to come."""
    params = call.parameters
    same = sorted((k, str(v)) for k, v in params.items() if k not in ("NextToken", "MaxResults"))
    asked = digits_of(call.operation, same)[:12]
    size = min(int(params.get("MaxResults") or most), most)
    offset, emptied = _read(params.get("NextToken"), asked, refusal)
    if empty_first and not emptied:
        return [], {"NextToken": _token(offset, asked, emptied=True)}
    found = list(islice(items, offset, offset + size + 1))
    if len(found) <= size:
        return found, {}
    return found[:size], {"NextToken": _token(offset + size, asked, emptied=False)}


def _token(offset: int, asked: str, *, emptied: bool) -> str:
    return urlsafe_b64encode(f"{offset}:{int(emptied)}:{asked}".encode()).decode()


def _read(token: str | None, asked: str, refusal: str) -> tuple[int, bool]:
    if not token:
        return 0, False
    try:
        offset, emptied, of = urlsafe_b64decode(token.encode()).decode().split(":")
        number = int(offset)
    except ValueError as bad:
        raise AwsError(refusal, "The provided NextToken is not valid.") from bad
    if of != asked:
        raise AwsError(refusal, "The provided NextToken belongs to another request.")
    return number, emptied == "1"
