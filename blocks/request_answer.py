"""What came back from the request form, as values; and what is wrong with it, beside its fields."""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from blocks import ids
from blocks.problems import sentence
from blocks.request_metadata import Kept, account_of, metadata, target_of
from blocks.text import typed
from grants.errors import Field, Flaw, Problem, Tampered, Unfit
from grants.model import AccountId, Target, Wish

DEFAULT_DURATION: Final = "1h"
_FIXED: Final = frozenset(
    {ids.ACCESS, ids.ACCOUNT, ids.DURATION, ids.JUSTIFICATION, ids.TICKET, ids.START, ids.WHEN}
)
_BLOCKS: Final = {
    Field.DURATION: ids.DURATION,
    Field.JUSTIFICATION: ids.JUSTIFICATION,
    Field.TICKET: ids.TICKET,
    Field.START: ids.START,
}

Values = Mapping[str, Mapping[str, Any]]


def read(view: object) -> Wish:
    """What was asked for. Whatever else the answer is, it raises nothing but `Tampered`."""
    if not isinstance(view, dict):
        raise Tampered("a form")
    kept, values, drawn = metadata(view), _values(view), _drawn(view)
    if any(not _was_asked(block, drawn) for block in values):
        raise Tampered("a field that this form never had")
    target = _target(values, drawn, kept)
    return Wish(
        form_id=_form_id(view),
        target=target,
        duration=_duration(values, kept),
        justification=_text(values, ids.JUSTIFICATION) or "",
        ticket=_text(values, ids.TICKET) or "",
        starts_at=_start(values) if ids.START in drawn else None,
        later=ids.START in drawn,
        knowing=target is not None and target == kept.held,
        extends=kept.extends,
    )


def _form_id(view: Mapping[str, Any]) -> str:
    form_id = view.get("root_view_id") or view.get("id")
    if not isinstance(form_id, str) or not 0 < len(form_id) <= 255 or not form_id.isprintable():
        raise Tampered("a form's id")
    return form_id


def _values(view: Mapping[str, Any]) -> Values:
    """What was filled in, by block; a field that the form never had is an answer to nothing."""
    state = view.get("state") or {}
    values = state.get("values") or {} if isinstance(state, dict) else None
    if not isinstance(values, dict):
        raise Tampered("a form's values")
    for block, fields in values.items():
        name = ids.PERMISSION_SET if ids.is_permission_set_block(str(block)) else block
        if (name != ids.PERMISSION_SET and block not in _FIXED) or not isinstance(fields, dict):
            raise Tampered("a form's fields")
        if fields.keys() - {name} or not all(
            value is None or isinstance(value, dict) for value in fields.values()
        ):
            raise Tampered("a form's fields")
    return values


def _was_asked(block: str, drawn: Collection[str]) -> bool:
    """Whether this form has the block, or had it: another account's sets, a start taken away again."""
    if ids.is_permission_set_block(block):
        return ids.ACCOUNT in drawn
    return block in drawn or (block == ids.START and ids.WHEN in drawn)


def _drawn(view: Mapping[str, Any]) -> list[str]:
    """The blocks of this drawing: values of earlier ones may linger in the state."""
    blocks = view.get("blocks")
    listed = blocks if isinstance(blocks, list) else []
    ids_ = (block.get("block_id") for block in listed if isinstance(block, dict))
    found = [block_id for block_id in ids_ if isinstance(block_id, str)]
    return found or [str(block) for block in _values(view)]


def _field(values: Values, block: str, name: str, key: str) -> Any:
    return ((values.get(block) or {}).get(name) or {}).get(key)


def _text(values: Values, name: str) -> str | None:
    """None: it did not come back at all."""
    found = _field(values, name, name, "value")
    if found is None:
        return None
    if not isinstance(found, str):
        raise Tampered("a text")
    return typed(found)


def _duration(values: Values, kept: Kept) -> str:
    """An emptied field comes back as null; one that was left alone may not come back at all."""
    if ids.DURATION not in values:
        return typed(kept.duration) or DEFAULT_DURATION
    return _text(values, ids.DURATION) or ""


def _chosen(values: Values, block: str, name: str) -> object:
    option = _field(values, block, name, "selected_option")
    if option is None:
        return None
    if not isinstance(option, dict) or not isinstance(option.get("value"), str):
        raise Tampered("a choice")
    return option["value"]


def _target(values: Values, drawn: Iterable[str], kept: Kept) -> Target | None:
    if ids.ACCESS in drawn:
        chosen = _chosen(values, ids.ACCESS, ids.ACCESS)
        return None if chosen is None else target_of(chosen)
    account = _account(values, kept)
    block = ids.permission_set_block(account)
    chosen = _chosen(values, block, ids.PERMISSION_SET)
    if account is None or chosen is None:
        return None
    target = target_of(chosen)
    if target.account_id != account:
        raise Tampered("a permission set of another account")
    return target


def _account(values: Values, kept: Kept) -> AccountId | None:
    chosen = _chosen(values, ids.ACCOUNT, ids.ACCOUNT)
    return kept.account if chosen is None else account_of(chosen)


def _start(values: Values) -> datetime | None:
    found = _field(values, ids.START, ids.START, "selected_date_time")
    if found is None:
        return None
    if not isinstance(found, int) or isinstance(found, bool) or not 0 <= found < 10**10:
        raise Tampered("a start")
    return datetime.fromtimestamp(found, UTC)


def chosen_account(view: object) -> AccountId | None:
    """The account just chosen in the form that searches, while it is being filled in."""
    if not isinstance(view, dict):
        raise Tampered("a form")
    return _account(_values(view), metadata(view))


# What is wrong with it


def errors(unfit: Unfit, view: Mapping[str, Any]) -> dict[str, str]:
    """Every problem at once, as Slack takes them: by the block beside which each is said."""
    drawn, account = _drawn(view), chosen_account(view)
    said: dict[str, list[str]] = {}
    for problem in (_narrowed(one, account) for one in unfit.problems):
        said.setdefault(_beside(problem, drawn), []).append(sentence(problem))
    return {block: " ".join(dict.fromkeys(words)) for block, words in said.items()}


def _narrowed(problem: Problem, account: AccountId | None) -> Problem:
    """Where the account is chosen, only the permission set is missing."""
    if account is None or (problem.field, problem.flaw) != (Field.TARGET, Flaw.MISSING):
        return problem
    return Problem(Field.PERMISSION_SET, Flaw.MISSING)


def _beside(problem: Problem, drawn: list[str]) -> str:
    if (block := _BLOCKS.get(problem.field)) and block in drawn:
        return block
    if problem.field is Field.PERMISSION_SET:
        sets = [block for block in drawn if ids.is_permission_set_block(block)]
        if sets:
            return sets[0]
    first = {ids.ACCESS, ids.ACCOUNT, ids.DURATION}  # an extension's form asks for no access
    return next((block for block in drawn if block in first), ids.ACCESS)
