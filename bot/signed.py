"""Whether Slack sent this: asked before anything else looks at what was sent."""

import hashlib
import hmac
import re
from datetime import datetime, timedelta
from typing import Final

FRESH: Final = timedelta(minutes=5)
"""Longer than that Slack itself does not vouch for a request."""
_SECONDS: Final = re.compile(r"[0-9]{1,12}")


def is_signed(body: bytes, timestamp: str, signature: str, *, secret: str, now: datetime) -> bool:
    """By Slack's v0 signature. Bolt looks too, but reads the body first and answers its own errors."""
    if not secret or not _SECONDS.fullmatch(timestamp):
        return False
    if abs(now.timestamp() - int(timestamp)) > FRESH.total_seconds():
        return False
    signed = b"v0:" + timestamp.encode() + b":" + body
    expected = "v0=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.encode("latin-1", "replace"))
