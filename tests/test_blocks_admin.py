"""The forms of administrators at their longest, with the most hostile words: Slack takes them all."""

from dataclasses import replace
from typing import Any

import pytest

from blocks import admin_forms, people_forms
from blocks.text import Style
from grants.cautions import PolicyWarning
from grants.drafts import PolicyProblem, PolicyProblems
from grants.editing import Opened, Subject
from grants.errors import Tampered
from grants.model import SlackUserId, UserId
from grants.overview import paged
from grants.policy import Named, Who
from grants.policy_text import policy_tree
from grants.records import Binding
from grants.sheets import LONGEST, NEW, SPOTS, Kind, Part, sheet
from tests import make
from tests.make import NOON
from tests.standins.blockkit import check_view

HOSTILE = "<!channel> <@U123> *x* `y` & <https://e.vil|x> \u202egnp.exe\u2069 \u05d0 "
NAME = (HOSTILE * 2)[:100]
STYLE = Style(date_tokens=True)


def opened(part: Part, **typed: str) -> Opened:
    spots = SPOTS[part]
    full = {each.path: (HOSTILE * 99)[:LONGEST] for each in spots if each.kind is not Kind.CHOICE}
    return Opened(Subject(part, NAME, 2**31 - 1), {**full, **NEW[part], **typed}, {})


def answered(view: Any, **values: Any) -> dict[str, Any]:
    """The form, sent with these answers."""
    state = {path: {path: value} for path, value in values.items()}
    return {**view.to_dict(), "state": {"values": state}}


@pytest.mark.parametrize("part", list(Part))
def test_a_form_that_is_full_and_one_that_is_empty(part: Part) -> None:
    empty = Opened(Subject(part), {**sheet(part, {}), **NEW[part]}, {})

    assert check_view(admin_forms.form(opened(part))) == []
    assert check_view(admin_forms.form(empty)) == []


@pytest.mark.parametrize("policy", [make.eligibility(), make.approval()])
def test_the_question_whether_to_delete(policy: Any) -> None:
    many = Who(groups=tuple(Named(f"{n}", f"{HOSTILE}{n}") for n in range(500)))
    who = {"who": many} if hasattr(policy, "who") else {"approvers": many}
    shown = replace(opened(Part.APPROVAL), tree=policy_tree(replace(policy, name=NAME, **who)))

    assert check_view(admin_forms.delete_form(shown)) == []


@pytest.mark.parametrize("many", [1, 90, 91, 5000])
def test_warnings(many: int) -> None:
    found = [PolicyWarning(f"eligibility {n}", HOSTILE * 90) for n in range(many)]

    assert check_view(admin_forms.warnings(found)) == []


@pytest.mark.parametrize("many", [0, 1, 100, 5000])
@pytest.mark.parametrize("page", [0, 1, 9999])
def test_links(many: int, page: int) -> None:
    links = [
        Binding(
            SlackUserId(f"U{n:05}"), "T1", UserId(f"90670000aa-{n}"), (HOSTILE * 9)[:320], NOON,
            HOSTILE * 9, HOSTILE * 20 if n % 2 else "",
        )
        for n in range(many)
    ]  # fmt: skip
    shown = paged(links, people_forms.LIST, people_forms.PAGE, page)

    assert check_view(people_forms.links(shown, STYLE)) == []
    assert check_view(people_forms.form()) == []


def test_what_was_typed_comes_back_trimmed_and_visible() -> None:
    view = admin_forms.form(opened(Part.ELIGIBILITY))

    found = admin_forms.read(
        answered(
            view,
            name={"type": "plain_text_input", "value": "  a\x00b \u200b"},
            **{"who.groups": {"type": "plain_text_input", "value": None}},
        )
    )

    assert found == {"name": "a␀b \u200b".strip(), "who.groups": ""}


def test_a_problem_of_no_field_in_particular_is_said_beside_the_first() -> None:
    view = admin_forms.form(opened(Part.SETTINGS)).to_dict()
    problems = PolicyProblems([PolicyProblem(0, "too many policies")])

    assert admin_forms.errors(problems, view) == {"approval": "too many policies"}


def test_many_problems_of_one_field_are_said_as_far_as_slack_takes_them() -> None:
    view = admin_forms.form(opened(Part.ELIGIBILITY)).to_dict()
    problems = PolicyProblems([PolicyProblem(2, f"there is no group {n}") for n in range(500)])

    (said,) = admin_forms.errors(problems, view).values()
    assert said.startswith("there is no group 0\nthere is no group 1\n")
    assert len(said) <= 2000


@pytest.mark.parametrize("value", [None, 5, [], "", "eligibility", "eligibility:", "settings:x",
                                   "approval:" + "x" * 101])  # fmt: skip
def test_a_value_that_no_button_has(value: object) -> None:
    with pytest.raises(Tampered):
        admin_forms.policy(value)


@pytest.mark.parametrize(
    "view", [None, [], {}, {"state": None}, {"state": {"values": {"user": "x"}}}]
)
def test_a_link_that_nobody_could_have_filled_in(view: object) -> None:
    with pytest.raises(Tampered):
        people_forms.read(view)
