"""Units of work in memory that behave as storage's do, for schedules by the thousand.

`tests/simulation` runs the same schedules on SQLite and demands the same history of both.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, cast

from grants.errors import FormTakenError, PoliciesMoved, StaleRequest, UnknownRequest
from grants.lifecycle import OPEN
from grants.model import (
    Catalogue,
    Copy,
    Key,
    Place,
    Request,
    RequestId,
    SlackUserId,
    State,
    UserId,
    Vote,
)
from grants.policy import PolicyBook
from grants.records import (
    ActivityRow,
    Applied,
    Binding,
    Entry,
    Finding,
    HomeRow,
    Line,
    Search,
    ToldLine,
)
from grants.stores import Work
from tests.memory_ledger import MemoryAssignments, MemoryOutbox, Store

AT_AWS = frozenset({State.GRANTING, State.ACTIVE, State.REVOKING})


def oldest(request: Request) -> tuple[datetime, str]:
    return request.asked_at, request.id


@dataclass(frozen=True, slots=True)
class MemoryRequests:
    """`grants.stores.Requests`, as far as jobs and people's moves go."""

    store: Store

    def add(self, request: Request) -> None:
        if known := self.by_form(request.form_id):
            raise FormTakenError(known)
        self.store.requests[request.id] = request
        self.store.due[request.id] = request.due_at

    def by_form(self, form_id: str) -> Request | None:
        return next((each for each in self._all() if each.form_id == form_id), None)

    def get(self, request_id: RequestId) -> Request:
        try:
            return self.store.requests[request_id]
        except KeyError:
            raise UnknownRequest(request_id) from None

    def save(self, request: Request) -> Request:
        if self.store.requests[request.id].version != request.version:
            raise StaleRequest(request.id)
        after = replace(request, version=request.version + 1)
        self.store.requests[request.id] = after
        self.store.due[request.id] = after.due_at
        return after

    def save_reminder(self, request: Request) -> None:
        self.store.requests[request.id] = replace(
            self.store.requests[request.id],
            remind_at=request.remind_at,
            reminded=request.reminded,
            nudged_at=request.nudged_at,
        )

    def put_off(self, request: Request, *, until: datetime, now: datetime) -> bool:
        row = self.store.requests[request.id]
        if row.version != request.version or row.state is not State.SCHEDULED:
            return False
        self.store.requests[request.id] = replace(row, tried_since=request.tried_since or now)
        self.store.due[request.id] = until
        return True

    def lapsing(self, now: datetime, *, limit: int) -> list[Request]:
        return self._due(State.PENDING, now, limit)

    def starting(self, now: datetime, *, limit: int) -> list[Request]:
        return self._due(State.SCHEDULED, now, limit)

    def finishing(self, now: datetime, *, limit: int) -> list[Request]:
        return self._due(State.ACTIVE, now, limit)

    def reminding(self, now: datetime, *, limit: int) -> list[Request]:
        due = [each for each in self._all() if each.remind_at and each.remind_at <= now]
        return sorted(due, key=lambda each: each.remind_at or now)[:limit]

    def next_due(self) -> datetime | None:
        reminders = (each.remind_at for each in self._all())
        return min((at for at in (*self.store.due.values(), *reminders) if at), default=None)

    def of_key(self, key: Key) -> list[Request]:
        found = [each for each in self._all() if each.state in AT_AWS and each.key == key]
        return sorted(found, key=oldest)

    def extensions_of(self, request_id: RequestId) -> list[Request]:
        found = [each for each in self._all() if each.extends == request_id and each.state in OPEN]
        return sorted(found, key=oldest)

    def open_of(self, user_id: UserId, *, alone: bool = False) -> int:
        theirs = (each for each in self._all() if each.requester.user_id == user_id)
        return sum(each.state in OPEN for each in theirs)

    def asked_since(self, user_id: UserId, since: datetime) -> int:
        theirs = (each for each in self._all() if each.requester.user_id == user_id)
        return sum(each.asked_at >= since for each in theirs)

    def listed(self, *, limit: int = 100) -> list[Request]:
        return sorted(self._all(), key=oldest, reverse=True)[:limit]

    def walk(self, search: Search) -> Iterator[Request]:
        return iter(sorted(self._all(), key=oldest))

    def _due(self, state: State, now: datetime, limit: int) -> list[Request]:
        due = [(at, each) for each, at in self.store.due.items() if at and at <= now]
        found = [self.store.requests[each] for _, each in sorted(due, key=lambda pair: pair[0])]
        return [each for each in found if each.state is state][:limit]

    def _all(self) -> Iterable[Request]:
        return self.store.requests.values()


