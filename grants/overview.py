"""What is there for somebody to see and to do, by their personas: for showing, never for deciding."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Final, Generic, TypeVar

from grants.lifecycle import FINAL, OPEN, moves_from
from grants.model import (
    Account,
    Membership,
    Move,
    Person,
    Request,
    RequestId,
    Role,
    State,
    Target,
)
from grants.policy import (
    MOST_OPEN,
    ApprovalPolicy,
    PolicyBook,
    approval_policies,
    may_approve,
    proof_needed,
)
from grants.records import Glimpse
from grants.stores import Work

T = TypeVar("T")
U = TypeVar("U")

APPROVALS: Final = 7
"""So many of a list stand on a page of it; App Home has 100 blocks for all."""
REVOCABLE: Final = 10
HOLDING: Final = 4
PENDING: Final = 4
RECENT: Final = 4
MOST: Final = 3
LATELY: Final = 100
"""So many are looked at of what a person has had; all is the audit's."""
OFTEN: Final = 2
"""What was asked for once is no habit."""
HELD_IN: Final = OPEN - {State.PENDING}
REVOCABLE_IN: Final = frozenset(
    state for state in State if Move.REVOKE in moves_from(state, Role.APPROVER)
)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list."""

    name: str
    """The list's."""
    items: tuple[T, ...]
    number: int = 0
    """From 0."""
    pages: int = 1
    total: int = 0
    """Of the whole list."""

    def holding(self, items: Iterable[U]) -> "Page[U]":
        """The same page with what its items became."""
        return Page(self.name, tuple(items), self.number, self.pages, self.total)


def paged(listed: Sequence[T], name: str, size: int, number: int) -> Page[T]:
    """This page of a list; the last one where it has shrunk."""
    last = max(0, (len(listed) - 1) // size)
    number = min(max(0, number), last)
    at = number * size
    return Page(name, tuple(listed[at : at + size]), number, last + 1, len(listed))


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks, in which capacities, and how far they have turned the pages."""

    person: Person
    membership: Membership
    """Of the groups that decide about personas (`policy.persona_groups`)."""
    roles: frozenset[Role]
    book: PolicyBook
    now: datetime
    pages: Mapping[str, int] = field(default_factory=dict)
    """By list; from 0."""
    filters: Mapping[str, str] = field(default_factory=dict)

    def page(self, listed: Sequence[T], name: str, size: int) -> Page[T]:
        """The page of this list that they have turned to."""
        return paged(listed, name, size, self.pages.get(name, 0))


# Approvers


def waiting(work: Work, viewer: Viewer) -> Page[Request]:
    """What this person may decide on and has not: what waits longest goes first."""
    linked = work.people.of_user(viewer.person.user_id)
    by = [each.slack_id for each in linked if not each.broken]
    voted = work.votes.undecided(viewer.person.user_id, by)
    theirs, asked = _may_approve(work, viewer), _asked(work, viewer)

    def waits(seen: Glimpse) -> bool:
        """A vote without a proof does not count where one is asked for by now."""
        if seen.id in voted and (voted[seen.id] or not proof_needed(asked(seen.target))):
            return False
        return theirs(seen.target)

    found = [
        seen.id
        for seen in work.requests.glimpses({State.PENDING})
        if seen.user_id != viewer.person.user_id and waits(seen)
    ]
    page = viewer.page(found, "approvals", APPROVALS)
    return page.holding(work.requests.several(page.items))


def revocable(work: Work, viewer: Viewer) -> Page[Request]:
    """What this person may take away from others: what was asked for last goes first."""
    every = Role.ADMINISTRATOR in viewer.roles
    theirs = _may_approve(work, viewer)
    found: list[RequestId] = [
        seen.id
        for seen in reversed(work.requests.glimpses(REVOCABLE_IN))
        if seen.user_id != viewer.person.user_id and (every or theirs(seen.target))
    ]
    page = viewer.page(found, "revocable", REVOCABLE)
    return page.holding(work.requests.several(page.items))


def _may_approve(work: Work, viewer: Viewer) -> Callable[[Target], bool]:
    """Whether today's policies name this person for a target; worked out once for each."""
    asked = _asked(work, viewer)
    return cache(lambda target: may_approve(asked(target), viewer.membership))


def _asked(work: Work, viewer: Viewer) -> Callable[[Target], tuple[ApprovalPolicy, ...]]:
    """Today's approval policies for a target, worked out once for each."""
    catalogue = work.catalogue.load()
    known = catalogue.accounts if catalogue else {}

    @cache
    def asked(target: Target) -> tuple[ApprovalPolicy, ...]:
        account = known.get(target.account_id) or Account(target.account_id, "")
        return approval_policies(viewer.book, account, target.permission_set_arn)

    return asked


# Requesters


@dataclass(frozen=True, slots=True)
class Mine:
    """What somebody holds, waits for, and has asked for."""

    holding: Page[Request]
    pending: Page[Request]
    recent: Page[Request]
    most: tuple[Request, ...]
    """The newest request for each of the targets that they ask for again and again."""


def mine(work: Work, viewer: Viewer) -> Mine:
    """This person's own; what ends first and what was asked for last go first."""
    # Each apart: however much waits, what is held is there to be ended.
    holding = _theirs(work, viewer, HELD_IN, MOST_OPEN)
    pending = _theirs(work, viewer, {State.PENDING}, MOST_OPEN)
    past = _theirs(work, viewer, FINAL, LATELY)
    return Mine(
        _holding(viewer, holding),
        viewer.page(pending, "pending", PENDING),
        viewer.page(past, "recent", RECENT),
        _most([*holding, *pending, *past]),
    )


def held(work: Work, viewer: Viewer) -> Page[Request]:
    """Only what they hold, or will."""
    return _holding(viewer, _theirs(work, viewer, HELD_IN, MOST_OPEN))


def _theirs(work: Work, viewer: Viewer, states: Collection[State], limit: int) -> list[Request]:
    return work.requests.listed(states=states, user_id=viewer.person.user_id, limit=limit)


def _holding(viewer: Viewer, requests: Iterable[Request]) -> Page[Request]:
    return viewer.page(sorted(requests, key=_ends), "holding", HOLDING)


def _ends(request: Request) -> datetime:
    return request.ends_at or datetime.max.replace(tzinfo=UTC)


def _most(requests: Sequence[Request]) -> tuple[Request, ...]:
    newest = {one.target: one for one in sorted(requests, key=lambda one: one.asked_at)}
    counted = Counter(one.target for one in requests)
    often = [target for target, times in counted.most_common(MOST) if times >= OFTEN]
    return tuple(newest[target] for target in often)
