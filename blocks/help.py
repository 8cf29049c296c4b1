"""What `/elevate help` says, and what is said to a word that the command does not know."""

from typing import Final

from blocks import ids
from blocks.parts import drawn, ours, said
from blocks.text import Message, quote, shorten

_LINES: Final = (
    f"`{ids.COMMAND}` opens the form: choose an account and a permission set, say for how long and why.",
    "Approvers see a card with *Approve* and *Reject*; you read the outcome in a direct message.",
    "When the access is there, that message has the link, the command lines and *End Access*.",
    "While nobody has decided, *Cancel Request* takes it back. An approver can *Revoke* at any time.",
    "At its end the access is taken away. The message says until when credentials may go on working.",
    f"`{ids.COMMAND} help` shows this.",
)
_LATER: Final = frozenset({"mine", "approvals", "active", "audit", "admin", "explain"})


def message() -> Message:
    """How to use Elevate."""
    words = "Elevate gives temporary access to AWS accounts."
    heard = " ".join([words, *_LINES]).replace("`", "").replace("*", "")
    return Message(heard, drawn([said(words), *(ours(line) for line in _LINES)]))


def unknown(word: str) -> Message:
    """There is no such word, or not yet."""
    why = "is not there yet" if word.strip().casefold() in _LATER else "is not known"
    rest = f"{why}. {ids.COMMAND} help says what is; {ids.COMMAND} alone opens the form."
    text = f"{ids.COMMAND} {quote(word, 200)} {rest}"
    return Message(text, drawn([said(f"{ids.COMMAND} {shorten(word, 200)} {rest}")]))
