"""Whether AWS is usable: the instance, the rights that can be tried, and what the policies name."""

from collections.abc import Callable, Generator, Iterable, Iterator
from typing import TypeVar

from bot.assemble import Aws, open_aws
from bot.check_activity import activity
from bot.check_cuts import cuts
from bot.clock import system_clock
from bot.commands.iam_policy import TAG
from bot.findings import Answered, Finding, Findings, Verdict, asked
from bot.settings import Settings
from grants.cautions import warnings
from grants.drafts import shown
from grants.model import Catalogue, GroupId, Instance, Lane, PermissionSetArn
from grants.policy import (
    PolicyBook,
    approver_groups,
    eligibility_groups,
    uses_tags,
)
from grants.refreshing import remembering

T = TypeVar("T")


def aws(settings: Settings, book: PolicyBook | None, stored: Catalogue | None) -> Findings:
    """Only reads. The first call has the shortest patience: if AWS hangs, it hangs there."""
    opened = yield from asked("credentials", lambda: open_aws(settings))
    if opened is None:
        return
    directory = opened.directory
    reached = yield from asked(
        "the identity store", lambda: [directory.user_by_name("elevate", lane=Lane.PERSON)]
    )
    instance = reached and (
        yield from asked("the instance", lambda: opened.identity_center.instance())
    )
    if not instance:
        return
    yield _ok(f"Identity Center is {instance.arn}; its users can be read")
    yield _who_asks(instance)
    catalogue = yield from _catalogue(opened, instance, stored)
    if catalogue is not None:
        yield from _rights(opened, catalogue, book)
    if catalogue is not None and book is not None:
        yield from cuts(settings, opened, catalogue, book)
    yield Finding(
        Verdict.NOTE,
        "AWS",
        "assigning cannot be tried without doing it: compare the role's policy with what"
        " `python -m bot iam-policy` prints, and tag the permission sets elevate=true for it",
    )
    yield from activity(settings, opened.trail, catalogue)
    if catalogue is not None and book is not None:
        yield from _policies(settings, opened, book, catalogue)


def _ok(what: str) -> Finding:
    return Finding(Verdict.OK, "AWS", what)


def _who_asks(instance: Instance) -> Finding:
    if not instance.own_account:
        what = "STS does not say whose account the credentials are of: taken for a delegate's"
        return Finding(Verdict.WARN, "AWS", what)
    if instance.delegated:
        return _ok(
            f"asked from {instance.own_account}, the delegate: the management account"
            f" {instance.management_account} is out of reach, and is not offered"
        )
    what = (
        f"asked from the management account {instance.own_account}; a delegate could do less harm"
    )
    return Finding(Verdict.NOTE, "AWS", what)


# What there is


def _catalogue(opened: Aws, instance: Instance, stored: Catalogue | None) -> Answered[Catalogue]:
    """As it is now; what is stored of permission sets and tags is not read again."""
    center, organization = opened.identity_center, opened.organization
    accounts = yield from asked("accounts", lambda: organization.accounts(lane=Lane.STATUS))
    ous = yield from asked("OUs", lambda: organization.ous(lane=Lane.STATUS))
    arns = yield from asked("permission sets", lambda: center.permission_set_arns(lane=Lane.STATUS))
    known = stored.permission_sets if stored else {}
    sets = yield from asked(
        "permission sets",
        lambda: [
            found
            for arn in arns or ()
            if (found := known.get(arn) or center.permission_set(arn, lane=Lane.STATUS))
        ],
    )
    managed = yield from _in_management(opened, instance)
    if accounts is None or ous is None or arns is None or sets is None:
        return None
    yield _ok(f"{len(accounts)} accounts, {len(ous)} OUs and {len(sets)} permission sets")
    catalogue = Catalogue(
        instance=instance,
        accounts={account.id: account for account in accounts},
        permission_sets={found.arn: found for found in sets},
        ous={ou.id: ou for ou in ous},
        in_management=managed or frozenset(),
        read_at=system_clock(),
    )
    return remembering(catalogue, stored)


