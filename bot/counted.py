"""Slack's Web API, with each call told to whoever counts them."""

from collections.abc import Callable
from enum import StrEnum
from time import monotonic
from typing import Any

from slack_bolt import BoltRequest, BoltResponse
from slack_bolt.middleware import Middleware
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

Hears = Callable[[str, str, float], object]
"""Told of each call: its method, what came of it, and after how many seconds."""


class Outcome(StrEnum):
    """What came of a call."""

    OK = "ok"
    LIMITED = "limited"
    """429."""
    REFUSED = "refused"
    """Slack said no, with a word for why."""
    FAILED = "failed"
    """An answer that is none of Slack's."""
    LOST = "lost"
    """No answer."""


class Counted(WebClient):
    """A client that differs in nothing else."""

    def __init__(self, hears: Hears, **options: Any) -> None:
        """`options` are the library's own."""
        super().__init__(**options)
        self._hears = hears

    def api_call(self, api_method: str, **said: Any) -> SlackResponse:
        """Every method of the library's goes through here."""
        began, outcome = monotonic(), Outcome.LOST
        try:
            answer = super().api_call(api_method, **said)
            outcome = Outcome.OK
        except SlackApiError as error:
            outcome = _outcome(error)
            raise
        finally:
            self._hears(api_method, outcome, monotonic() - began)
        return answer


class Handed(Middleware):
    """Gives listeners this client. Bolt makes a plain one for each payload, so that its token may be
    changed; ours has one token, and is counted.
    """

    def __init__(self, web: Counted) -> None:
        """Shared by all threads: it keeps nothing of a call."""
        self._web = web

    def process(
        self,
        *,
        req: BoltRequest,
        resp: BoltResponse,
        next: Callable[[], BoltResponse],  # noqa: A002 - Bolt's name
    ) -> BoltResponse:
        """Nobody is turned away here."""
        req.context["client"] = self._web
        return next()


def _outcome(error: SlackApiError) -> Outcome:
    status = getattr(error.response, "status_code", 200)
    if status == 429:
        return Outcome.LIMITED
    return Outcome.REFUSED if status < 300 else Outcome.FAILED
