"""What `/elevate help` says, and what is said to a word that the command does not know."""

from typing import Final

from blocks import ids
from blocks.parts import drawn, ours, said
from blocks.text import Message, label, quote

_LINES: Final = (
    f"`{ids.COMMAND}` opens the form: choose an account and a permission set, say for how long and why.",
    "Approvers see a card with *Approve* and *Reject*; you read the outcome in a direct message.",
    "When the access is there, that message has the link, the command lines and *End Access*.",
    "While nobody has decided, *Cancel Request* takes it back, and *Nudge Approvers* reminds them.",
    "An approver can *Revoke* at any time.",
    "At its end the access is taken away. The message says until when credentials may go on working.",
    "All of this stands in the Home tab of this app too.",
)
_WORDS: Final = (
    ("mine", "what you hold, what waits, and what you asked for before"),
    ("approvals", "what waits for your decision"),
    ("active", "what you hold, and what you may take away from others"),
    ("proof", "the one-time codes by which approvers prove who they are, to set them up"),
    ("explain", "why somebody may or may not ask for an access, and who would approve it"),
    ("audit", "the requests that you may see, to look through and to export"),
    ("verify", "with a request's id: whether its threads say what the journal says, for auditors"),
    ("admin", "the policies and settings, for administrators"),
    ("help", "this"),
)


def message() -> Message:
    """How to use Elevate."""
    words = "Elevate gives temporary access to AWS accounts."
    lines = [*_LINES, *(f"`{ids.COMMAND} {word}`: {shows}." for word, shows in _WORDS)]
    heard = " ".join([words, *lines]).replace("`", "").replace("*", "")
    return Message(heard, drawn([said(words), *(ours(line) for line in lines)]))


def unknown(word: str) -> Message:
    """There is no such word."""
    rest = f"is not known. {ids.COMMAND} help says what is; {ids.COMMAND} alone opens the form."
    text = f"{ids.COMMAND} {quote(word, 200)} {rest}"
    return Message(text, drawn([said(f"{ids.COMMAND} {label(word, 200)} {rest}")]))
