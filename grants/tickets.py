"""Which patterns and links for tickets are taken: none that could hang us or lead astray."""

import re
import warnings
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit

LONGEST_PATTERN: Final = 200
LONGEST_URL: Final = 1000
LONGEST_TICKET: Final = 255
MOST_WAYS: Final = 4.0 * LONGEST_TICKET**3
"""To share a ticket out among the repetitions: each is tried before a match is given up.

While it is, nothing else runs in the process. So many take a few hundredths of a second.
"""

_VERBOSE: Final = re.compile(r"\(\?[A-Za-z]*x")
"""Where blanks do not count, a group and its repetition need not touch."""
_TOKENS: Final = re.compile(
    r"(?P<skip>\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?#[^)]*\))"
    r"|(?P<open>\((?:\?(?:P<\w+>|<[=!]|[a-zA-Z-]*[:=!>]|\(\w+\)))?)"
    r"|(?P<close>\))"
    r"|(?P<repeat>[*+?]|\{\d*(?:,\d*)?\})[?+]?"
    r"|(?P<choice>\|)"
    r"|(?P<sign>.)",
    re.DOTALL,
)


@dataclass(slots=True)
class _Group:
    """How much the text can vary that a group of the pattern matches."""

    varies: bool = False
    ways: float = 1
    """In how many ways the alternative that is being read can share out a ticket, at the worst."""
    before: float = 0
    """The same of the alternatives before it."""

    def choose(self) -> None:
        """The next alternative begins: they do not multiply each other."""
        self.varies, self.ways, self.before = True, 1, self.worst

    def add(self, inner: "_Group") -> None:
        """One of its parts ends."""
        self.varies |= inner.varies
        self.ways *= inner.worst

    @property
    def worst(self) -> float:
        """All the alternatives together; where there are several, to choose takes time as well."""
        return self.before + self.ways + bool(self.before)


def flaw(pattern: str) -> str:
    """What is wrong with it; empty: nothing."""
    if len(pattern) > LONGEST_PATTERN:
        return f"is longer than {LONGEST_PATTERN} characters"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # "possible nested set" will mean something else one day
            re.compile(pattern)
    except (re.error, Warning, OverflowError, RecursionError) as error:
        return f"is no regular expression: {error}"
    return _slowness(pattern)


def _slowness(pattern: str) -> str:
    """Whether it can match one text in many ways: the mistake behind every hang."""
    if _VERBOSE.search(pattern):
        return "uses the flag x; write it without"
    groups, closed = [_Group()], _Group()
    for token in _TOKENS.finditer(pattern):
        before, closed = closed, _Group()
        match token.lastgroup:
            case "open":
                groups.append(_Group())
            case "close" if len(groups) > 1:
                closed = groups.pop()
                groups[-1].add(closed)
            case "choice":
                groups[-1].choose()
            case "repeat":
                least, most = _bounds(token["repeat"])
                if before.varies and most > 1:
                    return "repeats a group that itself repeats or chooses; that can take for ever"
                groups[-1].add(_Group(varies=least != most, ways=_ways(least, most)))
            case _:
                pass
    if groups[0].worst > MOST_WAYS:
        return "has too many repetitions of varying length in a row; that can take for ever"
    return ""


def _ways(least: int, most: float) -> float:
    """How many lengths a repetition can have within a ticket, and one for trying them.

    Many short ones in a row are tried in all their combinations; few long ones share one ticket.
    """
    lengths = max(1, min(most, LONGEST_TICKET) - least + 1)
    return lengths + (lengths > 1)


def _bounds(repeat: str) -> tuple[int, float]:
    """How often at least and at most."""
    match repeat:
        case "*":
            return 0, float("inf")
        case "+":
            return 1, float("inf")
        case "?":
            return 0, 1
        case _:
            least, comma, most = repeat.strip("{}").partition(",")
            return int(least or 0), float((most or "inf") if comma else (least or 0))


def leads_to_one(url: str) -> bool:
    """Whether it is an https address with `{ticket}` after its host and no other braces."""
    if len(url) > LONGEST_URL or not url.isascii() or re.search(r"[\s<>|\"'`\\\x00-\x1f\x7f]", url):
        return False
    before, _, after = url.partition("{ticket}")
    try:
        parts = urlsplit(before)
        host = parts.hostname or ""
    except ValueError:
        return False
    rest = after.replace("{ticket}", "")
    return (
        url != before
        and parts.scheme == "https"
        and bool(re.fullmatch(r"[a-z0-9.-]+", host))
        and "@" not in parts.netloc
        and bool(parts.path or parts.query or parts.fragment)
        and not re.search(r"[{}]", before + rest)
    )


def link_to(url: str, ticket: str) -> str:
    """Where this ticket is looked at; empty where there is no ticket, or nowhere to look at it."""
    return url.replace("{ticket}", quote(ticket, safe="")) if url and ticket else ""
