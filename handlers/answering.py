"""Answers whoever typed a word or pressed in what it brought: to them alone, by Slack's address for it."""

from slack_bolt import Respond

from blocks.text import Message


def answered(respond: Respond, message: Message, *, replace: bool = False) -> bool:
    """False: Slack takes no more answers there (five in thirty minutes), or named no address."""
    if respond.response_url is None:
        return False
    said = respond(
        text=message.text,
        blocks=message.blocks,
        response_type="ephemeral",
        replace_original=replace,
    )
    return said.status_code == 200