@dataclass(frozen=True, slots=True)
class MemoryVotes:
    """`grants.stores.Votes`."""

    store: Store

    def add(self, vote: Vote) -> bool:
        if any(each.voter.user_id == vote.voter.user_id for each in self.on(vote.request_id)):
            return False
        self.store.votes[len(self.store.votes)] = vote
        return True

    def on(self, request_id: RequestId) -> list[Vote]:
        return [each for each in self.store.votes.values() if each.request_id == request_id]


@dataclass(frozen=True, slots=True)
class MemoryCopies:
    """`grants.stores.Copies`."""

    store: Store

    def add(self, request_id: RequestId, place: Place, address: str) -> Copy:
        copy = Copy(len(self.store.copies) + 1, request_id, place, address)
        self.store.copies[copy.id] = copy
        return copy

    def of(self, request_id: RequestId) -> list[Copy]:
        return [each for each in self.store.copies.values() if each.request_id == request_id]

    def get(self, copy_id: int) -> Copy:
        return self.store.copies[copy_id]

    def save(self, copy: Copy) -> None:
        self.store.copies[copy.id] = copy

    def lost(self, address: str, reason: str, at: datetime) -> bool:
        news = self.store.unreachable.get(address) != reason
        self.store.unreachable[address] = reason
        return news

    def reached(self, address: str) -> None:
        self.store.unreachable.pop(address, None)


@dataclass(frozen=True, slots=True)
class MemoryJournal:
    """`grants.stores.Journal` without its chain: hashes are storage's business."""

    store: Store

    def write(self, entry: Entry) -> None:
        seq = len(self.store.journal) + 1
        self.store.journal[seq] = Line(seq, entry, "", "")

    def of(self, request_id: RequestId) -> list[Line]:
        lines = self.store.journal.values()
        return [line for line in lines if line.entry.request_id == request_id]

    def walk(self, *, after: int = 0) -> Iterator[Line]:
        return (self.store.journal[seq] for seq in range(after + 1, len(self.store.journal) + 1))

    def verify(self) -> tuple[int, Finding | None]:
        return len(self.store.journal), None


@dataclass(frozen=True, slots=True)
class MemoryPolicies:
    """`grants.stores.Policies`."""

    store: Store

    def current(self) -> PolicyBook:
        return self.store.books.get(self.version(), PolicyBook())

    def version(self) -> int:
        return len(self.store.books)

    def apply(
        self, book: PolicyBook, *, by: str, at: datetime, since: int | None = None
    ) -> PolicyBook:
        newest = self.version()
        if since is not None and since != newest:
            raise PoliciesMoved(newest, by, at, since)
        after = replace(book, version=newest + 1)
        self.store.books[after.version] = after
        return after

    def history(self) -> list[Applied]:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Untraced:
    """`grants.stores.ToldLines` that nobody asks."""

    def add(self, line: ToldLine) -> None:
        pass


@dataclass(frozen=True, slots=True)
class MemoryPeople:
    """`grants.stores.People`, as far as anybody is linked and unlinked there."""

    store: Store

    def get(self, slack_id: SlackUserId) -> Binding | None:
        return self.store.bindings.get(slack_id)

    def of_user(self, user_id: UserId) -> list[Binding]:
        return [each for _, each in sorted(self.store.bindings.items()) if each.user_id == user_id]

    def put(self, binding: Binding) -> None:
        self.store.bindings[binding.slack_id] = binding

    def remove(self, slack_id: SlackUserId) -> bool:
        return self.store.bindings.pop(slack_id, None) is not None


