"""The shapes of Block Kit's blocks, with the surfaces that take each."""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.standins.blockkit.checks import (
    Check,
    anything,
    flag,
    kinds,
    many,
    one_of,
    record,
    string,
    text,
)
from tests.standins.blockkit.elements import ELEMENTS, IN_ACTIONS, IN_INPUT, IN_SECTION

_ALL = frozenset({"message", "modal", "home"})
_MESSAGE = frozenset({"message"})
SURFACES: dict[str, frozenset[str]] = {
    "actions": _ALL,
    "alert": frozenset({"modal"}),
    "card": _ALL,
    "carousel": frozenset({"message", "home"}),
    "container": frozenset({"message", "home"}),
    "context": _ALL,
    "context_actions": _MESSAGE,
    "data_table": _MESSAGE,
    "data_visualization": _MESSAGE,
    "divider": _ALL,
    "header": _ALL,
    "image": _ALL,
    "input": _ALL,
    "markdown": _MESSAGE,
    "plan": _MESSAGE,
    "rich_text": _ALL,
    "section": _ALL,
    "table": frozenset({"message", "home"}),
    "task_card": _MESSAGE,
}


def _some_words(block: dict[str, Any], where: str) -> Iterator[str]:
    if not block.get("text") and not block.get("fields"):
        yield f"{where}: a section needs text or fields"


def _distinct_actions(block: dict[str, Any], where: str) -> Iterator[str]:
    elements = block.get("elements")
    listed = elements if isinstance(elements, list) else []
    ids = [item["action_id"] for item in listed if isinstance(item, dict) and "action_id" in item]
    if any(ids.count(action_id) > 1 for action_id in ids):
        yield f"{where}: two elements have the same action_id"


def _a_picture(block: dict[str, Any], where: str) -> Iterator[str]:
    if ("image_url" in block) == ("slack_file" in block):
        yield f"{where}: exactly one of image_url and slack_file"


def _no_dispatch(block: dict[str, Any], where: str) -> Iterator[str]:
    element = block.get("element")
    is_file = isinstance(element, dict) and element.get("type") == "file_input"
    if is_file and block.get("dispatch_action"):
        yield f"{where}: dispatch_action does not work with a file_input"


def _block(
    kind: str, needs: Mapping[str, Check], keys: Mapping[str, Check] | None = None, *rules: Any
) -> Check:
    common: dict[str, Check] = {"block_id": string(255)}
    return record({"type": one_of(kind), **needs}, common | dict(keys or {}), *rules)


def _unread(value: object, where: str) -> Iterator[str]:
    """Blocks that Elevate does not use: their shape is left to the SDK."""
    return anything(value, where)


_CONTEXT = {"image": ELEMENTS["image"]} | {kind: text(3000) for kind in ("plain_text", "mrkdwn")}
_CELL = kinds(
    {
        "raw_text": record({"type": anything, "text": string(3000)}),
        "rich_text": record({"type": anything, "elements": many(anything, most=100)}),
    },
    "table cell",
)
_COLUMN = record({}, {"align": one_of("left", "center", "right"), "is_wrapped": flag})
_LEVELS = one_of("default", "info", "warning", "error", "success")

BLOCKS: dict[str, Check] = dict.fromkeys(SURFACES, _unread) | {
    "actions": _block(
        "actions",
        {"elements": many(kinds(ELEMENTS, "element", only=frozenset(IN_ACTIONS)), most=25)},
        None,
        _distinct_actions,
    ),
    "alert": _block("alert", {"text": text(200)}, {"level": _LEVELS}),
    "context": _block("context", {"elements": many(kinds(_CONTEXT, "element"), most=10)}),
    "divider": _block("divider", {}),
    "header": _block("header", {"text": text(150, plain=True)}),
    "image": _block(
        "image",
        {"alt_text": string(2000)},
        {"image_url": string(3000), "slack_file": anything, "title": text(2000, plain=True)},
        _a_picture,
    ),
    "input": _block(
        "input",
        {
            "label": text(2000, plain=True),
            "element": kinds(ELEMENTS, "element", only=frozenset(IN_INPUT)),
        },
        {"hint": text(2000, plain=True), "optional": flag, "dispatch_action": flag},
        _no_dispatch,
    ),
    "markdown": _block("markdown", {"text": string(12_000)}),
    "rich_text": _block("rich_text", {"elements": many(anything, most=100)}),
    "section": _block(
        "section",
        {},
        {
            "text": text(3000),
            "fields": many(text(2000), most=10),
            "accessory": kinds(ELEMENTS, "element", only=frozenset(IN_SECTION)),
            "expand": flag,
        },
        _some_words,
    ),
    "table": _block(
        "table",
        {"rows": many(many(_CELL, most=20), most=100)},
        {"column_settings": many(_COLUMN, most=20)},
    ),
}
