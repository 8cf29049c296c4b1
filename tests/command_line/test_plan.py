"""Policies as code: what a file would change is planned, and applied only if nobody was faster."""

import json
from dataclasses import replace

import pytest

from tests.policy_files import PROD, PRODUCTION, a_policy_file, everything_below, may
from tests.standins.aws import Company
from tests.terminal import Terminal

READ = a_policy_file(may("ReadOnlyAccess"))
ANEW = "9067012345-00000000-0000-4000-8000-000000000001"
MORE = a_policy_file(may("ReadOnlyAccess", "PowerUserAccess"), max_duration="4h")


@pytest.fixture
def applied(type_: Terminal, company: Company) -> str:
    """What holds, as version 1."""
    file = type_.write("policies.yml", READ)
    assert type_("policies", "apply", file).exit_code == 0
    return file


def version(type_: Terminal) -> int:
    with type_.works() as works, works.reading() as work:
        return work.policies.version()


# Planning


def test_a_plan_says_who_gains_and_who_loses_what(type_: Terminal, applied: str) -> None:
    file = type_.write("other.yml", a_policy_file(may("PowerUserAccess", "BillingAccess")))

    result = type_("policies", "plan", file)

    change, *rest, last = result.stdout.splitlines()
    assert result.exit_code == 0
    assert change == (
        "changed eligibility may 1: permission_sets from [ReadOnlyAccess] to"
        " [PowerUserAccess, BillingAccess]"
    )
    assert last == (
        "Planned against version 1;"
        " apply with --planned 1 refuses if the policies have changed by then"
    )
    assert rest == [
        "",
        "Gains: may ask for",
        "  bob",
        "    BillingAccess and PowerUserAccess on payments-prod (333344445555)",
        "",
        "Loses: may no longer ask for",
        "  bob",
        "    ReadOnlyAccess on payments-prod (333344445555)",
        "",
        "Gains: may approve",
        "  dan and eve",
        "    BillingAccess and PowerUserAccess on payments-prod (333344445555)",
        "",
        "Loses: may no longer approve",
        "  dan and eve",
        "    ReadOnlyAccess on payments-prod (333344445555)",
        "",
    ]


def test_a_plan_is_exact_for_other_programs(
    type_: Terminal, company: Company, applied: str
) -> None:
    company.add_user("carl")
    company.add_member("engineers", "carl")

    plan = type_.json("policies", "plan", type_.write("more.yml", MORE))

    power = {"name": "PowerUserAccess", "arn": company.set_by_name["PowerUserAccess"]}
    (gained,) = plan["asking"]["gains"]
    assert plan["version"] == 1
    assert [person["user_name"] for person in gained["people"]] == ["bob", "carl"]
    assert gained["people"][0]["user_id"] == company.user_by_name["bob"]
    assert gained["permission_sets"] == [power]
    assert gained["accounts"] == [{"id": PROD, "name": "payments-prod"}]
    assert plan["asking"]["loses"] == []
    (approving,) = plan["approving"]["gains"]
    assert [person["user_name"] for person in approving["people"]] == ["dan", "eve"]
    assert "changed settings: max_duration from 9h to 4h" in plan["changes"]
    assert plan["administrators"] == plan["auditors"] == {"gains": [], "loses": []}


def test_who_becomes_an_administrator_is_told(type_: Terminal, applied: str) -> None:
    admins = {"groups": ["elevate-admins"], "users": ["bob"]}
    file = type_.write("admins.yml", a_policy_file(may("ReadOnlyAccess"), admins=admins))

    assert "Gains: is an administrator\n  bob\n" in type_("policies", "plan", file).stdout


def test_of_many_people_some_are_named_and_the_json_has_all(
    type_: Terminal, company: Company, applied: str
) -> None:
    for n in range(30):
        company.add_user(f"engineer{n:02}")
        company.add_member("engineers", f"engineer{n:02}")
    file = type_.write("more.yml", MORE)

    shown = type_("policies", "plan", file).stdout
    (gained,) = type_.json("policies", "plan", file)["asking"]["gains"]

    assert "  bob, engineer00, engineer01," in shown
    assert "engineer10 and 19 more\n" in shown
    assert len(gained["people"]) == 31


