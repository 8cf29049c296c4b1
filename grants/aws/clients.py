"""boto3's clients: all from one Session, each built once, patient or quick as the lane asks."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import boto3
from botocore.config import Config

from grants.aws.faults import Outcome, in_our_words, outcome_of, outcome_without_answer
from grants.errors import AwsRefused
from grants.model import Lane

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_cloudtrail import CloudTrailClient
    from mypy_boto3_identitystore import IdentityStoreClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_organizations import OrganizationsClient
    from mypy_boto3_sso_admin import SSOAdminClient
    from mypy_boto3_sts import STSClient

Client = TypeVar("Client")
Hears = Callable[[str, str, Outcome, float], object]
"""Told of each call: service, operation, what came of it, and after how many seconds."""

BEGAN: Final = "elevate_began"
APP_ID: Final = "elevate"
"""How it names itself in its calls: in CloudTrail's `userAgent` as `app/elevate`."""


def _config(*, connect: float, read: float, attempts: int) -> Config:
    return Config(
        connect_timeout=connect,
        read_timeout=read,
        max_pool_connections=32,
        tcp_keepalive=True,
        user_agent_extra=f"app/{APP_ID}",
        retries={"mode": "standard", "total_max_attempts": attempts},
    )


PATIENT: Final = _config(connect=3, read=10, attempts=4)
QUICK: Final = _config(connect=1, read=2, attempts=2)
"""For somebody who is waiting in Slack."""
ONCE: Final = _config(connect=3, read=10, attempts=1)
"""For writes, which boto3 would send again after a timeout; and where the caller tries again."""


@dataclass(frozen=True, slots=True)
class Readers(Generic[Client]):
    """One service's clients for reading."""

    patient: Client
    quick: Client

    def at(self, lane: Lane) -> Client:
        """The one with this lane's timeouts."""
        return self.quick if lane is Lane.PERSON else self.patient


@dataclass(frozen=True, slots=True)
class SsoAdmin:
    """sso-admin's clients in one Region."""

    region: str
    reading: Readers["SSOAdminClient"]
    writing: "SSOAdminClient"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What AssumeRole gave."""

    key: str
    secret: str
    token: str

    def __repr__(self) -> str:
        """Nothing of it, so that no log can hold it."""
        return "Credentials(…)"


@dataclass(slots=True)
class Ear:
    """Hears of every call from boto3's own events, also of those that boto3 made several tries at."""

    hears: Hears = lambda *_: None

    def listen(self, client: Client) -> Client:
        """The same client, heard from now on."""
        events: Any = getattr(client, "meta").events  # noqa: B009  # boto3-stubs know no common base
        events.register("before-call", self._begins)
        events.register("after-call", self._answered)
        events.register("after-call-error", self._unanswered)
        return client

    def _begins(self, *, context: dict[str, Any], **_: Any) -> None:
        context[BEGAN] = time.monotonic()

    def _answered(
        self, *, event_name: str, http_response: Any, parsed: Any, context: Any, **_: Any
    ) -> None:
        code = str((parsed.get("Error") or {}).get("Code") or "")
        self._tell(event_name, outcome_of(code, http_response.status_code), context)

    def _unanswered(self, *, event_name: str, exception: Exception, context: Any, **_: Any) -> None:
        self._tell(event_name, outcome_without_answer(exception), context)

    def _tell(self, event_name: str, outcome: Outcome, context: Any) -> None:
        _, service, operation = event_name.split(".")
        now = time.monotonic()
        # Whoever answers before it is sent, such as a stub, lets nobody else hear that it begins.
        self.hears(service, operation, outcome, now - context.get(BEGAN, now))


class Clients:
    """Everything is built here at start; clients may be shared by threads, a Session may not."""

    def __init__(self, *, session: boto3.Session | None = None, region: str | None = None) -> None:
        """Profile and endpoint are boto3's own business, and so is the Region where none is given.

        boto3 itself reads AWS_DEFAULT_REGION alone, not AWS_REGION.
        """
        with in_our_words():
            self._session = session or boto3.Session(region_name=region)
        if not self._session.region_name:
            raise AwsRefused("No AWS Region is configured: set AWS_REGION to Identity Center's.")
        self.region: str = self._session.region_name
        self._making = threading.Lock()
        self.ear = Ear()
        self.sso_admin = self.sso_admin_in(self.region)
        self.identity_store: Readers[IdentityStoreClient] = _readers(
            lambda config: self.ear.listen(self._session.client("identitystore", config=config))
        )
        self.organizations: Readers[OrganizationsClient] = _readers(
            lambda config: self.ear.listen(self._session.client("organizations", config=config))
        )
        self.sts: Readers[STSClient] = _readers(
            lambda config: self.ear.listen(self._session.client("sts", config=config))
        )

    def sso_admin_in(self, region: str) -> SsoAdmin:
        """New ones, for the Region in which assignments are written."""

        def made(config: Config) -> "SSOAdminClient":
            return self.ear.listen(
                self._session.client("sso-admin", region_name=region, config=config)
            )

        with self._making:
            return SsoAdmin(region, _readers(made), made(ONCE))

    @cached_property
    def organizations_writing(self) -> "OrganizationsClient":
        """Made when it is first asked for: few write a policy of the organization. Sent once."""
        with self._making:
            return self.ear.listen(self._session.client("organizations", config=ONCE))

    @cached_property
    def s3(self) -> Any:
        """Made when it is first asked for: most have no bucket. Sent once; who sends comes again."""
        with self._making:
            return self.ear.listen(self._session.client("s3", config=ONCE))

    def logs(self, region: str) -> "CloudWatchLogsClient":
        """A new one, that sends once."""
        with self._making:
            return self.ear.listen(self._session.client("logs", region_name=region, config=ONCE))

    def athena(self) -> "AthenaClient":
        """Likewise."""
        with self._making:
            return self.ear.listen(self._session.client("athena", config=ONCE))

    def cloudtrail(self, region: str, credentials: Credentials | None = None) -> "CloudTrailClient":
        """A new one, that acts under a role assumed elsewhere; else under our own."""
        assumed = credentials
        with self._making:
            return self.ear.listen(
                self._session.client(
                    "cloudtrail",
                    region_name=region,
                    config=ONCE,
                    aws_access_key_id=assumed.key if assumed else None,
                    aws_secret_access_key=assumed.secret if assumed else None,
                    aws_session_token=assumed.token if assumed else None,
                )
            )


def _readers(made: Callable[[Config], Client]) -> Readers[Client]:
    return Readers(made(PATIENT), made(QUICK))
