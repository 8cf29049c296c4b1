"""Over Socket Mode nobody who waits for an answer is left without one when the bot is told to stop."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from slack_bolt.adapter.socket_mode.websocket_client import SocketModeHandler
from websocket import WebSocket, WebSocketApp

from bot.run import drain
from tests.world import DEFAULT, World

ROUNDS = 5


class Line(WebSocketApp):
    """An open connection: what was answered over it, by envelope."""

    def __init__(self) -> None:
        super().__init__("ws://127.0.0.1:9/none")
        self.answered: list[str] = []
        self.sock = WebSocket()
        self._closed = Event()

    def send(self, data: Any, *_: Any, **__: Any) -> None:
        self.answered.append(json.loads(data)["envelope_id"])

    def run_forever(self, *_: Any, **__: Any) -> bool:
        self._closed.wait()
        return False

    def close(self, **_: Any) -> None:
        self._closed.set()


def envelope(number: int, payload: dict[str, Any]) -> str:
    kind = "slash_commands"
    body = {"type": kind, "envelope_id": f"E{number}", "payload": payload}
    return json.dumps({**body, "accepts_response_payload": True})


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_whoever_waits_when_the_bot_is_told_to_stop_is_answered_first(world: World) -> None:
    world.opens("bob")
    for number in range(ROUNDS):
        reached, go_on = Event(), Event()
        handler = SocketModeHandler(world.bot.app, "xapp-1-A-1-example")
        line = Line()
        handler.client.current_session = line
        world.bot.app.middleware(holding(reached, go_on))
        handler.client.enqueue_message(envelope(number, command(world)))
        assert reached.wait(30)

        with ThreadPoolExecutor(1) as stopping:
            done = stopping.submit(drain, handler)
            go_on.set()
            done.result(30)

        assert line.answered == [f"E{number}"]
        handler.close()  # type: ignore[no-untyped-call]  # Bolt leaves it untyped


def holding(reached: Event, go_on: Event) -> Callable[..., Any]:
    """A middleware in which the payload stays until it may go on."""

    def hold(next: Callable[[], Any]) -> Any:  # noqa: A002 - Bolt injects by this name
        reached.set()
        assert go_on.wait(30)
        return next()

    return hold


def command(world: World) -> dict[str, Any]:
    return {
        "command": "/elevate",
        "text": "help",
        "user_id": "UBOB",
        "team_id": world.slack.user("bob").team_id,
        "channel_id": DEFAULT,
        "trigger_id": "1.2.3",
        "response_url": "http://127.0.0.1:9/none",
        "token": "none",
    }
