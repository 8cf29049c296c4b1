"""The audit channel: one line for every decision, grant, end and alarm."""

from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import Block

from blocks import codes, thread, wording
from blocks.parts import aside, drawn, marked, ours, plain, said, whole
from blocks.text import Message, Style, heard, moment, quote, utc
from blocks.thread import Facts, Note
from blocks.wording import Write, hear, seen
from grants.model import Moved, Place, Request

WHY_MOST: Final = 300
UNREACHABLE: Final = "unreachable"
"""A place that Slack will not take. Facts: `place`, `address`, `reason` (Slack's word)."""
UNASKED: Final = "unasked"
"""Nobody could be asked to approve a request."""
BACKLOG: Final = "backlog"
"""More ends than AWS takes at once. Facts: `count`, `since`."""
GIVEN_BY_OTHERS: Final = "given_by_others"
"""Ours was removed, and is there again by somebody else's hand."""
OUTLIVED: Final = "outlived"
"""Ours was there although no grant held it. Facts: ids and names, `made_at`."""
OUTLIVED_MANY: Final = "outlived_many"
"""More of them than are told of one by one. Facts: `count`."""
STRANGER: Final = "stranger"
"""Nobody here made it. Facts: ids and names; `made_by` and `made_at`, else `asked_at`, `blind`."""
STRANGERS: Final = "strangers"
"""More of them than are told of one by one. Facts: `count`."""
CUT_DROPPED: Final = "cut_dropped"
"""A denial of open sessions was taken out by somebody else."""
NOT_TAKEN: Final = "journal_not_taken"
"""The journal does not go out. Facts: `destination`, `since`, `error`, `line`."""
NOT_READ: Final = "catalogue_not_read"
"""What there is to choose from is not read. Facts: `what`, `since`, `error`, `read_at`."""
_PIECES: Final = {
    "accounts": "the organization's accounts",
    "permission_sets": "the permission sets",
    "ous": "the organization's OUs",
    "tags": "the accounts' tags",
}
_CURES: Final = {
    "is_archived": "it is archived: unarchive it, or name another in the policies",
    "is_ext_shared": "it is shared with another organization: name another in the policies",
    "not_in_channel": "the bot is not in it: /invite it there",
    "channel_not_found": "there is none of this id, or it is private: invite the bot, or mend the id",
    "missing_scope": "the app may not look at it: give it the scopes of manifest.yml",
    "users_not_found": "Slack knows nobody by this address",
    "not_a_member": "whoever has this address in Slack is no full member of the workspace",
    "user_disabled": "this Slack account is deactivated",
    "messages_tab_disabled": "the app's Messages tab is switched off: switch it on",
}
POLICIES: Final = "policies"
"""The kind of a line that tells of a change of policies. Facts: `by`, `version`, `changes`."""
CHANGES_MOST: Final = 10
PEOPLE: Final = "people.link"
"""Of a line that tells who is taken for whom from now on. Facts: `by`, `slack_id`, `user`."""


def audit(moved: Moved | None, request: Request | None, facts: Facts, style: Style) -> Message:
    """A move; or, without one, an alarm, whose `facts` say what it is and what it is about."""
    if moved is None or request is None:
        return _alarm(request, facts)
    why = thread.why(moved, request, facts)
    blocks: list[Block] = [
        said(_line(moved, request, facts, seen)),
        *(
            ours(words)
            for words in thread.dated(moved, request, facts, lambda at: moment(at, style))
        ),
        aside(plain(f"By {wording.who(moved.by)}"), marked(moment(moved.at, style))),
        *whole(why[:WHY_MOST]),
    ]
    return Message(heard(lambda most: _text(moved, request, facts, why, most)), drawn(blocks))


def _line(moved: Moved, request: Request, facts: Facts, write: Write) -> str:
    told = thread.told(moved, request, facts, write)
    return f"{thread.word(moved)}{told} {_about(request, write)}"


def _about(request: Request, write: Write) -> str:
    who = write(request.requester.name)
    on = f"{write(request.permission_set_name)} on {wording.account(request, write)}"
    return f"{who}, {on}, request {request.id}."


