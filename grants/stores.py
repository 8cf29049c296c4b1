"""What the domain needs of memory, by shape: storage behaves so, and so does whatever stands in for it."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Protocol

from grants.model import (
    AccountId,
    Actor,
    Assignment,
    Catalogue,
    Copy,
    Holding,
    Key,
    Membership,
    Person,
    Place,
    Request,
    RequestId,
    SlackUserId,
    State,
    Target,
    UserId,
    Vote,
)
from grants.policy import PolicyBook
from grants.records import (
    ActivityRow,
    Applied,
    Binding,
    Carrier,
    Checkpoint,
    Cut,
    CutLease,
    Entry,
    Finding,
    Forward,
    Glimpse,
    HomeRow,
    Line,
    LineSearch,
    Notice,
    Pending,
    Proof,
    Row,
    Search,
    Stranger,
    SweepRow,
    ToldLine,
    Untold,
)
from grants.slots import Backlog, Outstanding
from grants.so_far import Refresh, Turn


class Requests(Protocol):
    """The requests, by name."""

    def add(self, request: Request) -> None: ...
    def by_form(self, form_id: str) -> Request | None: ...
    def get(self, request_id: RequestId) -> Request:
        """Locked for this unit of work. UnknownRequest (a Refusal) where there is none."""
        ...

    def save(self, request: Request) -> Request:
        """Compare and swap on the version; StaleRequest for the second of two writers."""
        ...

    def save_reminder(self, request: Request) -> None:
        """Only when and how often somebody was reminded: no move, so the version stays as it is."""
        ...

    def put_off(self, request: Request, *, until: datetime, now: datetime) -> bool:
        """Its start is due again then. No move: version, journal and card stay as they are.

        False: somebody has moved it meanwhile.
        """
        ...

    def lapsing(self, now: datetime, *, limit: int) -> list[Request]:
        """Pending, and nobody decided in time; the oldest first. So with the next two."""
        ...

    def starting(self, now: datetime, *, limit: int) -> list[Request]: ...
    def reminding(self, now: datetime, *, limit: int) -> list[Request]:
        """Of which somebody is to be reminded; the oldest reminder first."""
        ...

    def finishing(self, now: datetime, *, limit: int) -> list[Request]: ...
    def next_due(self) -> datetime | None: ...
    def of_key(self, key: Key) -> list[Request]:
        """The requests in `granting`, `active` or `revoking` that are about this assignment."""
        ...

    def extensions_of(self, request_id: RequestId) -> list[Request]:
        """Those that are open and extend this one, the oldest first, locked for this unit of work."""
        ...

    def open_of(self, user_id: UserId, *, alone: bool = False) -> int:
        """How many of this person's requests are not at an end.

        `alone`: counted by one writer at a time, after it has added its own.
        """
        ...

    def asked_since(self, user_id: UserId, since: datetime) -> int:
        """How many requests this person has made from then on, whatever became of them."""
        ...

    def glimpses(self, states: Collection[State]) -> list[Glimpse]:
        """Every request in these states, oldest first."""
        ...

    def several(self, request_ids: Sequence[RequestId]) -> list[Request]:
        """Those of these ids, in their order."""
        ...

    def last_of(self, user_id: UserId) -> Request | None:
        """What this person asked for last. For whoever waits for a form: one look at an index."""
        ...

    def listed(
        self,
        *,
        states: Collection[State] = (),
        user_id: UserId | None = None,
        account_id: AccountId | None = None,
        limit: int = 100,
        before: datetime | None = None,
    ) -> list[Request]:
        """Newest first; empty filters let everything through."""
        ...

    def found(
        self, search: Search, *, limit: int, older_than: Request | None = None
    ) -> list[Request]:
        """Newest first, from behind the one named on."""
        ...

    def walk(self, search: Search) -> Iterator[Request]:
        """Oldest first, as many as there are: a part of them in memory at a time."""
        ...

    def requesters(self) -> list[Person]:
        """Everybody who ever asked for anything, once each, as a newer request of theirs has them."""
        ...


class Votes(Protocol):
    """The votes on requests."""

    def undecided(self, user_id: UserId, by: Collection[SlackUserId]) -> dict[RequestId, bool]:
        """The requests that this person has voted on, by one of these Slack users, and that wait
        still; whether with a proof.
        """
        ...

    def add(self, vote: Vote) -> bool:
        """False: this person has voted on it already; the first one stands."""
        ...

    def recast(self, vote: Vote) -> None:
        """In the place of the one that this person has given, which counts no more."""
        ...

    def prove(self, vote: Vote) -> None:
        """The one of this person, cast before without a proof, has one now."""
        ...

    def on(self, request_id: RequestId) -> list[Vote]: ...
    def of(self, requests: Collection[RequestId]) -> dict[RequestId, list[Vote]]:
        """Those on each of these at once, the first first; none: no key."""
        ...


class Assignments(Protocol):
    """The ledger of assignments that Elevate has to do with."""

    def get(self, key: Key) -> Assignment | None:
        """Locked for this unit of work."""
        ...

    def add(self, assignment: Assignment) -> None: ...
    def save(self, assignment: Assignment) -> bool:
        """Compare and swap on the version (the row's grows by one); False: somebody else has it."""
        ...

    def due(self, now: datetime, *, limit: int) -> list[Assignment]:
        """Due and under nobody's lease: what is to be taken away first, then what is to be given, then
        what AWS has taken away, routine looks last.

        Without those that wait for a slot. So with `next_due`.
        """
        ...

    def next_due(self) -> datetime | None: ...
    def let_in(self, now: datetime) -> list[Assignment]:
        """Of those that wait for a slot as many as there are free ones, what is to end first."""
        ...

    def outstanding(self) -> Outstanding:
        """The slots that are taken; in a unit of work that writes, counted by one at a time."""
        ...

    def being_removed(self) -> list[Assignment]:
        """Those whose removal AWS has in hand, as far as is known."""
        ...

    def ends(self) -> Backlog:
        """How far AWS is behind what is to be taken away."""
        ...

    def backlog(self, before: datetime) -> tuple[int, datetime | None]:
        """How many ends wait for a slot that nobody was told of, and the oldest one's time.

        None of them if none has waited since before then.
        """
        ...

    def backlog_told(self, now: datetime) -> None:
        """Of those that wait now nobody is told again."""
        ...


class Outbox(Protocol):
    """What must still be told, in order per stream."""

    def put(self, notices: Iterable[Notice], *, at: datetime) -> None:
        """A REDRAW of a copy replaces an unsent one, a HOME is left out where one waits; the rest is appended."""
        ...

    def claim(self, now: datetime, *, until: datetime, limit: int) -> list[Pending]:
        """The heads of the streams that are due, each leased until `until`."""
        ...

    def done(self, row: Pending) -> bool:
        """It was told. False: somebody else has claimed it meanwhile."""
        ...

    def again(
        self, row: Pending, *, at: datetime, error: str, unsure_since: datetime | None = None
    ) -> None:
        """It was not told this time; or perhaps it was, where its answer was lost at that instant.

        Its stream waits until `at`.
        """
        ...

    def drop(self, row: Pending, *, why: str) -> None:
        """It cannot be told there, ever; kept with the reason."""
        ...

    def next_due(self) -> datetime | None: ...
    def depth(self) -> int: ...
    def in_doubt(self, request_id: RequestId, channel: str) -> bool:
        """Whether something of this request may have been told, and nobody has written so.

        Or a card in this channel.
        """
        ...

    def untold(self, request_id: RequestId) -> list[Untold]:
        """Of its cards, lines and summaries, those that wait and those that were let go of."""
        ...

    def forget(self, before: datetime, *, limit: int) -> int:
        """Remove rows that were told and had been written before then; how many."""
        ...


class Copies(Protocol):
    """The copies of cards and where Slack put them."""

    def add(self, request_id: RequestId, place: Place, address: str) -> Copy: ...
    def of(self, request_id: RequestId) -> list[Copy]: ...
    def get(self, copy_id: int) -> Copy: ...
    def at(self, channel: str, ts: str) -> Copy | None:
        """Whichever request's stands there."""
        ...

    def save(self, copy: Copy) -> None: ...
    def lost(self, address: str, reason: str, at: datetime) -> bool:
        """Whether it is news that nothing can be told there, and why."""
        ...

    def reached(self, address: str) -> None:
        """Something was told there: should it be lost again, that is news."""
        ...


class ToldLines(Protocol):
    """Which lines stand in the threads of cards."""

    def add(self, line: ToldLine) -> None:
        """Nothing happens where one of this `ts` is known: the first look was the nearest."""
        ...

    def of(self, request_id: RequestId) -> list[ToldLine]: ...


class Journal(Protocol):
    """The append-only, hash-chained record."""

    def write(self, entry: Entry) -> None: ...
    def of(self, request_id: RequestId) -> list[Line]: ...
    def walk(self, *, after: int = 0) -> Iterator[Line]: ...
    def rows(self, search: LineSearch, *, after: int | None = None) -> Iterator[Row]:
        """As they stand there, whatever somebody made of them; `after`: from behind this line on."""
        ...

    def head(self) -> Checkpoint | None:
        """Of the line written last, to be kept outside. None: somebody took the head row away."""
        ...

    def verify(self, checkpoints: Iterable[Checkpoint] = ()) -> tuple[int, Finding | None]:
        """How many lines were read, and the first that is wrong, or not as it was once."""
        ...

    def verify_of(self, request_id: RequestId) -> tuple[int, Finding | None]:
        """How many lines are about this request, and the first thing that is wrong with them.

        Each is held against those beside it, all of them against their count, the last line of
        the journal against the head row. What lies between is not read, however much it is.
        """
        ...

    def refused_lately(
        self, actor: Actor, request_id: RequestId | None, reason: str, since: datetime
    ) -> bool:
        """Whether this very refusal was recorded since then."""
        ...


class Policies(Protocol):
    """The policies, version by version."""

    def current(self) -> PolicyBook:
        """The newest, as this unit of work last looked; the empty book of version 0 where none was
        applied yet.
        """
        ...

    def version(self) -> int:
        """The newest one's, looked up now (by who only reads: as of when they began), for whoever must
        know that nothing has changed.
        """
        ...

    def at(self, version: int) -> PolicyBook:
        """As they were; the empty book where there is no such version."""
        ...

    def apply(
        self, book: PolicyBook, *, by: str, at: datetime, since: int | None = None
    ) -> PolicyBook:
        """Stored as the next version, which the returned book carries: the one after `since`.

        PoliciesMoved where another process has stored that very version meanwhile.
        """
        ...

    def history(self) -> list[Applied]: ...


class People(Protocol):
    """Bindings of Slack users to Identity Center users."""

    def get(self, slack_id: SlackUserId) -> Binding | None:
        """Locked for this unit of work."""
        ...

    def of_user(self, user_id: UserId) -> list[Binding]: ...
    def add(self, binding: Binding) -> bool:
        """False, and nothing: there is one of this Slack user already."""
        ...

    def put(self, binding: Binding) -> None: ...
    def remove(self, slack_id: SlackUserId) -> bool: ...
    def all(self) -> list[Binding]: ...
    def looked_at_before(self, before: datetime, *, limit: int) -> list[Binding]:
        """Those that hold and were looked at last before then, longest ago first."""
        ...


class Acted(Protocol):
    """What was acted on: a payload that comes a second time changes nothing."""

    def first(self, token: str, *, at: datetime) -> bool:
        """Written down, in the transaction of what it does. False: it was there already."""
        ...

    def forget(self, before: datetime, *, limit: int) -> int:
        """Remove those of before then; how many."""
        ...


class Proofs(Protocol):
    """What proves by one-time codes who somebody is."""

    def get(self, user_id: UserId) -> Proof | None:
        """Locked for this unit of work."""
        ...

    def add(self, proof: Proof) -> bool:
        """False, and nothing: there is one of this user already."""
        ...

    def save(self, proof: Proof) -> bool:
        """Compare and swap on the version."""
        ...

    def remove(self, user_id: UserId) -> bool: ...
    def all(self) -> list[Proof]: ...


class Homes(Protocol):
    """Who has opened App Home, and what it shows them."""

    def get(self, slack_id: SlackUserId) -> HomeRow | None:
        """Locked for this unit of work."""
        ...

    def of_user(self, user_id: UserId) -> list[HomeRow]: ...
    def put(self, row: HomeRow) -> None: ...
    def opened_since(self, since: datetime, *, limit: int) -> list[HomeRow]:
        """Those who may have it open still, the latest first."""
        ...


class CatalogueStore(Protocol):
    """The catalogue as last read, kept across restarts."""

    def version(self) -> int:
        """As this unit of work last looked, like `load`. 0: nothing was ever read."""
        ...

    def load(self) -> Catalogue | None:
        """None: nothing was ever read."""
        ...

    def hold(self) -> Catalogue | None:
        """The same, to be changed: nobody else changes it before this unit of work is over."""
        ...

    def replace(self, catalogue: Catalogue) -> Catalogue:
        """Stored; the version grows only if the content differs."""
        ...


class Refreshes(Protocol):
    """How far each piece of the catalogue has come."""

    def turns(self) -> list[Turn]:
        """Whose is when: asked at every beat."""
        ...

    def all(self) -> list[Refresh]:
        """In one order; in a unit of work that writes they are held."""
        ...

    def add(self, row: Refresh) -> None:
        """Nothing happens where it is there already."""
        ...

    def save(self, row: Refresh) -> bool:
        """Compare and swap on the version."""
        ...


class Activities(Protocol):
    """Whose activity is still to be looked up."""

    def put(self, row: ActivityRow) -> None: ...
    def get(self, request_id: RequestId) -> ActivityRow | None: ...
    def of(self, requests: Collection[RequestId]) -> dict[RequestId, ActivityRow]:
        """Those of these requests at once; none: no key."""
        ...

    def due(self, now: datetime, *, limit: int) -> list[ActivityRow]: ...
    def next_due(self) -> datetime | None: ...
    def save(self, row: ActivityRow) -> bool:
        """Compare and swap on the version."""
        ...


class Sweeps(Protocol):
    """How far the sweeps have come, and what they found that is not ours."""

    def all(self) -> list[SweepRow]: ...
    def add(self, row: SweepRow) -> None:
        """Nothing happens where it is there already."""
        ...

    def save(self, row: SweepRow) -> bool:
        """Compare and swap on the version."""
        ...

    def pairs(self, since: datetime, *, after: Target | None, limit: int) -> list[Target]:
        """Of assignments that are absent and were seen to be since then, and of untold strangers.

        By account and permission set, from behind the one named on.
        """
        ...

    def held(self, target: Target) -> Mapping[UserId, Holding]:
        """Whose assignments the ledger has in hand: not absent, or watched for."""
        ...

    def strangers(
        self, *, account: AccountId | None = None, told: bool | None = None
    ) -> list[Stranger]:
        """By account, permission set and user; `told`: only those who were, or were not."""
        ...

    def strangers_at(self, target: Target) -> list[Stranger]:
        """By user."""
        ...

    def add_stranger(self, key: Key, *, at: datetime) -> None:
        """Nothing happens where there is one already."""
        ...

    def told_of(self, key: Key, *, at: datetime) -> bool:
        """Whether it is there and was not told of before: of two one has the news."""
        ...

    def made_by(self, key: Key, who: str, *, at: datetime) -> None:
        """Nothing happens where it is gone."""
        ...

    def missed(self, key: Key, *, at: datetime | None) -> None:
        """When a list did not show it; None: one shows it again."""
        ...

    def remove_stranger(self, key: Key) -> bool:
        """Whether it was there: of two one does what follows."""
        ...


class Cuts(Protocol):
    """Whose open sessions are denied, and how far that has come."""

    def get(self, key: Key) -> Cut | None:
        """Locked for this unit of work."""
        ...

    def of(self, request_id: RequestId) -> Cut | None: ...
    def carried_by(self, carrier: Carrier) -> list[Cut]:
        """Those that are not lifted, the oldest first."""
        ...

    def add(self, cut: Cut) -> None: ...
    def save(self, cut: Cut) -> bool:
        """Compare and swap on the version."""
        ...

    def due(self, now: datetime) -> list[Carrier]:
        """Those with something to do, of which nobody has the lease."""
        ...

    def next_due(self) -> datetime | None: ...
    def carriers(self) -> frozenset[Carrier]:
        """Those in which something stands, or is to: they are not done with."""
        ...

    def pushing(self) -> int:
        """How many are being provisioned; whoever counts is alone in that until it has added its own."""
        ...

    def ends_wait(self, account: AccountId) -> bool:
        """Whether access in this account is to be taken away, and AWS not asked for it yet."""
        ...

    def claim(self, carrier: Carrier, now: datetime, *, until: datetime) -> CutLease | None:
        """None: somebody else has it."""
        ...

    def let_go(self, lease: CutLease) -> None:
        """Nothing happens where somebody else has it by now."""
        ...


class Forwards(Protocol):
    """How far the journal has gone to each of its destinations."""

    def all(self) -> list[Forward]: ...
    def add(self, row: Forward) -> None:
        """Nothing happens where it is there already."""
        ...

    def save(self, row: Forward) -> bool:
        """Compare and swap on the version."""
        ...


class Processes(Protocol):
    """Which processes work on this database."""

    def announce(self, name: str, *, at: datetime) -> None: ...
    def count(self, *, since: datetime) -> int:
        """Those heard of since then."""
        ...

    def leave(self, name: str) -> None: ...
    def forget(self, before: datetime) -> None:
        """Those not heard of since: they were killed, and could not leave."""
        ...


class Work(Protocol):
    """One transaction: leaving commits, raising rolls back. Keep Slack and AWS out of it."""

    @property
    def requests(self) -> Requests: ...
    @property
    def votes(self) -> Votes: ...
    @property
    def assignments(self) -> Assignments: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def copies(self) -> Copies: ...
    @property
    def told_lines(self) -> ToldLines: ...
    @property
    def journal(self) -> Journal: ...
    @property
    def policies(self) -> Policies: ...
    @property
    def people(self) -> People: ...
    @property
    def acted(self) -> Acted: ...
    @property
    def proofs(self) -> Proofs: ...
    @property
    def homes(self) -> Homes: ...
    @property
    def catalogue(self) -> CatalogueStore: ...
    @property
    def activities(self) -> Activities: ...
    @property
    def processes(self) -> Processes: ...
    @property
    def sweeps(self) -> Sweeps: ...
    @property
    def refreshes(self) -> Refreshes: ...
    @property
    def forwards(self) -> Forwards: ...
    @property
    def cuts(self) -> Cuts: ...


class Works(Protocol):
    """Opens a fresh unit of work on every call, so that threads never share one."""

    def __call__(self) -> AbstractContextManager[Work]: ...
    def reading(self) -> AbstractContextManager[Work]:
        """One that only reads: it neither waits for the writer nor keeps it waiting."""
        ...


Memberships = Callable[[Person, timedelta], Membership]
