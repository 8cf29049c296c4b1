"""Whether a wish can be taken as it is: every field's trouble, all at once."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from grants import durations
from grants.errors import Field, Flaw, Problem, Unfit
from grants.model import Wish
from grants.policy import SHORTEST, PolicySettings
from grants.tickets import LONGEST_TICKET

JUSTIFICATION_LIMIT: Final = 3000
"""Code points, after trimming."""
TICKET_LIMIT: Final = LONGEST_TICKET
COMMENT_LIMIT: Final = 3000
LATELY: Final = timedelta(minutes=10)
TURNOVER: Final = 10
"""So many times as many as may be open may be asked within that time, whatever became of them."""
PAST: Final = timedelta(minutes=5)
"""A form takes a while to fill in: a start up to this long ago is taken as now."""


@dataclass(frozen=True, slots=True)
class Read:
    """What the form's free fields came to."""

    duration: timedelta
    problems: tuple[Problem, ...]


def check(wish: Wish, settings: PolicySettings, *, longest: timedelta, now: datetime) -> Read:
    """Read the fields that do not depend on who asks, under this pair's own bound.

    A start of an extension is not asked for: it is where the access ends that it extends.
    """
    problems: list[Problem] = []
    duration = timedelta()
    try:
        duration = durations.parse(wish.duration)
    except ValueError:
        flaw = Flaw.UNREADABLE if wish.duration.strip() else Flaw.MISSING
        problems.append(Problem(Field.DURATION, flaw, longest))
    else:
        if longest < SHORTEST:
            problems.append(Problem(Field.DURATION, Flaw.NO_ROOM))
        elif duration < SHORTEST:
            problems.append(Problem(Field.DURATION, Flaw.TOO_SHORT, SHORTEST))
        elif duration > longest:
            problems.append(Problem(Field.DURATION, Flaw.TOO_LONG, longest))
    problems += _justification(wish.justification.strip())
    problems += _ticket(wish.ticket.strip(), settings)
    problems += _start(wish, settings, now)
    return Read(duration, tuple(problems))


def _justification(text: str) -> list[Problem]:
    if not text:
        return [Problem(Field.JUSTIFICATION, Flaw.MISSING)]
    if len(text) > JUSTIFICATION_LIMIT:
        return [Problem(Field.JUSTIFICATION, Flaw.TOO_LONG, JUSTIFICATION_LIMIT)]
    return []


def _ticket(ticket: str, settings: PolicySettings) -> list[Problem]:
    if not ticket:
        return [Problem(Field.TICKET, Flaw.MISSING)] if settings.require_ticket else []
    if len(ticket) > TICKET_LIMIT:
        return [Problem(Field.TICKET, Flaw.TOO_LONG, TICKET_LIMIT)]
    if settings.ticket_pattern and not re.fullmatch(settings.ticket_pattern, ticket):
        return [Problem(Field.TICKET, Flaw.NO_MATCH, settings.ticket_pattern)]
    return []


def _start(wish: Wish, settings: PolicySettings, now: datetime) -> list[Problem]:
    start = wish.starts_at
    if wish.extends:
        return []
    if start is None:
        return [Problem(Field.START, Flaw.MISSING)] if wish.later else []
    if start < now - PAST:
        return [Problem(Field.START, Flaw.PAST)]
    if start > now + settings.max_start_ahead:
        return [Problem(Field.START, Flaw.TOO_FAR, settings.max_start_ahead)]
    return []


# The small forms


def fit_comment(comment: str, *, required: bool) -> None:
    """Unfit where a decision's comment is missing or too long."""
    if required and not comment:
        raise Unfit((Problem(Field.COMMENT, Flaw.MISSING),))
    if len(comment) > COMMENT_LIMIT:
        raise Unfit((Problem(Field.COMMENT, Flaw.TOO_LONG, COMMENT_LIMIT),))


def fit_reason(reason: str) -> None:
    """Unfit where the reason of a revocation is missing or too long."""
    if not reason.strip():
        raise Unfit((Problem(Field.REASON, Flaw.MISSING),))
    if len(reason.strip()) > COMMENT_LIMIT:
        raise Unfit((Problem(Field.REASON, Flaw.TOO_LONG, COMMENT_LIMIT),))
