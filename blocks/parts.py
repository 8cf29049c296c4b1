"""The few shapes that every message is made of: what was typed is plain text, mrkdwn is ours."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from slack_sdk.models.blocks import (
    Block,
    ContextBlock,
    MarkdownTextObject,
    PlainTextObject,
    SectionBlock,
    TextObject,
)
from slack_sdk.models.views import View

from blocks.text import shown

PART: Final = 1500
"""Code points: however Slack counts, so many fit into a section's 3,000."""
MANY: Final = 6
"""Nobody may type more than two; AWS and older rows may surprise us."""


def plain(words: str) -> PlainTextObject:
    """Words that mean nothing to Slack."""
    return PlainTextObject(text=shown(words), emoji=False)


def marked(words: str) -> MarkdownTextObject:
    """Our own words, with times and links; never what somebody typed."""
    return MarkdownTextObject(text=words, verbatim=True)


def said(words: str) -> SectionBlock:
    """A paragraph of plain text."""
    return SectionBlock(text=plain(words))


def ours(words: str) -> SectionBlock:
    """A paragraph of our own words."""
    return SectionBlock(text=marked(words))


def aside(*texts: TextObject) -> ContextBlock:
    """A line in small print."""
    return ContextBlock(elements=list(texts))


def whole(words: str) -> Iterator[SectionBlock]:
    """A long typed text in parts, each in a block of its own, so that it stays by itself."""
    visible = shown(words)[: PART * MANY]
    parts = (visible[at : at + PART] for at in range(0, len(visible), PART))
    yield from (said(part) for part in parts if part.strip())


class Ready(Block):
    """Drawn before, for all who are shown the same: the SDK takes longer over a field than we over a form."""

    def __init__(self, as_drawn: dict[str, Any]) -> None:
        """Of a block whose limits were looked at when it was drawn."""
        super().__init__(type=as_drawn["type"])
        self._drawn = as_drawn

    def having(self, **element: Any) -> "Ready":
        """The same with this in its element, drawn already."""
        return Ready({**self._drawn, "element": {**self._drawn["element"], **element}})

    def to_dict(self, *_: Any) -> dict[str, Any]:
        """As Slack takes it; nobody changes it."""
        return self._drawn


class ReadyView(View):
    """A form whose frame was drawn before, for the same reason."""

    def __init__(
        self, frame: dict[str, Any], blocks: Sequence[Block], *, private_metadata: str
    ) -> None:
        """`frame`: a view as drawn, in which others take the place of its blocks and metadata."""
        super().__init__(type=frame["type"], blocks=blocks, private_metadata=private_metadata)
        self._frame = frame

    def to_dict(self, *_: Any) -> dict[str, Any]:
        """As Slack takes it; nobody changes it."""
        within = {"blocks": drawn(self.blocks or ()), "private_metadata": self.private_metadata}
        return {**self._frame, **within}


def drawn(blocks: Sequence[Block]) -> list[dict[str, Any]]:
    """As Slack takes them; the SDK looks at their limits here."""
    return [block.to_dict() for block in blocks]