def test_the_same_again_would_change_nothing(type_: Terminal, applied: str) -> None:
    result = type_("policies", "plan", applied)

    assert result.exit_code == 0
    assert result.stdout == "Nothing would change: version 1 says the same\n"


def test_a_group_made_anew_is_planned_as_it_is_applied(
    type_: Terminal, company: Company, applied: str
) -> None:
    old = company.group("engineers").id
    company.remove_group("engineers")
    company.add_group("engineers", group_id=ANEW)
    company.add_user("carl")
    company.add_member("engineers", "carl")
    change = f"changed eligibility may 1: who: engineers is now another group (id {old} → {ANEW})"

    plan = type_.json("policies", "plan", applied)
    done = type_.json("policies", "apply", applied)

    assert plan["changes"] == done["changes"] == [change]
    assert done["version"] == 2
    assert plan["asking"]["gains"][0]["people"][0]["user_name"] == "carl"
    with type_.works() as works, works.reading() as work:
        (*_, last) = (line.entry for line in work.journal.walk())
    assert dict(last.facts or {})["changes"] == [change]


def test_an_export_is_the_same_policies_though_a_group_was_renamed(
    type_: Terminal, company: Company, applied: str
) -> None:
    company.rename_group("engineers", "platform")
    exported = type_.write("exported.yml", type_("policies", "export").stdout)

    for command, said in (
        ("validate", "fine"),
        ("plan", "Nothing would change: version 1 says the same"),
        ("apply", "Nothing to apply: version 1 says the same"),
    ):
        result = type_("policies", command, exported)

        assert result.exit_code == 0
        assert said in result.stdout
        assert 'the group "engineers" is called "platform" now' in result.stderr


def test_a_name_that_a_fresh_account_has_is_that_account(type_: Terminal, company: Company) -> None:
    """The stored catalogue knows neither that the one was renamed nor that there is the other."""
    by_name = a_policy_file(may("ReadOnlyAccess", accounts=["payments-prod"]))
    file = type_.write("policies.yml", by_name)
    assert type_("policies", "apply", file).exit_code == 0
    company.rename_account("payments-prod", "payments-old")
    assert type_("catalogue", "refresh").exit_code == 0
    assert type_.json("policies", "plan", file)["changes"] == []
    new = company.add_account("payments-prod")

    (change,) = type_.json("policies", "plan", file)["changes"]

    assert change == (
        "changed eligibility may 1: accounts: payments-prod is now another account"
        f" (id {PROD} → {new})"
    )


def test_an_ou_that_is_renamed_is_no_new_version(type_: Terminal, company: Company) -> None:
    text = a_policy_file(may("ReadOnlyAccess", **everything_below(PRODUCTION)))
    file = type_.write("policies.yml", text)
    assert type_("policies", "apply", file).exit_code == 0
    company.units[PRODUCTION] = replace(company.units[PRODUCTION], name="Other")
    assert type_("catalogue", "refresh").exit_code == 0

    assert type_("policies", "apply", file, "--planned", "1").exit_code == 0

    assert version(type_) == 1


def test_a_change_that_gives_and_takes_nothing_says_so(type_: Terminal, applied: str) -> None:
    file = type_.write("shorter.yml", a_policy_file(may("ReadOnlyAccess"), max_duration="4h"))

    result = type_("policies", "plan", file)

    assert "changed settings: max_duration from 9h to 4h" in result.stdout
    assert "Nobody gains or loses anything." in result.stdout


def test_the_first_policies_are_planned_before_there_is_a_database(
    type_: Terminal, company: Company
) -> None:
    result = type_("policies", "plan", type_.write("policies.yml", READ))

    assert "  bob\n    ReadOnlyAccess on payments-prod (333344445555)\n" in result.stdout
    assert "Planned against version 0" in result.stdout
    assert not (type_.folder / "elevate.db").exists()


