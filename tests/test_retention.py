"""What was acted on long ago is forgotten a little at a time, and all of it at last."""

from sqlalchemy import func, insert, select

from grants.retention import AT_ONCE, MOST, TOLD_FOR, forget
from storage.engine import Database
from storage.tables import acted
from storage.work import SqlWorks
from tests.make import HOUR, NOON


def acted_on(database: Database, first: int, many: int) -> None:
    rows = [{"token": f"form {n}", "at": NOON} for n in range(first, first + many)]
    with database.writing() as db:
        db.execute(insert(acted), rows)


def known(database: Database) -> int:
    with database.reading() as db:
        return int(db.scalar(select(func.count()).select_from(acted)) or 0)


def test_all_that_is_old_enough_is_forgotten(works: SqlWorks, database: Database) -> None:
    acted_on(database, 0, 2 * AT_ONCE + 1)

    forget(works, NOON + TOLD_FOR)
    assert known(database) == 2 * AT_ONCE + 1

    forget(works, NOON + TOLD_FOR + HOUR)
    assert known(database) == 0


def test_what_is_more_than_that_waits_for_the_next_time(
    works: SqlWorks, database: Database
) -> None:
    acted_on(database, 0, MOST + 1)

    forget(works, NOON + TOLD_FOR + HOUR)
    assert known(database) == 1

    forget(works, NOON + TOLD_FOR + HOUR)
    assert known(database) == 0
