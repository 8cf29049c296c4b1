"""A thread's line as Slack gives it back: what it says, and which move it tells."""

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from html import unescape
from typing import Any, Final

from slack_sdk.errors import SlackObjectFormationError

from blocks import activity, thread, wording
from blocks.parts import whole
from blocks.text import Message, Style, utc
from blocks.thread import Facts
from grants.expecting import Expected, Standing
from grants.model import Move, Moved, Request

Told = Mapping[str, Any]
"""A message as the Web API gives it."""

_SLACKS_OWN: Final = frozenset({"block_id", "emoji", "verbatim"})
"""Slack fills these in where we say nothing, and nobody reads them."""
_DATE = re.compile(r"<!date\^(\d{1,12})\^[^>]*>")
_FIRST = re.compile(r"[^\W_]+")
_EMOJI = re.compile(r":[a-z0-9_+'-]+:", re.IGNORECASE)
_NOT_READ = frozenset({"Cf", "Mn", "Sk", "So"})
"""Emoji, and the marks that join or turn them: Slack writes some of them as `:names:`."""


def digest(message: Told) -> str:
    """SHA-256 of its text and blocks, the same for what we send and what Slack makes of that."""
    content = [message.get("text") or "", _content(message.get("blocks") or [])]
    written = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(written.encode("utf-8", "replace")).hexdigest()


def drawn(message: Message) -> str:
    """The same of one that we are about to send."""
    return digest({"text": message.text, "blocks": message.blocks})


def standing(message: Told) -> Standing:
    """A message of ours in a thread."""
    ts = str(message["ts"])
    text = str(message.get("text") or "")
    seen = " ".join(_texts(message.get("blocks") or []))
    return Standing(
        ts=ts,
        at=datetime.fromtimestamp(float(ts), UTC),
        digest=digest(message),
        words=spelled(f"{text} {seen}"),
        word=_word(seen) or _word(text),
        edited=bool(message.get("edited")),
        summary=activity.WORD in {_first(seen), _first(text)},
    )


def begins_as_ours(message: Told) -> bool:
    """Whether somebody may take it for the line of a move."""
    seen = " ".join(_texts(message.get("blocks") or []))
    return bool(_word(str(message.get("text") or "")) or _word(seen))


def expected(moved: Moved, request: Request, facts: Facts, style: Style) -> Expected:
    """The line that the journal asks for: where it hangs late, it is drawn without its facts."""
    try:
        lines = [thread.line(moved, request, known, style) for known in (facts, {})]
    except SlackObjectFormationError as error:
        raise ValueError("longer than any line of ours") from error
    typed = request.justification if moved.move is Move.ASK else thread.why(moved, request, facts)
    pieces = [
        wording.who(moved.by),
        utc(moved.at),
        *_texts([part.to_dict() for part in whole(typed)]),
    ]
    return Expected(
        kind=f"request.{moved.move}",
        at=moved.at,
        word=thread.word(moved),
        drawn=frozenset(map(drawn, lines)),
        holds=tuple(spelled(piece) for piece in pieces),
    )


def spelled(words: str) -> str:
    """In the one spelling in which words are looked for in others."""
    dated = _DATE.sub(lambda found: _utc(int(found[1])), words)
    bare = _EMOJI.sub("", unescape(dated))
    kept = (one for one in bare if unicodedata.category(one) not in _NOT_READ)
    return " ".join("".join(kept).split())


def _utc(seconds: int) -> str:
    try:
        return utc(datetime.fromtimestamp(seconds, UTC))
    except (ValueError, OverflowError, OSError):
        return ""


def _word(words: str) -> str:
    """Of a move, whatever blanks, emoji and marks stand before it."""
    first = _first(words)
    return first if first in thread.WORDS else ""


def _first(words: str) -> str:
    found = _FIRST.search(spelled(words))
    return found[0] if found else ""


def _content(value: Any) -> Any:
    match value:
        case dict():
            kept = {key: _content(each) for key, each in value.items() if key not in _SLACKS_OWN}
            plain = value.get("type") == "plain_text" and isinstance(value.get("text"), str)
            # Slack may escape plain text, where it means nothing, on its way back.
            return kept | ({"text": unescape(value["text"])} if plain else {})
        case list():
            return [_content(each) for each in value]
        case _:
            return value


def _texts(value: Any) -> Iterator[str]:
    """All that is read in blocks."""
    match value:
        case {"text": str(words)}:
            yield words
        case dict():
            for each in value.values():
                yield from _texts(each)
        case list():
            for each in value:
                yield from _texts(each)
        case _:
            return
