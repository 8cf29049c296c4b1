"""What is done by whatever Slack lets people press, send, choose and type: a row for each listener."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from blocks import ids
from grants.authority import Action


class Kind(StrEnum):
    """How something comes from Slack."""

    WORD = "word"
    """What stands after `/elevate`; empty: nothing does."""
    SHORTCUT = "shortcut"
    BUTTON = "button"
    """A button, or a field that tells of each choice."""
    FORM = "form"
    """Sent."""
    SEARCH = "search"
    """What is typed into a searching field."""
    EVENT = "event"


class Way(NamedTuple):
    """One way in, by the name that Slack sends back."""

    kind: Kind
    name: str


K, A = Kind, Action

WAYS: Final[Mapping[Way, tuple[Action, ...]]] = {
    # The form
    Way(K.WORD, ""): (A.FILL_IN,),
    Way(K.SHORTCUT, ids.SHORTCUT): (A.FILL_IN,),
    Way(K.BUTTON, ids.FORM): (A.FILL_IN,),
    Way(K.BUTTON, ids.START_LATER): (A.FILL_IN,),
    Way(K.BUTTON, ids.START_NOW): (A.FILL_IN,),
    Way(K.BUTTON, ids.ACCOUNT): (A.FILL_IN,),
    Way(K.SEARCH, ids.ACCOUNT): (A.FILL_IN,),
    Way(K.SEARCH, ids.PERMISSION_SET): (A.FILL_IN,),
    Way(K.BUTTON, ids.AGAIN): (A.ASK_AGAIN,),
    Way(K.BUTTON, ids.EXTEND): (A.EXTEND,),
    Way(K.FORM, ids.REQUEST_FORM): (A.ASK, A.EXTEND),
    # What becomes of a request
    Way(K.BUTTON, ids.CANCEL): (A.CANCEL,),
    Way(K.BUTTON, ids.END): (A.END,),
    Way(K.BUTTON, ids.NUDGE): (A.NUDGE,),
    Way(K.BUTTON, ids.APPROVE): (A.APPROVE,),
    Way(K.BUTTON, ids.REJECT): (A.REJECT,),
    Way(K.FORM, ids.COMMENT_FORM): (A.APPROVE, A.REJECT),
    Way(K.BUTTON, ids.REVOKE): (A.REVOKE,),
    Way(K.FORM, ids.REVOKE_FORM): (A.REVOKE,),
    # What there is to see
    Way(K.EVENT, "app_home_opened"): (A.LOOK,),
    Way(K.WORD, "mine"): (A.LOOK,),
    Way(K.WORD, "approvals"): (A.LOOK,),
    Way(K.WORD, "active"): (A.LOOK,),
    Way(K.WORD, "audit"): (A.LOOK, A.SEE),
    Way(K.BUTTON, ids.REFRESH): (A.LOOK,),
    Way(K.BUTTON, ids.BACK): (A.LOOK,),
    Way(K.BUTTON, ids.ON): (A.LOOK,),
    Way(K.BUTTON, ids.FILTER): (A.LOOK,),
    Way(K.BUTTON, ids.ALL): (A.LOOK,),
    Way(K.FORM, ids.FILTER_FORM): (A.LOOK,),
    Way(K.BUTTON, ids.DETAILS): (A.SEE,),
    Way(K.BUTTON, ids.ACTIVITY): (A.SEE_ACTIVITY,),
    Way(K.BUTTON, ids.EVENTS): (A.SEE_ACTIVITY,),
    Way(K.BUTTON, ids.EXPORT_CSV): (A.EXPORT,),
    Way(K.BUTTON, ids.EXPORT_JSONL): (A.EXPORT,),
    Way(K.WORD, "verify"): (A.VERIFY,),
    Way(K.WORD, "explain"): (A.EXPLAIN, A.EXPLAIN_OTHERS),
    Way(K.WORD, "help"): (A.HELP,),
    # Administration
    Way(K.WORD, "admin"): (A.EDIT_POLICIES,),
    Way(K.BUTTON, ids.ADD_ELIGIBILITY): (A.EDIT_POLICIES,),
    Way(K.BUTTON, ids.ADD_APPROVAL): (A.EDIT_POLICIES,),
    Way(K.BUTTON, ids.SETTINGS): (A.EDIT_POLICIES,),
    Way(K.BUTTON, ids.EDIT): (A.EDIT_POLICIES,),
    Way(K.BUTTON, ids.DELETE): (A.EDIT_POLICIES,),
    Way(K.BUTTON, ids.WARNINGS): (A.EDIT_POLICIES,),
    Way(K.FORM, ids.POLICY_FORM): (A.EDIT_POLICIES,),
    Way(K.FORM, ids.DELETE_FORM): (A.EDIT_POLICIES,),
    Way(K.BUTTON, ids.PEOPLE): (A.LINK_PEOPLE,),
    Way(K.BUTTON, ids.PEOPLE_BACK): (A.LINK_PEOPLE,),
    Way(K.BUTTON, ids.PEOPLE_ON): (A.LINK_PEOPLE,),
    Way(K.BUTTON, ids.LINK): (A.LINK_PEOPLE,),
    Way(K.BUTTON, ids.UNLINK): (A.LINK_PEOPLE,),
    Way(K.FORM, ids.LINK_FORM): (A.LINK_PEOPLE,),
    # One-time codes
    Way(K.WORD, "proof"): (A.LOOK,),
    Way(K.BUTTON, ids.SET_UP_CODES): (A.SET_UP_CODES,),
    Way(K.FORM, ids.PRESENT_CODE_FORM): (A.SET_UP_CODES,),
    Way(K.FORM, ids.CODES_FORM): (A.SET_UP_CODES,),
    Way(K.BUTTON, ids.RESET_CODES): (A.RESET_CODES,),
}
"""Decides nothing: each action is admitted in `grants.authority` when it is done."""
