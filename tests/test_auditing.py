"""What somebody may see, found page by page and streamed whole, however much there is."""

import tracemalloc
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import timedelta
from itertools import count, islice
from pathlib import Path
from typing import Any, cast
from weakref import WeakSet

import pytest
from sqlalchemy import insert

from grants.auditing import REACH, TOGETHER, found, records
from grants.errors import Flaw, Unfit
from grants.exporting import Format, line
from grants.model import (
    Account,
    AccountId,
    Membership,
    OuId,
    Person,
    Request,
    RequestId,
    Role,
    State,
    UserId,
)
from grants.policy import Named, OuScope, PolicyBook, Scope, Who
from grants.records import Search
from grants.searching import Sought, from_words, read, to_words
from grants.sight import ALL, Sight, sight_of
from grants.stores import Work
from storage.engine import Database
from storage.requests import to_row
from storage.tables import requests
from storage.work import SqlWorks
from tests import make
from tests.make import APPROVERS, AUDITORS, HOUR, NOON

BOB, EVE = make.a_person("Bob"), make.a_person("Eve")
PROD, OTHER = make.an_account(), make.an_account("222233334444", path=(make.ROOT,))
READ_ONLY = make.a_permission_set("ReadOnlyAccess")
CATALOGUE = make.a_catalogue(accounts={PROD.id: PROD, OTHER.id: OTHER})


def sight(person: Person, *groups: Any, book: PolicyBook | None = None, **changes: Any) -> Sight:
    membership = Membership(person.user_id, frozenset(groups), NOON)
    return sight_of(book or make.a_book(), membership, replace(CATALOGUE, **changes))


def approving(**changes: Any) -> PolicyBook:
    return make.a_book(approval=(make.approval(**changes),))


# Who sees what

THEIRS = make.a_request(requester=BOB)
ELSEWHERE = make.a_request(requester=BOB, target=make.a_target(OTHER))
GONE = make.a_request(requester=BOB, target=make.a_target(make.an_account("999999999999")))


@pytest.mark.parametrize(
    ("whose", "sees"),
    [
        (sight(BOB), [True, True, True]),
        (sight(EVE), [False, False, False]),
        (sight(EVE, APPROVERS), [True, False, False]),
        (sight(EVE, AUDITORS), [True, True, True]),
        (sight(EVE, make.ADMINS), [True, True, True]),
        (sight(EVE, APPROVERS, book=approving(permission_sets=(
            Named(READ_ONLY.arn, READ_ONLY.name),))), [False, False, False]),
        (sight(EVE, APPROVERS, book=approving(scope=Scope((Named(GONE.target.account_id, ""),)))),
         [False, False, True]),
        (sight(EVE, book=approving(approvers=Who(users=(Named(EVE.user_id, "eve"),)))),
         [True, False, False]),
        (sight(EVE, APPROVERS, book=approving(scope=Scope(ous=(OuScope(make.ROOT, nested=True),)))),
         [True, True, False]),
        (sight(EVE, APPROVERS, book=approving(scope=Scope(tags=(("env", "dev"),)))),
         [False, False, False]),
        (ALL, [True, True, True]),
    ],
    ids=count(),
)  # fmt: skip
def test_who_sees_which_request(whose: Sight, sees: list[bool]) -> None:
    assert [whose.sees(request) for request in (THEIRS, ELSEWHERE, GONE)] == sees


def test_a_moved_account_counts_as_it_stands_now() -> None:
    moved = replace(PROD, path=(make.ROOT, OuId("ou-ab12-99999999")))
    looking = sight(EVE, APPROVERS, accounts={moved.id: moved})

    assert not looking.sees(THEIRS)


@pytest.mark.parametrize(
    ("groups", "role"),
    [
        ((), Role.REQUESTER),
        ((APPROVERS,), Role.APPROVER),
        ((APPROVERS, AUDITORS), Role.AUDITOR),
        ((APPROVERS, AUDITORS, make.ADMINS), Role.ADMINISTRATOR),
    ],
)
def test_they_look_in_their_widest_capacity(groups: tuple[Any, ...], role: Role) -> None:
    assert sight(EVE, *groups).role is role


# Pages and streams, on the databases


def fill(database: Database, asked: Iterator[Request]) -> None:
    with database.writing() as connection:
        connection.execute(insert(requests), [to_row(request) for request in asked])


def asked(number: int, **changes: Any) -> Request:
    at = NOON + timedelta(minutes=number)
    return make.a_request(f"{number:08}", asked_at=at, **changes)


