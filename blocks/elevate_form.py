"""The request form: drawn from what a person may ask for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    DateTimePickerElement,
    ExternalDataSelectElement,
    InputBlock,
    InputInteractiveElement,
    Option,
    PlainTextInputElement,
    StaticSelectElement,
)
from slack_sdk.models.views import View

from blocks import ids, wording
from blocks.options import TEXT_MOST, choice_option
from blocks.parts import Ready, ReadyView, aside, plain, said
from blocks.request_answer import chosen_account, errors, read
from blocks.request_metadata import Kept, metadata, value_of, write
from blocks.text import label, shorten, size, span, utc
from grants.durations import spell
from grants.model import Account, Choice, PermissionSet, Request, Target, Wish

__all__ = [
    "FormState",
    "Kept",
    "chosen_account",
    "errors",
    "form",
    "looking_up",
    "metadata",
    "nothing",
    "read",
]

TITLE: Final = "Request access"
EXTENDING: Final = "Extend access"
PREFILLED: Final = timedelta(hours=1)
JUSTIFICATION_MOST: Final = 3000
ALIKE: Final = 256
"""So many fields are remembered as they were drawn; most people's are alike."""
_AS_OF: Final = "AWS could not be read lately: accounts and permission sets are as of"
_FIRST_MATCHES: Final = "Type a part of the name or the id. The first 100 matches are shown."


@dataclass(frozen=True, slots=True)
class FormState:
    """Everything that the form is drawn from."""

    choices: Sequence[Choice] | None = None
    """Every pair, if they fit into one select; None: the form that searches."""
    account: Account | None = None
    """The chosen account, in the form that searches."""
    permission_set: PermissionSet | None = None
    """The chosen set, where the form is drawn again with it."""
    longest: timedelta | None = None
    """The longest that anything offered here may be held; None: not known yet."""
    require_ticket: bool = True
    ticket_pattern: str = ""
    later: bool = False
    """Start later was pressed."""
    notice: str = ""
    """What the person must know before sending, such as that they hold this access already."""
    gone: str = ""
    """What the form was to be filled with and is not offered any more."""
    held: Target | None = None
    """The access that the notice is about; sent again for this very pair, it is sent knowingly."""
    through_group: bool = False
    """The access of the notice is held through a group."""
    extending: Request | None = None
    """What is to last longer: then no access is chosen, and it begins where that ends."""
    left: timedelta = timedelta()
    """How long that lasts still."""
    as_of: datetime | None = None
    """When it was last known what there is to choose from; None: just now."""
    wish: Wish | None = None
    """What was typed so far, where the form is drawn as a new one."""


def looking_up() -> View:
    """What stands there while Identity Center is asked."""
    return nothing("Looking up what you may ask for…")


def nothing(words: str) -> View:
    """A sentence, and nothing to send."""
    return View(
        type="modal",
        callback_id=ids.NOTICE_FORM,
        title=plain(TITLE),
        close=plain("Close"),
        blocks=[said(shorten(words, 2900))],
    )


def form(state: FormState) -> View:
    """The form itself."""
    kept = Kept(
        duration=_shown(state),
        account=state.account.id if state.account else None,
        later=state.later,
        held=state.held,
        through_group=state.through_group,
        extends=state.extending.id if state.extending else None,
    )
    frame = _frame(
        EXTENDING if state.extending else TITLE,
        "Send Anyway" if state.held else "Send Request",
    )
    return ReadyView(frame, list(_blocks(state)), private_metadata=write(kept))


@lru_cache
def _frame(title: str, submit: str) -> dict[str, Any]:
    return View(
        type="modal",
        callback_id=ids.REQUEST_FORM,
        title=plain(title),
        submit=plain(submit),
        close=plain("Close"),
        blocks=[_when(later=False)],  # the SDK takes none without; what is shown takes its place
    ).to_dict()


def _blocks(state: FormState) -> Iterator[Block]:
    if state.notice:
        yield said(f"Please read: {shorten(state.notice, 2800)}")
    if state.gone:
        yield said(shorten(state.gone, 2800))
    if state.extending:
        yield from _extended(state.extending, state.left)
    elif state.choices is None:
        yield from _searching(state)
    else:
        yield from _access(state, state.choices)
    if state.as_of:
        yield aside(plain(f"{_AS_OF} {utc(state.as_of)}. What is newer is not offered yet."))
    wish = state.wish
    yield _duration(_shown(state), state.longest)
    yield _justification(wish.justification if wish else "")
    ticket = wish.ticket if wish else ""
    yield _ticket(ticket, state.ticket_pattern, required=state.require_ticket)
    if state.later:
        yield _start(state)
    if not state.extending:
        yield _when(later=state.later)


def _extended(request: Request, left: timedelta) -> Iterator[Block]:
    yield said(f"More of {wording.target(request)}. It begins where request {request.id} ends.")
    yield aside(plain(f"{wording.account(request)}, {span(left)} left of it"))


