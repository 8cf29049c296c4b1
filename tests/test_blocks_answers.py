"""What comes back from the forms, and what is said beside a field."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blocks import decision_form, elevate_form
from blocks.elevate_form import Kept
from grants.errors import Field, Flaw, Problem, Tampered, Unfit
from grants.model import Wish
from tests.test_blocks_forms import ARN, PROD, SEARCHING, SELECTING, TARGET, chosen, filled, typed

# Reading


FIELDS: dict[str, Any] = {
    "Duration": typed(" 2h "),
    "Justification": typed("  é fix\n"),
    "Ticket": typed(" OPS-1 "),
}


def test_what_was_filled_in_comes_back() -> None:
    view = filled(
        replace(SELECTING, later=True),
        Access=chosen(f"111122223333:{ARN}"),
        Start={"selected_date_time": 1795348800},
        **FIELDS,
    )

    starts_at = datetime.fromtimestamp(1795348800, UTC)
    assert elevate_form.read(view) == Wish(
        "V1", TARGET, "2h", "é fix", "OPS-1", starts_at, later=True
    )


def test_the_searching_form_gives_the_pair() -> None:
    view = filled(SEARCHING, Account=chosen(PROD.id), Permission_set=chosen(f"{PROD.id}:{ARN}"))

    assert elevate_form.read(view).target == TARGET


def test_a_set_chosen_for_another_account_before_is_no_choice() -> None:
    view = filled(SEARCHING, Permission_set=chosen(f"{PROD.id}:{ARN}"))
    view["state"]["values"]["account"] = {"account": chosen("444455556666")}

    assert elevate_form.read(view).target is None


def test_a_set_of_another_account_than_its_block_is_tampering() -> None:
    view = filled(SEARCHING, Account=chosen(PROD.id), Permission_set=chosen(f"444455556666:{ARN}"))

    with pytest.raises(Tampered):
        elevate_form.read(view)


def test_a_duration_that_did_not_come_back_is_the_prefilled_one() -> None:
    assert elevate_form.read(filled(SEARCHING)).duration == "30m"


@pytest.mark.parametrize("emptied", [None, "", "  "])
def test_an_emptied_duration_is_empty(emptied: str | None) -> None:
    assert elevate_form.read(filled(SEARCHING, Duration=typed(emptied))).duration == ""


@pytest.mark.parametrize("blank", ["", " \n\t", "\u200b\u202e", None])
def test_what_cannot_be_seen_is_no_justification(blank: str | None) -> None:
    assert elevate_form.read(filled(SELECTING, Justification=typed(blank))).justification == ""


def test_a_start_that_was_put_away_again_is_now() -> None:
    view = filled(SELECTING, **FIELDS)
    view["state"]["values"]["start"] = {"start": {"selected_date_time": 1795348800}}

    assert elevate_form.read(view).starts_at is None


def test_sending_is_knowing_only_about_what_was_told() -> None:
    told = replace(SELECTING, notice="You hold it.", held=TARGET)
    other = f"444455556666:{ARN}"

    assert elevate_form.read(filled(told, Access=chosen(f"{PROD.id}:{ARN}"))).knowing
    assert not elevate_form.read(filled(told, Access=chosen(other))).knowing
    assert not elevate_form.read(filled(SELECTING, Access=chosen(f"{PROD.id}:{ARN}"))).knowing


def test_metadata_comes_back_as_it_went() -> None:
    view = elevate_form.form(replace(SEARCHING, later=True, held=TARGET)).to_dict()

    assert elevate_form.metadata(view) == Kept("30m", PROD.id, later=True, held=TARGET)


@pytest.mark.parametrize(
    "change",
    [
        {"private_metadata": "["},
        {"private_metadata": "[" * 2999},
        {"private_metadata": "{}" * 3000},
        {"private_metadata": '{"account": 7}'},
        {"private_metadata": '{"request": "x"}'},
        {"private_metadata": 7},
        {"root_view_id": None, "id": None},
        {"root_view_id": {"a": 1}},
        {"state": 7},
        {"state": {"values": [1]}},
        {"state": {"values": {"person": {"person": {"value": "eve"}}}}},
        {"state": {"values": {"ticket": {"approved": {"value": "yes"}}}}},
        {"state": {"values": {"ticket": {"ticket": {"value": 7}}}}},
        {"state": {"values": {"ticket": []}}},
        {"state": {"values": {"access": {"access": {"selected_option": "x"}}}}},
        {"state": {"values": {"access": {"access": chosen("x")}}}},
        {"state": {"values": {"access": {"access": chosen(f"{chr(0xFF11) * 12}:{ARN}")}}}},
    ],
)
def test_a_forged_answer_is_tampering(change: dict[str, Any]) -> None:
    with pytest.raises(Tampered):
        elevate_form.read(filled(SELECTING) | change)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
BLOCK_IDS = st.sampled_from(["access", "account", "permission_set:111122223333", "start", "ticket"])


@settings(deadline=None)
@given(st.dictionaries(BLOCK_IDS, JSON | st.dictionaries(BLOCK_IDS, JSON)), JSON, JSON)
def test_no_answer_raises_anything_but_tampering(values: Any, blocks: Any, other: Any) -> None:
    for view in (
        other,
        {"id": "V1", "state": {"values": values}, "blocks": blocks},
        filled(replace(SELECTING, later=True)) | {"state": {"values": values}},
        filled(SEARCHING) | {"state": {"values": values}, "private_metadata": other},
        {"state": other, "private_metadata": json.dumps(other)},
    ):
        for read in (elevate_form.read, decision_form.read_comment, decision_form.read_revoke):
            try:
                read(view)
            except Tampered:
                continue


# What is wrong


def test_every_problem_is_said_at_once_beside_its_field() -> None:
    unfit = Unfit(
        (
            Problem(Field.DURATION, Flaw.TOO_LONG, timedelta(hours=4)),
            Problem(Field.JUSTIFICATION, Flaw.TOO_LONG, 3000),
            Problem(Field.TICKET, Flaw.NO_MATCH, "[A-Z]+-[0-9]+"),
            Problem(Field.START, Flaw.TOO_FAR, timedelta(days=30)),
            Problem(Field.TARGET, Flaw.NO_APPROVER, whom=("Dan",)),
            Problem(Field.PERMISSION_SET, Flaw.TOO_MANY_OPEN, 20),
        )
    )

    said = elevate_form.errors(unfit, filled(replace(SELECTING, later=True)))

    assert set(said) == {"duration", "justification", "ticket", "start", "access"}
    assert "4 h" in said["duration"]
    assert "3,000 characters" in said["justification"]
    assert "[A-Z]+-[0-9]+" in said["ticket"]
    assert "Dan" in said["access"]
    assert "20" in said["access"]


def test_a_problem_is_said_beside_a_field_that_is_there() -> None:
    unfit = Unfit((Problem(Field.START, Flaw.PAST), Problem(Field.PERMISSION_SET, Flaw.MISSING)))

    assert set(elevate_form.errors(unfit, filled(SEARCHING))) == {
        "account",
        "permission_set:111122223333",
    }
