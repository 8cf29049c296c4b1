"""However much was held long ago, a sweep looks at nothing of it, and a list of requests at no more of them."""

from datetime import timedelta

from sqlalchemy import insert

from grants.model import Assignment, Holding, State
from grants.records import Search
from storage import assignments as ledger
from storage import requests as asked
from storage.engine import Database
from storage.tables import assignments, requests
from storage.work import SqlWorks
from tests import make
from tests.effort import Effort, as_a_server_would, watched
from tests.make import NOON

A_MONTH = timedelta(days=30)
TARGET = make.a_target()
FEW, MANY = 500, 5_000
STATES = State.ENDED, State.REJECTED, State.EXPIRED


def held_once(first: int, last: int) -> list[dict[str, object]]:
    """By so many, the same, in another month."""
    at = NOON - 2 * A_MONTH
    people = (make.a_person(f"P{number}") for number in range(first, last))
    return [
        ledger.to_row(Assignment(make.a_key(each, TARGET), Holding.ABSENT, None, absent_seen_at=at))
        for each in people
    ]


def test_what_is_asked_of_a_pair_and_which_were_held_lately(
    works: SqlWorks, database: Database
) -> None:
    efforts = []
    for first, last in ((0, FEW), (FEW, MANY)):
        with database.writing() as db:
            db.execute(insert(assignments), held_once(first, last))
            as_a_server_would(db)
        with watched(database) as effort, works.reading() as work:
            assert work.sweeps.pairs(NOON - A_MONTH, after=None, limit=50) == []
            assert work.sweeps.held(TARGET) == {}
        efforts.append(effort)

    grows_no_more(*efforts)


def test_a_list_of_the_newest_requests(works: SqlWorks, database: Database) -> None:
    efforts = []
    for first, last in ((0, 2 * FEW), (2 * FEW, 2 * MANY)):
        ended = [
            make.a_request(
                f"{number:08d}",
                state=STATES[number % len(STATES)],
                asked_at=NOON + timedelta(minutes=number),
            )
            for number in range(first, last)
        ]
        with database.writing() as db:
            db.execute(insert(requests), [asked.to_row(each) for each in ended])
            as_a_server_would(db)
        with watched(database) as effort, works.reading() as work:
            assert work.requests.found(Search(), limit=100) == ended[:-101:-1]
        efforts.append(effort)

    grows_no_more(*efforts)


def grows_no_more(few: Effort, many: Effort) -> None:
    assert few.of.keys() == many.of.keys() != set()
    for statement, effort in many.of.items():
        assert effort <= few.of[statement] + 200, statement
