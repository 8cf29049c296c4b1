"""Slack's auth.test, users.* and conversations.* methods."""

import base64
from typing import Any

from tests.standins.slack.state import SlackError
from tests.standins.slack.web import Methods, Slack, listed, required, truth
from tests.standins.slack.workspace import JSON, Channel, Message, User

people = Methods()


def _page(items: list[Any], args: JSON, key: str) -> JSON:
    """A page of a list, and where the next begins."""
    start = int(base64.b64decode(args["cursor"])) if args.get("cursor") else 0
    end = start + int(args.get("limit") or 100)
    following = base64.b64encode(str(end).encode()).decode() if end < len(items) else ""
    return {key: items[start:end], "response_metadata": {"next_cursor": following}}


@people.method("auth.test")
def auth_test(slack: Slack, _args: JSON) -> JSON:
    """Who the token is."""
    space = slack.workspace
    told = {"url": f"https://{space.domain}.slack.com/", "team": space.domain.title()}
    told |= {"team_id": space.team, "user": "elevate-bot", "user_id": space.bot_user}
    enterprise = {"enterprise_id": space.enterprise} if space.enterprise else {}
    return told | {"bot_id": space.bot_id, "is_enterprise_install": False} | enterprise


def _told(slack: Slack, user: User) -> JSON:
    return user.told(with_email="users:read.email" in slack.scopes)


@people.method("users.info", "users:read")
def users_info(slack: Slack, args: JSON) -> JSON:
    """A user; the address only with users:read.email."""
    user = slack.workspace.users.get(required(args, "user"))
    if user is None:
        raise SlackError("user_not_found")
    return {"user": _told(slack, user)}


@people.method("users.lookupByEmail", "users:read.email")
def lookup_by_email(slack: Slack, args: JSON) -> JSON:
    """The active member of our workspace with an address."""
    email = required(args, "email").casefold()
    for user in slack.workspace.users.values():
        ours = user.team_id == slack.workspace.team and not user.deleted
        if ours and user.email is not None and user.email.casefold() == email:
            return {"user": _told(slack, user)}
    raise SlackError("users_not_found")


@people.method("users.list", "users:read")
def users_list(slack: Slack, args: JSON) -> JSON:
    """Everyone, a page at a time."""
    return _page([_told(slack, one) for one in slack.workspace.users.values()], args, "members")


def _kind(channel: Channel) -> str:
    if channel.dm_with is not None:
        return "im"
    return "groups" if channel.is_private else "channels"


def _readable(slack: Slack, args: JSON, what: str) -> Channel:
    channel = slack.seen_channel(required(args, "channel"))
    slack.need(f"{_kind(channel)}:{what}")
    return channel


@people.method("conversations.open", "im:write")
def conversations_open(slack: Slack, args: JSON) -> JSON:
    """Opens the direct message with one person."""
    users = listed(args.get("users"))
    if args.get("channel") in slack.workspace.channels:
        return {"channel": {"id": args["channel"]}}
    if not users:
        raise SlackError("users_list_not_supplied")
    if len(users) > 1:
        slack.need("mpim:write")
        raise SlackError("invalid_user_combination")
    user = slack.workspace.users.get(users[0])
    if user is None:
        raise SlackError("user_not_found")
    if user.deleted:
        raise SlackError("user_disabled")
    if user.team_id != slack.workspace.team or user.is_bot:
        raise SlackError("invalid_user_combination")
    known = user.id in slack.workspace.dms
    opened: JSON = {"channel": {"id": slack.workspace.dm(user).id}}
    return opened | ({"no_op": True, "already_open": True} if known else {})


@people.method("conversations.info")
def conversations_info(slack: Slack, args: JSON) -> JSON:
    """A conversation; a private one only from inside."""
    channel = _readable(slack, args, "read")
    told = channel.told(slack.workspace.bot_user, slack.workspace.team)
    if truth(args.get("include_num_members")):
        told["num_members"] = len(channel.members)
    return {"channel": told}


@people.method("conversations.join", "channels:join")
def conversations_join(slack: Slack, args: JSON) -> JSON:
    """Lets the bot join a public channel."""
    channel = slack.seen_channel(required(args, "channel"))
    if channel.is_private or channel.dm_with is not None:
        raise SlackError("method_not_supported_for_channel_type")
    if channel.is_archived:
        raise SlackError("is_archived")
    channel.members.add(slack.workspace.bot_user)
    return {"channel": channel.told(slack.workspace.bot_user, slack.workspace.team)}


@people.method("conversations.members")
def conversations_members(slack: Slack, args: JSON) -> JSON:
    """Who is in it."""
    return _page(sorted(_readable(slack, args, "read").members), args, "members")


@people.method("conversations.list")
def conversations_list(slack: Slack, args: JSON) -> JSON:
    """The conversations that the bot may know of."""
    scopes = {"public_channel": "channels", "private_channel": "groups", "im": "im"}
    wanted = [scopes.get(kind, "mpim") for kind in listed(args.get("types"))] or ["channels"]
    for kind in wanted:
        slack.need(f"{kind}:read")
    space = slack.workspace
    seen = [one for one in space.channels.values() if _kind(one) in wanted and slack.sees(one)]
    if truth(args.get("exclude_archived")):
        seen = [one for one in seen if not one.is_archived]
    return _page([one.told(space.bot_user, space.team) for one in seen], args, "channels")


def _history(slack: Slack, args: JSON) -> Channel:
    channel = _readable(slack, args, "history")
    if slack.workspace.bot_user not in channel.members:
        raise SlackError("not_in_channel")
    return channel


def _messages(found: list[Message], args: JSON) -> JSON:
    full = truth(args.get("include_all_metadata"))
    oldest, latest = str(args.get("oldest") or "0"), str(args.get("latest") or "9" * 10)
    exact = truth(args.get("inclusive"))
    ends = (oldest, latest) if exact else ()
    within = [one for one in found if oldest < one.ts < latest or one.ts in ends]
    told = _page([one.told(with_metadata=full) for one in within], args, "messages")
    return told | {"has_more": bool(told["response_metadata"]["next_cursor"])}


@people.method("conversations.history")
def conversations_history(slack: Slack, args: JSON) -> JSON:
    """The top level of a conversation, newest first."""
    return _messages(_history(slack, args).messages[::-1], args)


@people.method("conversations.replies")
def conversations_replies(slack: Slack, args: JSON) -> JSON:
    """A message and the replies below it, oldest first."""
    channel = _history(slack, args)
    parent = channel.message(str(required(args, "ts")))
    if parent is None:
        raise SlackError("thread_not_found")
    return _messages([parent, *channel.thread(parent)], args)
