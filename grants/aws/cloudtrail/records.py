"""Which CloudTrail records are a session's, exactly, and what they say."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from grants.activity import Event, Session
from grants.model import AccountId

_ASSUMED_ROLE: Final = re.compile(
    r"arn:[^:]+:sts::(?P<account>\d{12}):assumed-role/"
    r"AWSReservedSSO_(?P<permission_set>[^/]+)_(?P<suffix>[^_/]+)/(?P<session>.+)"
)
"""The suffix is no contract, but has no underscore; names of permission sets may have some."""
_RESERVED_PATH: Final = ":role/aws-reserved/sso.amazonaws.com/"


class Acting(NamedTuple):
    """Whose role a record was made under."""

    account: AccountId
    permission_set: str
    session_name: str


class UnreadableRecordError(Exception):
    """A record that is not as CloudTrail writes them."""


def event_of(text: str, session: Session) -> Event | None:
    """The record as an event of this session; None: it is somebody else's, or of another time."""
    try:
        record = json.loads(text)
    except ValueError as error:
        raise UnreadableRecordError from error
    return event_in(record, session)


def event_in(record: Mapping[str, Any], session: Session) -> Event | None:
    """Likewise, of a record from a source that does not give it as text."""
    try:
        return _event_of(record, session)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise UnreadableRecordError from error


def _event_of(record: Mapping[str, Any], session: Session) -> Event | None:
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
    if not user_id and acting.session_name != session.user_name:
        return None
    at = datetime.fromisoformat(record["eventTime"]).astimezone(UTC)
    if not session.start.replace(microsecond=0) <= at <= session.end:
        return None
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
    return Event(
        id=str(record["eventID"]),
        at=at,
        service=str(record.get("eventSource", "")).removesuffix(".amazonaws.com"),
        action=str(record.get("eventName", "")),
        read_only=str(record.get("readOnly", "")).lower() == "true",
        error=str(record.get("errorCode") or ""),
        region=str(record.get("awsRegion", "")),
        address=str(record.get("sourceIPAddress", "")),
        matched_by_name=by_name,
        session=_session(record["userIdentity"]),
        issued_at=_issued_at(record["userIdentity"]),
        client=_client(record),
        assumed=_assumed(record),
    )


def _session(identity: Mapping[str, Any]) -> str:
    """A second in which credentials were issued is one session's, whoever uses them how."""
    attributes = (identity.get("sessionContext") or {}).get("attributes") or {}
    return str(attributes.get("creationDate") or identity.get("accessKeyId") or "")


def _issued_at(identity: Mapping[str, Any]) -> datetime | None:
    attributes = (identity.get("sessionContext") or {}).get("attributes") or {}
    issued = attributes.get("creationDate")
    return datetime.fromisoformat(issued).astimezone(UTC) if issued else None


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
    """The role whose credentials AWS gave out; empty: none."""
    if record.get("errorCode") or not str(record.get("eventName")).startswith("AssumeRole"):
        return ""
    if record.get("eventSource") != "sts.amazonaws.com":
        return ""
    return str((record.get("requestParameters") or {}).get("roleArn") or "a role that is not named")
