"""Who may: what the policies say about a person, an account and a permission set."""

from dataclasses import replace
from datetime import timedelta

import pytest

from grants.model import Account, ChannelId, GroupId, Membership, OuId, UserId
from grants.policy import (
    ApprovalPolicy,
    EligibilityPolicy,
    Named,
    OuScope,
    PolicyBook,
    PolicySettings,
    Scope,
    Who,
    administrates,
    approval_needed,
    approval_policies,
    approvals,
    approver_groups,
    audits,
    channels,
    eligibility_groups,
    eligible,
    longest,
    may_approve,
    uses_tags,
)
from tests import make
from tests.make import ADMINS, APPROVERS, AUDITORS, ENGINEERS, HOUR, NOON, PRODUCTION, ROOT

TEAMS = OuId("ou-ab12-44444444")
P = make.an_account("111111111111")
Q = make.an_account("222222222222")
ADMIN = make.a_permission_set("AdministratorAccess")
READ_ONLY = make.a_permission_set("ReadOnlyAccess")


def member(name: str = "bob", *groups: GroupId) -> Membership:
    return Membership(UserId(name), frozenset(groups), NOON)


BOB = member("bob", ENGINEERS)


def group(name: str) -> Who:
    return Who(groups=(Named(name, name),))


def user(name: str) -> Who:
    return Who(users=(Named(name, name),))


def only(account: Account) -> Scope:
    return Scope(accounts=(make.a_named(account),))


def below(ou: OuId, *, nested: bool = False) -> Scope:
    return Scope(ous=(OuScope(ou, nested=nested),))


def an_eligibility(account: Account = P, **changes: object) -> EligibilityPolicy:
    changes.setdefault("scope", only(account))
    changes.setdefault("permission_sets", (make.a_named(ADMIN),))
    return make.eligibility(**changes)


def an_approval(who: Who, **changes: object) -> ApprovalPolicy:
    return make.approval(**{"scope": only(P), "approvers": who, **changes})


def a_book(*policies: EligibilityPolicy | ApprovalPolicy, **settings: object) -> PolicyBook:
    return PolicyBook(
        settings=PolicySettings(**settings),  # type: ignore[arg-type]  # a test names what it is about
        eligibility=tuple(p for p in policies if isinstance(p, EligibilityPolicy)),
        approval=tuple(p for p in policies if isinstance(p, ApprovalPolicy)),
    )


# Who may ask


def test_without_policies_nobody_may_ask() -> None:
    assert eligible(PolicyBook(), BOB, P, ADMIN.arn) == ()


def test_a_named_user_may_ask_for_exactly_the_pair() -> None:
    book = a_book(an_eligibility(who=user("bob")))

    assert eligible(book, member("bob"), P, ADMIN.arn) == book.eligibility
    assert eligible(book, member("bob"), Q, ADMIN.arn) == ()
    assert eligible(book, member("bob"), P, READ_ONLY.arn) == ()
    assert eligible(book, member("mallory"), P, ADMIN.arn) == ()


def test_a_member_of_a_named_group_may_ask_until_they_leave_it() -> None:
    book = a_book(an_eligibility())

    assert eligible(book, member("bob", ENGINEERS), P, ADMIN.arn)
    assert not eligible(book, member("bob"), P, ADMIN.arn)


def test_an_ou_means_its_own_accounts() -> None:
    book = a_book(an_eligibility(scope=below(PRODUCTION)))

    assert eligible(book, BOB, replace(P, path=(ROOT, PRODUCTION)), ADMIN.arn)
    assert not eligible(book, BOB, replace(P, path=(ROOT, PRODUCTION, TEAMS)), ADMIN.arn)


def test_a_nested_ou_means_those_below_it_too() -> None:
    book = a_book(an_eligibility(scope=below(PRODUCTION, nested=True)))

    assert eligible(book, BOB, replace(P, path=(ROOT, PRODUCTION)), ADMIN.arn)
    assert eligible(book, BOB, replace(P, path=(ROOT, PRODUCTION, TEAMS)), ADMIN.arn)
    assert not eligible(book, BOB, replace(P, path=(ROOT, TEAMS)), ADMIN.arn)


@pytest.mark.parametrize(
    ("nested", "path", "covered"),
    [
        (False, (ROOT,), True),
        (False, (ROOT, PRODUCTION), False),
        (True, (ROOT,), True),
        (True, (ROOT, PRODUCTION, TEAMS), True),
    ],
)
def test_the_root_is_an_ou(nested: bool, path: tuple[OuId, ...], covered: bool) -> None:
    assert below(ROOT, nested=nested).covers(replace(P, path=path)) is covered


def test_an_account_that_stands_nowhere_is_in_no_ou() -> None:
    assert not below(ROOT, nested=True).covers(replace(P, path=()))


def test_a_moved_account_follows() -> None:
    book = a_book(an_eligibility(scope=below(PRODUCTION)))
    moved = replace(P, path=(ROOT, TEAMS))

    assert not eligible(book, BOB, moved, ADMIN.arn)


def test_a_tag_covers_accounts_that_carry_it() -> None:
    scope = Scope(tags=(("env", "dev"), ("team", "")))

    assert scope.covers(replace(P, tags={"env": "dev"}))
    assert scope.covers(replace(P, tags={"env": "prod", "team": ""}))
    assert not scope.covers(replace(P, tags={"env": "prod"}))
    assert not scope.covers(replace(P, tags={}))


def test_an_account_whose_tags_were_not_read_is_covered_by_none() -> None:
    assert not Scope(tags=(("team", ""),)).covers(replace(P, tags=None))


