"""What is handed to whoever answers a word after `/elevate`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from slack_bolt import Ack, Respond
from slack_sdk import WebClient

from handlers.front import Front


@dataclass(frozen=True, slots=True)
class Typed:
    """A word that somebody typed, and the ways to answer it."""

    word: str
    rest: str
    """What stands after it, as typed."""
    ack: Ack
    respond: Respond
    body: dict[str, Any]
    client: WebClient
    front: Front


Answer: TypeAlias = Callable[[Typed], None]
"""Acks first, then answers to whoever typed it alone (`handlers.answering`)."""
