"""What the forms offer, and what is found in their selects."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from blocks import decision_form, elevate_form, options
from blocks.elevate_form import FormState
from grants.errors import Field, Flaw, Problem, Tampered, Unfit
from grants.model import (
    Account,
    AccountId,
    Ballot,
    Choice,
    PermissionSet,
    PermissionSetArn,
    RequestId,
    State,
    Target,
    Wish,
)
from tests.standins.blockkit import check_options, check_view
from tests.test_blocks_drawings import HOSTILE, LONG, NOON, TOKENS, WORDS, a_request, texts, worst

ARN = PermissionSetArn("arn:aws:sso:::permissionSet/ssoins-1111222233334444/ps-1111222233334444")
PROD = Account(AccountId("111122223333"), "payments-prod")
ADMIN = PermissionSet(ARN, "AdministratorAccess")
TARGET = Target(PROD.id, ARN)
CHOICE = Choice(TARGET, PROD.name, ADMIN.name)
SELECTING = FormState(choices=[CHOICE], longest=timedelta(hours=4))
SEARCHING = FormState(account=PROD, longest=timedelta(minutes=30))


def choices(count: int, name: str = "account") -> list[Choice]:
    return [
        Choice(Target(AccountId(f"{n:012}"), ARN), f"{name}-{n}", ADMIN.name) for n in range(count)
    ]


def inputs(view: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The fields by their labels."""
    blocks = [block for block in view["blocks"] if block["type"] == "input"]
    return {block["label"]["text"]: block for block in blocks}


def filled(state: FormState, **values: Any) -> dict[str, Any]:
    """The view as Slack would send it, with these fields filled in by their labels."""
    view = elevate_form.form(state).to_dict()
    fields = inputs(view)
    answers = {
        fields[label.replace("_", " ")]["block_id"]: {
            fields[label.replace("_", " ")]["element"]["action_id"]: answer
        }
        for label, answer in values.items()
    }
    return view | {"id": "V2", "root_view_id": "V1", "state": {"values": answers}}


def typed(value: str | None) -> dict[str, Any]:
    return {"type": "plain_text_input", "value": value}


def chosen(value: str) -> dict[str, Any]:
    return {"selected_option": {"value": value, "text": {"type": "plain_text", "text": "x"}}}


# Drawing


WORST_WISH = Wish("V1", TARGET, LONG, (HOSTILE * 60)[:3000], LONG, NOON)
STATES = [
    SELECTING,
    SEARCHING,
    FormState(),
    FormState(choices=choices(100, LONG)),
    replace(SELECTING, later=True, notice=HOSTILE * 60, held=TARGET, wish=WORST_WISH),
    replace(SEARCHING, later=True, notice=HOSTILE * 60, held=TARGET, wish=WORST_WISH),
    FormState(
        account=Account(PROD.id, LONG),
        permission_set=PermissionSet(ARN, LONG),
        ticket_pattern=LONG * 20,
    ),
]


@pytest.mark.parametrize("state", STATES)
def test_slack_takes_the_form_however_it_stands(state: FormState) -> None:
    assert check_view(elevate_form.form(state).to_dict()) == []


def test_slack_takes_the_views_without_a_form() -> None:
    for view in (elevate_form.looking_up(), elevate_form.nothing(HOSTILE * 90)):
        assert check_view(view.to_dict()) == []
        assert "submit" not in view.to_dict()


def test_the_form_has_its_labels_and_says_what_sending_does() -> None:
    selecting = elevate_form.form(replace(SELECTING, later=True)).to_dict()
    searching = elevate_form.form(SEARCHING).to_dict()

    assert list(inputs(selecting)) == ["Access", "Duration", "Justification", "Ticket", "Start"]
    assert list(inputs(searching))[:2] == ["Account", "Permission set"]
    assert selecting["title"]["text"] == "Request access"
    assert selecting["submit"]["text"] == "Send Request"


def test_start_is_asked_for_once_start_later_was_pressed() -> None:
    now = elevate_form.form(SELECTING).to_dict()
    later = elevate_form.form(replace(SELECTING, later=True)).to_dict()

    assert "Start" not in inputs(now)
    assert "Start later" in [text["text"] for text in texts(now["blocks"])]
    assert "Start now" in [text["text"] for text in texts(later["blocks"])]
    assert elevate_form.metadata(later).later