def page(database: Database, looking: Sight, search: Search = Search(), *, number: int = 0) -> Any:  # noqa: B008
    with SqlWorks(database).reading() as work:
        return found(work, looking, search, page=number, size=10)


def numbers(listed: Any) -> list[int]:
    return [int(request.id) for request in listed.requests]


def test_pages_follow_each_other_to_the_end(database: Database) -> None:
    fill(database, (asked(number) for number in range(25)))

    pages = [page(database, ALL, number=number) for number in range(4)]

    assert [numbers(one) for one in pages[:3]] == [
        list(range(24, 14, -1)),
        list(range(14, 4, -1)),
        list(range(4, -1, -1)),
    ]
    assert [(one.page, one.more) for one in pages] == [(0, True), (1, True), (2, False), (2, False)]
    assert [one.reached for one in pages] == [None] * 4


def test_a_page_holds_only_what_they_see_of_many(database: Database) -> None:
    accounts = {number: make.an_account(f"{number:012}") for number in range(30)}
    fill(
        database,
        (asked(n, target=make.a_target(accounts[n % 30]), requester=BOB) for n in range(120)),
    )
    few = (OuScope(make.PRODUCTION, nested=True),)
    inside = replace(accounts[7], path=(make.ROOT, make.PRODUCTION))
    outside = {a.id: replace(a, path=(make.ROOT,)) for a in accounts.values()}
    looking = sight(
        EVE,
        APPROVERS,
        book=approving(scope=Scope(ous=few)),
        accounts={**outside, inside.id: inside},
    )

    assert numbers(page(database, looking)) == [97, 67, 37, 7]


def test_own_requests_that_they_may_approve_too_come_once(database: Database) -> None:
    fill(database, (asked(n, requester=EVE if n % 2 else BOB) for n in range(6)))
    looking = sight(EVE, APPROVERS)

    assert numbers(page(database, looking)) == [5, 4, 3, 2, 1, 0]
    with SqlWorks(database).reading() as work:
        streamed = [int(one.request.id) for one in records(work, looking, Search())]
    assert streamed == [0, 1, 2, 3, 4, 5]


def test_own_requests_elsewhere_are_among_those_they_may_approve(database: Database) -> None:
    elsewhere = make.a_target(OTHER)
    fill(
        database,
        iter(
            [
                asked(0, requester=BOB),
                asked(1, requester=EVE, target=elsewhere),
                asked(2, requester=BOB, target=elsewhere),
                asked(3, requester=BOB),
            ]
        ),
    )

    assert numbers(page(database, sight(EVE, APPROVERS))) == [3, 1, 0]


def test_of_an_account_that_left_its_approvers_see_what_they_might_have_approved(
    database: Database,
) -> None:
    gone = Scope((Named(GONE.target.account_id, ""),))
    fill(database, iter([asked(0, requester=BOB, target=GONE.target), asked(1, requester=BOB)]))
    looking = sight(EVE, APPROVERS, book=approving(scope=gone))

    assert numbers(page(database, looking)) == [0]
    with SqlWorks(database).reading() as work:
        assert [one.request.id for one in records(work, looking, Search())] == ["00000000"]


def test_nobody_looks_deeper_than_so_many_and_it_is_said(database: Database) -> None:
    everywhere = {
        account.id: account for account in (make.an_account(f"{n:012}") for n in range(40))
    }
    target = make.a_target(make.an_account("555555555555"))
    fill(database, (asked(n, requester=BOB, target=target) for n in range(REACH + 5)))
    looking = sight(EVE, APPROVERS, accounts=everywhere)

    listed = page(database, looking)

    assert listed.requests == ()
    assert listed.reached == NOON + timedelta(minutes=5)


def test_a_stream_gives_the_first_before_it_reads_the_last() -> None:
    class Endless:
        """As much memory as anybody could want."""

        requests = votes = activities = property(lambda self: self)

        def walk(self, search: Search) -> Iterator[Request]:
            return (asked(number) for number in count())

        def of(self, ids: list[RequestId]) -> dict[RequestId, Any]:
            return {}

    three = islice(records(cast("Work", Endless()), ALL, Search()), 3)

    assert [int(one.request.id) for one in three] == [0, 1, 2]


class Watched(Request):
    """Of which it is known how many there are at a time."""

    __slots__ = ("__weakref__",)


