"""The words of every refusal, in one voice: what happened, without blame, and what to do next."""

from collections.abc import Mapping
from typing import Final

from blocks import ids, wording
from blocks.codes import refused
from blocks.parts import drawn, said
from blocks.problems import ADMINISTRATOR, called, sentence, whom
from blocks.text import Message, heard, quote, shorten, utc
from grants.errors import (
    AboutOneself,
    AlreadyExtended,
    AlreadyHeld,
    AlreadyMoved,
    AskedAlready,
    AwsDenies,
    CannotBeLinked,
    CodeRefusal,
    Denied,
    Doubt,
    NoCut,
    NoLongerGiven,
    NotAllowed,
    NotAnApprover,
    NotAPerson,
    NothingRead,
    NothingToApprove,
    NothingToAskFor,
    NotOpened,
    NotTheRequester,
    NudgedLately,
    OutOfDate,
    OwnRequest,
    PoliciesMoved,
    Refusal,
    RequesterNoLongerEligible,
    StillExplaining,
    StillExporting,
    StillLookingUp,
    StillReading,
    Tampered,
    Thing,
    TooLongHere,
    TooMuchAtOnce,
    TooSlow,
    Uncut,
    Unfit,
    UnknownName,
    UnknownPolicy,
    UnknownRequest,
    Why,
    WrongRole,
)
from grants.lifecycle import moves_from
from grants.model import Move, Request, Role, State

UNCUT: Final[Mapping[Uncut, str]] = {
    Uncut.STANDING: "The access was there before, and stays: its sessions are not cut.",
    Uncut.OFF: "Cutting sessions is not switched on (revoke_sessions in the policies).",
    Uncut.UNNAMED: (
        "Sessions are to be cut by a service control policy, and ELEVATE_CUT_POLICY_ID names none here:"
        " whoever runs Elevate has to set it."
    ),
    Uncut.BEYOND: (
        "This is the management account, which no service control policy reaches: its sessions cannot"
        " be cut that way."
    ),
}


def whisper(refusal: Refusal) -> Message:
    """The refusal as a message that only one person sees."""
    plain = words(refusal)
    return Message(heard(lambda most: quote(plain, most)), drawn([said(shorten(plain, 2900))]))


def words(refusal: Refusal) -> str:
    """Plain text: it is escaped where it goes into mrkdwn."""
    match refusal:
        case Unfit():
            return " ".join(dict.fromkeys(sentence(problem) for problem in refusal.problems))
        case AlreadyHeld():
            return _already_held(refusal)
        case NothingToAskFor():
            return f"There is nothing that you may ask for. To change that, turn to {whom(refusal.whom)}."
        case UnknownRequest():
            return f"There is no request {called(refusal.request_id)} that you may see."
        case AlreadyMoved(yours=True):
            return yours(refusal.request)
        case UnknownName():
            return _unknown_name(refusal)
        case NothingRead():
            return "Elevate is still reading the organization's accounts. Please try again in a minute."
        case AlreadyMoved():
            return happened(refusal.request)
        case RequesterNoLongerEligible():
            return _no_longer_eligible(refusal.request)
        case AskedAlready():
            return (
                f"This form has made request {refusal.request.id} already, as you sent it first."
                " Close it; if that request is not what you want, cancel it and ask anew."
            )
        case AlreadyExtended():
            word, meaning, _ = wording.STATES[refusal.extension.state]
            return (
                f"Request {refusal.extension.id} extends this already. {word}: {meaning}."
                " Nothing was changed."
            )
        case PoliciesMoved():
            return _policies_moved(refusal)
        case StillExporting(theirs=True):
            return (
                "Your last export is still being made. It comes into your direct messages;"
                " after that, ask for the next."
            )
        case StillExporting():
            return "Others are exporting just now. Please press again in a minute."
        case StillLookingUp(theirs=True):
            return "Activity is still being looked up for you. Please wait until it stands there."
        case StillLookingUp():
            return "Others are looking activity up just now. Please press again in a minute."
        case StillReading(theirs=True):
            return (
                "The thread you asked for last is still being read. After that, ask for the next."
            )
        case StillReading():
            return "Others have threads read just now. Please type it again in a minute."
        case StillExplaining(theirs=True):
            return "What you asked for last is still being explained. After that, ask for the next."
        case StillExplaining():
            return "Others have access explained just now. Please type it again in a minute."
        case TooMuchAtOnce():
            return "Elevate is still busy with what you did before. Please wait, and try again."
        case UnknownPolicy():
            return (
                f'There is no {called(refusal.section)} policy "{called(refusal.name)}" any more.'
                " Nothing was changed."
            )
        case CodeRefusal():
            return refused(refusal)
        case CannotBeLinked():
            return (
                f"{UNLINKABLE.get(refusal.doubt, UNLINKABLE[Doubt.UNKNOWN])} Nothing was changed."
            )
        case TooLongHere():
            return _too_long_here(refusal)
        case NoCut():
            return f"{UNCUT[refusal.why]} Revoke without that."
        case NudgedLately():
            return _nudged_lately(refusal)
        case TooSlow():
            return "Not recorded yet. Press again: it is safe."
        case NotOpened():
            return f"This could not be shown in time. Please try again: {ids.COMMAND}"
        case OutOfDate():
            return (
                "This is from an older version of Elevate, and nothing was done."
                f" Please start again: {ids.COMMAND}"
            )
        case AwsDenies():
            return (
                "AWS does not let Elevate look up what this takes, and nothing was changed. Trying"
                f" again will not help: tell {ADMINISTRATOR}. AWS says:"
                f" {called(refusal.reason.rstrip('.'))}."
            )
        case Denied() | WrongRole():
            return _denied(refusal)
        case _:
            return f"This cannot be done. Nothing was changed. {_help()}"


