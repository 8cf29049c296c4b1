"""Slack's files.* methods, as files_upload_v2 uses them."""

from tests.standins.slack.state import File, SlackError
from tests.standins.slack.web import Methods, Slack, required
from tests.standins.slack.workspace import JSON

files = Methods()


@files.method("files.getUploadURLExternal", "files:write")
def get_upload_url(slack: Slack, args: JSON) -> JSON:
    """Where to send the bytes, of which there have to be some."""
    file_id = slack.workspace.new_id("F")
    length = int(required(args, "length"))
    if length < 1:
        messages = ["[ERROR] must be greater than 0 [json-pointer:/length]"]
        raise SlackError("invalid_arguments", response_metadata={"messages": messages})
    slack.workspace.files[file_id] = File(file_id, required(args, "filename"), length)
    place = slack.workspace.uploads or f"{slack.origin}/upload/"
    return {"upload_url": f"{place}{file_id}", "file_id": file_id}


@files.method("files.completeUploadExternal", "files:write")
def complete_upload(slack: Slack, args: JSON) -> JSON:
    """Shares what was sent."""
    shared = []
    for one in required(args, "files"):
        file = slack.workspace.files.get(one["id"])
        if file is None or file.body is None:
            raise SlackError("file_not_found")
        file.title = one.get("title") or file.name
        shared.append({"id": file.id, "title": file.title, "name": file.name})
    if args.get("channel_id"):
        channel = slack.seen_channel(args["channel_id"])
        if slack.workspace.bot_user not in channel.members:
            raise SlackError("not_in_channel")
        names = ", ".join(str(file["title"]) for file in shared)
        words = args.get("initial_comment") or names
        slack.workspace.write(channel, words, [], thread_ts=args.get("thread_ts"))
    return {"files": shared}
