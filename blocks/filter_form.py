"""The form that narrows down a list of requests: by person, account, state and period."""

from datetime import datetime, timedelta
from typing import Final

from slack_sdk.models.blocks import (
    Block,
    DatePickerElement,
    InputBlock,
    InputInteractiveElement,
    Option,
    PlainTextInputElement,
    StaticSelectElement,
)
from slack_sdk.models.views import View

from blocks import ids, wording
from blocks.parts import plain
from blocks.problems import sentence
from blocks.text import shorten, typed
from grants.errors import Field, Tampered, Unfit
from grants.lifecycle import FINAL
from grants.model import Person, State
from grants.records import Search
from grants.searching import OPEN, Sought

ANY: Final = "any"
TYPED_MOST: Final = 300
_BLOCKS: Final = {
    Field.PERSON: ids.OF_PERSON,
    Field.ACCOUNT: ids.IN_ACCOUNT,
    Field.SINCE: ids.SINCE,
    Field.UNTIL: ids.UNTIL,
}
_DAY: Final = timedelta(days=1)


def form(search: Search, person: Person | None, *, of_others: bool) -> View:
    """Filled with what the list is narrowed down to now. `of_others`: whether it holds any."""
    who = person.user_name if person else search.user_id
    return View(
        type="modal",
        callback_id=ids.FILTER_FORM,
        title=plain("Filter requests"),
        submit=plain("Filter"),
        close=plain("Close"),
        blocks=[
            *([_text("Person", ids.OF_PERSON, who, _WHO)] if of_others else []),
            _text("Account", ids.IN_ACCOUNT, search.account_id, _WHERE),
            _input("State", ids.IN_STATE, _states(search.states)),
            _day("Since", ids.SINCE, search.since, "Asked for on that day or later. Days are UTC."),
            _day("Until", ids.UNTIL, _last(search.until), "Asked for on that day or earlier."),
        ],
    )


_WHO: Final = "Whoever asked: a user name, an address, a whole name or an Identity Center user id."
_WHERE: Final = "12 digits, or the whole name."


def _text(words: str, name: str, value: str | None, hint: str) -> Block:
    field = PlainTextInputElement(
        action_id=name, initial_value=shorten(value, TYPED_MOST) if value else None,
        max_length=TYPED_MOST,
    )  # fmt: skip
    return _input(words, name, field, hint)


def _day(words: str, name: str, at: datetime | None, hint: str) -> Block:
    field = DatePickerElement(action_id=name, initial_date=f"{at:%Y-%m-%d}" if at else None)
    return _input(words, name, field, hint)


def _input(words: str, name: str, field: InputInteractiveElement, hint: str = "") -> Block:
    return InputBlock(
        block_id=name,
        label=plain(words),
        element=field,
        hint=plain(hint) if hint else None,
        optional=True,
    )


def _states(chosen: frozenset[State]) -> StaticSelectElement:
    options = {
        ANY: Option(text=plain("Any"), value=ANY),
        OPEN: Option(text=plain("Open: not at an end"), value=OPEN),
        **{
            state.value: Option(text=plain(f"{word}: {meaning}"), value=state.value)
            for state, (word, meaning, _) in wording.STATES.items()
        },
    }
    if chosen == frozenset(State) - FINAL:
        first = OPEN
    else:
        first = next(iter(chosen)).value if len(chosen) == 1 else ANY
    return StaticSelectElement(
        action_id=ids.IN_STATE, options=list(options.values()), initial_option=options[first]
    )


def _last(until: datetime | None) -> datetime | None:
    """A search ends before an instant; people name the last day."""
    return until - timedelta(microseconds=1) if until else None


# What came back


def read(view: object) -> Sought:
    """What was filled in; `Tampered` for whatever our form could not have sent."""
    state = _value(view, ids.IN_STATE, "selected_option", "value") or ANY
    if state not in {ANY, OPEN, *State}:
        raise Tampered("a state")
    return Sought(
        person=typed(_value(view, ids.OF_PERSON, "value")),
        account=typed(_value(view, ids.IN_ACCOUNT, "value")),
        states=() if state == ANY else (state,),
        since=_value(view, ids.SINCE, "selected_date"),
        until=_value(view, ids.UNTIL, "selected_date"),
    )


def errors(unfit: Unfit) -> dict[str, str]:
    """Each problem beside its field."""
    found: dict[str, str] = {}
    for problem in unfit.problems:
        found.setdefault(_BLOCKS[problem.field], sentence(problem))
    return found


def _value(view: object, name: str, *keys: str) -> str:
    found: object = view
    for key in ("state", "values", name, name, *keys):
        if found is not None and not isinstance(found, dict):
            raise Tampered("a form's fields")
        found = found.get(key) if found else None
    if found is not None and not isinstance(found, str):
        raise Tampered("a form's fields")
    return found or ""