def _denied(refusal: Denied | WrongRole) -> str:
    match refusal:
        case OwnRequest():
            return (
                "This is your own request: somebody else has to decide on it. Nothing was changed."
            )
        case NotAnApprover():
            named = called("; ".join(refusal.may_approve), 1500)
            who = f"Those who may are {named}." if named else "Nobody may, as things stand."
            return f"You may not decide on this request. {who} Nothing was changed."
        case NotTheRequester():
            return "Only whoever made this request may do this. Nothing was changed."
        case NotAllowed():
            needed = " and ".join(ROLES.get(role, "Elevate itself") for role in refusal.needed)
            return f"Only {needed} may do this. Nothing was changed. {_help()}"
        case NothingToApprove():
            return (
                "No approval policy names you now, so you have nothing to prove by a code."
                " Nothing was changed."
            )
        case AboutOneself():
            return (
                "Nobody says who they themselves are. Turn to another administrator, or to whoever"
                " runs Elevate's command line. Nothing was changed."
            )
        case WrongRole():
            return f"This is not for you to do on this request. Nothing was changed. {_help()}"
        case Tampered():
            return (
                "What came back is not what was offered, so nothing was taken from it."
                f" Please start again: {ids.COMMAND}"
            )
        case NotAPerson():
            return f"{DOUBTS[refusal.doubt]} Nothing was changed."
        case _:
            return f"You may not do this. Nothing was changed. {_help()}"


def _help() -> str:
    return f"If you need it, turn to {ADMINISTRATOR}."


def _already_held(refusal: AlreadyHeld) -> str:
    access = f"{called(refusal.permission_set_name)} on {called(refusal.account_name)}"
    if refusal.through_group:
        return (
            f"You hold {access} already through a group, without Elevate. A request would give it to"
            " you yourself as well, and take only that away at its end."
        )
    return (
        f"You hold {access} already, without Elevate. A request would only be on paper:"
        " nothing would be created, and nothing taken away at its end."
    )


def _no_longer_eligible(request: Request) -> str:
    return (
        f"{called(request.requester.name)} may no longer ask for this: an approval would give nothing."
        " Reject it, or let it expire. Nothing was changed."
    )


def _nudged_lately(refusal: NudgedLately) -> str:
    again = (
        f"You may nudge them again from {utc(refusal.again_at)} on."
        if refusal.again_at
        else "The request expires before they may be nudged again."
    )
    return f"Nobody was reminded: you nudged them at {utc(refusal.nudged_at)}. {again}"