@pytest.mark.parametrize("tagged", [Scope(tags=(("env", "dev"),)), Scope()])
def test_tags_are_asked_for_where_a_policy_names_one(tagged: Scope) -> None:
    asked = bool(tagged.tags)

    assert uses_tags(a_book(an_eligibility(scope=tagged))) is asked
    assert uses_tags(a_book(an_approval(group("ops"), scope=tagged), an_eligibility())) is asked


def test_two_policies_offer_their_own_pairs_and_no_others() -> None:
    one = an_eligibility(P, name="one")
    two = an_eligibility(Q, name="two", permission_sets=(make.a_named(READ_ONLY),))
    book = a_book(one, two)

    assert eligible(book, BOB, P, ADMIN.arn) == (one,)
    assert eligible(book, BOB, Q, READ_ONLY.arn) == (two,)
    assert eligible(book, BOB, P, READ_ONLY.arn) == ()
    assert eligible(book, BOB, Q, ADMIN.arn) == ()


def test_every_group_that_decides_who_may_ask_is_known() -> None:
    book = a_book(an_eligibility(), an_eligibility(who=group("more")), an_approval(group("ops")))

    assert eligibility_groups(book) == {ENGINEERS, "more"}


# For how long


@pytest.mark.parametrize(
    ("own", "hours"), [(None, 9), (timedelta(hours=12), 9), (timedelta(hours=4), 4)]
)
def test_a_policy_s_maximum_never_exceeds_the_global_one(own: timedelta | None, hours: int) -> None:
    policy = an_eligibility(max_duration=own)

    assert longest(a_book(policy), [policy]) == timedelta(hours=hours)


def test_of_several_policies_for_one_pair_the_longest_counts() -> None:
    short, long = an_eligibility(max_duration=HOUR), an_eligibility(max_duration=4 * HOUR)

    assert longest(a_book(short, long), [short, long]) == 4 * HOUR


def test_a_pair_is_never_lengthened_by_another() -> None:
    production = an_eligibility(P, max_duration=HOUR)
    development = an_eligibility(Q, max_duration=8 * HOUR)
    book = a_book(production, development)

    assert longest(book, eligible(book, BOB, P, ADMIN.arn)) == HOUR
    assert longest(book, eligible(book, BOB, Q, ADMIN.arn)) == 8 * HOUR


# Whether anybody must agree


@pytest.mark.parametrize(
    ("switch", "policies", "needed"),
    [
        (True, [True], True),
        (True, [False], False),
        (True, [False, False], False),
        (True, [False, True], True),
        (False, [True], False),
        (False, [False, True], False),
    ],
)
def test_approval_is_needed_if_any_matching_policy_says_so_and_the_switch_is_on(
    switch: bool, policies: list[bool], needed: bool
) -> None:
    matching = [an_eligibility(approval_required=required) for required in policies]

    assert approval_needed(a_book(approval_required=switch), matching) is needed


def test_a_pair_s_approval_is_not_another_s() -> None:
    book = a_book(an_eligibility(P), an_eligibility(Q, approval_required=False))

    assert approval_needed(book, eligible(book, BOB, P, ADMIN.arn))
    assert not approval_needed(book, eligible(book, BOB, Q, ADMIN.arn))


# Who may approve


def test_the_approvers_are_the_union_of_the_policies_that_cover_the_pair() -> None:
    account = replace(P, path=(ROOT, PRODUCTION))
    book = a_book(
        an_approval(group("g1")),
        an_approval(group("g2"), scope=below(ROOT, nested=True)),
        an_approval(group("elsewhere"), scope=only(Q)),
    )

    matching = approval_policies(book, account, ADMIN.arn)

    assert approver_groups(matching) == {"g1", "g2"}
    assert may_approve(matching, member("eve", GroupId("g1")))
    assert may_approve(matching, member("dan", GroupId("g2")))
    assert not may_approve(matching, member("mallory", GroupId("elsewhere")))


def test_a_named_user_may_approve() -> None:
    assert may_approve([an_approval(user("eve"))], member("eve"))


def test_an_approval_policy_for_some_permission_sets_counts_for_these_alone() -> None:
    policy = an_approval(group("g1"), permission_sets=(make.a_named(ADMIN),))
    book = a_book(policy)

    assert approval_policies(book, P, ADMIN.arn) == (policy,)
    assert approval_policies(book, P, READ_ONLY.arn) == ()


def test_without_a_matching_policy_nobody_may_approve() -> None:
    assert not may_approve([], member("eve", APPROVERS))


def test_the_largest_number_of_approvals_counts() -> None:
    policies = [an_approval(group("g1"), approvals=1), an_approval(group("g2"), approvals=2)]

    assert approvals(policies) == 2
    assert approvals([]) == 1


# Where they are asked, and the other roles


def test_each_channel_is_asked_once_and_the_default_for_those_without() -> None:
    one, two, none = ChannelId("C0000000001"), ChannelId("C0000000002"), None
    policies = [an_approval(group("g"), channel=channel) for channel in (one, two, one, none)]

    assert channels(a_book(), policies) == (one, two)
    assert channels(a_book(default_channel=ChannelId("CDEFAULT")), policies) == (
        one,
        two,
        "CDEFAULT",
    )


def test_without_a_policy_the_default_channel_is_told() -> None:
    assert channels(a_book(default_channel=ChannelId("CDEFAULT")), []) == ("CDEFAULT",)
    assert channels(a_book(), []) == ()


def test_administrators_and_auditors_are_whom_the_settings_name() -> None:
    book = make.a_book()

    assert administrates(book, member("ann", ADMINS))
    assert not administrates(book, member("ann", AUDITORS))
    assert audits(book, member("ann", AUDITORS))
    assert not audits(book, member("ann", ADMINS))
    assert not administrates(PolicyBook(), member("ann", ADMINS))
