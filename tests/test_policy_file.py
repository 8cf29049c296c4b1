"""What a policy file may say, and the line and sentence for each thing it may not."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.policy_file import load
from grants.drafts import DraftOu, DraftWho, PolicyProblems, Word
from grants.policy import PolicySettings

EXAMPLE = Path(__file__).parent.parent / "policies.example.yml"

ELIGIBILITY = """\
version: 1
eligibility:
  - name: engineers
    who: {groups: [engineers]}
    accounts: ["222233334444"]
    permission_sets: [ReadOnlyAccess]
"""
APPROVAL = """\
version: 1
approval:
  - name: production
    ous: [r-ab12]
    approvers: {groups: [ops]}
"""


def problems(text: str | bytes) -> list[str]:
    with pytest.raises(PolicyProblems) as caught:
        load(text, source="p.yml")
    return [str(problem) for problem in caught.value.problems]


def settings(*lines: str) -> str:
    return "\n".join(("version: 1", "settings:", *(f"  {line}" for line in lines), ""))


def eligibility(*lines: str) -> str:
    return ELIGIBILITY + "".join(f"    {line}\n" for line in lines)


def approval(*lines: str) -> str:
    return APPROVAL + "".join(f"    {line}\n" for line in lines)


# What it may say


def test_settings_that_are_left_out_are_the_safe_defaults() -> None:
    assert load("version: 1", source="").settings == PolicySettings()
    assert PolicySettings() == PolicySettings(
        approval_required=True,
        max_duration=timedelta(hours=9),
        pending_expiry=timedelta(hours=3),
        require_ticket=True,
        require_decision_comment=True,
    )


def test_the_example_is_valid_and_sets_each_default_explicitly() -> None:
    text = EXAMPLE.read_text()

    draft = load(text, source=EXAMPLE.name)

    assert replace(draft.settings, default_channel=None, audit_channel=None) == PolicySettings()
    written = text.partition("settings:")[2].partition("\neligibility:")[0]
    names = ("approval", *PolicySettings.__dataclass_fields__)
    assert [f"  {name}: " in written for name in names if name != "approval_required"] == [
        True
    ] * 16


def test_an_eligibility_policy_says_who_may_ask_for_what() -> None:
    draft = load(
        eligibility("ous: [ou-ab12-11111111, {id: r-ab12, nested: true}]", "max_duration: 1h30m"),
        source="",
    )

    (policy,) = draft.eligibility
    assert policy.name == Word("engineers", 3)
    assert policy.who == DraftWho(groups=(Word("engineers", 4),))
    assert policy.scope.accounts == (Word("222233334444", 5),)
    assert policy.scope.ous == (
        DraftOu(Word("ou-ab12-11111111", 7)),
        DraftOu(Word("r-ab12", 7), nested=True),
    )
    assert policy.permission_sets == (Word("ReadOnlyAccess", 6),)
    assert policy.max_duration == timedelta(minutes=90)
    assert policy.approval_required


def test_an_approval_policy_may_say_explicitly_what_is_so_anyway() -> None:
    (policy,) = load(
        approval("channel: C0000000003", "approvals: 1", "required: false", "proof: none"),
        source="",
    ).approval

    assert (policy.channel, policy.approvals, policy.required) == ("C0000000003", 1, False)


@pytest.mark.parametrize("off", ["off", '"off"', "Off", "false"])
def test_off_is_a_word_also_where_yaml_reads_a_boolean(off: str) -> None:
    found = load(settings(f"approval: {off}", f"revoke_sessions: {off}"), source="").settings

    assert (found.approval_required, found.revoke_sessions) == (False, "off")


def test_reminders_and_nudges_are_taken() -> None:
    found = load(settings("reminder: 5m", "nudge_interval: 1h"), source="").settings

    assert (found.reminder, found.nudge_interval) == (timedelta(minutes=5), timedelta(hours=1))


def test_json_is_read_alike_also_with_tabs_and_escaped_emoji() -> None:
    policy = {
        "name": "on call 🚒",
        "who": {"users": ["eve@example.com"]},
        "accounts": ["222233334444"],
        "permission_sets": ["ReadOnlyAccess"],
        "approval": "none",
    }
    tree = {"version": 1, "settings": {"require_ticket": False}, "eligibility": [policy]}

    draft = load(json.dumps(tree, indent="\t"), source="")

    assert draft.eligibility[0].name.text == "on call 🚒"
    assert not draft.eligibility[0].approval_required
    assert not draft.settings.require_ticket


# What it may not


def test_all_problems_come_at_once_each_with_its_line() -> None:
    text = "version: 2\nsettings:\n  max_durration: 3h\n  reminder: soon\neligibility: [{}]\n"

    lines = [line.split(": ")[0] for line in problems(text)]

    assert lines == ["p.yml:1", "p.yml:3", "p.yml:4", *["p.yml:5"] * 4]


def test_an_unknown_key_is_answered_with_what_was_meant() -> None:
    assert problems(eligibility('acounts: ["111122223333"]')) == [
        'p.yml:7: unknown key "acounts"; did you mean "accounts"?'
    ]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("approval: none", "required or off"),
        ("approval: true", "is read as a boolean"),
        ("max_duration: 9", "with its unit"),
        ("max_duration: abc", "write a duration"),
        ("max_duration: 0m", "1m … 8000h"),
        ("max_duration: 8001h", "1m … 8000h"),
        ("max_duration: 999999999999999h", "write a duration"),
        ("pending_expiry: -1h", "write a duration"),
        ("max_start_ahead:", "it is empty"),
        ("max_open_requests: 0", "must be 1"),
        ('max_open_requests: "20"', "without quotes"),
        ("max_open_requests: 2.5", "whole number"),
        ("max_open_requests: 0x14", "whole number"),
        ("max_open_requests: true", "whole number"),
        (f"max_open_requests: {'9' * 5000}", "whole number"),
        ('require_ticket: "true"', "without quotes"),
        ("require_ticket: [true]", "it is a list"),
        ("ticket_pattern: (a+)+", "for ever"),
        ('ticket_url: "http://t.example.com/{ticket}"', "must be an https address"),
        ('default_channel: "#general"', "no channel id"),
        ("audit_channel: D0000000001", "no channel id"),
        ("admins: elevate-admins", "write keys and values"),
        ("admins: {groups: elevate-admins}", "write a list"),
        ("admins: {groups: [[a]]}", "write a text"),
        ("auditors: {people: [eve]}", "unknown key"),
        ("revoke_sessions: sometimes", "off or inline_policy or scp"),
        ("? [a]\n  : b", "a key is a plain word"),
    ],
)
def test_a_wrong_setting_is_told_with_its_line(line: str, says: str) -> None:
    (problem,) = problems(settings(line))

    assert problem.startswith("p.yml:3: ")
    assert says in problem


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("111122223333", 'quote it: "111122223333"'),
        ("012345678901", 'quote it: "012345678901"'),
        ("012345670123", 'quote it: "012345670123"'),
        ("1_000", "quote it"),
        ("no", 'quote it: "no"'),
        ("2026-11-02", "is read as a date; quote it"),
        ("1.5", "is read as a number; quote it"),
        ("~", "quote it"),
        ('" "', "is blank"),
    ],
)
def test_what_yaml_reads_as_no_text_must_be_quoted(written: str, says: str) -> None:
    (problem,) = problems(ELIGIBILITY.replace('"222233334444"', written))

    assert problem.startswith("p.yml:5: accounts")
    assert says in problem


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("ous: [{nested: true}]", "has no id"),
        ("ous: [{id: r-ab12, nested: 1}]", "true or false"),
        ("ous: r-ab12", "write a list"),
        ("approval: off", "required or none"),
        ("max_duration: 1 fortnight", "write a duration"),
    ],
)
def test_a_wrong_line_of_a_policy_is_told(line: str, says: str) -> None:
    (problem,) = problems(eligibility(line))

    assert problem.startswith("p.yml:7: ")
    assert says in problem


def test_a_tag_value_that_yaml_reads_as_something_else_must_be_quoted() -> None:
    found = problems(eligibility("tags:", "  env: on", "  tier: 1", '  zone: "1"'))

    assert 'p.yml:8: tags: on is read as a boolean; quote it: "on"' in found
    assert 'p.yml:9: tags: 1 is read as a number; quote it: "1"' in found


@pytest.mark.parametrize(
    ("missing", "says"),
    [
        ("name: engineers", "the policy has no name; add it"),
        ("who: {groups: [engineers]}", "the policy has no who; add it"),
        ("permission_sets: [ReadOnlyAccess]", "the policy has no permission_sets; add it"),
        ('accounts: ["222233334444"]', "the policy has no scope"),
    ],
)
def test_a_policy_that_lacks_something_is_told(missing: str, says: str) -> None:
    text = ELIGIBILITY.replace(missing, "approval: none")

    (problem,) = problems(text)

    assert problem.startswith(f"p.yml:3: {says}")


@pytest.mark.parametrize(
    ("full", "empty"),
    [
        ("who: {groups: [engineers]}", "who: {groups: [], users: []}"),
        ("who: {groups: [engineers]}", "who: {}"),
        ("permission_sets: [ReadOnlyAccess]", "permission_sets: []"),
        ('accounts: ["222233334444"]', "accounts: []"),
    ],
)
def test_naming_nothing_is_as_bad_as_leaving_it_out(full: str, empty: str) -> None:
    assert len(problems(ELIGIBILITY.replace(full, empty))) == 1


def test_an_approval_policy_needs_approvers_and_a_scope() -> None:
    found = problems("version: 1\napproval:\n- name: production\n")

    assert found[0] == "p.yml:3: the policy has no approvers; add it"
    assert found[1].startswith("p.yml:3: the policy has no scope")


def test_two_policies_of_one_name_are_told() -> None:
    (problem,) = problems(ELIGIBILITY + ELIGIBILITY.partition("eligibility:\n")[2])

    assert problem.startswith('p.yml:7: eligibility has another policy "engineers" on line 3')


def test_a_key_that_stands_twice_is_told() -> None:
    (problem,) = problems(settings("reminder: 5m", "reminder: 6m"))

    assert problem == 'p.yml:4: the key "reminder" stands twice in settings; keep one'


def test_a_missing_or_later_version_is_told() -> None:
    assert problems("settings: {}") == ["p.yml:1: version is missing; write version: 1"]
    assert problems("version: 2") == ["p.yml:1: version must be 1; it is 2"]


def test_sessions_are_cut_by_a_service_control_policy_only_where_one_is_named() -> None:
    (problem,) = problems(settings("revoke_sessions: scp"))

    assert problem.startswith("p.yml:3: revoke_sessions: scp needs a service control policy")
    assert "set ELEVATE_CUT_POLICY_ID" in problem
    named = load(settings("revoke_sessions: scp"), source="p.yml", scp=True)
    assert named.settings.revoke_sessions == "scp"


@pytest.mark.parametrize("name", ['"a\\nb"', '"\\u202eb"', '" a"', "a" * 101])
def test_a_policy_s_name_is_a_visible_line(name: str) -> None:
    (problem,) = problems(ELIGIBILITY.replace("name: engineers", f"name: {name}"))

    assert "visible characters" in problem
