"""A tiny Bolt app with one form and one card, to try the stand-in on."""

from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from slack_bolt import Ack, App
from slack_sdk import WebClient

from tests.standins.slack.standin import SlackStandIn

JSON = dict[str, Any]
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
START = int(NOON.timestamp())


def plain(words: str) -> JSON:
    return {"type": "plain_text", "text": words}


def option(words: str, value: str) -> JSON:
    return {"text": plain(words), "value": value}


def button(words: str, action_id: str, **more: Any) -> JSON:
    return {"type": "button", "text": plain(words), "action_id": action_id, **more}


def asking(label: str, block_id: str, element: JSON, **more: Any) -> JSON:
    element = {"action_id": "value"} | element
    return {
        "type": "input",
        "block_id": block_id,
        "label": plain(label),
        "element": element,
        **more,
    }


def form(account: str = "none") -> JSON:
    return {
        "type": "modal",
        "callback_id": "form",
        "title": plain("Request"),
        "submit": plain("Send"),
        "private_metadata": account,
        "notify_on_close": True,
        "blocks": [
            asking(
                "Account",
                "account",
                {"type": "static_select", "options": [option("Dev", "d"), option("Prod", "p")]},
                dispatch_action=True,
            ),
            asking("Role", f"role-{account}", {"type": "external_select", "min_query_length": 1}),
            asking("Duration", "duration", {"type": "plain_text_input", "initial_value": "1h"}),
            asking("Why", "why", {"type": "plain_text_input", "max_length": 5}, optional=True),
            asking(
                "Start",
                "start",
                {"type": "datetimepicker", "initial_date_time": START},
                optional=True,
            ),
            asking(
                "Terms",
                "terms",
                {"type": "checkboxes", "options": [option("Yes", "y"), option("No", "n")]},
                optional=True,
            ),
            asking("For", "for", {"type": "users_select"}, optional=True),
            asking("In", "in", {"type": "conversations_select"}, optional=True),
            asking(
                "Kind",
                "kind",
                {"type": "radio_buttons", "options": [option("A", "a"), option("B", "b")]},
                optional=True,
            ),
            {"type": "actions", "elements": [button("Start Later", "later")]},
        ],
    }


def card(words: str) -> list[JSON]:
    return [
        {"type": "section", "text": {"type": "mrkdwn", "text": words}},
        {
            "type": "actions",
            "block_id": "decide",
            "elements": [
                button("Approve", "approve", value="R1"),
                button("Whisper", "whisper", value="R1"),
                {"type": "overflow", "action_id": "more", "options": [option("Show", "show")]},
            ],
        },
    ]


@dataclass
class Heard:
    """What reached the app."""

    payloads: list[JSON] = field(default_factory=list)
    answer: JSON | None = None

    @property
    def last(self) -> JSON:
        return self.payloads[-1]

    def state(self) -> dict[str, Any]:
        values = self.last["view"]["state"]["values"]
        return {block: next(iter(found.values())) for block, found in values.items()}


def an_app(slack: SlackStandIn, heard: Heard, listeners: Executor) -> App:
    web = WebClient(slack.token, base_url=slack.url)
    app = App(client=web, signing_secret=slack.signing_secret, listener_executor=listeners)

    @app.command("/elevate")
    def command(ack: Ack, body: JSON, client: WebClient) -> None:
        heard.payloads.append(body)
        if body["text"]:
            ack(f"You said {body['text']}")
            return
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=form())

    @app.shortcut("request")
    def shortcut(ack: Ack, body: JSON, client: WebClient) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=form())

    @app.action({"type": "block_actions", "block_id": "account", "action_id": "value"})
    def account(ack: Ack, body: JSON, client: WebClient) -> None:
        ack()
        heard.payloads.append(body)
        chosen = body["actions"][0]["selected_option"]["value"]
        view = body["view"]
        client.views_update(view_id=view["id"], hash=view["hash"], view=form(chosen))

    @app.options("value")
    def roles(ack: Ack, body: JSON) -> None:
        heard.payloads.append(body)
        name = f"{body['value']} in {body['view']['private_metadata']}"
        ack(options=[option(name, name)])

    @app.view("form")
    def submitted(ack: Ack, body: JSON) -> None:
        heard.payloads.append(body)
        ack(**heard.answer) if heard.answer else ack()

    @app.view_closed("form")
    def closed(ack: Ack, body: JSON) -> None:
        heard.payloads.append(body)
        ack()

    @app.event("app_home_opened")
    def home(event: JSON, body: JSON, client: WebClient) -> None:
        heard.payloads.append(body)
        client.views_publish(
            user_id=event["user"], view={"type": "home", "blocks": card("Waiting: R1")}
        )

    @app.action("whisper")
    def whisper(ack: Ack, body: JSON, client: WebClient) -> None:
        ack()
        where = body["channel"]["id"]
        client.chat_postEphemeral(channel=where, user=body["user"]["id"], text="psst")

    @app.action("approve")
    @app.action("later")
    @app.action("more")
    def pressed(ack: Ack, body: JSON, respond: Any) -> None:
        ack()
        heard.payloads.append(body)
        if "message" in body:
            respond(text="Done", replace_original=True)

    return app
