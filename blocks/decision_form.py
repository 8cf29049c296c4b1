"""The small forms: the comment of a decision and the reason of a revocation."""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from slack_sdk.models.blocks import (
    Block,
    InputBlock,
    Option,
    PlainTextInputElement,
    RadioButtonsElement,
    SectionBlock,
)
from slack_sdk.models.views import View

from blocks import ids, wording
from blocks.parts import aside, marked, ours, plain, said, whole
from blocks.problems import sentence
from blocks.text import Style, moment, span, typed
from grants.errors import Field, Tampered, Unfit
from grants.model import Ballot, Request, RequestId

SHOWN: Final = 500
CODE_HINT: Final = "The six digits that your authenticator app shows for Elevate now."
LEAVE, CUT = "leave", "cut"
"""What may become of sessions that are open already."""
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
    code: str = field(default="", repr=False)
    """The one-time code that came with an approval."""


@dataclass(frozen=True, slots=True)
class Revocation:
    """What somebody takes away, and why."""

    request_id: RequestId
    reason: str
    cut: bool = False
    """And the sessions that are open already."""


def comment_form(
    request: Request, ballot: Ballot, *, required: bool, style: Style, proof: bool = False
) -> View:
    """Asks for the comment of an approval or a rejection; and, for a proof, for a code."""
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
            *([code_input(CODE_HINT)] if proof else []),
        ],
        private_metadata=json.dumps({"request": request.id, "ballot": ballot.value}),
    )


def revoke_form(request: Request, style: Style, *, cuts: bool = False) -> View:
    """Asks for the reason of a revocation; where sessions can be cut, whether they are to be."""
    hint = "The requester and the request's thread read it."
    return View(
        type="modal",
        callback_id=ids.REVOKE_FORM,
        title=plain("Revoke access"),
        submit=plain("Revoke"),
        close=plain("Close"),
        blocks=[
            *_about(request, style),
            _input("Reason", ids.REASON, hint, optional=False),
            *([_sessions(request)] if cuts else []),
        ],
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


def code_input(hint: str) -> InputBlock:
    """Takes a one-time code."""
    return InputBlock(
        block_id=ids.CODE,
        label=plain("Code"),
        element=PlainTextInputElement(action_id=ids.CODE, max_length=20),
        hint=plain(hint),
    )


def _input(words: str, name: str, hint: str, *, optional: bool) -> InputBlock:
    return InputBlock(
        block_id=name,
        label=plain(words),
        element=PlainTextInputElement(action_id=name, multiline=True),
        hint=plain(hint),
        optional=optional,
    )


def _sessions(request: Request) -> InputBlock:
    """What each of the two costs, beside it."""
    alive = span(request.session_duration)
    leave = Option(
        value=LEAVE,
        text=plain("Revoke"),
        description=plain(f"Sessions that are open already may go on for up to {alive}."),
    )
    cut = Option(
        value=CUT,
        text=plain("Revoke and cut sessions"),
        description=plain("AWS denies them everything, within some minutes."),
    )
    return InputBlock(
        block_id=ids.SESSIONS,
        label=plain("What is taken away"),
        element=RadioButtonsElement(
            action_id=ids.SESSIONS, options=[leave, cut], initial_option=leave
        ),
    )


# What came back


def read_comment(view: object) -> Decision:
    """The decision; `Tampered` for whatever is none."""
    kept = _metadata(view, _KEPT[ids.COMMENT_FORM])
    try:
        ballot = Ballot(kept["ballot"])
    except ValueError:
        raise Tampered("a decision") from None
    fields = {ids.COMMENT} if ballot is Ballot.REJECT else {ids.COMMENT, ids.CODE}
    comment, code = (text(view, name, fields) for name in (ids.COMMENT, ids.CODE))
    return Decision(_request_id(kept["request"]), ballot, comment, code)


def read_revoke(view: object) -> Revocation:
    """The revocation; `Tampered` for whatever is none."""
    kept = _metadata(view, _KEPT[ids.REVOKE_FORM])
    reason = text(view, ids.REASON, {ids.REASON, ids.SESSIONS})
    return Revocation(_request_id(kept["request"]), reason, _cut(view))


def about(view: object) -> RequestId | None:
    """The request that one of these forms says it is about; None where that cannot be read."""
    keys = _KEPT.get(str(view.get("callback_id"))) if isinstance(view, dict) else None
    try:
        return _request_id(_metadata(view, keys)["request"]) if keys else None
    except Tampered:
        return None


def errors(unfit: Unfit, view: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong, beside the field that it is about, if the form has it."""
    said: dict[str, list[str]] = {}
    for problem in unfit.problems:
        block = beside(view, code=problem.field is Field.CODE)
        said.setdefault(block, []).append(sentence(problem))
    return {block: " ".join(dict.fromkeys(words)) for block, words in said.items()}


def beside(view: Mapping[str, Any], *, code: bool = False) -> str:
    """Where trouble with the form is said; `code`: with the code, which not every form asks for."""
    if view.get("callback_id") == ids.REVOKE_FORM:
        return ids.REASON
    blocks = view.get("blocks")
    drawn = blocks if isinstance(blocks, list) else []
    asks = any(isinstance(each, dict) and each.get("block_id") == ids.CODE for each in drawn)
    return ids.CODE if code and asks else ids.COMMENT


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


def text(view: object, name: str, fields: Collection[str]) -> str:
    """What was typed there, in a form of no other fields than these; empty: it did not come back."""
    values = _values(view)
    if values.keys() - set(fields):
        raise Tampered("a form's fields")
    found = _at(values, name, name, "value")
    if found is not None and not isinstance(found, str):
        raise Tampered("a text")
    return typed(found or "")


def _cut(view: object) -> bool:
    """Not asked, or not answered: what is open stays open."""
    chosen = _at(_values(view), ids.SESSIONS, ids.SESSIONS, "selected_option", "value")
    if chosen not in (None, LEAVE, CUT):
        raise Tampered("a choice")
    return chosen == CUT


def _values(view: object) -> dict[str, Any]:
    values: object = view
    for key in ("state", "values"):
        values = (values.get(key) or {}) if isinstance(values, dict) else None
    if not isinstance(values, dict):
        raise Tampered("a form's fields")
    return values


def _at(values: dict[str, Any], *path: str) -> object:
    found: object = values
    for key in path:
        if found is not None and not isinstance(found, dict):
            raise Tampered("a form's fields")
        found = found.get(key) if found else None
    return found
