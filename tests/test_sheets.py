"""A policy as the fields of a form: they give back what a file would say, or say that they cannot."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocks.admin_forms import WORDS
from grants.drafts import Node, Table
from grants.grammar import Grammar
from grants.model import ChannelId, OuId
from grants.policy import Named, OuScope, PolicySettings, Scope, Who
from grants.policy_text import policy_tree, settings_tree
from grants.sheets import LONGEST, NEW, SPOTS, Part, field_at, fits, line_of, read, sheet
from tests import make

WHOLE = Scope(
    accounts=(Named("111122223333", "111122223333"), Named("222233334444", "development")),
    ous=(OuScope(OuId("ou-ab12-11111111")), OuScope(OuId("r-ab12"), "Root", nested=True)),
    tags=(("env", "dev"), ("url", "a=b"), ("empty", "")),
)
WHO = Who(groups=(Named("g", "engineers"), Named("h", "on call, nights")), users=(Named("u", "é"),))


def plain(node: Node) -> Any:
    """The tree without its lines."""
    match node.value:
        case Table(entries):
            return {key.value: plain(value) for key, value in entries}
        case tuple(items):
            return [plain(item) for item in items]
        case value:
            return value


def test_every_field_of_an_eligibility_policy_comes_back() -> None:
    policy = make.eligibility(who=WHO, scope=WHOLE, max_duration=timedelta(minutes=90))

    typed = sheet(Part.ELIGIBILITY, policy_tree(policy))

    assert typed["ous"] == "ou-ab12-11111111\nr-ab12 nested"
    assert typed["tags"] == "env=dev\nurl=a=b\nempty="
    assert plain(read(Part.ELIGIBILITY, typed).node) == {
        "name": "engineers in production",
        "who": {"groups": ["engineers", "on call, nights"], "users": ["é"]},
        "accounts": ["111122223333", "development"],
        "ous": ["ou-ab12-11111111", {"id": "r-ab12", "nested": True}],
        "tags": {"env": "dev", "url": "a=b", "empty": ""},
        "permission_sets": ["AdministratorAccess"],
        "max_duration": "1h30m",
        "approval": "required",
    }


def test_every_field_of_an_approval_policy_comes_back() -> None:
    policy = make.approval(
        approvers=WHO, scope=WHOLE, approvals=2, required=True,
        permission_sets=(make.a_named(make.a_permission_set()),), channel=ChannelId("C0000000009"),
    )  # fmt: skip

    typed = sheet(Part.APPROVAL, policy_tree(policy))

    found = plain(read(Part.APPROVAL, typed).node)
    assert (found["approvals"], found["required"], found["proof"]) == (2, True, "none")
    assert (found["channel"], found["permission_sets"]) == (
        "C0000000009",
        ["AdministratorAccess"],
    )


def test_settings_come_back_through_the_grammar_as_they_were() -> None:
    settings = PolicySettings(
        approval_required=False,
        max_duration=timedelta(hours=8000),
        require_ticket=False,
        ticket_pattern="[A-Z]+-[0-9]+",
        ticket_url="https://tracker.example.com/{ticket}",
        default_channel=ChannelId("C0000000001"),
    )

    found = read(Part.SETTINGS, sheet(Part.SETTINGS, settings_tree(settings)))

    grammar = Grammar()
    assert (grammar.settings(found.node).settings, grammar.problems) == (settings, [])


def test_what_is_left_blank_is_as_if_it_were_not_there() -> None:
    typed = {**sheet(Part.APPROVAL, {}), **NEW[Part.APPROVAL], "name": "x"}

    assert plain(read(Part.APPROVAL, typed).node) == {
        "name": "x",
        "approvers": {},
        "approvals": 1,
        "required": False,
        "proof": "none",
    }


def test_what_is_needed_and_blank_is_empty() -> None:
    found = plain(read(Part.ELIGIBILITY, {}).node)

    assert found == {"name": None, "who": {}, "permission_sets": [], "approval": None}


def test_blank_lines_and_blanks_around_names_do_not_count() -> None:
    found = plain(read(Part.ELIGIBILITY, {"accounts": "\n  one \n\n two\t\n"}).node)

    assert found["accounts"] == ["one", "two"]


@pytest.mark.parametrize("typed", ["ou-1 nested", "ou-1   NESTED", "ou-1\tnested"])
def test_nested_behind_an_ou_means_those_below(typed: str) -> None:
    assert plain(read(Part.APPROVAL, {"ous": typed}).node)["ous"] == [
        {"id": "ou-1", "nested": True}
    ]


def test_a_tag_without_a_value_is_a_problem_of_its_field() -> None:
    found = read(Part.APPROVAL, {"tags": "env=dev\nprod"})

    (problem,) = found.problems
    assert field_at(Part.APPROVAL, problem.line) == "tags"
    assert plain(found.node)["tags"] == {"env": "dev"}


def test_every_key_of_the_grammar_has_its_field_and_every_field_its_words() -> None:
    trees = {
        Part.SETTINGS: settings_tree(PolicySettings()),
        Part.ELIGIBILITY: policy_tree(make.eligibility()),
        Part.APPROVAL: policy_tree(make.approval()),
    }

    for part, tree in trees.items():
        assert {spot.key for spot in SPOTS[part]} == tree.keys()
        assert {spot.path for spot in SPOTS[part]} == WORDS[part].keys()
        labels = [words.label for words in WORDS[part].values()]
        assert len(set(labels)) == len(labels)


def test_each_problem_is_about_its_field() -> None:
    for part, spots in SPOTS.items():
        for spot in spots:
            assert field_at(part, line_of(part, spot.path)) == spot.path
        assert field_at(part, 0) == field_at(part, 999) == spots[0].path


# What fits


@pytest.mark.parametrize(("many", "fitting"), [(LONGEST, True), (LONGEST + 1, False)])
def test_a_field_takes_what_slack_takes(many: int, fitting: bool) -> None:
    policy = make.eligibility(who=Who(groups=(Named("g", "x" * many),)))

    assert fits(Part.ELIGIBILITY, policy_tree(policy)) is fitting


def test_what_slack_counts_twice_counts_twice() -> None:
    policy = make.eligibility(who=Who(groups=(Named("g", "😀" * (LONGEST // 2 + 1)),)))

    assert not fits(Part.ELIGIBILITY, policy_tree(policy))


@pytest.mark.parametrize("name", ["two\nlines", " blank", "blank ", "\n"])
def test_a_name_that_would_not_come_back_does_not_fit(name: str) -> None:
    policy = make.eligibility(who=Who(groups=(Named("g", name),)))

    assert not fits(Part.ELIGIBILITY, policy_tree(policy))


@pytest.mark.parametrize("tags", [(("a=b", "c"),), (("a ", "b"),), (("a", "b\nc"),)])
def test_a_tag_that_would_not_come_back_does_not_fit(tags: tuple[tuple[str, str], ...]) -> None:
    policy = make.eligibility(scope=replace(WHOLE, tags=tags))

    assert not fits(Part.ELIGIBILITY, policy_tree(policy))


NAMES = st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=5)
TAGS = st.dictionaries(st.text(min_size=1, max_size=6), st.text(max_size=6), max_size=4)


@given(NAMES, TAGS)
def test_whatever_fits_comes_back_as_it_was(names: list[str], tags: dict[str, str]) -> None:
    policy = make.eligibility(
        who=Who(users=tuple(Named(name, name) for name in names)),
        scope=Scope(tags=tuple(tags.items())),
    )
    tree = policy_tree(policy)

    found = plain(read(Part.ELIGIBILITY, sheet(Part.ELIGIBILITY, tree)).node)

    comes_back = (found["who"].get("users", []), found.get("tags", {})) == (names, tags)
    assert comes_back or not fits(Part.ELIGIBILITY, tree)
