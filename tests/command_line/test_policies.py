"""Policies: validated, applied, exported; and those that are about tags."""

from tests.command_line.kept import lines_of
from tests.policy_files import POLICIES
from tests.standins.aws import AwsStandIn, Company, Kind
from tests.terminal import Terminal

# Policies


def test_a_file_that_is_fine_is_fine(type_: Terminal, aws: AwsStandIn, file: str) -> None:
    result = type_("policies", "validate", file)

    assert result.exit_code == 0
    assert result.stdout == f"{file}: fine\n"


def test_validating_changes_nothing(type_: Terminal, aws: AwsStandIn, file: str) -> None:
    type_("policies", "validate", file)

    assert not (type_.folder / "elevate.db").exists()


def test_every_problem_is_a_line_with_its_place(type_: Terminal, aws: AwsStandIn) -> None:
    wrong = POLICIES.replace("engineers]", "enginers]").replace("approvers:", "aprovers:")
    file = type_.write("wrong.yml", wrong)
    type_("migrate")
    type_("catalogue", "refresh")

    result = type_("policies", "validate", file)

    assert result.exit_code == 1
    places = [line.split(": ")[0] for line in result.stderr.splitlines()]
    assert f"{file}:8" in places
    assert f"{file}:14" in places
    assert all(place.startswith(file) for place in places)


def test_a_file_may_come_by_standard_input(type_: Terminal, aws: AwsStandIn) -> None:
    result = type_("policies", "validate", "-", typed=POLICIES)

    assert result.exit_code == 0


def test_the_configured_file_is_the_default(type_: Terminal, aws: AwsStandIn, file: str) -> None:
    type_.set(ELEVATE_POLICY_FILE=file)

    assert type_("policies", "validate").exit_code == 0


def test_no_file_at_all_is_misuse(type_: Terminal) -> None:
    result = type_("policies", "apply")

    assert result.exit_code == 2
    assert "ELEVATE_POLICY_FILE" in result.stderr


def test_a_file_that_is_not_there_is_misuse(type_: Terminal) -> None:
    result = type_("policies", "apply", str(type_.folder / "none.yml"))

    assert result.exit_code == 2
    assert "cannot be read" in result.stderr


def test_offline_the_grammar_alone_is_checked(type_: Terminal, aws: AwsStandIn) -> None:
    file = type_.write("unknown.yml", POLICIES.replace("engineers]", "nobody-knows]"))

    result = type_("policies", "validate", "--offline", file)

    assert result.exit_code == 0
    assert len(aws.calls) == 0


def test_without_aws_it_says_that_names_were_not_checked(type_: Terminal, file: str) -> None:
    result = type_("policies", "validate", file)

    assert result.exit_code == 1
    assert "Names were not checked" in result.stderr
    assert "AWS_REGION" in result.stderr


def test_without_aws_the_grammar_is_checked_all_the_same(type_: Terminal) -> None:
    file = type_.write("wrong.yml", POLICIES.replace("version: 1", "version: 2"))

    result = type_.json("policies", "validate", file, exit_code=1)

    assert result["names_not_checked"]
    assert [problem["line"] for problem in result["problems"]] == [2]


def test_an_eligibility_that_nobody_can_approve_is_a_warning(
    type_: Terminal, aws: AwsStandIn
) -> None:
    file = type_.write("alone.yml", POLICIES.split("approval:\n")[0])

    result = type_("policies", "validate", file)

    assert result.exit_code == 0
    assert "warning: " in result.stderr


def test_applying_to_nothing_makes_the_database_and_reads_the_catalogue(
    type_: Terminal, aws: AwsStandIn, file: str
) -> None:
    result = type_("policies", "apply", file)

    assert result.exit_code == 0
    assert "Applied as version 1" in result.stdout
    assert type_.json("catalogue", "show")["accounts"]


def test_who_applied_what_is_a_line_of_the_journal(
    type_: Terminal, aws: AwsStandIn, file: str
) -> None:
    type_("policies", "apply", file)

    (line,) = lines_of(type_)

    assert line.entry.event == "policies.apply"
    assert line.entry.actor.name.startswith("operator:")
    assert "@" in line.entry.actor.name
    assert line.entry.facts is not None
    assert any(
        each.startswith("added approval production: ") for each in line.entry.facts["changes"]
    )


