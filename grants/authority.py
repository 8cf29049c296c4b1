"""Who may do what: one table, and the one place that refuses by it. Whatever is not in it is refused."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from grants import policy
from grants.errors import (
    AboutOneself,
    Denied,
    NotAllowed,
    NotAnApprover,
    NothingToApprove,
    NotTheRequester,
    OwnRequest,
    Unseen,
)
from grants.lifecycle import LIFECYCLE
from grants.model import GroupId, Membership, Move, Person, Request, Role
from grants.policy import ApprovalPolicy, PolicyBook


class Hat(StrEnum):
    """What somebody is to what they are about to do, the widest first."""

    OPERATOR = "operator"
    """Whoever types at the command line of the machine that Elevate runs on."""
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"
    APPROVER = "approver"
    """Of the request that it is about, or of any, by the policies as they read now."""
    REQUESTER = "requester"
    """Of the request that it is about."""
    ELIGIBLE = "eligible"
    """An eligibility policy names them, now, for the access that it is about."""
    PERSON = "person"
    """A Slack user who is exactly one enabled Identity Center user, now."""
    ANYBODY = "anybody"
    """Of this workspace, or of the organization that it is part of."""
    ONESELF = "oneself"
    """Whom it is about. Permits nothing."""


class Action(StrEnum):
    """What there is to be done, whatever way it comes."""

    HELP = "help"
    LOOK = "look"
    FILL_IN = "fill_in"
    ASK = "ask"
    ASK_AGAIN = "ask_again"
    EXTEND = "extend"
    CANCEL = "cancel"
    END = "end"
    NUDGE = "nudge"
    APPROVE = "approve"
    REJECT = "reject"
    REVOKE = "revoke"
    SEE = "see"
    SEE_ACTIVITY = "see_activity"
    EXPORT = "export"
    VERIFY = "verify"
    EXPLAIN = "explain"
    EXPLAIN_OTHERS = "explain_others"
    EDIT_POLICIES = "edit_policies"
    LINK_PEOPLE = "link_people"
    SET_UP_CODES = "set_up_codes"
    RESET_CODES = "reset_codes"
    RUN = "run"


ROLES: Final[Mapping[Hat, Role]] = {
    Hat.OPERATOR: Role.ADMINISTRATOR,
    Hat.ADMINISTRATOR: Role.ADMINISTRATOR,
    Hat.AUDITOR: Role.AUDITOR,
    Hat.APPROVER: Role.APPROVER,
    Hat.REQUESTER: Role.REQUESTER,
    Hat.ELIGIBLE: Role.REQUESTER,
    Hat.PERSON: Role.REQUESTER,
    Hat.ANYBODY: Role.REQUESTER,
}
"""In which role somebody acts who wears it."""

OPERATORS: Final = frozenset({Hat.OPERATOR, Hat.ADMINISTRATOR})
"""What the operator wears: treated as an administrator, and in charge of the process besides."""


def _whoever(*hats: Hat) -> frozenset[Hat]:
    return frozenset(hats)


def _moving(move: Move) -> frozenset[Hat]:
    """Those by whose role the lifecycle has this move."""
    return frozenset(Hat(step.by) for step in LIFECYCLE if step.move is move)


_WATCHERS: Final = _whoever(Hat.AUDITOR, Hat.ADMINISTRATOR)
_CONCERNED: Final = _WATCHERS | _whoever(Hat.REQUESTER, Hat.APPROVER)
_REQUESTER: Final = _whoever(Hat.REQUESTER)
_APPROVER: Final = _whoever(Hat.APPROVER)

MAY: Final[Mapping[Action, frozenset[Hat]]] = {
    Action.HELP: _whoever(Hat.ANYBODY),
    Action.LOOK: _whoever(Hat.PERSON),
    Action.FILL_IN: _whoever(Hat.PERSON),
    Action.ASK: _whoever(Hat.ELIGIBLE),
    Action.ASK_AGAIN: _REQUESTER,
    Action.EXTEND: _REQUESTER,
    Action.CANCEL: _moving(Move.CANCEL),
    Action.END: _moving(Move.END),
    Action.NUDGE: _REQUESTER,
    Action.APPROVE: _moving(Move.APPROVE),
    Action.REJECT: _moving(Move.REJECT),
    Action.REVOKE: _moving(Move.REVOKE),
    Action.SEE: _CONCERNED,
    Action.SEE_ACTIVITY: _CONCERNED,
    Action.EXPORT: _whoever(Hat.PERSON, Hat.OPERATOR),
    Action.VERIFY: _WATCHERS,
    Action.EXPLAIN: _whoever(Hat.PERSON),
    Action.EXPLAIN_OTHERS: _WATCHERS,
    Action.EDIT_POLICIES: _whoever(Hat.ADMINISTRATOR),
    Action.LINK_PEOPLE: _whoever(Hat.ADMINISTRATOR),
    Action.SET_UP_CODES: _APPROVER,
    Action.RESET_CODES: _whoever(Hat.ADMINISTRATOR),
    Action.RUN: _whoever(Hat.OPERATOR),
}
"""One of these is enough."""

BARRED: Final[Mapping[Action, Mapping[Hat, type[Denied]]]] = {
    Action.APPROVE: {Hat.REQUESTER: OwnRequest},
    Action.REJECT: {Hat.REQUESTER: OwnRequest},
    Action.LINK_PEOPLE: {Hat.ONESELF: AboutOneself},
    Action.RESET_CODES: {Hat.ONESELF: AboutOneself},
}
"""Whoever wears one of these may not, whatever else they wear."""

HIDDEN: Final = frozenset({Action.SEE, Action.SEE_ACTIVITY})
"""Whoever may not is told what they would be told if there were nothing."""


# What somebody wears


def by_request(person: Person, request: Request) -> frozenset[Hat]:
    """What a person is to a request, as far as its row says."""
    own = request.requester.user_id == person.user_id
    return frozenset({Hat.PERSON, Hat.REQUESTER} if own else {Hat.PERSON})


def by_groups(
    book: PolicyBook, membership: Membership, asked: Iterable[ApprovalPolicy] = ()
) -> frozenset[Hat]:
    """What a person is by the groups that were read (`groups`).

    `asked`: the approval policies that cover the request that it is about.
    """
    worn = {
        Hat.PERSON: True,
        Hat.APPROVER: policy.may_approve(asked, membership),
        Hat.AUDITOR: policy.audits(book, membership),
        Hat.ADMINISTRATOR: policy.administrates(book, membership),
    }
    return frozenset(hat for hat, earned in worn.items() if earned)


def roles(book: PolicyBook, membership: Membership) -> frozenset[Role]:
    """In which capacities somebody may act at all, by what was read of `policy.persona_groups`."""
    return frozenset(ROLES[hat] for hat in by_groups(book, membership, book.approval))


def about(*, themselves: bool) -> frozenset[Hat]:
    """What a person is to whom it is about."""
    return frozenset({Hat.PERSON, Hat.ONESELF} if themselves else {Hat.PERSON})


def groups(
    action: Action, book: PolicyBook, asked: Iterable[ApprovalPolicy] = ()
) -> frozenset[GroupId]:
    """The groups that decide who may: what to read of a person, and no more."""
    deciding = {
        Hat.APPROVER: policy.approver_groups(asked),
        Hat.AUDITOR: book.settings.auditors.group_ids,
        Hat.ADMINISTRATOR: book.settings.admins.group_ids,
    }
    return frozenset[GroupId]().union(
        *(found for hat, found in deciding.items() if hat in MAY[action])
    )


# Whether they may


def may(action: Action, hats: frozenset[Hat]) -> bool:
    """Whether these hats are enough, and none of them bars it."""
    return bool(hats & MAY[action]) and not hats & BARRED.get(action, {}).keys()


def admit(action: Action, hats: frozenset[Hat], request: Request | None = None) -> Role:
    """In which role they do it: by the widest of the hats that are enough. Or a refusal.

    `request`: what it is about.
    """
    enough = hats & MAY[action]
    if not enough:
        raise _lacking(action, request)
    bar(action, hats)
    return next(role for hat, role in ROLES.items() if hat in enough)


def bar(action: Action, hats: frozenset[Hat]) -> None:
    """Refuse what one of these hats bars: asked before more is looked up about somebody."""
    for hat, refusal in BARRED.get(action, {}).items():
        if hat in hats:
            raise refusal


def own(action: Action, person: Person, request: Request) -> Request:
    """The request, if this person may do what is only its requester's. Or a refusal."""
    admit(action, by_request(person, request), request)
    return request


def _lacking(action: Action, request: Request | None) -> Denied | Unseen:
    needed = MAY[action]
    if request and action in HIDDEN:
        return Unseen(request.id)
    if request and needed == _APPROVER:
        return NotAnApprover(request.may_approve)
    if action is Action.SET_UP_CODES:
        return NothingToApprove()
    if needed == _REQUESTER:
        return NotTheRequester()
    return NotAllowed(tuple(dict.fromkeys(role for hat, role in ROLES.items() if hat in needed)))
