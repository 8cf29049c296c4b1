"""What came of something a person did."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.standins.slack.standin import SlackStandIn
from tests.standins.slack.state import SlackError
from tests.standins.slack.web_views import checked
from tests.standins.slack.workspace import JSON, View

Kind = Literal["closed", "cleared", "errors", "updated", "pushed", "blocked", "failed"]


@dataclass(frozen=True, slots=True)
class Reply:
    """The app's answer; status 0 is none at all."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        """Whether Slack takes it for an answer."""
        return self.status == 200

    @property
    def is_json(self) -> bool:
        """Whether it says so."""
        return "json" in self.headers.get("content-type", "")

    @property
    def json(self) -> Any:
        """Its content, None when it is empty or no JSON."""
        return json.loads(self.body) if self.is_json and self.body.strip() else None


@dataclass(frozen=True, slots=True)
class Option:
    """One entry of a select."""

    text: str
    value: str
    description: str | None

    @classmethod
    def of(cls, option: JSON) -> "Option":
        """From Block Kit."""
        description = option.get("description") or {}
        return cls(option["text"]["text"], option["value"], description.get("text"))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a submission came to; `errors` by label, `view` what is then before the person."""

    kind: Kind
    errors: dict[str, str] = field(default_factory=dict)
    view: View | None = None
    reply: Reply | None = None

    @property
    def closed(self) -> bool:
        """Whether the form went away."""
        return self.kind in ("closed", "cleared")


def of(slack: SlackStandIn, view: View, reply: Reply) -> Outcome:
    """Do what the app answered to a submission."""
    if not reply.ok:
        return Outcome("failed", view=view, reply=reply)
    if reply.body.strip() and not isinstance(reply.json, dict):
        slack.violate("view_submission", ["the answer is no JSON object"])
        return Outcome("failed", view=view, reply=reply)
    try:
        kind, errors = _do(slack, view, reply.json or {})
    except SlackError as refusal:
        slack.violate("response_action", [refusal.code])
        return Outcome("failed", view=view, reply=reply)
    return Outcome(kind, errors, slack.workspace.top(view.user), reply)


def _do(slack: SlackStandIn, view: View, answer: JSON) -> tuple[Kind, dict[str, str]]:
    space = slack.workspace
    match answer.get("response_action"):
        case None:
            _close(slack, view)
            return "closed", {}
        case "clear":
            space.stacks[view.user] = []
            return "cleared", {}
        case "errors":
            return "errors", _errors(view, answer.get("errors") or {})
        case "update":
            space.change_view(view, checked(slack, "response_action", answer.get("view")))
            return "updated", {}
        case "push":
            body = checked(slack, "response_action", answer.get("view"))
            space.add_view(view.user, body, push=True)
            return "pushed", {}
        case unknown:
            raise SlackError(f"unknown_response_action {unknown}")


def _close(slack: SlackStandIn, view: View) -> None:
    stack = [one for one in slack.workspace.stacks.get(view.user, []) if one is not view]
    slack.workspace.stacks[view.user] = [] if view.body.get("clear_on_close") else stack


def _errors(view: View, errors: dict[str, str]) -> dict[str, str]:
    labels = {b["block_id"]: b["label"]["text"] for b in view.blocks if b["type"] == "input"}
    unknown = errors.keys() - labels.keys()
    if unknown or not errors or not all(errors.values()):
        raise SlackError(f"invalid_errors {sorted(unknown)}")
    return {labels[block_id]: words for block_id, words in errors.items()}
