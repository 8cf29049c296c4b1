"""Names in policies become ids, or problems; and what is warned of in policies that hold."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.policy_file import load, load_book
from grants.drafts import PolicyProblems
from grants.errors import AwsBusy, AwsRefused
from grants.model import Account, Catalogue, Group, Lane, Ou, User
from grants.policy import Named, OuScope, PolicyBook
from grants.resolving import resolve
from tests import make
from tests.make import PRODUCTION, ROOT
from tests.memory_directory import MemoryDirectory, a_group, a_user

DEV = make.an_account("222233334444", name="development")
TWINS = (
    make.an_account("333344445555", name="sandbox"),
    make.an_account("444455556666", name="sandbox"),
)
ADMIN = make.a_permission_set("AdministratorAccess")
READ_ONLY = make.a_permission_set("ReadOnlyAccess")
EVE = a_user("eve", number=1, email="Eve@example.com")
DAN = a_user("dan", number=2)
OPS = a_group("ops", number=3)


def a_catalogue(*accounts: Account) -> Catalogue:
    return make.a_catalogue(
        accounts={each.id: each for each in (accounts or (DEV, *TWINS))},
        permission_sets={each.arn: each for each in (ADMIN, READ_ONLY)},
    )


def a_directory() -> MemoryDirectory:
    return MemoryDirectory(users=[EVE, DAN], groups={OPS: [DAN]})


def a_file(**changes: str) -> str:
    lines = {
        "who": "{users: [dan]}",
        "accounts": "[development]",
        "ous": "[]",
        "permission_sets": "[ReadOnlyAccess]",
    } | changes
    return "version: 1\neligibility:\n- name: test\n" + "".join(
        f"  {key}: {value}\n" for key, value in lines.items()
    )


def resolved(text: str, directory: MemoryDirectory | None = None) -> PolicyBook:
    return load_book(
        text, source="p.yml", catalogue=a_catalogue(), directory=directory or a_directory()
    )


def problems(text: str) -> list[str]:
    with pytest.raises(PolicyProblems) as caught:
        resolved(text)
    return [str(problem) for problem in caught.value.problems]


# What is found


@pytest.mark.parametrize("written", ["development", '"222233334444"'])
def test_an_account_by_name_or_id_and_as_it_was_written(written: str) -> None:
    (policy,) = resolved(a_file(accounts=f"[{written}]")).eligibility

    assert policy.scope.accounts == (Named(DEV.id, written.strip('"')),)


@pytest.mark.parametrize("written", ["ReadOnlyAccess", READ_ONLY.arn])
def test_a_permission_set_by_name_or_arn(written: str) -> None:
    (policy,) = resolved(a_file(permission_sets=f'["{written}"]')).eligibility

    assert policy.permission_sets == (Named(READ_ONLY.arn, written),)


@pytest.mark.parametrize("written", ["ops", OPS.id])
def test_a_group_by_name_or_id(written: str) -> None:
    (policy,) = resolved(a_file(who=f'{{groups: ["{written}"]}}')).eligibility

    assert policy.who.groups == (Named(OPS.id, written),)


@pytest.mark.parametrize("written", ["dan", "dan@example.com", "Dan@Example.com", DAN.id])
def test_a_person_by_address_user_name_or_id(written: str) -> None:
    (policy,) = resolved(a_file(who=f'{{users: ["{written}"]}}')).eligibility

    assert policy.who.users == (Named(DAN.id, written),)


def test_an_address_as_spelled_comes_before_lower_case() -> None:
    (policy,) = resolved(a_file(who="{users: [Eve@example.com]}")).eligibility

    assert policy.who.user_ids == {EVE.id}


def test_ous_by_id_and_the_root() -> None:
    (policy,) = resolved(a_file(ous=f"[{PRODUCTION}, {{id: {ROOT}, nested: true}}]")).eligibility

    assert policy.scope.ous == (
        OuScope(PRODUCTION, "production"),
        OuScope(ROOT, "Root", nested=True),
    )


def test_each_name_is_asked_for_once() -> None:
    directory = a_directory()
    second = a_file(who="{groups: [ops, ops], users: [dan, dan]}").partition("eligibility:\n")[2]

    resolved(a_file(who="{groups: [ops]}") + second.replace("test", "other"), directory)

    assert directory.asked == ["group ops", "name dan"]


# What is not


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"accounts": "[develpment]"},
            'p.yml:5: there is no account "develpment"; did you mean "development"?',
        ),
        ({"accounts": '["999999999999"]'}, 'p.yml:5: there is no account "999999999999"'),
        (
            {"accounts": "[sandbox]"},
            'p.yml:5: 2 accounts are called "sandbox"; write the id of one, in quotes: 333344445555',
        ),
        (
            {"permission_sets": "[ReadOnly]"},
            'p.yml:7: there is no permission set "ReadOnly"; did you mean "ReadOnlyAccess"?',
        ),
        ({"permission_sets": '["arn:aws:sso:::permissionSet/x"]'}, "p.yml:7: there is no perm"),
        ({"ous": "[ou-ab12-99999999]"}, 'p.yml:6: there is no OU "ou-ab12-99999999"'),
        ({"ous": "[production]"}, 'p.yml:6: there is no OU "production"; write its id'),
        ({"who": "{groups: [Ops]}"}, 'p.yml:4: there is no group "Ops"'),
        ({"who": f'{{groups: ["{DAN.id}"]}}'}, "p.yml:4: there is no group"),
        ({"who": "{users: [mallory]}"}, 'p.yml:4: there is no user "mallory"'),
        ({"who": f'{{users: ["{OPS.id}"]}}'}, "p.yml:4: there is no user"),
    ],
)
def test_a_name_that_names_nothing_or_two_things_is_told(
    changes: dict[str, str], says: str
) -> None:
    (problem,) = problems(a_file(**changes))

    assert problem.startswith(says)


def test_one_user_s_address_that_is_another_s_name_is_told() -> None:
    mallory = replace(a_user("mallory", number=9), user_name="dan@example.com")
    directory = MemoryDirectory(users=[DAN, mallory])

    with pytest.raises(PolicyProblems, match="one user's address and another's name"):
        resolved(a_file(who='{users: ["dan@example.com"]}'), directory)


def test_problems_of_the_grammar_and_of_names_come_at_once() -> None:
    text = a_file(who="{groups: [nobody], users: [dan, mallory]}", max_duraton="4h")

    lines = [problem.partition(": ")[0] for problem in problems(text)]

    assert lines == ["p.yml:4", "p.yml:4", "p.yml:8"]


def test_a_problem_of_the_grammar_alone_gives_no_book() -> None:
    assert len(problems(a_file(max_duraton="4h"))) == 1


def test_every_place_a_name_stands_is_told() -> None:
    assert len(problems(a_file(who="{users: [mallory]}", ous="[nowhere, nowhere]"))) == 3


class FaultyDirectory(MemoryDirectory):
    """AWS that takes no name longer than ten letters, and is busy for one of four."""

    def user_by_name(self, user_name: str, *, lane: Lane) -> User | None:
        if len(user_name) > 10:
            raise AwsRefused("1 validation error detected", code="ValidationException")
        if user_name == "busy":
            raise AwsBusy("Rate exceeded", code="ThrottlingException")
        return super().user_by_name(user_name, lane=lane)

    def group_by_name(self, name: str, *, lane: Lane) -> Group | None:
        raise AwsRefused("not authorized", code="AccessDeniedException")


def test_what_aws_takes_for_no_name_names_nothing() -> None:
    with pytest.raises(PolicyProblems, match="there is no user"):
        resolved(a_file(who="{users: [a-name-that-is-too-long]}"), FaultyDirectory())


@pytest.mark.parametrize(
    ("who", "fault"), [("{users: [busy]}", AwsBusy), ("{groups: [ops]}", AwsRefused)]
)
def test_that_aws_cannot_say_is_not_that_there_is_none(who: str, fault: type[Exception]) -> None:
    with pytest.raises(fault):
        resolved(a_file(who=who), FaultyDirectory())


def test_the_settings_and_approvers_are_looked_up_too() -> None:
    text = """\
version: 1
settings:
  admins: {groups: [ops]}
  auditors: {users: [dan]}
approval:
  - name: production
    accounts: [development]
    approvers: {groups: [ops]}
"""
    draft = load(text, source="")

    book = resolve(draft, catalogue=a_catalogue(), directory=a_directory())

    assert book.settings.admins.group_ids == {OPS.id}
    assert book.settings.auditors.user_ids == {DAN.id}
    assert book.approval[0].approvers.group_ids == {OPS.id}
    assert book.settings.max_duration == timedelta(hours=9)


def test_a_catalogue_s_ou_lends_its_name() -> None:
    renamed = replace(a_catalogue(), ous={ROOT: Ou(ROOT, "Company", (ROOT,))})
    draft = load(a_file(ous=f"[{ROOT}]"), source="")

    book = resolve(draft, catalogue=renamed, directory=a_directory())

    assert book.eligibility[0].scope.ous == (OuScope(ROOT, "Company"),)
