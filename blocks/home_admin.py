"""App Home's part for administrators: warnings, policies, and the ways to change them."""

from collections.abc import Iterator, Sequence
from typing import Final

from slack_sdk.models.blocks import ActionsBlock, Block, ButtonElement, SectionBlock

from blocks import ids
from blocks.home import pager, titled
from blocks.parts import aside, plain
from blocks.text import inline, label, several
from grants.cautions import PolicyWarning
from grants.durations import spell
from grants.overview import Page
from grants.policy import (
    ApprovalPolicy,
    EligibilityPolicy,
    Named,
    PolicyBook,
    Scope,
    Who,
    proof_needed,
)
from grants.policy_text import policy_tree
from grants.sheets import Part, fits

TITLE: Final = "Policies and settings"
SHOWN: Final = 3
"""So many warnings stand in the section; a button shows all."""
WARNING: Final = 300
LISTED: Final = 400
"""So much of a list of names stands in a line; the form has all of it."""
TOO_LONG: Final = "Too long to be edited here: change it in the policy file."

Warned = Sequence[PolicyWarning] | None
"""None: it is being looked up."""


def administration(
    book: PolicyBook,
    eligibility: Page[EligibilityPolicy],
    approval: Page[ApprovalPolicy],
    warned: Warned,
) -> Iterator[Block]:
    """All of it: each list with its own pages."""
    yield from titled(TITLE)
    yield _standing(book, warned)
    yield ActionsBlock(
        elements=[
            ButtonElement(text=plain("Add Eligibility Policy"), action_id=ids.ADD_ELIGIBILITY),
            ButtonElement(text=plain("Add Approval Policy"), action_id=ids.ADD_APPROVAL),
            ButtonElement(text=plain("Settings"), action_id=ids.SETTINGS),
            ButtonElement(text=plain("People Links"), action_id=ids.PEOPLE),
        ]
    )
    if not eligibility.items:
        yield aside(plain("No eligibility policy: nobody may ask for anything."))
    for may in eligibility.items:
        yield from _policy(Part.ELIGIBILITY, may, _eligibility(may))
    yield from pager(eligibility)
    if not approval.items:
        yield aside(plain("No approval policy: nobody may approve anything."))
    for decides in approval.items:
        yield from _policy(Part.APPROVAL, decides, _approval(decides))
    yield from pager(approval)


# What is wrong with them


def _standing(book: PolicyBook, warned: Warned) -> SectionBlock:
    """In one block: which version holds, and what administrators are to know about it."""
    lines = [f"Version {book.version} of the policies holds. {_counted(warned)}"]
    lines += [f"• {_warning(each)}" for each in (warned or ())[:SHOWN]]
    button = ButtonElement(text=plain("Show Warnings"), action_id=ids.WARNINGS)
    return SectionBlock(text=plain("\n".join(lines)), accessory=button if warned else None)


def _counted(warned: Warned) -> str:
    if warned is None:
        return "Warnings are being looked up."
    if not warned:
        return "There are no warnings."
    return f"There are {len(warned):,} warnings:" if len(warned) > 1 else "There is a warning:"


def _warning(each: PolicyWarning) -> str:
    return label(str(each), WARNING)


# Policies


def _policy(
    part: Part, policy: EligibilityPolicy | ApprovalPolicy, facts: Iterator[str]
) -> Iterator[Block]:
    editable = fits(part, policy_tree(policy))
    lines = [*facts, *([] if editable else [TOO_LONG])]
    yield SectionBlock(
        text=plain(f"{part.capitalize()}: {inline(policy.name)}"),
        fields=[plain(each) for each in lines],
    )
    value = ids.policy(part, policy.name)
    buttons = {"Edit": ids.EDIT} if editable else {}
    yield ActionsBlock(
        elements=[
            ButtonElement(text=plain(title), action_id=action, value=value)
            for title, action in {**buttons, "Delete": ids.DELETE}.items()
        ]
    )


def _eligibility(policy: EligibilityPolicy) -> Iterator[str]:
    yield f"Who: {_who(policy.who)}"
    yield f"Accounts: {_scope(policy.scope)}"
    yield f"Permission sets: {_listed(policy.permission_sets)}"
    longest = (
        f"at most {spell(policy.max_duration)}"
        if policy.max_duration
        else "as long as the settings allow"
    )
    yield f"For {longest}; {'approval required' if policy.approval_required else 'no approval'}"


def _approval(policy: ApprovalPolicy) -> Iterator[str]:
    yield f"Approvers: {_who(policy.approvers)}"
    yield f"Accounts: {_scope(policy.scope)}"
    yield f"Permission sets: {_listed(policy.permission_sets) or 'every one'}"
    agree = f"{policy.approvals} must agree" + (", its own besides" if policy.required else "")
    agree += ", each with a one-time code" if proof_needed([policy]) else ""
    yield f"{agree}; asked in {policy.channel or 'the default channel'}"


def _who(who: Who) -> str:
    return _listed((*who.groups, *who.users))


def _scope(scope: Scope) -> str:
    ous = (f"{ou.name or ou.id} ({ou.id}){' and below' * ou.nested}" for ou in scope.ous)
    tags = (f"{key}={value}" for key, value in scope.tags)
    return label(several([*(each.name for each in scope.accounts), *ous, *tags]), LISTED)


def _listed(named: Sequence[Named]) -> str:
    return label(several([each.name for each in named]), LISTED)
