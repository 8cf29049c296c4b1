"""Block Kit flattened to the words a person reads."""

import html
import re
from collections.abc import Callable, Iterator
from typing import Any

Name = Callable[[str], str]
_LINK = re.compile(r"<([^<>\n]+)>")
_SPAN = re.compile(r"(?<![\w*~`])([*~`])(?=\S)([^\n]*?\S)\1(?![\w*~`])")
_ITALIC = re.compile(r"(?<![\w_])_(?=\S)([^\n_]*?\S)_(?![\w_])")
_WORDY = ("title", "text", "label", "hint", "fields", "elements", "element", "accessory")
_FOLDED = ("static_select", "multi_static_select", "overflow")
_MORE = ("options", "initial_option", "initial_value", "rows", "placeholder", "alt_text")


def flat(markup: str, name: Name = str) -> str:
    """Slack's mrkdwn as it is read: names for ids, a link's words, a date's fallback."""
    plain = _LINK.sub(lambda found: _linked(found[1], name), markup)
    for span in (_SPAN, _SPAN):
        plain = span.sub(r"\2", plain)
    return html.unescape(_ITALIC.sub(r"\1", plain))


def _linked(inside: str, name: Name) -> str:
    target, _, shown = inside.partition("|")
    match target[0]:
        case "@":
            return f"@{shown or name(target[1:])}"
        case "#":
            return f"#{shown or name(target[1:])}"
        case "!":
            return shown or f"@{target[1:]}"
        case _:
            return shown or target


def words_of(blocks: list[dict[str, Any]], name: Name = str) -> str:
    """All that blocks show, one line per piece of text."""
    return "\n".join(piece for block in blocks for piece in _pieces(block, name))


def _pieces(value: object, name: Name) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _pieces(item, name)
    elif isinstance(value, dict):
        yield from _words_in(value, name)


def _words_in(value: dict[str, Any], name: Name) -> Iterator[str]:
    words = value.get("text")
    if isinstance(words, str):
        yield words if value.get("type") == "plain_text" else flat(words, name)
        return
    hidden = ("options",) if value.get("type") in _FOLDED else ()
    for key in (*_WORDY, "description", *_MORE):
        if key in hidden:
            continue
        inner = value.get(key)
        if isinstance(inner, str) and key in ("initial_value", "alt_text"):
            yield inner
        yield from _pieces(inner, name)


def buttons_in(blocks: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each button with the block it stands in."""
    for block, element in elements_in(blocks):
        if element.get("type") == "button":
            yield block, element


def elements_in(blocks: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each interactive element with the block it stands in."""
    for block in blocks:
        candidates = [block.get("element"), block.get("accessory")]
        if block.get("type") == "actions":
            candidates += block.get("elements", [])
        yield from ((block, one) for one in candidates if one and "action_id" in one)
