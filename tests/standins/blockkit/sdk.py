"""What slack_sdk's own models say of blocks, asked deeply."""

from collections.abc import Iterator
from typing import Any

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block


def sdk_problems(blocks: list[dict[str, Any]]) -> Iterator[str]:
    """The models' complaints; a block they do not know is not theirs to judge."""
    for index, block in enumerate(blocks):
        try:
            parsed = Block.parse(block)
            if parsed is not None:
                parsed.to_dict()
        except SlackObjectFormationError as problem:
            yield f"blocks[{index}]: slack_sdk: {problem}"
        except (AttributeError, KeyError, TypeError, ValueError) as problem:
            yield f"blocks[{index}]: slack_sdk cannot read it: {problem!r}"
