"""Slack's chat.* methods."""

from copy import deepcopy
from typing import Any

from tests.standins.blockkit import check_message
from tests.standins.slack.state import SlackError
from tests.standins.slack.web import Methods, Slack, required
from tests.standins.slack.workspace import JSON, Channel, Message

chat = Methods()
CUT_ABOVE = 40_000


def content(slack: Slack, method: str, args: JSON) -> tuple[str, list[JSON]]:
    """The text and blocks of a message to be, checked as strictly as Slack would and a bit more."""
    text, blocks = args.get("text") or "", args.get("blocks")
    if not text.strip() and not blocks:
        slack.violate(method, ["neither text nor blocks"])
        raise SlackError("no_text")
    problems = check_message(text, blocks)
    if not slack.text_required and not text:
        problems = [problem for problem in problems if not problem.startswith("text:")]
    slack.violate(method, problems)
    if len(text) > slack.text_most:
        raise SlackError("msg_too_long")
    wrong = [problem for problem in problems if not problem.startswith("text:")]
    if wrong:
        raise SlackError("invalid_blocks", response_metadata={"messages": wrong})
    if len(args.get("attachments") or []) > 100:
        raise SlackError("too_many_attachments")
    return text[:CUT_ABOVE], deepcopy(blocks or [])


def _conversation(slack: Slack, where: str) -> Channel:
    """Where a post goes: a channel, or the direct message of a user's id."""
    space = slack.workspace
    if where in space.users:
        user = space.users[where]
        if user.deleted or user.is_bot or user.team_id != space.team:
            raise SlackError("channel_not_found")
        if not slack.messages_tab:
            raise SlackError("messages_tab_disabled")
        return space.dm(user)
    return slack.seen_channel(where.removeprefix("#"), by_name=True)


def _parent(channel: Channel, thread_ts: str | None) -> None:
    if thread_ts is None:
        return
    parent = channel.message(str(thread_ts))
    if parent is None or parent.subtype == "tombstone":
        raise SlackError("thread_not_found")
    if parent.thread_ts not in (None, parent.ts):
        raise SlackError("cannot_reply_to_message")


def _metadata(args: JSON) -> JSON | None:
    metadata: JSON | None = args.get("metadata") or None
    if metadata is not None and not {"event_type", "event_payload"} <= metadata.keys():
        raise SlackError("invalid_metadata_format")
    return metadata


@chat.method("chat.postMessage", "chat:write")
def post_message(slack: Slack, args: JSON) -> JSON:
    """Posts, where the bot may."""
    channel = _conversation(slack, required(args, "channel"))
    slack.limit_posts(channel.id)
    if channel.is_archived:
        raise SlackError("is_archived")
    outside = slack.workspace.bot_user not in channel.members
    if outside and (channel.is_private or "chat:write.public" not in slack.scopes):
        raise SlackError("not_in_channel")
    text, blocks = content(slack, "chat.postMessage", args)
    _parent(channel, args.get("thread_ts"))
    message = slack.workspace.write(
        channel,
        text,
        blocks,
        thread_ts=args.get("thread_ts"),
        metadata=_metadata(args),
        reply_broadcast=bool(args.get("reply_broadcast")),
    )
    return _posted(message)


def _posted(message: Message) -> JSON:
    return {"channel": message.channel, "ts": message.ts, "message": message.told()}


def _own_message(slack: Slack, args: JSON, refusal: str) -> Message:
    where, ts = required(args, "channel"), str(required(args, "ts"))
    if where not in slack.workspace.channels:
        raise SlackError("channel_not_found")
    channel = slack.workspace.channels[where]
    message = channel.message(ts)
    if message is None or message.subtype == "tombstone":
        raise SlackError("message_not_found")
    if message.user != slack.workspace.bot_user:
        raise SlackError(refusal)
    if channel.is_archived:
        raise SlackError("is_inactive")
    return message


@chat.method("chat.update", "chat:write")
def update(slack: Slack, args: JSON) -> JSON:
    """Replaces what a message of the bot's shows; without blocks it has none."""
    message = _own_message(slack, args, "cant_update_message")
    text, blocks = content(slack, "chat.update", args)
    slack.workspace.edit(message, text, blocks)
    message.metadata = _metadata(args) or message.metadata
    return _posted(message) | {"text": text}


@chat.method("chat.delete", "chat:write")
def delete(slack: Slack, args: JSON) -> JSON:
    """Deletes a message of the bot's."""
    message = _own_message(slack, args, "cant_delete_message")
    slack.workspace.delete(message)
    return {"channel": message.channel, "ts": message.ts}


@chat.method("chat.postEphemeral", "chat:write")
def post_ephemeral(slack: Slack, args: JSON) -> JSON:
    """Shows something to one member, and keeps nothing."""
    channel = slack.seen_channel(required(args, "channel"))
    user = required(args, "user")
    if channel.is_archived:
        raise SlackError("is_archived")
    if slack.workspace.bot_user not in channel.members:
        raise SlackError("not_in_channel")
    if user not in channel.members:
        raise SlackError("user_not_in_channel")
    text, blocks = content(slack, "chat.postEphemeral", args)
    shown: dict[str, Any] = {"shown_to": user, "thread_ts": args.get("thread_ts")}
    return {"message_ts": slack.workspace.write(channel, text, blocks, **shown).ts}


@chat.method("chat.getPermalink")
def get_permalink(slack: Slack, args: JSON) -> JSON:
    """The address of a message."""
    channel = slack.seen_channel(required(args, "channel"))
    message = channel.message(str(required(args, "message_ts")))
    if message is None:
        raise SlackError("message_not_found")
    return {"channel": channel.id, "permalink": slack.permalink(message)}