def test_a_notice_stands_in_the_form_and_on_its_button() -> None:
    view = elevate_form.form(replace(SELECTING, notice="You hold it already.", held=TARGET))

    assert view.to_dict()["submit"]["text"] == "Send Anyway"
    assert "You hold it already." in str(view.to_dict()["blocks"][0])


def test_nothing_that_is_pasted_is_cut() -> None:
    field = inputs(elevate_form.form(SELECTING).to_dict())["Justification"]["element"]

    assert field["multiline"]
    assert "max_length" not in field


@pytest.mark.parametrize(
    ("longest", "prefilled"),
    [(None, "1h"), (timedelta(hours=9), "1h"), (timedelta(minutes=30), "30m")],
)
def test_the_duration_is_prefilled_within_the_longest(
    longest: timedelta | None, prefilled: str
) -> None:
    view = elevate_form.form(FormState(choices=[CHOICE], longest=longest)).to_dict()

    assert inputs(view)["Duration"]["element"]["initial_value"] == prefilled


def test_a_ticket_that_is_not_required_may_stay_empty() -> None:
    view = elevate_form.form(replace(SELECTING, require_ticket=False)).to_dict()

    assert inputs(view)["Ticket"]["optional"] is True
    assert inputs(elevate_form.form(SELECTING).to_dict())["Ticket"].get("optional") in {None, False}


def test_another_account_resets_the_permission_set() -> None:
    one = inputs(elevate_form.form(SEARCHING).to_dict())
    other = inputs(
        elevate_form.form(
            replace(SEARCHING, account=Account(AccountId("444455556666"), "dev"))
        ).to_dict()
    )

    assert one["Permission set"]["block_id"] != other["Permission set"]["block_id"]
    assert one["Account"]["block_id"] == other["Account"]["block_id"]
    assert one["Account"]["dispatch_action"] is True
    assert one["Account"]["element"]["min_query_length"] == 0


def test_an_option_keeps_the_set_whole_and_shortens_the_account() -> None:
    option = options.choice_option(Choice(TARGET, "a" * 128, "AdministratorAccess"))

    assert option["text"]["text"].endswith("a… · AdministratorAccess")
    assert len(option["text"]["text"]) == 75
    assert option["description"]["text"] == "111122223333"
    assert option["value"] == f"111122223333:{ARN}"


# Small forms


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("ballot", Ballot)
def test_a_decision_is_drawn_and_read_back(ballot: Ballot, required: bool) -> None:
    request = a_request()

    view = decision_form.comment_form(request, ballot, required=required, style=TOKENS).to_dict()
    view["state"] = {"values": {"comment": {"comment": typed(" no ")}}}

    assert decision_form.read_comment(view) == decision_form.Decision(request.id, ballot, "no")
    assert inputs(view)["Comment"].get("optional", False) is not required
    assert "Bob requests AdministratorAccess on payments-prod for 1 h." in str(view)


def test_a_revocation_is_drawn_and_read_back() -> None:
    view = decision_form.revoke_form(a_request(State.ACTIVE), TOKENS).to_dict()
    view["state"] = {"values": {"reason": {"reason": typed("over")}}}

    assert decision_form.read_revoke(view) == decision_form.Revocation(
        RequestId("ABCD2345"), "over"
    )
    assert not inputs(view)["Reason"].get("optional", False)
    assert decision_form.errors(Unfit((Problem(Field.REASON, Flaw.MISSING),)), view).keys() == {
        "reason"
    }


@pytest.mark.parametrize(("chosen", "cut"), [("leave", False), ("cut", True)])
def test_whether_sessions_are_cut_is_asked_and_read_back(chosen: str, cut: bool) -> None:
    view = decision_form.revoke_form(a_request(State.ACTIVE), TOKENS, cuts=True).to_dict()
    first = inputs(view)["What is taken away"]["element"]["initial_option"]["value"]
    sessions = {"type": "radio_buttons", "selected_option": {"value": chosen}}
    view["state"] = {
        "values": {"reason": {"reason": typed("over")}, "sessions": {"sessions": sessions}}
    }

    assert first == "leave"
    assert decision_form.read_revoke(view).cut is cut


