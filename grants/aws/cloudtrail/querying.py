"""A query's life at AWS: begun, watched until it is done, read page by page, stopped when given up."""

import logging
import re
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, auto
from functools import partial
from itertools import chain, repeat
from threading import Lock
from typing import Final, Protocol, TypeVar

from grants.activity import Evidence, Session
from grants.aws.cloudtrail.sifting import Record, Sieve
from grants.aws.faults import TOO_MANY_QUERIES
from grants.aws.limiter import Limiter
from grants.errors import AwsBusy, AwsFault, AwsRefused
from grants.model import UserId

log = logging.getLogger(__name__)
T = TypeVar("T")

ROWS: Final = 100_000
"""What CloudWatch Logs gives of one query at the most; the others are bounded alike."""
BIG: Final = 10_000
"""Who holds as many events goes on when nobody else does: a hundred thousand are some 30 MB."""
LASTS: Final = 100.0
"""Seconds of waiting, after which a query is stopped."""
TRIES: Final = 4
_LOOKS: Final = (0.5, 0.5, 1.0, 2.0, 3.0)
"""Seconds before each look; then five."""
_USER_ID: Final = re.compile(
    r"(?:[0-9a-f]{10}-)?[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
)
_ACCOUNT_ID: Final = re.compile(r"\d{12}", re.ASCII)


class Phase(Enum):
    """How far a query is."""

    UNDER_WAY = auto()
    DONE = auto()
    FAILED = auto()


@dataclass(frozen=True, slots=True)
class Look:
    """What AWS says of a query."""

    phase: Phase
    said: str = ""
    """Why it failed."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some of what a query gave, newest first."""

    records: Iterable[Record]
    following: str
    """The token of the next; empty: this was the last."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What may stand in a query. Nothing that a person typed is among it."""

    account_id: str
    user_id: str
    since: datetime
    until: datetime


class Engine(Protocol):
    """A service of AWS's that answers queries. Each method may raise an AwsFault."""

    source: str

    def start(self, asked: Asked, *, rows: int) -> str:
        """Begins a query for what may be the session's: its id."""
        ...

    def seek(self, asked: Asked) -> str:
        """Likewise for any one record of the account in that time, whoever's it is."""
        ...

    def look(self, query_id: str) -> Look: ...
    def page(self, query_id: str, token: str) -> Page:
        """The first for an empty token."""
        ...

    def stop(self, query_id: str) -> None: ...
    def cure(self, refused: AwsRefused) -> str:
        """What an administrator can do about it."""
        ...


@dataclass(slots=True)
class _Found:
    sieve: Sieve
    rows: int = 0
    truncated: bool = False
    token: str = ""
    """Of the page to be read next."""
    seen: set[str] = field(default_factory=lambda: {""})


class _NotDoneError(Exception):
    """A query that failed, or took too long; says why."""


