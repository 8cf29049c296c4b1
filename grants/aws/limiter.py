"""AWS is asked through here, so that no quota is ever exceeded and what ends access goes first."""

import threading
import time
from bisect import insort
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from typing import Final

from grants.errors import AwsBusy
from grants.model import Lane

Waiter = Callable[[threading.Condition, float | None], object]
"""Waits for a notification, at most so many seconds; the condition is held."""

Waited = Callable[["Family", Lane, float, bool], object]
"""Told of each wait: at which quota, in which lane, how many seconds, and whether it was of use."""

PERSON_WAITS: Final = 2.0
SLOWED_FOR: Final = 10.0
SCOPES_KEPT: Final = 512
STOPPING: Final = "The bot is stopping; it goes on when it is started again."
_ALMOST: Final = 1 - 1e-6
"""What counts as a whole token: waiting exactly long enough must suffice despite rounding."""


class Family(StrEnum):
    """Calls that share one quota."""

    SSO_ADMIN = "sso-admin"
    IDENTITY_STORE = "identitystore"
    LIST_ACCOUNTS = "organizations ListAccounts"
    TREE = "organizations tree"
    """ListParents, ListAccountsForParent and ListOrganizationalUnitsForParent: one bucket."""
    DESCRIBE_ACCOUNT = "organizations DescribeAccount"
    ORG_TAGS = "organizations ListTagsForResource"
    ORGANIZATION = "organizations"
    """DescribeOrganization, ListRoots, DescribeOrganizationalUnit: rarely asked, 1 a second."""
    ORG_POLICIES = "organizations policies"
    """DescribePolicy and ListTargetsForPolicy: nothing better is known than of UpdatePolicy."""
    ORG_UPDATE_POLICY = "organizations UpdatePolicy"
    """Two a second. Apart, so that what was read is not old when its turn to be written comes."""
    LOOKUP_EVENTS = "cloudtrail LookupEvents"
    """Two a second for each account and Region, which is the scope."""
    CLOUDTRAIL_READS = "cloudtrail Get and Describe"
    """Ten a second, all of them together."""
    CLOUDTRAIL_REST = "cloudtrail StartQuery"
    """And CancelQuery: one a second, as of everything that has no row of its own."""
    LOGS_QUERIES = "logs StartQuery"
    """And StopQuery. Ten a second, five in some Regions."""
    LOGS_RESULTS = "logs GetQueryResults"
    """Likewise."""
    ATHENA = "athena"
    """Starting and stopping 20 a second, looking and reading 100: rarely asked, so one for all."""


@dataclass(frozen=True, slots=True)
class Quota:
    """Calls a second, and how many at once after a quiet time."""

    rate: float
    burst: float
    refresh_rate: float | None = None
    """What of the rate Lane.REFRESH may use; None: all of it."""
    alone: bool = False
    """One process at a time asks, whoever has the lease: it has all of it, however many there are."""


QUOTAS: Final = {
    Family.SSO_ADMIN: Quota(18, 18, refresh_rate=8),
    Family.IDENTITY_STORE: Quota(18, 18),
    Family.LIST_ACCOUNTS: Quota(7, 11),
    Family.TREE: Quota(4, 7),
    Family.DESCRIBE_ACCOUNT: Quota(18, 27),
    Family.ORG_TAGS: Quota(9, 14, refresh_rate=8),
    Family.ORGANIZATION: Quota(1, 2),
    Family.ORG_POLICIES: Quota(1.8, 2, alone=True),
    Family.ORG_UPDATE_POLICY: Quota(1.8, 2, alone=True),
    Family.LOOKUP_EVENTS: Quota(1.8, 2),
    Family.CLOUDTRAIL_READS: Quota(9, 9),
    Family.CLOUDTRAIL_REST: Quota(0.9, 1),
    Family.LOGS_QUERIES: Quota(4.5, 5),
    Family.LOGS_RESULTS: Quota(4.5, 5),
    Family.ATHENA: Quota(18, 18),
}


@dataclass(frozen=True, slots=True, order=True)
class Ticket:
    """A place in the queue: by lane, then by arrival."""

    lane: Lane
    number: int


class Bucket:
    """Tokens that come at a rate, and are kept up to a burst."""

    def __init__(self, rate: float, burst: float, now: float) -> None:
        """Full at first: nobody has called yet."""
        self.rate = rate
        self._burst = burst
        self._level = burst
        self._filled_at = now

    def share(self, burst: float) -> None:
        """No more than this is kept from now on."""
        self._burst = burst
        self._level = min(self._level, burst)

    def fill(self, now: float) -> None:
        """With what came since the last time, at the rate of then."""
        passed, self._filled_at = now - self._filled_at, now
        self._level = min(self._burst, self._level + passed * self.rate)

    def wait(self) -> float:
        """How long until there is a whole token; 0: there is one."""
        return 0 if self._level >= _ALMOST else (1 - self._level) / self.rate

    def take(self) -> None:
        """One token less."""
        self._level -= 1

    def spill(self) -> None:
        """Nothing is left."""
        self._level = min(self._level, 0)