def _text(moved: Moved, request: Request, facts: Facts, why: str, most: int) -> str:
    write = hear(most)
    by = f"By {wording.who(moved.by, write)}, {utc(moved.at)}."
    rows = [_line(moved, request, facts, write), *thread.dated(moved, request, facts, utc), by]
    return " ".join([*rows, quote(why[:WHY_MOST], most)]).strip()


# What is no move


def _alarm(request: Request | None, facts: Facts) -> Message:
    if facts.get("kind") == POLICIES:
        return _policies(facts)
    if facts.get("kind") == PEOPLE:
        return _people(facts)
    if facts.get("kind") in codes.KINDS:
        return codes.told(facts)

    def words(write: Write) -> str:
        about = _about(request, write) if request else _named(facts, write)
        return f"Alarm: {_what(facts, write)} {about}".strip()

    return Message(heard(lambda most: words(hear(most))), drawn([said(words(seen))]))


def _what(facts: Facts, write: Write) -> str:
    if facts.get("kind") == UNREACHABLE:
        return _unreachable(facts, write)
    if facts.get("kind") == BACKLOG:
        return _backlog(facts, write)
    if facts.get("kind") == GIVEN_BY_OTHERS:
        return (
            "removed, and made anew by somebody else since: it is left alone. If nobody should have"
            " it, remove it in IAM Identity Center."
        )
    if facts.get("kind") == NOT_TAKEN:
        return _not_taken(facts, write)
    if facts.get("kind") == NOT_READ:
        return _not_read(facts, write)
    if facts.get("kind") == Note.CUT_LATE:
        return thread.not_cut(facts, write)
    if facts.get("kind") == Note.LIFT_LATE:
        return thread.not_lifted(facts, write)
    if facts.get("kind") == CUT_DROPPED:
        return _dropped(facts, write)
    if facts.get("kind") in _SWEPT:
        return _SWEPT[str(facts["kind"])](facts, write)
    if facts.get("kind") == UNASKED:
        return (
            "nobody who may approve this could be reached. Mend where they are asked, or tell them."
        )
    if facts.get("kind", Note.OVERDUE) == Note.OVERDUE and "words" not in facts:
        return thread.still(facts, write)
    return write(str(facts.get("words") or facts.get("kind")))


def _dropped(facts: Facts, write: Write) -> str:
    """What others have made of no effect, and until when that matters."""
    why = write(str(facts.get("error") or "it is not known why"))
    last = facts.get("credentials_until")
    until = f" until {utc(datetime.fromisoformat(str(last)))}" if last else ""
    attached = " it attached, and leave" if facts.get("scp") else ""
    return (
        f"sessions that were cut may go on: {why}. Credentials already issued may work"
        f"{until} where they are not denied. Whatever manages {thread.carrier(facts)} must leave{attached}"
        " statements alone whose Sid begins with ElevateCut."
    )


def _backlog(facts: Facts, write: Write) -> str:
    """Nobody can hurry AWS; whoever has to can remove the worst by hand."""
    since = utc(datetime.fromisoformat(str(facts["since"])))
    return (
        f"{write(str(facts['count']))} ends wait for their turn: AWS takes only so many operations"
        f" at once. The first should have been gone at {since}. They go on, the oldest first. What"
        " cannot wait can be removed in IAM Identity Center."
    )


def _not_taken(facts: Facts, write: Write) -> str:
    """Nothing is lost by it, as long as the database is not."""
    since = utc(datetime.fromisoformat(str(facts["since"])))
    return (
        f"the journal has not been taken by {write(str(facts['destination']))} since {since}, from line"
        f" {facts['line']} on: {write(str(facts['error']))}. It is kept, and sent again until it is taken."
    )


def _not_read(facts: Facts, write: Write) -> str:
    """Only the choice grows old: what is given is looked at live."""
    since = utc(datetime.fromisoformat(str(facts["since"])))
    known = str(facts.get("read_at") or "")
    offered = (
        f"What is offered is as of {utc(datetime.fromisoformat(known))}; what is given is looked at"
        " live as ever."
        if known
        else "Until then nothing can be asked for."
    )
    what = _PIECES.get(str(facts.get("what")), "the catalogue")
    return (
        f"{what} could not be read from AWS since {since}: {write(str(facts['error']))} {offered} It is"
        " tried on; `python -m bot check` says what is missing."
    )