def _in_management(opened: Aws, instance: Instance) -> Answered[frozenset[PermissionSetArn]]:
    """A delegate cannot assign what is provisioned there, and is sometimes not told what that is."""
    if not instance.delegated:
        return None
    found = yield from asked(
        "permission sets of the management account",
        lambda: [
            opened.identity_center.provisioned_in(instance.management_account, lane=Lane.STATUS)
        ],
    )
    if found == [None]:
        yield Finding(
            Verdict.WARN,
            "AWS",
            "which permission sets the management account uses may not be read, so that they are"
            " offered though AWS will not assign them: leave them out of the policies",
        )
    return found[0] if found else None


# What is allowed


def _rights(opened: Aws, catalogue: Catalogue, book: PolicyBook | None) -> Findings:
    """The other reads that a grant needs, each tried once where there is something to try it on."""
    center, managed = opened.identity_center, catalogue.instance.management_account
    account = next((each for each in catalogue.accounts if each != managed), None)
    arn = next(
        (each for each in catalogue.permission_sets if each not in catalogue.in_management), None
    )
    group = next(iter(_groups(book)), None)
    well = yield from _tried("operations", lambda: _first(center.creations()))
    well &= yield from _tried("operations", lambda: _first(center.deletions()))
    if account and arn:
        organization = opened.organization
        well &= yield from _tried(
            "assignments", lambda: center.assigned(account, arn, lane=Lane.STATUS)
        )
        well &= yield from _tried(
            "an account", lambda: organization.account(account, lane=Lane.STATUS)
        )
        if book and uses_tags(book):
            well &= yield from _tried(
                "an account's tags", lambda: organization.tags(account, lane=Lane.STATUS)
            )
    if group:
        well &= yield from _tried("memberships", lambda: _memberships(opened, group))
    if well:
        yield _ok("assignments, operations and memberships can be read")


def _tried(what: str, ask: Callable[[], object]) -> Generator[Finding, None, bool]:
    return (yield from asked(what, lambda: [ask()])) is not None


def _first(things: Iterable[T]) -> T | None:
    return next(iter(things), None)


def _groups(book: PolicyBook | None) -> frozenset[GroupId]:
    return eligibility_groups(book) | approver_groups(book.approval) if book else frozenset()


def _memberships(opened: Aws, group: GroupId) -> None:
    """Both ways of asking: who is in it, and whether somebody is."""
    somebody = _first(opened.directory.members(group, lane=Lane.STATUS))
    if somebody:
        opened.directory.member_of(somebody, [group], lane=Lane.STATUS)


# What the policies name


def _untagged(opened: Aws, book: PolicyBook, catalogue: Catalogue) -> Iterator[str]:
    """IAM refuses to assign a set without the tag, however well everything else was agreed."""
    key, value = TAG
    named = (PermissionSetArn(one.id) for each in book.eligibility for one in each.permission_sets)
    for arn in dict.fromkeys(arn for arn in named if arn in catalogue.permission_sets):
        tags = opened.identity_center.permission_set_tags(arn, lane=Lane.STATUS)
        if tags.get(key) != value:
            name = shown(catalogue.permission_sets[arn].name)
            yield (
                f"permission set {name}: it has no tag {key} = {value}, without which the policy"
                " that `iam-policy` prints does not let it be assigned"
            )


def _policies(settings: Settings, opened: Aws, book: PolicyBook, catalogue: Catalogue) -> Findings:
    if not book.version:
        file = settings.policy_file
        cure = f"`run` applies {file}" if file else "run `python -m bot policies apply FILE`"
        yield Finding(
            Verdict.WARN, "policies", f"none, so that nobody may ask for anything: {cure}"
        )
        return
    found = [str(one) for one in warnings(book, catalogue, opened.directory, lane=Lane.STATUS)]
    found += _untagged(opened, book, catalogue)
    for warning in found:
        yield Finding(Verdict.WARN, "policies", warning)
    rest = "nothing to warn of" if not found else f"{len(found)} to look at"
    numbers = f"{len(book.eligibility)} eligibility and {len(book.approval)} approval policies"
    yield Finding(Verdict.OK, "policies", f"version {book.version}: {numbers}, {rest}")
