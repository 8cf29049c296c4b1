"""What becomes of something that Slack did not take: tried again, let go of, or its place given up."""

from datetime import timedelta
from enum import StrEnum
from typing import Final

from slack_sdk.errors import SlackApiError

from grants.model import Told


class Fate(StrEnum):
    """How it goes on."""

    LATER = "later"
    """Slack may take it yet: it is tried again for as long as it takes."""
    PLACE = "place"
    """Nothing will ever be taken there: the place is given up, and others are asked."""
    MESSAGE = "message"
    """This one thing is let go of; the thread or the next one tells it."""


NOBODY_THERE: Final = frozenset(
    {
        "cannot_dm_bot", "channel_not_found", "is_archived", "is_ext_shared",
        "messages_tab_disabled", "not_in_channel", "restricted_action",
        "restricted_action_non_threadable_channel", "restricted_action_read_only_channel",
        "restricted_action_thread_only_channel", "user_disabled", "user_not_found",
        "users_not_found",
    }
)  # fmt: skip
"""However often it is tried."""
NOTHING_THERE: Final = frozenset(
    {
        "cannot_reply_to_message", "cant_update_message", "edit_window_closed", "is_inactive",
        "message_not_found", "not_enabled", "restricted_action_thread_locked",
        "thread_not_found",
    }
)  # fmt: skip
"""The message is gone or closed, or App Home is switched off."""
OURS_OR_PASSING: Final = frozenset(
    {
        "accesslimited", "account_inactive", "fatal_error", "internal_error", "invalid_auth",
        "missing_scope", "not_authed", "not_allowed_token_type", "org_login_required",
        "rate_limited", "ratelimited", "request_timeout", "service_unavailable",
        "team_added_to_org", "token_expired", "token_revoked", "two_factor_setup_required",
    }
)  # fmt: skip
"""Trouble of Slack's, or with our own token, which somebody will mend: nothing is lost meanwhile."""
HALF_DONE: Final = frozenset({"fatal_error", "internal_error", "request_timeout"})
"""Slack's own words: "some aspect of the operation may have succeeded"."""
PATIENCE: Final = 5
"""So often something is tried that Slack refuses with a word we do not know."""


def fate(error: SlackApiError, kind: Told, *, attempts: int) -> Fate:
    """Decided by Slack's word. One that is not known is not tried for ever: others wait behind it."""
    code = code_of(error)
    if not code or code in OURS_OR_PASSING or error.response.status_code >= 500:
        return Fate.LATER
    if code in NOBODY_THERE:
        return Fate.PLACE
    if code in NOTHING_THERE:
        return Fate.MESSAGE
    if attempts < PATIENCE and not code.startswith("invalid_"):
        return Fate.LATER
    return Fate.PLACE if kind is Told.CARD else Fate.MESSAGE


def perhaps(error: SlackApiError) -> bool:
    """Whether it may have been done all the same."""
    code = code_of(error)
    return code in HALF_DONE or (
        error.response.status_code >= 500 and code != "service_unavailable"
    )


def code_of(error: SlackApiError) -> str:
    """Slack's word for it; empty: it gave none."""
    return str(error.response.get("error") or "")


def retry_after(error: SlackApiError) -> timedelta | None:
    """How long Slack wants to be left alone; None: it said something else."""
    response = error.response
    if response.status_code != 429 and code_of(error) not in {"ratelimited", "rate_limited"}:
        return None
    headers = {name.lower(): value for name, value in response.headers.items()}
    try:
        return timedelta(seconds=max(1.0, float(headers.get("retry-after", 1))))
    except ValueError:
        return timedelta(seconds=1)
