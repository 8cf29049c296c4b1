"""The shapes of Block Kit's elements and composition objects."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from tests.standins.blockkit.checks import (
    Check,
    anything,
    flag,
    many,
    matching,
    one_of,
    record,
    string,
    text,
    whole,
)

CONFIRM = record(
    {
        "title": text(100, plain=True),
        "text": text(300),
        "confirm": text(30, plain=True),
        "deny": text(30, plain=True),
    },
    {"style": one_of("primary", "danger")},
)
_VALUED: dict[str, Check] = {"text": text(75, plain=True), "value": string(150)}
_DESCRIBED: dict[str, Check] = {"description": text(75, plain=True)}
OPTION = record(_VALUED, _DESCRIBED)
OPTION_GROUP = record({"label": text(75, plain=True), "options": many(OPTION, most=100)})
_LISTED = record(_VALUED | {"text": text(75)}, {"description": text(75)})
_OVERFLOWING = record(_VALUED, _DESCRIBED | {"url": string(3000)})
_DISPATCH = record(
    {},
    {
        "trigger_actions_on": many(
            one_of("on_enter_pressed", "on_character_entered"), least=1, most=2
        )
    },
)
_FILTER = record(
    {},
    {
        "include": many(one_of("im", "mpim", "private", "public"), most=4),
        "exclude_external_shared_channels": flag,
        "exclude_bot_users": flag,
    },
)


def offered(element: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The options an element offers, those of its groups included."""
    groups = [group for group in element.get("option_groups") or [] if isinstance(group, dict)]
    lists = [element.get("options"), *(group.get("options") for group in groups)]
    options = [option for one in lists if isinstance(one, list) for option in one]
    return [option for option in options if isinstance(option, dict)]


def _initial_is_offered(element: dict[str, Any], where: str) -> Iterator[str]:
    chosen = list(element.get("initial_options") or [])
    if "initial_option" in element:
        chosen.append(element["initial_option"])
    for option in chosen:
        if option not in offered(element):
            yield f"{where}: its initial option is none of its options"


def _distinct(element: dict[str, Any], where: str) -> Iterator[str]:
    values = [str(option.get("value")) for option in offered(element)]
    if len(values) != len(set(values)):
        yield f"{where}: two options have the same value"


def _one_list(element: dict[str, Any], where: str) -> Iterator[str]:
    if ("options" in element) == ("option_groups" in element):
        yield f"{where}: exactly one of options and option_groups"


def _lengths(element: dict[str, Any], where: str) -> Iterator[str]:
    initial = element.get("initial_value")
    shortest, longest = element.get("min_length", 0), element.get("max_length", 3000)
    if isinstance(initial, str) and isinstance(longest, int) and len(initial) > longest:
        yield f"{where}.initial_value: longer than max_length"
    if isinstance(shortest, int) and isinstance(longest, int) and shortest > longest:
        yield f"{where}: min_length is more than max_length"


def _element(
    kind: str, keys: Mapping[str, Check], needs: Mapping[str, Check], *rules: Any
) -> Check:
    common: dict[str, Check] = {"action_id": string(255)}
    return record({"type": one_of(kind), **needs}, common | dict(keys), *rules)