def test_of_a_hundred_thousand_a_part_is_in_memory_at_a_time(tmp_path: Path) -> None:
    alive: WeakSet[Watched] = WeakSet()
    walked = most = 0

    class Many:
        """A hundred thousand requests, each made when it is read."""

        requests = votes = activities = property(lambda self: self)

        def walk(self, search: Search) -> Iterator[Request]:
            nonlocal walked, most
            one = make.a_request()
            values = {each.name: getattr(one, each.name) for each in fields(one)}
            for walked in range(1, 100_001):
                request = Watched(**values | {"id": RequestId(f"{walked:08}")})
                alive.add(request)
                most = max(most, len(alive))
                yield request

        def of(self, ids: list[RequestId]) -> dict[RequestId, Any]:
            return {}

    exported = records(cast("Work", Many()), ALL, Search())
    with (tmp_path / "requests.jsonl").open("w") as file:
        # Every tenth of them: writing one takes longer than all the rest, and keeps nothing.
        file.writelines(line(each, Format.JSONL) for each in islice(exported, 0, None, 10))

    assert walked == 100_000
    assert most <= 2 * TOGETHER + 2


def test_a_long_walk_holds_a_part_of_it_in_memory(database: Database) -> None:
    fill(database, (asked(number, justification="x" * 3000) for number in range(6000)))

    with SqlWorks(database).reading() as work:
        tracemalloc.start()
        walked = sum(1 for _ in records(work, ALL, Search()))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert walked == 6000
    assert most < 9_000_000  # all of it would be more than twice as much


# What is looked for


def test_a_search_comes_back_from_plain_words() -> None:
    search = Search(UserId("u"), AccountId("1"), frozenset(State), NOON, NOON + HOUR)

    assert from_words(to_words(search)) == search
    assert from_words(to_words(Search())) == Search()
    assert from_words({"other": "words"}) == Search()


@pytest.mark.parametrize(
    "typed", ["bob", "BOB", "Bob", "bob@example.com", BOB.user_id, BOB.slack_id]
)
def test_somebody_is_found_by_whatever_names_them(typed: str) -> None:
    assert read(Sought(f" {typed} "), lambda: [BOB, EVE], None).user_id == BOB.user_id


def test_of_two_of_one_name_the_one_is_meant_that_there_is_something_to_see_of() -> None:
    same = [replace(one, name="Same") for one in (BOB, EVE)]

    search = read(Sought("same"), lambda: same, None, seen=lambda user_id: user_id == EVE.user_id)

    assert search.user_id == EVE.user_id


def test_two_slack_users_of_one_person_are_one() -> None:
    again = replace(BOB, slack_id=make.a_person("Other").slack_id)

    assert read(Sought("bob"), lambda: [BOB, again], None).user_id == BOB.user_id


@pytest.mark.parametrize(
    ("sought", "flaw"),
    [
        (Sought(person="bo"), Flaw.NOT_FOUND),
        (Sought(person="same"), Flaw.SEVERAL),
        (Sought(account="11112222333"), Flaw.NOT_FOUND),
        (Sought(account="twice"), Flaw.SEVERAL),
        (Sought(since="2026-13-01"), Flaw.UNREADABLE),
        (Sought(since="0001-01-01T00:00:00+14:00"), Flaw.UNREADABLE),
        (Sought(until="9999-12-31"), Flaw.UNREADABLE),
        (Sought(since="2026-11-02", until="2026-11-01"), Flaw.BACKWARDS),
    ],
    ids=str,
)
def test_what_cannot_be_meant_is_a_problem(sought: Sought, flaw: Flaw) -> None:
    people = [replace(one, name="Same") for one in (BOB, EVE)]
    twice = [replace(account, name="Twice") for account in (PROD, OTHER)]
    accounts: dict[AccountId, Account] = {account.id: account for account in twice}

    with pytest.raises(Unfit) as unfit:
        read(sought, lambda: people, make.a_catalogue(accounts=accounts))

    assert [problem.flaw for problem in unfit.value.problems] == [flaw]


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        ("2026-11-02", "2026-11-02", (NOON - 12 * HOUR, NOON + 12 * HOUR)),
        ("2026-11-02T12:00", "2026-11-02T14:00:00+01:00", (NOON, NOON + HOUR)),
        ("20261102", "", (NOON - 12 * HOUR, None)),
    ],
)
def test_days_are_utc_and_the_last_one_is_included(
    since: str, until: str, expected: tuple[Any, Any]
) -> None:
    search = read(Sought(since=since, until=until), list, None)

    assert (search.since, search.until) == expected
