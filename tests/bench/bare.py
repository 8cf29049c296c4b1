"""The yardstick: a bare Bolt listener, over the same transport, that does the constant version of the same.

`python -m tests.bench.bare '{"form": {…}, "options": […], "asks": {"store": …, "user": …, "groups": […]}}'`
"""

import json
import os
import re
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
from slack_bolt import Ack, App
from slack_bolt.adapter.wsgi import SlackRequestHandler
from slack_sdk import WebClient

from bot.serve import Server
from bot.slack import LISTENERS, TIMEOUT
from grants.aws.clients import QUICK

ANY = re.compile(".*", re.DOTALL)


def bare(words: dict[str, Any]) -> App:
    client = WebClient(
        token=os.environ["SLACK_BOT_TOKEN"],
        base_url=os.environ["SLACK_API_URL"],
        timeout=TIMEOUT,
        retry_handlers=[],
    )
    app = App(
        name="bare",
        client=client,
        signing_secret=os.environ["SLACK_SIGNING_SECRET"],
        listener_executor=ThreadPoolExecutor(LISTENERS),
        token_verification_enabled=False,
    )
    beside_aws = asks(words["asks"]) if "asks" in words else lambda: None

    @app.command(ANY)
    def opens(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=words["form"])

    @app.options(ANY)
    def offers(ack: Ack) -> None:
        ack(options=words["options"])

    @app.action(ANY)
    def pressed(ack: Ack) -> None:
        beside_aws()
        ack()

    return app


def asks(words: dict[str, Any]) -> Callable[[], None]:
    """Whether somebody is there and of these groups, both at the same time."""
    store = boto3.Session(region_name=os.environ["AWS_REGION"]).client(
        "identitystore", config=QUICK
    )
    pool = ThreadPoolExecutor(LISTENERS)

    def ask() -> None:
        calls = (
            pool.submit(store.describe_user, IdentityStoreId=words["store"], UserId=words["user"]),
            pool.submit(
                store.is_member_in_groups,
                IdentityStoreId=words["store"],
                MemberId={"UserId": words["user"]},
                GroupIds=words["groups"],
            ),
        )
        for call in calls:
            call.result()

    return ask


def main() -> None:
    app = bare(json.loads(sys.argv[1]))
    server = Server(SlackRequestHandler(app, path="/slack/events"), host="127.0.0.1", port=0)
    sys.stdout.write(f"listening on port {server.port}\n")
    sys.stdout.flush()
    server.run()


if __name__ == "__main__":
    main()
