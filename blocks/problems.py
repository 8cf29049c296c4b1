"""What is wrong with one field, beside it: with the bound, and how to mend it."""

from datetime import timedelta
from typing import Final

from blocks import ids
from blocks.text import inline, several, shorten, span
from grants.errors import Field, Flaw, Problem

ADMINISTRATOR: Final = "an administrator of Elevate"


def called(words: str, most: int = 300) -> str:
    """Somebody else's words, on one line and no longer than a sentence bears."""
    return inline(shorten(words, most))


def whom(names: tuple[str, ...]) -> str:
    """To whom to turn."""
    return called(several(list(names)), 1000) or ADMINISTRATOR


_FIELDS: Final = {
    Field.TARGET: "the access",
    Field.PERMISSION_SET: "the permission set",
    Field.DURATION: "the duration",
    Field.JUSTIFICATION: "the justification",
    Field.TICKET: "the ticket",
    Field.START: "the start",
    Field.COMMENT: "the comment",
    Field.CODE: "the code",
    Field.REASON: "the reason",
    Field.PERSON: "the person",
    Field.ACCOUNT: "the account",
    Field.SINCE: "the first day",
    Field.UNTIL: "the last day",
}
_MISSING: Final = {
    Field.TARGET: "Choose an account and a permission set.",
    Field.PERMISSION_SET: "Choose a permission set of this account.",
    Field.DURATION: "Say how long you need it, such as 45m, 2h or 1h30m.",
    Field.JUSTIFICATION: "Say what you need it for.",
    Field.TICKET: "Give the ticket that this is about.",
    Field.START: "Choose a start, or press Start now.",
    Field.COMMENT: "Give a comment: it is required for a decision.",
    Field.CODE: "Give the code that your app shows now: this approval asks for one.",
    Field.REASON: "Give a reason: it is told to the requester.",
    Field.PERSON: "Say whose requests you look for.",
    Field.ACCOUNT: "Say for which account.",
    Field.SINCE: "Choose the first day.",
    Field.UNTIL: "Choose the last day.",
}
_UNREADABLE: Final = {
    Field.DURATION: "This is not a duration. Write it like 45m, 2h, 1h30m or 1.5h.",
    Field.START: "This is not a time. Choose a day and a time.",
    Field.SINCE: "This is not a day. Write it like 2026-11-30.",
    Field.UNTIL: "This is not a day. Write it like 2026-11-30.",
}
_NOT_FOUND: Final = {
    Field.PERSON: (
        "Nobody of this name has asked for anything that you may see."
        " Give a user name, an address, a whole name or an Identity Center user id."
    ),
    Field.ACCOUNT: "There is no account of this name. Give its whole name, or its 12 digits.",
}
_SEVERAL: Final = {
    Field.PERSON: "Several people are called this. Give a user name, an address or an id.",
    Field.ACCOUNT: "Several accounts are called this. Give the 12 digits of one.",
}


def sentence(problem: Problem) -> str:
    """One field's trouble, with the bound and how to mend it."""
    what, limit = _FIELDS[problem.field], _limit(problem)
    match problem.flaw:
        case Flaw.MISSING:
            return _MISSING[problem.field]
        case Flaw.UNREADABLE:
            again = f"Elevate cannot read {what}. Please fill it in again."
            return _UNREADABLE.get(problem.field, again)
        case Flaw.TOO_SHORT:
            return f"Too short: {what} must be {limit or '1 min'} or more."
        case Flaw.TOO_LONG:
            return f"Too long: {what} may be at most {limit or 'what the hint says'}."
        case Flaw.NO_MATCH:
            return f"The whole of {what} must match {limit or 'the pattern that is set'}."
        case Flaw.PAST:
            return "This start is in the past. Choose a later one, or press Start now."
        case Flaw.TOO_FAR:
            ahead = f" at most {limit} ahead" if limit else " an earlier one"
            return f"This start is too far ahead. Choose{ahead}."
        case Flaw.NOT_OFFERED:
            return (
                f"You may not ask for this any more. Choose another, or start again: {ids.COMMAND}"
            )
        case Flaw.TAGS_UNREAD:
            return "The tags of this account are not read yet. Please try again in a minute."
        case Flaw.NO_APPROVER:
            return f"There are not enough approvers for this besides you. Turn to {whom(problem.whom)}."
        case Flaw.TOO_MANY_OPEN:
            bound = f" ({limit} at most)" if limit else ""
            return f"You have too many open requests{bound}. End or cancel one first."
        case Flaw.TOO_MANY_LATELY:
            bound = f"{limit} requests" if limit else "as many requests as may be"
            return f"You have made {bound} within ten minutes. Wait a little, and send it again."
        case Flaw.NOT_FOUND:
            return _NOT_FOUND.get(problem.field, f"Elevate does not know {what}.")
        case Flaw.SEVERAL:
            return _SEVERAL.get(problem.field, f"Elevate cannot tell which is meant by {what}.")
        case Flaw.NO_ROOM:
            return "What is left of it is as long as it may last. Ask again when that is less."
        case Flaw.BACKWARDS:
            return "This is before the first day: nothing can lie between the two."


def _limit(problem: Problem) -> str:
    match problem.limit:
        case None:
            return ""
        case timedelta():
            return span(problem.limit)
        case int() if problem.flaw in {Flaw.TOO_LONG, Flaw.TOO_SHORT}:
            return f"{problem.limit:,} characters"
        case int():
            return f"{problem.limit:,}"
        case _:
            return called(problem.limit, 500)
