"""The Block Kit check finds what Slack would refuse, and nothing else."""

from copy import deepcopy
from typing import Any

import pytest
from slack_sdk.models.blocks import (
    ActionsBlock,
    ButtonElement,
    ConfirmObject,
    InputBlock,
    Option,
    PlainTextInputElement,
    SectionBlock,
    StaticSelectElement,
)
from slack_sdk.models.views import View

from tests.standins.blockkit import check_home, check_message, check_options, check_view

JSON = dict[str, Any]


def plain(words: str = "Words") -> JSON:
    return {"type": "plain_text", "text": words}


def mrkdwn(words: str = "*Words*") -> JSON:
    return {"type": "mrkdwn", "text": words}


def option(value: str = "a", words: str = "A") -> JSON:
    return {"text": plain(words), "value": value}


def button(**more: Any) -> JSON:
    return {"type": "button", "action_id": "go", "text": plain("Go"), "value": "R1"} | more


def select(**more: Any) -> JSON:
    return {"type": "static_select", "action_id": "s", "options": [option()]} | more


def section(**more: Any) -> JSON:
    return {"type": "section", "text": mrkdwn()} | more


def actions(*elements: JSON) -> JSON:
    return {"type": "actions", "elements": list(elements)}


def asking(element: JSON, **more: Any) -> JSON:
    return {"type": "input", "block_id": "i", "label": plain("Label"), "element": element} | more


def modal(*blocks: JSON, **more: Any) -> JSON:
    frame = {"type": "modal", "title": plain("Request"), "submit": plain("Send")}
    return frame | {"blocks": list(blocks)} | more


def typed(**more: Any) -> JSON:
    return {"type": "plain_text_input", "action_id": "t"} | more


CONFIRM = {
    "title": plain("Sure?"),
    "text": mrkdwn("This takes the access away."),
    "confirm": plain("Revoke"),
    "deny": plain("Keep"),
    "style": "danger",
}

CARD = [
    {"type": "header", "block_id": "h", "text": plain("Alice requests Admin on prod for 1 h")},
    section(
        block_id="facts",
        fields=[
            mrkdwn("*Account*\nprod · 111122223333"),
            mrkdwn("*Until*\n<!date^1^{time}|10:00>"),
        ],
        accessory={"type": "image", "image_url": "https://x.test/a.png", "alt_text": "Alice"},
    ),
    {"type": "divider"},
    {"type": "context", "elements": [mrkdwn("1 of 2 approvals"), plain("Waiting")]},
    actions(
        button(action_id="approve", style="primary"),
        button(action_id="reject", confirm=CONFIRM),
        button(action_id="open", url="https://x.test", accessibility_label="Open it"),
        {
            "type": "overflow",
            "action_id": "more",
            "options": [option() | {"url": "https://x.test"}],
        },
    ),
    {"type": "image", "image_url": "https://x.test/a.png", "alt_text": "A", "title": plain()},
    {"type": "table", "rows": [[{"type": "raw_text", "text": "Who"}]]},
    {"type": "markdown", "text": "**bold**"},
]

