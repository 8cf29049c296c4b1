"""How what a person does is signed, sent and answered."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from http.client import HTTPException
from typing import Literal, Self
from urllib.parse import urlencode

from slack_sdk.signature import Clock

from tests.standins.slack.deliver import Deliver, sign
from tests.standins.slack.outcome import Reply
from tests.standins.slack.standin import SlackStandIn
from tests.standins.slack.tamper import Twist
from tests.standins.slack.workspace import JSON, User

FORM = "application/x-www-form-urlencoded"
PATIENCE = 2.0
Signature = Literal["good", "bad", "none"]


@dataclass(frozen=True, slots=True)
class Line:
    """The way to the app; `settle` waits for what goes on after an answer.

    Without a `signing_clock` signatures bear the time of the clock that Bolt's verifier reads.
    """

    slack: SlackStandIn
    deliver: Deliver
    settle: Callable[[], None] | None = None
    signing_clock: Callable[[], datetime] | None = None
    strict_client: bool = False


@dataclass(frozen=True, slots=True)
class Wire:
    """One person's payloads, true or tampered with."""

    line: Line = field(repr=False)
    user: User
    twists: tuple[Twist, ...] = ()
    signature: Signature = "good"
    age: timedelta = timedelta(0)
    sent: list[tuple[bytes, dict[str, str]]] = field(default_factory=list, repr=False)

    @property
    def slack(self) -> SlackStandIn:
        """Where they are."""
        return self.line.slack

    @property
    def id(self) -> str:
        """Their user id."""
        return self.user.id

    def tampering(
        self, *twists: Twist, signature: Signature = "good", age: timedelta = timedelta(0)
    ) -> Self:
        """The same person, whose payloads lie; `age` makes their signature old."""
        return replace(self, twists=twists, signature=signature, age=age)

    def raw(
        self,
        payload: JSON,
        *,
        kind: Literal["interactive", "event"] = "interactive",
        settled: bool = True,
    ) -> Reply:
        """Send any payload, signed."""
        for twist in self.twists:
            twist(payload)
        if kind == "event":
            return self._send(
                json.dumps(payload).encode(), "application/json", str(payload.get("type"))
            )
        body = urlencode({"payload": json.dumps(payload)}).encode()
        return self._send(body, FORM, str(payload.get("type")), settled=settled)

    def replay(self) -> Reply:
        """Send the very same bytes and signature once more."""
        body, headers = self.sent[-1]
        return self._deliver(body, headers, "replay")

    def redeliver(self, number: int = 1, reason: str = "http_timeout") -> Reply:
        """Send the last event again, as Slack does when it was not answered."""
        body, _ = self.sent[-1]
        headers = self._headers(body, "application/json")
        headers |= {"X-Slack-Retry-Num": str(number), "X-Slack-Retry-Reason": reason}
        return self._deliver(body, headers, "event")

    def form(self, payload: JSON) -> Reply:
        """Send a command's form, signed."""
        for twist in self.twists:
            twist(payload)
        return self._send(urlencode(payload).encode(), FORM, str(payload.get("command")))

    def _send(self, body: bytes, content: str, what: str, *, settled: bool = True) -> Reply:
        headers = self._headers(body, content)
        self.sent.append((body, headers))
        return self._deliver(body, headers, what, settled=settled)

    def _headers(self, body: bytes, content: str) -> dict[str, str]:
        given = self.line.signing_clock
        now = given().timestamp() if given else Clock().now()
        timestamp = str(int(now - self.age.total_seconds()))
        secret = self.slack.signing_secret if self.signature == "good" else "another-secret"
        headers = {"Content-Type": content, "X-Slack-Request-Timestamp": timestamp}
        if self.signature != "none":
            headers["X-Slack-Signature"] = sign(secret, timestamp, body)
        return headers

    def _deliver(
        self, body: bytes, headers: dict[str, str], what: str, *, settled: bool = True
    ) -> Reply:
        try:
            status, answered, content = self.line.deliver(body, dict(headers))
        except (OSError, HTTPException) as problem:
            status, answered, content = 0, {}, repr(problem).encode()
        reply = Reply(status, {name.lower(): value for name, value in answered.items()}, content)
        if not reply.ok:
            self.slack.troubles.append(f"{self.user.name}: {what}: {status} {content[:200]!r}")
        if settled:
            self.settle()
        return reply

    def settle(self) -> None:
        if self.line.settle is not None:
            self.line.settle()
