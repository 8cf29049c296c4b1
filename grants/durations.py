"""Durations as people type them: `45m`, `2h`, `1h30m`, `1.5h`, and `30d` in policy files."""

import re
from datetime import timedelta

_TYPED = re.compile(
    r"(?:(?P<d>\d{1,4}(?:\.\d{1,3})?)\s*d)?\s*"
    r"(?:(?P<h>\d{1,5}(?:\.\d{1,3})?)\s*h)?\s*"
    r"(?:(?P<m>\d{1,6}(?:\.\d{1,3})?)\s*m(?:in)?)?",
    re.IGNORECASE | re.ASCII,
)


def parse(text: str) -> timedelta:
    """The duration, rounded to whole minutes. ValueError where it is none."""
    found = _TYPED.fullmatch(text.strip())
    if found is None or not any(found.groups()):
        raise ValueError(text)
    days, hours, minutes = (float(found[unit] or 0) for unit in "dhm")
    return timedelta(minutes=round(days * 1440 + hours * 60 + minutes))


def spell(span: timedelta) -> str:
    """The shortest way to type it: `1h30m`."""
    hours, minutes = divmod(round(span.total_seconds() / 60), 60)
    return (
        "".join(
            part
            for part in (f"{hours}h" if hours else "", f"{minutes}m" if minutes else "")
            if part
        )
        or "0m"
    )