FORM = modal(
    {"type": "alert", "level": "warning", "text": mrkdwn("Something is wrong.")},
    asking(
        {
            "type": "external_select",
            "action_id": "account",
            "min_query_length": 0,
            "placeholder": plain("Search"),
            "focus_on_load": True,
            "initial_option": option(),
        },
        block_id="account",
        dispatch_action=True,
        hint=plain("Type to search"),
    ),
    asking(
        select(
            option_groups=[{"label": plain("Sets"), "options": [option()]}], initial_option=option()
        ),
        block_id="set",
    ),
    asking(typed(initial_value="1h", max_length=20, min_length=0), block_id="duration"),
    asking(
        typed(multiline=True, dispatch_action_config={"trigger_actions_on": ["on_enter_pressed"]}),
        block_id="why",
        optional=True,
    ),
    asking(
        {"type": "datetimepicker", "action_id": "d", "initial_date_time": 1795000000},
        block_id="start",
    ),
    asking(
        {
            "type": "checkboxes",
            "action_id": "c",
            "options": [{"text": mrkdwn("*Sure*"), "value": "sure", "description": plain("So so")}],
            "initial_options": [
                {"text": mrkdwn("*Sure*"), "value": "sure", "description": plain("So so")}
            ],
        },
        block_id="sure",
    ),
    asking(
        {"type": "radio_buttons", "action_id": "r", "options": [option(), option("b", "B")]},
        block_id="radio",
    ),
    asking({"type": "users_select", "action_id": "u"}, block_id="who"),
    asking(
        {
            "type": "conversations_select",
            "action_id": "v",
            "filter": {"include": ["public", "private"], "exclude_bot_users": True},
        },
        block_id="where",
    ),
    asking({"type": "multi_users_select", "action_id": "mu"}, block_id="whos"),
    asking(
        {"type": "number_input", "action_id": "n", "is_decimal_allowed": False, "min_value": "1"},
        block_id="count",
    ),
    actions({"type": "datepicker", "action_id": "p", "initial_date": "2026-11-22"}),
    section(accessory={"type": "timepicker", "action_id": "p", "initial_time": "09:30"}),
    close=plain("Cancel"),
    private_metadata='{"v": 3}',
    callback_id="request",
    external_id="x",
    notify_on_close=True,
    clear_on_close=False,
)
del FORM["blocks"][2]["element"]["options"]

HOME = {"type": "home", "blocks": [*CARD[:5], section()], "callback_id": "home"}


def test_a_full_card_form_and_home_have_no_problem() -> None:
    assert check_message("Alice requests Admin on prod for 1 h", CARD) == []
    assert check_view(FORM) == []
    assert check_home(HOME) == []
    assert check_view(HOME) == []
    assert check_options({"options": [option(), option("b", "B")]}) == []
    assert check_options({"options": []}) == []
    assert check_options({"option_groups": [{"label": plain(), "options": [option()]}]}) == []
    assert check_message("Words alone", None) == []


def test_what_the_sdk_draws_well_has_no_problem() -> None:
    sure = ConfirmObject(title="Sure?", text="It ends.", confirm="End", deny="Keep", style="danger")
    view = View(
        type="modal",
        title="Request",
        submit="Send",
        close="Cancel",
        blocks=[
            InputBlock(
                label="Account",
                dispatch_action=True,
                element=StaticSelectElement(
                    action_id="a",
                    placeholder="Choose",
                    options=[Option(value="p", label="Prod", description="1111")],
                    initial_option=Option(value="p", label="Prod", description="1111"),
                ),
            ),
            InputBlock(
                label="Why",
                hint="One sentence",
                optional=True,
                element=PlainTextInputElement(action_id="w", multiline=True, max_length=500),
            ),
            ActionsBlock(
                elements=[ButtonElement(text="End", action_id="e", style="danger", confirm=sure)]
            ),
            SectionBlock(text="*Hello*", fields=["a", "b"]),
        ],
    )

    assert check_view(view) == []
    assert check_message("Hello", [SectionBlock(text="Hello")]) == []


def test_looking_changes_nothing() -> None:
    before = deepcopy(FORM)

    check_view(FORM)

    assert before == FORM


