"""Whether open sessions can be cut in the way that the policies say."""

from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import Final

from bot.assemble import Aws
from bot.findings import Finding, Findings, Verdict, asked
from bot.settings import Settings
from grants import cut_words, denying
from grants.denying import Deny, NotUnderstoodError
from grants.drafts import shown
from grants.model import (
    Account,
    AccountId,
    Catalogue,
    Key,
    Lane,
    PermissionSetArn,
    RequestId,
    UserId,
)
from grants.policy import CutWay, PolicyBook
from grants.records import Carrier

NAME: Final = "ELEVATE_CUT_POLICY_ID"
CURE: Final = "docs/how-to/cut-sessions.md says how"
NAMED: Final = 5
"""So many of the accounts that it does not reach are named."""
LONGEST: Final = Deny(
    RequestId("0" * 8),
    UserId("0123456789-01234567-89ab-cdef-0123-456789abcdef"),
    datetime(2100, 1, 1, tzinfo=UTC),
    denying.role_of(
        Key(UserId(""), AccountId("0" * 12), PermissionSetArn("arn:aws:sso")), "0" * 32
    ),
)
"""As long as a denial comes."""


def cuts(settings: Settings, opened: Aws, catalogue: Catalogue, book: PolicyBook) -> Findings:
    """Only reads: writing cannot be tried without doing it."""
    way = book.settings.revoke_sessions
    if way == CutWay.INLINE_POLICY:
        yield from _inline(opened, catalogue)
    elif way == CutWay.SCP and settings.cut_policy_id:
        yield from _scp(settings.cut_policy_id, opened, catalogue, book)
    elif way == CutWay.SCP:
        what = f"revoke_sessions is scp, and {NAME} is not set, so that none are cut: {CURE}"
        yield Finding(Verdict.FAIL, "cuts", what)


def _inline(opened: Aws, catalogue: Catalogue) -> Findings:
    inline = opened.denials[CutWay.INLINE_POLICY]
    known = (arn for arn in catalogue.permission_sets if arn not in catalogue.in_management)
    if arn := next(known, ""):
        yield from asked("an inline policy", lambda: inline.read(arn, lane=Lane.STATUS))


def _scp(policy: str, opened: Aws, catalogue: Catalogue, book: PolicyBook) -> Findings:
    scps = opened.denials[CutWay.SCP]
    document = yield from asked(f"{NAME}, {policy}", lambda: scps.read(policy, lane=Lane.STATUS))
    if document is None:
        return
    try:
        room = denying.room(document, LONGEST)
    except NotUnderstoodError:
        what = f"{cut_words.not_understood(Carrier(CutWay.SCP, policy))}: write it anew; {CURE}"
        yield Finding(Verdict.FAIL, "cuts", what)
        return
    yield _room(policy, room)
    targets = yield from asked(
        f"what {policy} is attached to", lambda: scps.targets(policy, lane=Lane.STATUS)
    )
    if targets is not None:
        yield from _attached(policy, targets, catalogue, book)


def _room(policy: str, room: int) -> Finding:
    if not room:
        what = f"{policy} has no room for a denial: shorten what else stands in it"
        return Finding(Verdict.FAIL, "cuts", what)
    return Finding(Verdict.OK, "cuts", f"{policy} can be read, and has room for {room} at a time")


def _attached(
    policy: str, targets: Collection[str], catalogue: Catalogue, book: PolicyBook
) -> Findings:
    if not targets:
        what = f"{policy} is attached to nothing, so that it denies nothing: attach it; {CURE}"
        yield Finding(Verdict.FAIL, "cuts", what)
        return
    beyond = list(_beyond(targets, catalogue, book))
    if not beyond:
        yield Finding(Verdict.OK, "cuts", f"{policy} reaches every account that can be asked for")
        return
    names = ", ".join(f"{shown(each.name)} ({each.id})" for each in beyond[:NAMED])
    more = f" and {len(beyond) - NAMED} more" if len(beyond) > NAMED else ""
    what = (
        f"{policy} is attached neither to {names}{more} nor to an OU above, so that sessions there are"
        " not cut: attach it"
    )
    yield Finding(Verdict.WARN, "cuts", what)


def _beyond(targets: Collection[str], catalogue: Catalogue, book: PolicyBook) -> Iterator[Account]:
    """Accounts that can be asked for, and that it does not reach; never the management account."""
    for account in catalogue.accounts.values():
        offered = any(each.scope.covers(account) for each in book.eligibility)
        reached = not {account.id, *account.path}.isdisjoint(targets)
        if offered and not reached and account.id != catalogue.instance.management_account:
            yield account
