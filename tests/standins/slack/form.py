"""What a person enters into the fields of a view, and the state that Slack makes of it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from tests.standins.slack.words import elements_in
from tests.standins.slack.workspace import JSON, View, options_of

TYPED = ("plain_text_input", "number_input", "email_text_input", "url_text_input")
ONE_OPTION = ("static_select", "external_select", "radio_buttons")
MANY_OPTIONS = ("multi_static_select", "multi_external_select", "checkboxes")
SEARCHING = ("external_select", "multi_external_select")
IDS = {
    "users_select": "user",
    "multi_users_select": "users",
    "conversations_select": "conversation",
    "multi_conversations_select": "conversations",
    "channels_select": "channel",
    "multi_channels_select": "channels",
}
PICKERS = {"datepicker": "date", "timepicker": "time", "datetimepicker": "date_time"}


class NotPossible(AssertionError):  # noqa: N818 - it reads as a sentence
    """A person could not do this in Slack."""


def _kept_as(kind: str) -> str | None:
    """The word after `selected_` and `initial_`, for what keeps a value at all."""
    if kind in ONE_OPTION:
        return "option"
    return "options" if kind in MANY_OPTIONS else (IDS | PICKERS).get(kind)


def untouched(element: JSON) -> JSON | None:
    """The state of a field that nobody touched; None for what has no state."""
    kind = element["type"]
    if kind in TYPED:
        return {"type": kind, "value": element.get("initial_value")}
    word = _kept_as(kind)
    if word is None:
        return None
    nothing: list[Any] | None = [] if kind in MANY_OPTIONS or kind.startswith("multi_") else None
    return {"type": kind, f"selected_{word}": element.get(f"initial_{word}", nothing)}


def is_empty(state: JSON) -> bool:
    """Whether nothing is entered or chosen."""
    return all(value in (None, "", []) for key, value in state.items() if key != "type")


def state_of(view: View, *, untouched_are_told: bool) -> JSON:
    """`view.state`: every stateful element, and what lingers of blocks that are gone."""
    values: dict[str, JSON] = {}
    for (block_id, action_id), state in view.lingering.items():
        values.setdefault(block_id, {})[action_id] = state
    for block, element in elements_in(view.blocks):
        key = (block["block_id"], element["action_id"])
        state_now = view.entered.get(key) or untouched(element)
        told = state_now is not None and (untouched_are_told or not is_empty(state_now))
        if state_now is not None and told:
            values.setdefault(key[0], {})[key[1]] = state_now
    return {"values": values}


def missing_fields(view: View) -> dict[str, str]:
    """What Slack's client itself would not let pass, by label."""
    complaints: dict[str, str] = {}
    for block in view.blocks:
        if block["type"] == "input":
            state = view.entered.get((block["block_id"], block["element"]["action_id"]))
            complaint = _complaint(block, state or untouched(block["element"]) or {})
            if complaint:
                complaints[block["label"]["text"]] = complaint
    return complaints


def _complaint(block: JSON, state: JSON) -> str | None:
    element, written = block["element"], state.get("value") or ""
    if is_empty(state):
        return None if block.get("optional") else "Please complete this required field."
    if len(written) > element.get("max_length", 3000):
        return "Too long."
    return "Too short." if 0 < len(written) < element.get("min_length", 0) else None


def entered(view: View, block: JSON, element: JSON, wanted: Any, ids: dict[str, str]) -> JSON:
    """The state of a field after someone entered `wanted`; `ids` gives ids by name."""
    kind = element["type"]
    if kind in TYPED:
        return {"type": kind, "value": str(wanted) if wanted not in (None, "") else None}
    word = _kept_as(kind)
    if word is None:
        raise NotPossible(f"a {kind} takes no value")
    return {"type": kind, f"selected_{word}": _chosen(view, block, element, wanted, ids)}


def _chosen(view: View, block: JSON, element: JSON, wanted: Any, ids: dict[str, str]) -> Any:
    kind = element["type"]
    if kind in PICKERS:
        return int(wanted.timestamp()) if isinstance(wanted, datetime) else wanted
    if kind in ONE_OPTION:
        return None if wanted is None else choice(offer(view, block, element), wanted)
    if kind in MANY_OPTIONS:
        return [choice(offer(view, block, element), one) for one in _several(wanted)]
    if kind.startswith("multi_"):
        return [_id(ids, one) for one in _several(wanted)]
    return None if wanted is None else _id(ids, wanted)


def _several(wanted: Any) -> Iterable[Any]:
    if wanted is None:
        return []
    return [wanted] if isinstance(wanted, str) else list(wanted)


def _id(ids: dict[str, str], wanted: str) -> str:
    if wanted not in ids:
        raise NotPossible(f"{wanted!r} is not offered")
    return ids[wanted]


def offer(view: View, block: JSON, element: JSON) -> list[JSON]:
    """The options a field shows now."""
    if element["type"] in SEARCHING:
        return view.offered.get(offered_key(block, element), [])
    return list(options_of(element))


def offered_key(block: JSON, element: JSON) -> str:
    """Under which key a view keeps what a search found."""
    return f"{block['block_id']} {element['action_id']}"


def choice(options: list[JSON], wanted: str) -> JSON:
    """The option with this text or value."""
    found = [one for one in options if wanted in (one["text"]["text"], one.get("value"))]
    if len(found) != 1:
        texts = [one["text"]["text"] for one in options]
        raise NotPossible(f"{len(found)} options are {wanted!r}; offered: {texts}")
    return found[0]