BROKEN_BLOCKS: dict[str, list[JSON]] = {
    "51 blocks": [{"type": "divider"}] * 51,
    "an unknown block": [{"type": "sektion", "text": mrkdwn()}],
    "no type": [{"text": mrkdwn()}],
    "an alert": [{"type": "alert", "text": mrkdwn()}],
    "an unknown key": [section(txt="x")],
    "an unknown key in a text": [section(text=mrkdwn() | {"emoji": True})],
    "an unknown key in an element": [actions(button(colour="red"))],
    "an unknown key in a confirm": [actions(button(confirm=CONFIRM | {"cancel": plain()}))],
    "an unknown element": [actions({"type": "knob", "action_id": "k"})],
    "an input element in actions": [actions(typed())],
    "a datetimepicker beside a section": [
        section(accessory={"type": "datetimepicker", "action_id": "d"})
    ],
    "an empty section": [{"type": "section"}],
    "an empty text": [section(text=mrkdwn(""))],
    "a blank text": [section(text=mrkdwn("  \n"))],
    "text as a string": [section(text="words")],
    "a long section": [section(text=mrkdwn("x" * 3001))],
    "a long field": [section(fields=[mrkdwn("x" * 2001)])],
    "11 fields": [section(fields=[mrkdwn()] * 11)],
    "a long header": [{"type": "header", "text": plain("x" * 151)}],
    "a mrkdwn header": [{"type": "header", "text": mrkdwn()}],
    "11 things in a context": [{"type": "context", "elements": [mrkdwn()] * 11}],
    "a button in a context": [{"type": "context", "elements": [button()]}],
    "26 buttons": [actions(*(button(action_id=f"b{n}") for n in range(26)))],
    "no buttons": [actions()],
    "twice the same action_id": [actions(button(), button())],
    "twice the same block_id": [section(block_id="x"), section(block_id="x")],
    "a long button": [actions(button(text=plain("x" * 76)))],
    "a mrkdwn button": [actions(button(text=mrkdwn()))],
    "a button without text": [actions({"type": "button", "action_id": "x"})],
    "a long button value": [actions(button(value="x" * 2001))],
    "a number as a value": [actions(button(value=7))],
    "a green button": [actions(button(style="success"))],
    "a long confirm title": [actions(button(confirm=CONFIRM | {"title": plain("x" * 101)}))],
    "a long confirm text": [actions(button(confirm=CONFIRM | {"text": mrkdwn("x" * 301)}))],
    "a long confirm button": [actions(button(confirm=CONFIRM | {"confirm": plain("x" * 31)}))],
    "a confirm without deny": [actions(button(confirm={"title": plain(), "text": plain()}))],
    "a long action_id": [actions(button(action_id="x" * 256))],
    "a long block_id": [section(block_id="x" * 256)],
    "101 options": [actions(select(options=[option(f"{n}") for n in range(101)]))],
    "no options": [actions(select(options=[]))],
    "options and groups": [
        actions(select(option_groups=[{"label": plain(), "options": [option()]}]))
    ],
    "a long option": [actions(select(options=[option(words="x" * 76)]))],
    "a long value": [actions(select(options=[option("x" * 151)]))],
    "a long description": [actions(select(options=[option() | {"description": plain("x" * 76)}]))],
    "a mrkdwn option": [actions(select(options=[option() | {"text": mrkdwn()}]))],
    "a url in a select": [actions(select(options=[option() | {"url": "https://x.test"}]))],
    "twice the same value": [actions(select(options=[option("a", "A"), option("a", "B")]))],
    "an initial option not offered": [actions(select(initial_option=option("z", "Z")))],
    "11 radio buttons": [
        actions(
            {
                "type": "radio_buttons",
                "action_id": "r",
                "options": [option(f"{n}") for n in range(11)],
            }
        )
    ],
    "a long placeholder": [actions(select(placeholder=plain("x" * 151)))],
    "an impossible day": [
        actions({"type": "datepicker", "action_id": "d", "initial_date": "2026-02-30"})
    ],
    "an image without alt_text": [{"type": "image", "image_url": "https://x.test"}],
    "an image of nothing": [{"type": "image", "alt_text": "x"}],
    "long markdown": [{"type": "markdown", "text": "x" * 6001}] * 2,
    "two tables": [{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]}] * 2,
    "21 columns": [{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * 21]}],
}


@pytest.mark.parametrize("name", BROKEN_BLOCKS)
def test_a_broken_message_is_found_out(name: str) -> None:
    assert check_message("Words", BROKEN_BLOCKS[name])


@pytest.mark.parametrize("words", [None, "", "  ", "x" * 4001, 7])
def test_a_message_says_itself_in_a_text_of_at_most_4000_characters(words: object) -> None:
    assert check_message(words, CARD)


