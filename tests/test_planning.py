"""A plan: who would gain and who would lose what by other policies, exactly, before they are applied."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from grants.model import GroupId, Membership, User
from grants.planning import Plan, Planner, Share
from grants.policy import (
    ApprovalPolicy,
    EligibilityPolicy,
    Named,
    OuScope,
    PolicyBook,
    PolicySettings,
    Scope,
    Who,
    approval_policies,
    eligible,
    may_approve,
)
from tests import make
from tests.make import NOON, PRODUCTION, ROOT
from tests.memory_directory import MemoryDirectory, a_group, a_user

BOB, EVE, DAN = (a_user(name, number=n) for n, name in enumerate(("bob", "eve", "dan")))
GONE = a_user("gone", number=8, enabled=False)
DELETED = a_user("deleted", number=9)
ENGINEERS, OPS = a_group("engineers", number=3), a_group("ops", number=4)
P = make.an_account("111111111111", name="prod", tags={"env": "prod"})
Q = make.an_account("222222222222", name="dev", path=(ROOT,), tags={"env": "dev"})
TWIN = make.an_account("444444444444", name="twin", path=(ROOT,), tags={"env": "dev"})
"""No policy tells it from Q but by its id."""
CLOSED = make.an_account("333333333333", name="closed", state="SUSPENDED")
MANAGEMENT = make.an_account(make.INSTANCE.management_account, name="management")
ADMIN, READ, HIDDEN = map(make.a_permission_set, ("Admin", "Read", "Hidden"))
CATALOGUE = make.a_catalogue(
    accounts={each.id: each for each in (P, Q, TWIN, CLOSED, MANAGEMENT)},
    permission_sets={each.arn: each for each in (ADMIN, READ, HIDDEN)},
    in_management=frozenset({HIDDEN.arn}),
)
PEOPLE = {ENGINEERS: [BOB, EVE, GONE, DELETED], OPS: [EVE, DAN]}


def directory() -> MemoryDirectory:
    return MemoryDirectory(users=[BOB, EVE, DAN, GONE], groups=PEOPLE)


def of(*named: User | object) -> Who:
    groups = [each for each in (ENGINEERS, OPS) if each in named]
    users = [each for each in (BOB, EVE, DAN, GONE) if each in named]
    return Who(
        tuple(Named(each.id, each.name) for each in groups),
        tuple(Named(each.id, each.user_name) for each in users),
    )


def to(*accounts: object) -> Scope:
    return Scope(accounts=tuple(make.a_named(each) for each in (P, Q) if each in accounts))


ASKING = make.eligibility(
    name="asking", who=of(ENGINEERS), scope=to(P), permission_sets=(make.a_named(READ),)
)
DECIDING = make.approval(name="deciding", approvers=of(OPS), scope=to(P, Q))
BEFORE = make.a_book(
    version=3, settings=PolicySettings(), eligibility=(ASKING,), approval=(DECIDING,)
)


def planned(after: PolicyBook, before: PolicyBook = BEFORE) -> Plan:
    return Planner(directory(), lambda: NOON)(before, after, CATALOGUE)


def with_eligibility(**changes: object) -> PolicyBook:
    changed = replace(ASKING, **changes)  # type: ignore[arg-type]  # a test names what it is about
    return replace(BEFORE, version=0, eligibility=(changed,))


Triple = tuple[str, str, str]


def each(shares: Iterable[Share]) -> list[Triple]:
    """Every person with every permission set in every account that the shares stand for."""
    return [
        (user.user_name, account.name, found.name)
        for share in shares
        for user, account, found in product(share.people, share.accounts, share.permission_sets)
    ]


# Who may ask


def test_the_same_policies_change_nothing_and_nobody_is_read() -> None:
    nobody = directory()

    plan = Planner(nobody, lambda: NOON)(BEFORE, replace(BEFORE, version=0), CATALOGUE)

    assert not plan
    assert (plan.version, plan.is_new, plan.changes, nobody.asked) == (3, False, (), [])


def test_a_group_made_anew_is_a_change_with_everybody_whom_it_concerns() -> None:
    anew = a_group("engineers", number=5)
    who = Who(groups=(Named(anew.id, anew.name),))
    people = MemoryDirectory(users=[BOB, EVE, DAN], groups={**PEOPLE, anew: [EVE, DAN]})

    plan = Planner(people, lambda: NOON)(BEFORE, with_eligibility(who=who), CATALOGUE)

    (change,) = plan.changes
    assert change == (
        "changed eligibility asking: who: engineers is now another group"
        f" (id {ENGINEERS.id} → {anew.id})"
    )
    assert each(plan.asking.gains) == [("dan", "prod", "Read")]
    assert each(plan.asking.loses) == [("bob", "prod", "Read")]


def test_an_ou_that_is_renamed_changes_nothing() -> None:
    before = replace(BEFORE, eligibility=(replace(ASKING, scope=Scope(ous=(OuScope(ROOT),))),))
    after = replace(
        BEFORE, eligibility=(replace(ASKING, scope=Scope(ous=(OuScope(ROOT, "Company"),))),)
    )

    assert not planned(after, before).is_new


def test_the_first_policies_are_new_though_they_say_nothing() -> None:
    assert planned(PolicyBook(), PolicyBook()).is_new


def test_who_would_gain_is_told_with_each_account_and_permission_set() -> None:
    plan = planned(with_eligibility(scope=to(P, Q)))

    assert sorted(each(plan.asking.gains)) == [("bob", "dev", "Read"), ("eve", "dev", "Read")]
    assert plan.asking.loses == ()


def test_who_would_lose_is_told_likewise() -> None:
    plan = planned(replace(BEFORE, eligibility=()))

    assert sorted(each(plan.asking.loses)) == [("bob", "prod", "Read"), ("eve", "prod", "Read")]
    assert plan.asking.gains == ()


def test_one_for_another_is_a_gain_and_a_loss() -> None:
    plan = planned(with_eligibility(permission_sets=(make.a_named(ADMIN),), who=of(BOB, OPS)))

    assert sorted(each(plan.asking.gains)) == [
        ("bob", "prod", "Admin"),
        ("dan", "prod", "Admin"),
        ("eve", "prod", "Admin"),
    ]
    assert sorted(each(plan.asking.loses)) == [("bob", "prod", "Read"), ("eve", "prod", "Read")]


def test_what_another_policy_still_allows_is_not_lost() -> None:
    other = replace(ASKING, name="other", who=of(OPS))
    both = replace(BEFORE, eligibility=(ASKING, other))

    plan = planned(replace(both, eligibility=(other,)), both)

    assert each(plan.asking.loses) == [("bob", "prod", "Read")]


def test_another_name_or_order_gives_and_takes_nothing() -> None:
    plan = planned(with_eligibility(name="called otherwise", max_duration=make.HOUR))

    assert plan.changes
    assert not plan


def test_people_who_gain_the_same_stand_together() -> None:
    plan = planned(with_eligibility(scope=to(P, Q), who=of(BOB, DAN, ENGINEERS)))

    assert plan.asking.gains == (Share((BOB, EVE), (READ,), (Q,)), Share((DAN,), (READ,), (Q, P)))


def test_the_disabled_and_the_deleted_gain_nothing() -> None:
    plan = planned(with_eligibility(scope=to(P, Q), who=of(GONE, ENGINEERS)))

    assert {name for name, _, _ in each(plan.asking.gains)} == {"bob", "eve"}


def test_what_cannot_be_given_is_not_gained() -> None:
    everywhere = Scope(ous=(OuScope(ROOT, nested=True),))
    sets = (make.a_named(READ), make.a_named(HIDDEN), Named("arn:gone", "Gone"))

    plan = planned(with_eligibility(scope=everywhere, permission_sets=sets))

    assert sorted(each(plan.asking.gains)) == [
        ("bob", "dev", "Read"),
        ("bob", "twin", "Read"),
        ("eve", "dev", "Read"),
        ("eve", "twin", "Read"),
    ]


def test_the_first_policies_are_all_gain() -> None:
    plan = planned(BEFORE, PolicyBook())

    assert plan.version == 0
    assert sorted(each(plan.asking.gains)) == [("bob", "prod", "Read"), ("eve", "prod", "Read")]
    assert sorted(each(plan.approving.gains)) == [("dan", "prod", "Read"), ("eve", "prod", "Read")]


# Who may approve


def test_other_approvers_are_told_for_what_can_be_asked_for() -> None:
    plan = planned(replace(BEFORE, approval=(replace(DECIDING, approvers=of(BOB, EVE)),)))

    assert each(plan.approving.gains) == [("bob", "prod", "Read")]
    assert each(plan.approving.loses) == [("dan", "prod", "Read")]
    assert not plan.asking


def test_an_approval_policy_of_some_permission_sets_is_about_these() -> None:
    limited = replace(DECIDING, permission_sets=(make.a_named(ADMIN),))

    plan = planned(replace(BEFORE, approval=(limited,)))

    assert sorted(each(plan.approving.loses)) == [("dan", "prod", "Read"), ("eve", "prod", "Read")]


def test_where_nobody_has_to_agree_any_more_approvers_lose() -> None:
    for after in (
        with_eligibility(approval_required=False),
        replace(BEFORE, settings=PolicySettings(approval_required=False)),
    ):
        plan = planned(after)

        assert {name for name, _, _ in each(plan.approving.loses)} == {"dan", "eve"}
        assert not plan.asking


# The other roles


def test_new_and_former_administrators_and_auditors_are_told() -> None:
    before = replace(BEFORE, settings=PolicySettings(admins=of(BOB), auditors=of(OPS)))
    after = replace(BEFORE, settings=PolicySettings(admins=of(OPS, GONE)))

    plan = planned(after, before)

    assert (plan.administrators.gains, plan.administrators.loses) == ((DAN, EVE), (BOB,))
    assert (plan.auditors.gains, plan.auditors.loses) == ((), (DAN, EVE))


# Reading people


def test_each_group_and_each_person_concerned_is_read_once() -> None:
    reading = directory()

    Planner(reading, lambda: NOON)(BEFORE, with_eligibility(scope=to(Q)), CATALOGUE)

    assert sorted(reading.asked) == sorted(
        [f"members {group.id}" for group in (ENGINEERS, OPS)]
        + [f"user {user.id}" for user in (BOB, EVE, DAN, GONE, DELETED)]
    )


# Against the rules themselves

whos = st.sets(st.sampled_from([ENGINEERS.id, OPS.id, BOB.id, DAN.id, GONE.id]), min_size=1).map(
    lambda ids: Who(
        tuple(Named(each, "") for each in sorted({ENGINEERS.id, OPS.id} & ids)),
        tuple(Named(each, "") for each in sorted({BOB.id, DAN.id, GONE.id} & ids)),
    )
)
scopes = st.builds(
    Scope,
    accounts=st.sets(st.sampled_from([P, Q, CLOSED, MANAGEMENT]).map(make.a_named)).map(tuple),
    ous=st.sets(st.builds(OuScope, st.sampled_from([ROOT, PRODUCTION]), nested=st.booleans())).map(
        tuple
    ),
    tags=st.sets(st.sampled_from([("env", "dev"), ("env", "prod")])).map(tuple),
)
sets = st.sets(st.sampled_from([ADMIN, READ, HIDDEN]).map(make.a_named)).map(tuple)
books = st.builds(
    PolicyBook,
    settings=st.builds(PolicySettings, approval_required=st.booleans()),
    eligibility=st.lists(
        st.builds(
            EligibilityPolicy,
            name=st.uuids().map(str),
            who=whos,
            scope=scopes,
            permission_sets=sets,
            approval_required=st.booleans(),
        ),
        max_size=4,
    ).map(tuple),
    approval=st.lists(
        st.builds(
            ApprovalPolicy,
            name=st.uuids().map(str),
            scope=scopes,
            approvers=whos,
            permission_sets=sets,
        ),
        max_size=3,
    ).map(tuple),
)


def membership(user: User) -> Membership:
    groups: set[GroupId] = {group.id for group, members in PEOPLE.items() if user in members}
    return Membership(user.id, frozenset(groups), NOON)


def able(book: PolicyBook) -> Iterator[tuple[str, Triple]]:
    """Asked one by one."""
    for user, account, found in product((BOB, EVE, DAN), (P, Q, TWIN), (ADMIN, READ)):
        triple = (user.user_name, account.name, found.name)
        if eligible(book, membership(user), account, found.arn):
            yield "ask", triple
        waits = book.settings.approval_required and any(
            policy.approval_required
            for policy in book.eligibility
            if policy.lists(found.arn) and policy.scope.covers(account)
        )
        asked = approval_policies(book, account, found.arn)
        if waits and may_approve(asked, membership(user)):
            yield "approve", triple


@given(books, books)
def test_a_plan_is_what_the_rules_say_one_by_one(before: PolicyBook, after: PolicyBook) -> None:
    plan = planned(after, before)
    old, new = set(able(before)), set(able(after))

    gained = [("ask", one) for one in each(plan.asking.gains)]
    gained += [("approve", one) for one in each(plan.approving.gains)]
    lost = [("ask", one) for one in each(plan.asking.loses)]
    lost += [("approve", one) for one in each(plan.approving.loses)]

    assert sorted(gained) == sorted(new - old)
    assert sorted(lost) == sorted(old - new)
