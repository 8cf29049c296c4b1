"""Requests are found by who asked, for which account, in which state and when; and walked through."""

from typing import Any

import pytest
from sqlalchemy import text

from grants.model import AccountId, Person, Request, State, UserId
from grants.records import ActivityRow, Search
from storage.engine import Database
from storage.requests import SqlRequests
from storage.work import SqlWork, SqlWorks
from tests import make
from tests.make import HOUR, NOON

BOB, EVE = make.a_person("Bob"), make.a_person("Eve")
OTHER = make.an_account("222233334444")


def ids(requests: list[Request]) -> str:
    return "".join(request.id for request in requests)


def four(work: SqlWork) -> None:
    """A, B, C and D, asked for hour by hour."""
    asked: list[dict[str, Any]] = [
        {"requester": BOB},
        {"requester": EVE, "state": State.ENDED},
        {"requester": BOB, "target": make.a_target(OTHER), "state": State.ACTIVE},
        {"requester": BOB},
    ]
    for hour, (name, facts) in enumerate(zip("ABCD", asked, strict=True)):
        work.requests.add(make.a_request(name, asked_at=NOON + hour * HOUR, **facts))


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        (Search(), "DCBA"),
        (Search(user_id=BOB.user_id), "DCA"),
        (Search(user_id=UserId("nobody")), ""),
        (Search(account_id=OTHER.id), "C"),
        (Search(account_id=AccountId("000000000000")), ""),
        (Search(states=frozenset({State.ENDED, State.ACTIVE})), "CB"),
        (Search(since=NOON + HOUR), "DCB"),
        (Search(until=NOON + HOUR), "A"),
        (Search(since=NOON + HOUR, until=NOON + 3 * HOUR), "CB"),
        (Search(BOB.user_id, OTHER.id, frozenset({State.ACTIVE}), NOON, NOON + 3 * HOUR), "C"),
        (Search(EVE.user_id, OTHER.id), ""),
    ],
    ids=[
        "anything",
        "of-one-person",
        "of-nobody",
        "in-one-account",
        "in-no-account",
        "in-two-states",
        "since",
        "until",
        "between",
        "by-all-of-them",
        "of-one-person-elsewhere",
    ],
)
def test_what_is_found_fits_every_filter_and_is_walked_the_other_way(
    works: SqlWorks, search: Search, expected: str
) -> None:
    with works() as work:
        four(work)

    with works.reading() as work:
        assert ids(work.requests.found(search, limit=9)) == expected
        assert ids(list(work.requests.walk(search))) == expected[::-1]


def test_what_is_older_is_found_page_by_page_also_of_one_instant(works: SqlWorks) -> None:
    with works() as work:
        for name in "ABCDE":
            state = State.ENDED if name in "BD" else State.PENDING
            work.requests.add(make.a_request(name, state=state))

    with works.reading() as work:
        first = work.requests.found(Search(), limit=2)
        second = work.requests.found(Search(), limit=2, older_than=first[-1])
        third = work.requests.found(Search(), limit=2, older_than=second[-1])
        none = work.requests.found(Search(), limit=2, older_than=third[-1])
    assert [ids(page) for page in (first, second, third, none)] == ["ED", "CB", "A", ""]


def test_a_long_walk_reads_other_things_on_its_way(works: SqlWorks) -> None:
    with works() as work:
        for number in range(1201):
            work.requests.add(make.a_request(f"{number:08}"))
        work.votes.add(make.a_vote("00000600"))

    with works.reading() as work:
        voted = [r.id for r in work.requests.walk(Search()) if work.votes.on(r.id)]
    assert voted == ["00000600"]


@pytest.mark.parametrize("database_kind", ["postgresql"])  # SQLite hands out row by row anyhow
def test_what_is_not_walked_to_yet_is_still_with_the_database(database: Database) -> None:
    with SqlWorks(database)() as work:
        four(work)

    with database.reading() as connection:
        walked = SqlRequests(connection).walk(Search())
        first = next(walked).id
        waiting = connection.execute(text("SELECT statement FROM pg_cursors")).scalars().all()
        rest = ids(list(walked))

    assert (first, rest) == ("A", "BCD")
    assert [statement.split()[0] for statement in waiting] == ["DECLARE"]


def test_requesters_are_named_once_each(works: SqlWorks) -> None:
    with works() as work:
        four(work)

    with works.reading() as work:
        found = {person.user_id: person for person in work.requests.requesters()}
        assert len(work.requests.requesters()) == 2
    assert found == {BOB.user_id: BOB, EVE.user_id: EVE}


def test_where_nobody_asked_there_are_no_requesters(works: SqlWorks) -> None:
    with works.reading() as work:
        nobody: list[Person] = []
        assert work.requests.requesters() == nobody
        assert list(work.requests.walk(Search())) == []


def test_votes_and_activities_of_several_requests_come_at_once(works: SqlWorks) -> None:
    with works() as work:
        for name in "ABC":
            work.requests.add(make.a_request(name))
        first = make.a_vote("A")
        second = make.a_vote("A", voter=BOB)
        other = make.a_vote("B")
        for vote in (first, second, other):
            work.votes.add(vote)
        work.activities.put(ActivityRow(make.a_request("C").id, NOON))

    with works.reading() as work:
        three = [request.id for request in work.requests.found(Search(), limit=9)]
        votes, activities = work.votes.of(three), work.activities.of(three)
    assert votes == {"A": [first, second], "B": [other]}
    assert [row.due_at for row in activities.values()] == [NOON]
    assert list(activities) == ["C"]
