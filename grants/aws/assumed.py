"""CloudTrail in other accounts, under a role that is assumed there and kept while it is good."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from grants.aws.clients import Clients, Credentials
from grants.aws.faults import in_our_words
from grants.model import AccountId, Lane

if TYPE_CHECKING:
    from mypy_boto3_cloudtrail import CloudTrailClient

GOOD_FOR: Final = 900
"""Seconds: the shortest that STS gives."""
_RENEWED_BEFORE: Final = 120
_KEPT: Final = 32

Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True)
class _Kept(Generic[Thing]):
    thing: Thing
    until: float


class Recent(Generic[Thing]):
    """What was made last, by name, each until it expires; the least used make room."""

    def __init__(self, *, monotonic: Callable[[], float], size: int) -> None:
        """Safe to share by threads."""
        self._monotonic = monotonic
        self._size = size
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, ...], _Kept[Thing]] = OrderedDict()

    def get(self, key: tuple[str, ...]) -> tuple[Thing, float] | None:
        """The thing and until when it is good; None: not there, or too old."""
        with self._lock:
            kept = self._kept.get(key)
            if kept is None or kept.until <= self._monotonic():
                return None
            self._kept.move_to_end(key)
            return kept.thing, kept.until

    def put(self, key: tuple[str, ...], thing: Thing, until: float) -> None:
        """Over whatever was there."""
        with self._lock:
            self._kept[key] = _Kept(thing, until)
            self._kept.move_to_end(key)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)


class Assumed:
    """CloudTrail clients by account, role and Region."""

    def __init__(
        self, clients: Clients, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """Expiry is counted here, from before the role was asked for."""
        self._clients = clients
        self._monotonic = monotonic
        self._roles: Recent[Credentials] = Recent(monotonic=monotonic, size=_KEPT)
        self._trails: Recent[CloudTrailClient] = Recent(monotonic=monotonic, size=_KEPT)

    def cloudtrail(
        self, account: AccountId, role: str, region: str, *, partition: str
    ) -> "CloudTrailClient":
        """AwsRefused: there is no such role, or it does not trust us."""
        if kept := self._trails.get((account, role, region)):
            return kept[0]
        credentials, until = self._credentials(account, role, partition)
        client = self._clients.cloudtrail(region, credentials)
        self._trails.put((account, role, region), client, until)
        return client

    def _credentials(
        self, account: AccountId, role: str, partition: str
    ) -> tuple[Credentials, float]:
        if kept := self._roles.get((account, role)):
            return kept
        until = self._monotonic() + GOOD_FOR - _RENEWED_BEFORE
        with in_our_words():
            given = self._clients.sts.at(Lane.REFRESH).assume_role(
                RoleArn=f"arn:{partition}:iam::{account}:role/{role}",
                RoleSessionName="elevate-activity",
                DurationSeconds=GOOD_FOR,
            )["Credentials"]
        credentials = Credentials(
            given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]
        )
        self._roles.put((account, role), credentials, until)
        return credentials, until
