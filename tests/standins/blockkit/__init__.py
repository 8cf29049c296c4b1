"""What Slack would refuse in a message, a modal or a home view, said before it is sent.

Each function gives the problems found, as sentences with the place they are at; none means fine.
Blocks and views are JSON, or the models of slack_sdk.
"""

import json
from collections.abc import Iterator
from typing import Any

from slack_sdk.models import JsonObject

from tests.standins.blockkit.blocks import BLOCKS, SURFACES
from tests.standins.blockkit.checks import flag, kinds, many, record, string, text
from tests.standins.blockkit.elements import OPTION, OPTION_GROUP, offered
from tests.standins.blockkit.sdk import sdk_problems

__all__ = ["check_home", "check_message", "check_options", "check_view"]

TEXT_MOST = 4000
VIEW_BYTES = 250_000
MARKDOWN_MOST = 12_000
TABLE_MOST = 10_000

_BLOCK = kinds(BLOCKS, "block")
_VIEW = {
    "private_metadata": string(3000, least=0),
    "callback_id": string(255),
    "external_id": string(255, least=0),
}
_MODAL = record(
    {"type": string(5), "title": text(24, plain=True), "blocks": many(_BLOCK, most=100)},
    _VIEW
    | {
        "submit": text(24, plain=True),
        "close": text(24, plain=True),
        "clear_on_close": flag,
        "notify_on_close": flag,
    },
)
_HOME = record({"type": string(4), "blocks": many(_BLOCK, least=0, most=100)}, _VIEW)


def check_message(words: object, blocks: object) -> list[str]:
    """A message's top-level text and its blocks (None: a message of text alone)."""
    found = list(_top_level(words))
    blocks = _as_json(blocks)
    if blocks is None:
        return found
    found += many(_BLOCK, least=0, most=50)(blocks, "blocks")
    return found + list(_together(blocks, "message"))


def check_view(view: object) -> list[str]:
    """A modal; a home view given here is checked as one."""
    view = _as_json(view)
    if not isinstance(view, dict):
        return ["view: is not an object"]
    if view.get("type") == "home":
        return check_home(view)
    found = [] if view.get("type") == "modal" else [f"view.type: {view.get('type')!r} is no view"]
    found += _MODAL(view, "view")
    found += _together(view.get("blocks"), "modal")
    if _of_type(view.get("blocks"), "input") and not view.get("submit"):
        found.append("view.submit: is missing, though there are input blocks")
    return found + list(_size(view))


def check_home(view: object) -> list[str]:
    """An App Home view."""
    view = _as_json(view)
    if not isinstance(view, dict):
        return ["view: is not an object"]
    found = [] if view.get("type") == "home" else ["view.type: must be 'home'"]
    found += _HOME(view, "view")
    return found + list(_together(view.get("blocks"), "home")) + list(_size(view))


def check_options(answer: object) -> list[str]:
    """What an options handler answered: `{"options": […]}` or `{"option_groups": […]}`."""
    if not isinstance(answer, dict):
        return ["options: the answer is not an object"]
    lists = {"options": many(OPTION, least=0, most=100)}
    lists["option_groups"] = many(OPTION_GROUP, least=0, most=100)
    if len(answer.keys() & lists.keys()) != 1:
        return ["options: exactly one of options and option_groups"]
    found = list(record({}, lists)(answer, "answer"))
    values = [option.get("value") for option in offered(answer)]
    if len(values) != len(set(values)):
        found.append("options: two options have the same value")
    return found


def _as_json(given: object) -> object:
    """What would be sent: slack_sdk's models are drawn first, which may complain by itself."""
    if isinstance(given, JsonObject):
        return given.to_dict()
    if isinstance(given, list):
        return [_as_json(one) for one in given]
    return given


def _top_level(words: object) -> Iterator[str]:
    if not isinstance(words, str) or not words.strip():
        yield "text: is missing; screen readers and notifications read nothing else"
    elif len(words) > TEXT_MOST:
        yield f"text: {len(words)} characters, at most {TEXT_MOST}"


def _size(view: dict[str, Any]) -> Iterator[str]:
    size = len(json.dumps(view, ensure_ascii=False, default=str).encode())
    if size > VIEW_BYTES:
        yield f"view: {size} bytes, at most {VIEW_BYTES}"


def _of_type(blocks: object, kind: str) -> list[dict[str, Any]]:
    if not isinstance(blocks, list):
        return []
    return [block for block in blocks if isinstance(block, dict) and block.get("type") == kind]


def _together(blocks: object, surface: str) -> Iterator[str]:
    if not isinstance(blocks, list):
        return
    known = [block for block in blocks if isinstance(block, dict)]
    for index, block in enumerate(blocks):
        allowed = SURFACES.get(str(block.get("type")) if isinstance(block, dict) else "")
        if allowed is not None and surface not in allowed:
            yield f"blocks[{index}]: a {block['type']} block is not allowed in a {surface}"
    ids = [str(block["block_id"]) for block in known if "block_id" in block]
    yield from (
        f"blocks: block_id {i!r} is there twice"
        for i in sorted(set(ids), key=ids.index)
        if ids.count(i) > 1
    )
    yield from _quantities(blocks)
    yield from sdk_problems(known)


def _quantities(blocks: object) -> Iterator[str]:
    written = sum(len(str(block.get("text", ""))) for block in _of_type(blocks, "markdown"))
    if written > MARKDOWN_MOST:
        yield f"blocks: {written} characters of markdown, at most {MARKDOWN_MOST}"
    tables = _of_type(blocks, "table")
    if len(tables) > 1:
        yield "blocks: more than one table"
    if sum(_cells(table) for table in tables) > TABLE_MOST:
        yield f"blocks: a table of more than {TABLE_MOST} characters"
    focused = sum(_focuses(block) for block in blocks) if isinstance(blocks, list) else 0
    if focused > 1:
        yield "blocks: focus_on_load is set more than once"


def _cells(table: dict[str, Any]) -> int:
    rows = [row for row in table.get("rows") or [] if isinstance(row, list)]
    cells = [cell for row in rows for cell in row if isinstance(cell, dict)]
    return sum(len(str(cell.get("text", ""))) for cell in cells)


def _focuses(value: object) -> int:
    if isinstance(value, dict):
        own = 1 if value.get("focus_on_load") is True else 0
        return own + sum(_focuses(inner) for inner in value.values())
    return sum(_focuses(inner) for inner in value) if isinstance(value, list) else 0
