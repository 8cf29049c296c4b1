"""The forms of administrators: a policy, the settings, a deletion."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from slack_sdk.models.blocks import (
    Block,
    InputBlock,
    InputInteractiveElement,
    Option,
    PlainTextInputElement,
    RadioButtonsElement,
)
from slack_sdk.models.views import View

from blocks import ids
from blocks.parts import aside, plain, said
from blocks.text import inline, label, shorten, typed
from grants.cautions import PolicyWarning
from grants.drafts import PolicyProblems
from grants.editing import Opened, Subject
from grants.errors import Tampered
from grants.grammar import LONGEST_NAME
from grants.policy_text import written
from grants.sheets import SPOTS, Kind, Part, Sheet, Spot, field_at

ERROR_MOST: Final = 2000
WARNINGS_MOST: Final = 90
WARNING_MOST: Final = 1000
"""All together stay below the 250 KB of a view."""
METADATA_MOST: Final = 3000
TITLES: Final = {
    Part.SETTINGS: "Settings",
    Part.ELIGIBILITY: "Eligibility policy",
    Part.APPROVAL: "Approval policy",
}


@dataclass(frozen=True, slots=True)
class Words:
    """How a field is called, and what is to be known before one types."""

    label: str
    hint: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    """Each value with its words."""


_YES_NO: Final = (("true", "Yes"), ("false", "No"))
_GROUPS: Final = "One a line, by name or id."
_PEOPLE: Final = "One a line, by address, user name or id."
_CHANNEL: Final = "The id that begins with C or G, from the channel's details."
_DURATION: Final = "Such as 45m, 2h, 1h30m or 30d."
_SCOPE: Final = {
    "accounts": Words("Accounts", "One a line, by id or name."),
    "ous": Words(
        "OUs",
        "One id a line. ou-… is for the accounts right below it;"
        " ou-… nested for those further below, too.",
    ),
    "tags": Words("Account tags", "One a line: key=value."),
}
WORDS: Final[Mapping[Part, Mapping[str, Words]]] = {
    Part.ELIGIBILITY: {
        "name": Words("Name"),
        "who.groups": Words("Groups", f"Whoever is in one of them may ask. {_GROUPS}"),
        "who.users": Words("People", f"They may ask, too. {_PEOPLE}"),
        **_SCOPE,
        "permission_sets": Words("Permission sets", "One a line, by name or ARN."),
        "max_duration": Words(
            "Longest duration", "Such as 45m, 2h or 1h30m. Empty: the longest of the settings."
        ),
        "approval": Words(
            "Approval", choices=(("required", "Required"), ("none", "None: it starts at once"))
        ),
    },
    Part.APPROVAL: {
        "name": Words("Name"),
        **_SCOPE,
        "permission_sets": Words(
            "Permission sets", "One a line, by name or ARN. Empty: every one."
        ),
        "approvers.groups": Words("Approver groups", _GROUPS),
        "approvers.users": Words("Approvers", _PEOPLE),
        "channel": Words(
            "Channel", f"Where they are asked. {_CHANNEL} Empty: the default channel."
        ),
        "approvals": Words("Approvals", "How many different people must agree."),
        "required": Words("Its own approvers must agree, whatever others say", choices=_YES_NO),
        "proof": Words("Proof", choices=(("none", "None"), ("totp", "A one-time password"))),
    },
    Part.SETTINGS: {
        "approval": Words(
            "Approval",
            choices=(
                ("required", "Required, where a policy says so"),
                ("off", "Off: nothing waits for approval, whatever policies say"),
            ),
        ),
        "max_duration": Words("Longest duration", f"No access lasts longer. {_DURATION}"),
        "pending_expiry": Words(
            "Pending expiry", f"A request that nobody decided on by then expires. {_DURATION}"
        ),
        "max_start_ahead": Words("Furthest start", f"How far ahead it may lie. {_DURATION}"),
        "max_open_requests": Words(
            "Most open requests", "How many one person may have at a time: 1 to 1,000."
        ),
        "reminder": Words("Reminder", f"So long before the end. {_DURATION}"),
        "nudge_interval": Words(
            "Nudge interval", f"How often approvers are reminded and may be nudged. {_DURATION}"
        ),
        "require_ticket": Words("A request names a ticket", choices=_YES_NO),
        "ticket_pattern": Words(
            "Ticket pattern", "A regular expression that the whole ticket must match. Empty: any."
        ),
        "ticket_url": Words(
            "Ticket link", "Such as https://tracker.example.com/{ticket}. Empty: no link."
        ),
        "require_decision_comment": Words("A decision has a comment", choices=_YES_NO),
        "revoke_sessions": Words(
            "Cut open sessions when access is revoked",
            choices=(
                ("off", "No"),
                ("inline_policy", "By an inline policy"),
                ("scp", "By a service control policy"),
            ),
        ),
        "admins.groups": Words("Administrator groups", _GROUPS),
        "admins.users": Words("Administrators", _PEOPLE),
        "auditors.groups": Words("Auditor groups", _GROUPS),
        "auditors.users": Words("Auditors", _PEOPLE),
        "default_channel": Words(
            "Default channel", f"For approval policies that name none. {_CHANNEL}"
        ),
        "audit_channel": Words(
            "Audit channel", f"A line for every decision, grant, end and alarm. {_CHANNEL}"
        ),
    },
}


def form(opened: Opened) -> View:
    """A policy or the settings, with what holds now in the fields."""
    part = opened.subject.part
    return View(
        type="modal",
        callback_id=ids.POLICY_FORM,
        title=plain(TITLES[part]),
        submit=plain("Save"),
        close=plain("Close"),
        blocks=list(_fields(part, opened.sheet)),
        private_metadata=_kept(opened.subject),
    )


def _fields(part: Part, sheet: Sheet) -> Iterator[Block]:
    for spot in SPOTS[part]:
        words = WORDS[part][spot.path]
        if spot.path == "accounts":
            yield aside(plain("Which accounts it is about: at least one of the next three."))
        yield InputBlock(
            block_id=spot.path,
            label=plain(words.label),
            element=_element(part, spot, sheet.get(spot.path, "")),
            hint=plain(words.hint) if words.hint else None,
            optional=not spot.needed or bool(spot.inner),
        )


def _element(part: Part, spot: Spot, value: str) -> InputInteractiveElement:
    if spot.kind not in {Kind.CHOICE, Kind.TRUTH}:
        lines = spot.kind in {Kind.NAMES, Kind.OUS, Kind.TAGS}
        # No max_length: Slack would cut what is pasted without a word.
        return PlainTextInputElement(
            action_id=spot.path, multiline=lines, initial_value=value or None
        )
    choices = WORDS[part][spot.path].choices
    options = {key: Option(text=plain(words), value=key) for key, words in choices}
    return RadioButtonsElement(
        action_id=spot.path, options=list(options.values()), initial_option=options.get(value)
    )


def delete_form(opened: Opened) -> View:
    """Asks whether it is meant."""
    subject = opened.subject
    tree = {key: value for key, value in opened.tree.items() if key != "name"}
    return View(
        type="modal",
        callback_id=ids.DELETE_FORM,
        title=plain("Delete policy"),
        submit=plain("Delete"),
        close=plain("Keep"),
        blocks=[
            said(f"{TITLES[subject.part]}: {inline(subject.name)}"),
            said(label(written(tree), 2000)),
            aside(
                plain(
                    "Access that is there stays until its end. Requests that wait are decided by the"
                    " policies that remain. The journal keeps what was deleted, and by whom."
                )
            ),
        ],
        private_metadata=_kept(subject),
    )


def notice(title: str, *words: str) -> View:
    """Sentences, and nothing to send."""
    return View(
        type="modal",
        callback_id=ids.NOTICE_FORM,
        title=plain(title),
        close=plain("Close"),
        blocks=[said(shorten(each, 2900)) for each in words],
    )


def warnings(found: Sequence[PolicyWarning]) -> View:
    """What administrators are warned of, as far as a form holds it."""
    more = len(found) - WARNINGS_MOST
    last = [f"… and {more:,} more: python -m bot policies validate"] if more > 0 else []
    words = (label(str(each), WARNING_MOST) for each in found[:WARNINGS_MOST])
    return notice("Warnings", *words, *last)


def _kept(subject: Subject) -> str:
    return json.dumps({"part": subject.part, "name": subject.name, "since": subject.since})


# What came back


def policy(value: object) -> tuple[Part, str]:
    """The policy that a button is about; `Tampered` for a value that we never wrote."""
    section, colon, name = value.partition(":") if isinstance(value, str) else ("", "", "")
    if not colon or section not in {Part.ELIGIBILITY, Part.APPROVAL}:
        raise Tampered("a button's value")
    if not 0 < len(name) <= LONGEST_NAME:
        raise Tampered("a button's value")
    return Part(section), name


def subject(view: object) -> Subject:
    """What a form is about; `Tampered` where we never wrote that."""
    raw = view.get("private_metadata") if isinstance(view, dict) else None
    if not isinstance(raw, str) or len(raw) > METADATA_MOST:
        raise Tampered("a form's metadata")
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        raise Tampered("a form's metadata") from None
    match found:
        case {"part": str(part), "name": str(name), "since": int(since), **rest} if (
            not rest and part in set(Part) and len(name) <= LONGEST_NAME and _is_version(since)
        ):
            return Subject(Part(part), name, since)
        case _:
            raise Tampered("a form's metadata")


def _is_version(since: int) -> bool:
    return not isinstance(since, bool) and 0 <= since < 2**31


def read(view: object) -> Sheet:
    """The fields that came back. Whatever else the answer is, it raises nothing but `Tampered`."""
    part = subject(view).part
    state = view.get("state") if isinstance(view, dict) else None
    values = state.get("values") if isinstance(state, dict) else None
    spots = {spot.path: spot for spot in SPOTS[part]}
    if not isinstance(values, dict) or values.keys() - spots.keys():
        raise Tampered("a form's fields")
    return {
        path: _answer(part, spots[path], fields) for path, fields in values.items() if fields != {}
    }


def _answer(part: Part, spot: Spot, fields: object) -> str:
    found = fields.get(spot.path) if isinstance(fields, dict) and len(fields) == 1 else None
    if not isinstance(found, dict):
        raise Tampered("a form's fields")
    if spot.kind in {Kind.CHOICE, Kind.TRUTH}:
        return _chosen(part, spot, found.get("selected_option"))
    value = found.get("value")
    if value is not None and not isinstance(value, str):
        raise Tampered("a text")
    return typed(value or "")


def _chosen(part: Part, spot: Spot, option: object) -> str:
    if option is None:
        return ""
    value = option.get("value") if isinstance(option, dict) else None
    if not isinstance(value, str) or value not in dict(WORDS[part][spot.path].choices):
        raise Tampered("a choice")
    return value


def errors(found: PolicyProblems, view: Mapping[str, Any]) -> dict[str, str]:
    """Each problem beside its field."""
    part = subject(view).part
    said: dict[str, list[str]] = {}
    for problem in found.problems:
        said.setdefault(field_at(part, problem.line), []).append(problem.message)
    return {
        path: shorten("\n".join(dict.fromkeys(words)), ERROR_MOST) for path, words in said.items()
    }