@pytest.mark.parametrize("chosen", ["", "both", ["cut"], {"value": "cut"}, 1, True])
def test_a_choice_that_was_not_offered_is_refused(chosen: object) -> None:
    view = decision_form.revoke_form(a_request(State.ACTIVE), TOKENS, cuts=True).to_dict()
    sessions = {"type": "radio_buttons", "selected_option": {"value": chosen}}
    view["state"] = {"values": {"sessions": {"sessions": sessions}}}

    with pytest.raises(Tampered):
        decision_form.read_revoke(view)


@pytest.mark.parametrize("state", State)
def test_slack_takes_the_small_forms(state: State) -> None:
    for request in (a_request(state), worst(state)):
        for view in (
            decision_form.comment_form(request, Ballot.APPROVE, required=True, style=WORDS),
            decision_form.revoke_form(request, TOKENS),
            decision_form.revoke_form(request, TOKENS, cuts=True),
        ):
            assert check_view(view.to_dict()) == []


# Searching


ACCOUNTS = [
    Account(AccountId("111111111111"), "payments-prod"),
    Account(AccountId("222222222222"), "prod"),
    Account(AccountId("333333333333"), "Prod-data"),
    Account(AccountId("444444444444"), "ПЛАТЕЖИ"),
    Account(AccountId("555555555555"), LONG),
]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("PROD", ["prod", "Prod-data", "payments-prod"]),
        ("платеж", ["ПЛАТЕЖИ"]),
        ("2222", ["prod"]),
        ("prod pay", ["payments-prod"]),
        ("nothing", []),
    ],
)
def test_accounts_are_found_by_a_part_of_name_or_id(query: str, found: list[str]) -> None:
    answer = options.account_options(options.accounts_index(ACCOUNTS), query)

    assert [option["text"]["text"] for option in answer] == found
    assert check_options({"options": answer}) == []


RANKED = ["data", "data-lake", "web data 2", "web-data-1", "bigdata", "metadata-store"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("data", RANKED),
        ("web data", ["web data 2", "web-data-1"]),
        ("data we", ["web data 2", "web-data-1"]),
        ("web-data", ["web-data-1"]),
        ("dat sto", ["metadata-store"]),
    ],
)
def test_what_is_meant_most_likely_comes_first(query: str, found: list[str]) -> None:
    accounts = [Account(AccountId(f"{n:012}"), name) for n, name in enumerate(reversed(RANKED))]

    answer = options.account_options(options.accounts_index(accounts), query)

    assert [option["text"]["text"] for option in answer] == found


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("Zürich", "zurich"),
        ("Zurich", "ZU\u0308RICH"),
        ("Straße", "STRASSE"),
        ("\uff21\uff22\uff23\uff0dprod", "abc-PROD"),
        ("ﬁnance", "finance"),
        ("İstanbul", "istanbul"),
        ("Αθήνα", "αθηνα"),
        ("プロダクション", "ﾌﾟﾛﾀﾞｸｼｮﾝ"),
        ("결제", "결"),
        ("भुगतान", "भुग"),
        ("الدفع", "الدفع"),
        ("支付-生产", "生产"),
    ],
)
def test_in_any_script_it_is_found_however_it_is_typed(name: str, query: str) -> None:
    index = options.accounts_index([Account(AccountId("111111111111"), name)])

    assert len(options.account_options(index, query)) == 1


def test_of_thousands_of_accounts_a_hundred_are_shown() -> None:
    many = [Account(AccountId(f"{n:012}"), f"account {n} {LONG}") for n in range(5000)]

    answer = options.account_options(options.accounts_index(many), "")

    assert len(answer) == 100
    assert check_options({"options": answer}) == []


def test_permission_sets_are_found_and_carry_their_account() -> None:
    sets = [ADMIN, replace(ADMIN, arn=PermissionSetArn("arn:b"), name="ReadOnly", description=LONG)]

    answer = options.permission_set_options(PROD.id, sets, "admin")

    assert [option["value"] for option in answer] == [f"{PROD.id}:{ARN}"]
    assert check_options({"options": options.permission_set_options(PROD.id, sets, "")}) == []
    assert options.permission_set_options(PROD.id, sets, "arn:aws") == []