def test_planning_changes_nothing(type_: Terminal, company: Company, applied: str) -> None:
    before = type_("catalogue", "show").stdout
    company.add_permission_set("AuditorAccess")
    newer = a_policy_file(may("AuditorAccess"))

    result = type_("policies", "plan", type_.write("newer.yml", newer))

    assert "AuditorAccess on payments-prod" in result.stdout
    assert version(type_) == 1
    assert type_("catalogue", "show").stdout.splitlines()[1:] == before.splitlines()[1:]


def test_a_wrong_file_is_not_planned(type_: Terminal, applied: str) -> None:
    result = type_("policies", "plan", "-", typed=READ.replace("ReadOnlyAccess", "RaedOnly"))

    assert result.exit_code == 1
    assert "RaedOnly" in result.stderr
    assert result.stdout == ""


def test_a_plan_warns_as_validation_does(type_: Terminal, company: Company) -> None:
    file = type_.write("alone.yml", a_policy_file(may("ReadOnlyAccess"), approval=[]))

    result = type_("policies", "plan", file)
    plan = type_.json("policies", "plan", file)

    assert result.exit_code == 0
    assert result.stderr.startswith('warning: eligibility "may 1": needs approval')
    assert plan["warnings"][0].startswith('eligibility "may 1": needs approval')


def test_what_a_policy_is_called_does_not_steer_the_terminal(
    type_: Terminal, company: Company
) -> None:
    company.add_user("e\u202evil\x1b[31m")
    company.add_member("engineers", "e\u202evil\x1b[31m")

    result = type_("policies", "plan", type_.write("policies.yml", READ))

    assert "\x1b" not in result.stdout


# Applying what was planned


def test_what_was_planned_is_applied_where_nobody_was_faster(type_: Terminal, applied: str) -> None:
    file = type_.write("more.yml", MORE)
    planned = type_.json("policies", "plan", file)["version"]

    result = type_("policies", "apply", file, "--planned", str(planned))

    assert result.exit_code == 0
    assert "Applied as version 2" in result.stdout


def test_what_was_planned_is_refused_where_somebody_was_faster(
    type_: Terminal, applied: str
) -> None:
    file = type_.write("more.yml", MORE)
    planned = type_.json("policies", "plan", file)["version"]
    type_("policies", "apply", "-", typed=a_policy_file(may("BillingAccess")))

    result = type_("policies", "apply", file, "--planned", str(planned))

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: Not applied: operator:")
    assert "(version 2; this change was made from version 1)" in result.stderr
    assert version(type_) == 2


def test_the_same_policies_are_refused_too_where_the_plan_is_of_an_older_version(
    type_: Terminal, applied: str
) -> None:
    type_("policies", "apply", "-", typed=MORE)

    result = type_("policies", "apply", "-", "--planned", "1", typed=MORE)

    assert result.exit_code == 1


def test_the_first_policies_are_applied_as_planned(type_: Terminal, company: Company) -> None:
    file = type_.write("policies.yml", READ)

    codes = [type_("policies", "apply", file, "--planned", "0").exit_code for _ in range(2)]

    assert codes == [0, 1]


@pytest.mark.parametrize("planned", ["7", "-1"])
def test_a_version_that_never_was_is_refused(type_: Terminal, applied: str, planned: str) -> None:
    result = type_("policies", "apply", applied, "--planned", planned)

    assert result.exit_code == 1
    assert "are at version 1" in result.stderr


def test_a_plan_for_programs_is_one_document(type_: Terminal, applied: str) -> None:
    result = type_("policies", "plan", applied, "--json")

    assert json.loads(result.stdout)["changes"] == []


def test_accounts_are_planned_by_tags_that_nobody_has_read_yet(
    type_: Terminal, applied: str
) -> None:
    file = type_.write("tags.yml", a_policy_file(may("ReadOnlyAccess", tags={"team": "web"})))

    plan = type_.json("policies", "plan", file)

    (gained,) = plan["asking"]["gains"]
    assert [account["name"] for account in gained["accounts"]] == ["web-dev", "web-prod"]