BROKEN_VIEWS: dict[str, object] = {
    "a long title": modal(section(), title=plain("x" * 25)),
    "a mrkdwn title": modal(section(), title=mrkdwn()),
    "no title": {"type": "modal", "blocks": [section()]},
    "a long submit": modal(section(), submit=plain("x" * 25)),
    "a long close": modal(section(), close=plain("x" * 25)),
    "an input without submit": {
        "type": "modal",
        "title": plain(),
        "blocks": [asking(typed())],
    },
    "101 blocks": modal(*[{"type": "divider"}] * 101),
    "no blocks": modal(),
    "markdown": modal({"type": "markdown", "text": "x"}),
    "a table": modal({"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]}),
    "an unknown key": modal(section(), metadata="x"),
    "what Slack adds": modal(section(), id="V1", hash="1"),
    "long metadata": modal(section(), private_metadata="x" * 3001),
    "metadata that is no string": modal(section(), private_metadata={"a": 1}),
    "a long callback_id": modal(section(), callback_id="x" * 256),
    "twice the same block_id": modal(asking(typed()), asking(typed())),
    "a button in an input": modal(asking(button())),
    "an overflow in an input": modal(asking({"type": "overflow", "options": [option()]})),
    "no label": modal({"type": "input", "element": typed()}),
    "a mrkdwn label": modal(asking(typed(), label=mrkdwn())),
    "a mrkdwn hint": modal(asking(typed(), hint=mrkdwn())),
    "an unknown key in an input": modal(asking(typed(), required=True)),
    "min above max": modal(asking(typed(min_length=9, max_length=3))),
    "max above 3000": modal(asking(typed(max_length=3001))),
    "an initial value too long": modal(asking(typed(max_length=1, initial_value="long"))),
    "milliseconds": modal(
        asking({"type": "datetimepicker", "action_id": "d", "initial_date_time": 1795000000000})
    ),
    "a time as a string": modal(
        asking({"type": "datetimepicker", "action_id": "d", "initial_date_time": "1795000000"})
    ),
    "a negative query": modal(
        asking({"type": "external_select", "action_id": "e", "min_query_length": -1})
    ),
    "options in an external_select": modal(
        asking({"type": "external_select", "action_id": "e", "options": [option()]})
    ),
    "a number without decimals said": modal(asking({"type": "number_input", "action_id": "n"})),
    "dispatching on nothing known": modal(
        asking(typed(dispatch_action_config={"trigger_actions_on": ["on_blur"]}))
    ),
    "two foci": modal(
        asking(typed(focus_on_load=True)), asking(typed(focus_on_load=True), block_id="j")
    ),
    "a bad level": modal({"type": "alert", "text": plain(), "level": "fatal"}),
    "too large": modal(*(section(text=mrkdwn("ü" * 2999)) for _ in range(50))),
    "a workflow": modal(section()) | {"type": "workflow_step"},
    "nothing": None,
}


@pytest.mark.parametrize("name", BROKEN_VIEWS)
def test_a_broken_view_is_found_out(name: str) -> None:
    assert check_view(BROKEN_VIEWS[name])


BROKEN_HOMES: dict[str, object] = {
    "a modal": modal(section()),
    "a title": HOME | {"title": plain()},
    "an alert": HOME | {"blocks": [{"type": "alert", "text": plain()}]},
    "an unknown block": HOME | {"blocks": [{"type": "tile"}]},
    "nothing": None,
}


@pytest.mark.parametrize("name", BROKEN_HOMES)
def test_a_broken_home_is_found_out(name: str) -> None:
    assert check_home(BROKEN_HOMES[name])


BROKEN_OPTIONS: dict[str, object] = {
    "101": {"options": [option(f"{n}") for n in range(101)]},
    "a long one": {"options": [option(words="x" * 76)]},
    "the same value twice": {"options": [option(), option(words="B")]},
    "both kinds": {"options": [], "option_groups": []},
    "neither kind": {},
    "a bare list": [option()],
    "an empty group": {"option_groups": [{"label": plain(), "options": []}]},
}


@pytest.mark.parametrize("name", BROKEN_OPTIONS)
def test_broken_options_are_found_out(name: str) -> None:
    assert check_options(BROKEN_OPTIONS[name])