class Queried:
    """`grants.ports.Trail`, by a query over every Region that the trail sees.

    Fetched twice it is asked twice, each query by itself. One that a process leaves behind runs to
    its end at AWS, for nothing but its price.
    """

    def __init__(
        self,
        engine: Engine,
        limiter: Limiter,
        *,
        rows: int = ROWS,
        lasts: float = LASTS,
        big: int = BIG,
        turn: AbstractContextManager[object] | None = None,
    ) -> None:
        """More than `rows` are told as truncated; `lasts` is in seconds of waiting.

        `turn` is had by one at a time, for as long as it reads beyond `big` events.
        """
        self._engine = engine
        self._limiter = limiter
        self._rows = rows
        self._lasts = lasts
        self._big = big
        self._turn = turn or Lock()

    def fetch(self, session: Session) -> Evidence:
        """Raises AwsBusy or AwsUnsure where it did not come off and may another time."""
        asked = _asked(session)
        if asked is None:
            return self._without("The user's or the account's id is not as AWS writes them.")
        try:
            return self._evidence(asked, session)
        except AwsRefused as refused:
            return self._without(self._engine.cure(refused))
        except _NotDoneError as error:
            return self._without(str(error))

    def _evidence(self, asked: Asked, session: Session) -> Evidence:
        """That there is nothing of the session is believed only of a source that sees its account."""
        begin = partial(self._engine.start, asked, rows=self._rows)
        found = self._answered(begin, partial(self._read, session=session))
        sieve = found.sieve
        return Evidence(
            self._engine.source,
            events=tuple(sieve.events.values()),
            truncated=found.truncated,
            management_only=False,
            unreadable=len(sieve.unreadable),
            nameless=len(sieve.nameless),
            blind=not sieve.events and not self._sees(asked),
        )

    def _sees(self, asked: Asked) -> bool:
        return self._answered(partial(self._engine.seek, asked), self._gave_any)

    def _gave_any(self, query: str) -> bool:
        return any(True for _ in self._engine.page(query, "").records)

    def _answered(self, begin: Callable[[], str], read: Callable[[str], T]) -> T:
        """What is read of the query when it is done."""
        query = self._begun(begin)
        try:
            ended = self._watch(query)
            if ended.phase is Phase.DONE:
                return read(query)
        except AwsFault:
            self._stop(query)
            raise
        if ended.phase is Phase.FAILED:
            raise _NotDoneError(f"The query failed. AWS said: {ended.said}")
        self._stop(query)
        raise _NotDoneError(
            f"The query was not done after {self._lasts:.0f} seconds, and was stopped."
            " It is asked again; if it stays so, see to how much it has to search."
        )

    def _begun(self, begin: Callable[[], str]) -> str:
        """AwsBusy: as many queries were running as may, for all the time that this one had."""
        for seconds in self._waits():
            try:
                return begin()
            except AwsBusy as busy:
                if busy.code not in TOO_MANY_QUERIES:
                    raise
            self._limiter.pause(seconds)
        return begin()

    def _watch(self, query: str) -> Look:
        look = Look(Phase.UNDER_WAY)
        for seconds in self._waits():
            self._limiter.pause(seconds)
            look = self._engine.look(query)
            if look.phase is not Phase.UNDER_WAY:
                break
        return look

    def _waits(self) -> Iterable[float]:
        left = self._lasts
        for seconds in chain(_LOOKS, repeat(5.0)):
            if left <= 0:
                return
            left -= seconds
            yield seconds

    def _read(self, query: str, session: Session) -> _Found:
        found = _Found(Sieve(session))
        if not self._read_on(query, found, most=self._big):
            with self._turn:
                self._read_on(query, found, most=self._rows)
        return found

    def _read_on(self, query: str, found: _Found, *, most: int) -> bool:
        """Whether that is all, or as much as is read of one query; if not, as many events are held."""
        while True:
            self._read_page(query, found)
            again = bool(found.token) and found.token in found.seen
            found.truncated = found.rows >= self._rows or again
            if found.truncated or not found.token:
                return True
            found.seen.add(found.token)
            if len(found.sieve.events) >= most:
                return False

    def _read_page(self, query: str, found: _Found) -> None:
        """The page is let go with this; the events that are kept are small."""
        page = self._engine.page(query, found.token)
        for record in page.records:
            found.rows += 1
            found.sieve.take(record)
        found.token = page.following

    def _stop(self, query: str) -> None:
        """As well as it can be: what goes on for nothing ends by itself."""
        try:
            self._engine.stop(query)
        except AwsFault as fault:
            log.warning(
                "query not stopped", extra={"source": self._engine.source, "why": fault.reason}
            )

    def _without(self, why: str) -> Evidence:
        return Evidence(self._engine.source, unavailable=why, management_only=False)


def _asked(session: Session) -> Asked | None:
    """None: an id that is not as AWS writes them, and so stands in no query."""
    if not _USER_ID.fullmatch(session.user_id) or not _ACCOUNT_ID.fullmatch(session.account_id):
        return None
    return Asked(
        session.account_id,
        UserId(session.user_id),
        since=session.start.astimezone(UTC).replace(microsecond=0),
        until=session.end.astimezone(UTC),
    )