def _policies_moved(refusal: PoliciesMoved) -> str:
    return (
        f"Not applied: {called(refusal.by)} changed the policies at {utc(refusal.at)} (version"
        f" {refusal.version}; this change was made from version {refusal.since}). Nothing was"
        " overwritten. Look at what holds now, and make the change again."
    )


def _too_long_here(refusal: TooLongHere) -> str:
    what = f'The policy "{called(refusal.name)}" is' if refusal.name else "These settings are"
    return (
        f"{what} too long for a form: a field takes 3,000 characters. Change it in the policy file"
        " (policies export, policies apply)."
    )


def _unknown_name(refusal: UnknownName) -> str:
    thing, name = refusal.thing, f'"{called(refusal.name, 100)}"'
    if refusal.several:
        ids = called(", ".join(refusal.several[:3]), 600)
        return f"{len(refusal.several)} {thing}s are called {name}. Give the id of one: {ids}."
    meant = f' Did you mean "{called(refusal.near, 100)}"?' if refusal.near else ""
    match thing:
        case Thing.USER:
            return (
                f"There is no Identity Center user {name}. Give an address, a user name or an id."
            )
        case Thing.SLACK_USER:
            return (
                f"Elevate does not know which Identity Center user {name} is."
                " Give their address, user name or id instead."
            )
        case _:
            return (
                f"There is no {thing} {name}.{meant}"
                f" Give {_SPELLED[thing]}, in quotes where it has blanks."
            )


ROLES: Final = {
    Role.REQUESTER: "people whom Elevate knows",
    Role.APPROVER: "approvers of this request",
    Role.AUDITOR: "auditors",
    Role.ADMINISTRATOR: "administrators",
}
_SPELLED: Final = {
    Thing.ACCOUNT: "its id or its name",
    Thing.PERMISSION_SET: "its name or its ARN",
}


# A request that went on


def happened(request: Request) -> str:
    """What became of a request, for somebody who came too late."""
    if request.state is State.PENDING:
        return (
            "Nothing was changed: the request waits for a decision. An approver can reject it, and"
            " whoever asked can cancel it."
        )
    return f"Too late: {_became(request)}. Nothing was changed.{_way_out(request)}"


def _way_out(request: Request) -> str:
    """How access that was agreed on is stopped all the same."""
    if Move.END not in moves_from(request.state, Role.REQUESTER):
        return ""
    return (
        " Whoever asked can stop it with End Access in their newest message; an approver, with"
        " Revoke on the card."
    )


def yours(request: Request) -> str:
    """For somebody who decides a second time, or whose click came twice."""
    if request.state is State.PENDING:
        return (
            "You have voted on this already: your first vote counts, and others have to agree too."
        )
    return f"You have decided on this already: {_became(request)}.{_way_out(request)}"


def _became(request: Request) -> str:
    decided = f" by {called(request.decided_by)}" if request.decided_by else ""
    if decided and request.decided_at:
        decided += f", {utc(request.decided_at)}"
    closed = f" by {called(request.closed_by)}" if request.closed_by else ""
    ended = f", {utc(request.ended_at)}" if request.ended_at else ""
    match request.state:
        case State.PENDING:
            return "it waits for a decision"
        case State.REJECTED:
            return f"it was rejected{decided}"
        case State.CANCELLED:
            return f"it was cancelled by {called(request.requester.name)}"
        case State.EXPIRED:
            return f"it expired, because nobody decided until {utc(request.expires_at)}"
        case State.SCHEDULED | State.GRANTING | State.ACTIVE:
            return f"it is {request.state} already; it was approved{decided}"
        case State.REVOKING:
            return f"the access is being removed already{closed and f', asked for{closed}'}"
        case State.ENDED:
            return f"its time was over and the access is gone{ended}"
        case State.REVOKED:
            return f"it was revoked{closed}{ended}"
        case State.FAILED:
            reason = f" ({called(request.reason)})" if request.reason else ""
            return f"it failed{reason}, and no access was given"


