"""Where requests are looked up: each person within what they may see."""

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import filterfalse, islice
from typing import Any, Final

from grants import authority, policy
from grants.authority import Action
from grants.exporting import Format, Record
from grants.model import Actor, Person, Request, RequestId, UserId, Vote, acting
from grants.people import Memberships
from grants.ports import Clock
from grants.records import Entry, Line, LineSearch, Search
from grants.searching import lines_to_words, to_words
from grants.sight import Sight, sight_of
from grants.stores import Work, Works

FEW: Final = 10
"""In so few accounts requests are looked for account by account."""
SLICE: Final = 50
"""So many are read at first: mostly they are enough. Then twice as many, and so on."""
REACH: Final = 1000
"""So many requests are looked at for a list: what lies deeper is found by filters, or exported."""
HIDDEN: Final = ("refusal", "audit.")
"""Events of the journal, or how they begin."""
TOGETHER: Final = 500
"""So many requests get their votes and activity at once."""


@dataclass(frozen=True, slots=True)
class Found:
    """A page of requests, the newest first."""

    requests: tuple[Request, ...]
    page: int
    """From 0; smaller than was asked for where there are not so many."""
    more: bool
    """Whether there is a page behind it."""
    reached: datetime | None = None
    """Nothing asked before then was looked at; None: all was, or there is a page behind."""


@dataclass(frozen=True, slots=True)
class Whole:
    """All that is known of one request."""

    request: Request
    votes: Sequence[Vote]
    lines: Sequence[Line]
    """Of the journal: moves and votes; for whoever sees everything, refusals too."""
    activity: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Auditing:
    """Reads, and changes nothing but the journal's note of who took away or compared what."""

    works: Works
    memberships: Memberships
    clock: Clock

    def sight(self, person: Person) -> Sight:
        """What this person may see, read live."""
        with self.works.reading() as work:
            book, catalogue = work.policies.current(), work.catalogue.load()
        membership = self.memberships.live(person.user_id, policy.persona_groups(book))
        return sight_of(book, membership, catalogue)

    def whole(self, person: Person, request_id: RequestId) -> Whole:
        """One request with everything about it; UnknownRequest where they may not see one.

        Who was refused, and who looks into it, is for those who see everything.
        """
        sight = self.sight(person)
        with self.works.reading() as work:
            request = _seen(work, sight, request_id, Action.SEE)
            row = work.activities.get(request_id)
            lines = [
                line
                for line in work.journal.of(request_id)
                if sight.everything or not line.entry.event.startswith(HIDDEN)
            ]
            votes = work.votes.on(request_id)
        return Whole(request, votes, lines, row.summary if row else None)

    def one(
        self, person: Person, request_id: RequestId
    ) -> tuple[Request, Mapping[str, Any] | None]:
        """The request and its activity as told; UnknownRequest where they may not see one."""
        sight = self.sight(person)
        with self.works.reading() as work:
            request = _seen(work, sight, request_id, Action.SEE_ACTIVITY)
            row = work.activities.get(request_id)
        return request, row.summary if row else None

    def taking_events(self, person: Person, request: Request, count: int, *, once: str) -> bool:
        """Write down who takes away what a session did. False: with this press they have already."""
        by = acting(person, self.sight(person).role)
        facts = {"format": Format.CSV.value, "events": count}
        now = self.clock()
        with self.works() as work:
            first = work.acted.first(once, at=now)
            if first:
                entry = Entry(now, "audit.activity", by, request_id=request.id, facts=facts)
                work.journal.write(entry)
        return first

    def comparing(self, person: Person, request_id: RequestId) -> Request:
        """The request whose threads this person has compared; that they do is written down first."""
        sight = self.sight(person)
        authority.admit(Action.VERIFY, sight.hats)
        with self.works() as work:
            request = work.requests.get(request_id)
            by, facts = acting(person, sight.role), {"request": request.id}
            work.journal.write(Entry(self.clock(), "audit.verify", by, facts=facts))
        return request

    def taking(self, person: Person, search: Search, kind: Format, *, once: str) -> Sight | None:
        """What this person's export may hold; that they take it is written down first.

        None: with this press they have already.
        """
        sight, now = self.sight(person), self.clock()
        with self.works() as work:
            first = work.acted.first(once, at=now)
            if first:
                note(work, acting(person, sight.role), search, kind, at=now)
        return sight if first else None


