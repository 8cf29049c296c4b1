"""The small forms: the comment of a decision and the reason of a revocation."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from slack_sdk.models.blocks import Block, InputBlock, PlainTextInputElement, SectionBlock
from slack_sdk.models.views import View

from blocks import ids, wording
from blocks.parts import aside, marked, ours, plain, said, whole
from blocks.problems import sentence
from blocks.text import Style, moment, typed
from grants.errors import Tampered, Unfit
from grants.model import Ballot, Request, RequestId

SHOWN: Final = 500
_ID = re.compile(r"[0-9A-Za-z]{8}", re.ASCII)
_KEPT: Final = {ids.COMMENT_FORM: {"request", "ballot"}, ids.REVOKE_FORM: {"request"}}
"""What each form's `private_metadata` holds."""
_TITLES: Final = {
    Ballot.APPROVE: ("Approve request", "Approve"),
    Ballot.REJECT: ("Reject request", "Reject"),
}


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody decided in the form."""

    request_id: RequestId
    ballot: Ballot
    comment: str


@dataclass(frozen=True, slots=True)
class Revocation:
    """What somebody takes away, and why."""

    request_id: RequestId
    reason: str


def comment_form(request: Request, ballot: Ballot, *, required: bool, style: Style) -> View:
    """Asks for the comment of an approval or a rejection."""
    title, submit = _TITLES[ballot]
    hint = "The requester and the request's thread read it."
    return View(
        type="modal",
        callback_id=ids.COMMENT_FORM,
        title=plain(title),
        submit=plain(submit),
        close=plain("Close"),
        blocks=[
            *_about(request, style),
            _input("Comment", ids.COMMENT, hint, optional=not required),
        ],
        private_metadata=json.dumps({"request": request.id, "ballot": ballot.value}),
    )


def revoke_form(request: Request, style: Style) -> View:
    """Asks for the reason of a revocation."""
    hint = "The requester and the request's thread read it."
    return View(
        type="modal",
        callback_id=ids.REVOKE_FORM,
        title=plain("Revoke access"),
        submit=plain("Revoke"),
        close=plain("Close"),
        blocks=[*_about(request, style), _input("Reason", ids.REASON, hint, optional=False)],
        private_metadata=json.dumps({"request": request.id}),
    )


def _about(request: Request, style: Style) -> Iterator[Block]:
    yield said(f"{wording.headline(request)}.")
    word, meaning, _ = wording.STATES[request.state]
    fields = [
        plain(f"Account: {wording.account(request)}"),
        plain(f"Duration: {wording.how_long(request)}"),
        plain(f"Ticket: {wording.seen(request.ticket) or 'none'}"),
        plain(f"Request: {request.id}"),
    ]
    yield SectionBlock(fields=fields)
    yield ours(f"*{word}*: {meaning}.")
    if request.starts_at:
        yield aside(marked(f"Start: {moment(request.starts_at, style)}"))
    yield aside(plain("Justification"))
    yield from whole(request.justification[:SHOWN])


def _input(words: str, name: str, hint: str, *, optional: bool) -> InputBlock:
    return InputBlock(
        block_id=name,
        label=plain(words),
        element=PlainTextInputElement(action_id=name, multiline=True),
        hint=plain(hint),
        optional=optional,
    )


# What came back


def read_comment(view: object) -> Decision:
    """The decision; `Tampered` for whatever is none."""
    kept = _metadata(view, _KEPT[ids.COMMENT_FORM])
    try:
        ballot = Ballot(kept["ballot"])
    except ValueError:
        raise Tampered("a decision") from None
    return Decision(_request_id(kept["request"]), ballot, _text(view, ids.COMMENT))


def read_revoke(view: object) -> Revocation:
    """The revocation; `Tampered` for whatever is none."""
    kept = _metadata(view, _KEPT[ids.REVOKE_FORM])
    return Revocation(_request_id(kept["request"]), _text(view, ids.REASON))


def about(view: object) -> RequestId | None:
    """The request that one of these forms says it is about; None where that cannot be read."""
    keys = _KEPT.get(str(view.get("callback_id"))) if isinstance(view, dict) else None
    try:
        return _request_id(_metadata(view, keys)["request"]) if keys else None
    except Tampered:
        return None


def errors(unfit: Unfit, view: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong, beside the one field that the form has."""
    revoking = view.get("callback_id") == ids.REVOKE_FORM
    block = ids.REASON if revoking else ids.COMMENT
    return {block: " ".join(dict.fromkeys(sentence(problem) for problem in unfit.problems))}


def _metadata(view: object, keys: set[str]) -> dict[str, Any]:
    raw = view.get("private_metadata") if isinstance(view, dict) else None
    if not isinstance(raw, str) or len(raw) > 3000:
        raise Tampered("a form's metadata")
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        raise Tampered("a form's metadata") from None
    if not isinstance(found, dict) or found.keys() != keys:
        raise Tampered("a form's metadata")
    return found


def _request_id(value: object) -> RequestId:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise Tampered("a request's id")
    return RequestId(value.upper())


def _text(view: object, name: str) -> str:
    values: object = view
    for key in ("state", "values"):
        values = (values.get(key) or {}) if isinstance(values, dict) else None
    if not isinstance(values, dict) or values.keys() - {name}:
        raise Tampered("a form's fields")
    found: object = values
    for key in (name, name, "value"):
        if found is not None and not isinstance(found, dict):
            raise Tampered("a form's fields")
        found = found.get(key) if found else None
    if found is not None and not isinstance(found, str):
        raise Tampered("a text")
    return typed(found or "")
