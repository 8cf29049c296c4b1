"""What `explain` says against a model of DESIGN 5 that was written apart from the rules."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from bot.commands.explain import facts
from grants.explaining import Explaining
from grants.model import Account, ChannelId, PermissionSet, User
from grants.offering import Offers
from grants.people import Memberships
from grants.policy import (
    ApprovalPolicy,
    EligibilityPolicy,
    Named,
    PolicyBook,
    PolicySettings,
    Who,
    eligibility_groups,
)
from grants.stores import Works
from tests import make
from tests.make import NOON
from tests.memory_directory import MemoryDirectory
from tests.test_planning import (
    ADMIN,
    BOB,
    CATALOGUE,
    CLOSED,
    DAN,
    EVE,
    GONE,
    HIDDEN,
    MANAGEMENT,
    PEOPLE,
    READ,
    TWIN,
    P,
    Q,
    directory,
    scopes,
    whos,
)

HOURS = st.integers(1, 12).map(lambda hours: timedelta(hours=hours))
CHANNELS = st.none() | st.sampled_from([ChannelId("C0000000001"), ChannelId("C0000000002")])
some_sets = st.sets(st.sampled_from([ADMIN, READ, HIDDEN]).map(make.a_named)).map(tuple)
books = st.builds(
    PolicyBook,
    settings=st.builds(
        PolicySettings,
        approval_required=st.sampled_from([True, True, True, False]),
        max_duration=HOURS,
        default_channel=CHANNELS,
    ),
    eligibility=st.lists(
        st.builds(
            EligibilityPolicy,
            name=st.uuids().map(str),
            who=whos,
            scope=scopes,
            permission_sets=some_sets,
            max_duration=st.none() | HOURS,
            approval_required=st.booleans(),
        ),
        max_size=5,
    ).map(tuple),
    approval=st.lists(
        st.builds(
            ApprovalPolicy,
            name=st.uuids().map(str),
            scope=scopes,
            approvers=whos,
            permission_sets=some_sets,
            channel=CHANNELS,
            approvals=st.integers(1, 3),
            required=st.booleans(),
        ),
        max_size=4,
    ).map(tuple),
)


@dataclass(frozen=True)
class Remembered:
    """A memory that holds one book and one catalogue."""

    book: PolicyBook

    @contextmanager
    def reading(self) -> Iterator[Any]:
        yield SimpleNamespace(
            policies=SimpleNamespace(current=lambda: self.book),
            catalogue=SimpleNamespace(load=lambda: CATALOGUE),
        )


def explained(book: PolicyBook, user: User, account: Account, found: PermissionSet) -> Any:
    reading = directory()
    about = Explaining(
        cast(Works, Remembered(book)), reading, Memberships(reading, lambda: NOON), lambda: NOON
    )
    return facts(about(user, account.id, found.arn, guess=True))


# The model


def names(who: Who, user: User) -> bool:
    ids = {each.id for each in (*who.users, *who.groups)}
    return user.id in ids or any(
        group.id in ids and user in members for group, members in PEOPLE.items()
    )


def inside(scope: Any, account: Account) -> bool:
    parent = account.path[-1] if account.path else None
    in_ous = [ou for ou in scope.ous if ou.id == parent or (ou.nested and ou.id in account.path)]
    tagged = [key for key, value in scope.tags if dict(account.tags or {}).get(key) == value]
    return bool(in_ous or tagged) or account.id in [each.id for each in scope.accounts]


def listed(permission_sets: tuple[Named, ...], found: PermissionSet) -> bool:
    return found.arn in [each.id for each in permission_sets]


def model(book: PolicyBook, user: User, account: Account, found: PermissionSet) -> dict[str, Any]:
    ceiling = book.settings.max_duration
    offered = user.enabled and account in (P, Q, TWIN) and found in (ADMIN, READ)
    rules = [
        each
        for each in book.eligibility
        if offered
        and names(each.who, user)
        and inside(each.scope, account)
        and listed(each.permission_sets, found)
    ]
    if not rules:
        return {"eligible": False, "rule": None, "longest_seconds": None}
    longest = max(each.max_duration or ceiling for each in rules)
    asked = [
        each
        for each in book.approval
        if inside(each.scope, account)
        and (not each.permission_sets or listed(each.permission_sets, found))
    ]
    channels = {each.channel or book.settings.default_channel for each in asked} - {None}
    needed = book.settings.approval_required and any(each.approval_required for each in rules)
    return {
        "eligible": True,
        "rule": next(each.name for each in rules if (each.max_duration or ceiling) == longest),
        "longest_seconds": int(min(ceiling, longest).total_seconds()),
        "approval_needed": needed,
        "approvals": max([1, *(each.approvals for each in asked)]) if needed else 0,
        "required": sorted(each.name for each in asked if each.required and needed),
        "approvers": [
            other.user_name
            for other in (BOB, DAN, EVE)
            if needed and other != user and any(names(each.approvers, other) for each in asked)
        ],
        "channels": sorted(channels or {book.settings.default_channel} - {None}, key=str),
    }


@given(
    books,
    st.sampled_from([BOB, EVE, DAN, GONE]),
    st.sampled_from([P, Q, CLOSED, MANAGEMENT]),
    st.sampled_from([ADMIN, READ, HIDDEN]),
)
def test_an_explanation_is_what_the_model_says(
    book: PolicyBook, user: User, account: Account, found: PermissionSet
) -> None:
    said = explained(book, user, account, found)
    said |= {key: sorted(said[key]) for key in ("required", "channels")}

    wanted = model(book, user, account, found)

    assert {key: said[key] for key in wanted} == wanted
    assert (said["first_failure"] is None) == said["eligible"]


@given(books, st.sampled_from([BOB, EVE, DAN]))
def test_what_is_explained_as_allowed_is_what_the_form_offers(book: PolicyBook, user: User) -> None:
    memberships = Memberships(MemoryDirectory(groups=PEOPLE), lambda: NOON)
    offer = Offers().of(book, CATALOGUE, memberships.live(user.id, eligibility_groups(book)))

    allowed = {
        (account.id, found.arn)
        for account in CATALOGUE.accounts.values()
        for found in CATALOGUE.permission_sets.values()
        if explained(book, user, account, found)["eligible"]
    }

    assert allowed == {(account, arn) for account, sets in offer.pairs.items() for arn in sets}
