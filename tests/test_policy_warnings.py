"""What administrators are warned of in policies that hold."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from grants.cautions import warnings
from grants.crowd import READ
from grants.model import Catalogue, User
from grants.policy import (
    ApprovalPolicy,
    EligibilityPolicy,
    Named,
    PolicyBook,
    PolicySettings,
    Scope,
    Who,
)
from tests import make
from tests.memory_directory import MemoryDirectory, a_group, a_user

EVE = a_user("eve", number=1)
GONE = a_user("gone", number=2, enabled=False)
ENGINEERS = a_group("engineers", number=3)
OPS = a_group("ops", number=4)
P = make.an_account("111111111111", name="production")
Q = make.an_account("222222222222", name="sandbox")
BOTH = Scope(accounts=(make.a_named(P), make.a_named(Q)))
ADMIN = make.a_permission_set("AdministratorAccess")
MANAGEMENT = make.an_account(make.INSTANCE.management_account, name="management")


def of(*groups: str) -> Who:
    known = {"engineers": ENGINEERS, "ops": OPS}
    return Who(groups=tuple(Named(known[name].id, name) for name in groups))


def asking(**changes: object) -> EligibilityPolicy:
    policy = make.eligibility(
        name="all", who=of("engineers"), scope=BOTH, permission_sets=(make.a_named(ADMIN),)
    )
    return replace(policy, **changes)  # type: ignore[arg-type]  # a test names what it is about


def deciding(**changes: object) -> ApprovalPolicy:
    policy = make.approval(name="ops", approvers=of("ops"), scope=BOTH)
    return replace(policy, **changes)  # type: ignore[arg-type]  # as above


def a_book(*policies: EligibilityPolicy | ApprovalPolicy, **settings: object) -> PolicyBook:
    return PolicyBook(
        settings=PolicySettings(**settings),  # type: ignore[arg-type]  # as above
        eligibility=tuple(p for p in policies if isinstance(p, EligibilityPolicy)),
        approval=tuple(p for p in policies if isinstance(p, ApprovalPolicy)),
    )


def a_catalogue(**changes: object) -> Catalogue:
    catalogue = make.a_catalogue(
        accounts={each.id: each for each in (P, Q, MANAGEMENT)}, permission_sets={ADMIN.arn: ADMIN}
    )
    return replace(catalogue, **changes)  # type: ignore[arg-type]  # as above


def a_directory(*ops: User) -> MemoryDirectory:
    return MemoryDirectory(users=[EVE, GONE, *ops], groups={ENGINEERS: [], OPS: list(ops)})


def warned(
    book: PolicyBook, directory: MemoryDirectory, catalogue: Catalogue | None = None
) -> list[str]:
    return [str(each) for each in warnings(book, catalogue or a_catalogue(), directory)]


# Nobody to approve


def test_policies_that_work_are_not_warned_of() -> None:
    assert warned(a_book(asking(), deciding()), a_directory(EVE)) == []


@pytest.mark.parametrize(
    "ops",
    [
        pytest.param([], id="an empty group"),
        pytest.param([GONE], id="only a disabled member"),
        pytest.param([a_user("deleted", number=99)], id="a deleted member"),
    ],
)
def test_nobody_to_approve_is_told_with_an_example(ops: list[User]) -> None:
    directory = MemoryDirectory(users=[EVE, GONE], groups={ENGINEERS: [], OPS: ops})

    (warning,) = warned(a_book(asking(), deciding()), directory)

    assert warning.startswith('eligibility "all": needs approval, and nobody could give it for 2 ')
    assert '"production · AdministratorAccess"' in warning


def test_an_account_that_no_approval_policy_covers_is_told() -> None:
    book = a_book(asking(), deciding(scope=Scope(accounts=(make.a_named(P),))))

    (warning,) = warned(book, a_directory(EVE))

    assert "for 1 of what it offers" in warning
    assert "sandbox" in warning


def test_another_policy_s_approvers_count_as_well() -> None:
    book = a_book(asking(), deciding(), deciding(name="eve", approvers=Who(users=(named(EVE),))))

    assert warned(book, a_directory()) == []


def named(user: User) -> Named:
    return Named(user.id, user.user_name)


@pytest.mark.parametrize(
    "book",
    [
        a_book(asking(approval_required=False)),
        a_book(asking(), approval_required=False),
        a_book(
            asking(scope=Scope(accounts=(Named(P.id, P.name),)), who=of("engineers")), deciding()
        ),
    ],
)
def test_where_approval_is_not_needed_or_is_to_be_had_nothing_is_told(book: PolicyBook) -> None:
    assert warned(book, a_directory(EVE)) == []


@pytest.mark.parametrize("state", ["SUSPENDED", "CLOSED"])
def test_accounts_that_are_not_offered_need_nobody(state: str) -> None:
    closed = {each.id: replace(each, state=state) for each in (P, Q)}

    assert warned(a_book(asking()), a_directory(), a_catalogue(accounts=closed)) == []


def test_too_few_for_the_number_that_must_agree_is_told() -> None:
    book = a_book(asking(), deciding(approvals=2))

    assert len(warned(book, a_directory(EVE))) == 1
    assert warned(book, a_directory(EVE, a_user("dan", number=5))) == []


def test_a_required_policy_without_people_of_its_own_is_told() -> None:
    book = a_book(
        asking(),
        deciding(approvers=Who(users=(named(EVE),))),
        deciding(name="required", required=True),
    )

    assert len(warned(book, a_directory())) == 1


def test_what_is_asked_of_aws_stays_bounded() -> None:
    crowd = [a_user(f"u{n}", number=n, enabled=False) for n in range(100, 100 + 3 * READ)]
    directory = a_directory(*crowd)
    policies = [asking(name=f"e{n}") for n in range(20)]

    warnings(a_book(*policies, deciding(), deciding(name="again")), a_catalogue(), directory)

    assert len(directory.asked) <= READ + 3
    assert max(Counter(directory.asked).values()) == 1


# What is named in vain


def test_what_is_no_longer_there_is_told_by_its_name() -> None:
    policy = asking(
        who=Who(groups=(Named("g", "old group"),), users=(Named("u", "old user"),)),
        scope=Scope(
            accounts=(Named("999999999999", "old account"),), ous=make.approval().scope.ous
        ),
        permission_sets=(Named("arn", "OldSet"),),
    )

    found = warned(a_book(policy), a_directory(), a_catalogue(ous={}))

    assert found == [
        'eligibility "all": the group "old group" is no longer there',
        'eligibility "all": the user "old user" is no longer there',
        'eligibility "all": the account "old account" is no longer there',
        'eligibility "all": the OU "production" is no longer there',
        'eligibility "all": the permission set "OldSet" is no longer there',
    ]


def test_what_is_called_otherwise_now_is_told_and_an_id_is_no_name() -> None:
    renamed = a_group("platform", number=7)
    policy = asking(
        who=Who(groups=(Named(renamed.id, "engineers"), Named(renamed.id, renamed.id))),
        scope=Scope(accounts=(Named(P.id, "prod"), Named(Q.id, Q.id))),
    )

    found = warned(a_book(policy, approval_required=False), MemoryDirectory(groups={renamed: []}))

    assert found == [
        'eligibility "all": the group "engineers" is called "platform" now',
        'eligibility "all": the account "prod" is called "production" now',
    ]


TAGGED = Scope(tags=(("env", "dev"), ("env", "prod")))


def tagged(**tags: dict[str, str] | None) -> Catalogue:
    """Production and the sandbox with these; None: not read."""
    accounts = [replace(each, tags=tags[each.name]) for each in (P, Q)]
    return a_catalogue(accounts={each.id: each for each in accounts})


def test_a_tag_that_no_account_carries_is_told() -> None:
    book = a_book(asking(scope=TAGGED, approval_required=False), deciding(scope=TAGGED))

    found = warned(book, a_directory(EVE), tagged(production={"env": "prod"}, sandbox={}))

    assert found == [
        'eligibility "all": no account carries the tag "env=dev"',
        'approval "ops": no account carries the tag "env=dev"',
    ]
    assert (
        warned(book, a_directory(EVE), tagged(production={"env": "prod"}, sandbox={"env": "dev"}))
        == []
    )


def test_of_tags_that_were_not_read_yet_nothing_is_concluded() -> None:
    book = a_book(asking(), deciding(scope=TAGGED))

    (unread,) = warned(book, a_directory(EVE), tagged(production={"env": "prod"}, sandbox=None))

    assert unread.startswith("account tags: not read yet of 1 of 2 accounts")


def test_an_account_that_no_approval_policy_covers_by_its_tags_is_told() -> None:
    book = a_book(asking(), deciding(scope=TAGGED))

    found = warned(book, a_directory(EVE), tagged(production={"env": "prod"}, sandbox={}))

    assert any("needs approval" in each and "sandbox" in each for each in found)


def test_an_approval_for_some_permission_sets_does_not_help_the_others() -> None:
    book = a_book(asking(), deciding(permission_sets=(Named("arn", "Other"),)))

    found = warned(book, a_directory(EVE))

    assert any("nobody could give it for 2" in each for each in found)


def test_a_disabled_user_who_is_named_is_told() -> None:
    book = a_book(admins=Who(users=(named(GONE),)), auditors=Who(users=(named(EVE),)))

    assert warned(book, a_directory()) == ['admins: the user "gone" is disabled']


def test_the_management_account_is_out_of_a_delegate_s_reach() -> None:
    book = a_book(asking(scope=Scope(accounts=(make.a_named(MANAGEMENT),))))
    at_home = replace(make.INSTANCE, own_account=make.INSTANCE.management_account)

    (warning,) = warned(book, a_directory())
    assert "it names the management account 100000000001" in warning

    (warning,) = warned(book, a_directory(), a_catalogue(instance=at_home))
    assert "needs approval" in warning


def test_a_long_session_is_told_once() -> None:
    book = a_book(asking(), asking(name="again"), deciding())
    long = replace(ADMIN, session_duration=timedelta(hours=8))

    (warning,) = warned(book, a_directory(EVE), a_catalogue(permission_sets={ADMIN.arn: long}))

    assert warning.startswith('permission set "AdministratorAccess": its sessions last 8h')


def test_people_of_an_example_book_are_all_that_is_asked_for() -> None:
    directory = a_directory(EVE)

    warnings(a_book(asking(), deciding()), a_catalogue(), directory)

    assert Counter(asked.split()[0] for asked in directory.asked) == {
        "group": 2,
        "members": 1,
        "user": 1,
    }
