"""Finding what can be pressed, by the words on it."""

from dataclasses import dataclass

from tests.standins.slack.words import elements_in, words_of
from tests.standins.slack.workspace import JSON, options_of


@dataclass(frozen=True, slots=True)
class Pressable:
    """A button, or an entry of an overflow menu, as the action it sends."""

    action: JSON


def pressables(blocks: list[JSON], label: str, within: str | None = None) -> list[Pressable]:
    """All with this label or action id, in order; `within` narrows to a place by its words."""
    found: list[Pressable] = []
    for block, element in elements_in(blocks):
        if within is None or within in _around(blocks, block):
            found += _matching(block, element, label)
    return found


def _around(blocks: list[JSON], block: JSON) -> str:
    """The words of a block and, for a row of buttons, of the nearest block with words above."""
    index = next(i for i, one in enumerate(blocks) if one is block)
    own = words_of([block])
    if block["type"] != "actions":
        return own
    above = [one for one in blocks[:index] if one["type"] in ("section", "header", "context")]
    return own + "\n" + words_of(above[-1:])


def _matching(block: JSON, element: JSON, label: str) -> list[Pressable]:
    where = {"block_id": block["block_id"], "action_id": element["action_id"]}
    where |= {"type": element["type"]}
    if element["type"] == "button" and label in (element["text"]["text"], element["action_id"]):
        shown = {key: element[key] for key in ("text", "value", "style") if key in element}
        return [Pressable(where | shown)]
    if element["type"] == "overflow":
        options = [one for one in options_of(element) if label == one["text"]["text"]]
        return [Pressable(where | {"selected_option": option}) for option in options]
    return []
