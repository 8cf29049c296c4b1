"""Which actions a reviewer wants to see by name: a list that a team can add to."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from grants.activity import Event

OURS: Final = Path(__file__).with_name("sensitive_actions.txt")
_LINE: Final = re.compile(r"(?P<not>-?)(?P<service>[a-z0-9.-]+):(?P<action>[A-Za-z0-9*?]+)")


class UnreadableLineError(ValueError):
    """A line that is no action; says which, and what to write."""


@dataclass(frozen=True, slots=True)
class SensitiveActions:
    """`grants.activity.Sensitive`, by service and pattern of the action's name."""

    named: Mapping[str, frozenset[str]]
    """By service."""
    unnamed: Mapping[str, frozenset[str]]

    def __call__(self, event: Event) -> bool:
        """`iam:*` is every writing action; a longer pattern is also about reading ones."""
        return _among(self.named, event) and not _among(self.unnamed, event)


def sensitive_actions(*texts: str) -> SensitiveActions:
    """From one text after the other; what a later one takes out is out.

    UnreadableLineError where a line is not `service:Action`, with `*` and `?` as in a shell; one
    with `-` in front takes out what others name.
    """
    named: defaultdict[str, set[str]] = defaultdict(set)
    unnamed: defaultdict[str, set[str]] = defaultdict(set)
    for line in _lines(texts):
        found = _LINE.fullmatch(line)
        if found is None:
            raise UnreadableLineError(
                f"{line[:80]!r} is no action; write service:Action, such as s3:PutBucketPolicy"
            )
        add, away = (unnamed, named) if found["not"] else (named, unnamed)
        add[found["service"]].add(found["action"])
        away[found["service"]].discard(found["action"])
    return SensitiveActions(_fixed(named), _fixed(unnamed))


def _lines(texts: Iterable[str]) -> Iterable[str]:
    """What stands behind `#` is a remark."""
    lines = (line.partition("#")[0].strip() for text in texts for line in text.splitlines())
    return filter(None, lines)


def _fixed(patterns: Mapping[str, set[str]]) -> Mapping[str, frozenset[str]]:
    return {service: frozenset(actions) for service, actions in patterns.items()}


def _among(patterns: Mapping[str, frozenset[str]], event: Event) -> bool:
    name = event.name.partition(":")[2]
    return any(
        not event.read_only if action == "*" else fnmatchcase(name, action)
        for action in patterns.get(event.service, ())
    )
