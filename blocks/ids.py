"""The names that Slack sends back to us: the command, forms, buttons, fields and blocks."""

from typing import Final

from grants.model import AccountId, Ballot, Request

COMMAND: Final = "/elevate"
SHORTCUT: Final = "request_access"

# Forms, by callback id

REQUEST_FORM: Final = "request_form"
NOTICE_FORM: Final = "notice"
"""A view that only says something: it has nothing to submit."""
COMMENT_FORM: Final = "comment_form"
FILTER_FORM: Final = "filter_form"
REVOKE_FORM: Final = "revoke_form"

POLICY_FORM: Final = "policy_form"
DELETE_FORM: Final = "delete_policy_form"
PEOPLE_LIST: Final = "people_list"
LINK_FORM: Final = "link_form"
PRESENT_CODE_FORM: Final = "present_code_form"
CODES_FORM: Final = "codes_form"

# Buttons, by action id

APPROVE: Final = "approve"
REJECT: Final = "reject"
REVOKE: Final = "revoke"
CANCEL: Final = "cancel_request"
END: Final = "end_access"
NUDGE: Final = "nudge_approvers"
START_LATER: Final = "start_later"
START_NOW: Final = "start_now"
AGAIN: Final = "request_again"
"""Opens the form filled with what a request asked for; its value is that request's."""
ACTIVITY: Final = "show_activity"
EVENTS: Final = "export_events"
EXTEND: Final = "extend"
"""Opens the form for more time of what a request holds; its value is that request's."""
FORM: Final = "open_form"
REFRESH: Final = "refresh"
BACK: Final = "page_back"
ON: Final = "page_on"
"""Turn a list's page; the value is the list's name and the page (`turned`)."""
DETAILS: Final = "request_details"
FILTER: Final = "filter_requests"
ALL: Final = "all_requests"
"""Takes the filters away."""
EXPORT_CSV: Final = "export_csv"
EXPORT_JSONL: Final = "export_jsonl"

ADD_ELIGIBILITY: Final = "add_eligibility"
ADD_APPROVAL: Final = "add_approval"
SETTINGS: Final = "edit_settings"
EDIT: Final = "edit_policy"
DELETE: Final = "delete_policy"
"""Their value is the section and the name of the policy (`policy`)."""
WARNINGS: Final = "show_warnings"
PEOPLE: Final = "people_links"
PEOPLE_BACK: Final = "people_back"
PEOPLE_ON: Final = "people_on"
LINK: Final = "link_somebody"
UNLINK: Final = "unlink"

SET_UP_CODES: Final = "set_up_codes"
RESET_CODES: Final = "reset_codes"
"""Its value is a Slack user's id, of whom the codes are."""

BALLOTS: Final = {APPROVE: Ballot.APPROVE, REJECT: Ballot.REJECT}

# Fields: the action id says what it is; the block id, where it stands

ACCESS: Final = "access"
ACCOUNT: Final = "account"
PERMISSION_SET: Final = "permission_set"
DURATION: Final = "duration"
JUSTIFICATION: Final = "justification"
TICKET: Final = "ticket"
START: Final = "start"
WHEN: Final = "when"
"""The block of the Start later button."""
COMMENT: Final = "comment"
CODE: Final = "code"
REASON: Final = "reason"
SESSIONS: Final = "sessions"
"""What becomes of the sessions that a revoked grant has left open."""
OF_PERSON: Final = "of_person"
IN_ACCOUNT: Final = "in_account"
IN_STATE: Final = "in_state"
SINCE: Final = "since"
UNTIL: Final = "until"


SLACK_USER: Final = "slack_user"
USER: Final = "user"


def permission_set_block(account: AccountId | None) -> str:
    """Another account, another block: so that a choice made for the old one is gone."""
    return f"{PERMISSION_SET}:{account or ''}"


def is_permission_set_block(block_id: str) -> bool:
    """Whether it is the permission set's, for whichever account."""
    return block_id.startswith(f"{PERMISSION_SET}:")


def revision(request: Request, part: object) -> str:
    """A block of a message that is drawn from the row: another revision, another id."""
    return f"{request.id}:{request.version}:{part}"


def turned(name: str, page: int) -> str:
    """The value of a button that turns a list to a page."""
    return f"{name}:{page}"


def place(section: str, index: int) -> str:
    """A block of App Home, or of the same list in a message: which section it belongs to."""
    return f"home:{section}:{index}"


def section_of(block_id: object) -> str | None:
    """The section that a block belongs to; None: it is none of App Home's."""
    parts = block_id.split(":") if isinstance(block_id, str) else []
    return parts[1] if len(parts) == 3 and parts[0] == "home" else None


def policy(section: str, name: str) -> str:
    """The value of a button that is about a policy."""
    return f"{section}:{name}"
