"""Whether Slack is usable: the tokens, their scopes, and the channels that the policies name."""

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, Final, TypeVar

import yaml
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.findings import Finding, Findings, Verdict
from bot.settings import Settings
from grants.model import ChannelId
from grants.policy import PolicyBook
from handlers.channels import SHARED, flaw

T = TypeVar("T")
Answered = Generator[Finding, None, T | None]

FLAWS: Final = {
    "is_archived": "is archived: name another in the policies",
    SHARED: "is shared with another organization, so that no card goes there",
    "not_in_channel": "is without the bot: /invite it there",
}
MANIFEST: Final = Path(__file__).parent.parent / "manifest.yml"
WAITS: Final = 5
"""Seconds for each call."""


def slack(settings: Settings, book: PolicyBook | None) -> Findings:
    """Asks Slack itself; posts nothing."""
    client = WebClient(
        token=settings.slack_bot_token.get_secret_value(),
        base_url=settings.slack_api_url,
        timeout=WAITS,
        retry_handlers=[],
    )
    said = yield from _asked_slack(
        lambda: client.auth_test(), "the bot's token", {"invalid_auth": "take it anew, xoxb-…"}
    )
    if said is None:
        return
    yield Finding(Verdict.OK, "Slack", f"the bot is in {said.get('team')} ({said.get('team_id')})")
    headers = {name.lower(): value for name, value in dict(said.headers).items()}
    yield _scopes(headers.get("x-oauth-scopes"))
    yield from _transport(settings, client)
    for channel in _channels(book):
        yield from _channel(client, channel)


def _asked_slack(ask: Callable[[], T], what: str, advice: dict[str, str]) -> Answered[T]:
    try:
        return ask()
    except SlackApiError as error:
        code = str(error.response.get("error") or "no reason given")
        hint = f": {advice[code]}" if code in advice else ""
        yield Finding(Verdict.FAIL, "Slack", f"{what}: {code}{hint}")
    except (SlackClientError, OSError, ValueError) as error:
        why = (
            f"Slack does not answer ({type(error).__name__}); see to SLACK_API_URL and the network"
        )
        yield Finding(Verdict.FAIL, "Slack", f"{what}: {why}")
    return None


def _scopes(header: str | None) -> Finding:
    wanted = frozenset(manifest()["oauth_config"]["scopes"]["bot"])
    if header is None:
        return Finding(Verdict.NOTE, "Slack", "it does not say which scopes the token has")
    given = frozenset(scope.strip() for scope in header.split(",") if scope.strip())
    if missing := sorted(wanted - given):
        what = f"the scopes {', '.join(missing)} are missing: apply manifest.yml, then reinstall"
        return Finding(Verdict.FAIL, "Slack", what)
    if more := sorted(given - wanted):
        what = f"the token may more than it needs ({', '.join(more)}): see manifest.yml"
        return Finding(Verdict.NOTE, "Slack", what)
    return Finding(Verdict.OK, "Slack", "the token has the scopes of manifest.yml, and no other")


def manifest() -> dict[str, Any]:
    """The Slack app's manifest, which says what the bot needs."""
    found: dict[str, Any] = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
    return found


def _transport(settings: Settings, client: WebClient) -> Findings:
    token = settings.slack_app_token
    if token is None:
        yield Finding(Verdict.NOTE, "Slack", "HTTP: whether Slack reaches us cannot be seen here")
        return
    opened = yield from _asked_slack(
        lambda: client.apps_connections_open(app_token=token.get_secret_value()),
        "the app-level token",
        {"missing_scope": "it needs connections:write", "invalid_auth": "take it anew, xapp-…"},
    )
    if opened is not None:
        yield Finding(Verdict.OK, "Slack", "Socket Mode: the app-level token opens connections")


def _channels(book: PolicyBook | None) -> list[ChannelId]:
    if book is None:
        return []
    own = (policy.channel for policy in book.approval)
    named = (*own, book.settings.default_channel, book.settings.audit_channel)
    return list(dict.fromkeys(channel for channel in named if channel))


def _channel(client: WebClient, channel: ChannelId) -> Findings:
    said = yield from _asked_slack(
        lambda: client.conversations_info(channel=channel)["channel"],
        f"channel {channel}",
        {"channel_not_found": "there is none of this id, or it is private: invite the bot to it"},
    )
    if said is None:
        return
    name = f"#{said.get('name') or channel} ({channel})"
    wrong = FLAWS.get(flaw(said), "")
    if wrong:
        yield Finding(Verdict.FAIL, "Slack", f"{name} {wrong}")
    if not wrong:
        yield Finding(Verdict.OK, "Slack", f"{name} is within reach")
