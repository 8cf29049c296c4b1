"""How words, times and durations are written, so that nothing typed pings, links or reorders."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

TEXT_MOST: Final = 3900
"""Slack refuses a `text` above 4,000 characters."""
TOLD_OF_JUSTIFICATION: Final = 300
LINK_MOST: Final = 1800
"""With its words it stands in a field, of which Slack takes 2,000 characters."""

_CONTROLS = {code: 0x2400 + code for code in range(32) if chr(code) not in "\n\t"}
_CONTROLS |= {0x7F: 0x2421} | dict.fromkeys(range(0x80, 0xA0), 0xFFFD)
_BREAKS = dict.fromkeys(map(ord, "\n\t\u2028\u2029"), " ")
_ISOLATES = "\u2066\u2067\u2068"
_FSI, _PDI = "\u2068", "\u2069"
_TURNING = frozenset(
    {"R", "AL", "AN", "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
)
"""Bidirectional classes that turn the direction of what stands beside them."""
_NEVER_SEEN = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
_HALF_AN_ENTITY = re.compile(r"&[a-z]{0,3}…$")
_IN_NO_LINK = frozenset("<>|\"'`\\{}^")


@dataclass(frozen=True, slots=True)
class Style:
    """What depends on where we run."""

    date_tokens: bool
    """Whether this Slack draws `<!date^…>`; else times are UTC in words."""
    portal_url: str = ""
    """The AWS access portal; empty: not known."""
    sso_region: str = ""
    """The Region of Identity Center, for the command line; empty: not known."""


@dataclass(frozen=True, slots=True)
class Message:
    """What `chat.postMessage` is given: `text` for who hears it, `blocks` for who sees it."""

    text: str
    blocks: list[dict[str, Any]]


# What people typed


def shown(text: str) -> str:
    """As typed, with what cannot be seen (controls, halves of characters) made visible."""
    if text.isascii() and text.isprintable():
        return text  # nearly always, and the form shows some hundred texts
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\r\n", "\n").translate(_CONTROLS)


def typed(text: str) -> str:
    """What came back from a text field: trimmed, storable, and empty if nothing is to be seen."""
    trimmed = shown(text).strip()
    return trimmed if any(unicodedata.category(c) not in _NEVER_SEEN for c in trimmed) else ""


def inline(text: str) -> str:
    """On one line among other words; right-to-left marks act within it and no further."""
    line = shown(text).translate(_BREAKS)
    if line.isascii() or not any(unicodedata.bidirectional(c) in _TURNING for c in line):
        return line
    kept, depth = [], 0
    for character in line:
        if character == _PDI and depth == 0:
            continue  # it would close the isolate that we are about to open
        depth += (character in _ISOLATES) - (character == _PDI)
        kept.append(character)
    return "".join([_FSI, *kept, _PDI * (depth + 1)])


def escape(text: str) -> str:
    """For mrkdwn and the top-level `text`: no mention, no link."""
    return shown(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def size(text: str) -> int:
    """How long Slack may think it is: the most careful way to count, in UTF-16 units."""
    return len(text) + (0 if text.isascii() else sum(character > "\uffff" for character in text))


def shorten(text: str, most: int) -> str:
    """At most so long, with an ellipsis where something was left out."""
    if size(text) <= most:
        return text
    cut = text[: max(most - 1, 0)]
    while size(cut) > most - 1:
        cut = cut[:-1]
    while cut and (unicodedata.combining(cut[-1]) or cut[-1] == "\u200d"):
        cut = cut[:-1]
    return f"{cut}…"


def label(text: str, most: int) -> str:
    """Shortened for a place that takes plain text on one line."""
    return _within(text, most, inline)


def quote(text: str, most: int) -> str:
    """Shortened for the top-level `text`, escaped: `most` counts what escaping adds."""
    return _within(text, most, lambda words: escape(inline(words)))


def _within(text: str, most: int, write: Callable[[str], str]) -> str:
    room = most
    while (over := size(written := write(shorten(text, room))) - most) > 0 and room > 1:
        room = max(1, min(room, size(text)) - max(1, over // 5))
    return written


# Times and durations


def span(duration: timedelta) -> str:
    """`1 h 30 min`."""
    seconds = round(duration.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    days, rest = divmod(seconds, 86400)
    if days > 1 and not rest:
        return f"{days} days"
    hours, minutes = divmod(round(seconds / 60), 60)
    return " ".join([f"{hours} h"] * bool(hours) + [f"{minutes} min"] * bool(minutes))


def utc(at: datetime) -> str:
    """`2026-11-22 14:00 UTC`."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def moment(at: datetime, style: Style) -> str:
    """For mrkdwn: in each reader's own time zone where Slack draws it so."""
    if not style.date_tokens:
        return utc(at)
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} at {{time}}|{utc(at)}>"


# The top-level text


def heard(draw: Callable[[int], str]) -> str:
    """A `text` that fits: `draw` is given how long each quoted word may be, less and less."""
    text = ""
    for most in (4000, 1000, 400, 150, 60, 25, 10):
        text = draw(most)
        if size(text) <= TEXT_MOST:
            return text
    return _HALF_AN_ENTITY.sub("…", shorten(text, TEXT_MOST))


def beginning(justification: str) -> str:
    """The first 300 characters, quoted for the top-level `text`."""
    return quote(cut(justification, TOLD_OF_JUSTIFICATION), TEXT_MOST)


def cut(text: str, most: int) -> str:
    """The first so many characters, with an ellipsis if that is not all."""
    return text if len(text) <= most else f"{text[:most]}…"


def several(words: list[str]) -> str:
    """`Eve, Dan and Frank`."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


# Links


def is_safe_link(url: str) -> bool:
    """Whether it is an https address that can stand in `<…|…>` without breaking out of it."""
    if not url.isascii() or not url.isprintable() or len(escape(url)) > LINK_MOST or " " in url:
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and not _IN_NO_LINK & set(url)


def link(url: str, words: str) -> str:
    """For mrkdwn; `words` are ours, or harmless."""
    return f"<{escape(url)}|{words}>"