def _outlived(facts: Facts, write: Write) -> str:
    made_at = utc(datetime.fromisoformat(str(facts["made_at"])))
    return (
        f"{_whom(facts, write)} had access that no request holds. Elevate asked for it at {made_at},"
        " and takes it away now."
    )


def _outlived_many(facts: Facts, write: Write) -> str:
    return (
        f"{write(str(facts['count']))} assignments that Elevate made are held by no request. They are"
        " taken away now; the journal has them (sweep.outlived)."
    )


def _stranger(facts: Facts, write: Write) -> str:
    return (
        f"{_whom(facts, write)} has access that was not given here. {maker(facts, write)}"
        " Nothing is changed. If nobody should have it, remove it in IAM Identity Center."
    )


def _strangers(facts: Facts, write: Write) -> str:
    return (
        f"{write(str(facts['count']))} assignments of permission sets that the policies offer were"
        " not made here. Nothing is changed; `python -m bot check` lists them."
    )


_SWEPT: Final = {
    OUTLIVED: _outlived,
    OUTLIVED_MANY: _outlived_many,
    STRANGER: _stranger,
    STRANGERS: _strangers,
}


def maker(facts: Facts, write: Write) -> str:
    """Who made an assignment, in sentences."""
    if facts.get("made_at"):
        at = utc(datetime.fromisoformat(str(facts["made_at"])))
        return f"It was made by {write(str(facts.get('made_by')))} at {at}."
    told = ["CloudTrail does not tell who made it."]
    if facts.get("asked_at"):
        at = utc(datetime.fromisoformat(str(facts["asked_at"])))
        told.append(
            f"Elevate itself asked for it at {at}, and has seen it gone since or cannot be sure."
        )
    if facts.get("blind"):
        told.append(write(str(facts["blind"])))
    return " ".join(told)


def _whom(facts: Facts, write: Write) -> str:
    return write(str(facts.get("user_name") or "")) or "Somebody"


def _unreachable(facts: Facts, write: Write) -> str:
    """What is not told where, and how to mend it."""
    address, code = write(str(facts.get("address"))), str(facts.get("reason"))
    where = f"channel {address}" if facts.get("place") == Place.CHANNEL else address
    why = f"{_CURES[code]} ({code})" if code in _CURES else write(code)
    return f"nothing is told in {where}, of this or of other requests: {why}."


def _named(facts: Facts, write: Write) -> str:
    """What the facts themselves say it is about, where there is no row at hand."""
    told = {
        "permission_set_name": "Permission set",
        "permission_set": "Permission set ARN",
        "account_name": "Account",
        "account": "Account id",
        "user": "User id",
        "request": "Request",
    }
    hidden = {"permission_set"} if facts.get("permission_set_name") else set()
    return " ".join(
        f"{word}: {write(str(facts[key]))}."
        for key, word in told.items()
        if facts.get(key) and key not in hidden
    )


def _policies(facts: Facts) -> Message:
    """Who changed what, from what to what; the journal has it whole."""
    changes = [str(change) for change in facts.get("changes") or ()]

    def words(write: Write) -> list[str]:
        head = f"Policies: {write(str(facts.get('by')))} applied version {facts.get('version')}."
        told = [f"• {write(change)}" for change in changes[:CHANGES_MOST]]
        more = len(changes) - CHANGES_MOST
        return [head, *told, *([f"… and {more} more: see the journal"] if more > 0 else [])]

    text = heard(lambda most: " ".join(words(hear(most))))
    return Message(text, drawn([said(line) for line in words(seen)]))


def _people(facts: Facts) -> Message:
    """Who says that somebody is somebody else; without a user, that they are forgotten."""

    def words(write: Write) -> str:
        by, slack_id, user = (write(str(facts.get(key))) for key in ("by", "slack_id", "user"))
        if not facts.get("user"):
            return f"People: {by} unlinked Slack user {slack_id}."
        return f"People: {by} linked Slack user {slack_id} to {user}."

    return Message(heard(lambda most: words(hear(most))), drawn([said(words(seen))]))
