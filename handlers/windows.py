"""Fills in a window that was opened at once, before it was known what it shows."""

from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.models.views import View


def fill(client: WebClient, opened: dict[str, Any], drawn: View, *, newest: bool = False) -> None:
    """Unless a newer drawing is on its way already, or it was closed meanwhile.

    `newest`: over whatever is there by now, for nothing later was chosen.
    """
    try:
        client.views_update(view_id=opened["id"], hash=opened.get("hash"), view=drawn)
    except SlackApiError as error:
        match error.response.get("error"):
            case "hash_conflict" if newest:
                client.views_update(view_id=opened["id"], view=drawn)
            case "hash_conflict" | "not_found":
                pass
            case _:
                raise