def _input(
    block_id: str,
    words: str,
    element: InputInteractiveElement,
    *,
    hint: str = "",
    optional: bool = False,
    dispatch: bool = False,
) -> InputBlock:
    return InputBlock(
        block_id=block_id,
        label=plain(words),
        element=element,
        hint=plain(hint) if hint else None,
        optional=optional,
        dispatch_action=True if dispatch else None,
    )


def _access(state: FormState, choices: Sequence[Choice]) -> Iterator[Block]:
    options = [choice_option(choice) for choice in choices]
    wished = value_of(state.wish.target) if state.wish and state.wish.target else None
    chosen = next((option for option in options if option["value"] == wished), None)
    yield _select().having(options=options, **({"initial_option": chosen} if chosen else {}))


@lru_cache
def _select() -> Ready:
    """Without its options, of which the SDK would look at each anew."""
    placeholder = plain("Account and permission set")
    select = StaticSelectElement(action_id=ids.ACCESS, placeholder=placeholder, options=[])
    return Ready(_input(ids.ACCESS, "Access", select).to_dict())


def _searching(state: FormState) -> Iterator[InputBlock]:
    account = state.account
    accounts = ExternalDataSelectElement(
        action_id=ids.ACCOUNT,
        placeholder=plain("Name or id"),
        min_query_length=0,
        initial_option=_account_option(account) if account else None,
    )
    yield _input(ids.ACCOUNT, "Account", accounts, hint=_FIRST_MATCHES, dispatch=True)
    chosen = state.permission_set
    sets = ExternalDataSelectElement(
        action_id=ids.PERMISSION_SET,
        placeholder=plain("Name" if account else "Choose the account first"),
        min_query_length=0,
        initial_option=_set_option(account, chosen) if account and chosen else None,
    )
    block_id = ids.permission_set_block(account.id if account else None)
    yield _input(block_id, "Permission set", sets, hint=_FIRST_MATCHES)


def _account_option(account: Account) -> Option:
    name = label(account.name or account.id, TEXT_MOST)
    return Option(text=plain(name), value=account.id, description=plain(account.id))


def _set_option(account: Account, permission_set: PermissionSet) -> Option:
    value = value_of(Target(account.id, permission_set.arn))
    return Option(text=plain(label(permission_set.name, TEXT_MOST)), value=value)


def _prefilled(state: FormState) -> str:
    return spell(min(PREFILLED, state.longest) if state.longest else PREFILLED)


def _shown(state: FormState) -> str:
    typed = state.wish.duration if state.wish else ""
    return shorten(typed, 100) or _prefilled(state)


@lru_cache(maxsize=ALIKE)
def _duration(words: str, longest: timedelta | None) -> Block:
    element = PlainTextInputElement(action_id=ids.DURATION, initial_value=words)
    bound = f" At most {span(longest)}." if longest else ""
    hint = f"Such as 45m, 2h or 1h30m.{bound}"
    return Ready(_input(ids.DURATION, "Duration", element, hint=hint).to_dict())


def _again(typed: str) -> str | None:
    """What was typed, if Slack takes it whole: nothing is cut silently."""
    return typed if 0 < size(typed) <= JUSTIFICATION_MOST else None


@lru_cache(maxsize=ALIKE)
def _justification(typed: str) -> Block:
    # No max_length: Slack would cut what is pasted without a word. The server counts.
    element = PlainTextInputElement(
        action_id=ids.JUSTIFICATION,
        multiline=True,
        initial_value=_again(typed),
        placeholder=plain("What for, and why now"),
    )
    hint = f"Everybody in the request's thread reads it. Up to {JUSTIFICATION_MOST:,} characters."
    return Ready(_input(ids.JUSTIFICATION, "Justification", element, hint=hint).to_dict())


@lru_cache(maxsize=ALIKE)
def _ticket(typed: str, pattern: str, *, required: bool) -> Block:
    element = PlainTextInputElement(action_id=ids.TICKET, initial_value=_again(typed))
    pattern = label(pattern, 500)
    hint = f"The whole ticket must match {pattern}" if pattern else ""
    return Ready(_input(ids.TICKET, "Ticket", element, hint=hint, optional=not required).to_dict())


def _start(state: FormState) -> InputBlock:
    wished = state.wish.starts_at if state.wish else None
    element = DateTimePickerElement(
        action_id=ids.START, initial_date_time=int(wished.timestamp()) if wished else None
    )
    return _input(ids.START, "Start", element, hint="In your own time zone.")


@lru_cache
def _when(*, later: bool) -> Block:
    title, action = ("Start now", ids.START_NOW) if later else ("Start later", ids.START_LATER)
    button = ButtonElement(text=plain(title), action_id=action)
    return Ready(ActionsBlock(block_id=ids.WHEN, elements=[button]).to_dict())