class Queue:
    """The callers at one quota, and when the first of them may go. Not safe without its lock."""

    def __init__(self, quota: Quota, now: float) -> None:
        """Nobody waits at first."""
        self.moved = threading.Condition()
        self._quota = quota
        self._rate = quota.rate
        self._tokens = Bucket(quota.rate, quota.burst, now)
        self._refreshes = Bucket(quota.refresh_rate or quota.rate, quota.burst, now)
        self._slow_until = -inf
        self._waiting: list[Ticket] = []
        self._count = 0

    def share(self, processes: int, now: float) -> None:
        """So many processes ask AWS by this quota: each has its part, and one call at least."""
        if self._quota.alone:
            return
        self._fill(now)
        quota, burst = self._quota, max(1.0, self._quota.burst / processes)
        self._rate = quota.rate / processes
        self._tokens.rate = self._rate / 2 if now < self._slow_until else self._rate
        self._refreshes.rate = (quota.refresh_rate or quota.rate) / processes
        for bucket in (self._tokens, self._refreshes):
            bucket.share(burst)
        self._fill(now)

    @property
    def empty(self) -> bool:
        """Whether nobody waits here."""
        return not self._waiting

    def join(self, lane: Lane) -> Ticket:
        """Behind everybody of this lane and before every later lane."""
        self._count += 1
        ticket = Ticket(lane, self._count)
        insort(self._waiting, ticket)
        return ticket

    def leave(self, ticket: Ticket) -> None:
        """Whether it was served or gave up; whoever is first now is woken."""
        self._waiting.remove(ticket)
        self.moved.notify_all()

    def turn(self, ticket: Ticket, now: float) -> float:
        """0: go, a token is yours. Else how long to wait; `inf`: until somebody leaves."""
        if self._waiting[0] != ticket:
            return inf
        buckets = [self._tokens]
        if ticket.lane is Lane.REFRESH:
            buckets.append(self._refreshes)
        self._fill(now)
        wait = max(bucket.wait() for bucket in buckets)
        if not wait:
            for bucket in buckets:
                bucket.take()
        return wait

    def slow_down(self, now: float) -> None:
        """AWS said that it was too much: begin again from nothing, for a while at half the rate."""
        self._fill(now)
        self._tokens.spill()
        self._tokens.rate = self._rate / 2
        self._slow_until = now + SLOWED_FOR

    def _fill(self, now: float) -> None:
        self._tokens.fill(now)
        self._refreshes.fill(now)
        if now >= self._slow_until:
            self._tokens.rate = self._rate


class Limiter:
    """One for the whole process: everything that asks AWS passes here first."""

    def __init__(
        self,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        wait: Waiter = threading.Condition.wait,
        waited: Waited = lambda *_: None,
    ) -> None:
        """Time and waiting are given so that tests neither sleep nor guess."""
        self._monotonic = monotonic
        self._wait = wait
        self._waited = waited
        self._lock = threading.Lock()
        self._pausing = threading.Condition()
        self._shut = False
        self._processes = 1
        self._queues: OrderedDict[tuple[Family, str], Queue] = OrderedDict()

    def acquire(self, family: Family, lane: Lane, *, scope: str = "") -> None:
        """Returns when it is this caller's turn. AwsBusy: after 2 s in Lane.PERSON, or once shut."""
        queue = self._queue(family, scope)
        with queue.moved:
            ticket = queue.join(lane)
            try:
                self._stand(queue, ticket, family)
            finally:
                queue.leave(ticket)

    def pause(self, seconds: float) -> None:
        """Returns so much later, by the same time. AwsBusy once shut."""
        until = self._monotonic() + seconds
        with self._pausing:
            while not self._shut and (left := until - self._monotonic()) > 0:
                self._wait(self._pausing, left)
        if self._shut:
            raise AwsBusy(STOPPING)

    def throttled(self, family: Family, *, scope: str = "") -> None:
        """AWS answered that it was too much: slower for a while."""
        queue = self._queue(family, scope)
        with queue.moved:
            queue.slow_down(self._monotonic())

    def share(self, processes: int) -> None:
        """So many processes ask AWS under the same quotas, this one among them."""
        with self._lock:
            self._processes = max(1, processes)
            queues = list(self._queues.values())
        for queue in queues:
            with queue.moved:
                queue.share(self._processes, self._monotonic())

    def shut(self) -> None:
        """The process ends: whoever waits for a turn is let go, and nobody gets one any more."""
        self._shut = True
        with self._lock:
            queues = list(self._queues.values())
        for moved in (self._pausing, *(queue.moved for queue in queues)):
            with moved:
                moved.notify_all()

    def _stand(self, queue: Queue, ticket: Ticket, family: Family) -> None:
        now = began = self._monotonic()
        patience = now + PERSON_WAITS if ticket.lane is Lane.PERSON else inf
        while self._shut or (wait := queue.turn(ticket, now)):
            if self._shut:
                raise AwsBusy(STOPPING)
            if now >= patience:
                self._waited(family, ticket.lane, now - began, False)  # noqa: FBT003  # see `Waited`
                raise AwsBusy(f"Too much is being asked of AWS at the moment ({family}).")
            longest = min(wait, patience - now)
            self._wait(queue.moved, None if longest == inf else longest)
            now = self._monotonic()
        self._waited(family, ticket.lane, now - began, True)  # noqa: FBT003  # see `Waited`

    def _queue(self, family: Family, scope: str) -> Queue:
        with self._lock:
            queue = self._queues.get((family, scope))
            if queue is None:
                queue = Queue(QUOTAS[family], self._monotonic())
                queue.share(self._processes, self._monotonic())
                self._queues[family, scope] = queue
                self._forget_oldest_scope()
            elif scope:
                self._queues.move_to_end((family, scope))
            return queue

    def _forget_oldest_scope(self) -> None:
        scoped = [key for key in self._queues if key[1]]
        if len(scoped) > SCOPES_KEPT and self._queues[scoped[0]].empty:
            del self._queues[scoped[0]]