def test_a_change_is_the_next_version_and_says_what_changed(
    type_: Terminal, aws: AwsStandIn, file: str
) -> None:
    type_("policies", "apply", file)
    changed = type_.write("changed.yml", POLICIES.replace("name: production", "name: ops"))

    result = type_.json("policies", "apply", changed)

    assert result["version"] == 2
    assert [each.split(": ")[0] for each in result["changes"]] == [
        "added approval ops",
        "removed approval production",
    ]


def test_the_same_policies_are_no_new_version(type_: Terminal, aws: AwsStandIn, file: str) -> None:
    type_("policies", "apply", file)

    result = type_("policies", "apply", file)

    assert result.exit_code == 0
    assert "version 1 says the same" in result.stdout
    assert len(lines_of(type_)) == 1


def test_what_is_new_since_the_catalogue_was_read_is_looked_up_once_more(
    type_: Terminal, company: Company, file: str
) -> None:
    type_("policies", "apply", file)
    company.add_permission_set("AuditorAccess")
    newer = type_.write("newer.yml", POLICIES.replace("ReadOnlyAccess", "AuditorAccess"))

    result = type_("policies", "apply", newer)

    assert result.exit_code == 0
    assert "Applied as version 2" in result.stdout


def test_of_a_file_with_one_unknown_name_nothing_is_applied(
    type_: Terminal, aws: AwsStandIn
) -> None:
    file = type_.write("unknown.yml", POLICIES.replace("ReadOnlyAccess", "RaedOnlyAccess"))

    result = type_("policies", "apply", file)

    assert result.exit_code == 1
    assert "RaedOnlyAccess" in result.stderr
    assert lines_of(type_) == []


def test_what_is_exported_is_what_was_applied(type_: Terminal, aws: AwsStandIn, file: str) -> None:
    type_("policies", "apply", file)

    exported = type_("policies", "export").stdout
    again = type_("policies", "apply", "-", typed=exported)

    assert "version 1 says the same" in again.stdout


# Policies by tag

TAGGED = POLICIES.replace(
    "    ous: [ou-ab12-33333333]\n    perm", "    tags: {env: prod}\n    perm"
)


def test_policies_that_are_about_tags_are_ready_when_they_are_applied(
    type_: Terminal, aws: AwsStandIn
) -> None:
    applied = type_("policies", "apply", "-", typed=TAGGED)

    accounts = type_.json("catalogue", "show")["accounts"]
    assert (applied.exit_code, applied.stderr) == (0, "")
    assert {"env": "prod", "team": "web"} in [account["tags"] for account in accounts]


def test_a_tag_that_no_account_carries_is_a_warning(type_: Terminal, aws: AwsStandIn) -> None:
    file = type_.write("tags.yml", TAGGED.replace("env: prod", "env: prd"))

    for command in ("validate", "apply"):
        result = type_("policies", command, file)

        assert result.exit_code == 0
        assert 'eligibility "engineers in production": no account carries' in result.stderr
        assert '"env=prd"' in result.stderr


def test_tags_that_may_not_be_read_are_told_and_nothing_is_applied(
    type_: Terminal, aws: AwsStandIn
) -> None:
    aws.faults.add("ListTagsForResource", Kind.ACCESS_DENIED, times=None)

    result = type_("policies", "apply", "-", typed=TAGGED)

    assert result.exit_code == 1
    assert "ListTagsForResource: AccessDeniedException" in result.stderr
    assert lines_of(type_) == []


def test_the_catalogue_is_read_with_its_tags_where_policies_ask_for_them(
    type_: Terminal, company: Company
) -> None:
    type_("policies", "apply", "-", typed=TAGGED)
    company.add_account("web-new", unit="Production", tags={"env": "prod"})

    type_("catalogue", "refresh")

    accounts = type_.json("catalogue", "show")["accounts"]
    assert [each["tags"] for each in accounts if each["name"] == "web-new"] == [{"env": "prod"}]
