"""One-time codes: how they are set up, and what is said of them."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import ActionsBlock, Block, ButtonElement
from slack_sdk.models.views import View

from blocks import ids
from blocks.decision_form import CODE_HINT, code_input, text
from blocks.home import titled
from blocks.parts import aside, drawn, plain, said
from blocks.problems import ADMINISTRATOR, whom
from blocks.text import Message, heard, utc
from blocks.thread import Facts
from blocks.wording import Write, hear, seen
from grants.errors import (
    CodeRefusal,
    CodesLocked,
    CodesNotSetUp,
    CodeUsed,
    NoCodesHere,
    SetUpOver,
    WrongCode,
)
from grants.proving import YOURS, NewKey, yours

TITLE: Final = "One-time codes"
SET_UP: Final = "Set Up Codes"
GROUP: Final = 4
CONFIRMED, RESET, LOCKED = "proof.confirm", "proof.reset", "proof_locked"
"""What is told of them. Facts: `user`; `again`; `by`; `failures` and `until`."""
KINDS: Final = frozenset(
    kind for each in (CONFIRMED, RESET, LOCKED) for kind in (each, yours(each))
)


# Refusals


def refused(refusal: CodeRefusal) -> str:
    """Plain words: what is wrong with a code, and what to do."""
    match refusal:
        case WrongCode(left=left):
            tries = "one more" if left == 1 else f"{left} more"
            return (
                "This code is wrong, or its time is over. Take the one that your app shows for Elevate"
                f" now: {tries}, and none is taken for a while."
            )
        case CodeUsed():
            return "This code has been used. Wait for the next one: it takes 30 seconds at most."
        case CodesLocked():
            return (
                f"Too many codes were wrong: none of yours is taken until {utc(refusal.until)}. If that"
                f" was not you, tell {ADMINISTRATOR} at once."
            )
        case CodesNotSetUp():
            return (
                "This approval asks for a one-time code, and you have set up none yet."
                f" Press {SET_UP} in App Home, or type {ids.COMMAND} proof. Nothing was recorded."
            )
        case SetUpOver():
            return (
                "This key waits for its code no more. Close this, and begin anew with"
                f" {ids.COMMAND} proof."
            )
        case NoCodesHere():
            return (
                "Elevate cannot take one-time codes just now, because it lacks the key that they are"
                f" kept with. Nothing was recorded. Turn to {whom(refusal.whom)}: the setting is"
                " ELEVATE_ENCRYPTION_KEY."
            )
        case _:
            return "This code cannot be taken. Nothing was recorded."


# Windows


def not_set_up() -> View:
    """In the place of a decision's form, for whoever has no codes."""
    return View(
        type="modal",
        callback_id=ids.NOTICE_FORM,
        title=plain("A code is needed"),
        close=plain("Close"),
        blocks=[
            said(
                "Whoever approves this must give a one-time code of an authenticator app, and you have"
                " set up none yet. Nothing was recorded."
            ),
            said("It takes a minute. Then press Approve again."),
            _button(),
        ],
    )


def present() -> View:
    """Asks whoever has codes already for one of them, before there are others."""
    hint = (
        "The six digits of the key that you have. Lost it? An administrator of Elevate resets it."
    )
    words = "You have codes already. Others take their place once you have confirmed them."
    return View(
        type="modal",
        callback_id=ids.PRESENT_CODE_FORM,
        title=plain("Set up other codes"),
        submit=plain("Continue"),
        close=plain("Keep them"),
        blocks=[said(words), code_input(hint)],
    )


def key(new: NewKey) -> View:
    """Shows the key, the one time that it is shown, and asks for the first code of it."""
    grouped = " ".join(new.secret[at : at + GROUP] for at in range(0, len(new.secret), GROUP))
    return View(
        type="modal",
        callback_id=ids.CODES_FORM,
        title=plain("Set up codes"),
        submit=plain("Confirm"),
        close=plain("Cancel"),
        blocks=[
            said("1. In an authenticator app, add an account by a setup key, based on time:"),
            said(grouped),
            aside(plain("Or open this on the device that has the app:")),
            said(new.uri),
            said(
                "2. Give the code that the app shows. The key is shown this once: do not copy it"
                " anywhere else."
            ),
            code_input(CODE_HINT),
        ],
    )


def confirmed() -> View:
    """They hold."""
    return View(
        type="modal",
        callback_id=ids.NOTICE_FORM,
        title=plain("Codes are set up"),
        close=plain("Close"),
        blocks=[
            said(
                "From now on your app's codes prove that it is you who approves. Each counts once: the"
                " one that you just gave is used."
            )
        ],
    )


# App Home


def section(*, needed: bool, since: datetime | None, able: bool) -> Iterator[Block]:
    """Whether somebody has codes, and how to have some. `needed`: some policy asks for them."""
    yield from titled(TITLE)
    asks = "Some approvals ask for a one-time code of an authenticator app." if needed else ""
    if since:
        yield said(f"{asks} You have set yours up, {utc(since)}.".strip())
    elif needed:
        yield said(f"{asks} You have set up none yet.")
    else:
        yield said("No approval policy asks for one-time codes. You may set yours up all the same.")
    if able:
        yield _button()
        return
    yield aside(plain(refused(NoCodesHere())))


def _button() -> ActionsBlock:
    return ActionsBlock(elements=[ButtonElement(text=plain(SET_UP), action_id=ids.SET_UP_CODES)])


# What came back


def read(view: object) -> str:
    """The code that was typed; `Tampered` for a form of another shape."""
    return text(view, ids.CODE, {ids.CODE})


# What is told


def told(facts: Facts) -> Message:
    """In the audit channel; or to whom it is about."""
    kind = str(facts.get("kind"))
    spelled = _to_them if kind.endswith(YOURS) else _aloud

    def words(write: Write) -> str:
        return spelled(kind.removesuffix(YOURS), facts, write)

    return Message(heard(lambda most: words(hear(most))), drawn([said(words(seen))]))


def _aloud(kind: str, facts: Facts, write: Write) -> str:
    user = write(str(facts.get("user")))
    match kind:
        case "proof.reset":
            return (
                f"Codes: {write(str(facts.get('by')))} reset the one-time codes of {user}, who sets up"
                " new ones before they approve what asks for one."
            )
        case "proof.confirm":
            did = "replaced their one-time codes" if facts.get("again") else "set up one-time codes"
            return (
                f"Codes: {user} {did}. If it was not them, reset the codes and have their Slack"
                " account looked at."
            )
        case _:
            return (
                f"Alarm: {facts.get('failures')} wrong one-time codes in a row were given as {user}."
                f" None is taken until {_until(facts)}. If it was not them, somebody acts in Slack"
                " in their name."
            )


def _to_them(kind: str, facts: Facts, write: Write) -> str:
    at_once = f"If it was not you, tell {ADMINISTRATOR} at once."
    match kind:
        case "proof.reset":
            return (
                f"{write(str(facts.get('by')))} reset your one-time codes. To set up new ones, type"
                f" {ids.COMMAND} proof."
            )
        case "proof.confirm":
            did = "replaced" if facts.get("again") else "set up"
            return f"Your one-time codes for approvals were {did}. {at_once}"
        case _:
            return (
                f"{facts.get('failures')} wrong one-time codes in a row were given in your name. None"
                f" is taken until {_until(facts)}. {at_once}"
            )


def _until(facts: Facts) -> str:
    return utc(datetime.fromisoformat(str(facts["until"])))
