"""Which CloudTrail records are a session's, exactly, and what they say."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from sys import intern
from typing import Any, Final, NamedTuple

from grants.activity import Event, Session
from grants.model import AccountId

_ASSUMED_ROLE: Final = re.compile(
    r"arn:[^:]+:sts::(?P<account>\d{12}):assumed-role/"
    r"AWSReservedSSO_(?P<permission_set>[^/]+)_(?P<suffix>[^_/]+)/(?P<session>.+)"
)
"""The suffix is no contract, but has no underscore; names of permission sets may have some."""
_RESERVED_PATH: Final = ":role/aws-reserved/sso.amazonaws.com/"
_UNREADABLE: Final = (
    AttributeError, LookupError, OverflowError, RecursionError, TypeError, ValueError
)  # fmt: skip
"""What reading one may bring: nested without end and from before all time are possible too."""


class Acting(NamedTuple):
    """Whose role a record was made under."""

    account: AccountId
    permission_set: str
    session_name: str


class Nameless(NamedTuple):
    """A call by the session's very role and in its time, under another name and with nobody's id.

    It may be this user's, renamed; it may be anybody's who has the same access.
    """

    id: str


class UnreadableRecordError(Exception):
    """A record that is not as CloudTrail writes them."""


def event_of(text: str, session: Session) -> Event | Nameless | None:
    """The record as an event of this session; None: it is somebody else's, or of another time."""
    try:
        record = json.loads(text)
    except _UNREADABLE as error:
        raise UnreadableRecordError from error
    return event_in(record, session)


def event_in(record: Mapping[str, Any], session: Session) -> Event | Nameless | None:
    """Likewise, of a record from a source that does not give it as text."""
    try:
        return _event_of(record, session)
    except _UNREADABLE as error:
        raise UnreadableRecordError from error


def _event_of(record: Mapping[str, Any], session: Session) -> Event | Nameless | None:
    """`onBehalfOf` decides by the user's id. Only where it is missing does the exact session name.

    A call on another account's resource is recorded there as well, under another id: only what
    the session's own account received counts.
    """
    if record.get("recipientAccountId", session.account_id) != session.account_id:
        return None
    identity: Mapping[str, Any] = record.get("userIdentity") or {}
    acting = _acting(identity)
    if acting is None or acting[:2] != (session.account_id, session.permission_set_name):
        return None
    user_id = (identity.get("onBehalfOf") or {}).get("userId")
    if user_id and user_id != session.user_id:
        return None
    at = datetime.fromisoformat(record["eventTime"]).astimezone(UTC)
    if not session.start.replace(microsecond=0) <= at <= session.end:
        return None
    if not user_id and acting.session_name != session.user_name:
        return Nameless(str(record["eventID"]))
    return _event(record, at, by_name=not user_id)


def _acting(identity: Mapping[str, Any]) -> Acting | None:
    """None: not a role that Identity Center made (anybody may call their own role alike)."""
    issuer = (identity.get("sessionContext") or {}).get("sessionIssuer") or {}
    if identity.get("type") != "AssumedRole" or _RESERVED_PATH not in issuer.get(
        "arn", _RESERVED_PATH
    ):
        return None
    parts = _ASSUMED_ROLE.fullmatch(str(identity.get("arn", "")))
    if parts is None:
        return None
    return Acting(AccountId(parts["account"]), parts["permission_set"], parts["session"])


def _event(record: Mapping[str, Any], at: datetime, *, by_name: bool) -> Event:
    """What many events have in common is one string: there may be a hundred thousand of them."""
    return Event(
        id=str(record["eventID"]),
        at=at,
        service=intern(str(record.get("eventSource", "")).removesuffix(".amazonaws.com")),
        action=intern(str(record.get("eventName", ""))),
        read_only=str(record.get("readOnly", "")).lower() == "true",
        error=intern(str(record.get("errorCode") or "")),
        region=intern(str(record.get("awsRegion", ""))),
        address=intern(str(record.get("sourceIPAddress", ""))),
        matched_by_name=by_name,
        session=intern(_session(record["userIdentity"])),
        issued_at=_issued_at(record["userIdentity"]),
        client=intern(_client(record)),
        assumed=intern(_assumed(record)),
    )


def _session(identity: Mapping[str, Any]) -> str:
    """A second in which credentials were issued is one session's, whoever uses them how."""
    attributes = (identity.get("sessionContext") or {}).get("attributes") or {}
    return str(attributes.get("creationDate") or identity.get("accessKeyId") or "")


def _issued_at(identity: Mapping[str, Any]) -> datetime | None:
    attributes = (identity.get("sessionContext") or {}).get("attributes") or {}
    issued = attributes.get("creationDate")
    return _instant(issued) if issued else None


@lru_cache(maxsize=1024)
def _instant(text: str) -> datetime:
    """The same one for all calls of a session."""
    return datetime.fromisoformat(text).astimezone(UTC)


def _client(record: Mapping[str, Any]) -> str:
    agent = str(record.get("userAgent") or "")
    console = str(record.get("sessionCredentialFromConsole", "")).lower() == "true"
    if console or record.get("eventType") == "AwsConsoleSignIn":
        return "console"
    if "terraform" in agent.lower():
        return "Terraform"
    product = agent.strip("[]").partition(" ")[0].partition("/")[0]
    return product[:40]


def _assumed(record: Mapping[str, Any]) -> str:
    """The role, or the member account's root, whose credentials AWS gave out; empty: none."""
    action = str(record.get("eventName"))
    if record.get("errorCode") or not action.startswith(("AssumeRole", "AssumeRoot")):
        return ""
    if record.get("eventSource") != "sts.amazonaws.com":
        return ""
    asked = record.get("requestParameters") or {}
    if action.startswith("AssumeRoot"):
        return f"root of {asked.get('targetPrincipal') or 'an account that is not named'}"
    return str(asked.get("roleArn") or "a role that is not named")
