"""Which ways to Slack and to the database are taken: protected ones, or what somebody chose by name."""

import re
from typing import Final

from storage.engine import parsed
from storage.transport import SslMode, way_to

LOOPBACK: Final = r"127\.0\.0\.1|localhost|\[::1\]"
"""A receiver beside the bot needs no TLS."""
_SLACK: Final = rf"(https://[^\s/?#@]+|http://({LOOPBACK})(:\d{{1,5}})?)(/[^\s?#@]*)?"
VERIFIED: Final = "sslmode=verify-full&sslrootcert=/path/to/ca.pem"
"""The way to a database on which nobody listens and nobody answers in its place."""


def slack_address(said: str) -> str:
    """The Web API's address. The bot's token goes there, so it never goes there in the clear."""
    if re.fullmatch(_SLACK, said):
        return f"{said.rstrip('/')}/"
    raise ValueError(
        "is not taken; write an https address like https://slack.com/api/, without a user, ? or #"
        " (http only to a stand-in on 127.0.0.1)"
    )


def database(said: str) -> str:
    """A database that we know, and to which the way is as protected as somebody chose."""
    try:
        parsed(said)
        way = way_to(said)
    except Exception:  # noqa: BLE001  # whatever SQLAlchemy says of it may quote the password
        raise ValueError(
            "is no database URL that Elevate knows;"
            " write sqlite:///elevate.db or postgresql+psycopg://user:password@host/name"
        ) from None
    if way is None or (way.mode is None and not way.leaves):
        return said
    if way.mode is None:
        raise ValueError(
            f"names another machine and no sslmode; add {'&' if '?' in said else '?'}{VERIFIED}"
            " with the CA of the server's certificate, or choose less by name (sslmode=require …);"
            " where the platform writes the URL, set PGSSLMODE and PGSSLROOTCERT instead"
        )
    if way.mode not in set(SslMode):
        raise ValueError(f"its sslmode is not taken; write one of {', '.join(SslMode)}")
    return said