def _seen(work: Work, sight: Sight, request_id: RequestId, action: Action) -> Request:
    request = work.requests.get(request_id)
    authority.admit(action, sight.hats_for(request), request)
    return request


def note(work: Work, by: Actor, search: Search, kind: Format, *, at: datetime) -> None:
    """Write down who takes away which requests."""
    facts = {"format": kind.value, **to_words(search)}
    work.journal.write(Entry(at, "audit.export", by, facts=facts))


def note_lines(work: Work, by: Actor, search: LineSearch, kind: Format, *, at: datetime) -> None:
    """Write down who takes away which lines of the journal."""
    facts = {"format": kind.value, "what": "journal", **lines_to_words(search)}
    work.journal.write(Entry(at, "audit.export", by, facts=facts))


def found(work: Work, sight: Sight, search: Search, *, page: int, size: int) -> Found:
    """A page of what somebody may see. Looks at so many requests at the most, however few fit."""
    looked: list[Request] = []
    seen: list[Request] = []
    for request in islice(_newest(work, sight, search), REACH):
        looked.append(request)
        seen += [request] if sight.sees(request) else []
        if len(seen) > (page + 1) * size:
            break
    number = min(page, max(0, len(seen) - 1) // size)
    shown = tuple(seen[number * size : (number + 1) * size])
    more = len(seen) > (number + 1) * size
    ended = more or len(looked) < REACH
    return Found(shown, number, more, None if ended else looked[-1].asked_at)


def requester(work: Work, sight: Sight, user_id: UserId) -> Person | None:
    """As the newest request of theirs has them that is to be seen; None: none is."""
    theirs = islice(_newest(work, sight, Search(user_id)), REACH)
    return next((request.requester for request in theirs if sight.sees(request)), None)


def named(work: Work, sight: Sight, search: Search) -> tuple[Person | None, str]:
    """Whom and which account a search names, as requests to be seen and the catalogue have them."""
    person = requester(work, sight, search.user_id) if search.user_id else None
    catalogue = work.catalogue.load()
    account = catalogue.accounts.get(search.account_id) if catalogue and search.account_id else None
    return person, (account.name if account else "")


def records(work: Work, sight: Sight, search: Search) -> Iterator[Record]:
    """All that somebody may see, the oldest first, a part of it in memory at a time."""
    seen = filter(sight.sees, _merged(work.requests.walk, sight, search, reverse=False))
    while together := list(islice(seen, TOGETHER)):
        ids = [request.id for request in together]
        votes, activities = work.votes.of(ids), work.activities.of(ids)
        for request in together:
            row = activities.get(request.id)
            yield Record(request, votes.get(request.id, ()), row.summary if row else None)


def _newest(work: Work, sight: Sight, search: Search) -> Iterator[Request]:
    def walk(narrowed: Search) -> Iterator[Request]:
        last, size = None, SLICE
        while part := work.requests.found(narrowed, limit=size, older_than=last):
            yield from part
            last, size = part[-1], 2 * size

    return _merged(walk, sight, search, reverse=True)


def _merged(
    walk: Callable[[Search], Iterator[Request]], sight: Sight, search: Search, *, reverse: bool
) -> Iterator[Request]:
    first, *others = _narrowed_to(sight, search)
    # Their own are found as theirs already, and not again by their account.
    ways = [walk(first), *(filterfalse(sight.own, walk(other)) for other in others)]
    return heapq.merge(*ways, key=lambda request: (request.asked_at, request.id), reverse=reverse)


def _narrowed_to(sight: Sight, search: Search) -> list[Search]:
    """The searches that together miss nothing of what they see: few places are looked at apart."""
    accounts = frozenset() if sight.everything else sight.accounts()
    if sight.everything or search.user_id or search.account_id or len(accounts) > FEW:
        return [search]
    own = replace(search, user_id=sight.user_id)
    return [own, *(replace(search, account_id=account) for account in sorted(accounts))]
