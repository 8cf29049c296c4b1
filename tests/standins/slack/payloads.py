"""The payloads that Slack sends for what a person does."""

from copy import deepcopy
from typing import Any

from tests.standins.slack.form import state_of
from tests.standins.slack.standin import SlackStandIn
from tests.standins.slack.web_views import told
from tests.standins.slack.workspace import JSON, Channel, Message, User, View


def _from(slack: SlackStandIn, user: User, kind: str) -> JSON:
    space = slack.workspace
    enterprise = {"id": space.enterprise, "name": "Elevate Org"} if space.enterprise else None
    who = {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team_id}
    return {
        "type": kind,
        "team": {"id": space.team, "domain": space.domain},
        "user": who,
        "api_app_id": space.app_id,
        "token": slack.verification_token,
        "enterprise": enterprise,
        "is_enterprise_install": False,
    }


def full(slack: SlackStandIn, view: View) -> JSON:
    """The view with the complete state."""
    state = state_of(view, untouched_are_told=slack.untouched_are_told)
    return told(slack, view, deepcopy(state))


def command(slack: SlackStandIn, user: User, channel: Channel, text: str) -> JSON:
    """A slash command; a form, not JSON."""
    space = slack.workspace
    enterprise = {"enterprise_id": space.enterprise} if space.enterprise else {}
    return enterprise | {
        "token": slack.verification_token,
        "team_id": space.team,
        "team_domain": space.domain,
        "channel_id": channel.id,
        "channel_name": "directmessage" if channel.dm_with else channel.name,
        "user_id": user.id,
        "user_name": user.name,
        "command": slack.command,
        "text": text,
        "api_app_id": space.app_id,
        "is_enterprise_install": "false",
        "response_url": _response_url(slack, user, channel.id, None),
        "trigger_id": space.new_trigger(user.id),
    }


def _response_url(slack: SlackStandIn, user: User, where: str, message: Message | None) -> str:
    return f"{slack.origin}/response/{slack.workspace.response_url(user.id, where, message)}"


def shortcut(slack: SlackStandIn, user: User, callback_id: str) -> JSON:
    """A global shortcut."""
    return _from(slack, user, "shortcut") | {
        "callback_id": callback_id,
        "trigger_id": slack.workspace.new_trigger(user.id),
        "action_ts": slack.workspace.new_ts(),
    }


def message_actions(slack: SlackStandIn, user: User, message: Message, action: JSON) -> JSON:
    """A click below a message."""
    space = slack.workspace
    channel = space.channels[message.channel]
    ephemeral = message.shown_to is not None
    container: JSON = {"type": "message", "message_ts": message.ts, "channel_id": channel.id}
    container |= {"is_ephemeral": ephemeral}
    if message.thread_ts:
        container["thread_ts"] = message.thread_ts
    everything = [*channel.everything, *space.ephemerals]
    live = next((one for one in everything if one.ts == message.ts), None)
    shown = {} if ephemeral else {"message": message.told()}
    name = "directmessage" if channel.dm_with else channel.name
    return shown | {
        **_from(slack, user, "block_actions"),
        "container": container,
        "channel": {"id": channel.id, "name": name},
        "state": {"values": {}},
        "trigger_id": space.new_trigger(user.id),
        "response_url": _response_url(slack, user, channel.id, live),
        "actions": [action | {"action_ts": space.new_ts()}],
    }


def view_actions(slack: SlackStandIn, user: User, view: View, action: JSON) -> JSON:
    """A click, a choice or an entry in a view; the state is complete."""
    return _from(slack, user, "block_actions") | {
        "container": {"type": "view", "view_id": view.id},
        "view": full(slack, view),
        "trigger_id": slack.workspace.new_trigger(user.id),
        "actions": [action | {"action_ts": slack.workspace.new_ts()}],
    }


def suggestion(slack: SlackStandIn, user: User, view: View, where: JSON, typed: str) -> JSON:
    """Someone types into a searching select; the state does not know what else they entered."""
    return _from(slack, user, "block_suggestion") | {
        "container": {"type": "view", "view_id": view.id},
        "view": told(slack, view),
        "value": typed,
        **where,
    }


def submission(slack: SlackStandIn, user: User, view: View) -> JSON:
    """Someone sends the form."""
    return _from(slack, user, "view_submission") | {
        "view": full(slack, view),
        "trigger_id": slack.workspace.new_trigger(user.id),
        "response_urls": [],
    }


def closing(slack: SlackStandIn, user: User, view: View, *, cleared: bool) -> JSON:
    """Someone closes the form."""
    return _from(slack, user, "view_closed") | {"view": full(slack, view), "is_cleared": cleared}


def event(slack: SlackStandIn, fields: dict[str, Any]) -> JSON:
    """An event in its envelope."""
    space = slack.workspace
    authorization: JSON = {"enterprise_id": space.enterprise, "team_id": space.team}
    authorization |= {"user_id": space.bot_user, "is_bot": True, "is_enterprise_install": False}
    return {
        "token": slack.verification_token,
        "team_id": space.team,
        "api_app_id": space.app_id,
        "event": {"event_ts": space.new_ts(), **fields},
        "type": "event_callback",
        "event_id": space.new_id("Ev"),
        "event_time": int(slack.clock().timestamp()),
        "authorizations": [authorization],
        "is_ext_shared_channel": False,
        "event_context": space.new_id("4-"),
    }


def home_opened(slack: SlackStandIn, user: User, tab: str) -> JSON:
    """Someone opens the app's home or messages tab."""
    space = slack.workspace
    fields: JSON = {"type": "app_home_opened", "user": user.id, "tab": tab}
    fields["channel"] = space.dm(user).id
    if user.id in space.homes:
        fields["view"] = full(slack, space.homes[user.id])
    return event(slack, fields)