def _is_day(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


_PICKED: dict[str, Check] = {"confirm": CONFIRM, "focus_on_load": flag}
_ASKED = _PICKED | {"placeholder": text(150, plain=True)}
_TYPED: dict[str, Check] = {
    "placeholder": text(150, plain=True),
    "focus_on_load": flag,
    "dispatch_action_config": _DISPATCH,
    "initial_value": string(3000, least=0),
}
_STATIC = _ASKED | {
    "options": many(OPTION, most=100),
    "option_groups": many(OPTION_GROUP, most=100),
}
_MOST = {"max_selected_items": whole(1, 100)}
_OPTIONS = many(OPTION, most=100)
_DAY = matching(_is_day, "a day like 2026-11-22")
_HOUR = matching(re.compile(r"([01]\d|2[0-3]):[0-5]\d").fullmatch, "a time like 09:30")
_DECIMAL = matching(re.compile(r"-?\d+(\.\d+)?").fullmatch, "a number in a string")
_SELECT_RULES = (_one_list, _initial_is_offered, _distinct)
_ID = string(255)
_WHERE = {"default_to_current_conversation": flag, "filter": _FILTER}
_REPLY = {"response_url_enabled": flag}
_SHOWN = {"text": text(75, plain=True)}
_LIST_OF_TEN = {"options": many(_LISTED, most=10)}

ELEMENTS: dict[str, Check] = {
    "button": _element(
        "button",
        {
            "value": string(2000),
            "url": string(3000),
            "style": one_of("primary", "danger"),
            "confirm": CONFIRM,
            "accessibility_label": string(75),
        },
        _SHOWN,
    ),
    "static_select": _element(
        "static_select", _STATIC | {"initial_option": OPTION}, {}, *_SELECT_RULES
    ),
    "multi_static_select": _element(
        "multi_static_select", _STATIC | _MOST | {"initial_options": _OPTIONS}, {}, *_SELECT_RULES
    ),
    "external_select": _element(
        "external_select",
        _ASKED | {"initial_option": OPTION, "min_query_length": whole(0, 3000)},
        {},
    ),
    "multi_external_select": _element(
        "multi_external_select",
        _ASKED | _MOST | {"initial_options": _OPTIONS, "min_query_length": whole(0, 3000)},
        {},
    ),
    "users_select": _element("users_select", _ASKED | {"initial_user": _ID}, {}),
    "multi_users_select": _element(
        "multi_users_select", _ASKED | _MOST | {"initial_users": many(_ID, most=100)}, {}
    ),
    "conversations_select": _element(
        "conversations_select", _ASKED | _WHERE | _REPLY | {"initial_conversation": _ID}, {}
    ),
    "multi_conversations_select": _element(
        "multi_conversations_select",
        _ASKED | _WHERE | _MOST | {"initial_conversations": many(_ID, most=100)},
        {},
    ),
    "channels_select": _element("channels_select", _ASKED | _REPLY | {"initial_channel": _ID}, {}),
    "multi_channels_select": _element(
        "multi_channels_select", _ASKED | _MOST | {"initial_channels": many(_ID, most=100)}, {}
    ),
    "overflow": _element(
        "overflow", {"confirm": CONFIRM}, {"options": many(_OVERFLOWING, most=5)}, _distinct
    ),
    "radio_buttons": _element(
        "radio_buttons",
        _PICKED | {"initial_option": _LISTED},
        _LIST_OF_TEN,
        _initial_is_offered,
        _distinct,
    ),
    "checkboxes": _element(
        "checkboxes",
        _PICKED | {"initial_options": many(_LISTED, most=10)},
        _LIST_OF_TEN,
        _initial_is_offered,
        _distinct,
    ),
    "datepicker": _element("datepicker", _ASKED | {"initial_date": _DAY}, {}),
    "timepicker": _element(
        "timepicker", _ASKED | {"initial_time": _HOUR, "timezone": string(100)}, {}
    ),
    "datetimepicker": _element(
        "datetimepicker", _PICKED | {"initial_date_time": whole(1_000_000_000, 9_999_999_999)}, {}
    ),
    "plain_text_input": _element(
        "plain_text_input",
        _TYPED | {"multiline": flag, "min_length": whole(0, 3000), "max_length": whole(1, 3000)},
        {},
        _lengths,
    ),
    "number_input": _element(
        "number_input",
        _TYPED | {"initial_value": _DECIMAL, "min_value": _DECIMAL, "max_value": _DECIMAL},
        {"is_decimal_allowed": flag},
    ),
    "email_text_input": _element("email_text_input", _TYPED, {}),
    "url_text_input": _element("url_text_input", _TYPED, {}),
    "rich_text_input": _element(
        "rich_text_input", _TYPED | {"initial_value": anything}, {"action_id": string(255)}
    ),
    "file_input": _element(
        "file_input",
        {"filetypes": many(string(20), most=50), "max_files": whole(1, 10)},
        {},
    ),
    "image": record(
        {"type": one_of("image"), "alt_text": string(2000)},
        {"image_url": string(3000), "slack_file": anything},
    ),
}

_CHOOSERS = frozenset(
    {"static_select", "external_select", "users_select", "conversations_select", "channels_select"}
)
_MULTI = frozenset(f"multi_{kind}" for kind in _CHOOSERS)
_PICKERS = frozenset({"checkboxes", "radio_buttons", "datepicker", "timepicker"})
IN_SECTION = _CHOOSERS | _MULTI | _PICKERS | {"button", "overflow", "image"}
IN_ACTIONS = _CHOOSERS | _PICKERS | {"button", "overflow", "datetimepicker"}
IN_INPUT = (
    _CHOOSERS
    | _MULTI
    | _PICKERS
    | {"datetimepicker", "plain_text_input", "number_input", "email_text_input"}
    | {"url_text_input", "file_input", "rich_text_input"}
)
