"""Names in policies become ids, or problems; and what is warned of in policies that hold."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.policy_file import load, load_book
from grants.drafts import PolicyProblems
from grants.errors import AwsBusy, AwsRefused
from grants.model import Account, Catalogue, Group, Lane, Ou, User
from grants.policy import Named, OuScope, PolicyBook, PolicySettings, Who
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
    assert [ou.name for ou in policy.scope.ous] == ["production", "Root"]


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

    assert [ou.name for ou in book.eligibility[0].scope.ous] == ["Company"]


# What policies hold already

RENAMED = replace(OPS, name="platform")
ANEW = a_group("ops", number=4)


def again(
    text: str, held: PolicyBook, *groups: Group, catalogue: Catalogue | None = None
) -> PolicyBook:
    """The same text as a file, later, when AWS has these groups."""
    return load_book(
        text,
        source="p.yml",
        catalogue=catalogue or a_catalogue(),
        directory=MemoryDirectory(users=[EVE, DAN], groups={group: [] for group in groups}),
        held=held,
    )


def edited(text: str, before: PolicyBook, *groups: Group) -> PolicyBook:
    """The same text as a form, later."""
    return resolve(
        load(text, source=""),
        catalogue=a_catalogue(),
        directory=MemoryDirectory(users=[EVE, DAN], groups={group: [] for group in groups}),
        stood=before.eligibility[0],
    )


def test_a_file_s_group_that_was_renamed_is_the_one_that_the_policies_hold() -> None:
    text = a_file(who="{groups: [ops]}")
    held = resolved(text)

    assert again(text, held, RENAMED) == held


def test_a_file_s_account_person_and_permission_set_likewise() -> None:
    text = a_file(who="{users: [dan]}")
    held = resolved(text)
    renamed = replace(
        a_catalogue(replace(DEV, name="dev")),
        permission_sets={READ_ONLY.arn: replace(READ_ONLY, name="Read")},
    )
    other = MemoryDirectory(users=[replace(DAN, user_name="daniel")])

    book = load_book(text, source="", catalogue=renamed, directory=other, held=held)

    assert book == held


def test_a_file_s_name_that_another_group_has_now_is_that_one() -> None:
    text = a_file(who="{groups: [ops]}")
    held = resolved(text)

    (policy,) = again(text, held, RENAMED, ANEW).eligibility

    assert policy.who.groups == (Named(ANEW.id, "ops"),)


def test_a_file_s_group_that_is_gone_is_a_problem_whatever_the_policies_hold() -> None:
    text = a_file(who="{groups: [ops]}")

    with pytest.raises(PolicyProblems, match='no group "ops"'):
        again(text, resolved(text))


def test_a_file_s_name_that_the_policies_hold_for_two_that_exist_is_a_problem() -> None:
    text = a_file(who="{groups: [ops]}")
    (one,) = resolved(text).eligibility
    other = replace(one, name="other", who=Who(groups=(Named(ANEW.id, "ops"),)))
    held = PolicyBook(eligibility=(one, other))

    with pytest.raises(PolicyProblems, match='no group "ops"'):
        again(text, held, RENAMED, replace(ANEW, name="elsewhere"))


def test_a_file_s_name_that_two_accounts_have_now_is_a_problem_still() -> None:
    text = a_file()
    twin = replace(TWINS[0], name=DEV.name)

    with pytest.raises(PolicyProblems, match="2 accounts are called"):
        again(text, resolved(text), catalogue=a_catalogue(DEV, twin))


def test_what_stood_in_a_form_means_what_it_meant_though_another_has_the_name_now() -> None:
    text = a_file(who="{groups: [ops]}")
    before = resolved(text)

    assert edited(text, before, RENAMED, ANEW).eligibility == before.eligibility


def test_what_stood_in_a_form_and_was_made_anew_is_a_problem_that_tells_the_new_id() -> None:
    text = a_file(who="{groups: [ops]}")

    with pytest.raises(PolicyProblems) as caught:
        edited(text, resolved(text), ANEW)

    (problem,) = caught.value.problems
    assert problem.message == (
        'the group "ops" that stood here is gone, and another one is called that now;'
        f" to mean it, write its id, {ANEW.id}"
    )


def test_what_is_typed_newly_in_a_form_is_what_has_the_name_now() -> None:
    before = resolved(a_file())

    (policy,) = edited(a_file(who="{groups: [ops]}"), before, RENAMED, ANEW).eligibility

    assert policy.who.groups == (Named(ANEW.id, "ops"),)


def test_what_stands_elsewhere_in_the_settings_does_not_stand_here() -> None:
    admins = Who(groups=(Named(OPS.id, "ops"),))
    both = "version: 1\nsettings:\n  admins: {groups: [ops]}\n  auditors: {groups: [ops]}\n"

    settings = resolve(
        load(both, source=""),
        catalogue=a_catalogue(),
        directory=MemoryDirectory(groups={RENAMED: [], ANEW: []}),
        stood=PolicySettings(admins=admins),
    ).settings

    assert settings.admins == admins
    assert settings.auditors == Who(groups=(Named(ANEW.id, "ops"),))