# People


DOUBTS: Final = {
    Doubt.BOT: "Bots cannot use Elevate.",
    Doubt.GUEST: "Guests of this workspace cannot use Elevate. A full member has to ask.",
    Doubt.STRANGER: "People of other organizations cannot use Elevate.",
    Doubt.OTHER_TEAM: "People of other workspaces cannot use Elevate.",
    Doubt.DEACTIVATED: "This Slack account is deactivated.",
    Doubt.INVITED: "This Slack account has not been taken up yet. Sign in to Slack once, then try again.",
    Doubt.UNCONFIRMED: "Your address in Slack is not confirmed. Confirm it in your Slack settings, then try again.",
    Doubt.NO_ADDRESS: (
        "Slack does not tell Elevate your address. An administrator of Elevate has to look at the app's scopes."
    ),
    Doubt.FOREIGN_DOMAIN: (
        "Your address in Slack is not of a domain that Elevate takes. Turn to an administrator of Elevate."
    ),
    Doubt.NO_USER: (
        "There is no Identity Center user with your Slack address. Turn to an administrator of Elevate."
    ),
    Doubt.SEVERAL_USERS: (
        "Several Identity Center users have your Slack address. An administrator of Elevate has to link you to one."
    ),
    Doubt.DISABLED: "Your Identity Center user is disabled. Turn to whoever runs Identity Center.",
    Doubt.ADDRESS_CHANGED: (
        "Your address has changed since Elevate got to know you. An administrator of Elevate has to link you again."
    ),
    Doubt.BROKEN: (
        "Your link to Identity Center no longer holds. An administrator of Elevate has to link you again."
    ),
    Doubt.UNKNOWN: "Elevate cannot tell who you are just now. Try again; if it stays so, turn to an administrator of Elevate.",
}


UNLINKABLE: Final = {
    Doubt.BOT: "This is a bot, and bots cannot use Elevate.",
    Doubt.GUEST: "This is a guest of the workspace. Guests cannot use Elevate.",
    Doubt.STRANGER: "This is somebody of another organization. They cannot use Elevate.",
    Doubt.OTHER_TEAM: "This is somebody of another workspace. They cannot use Elevate.",
    Doubt.DEACTIVATED: "This Slack account is deactivated.",
    Doubt.INVITED: "This Slack account has not been taken up yet. They have to sign in to Slack once.",
    Doubt.UNCONFIRMED: "Their address in Slack is not confirmed. They have to confirm it first.",
    Doubt.NO_ADDRESS: "Slack does not tell Elevate their address. Look at the app's scopes.",
    Doubt.DISABLED: "This Identity Center user is disabled.",
    Doubt.UNKNOWN: "Slack knows no such user.",
}
"""Why a link would be of no use; the other doubts are what a link is there to settle."""


# The last check before access is given


WHYS: Final = {
    Why.NOT_ELIGIBLE: "no eligibility policy names the requester for this access any more",
    Why.USER_DISABLED: "the requester's Identity Center user is disabled",
    Why.USER_MISSING: "the requester's Identity Center user is not there any more",
    Why.REQUESTER_NOT_BOUND: (
        "the Slack user who asked is not linked to the requester's Identity Center user any more"
    ),
    Why.ACCOUNT_INACTIVE: "the account is closed, or about to be",
    Why.ACCOUNT_MISSING: "the account is not in the organization any more",
    Why.PERMISSION_SET_MISSING: "the permission set is not there any more",
    Why.OUT_OF_REACH: "Elevate cannot assign this permission set in this account",
    Why.VOTES_NO_LONGER_COUNT: "not enough of those who agreed may still approve it",
    Why.TOO_LONG: "the duration is longer than is allowed now",
    Why.NOT_HELD: "the access that it was to extend was over before its time",
}


def no_longer(fault: NoLongerGiven) -> str:
    """Why access that was agreed on is not given, as the reason that both sides read."""
    detail = f" ({called(fault.detail)})" if fault.detail else ""
    return f"Not given: {WHYS[fault.why]}{detail}. A new request is decided by today's policies."