@dataclass(frozen=True, slots=True)
class Nobody:
    """`Homes` that nobody opened."""

    def of_user(self, user_id: UserId) -> list[Any]:
        return []

    def get(self, slack_id: str) -> HomeRow | None:
        return None

    def opened_since(self, since: datetime, *, limit: int) -> list[HomeRow]:
        return []


@dataclass(frozen=True, slots=True)
class MemoryCatalogue:
    """`grants.stores.CatalogueStore`."""

    store: Store

    def version(self) -> int:
        return self.store.catalogue.version if self.store.catalogue else 0

    def load(self) -> Catalogue | None:
        return self.store.catalogue

    def replace(self, catalogue: Catalogue) -> Catalogue:
        self.store.catalogue = replace(catalogue, version=self.version() + 1)
        return self.store.catalogue


@dataclass(frozen=True, slots=True)
class MemoryActivities:
    """`grants.stores.Activities`."""

    store: Store

    def put(self, row: ActivityRow) -> None:
        known = self.store.activities.get(row.request_id)
        version = known.version + 1 if known else row.version
        self.store.activities[row.request_id] = replace(row, version=version)

    def get(self, request_id: RequestId) -> ActivityRow | None:
        return self.store.activities.get(request_id)

    def of(self, requests: Collection[RequestId]) -> Mapping[RequestId, ActivityRow]:
        return {each: row for each, row in self.store.activities.items() if each in requests}

    def due(self, now: datetime, *, limit: int) -> list[ActivityRow]:
        due = [row for row in self.store.activities.values() if row.due_at and row.due_at <= now]
        return sorted(due, key=lambda row: row.due_at or now)[:limit]

    def next_due(self) -> datetime | None:
        instants = (row.due_at for row in self.store.activities.values())
        return min((at for at in instants if at), default=None)

    def save(self, row: ActivityRow) -> bool:
        if self.store.activities[row.request_id].version != row.version:
            return False
        self.store.activities[row.request_id] = replace(row, version=row.version + 1)
        return True


@dataclass(slots=True)
class MemoryWork:
    """`grants.stores.Work`, as far as jobs and people's moves go."""

    store: Store
    requests: MemoryRequests = field(init=False)
    votes: MemoryVotes = field(init=False)
    assignments: MemoryAssignments = field(init=False)
    outbox: MemoryOutbox = field(init=False)
    copies: MemoryCopies = field(init=False)
    journal: MemoryJournal = field(init=False)
    policies: MemoryPolicies = field(init=False)
    catalogue: MemoryCatalogue = field(init=False)
    activities: MemoryActivities = field(init=False)
    people: MemoryPeople = field(init=False)
    homes: Nobody = field(default=Nobody())
    told_lines: Untraced = field(default=Untraced())

    def __post_init__(self) -> None:
        self.requests = MemoryRequests(self.store)
        self.votes = MemoryVotes(self.store)
        self.assignments = MemoryAssignments(self.store)
        self.outbox = MemoryOutbox(self.store)
        self.copies = MemoryCopies(self.store)
        self.journal = MemoryJournal(self.store)
        self.policies = MemoryPolicies(self.store)
        self.people = MemoryPeople(self.store)
        self.catalogue = MemoryCatalogue(self.store)
        self.activities = MemoryActivities(self.store)


@dataclass
class MemoryWorks:
    """`grants.stores.Works` for one thread: who is suspended within a unit of work is a mistake."""

    store: Store = field(default_factory=Store)

    def __post_init__(self) -> None:
        self.work = cast(Work, MemoryWork(self.store))

    @contextmanager
    def __call__(self) -> Iterator[Work]:
        before = self.store.kept()
        try:
            yield self.work
        except BaseException:
            self.store.back_to(before)
            raise

    @contextmanager
    def reading(self) -> Iterator[Work]:
        yield self.work

    def forget_leases(self) -> None:
        forget(self.store.assignments, lambda row: replace(row, lease_until=None, version=row.version + 1))  # fmt: skip
        forget(self.store.outbox, lambda row: replace(row, lease_until=None, version=row.version + 1))  # fmt: skip


def forget(rows: dict[Any, Any], without: Callable[[Any], Any]) -> None:
    for name, row in rows.items():
        if row.lease_until is not None:
            rows[name] = without(row)
