"""What administrators are to be warned of is found beside, and remembered for a while."""

from dataclasses import replace

import pytest

from grants.cautions import PolicyWarning
from grants.model import Lane, SlackUserId
from grants.policy import PolicyBook
from grants.records import HomeRow
from grants.remembering import Remembering
from grants.watching import Watch
from storage.engine import Database
from storage.work import SqlWorks
from tests import make
from tests.clock import NOON, FakeClock
from tests.make import ADMINS, APPROVERS, AUDITORS, ENGINEERS
from tests.memory_directory import MemoryDirectory, a_group, a_user
from tests.watching import watched

ADA, DAN = SlackUserId("UADA"), SlackUserId("UDAN")
EVE = a_user("eve", number=1)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def works(database: Database) -> SqlWorks:
    works = SqlWorks(database)
    with works() as work:
        work.catalogue.replace(make.a_catalogue())
        work.policies.apply(make.a_book(), by="ada", at=NOON)
        for slack_id in (ADA, DAN):
            work.homes.put(HomeRow(slack_id, make.a_person().user_id, NOON))
    return works


def a_directory() -> MemoryDirectory:
    """Everything that the policies name is there."""
    groups = {
        ENGINEERS: "engineers",
        APPROVERS: "production-approvers",
        ADMINS: "elevate-admins",
        AUDITORS: "elevate-auditors",
    }
    named = {replace(a_group(name), id=each): [EVE] for each, name in groups.items()}
    return MemoryDirectory(users=[EVE], groups=named)


def asked(
    watch: Watch, works: SqlWorks, whose: SlackUserId = ADA
) -> tuple[PolicyWarning, ...] | None:
    with works.reading() as work:
        return watch.lately(work, work.policies.current(), whose)


def drawn_again(works: SqlWorks) -> list[str]:
    """Whose App Home is to be drawn."""
    with works() as work:
        rows = work.outbox.claim(NOON.replace(hour=20), until=NOON.replace(hour=21), limit=10)
        for row in rows:
            work.outbox.done(row)
        return sorted(str((row.notice.facts or {}).get("slack_id")) for row in rows)


def changed(works: SqlWorks, book: PolicyBook) -> None:
    with works() as work:
        work.policies.apply(book, by="ada", at=NOON)


def test_the_first_look_waits_for_nobody_and_is_told_when_it_is_done(
    works: SqlWorks, clock: FakeClock
) -> None:
    watch = watched(works, a_directory(), clock)

    assert asked(watch, works) is None
    assert drawn_again(works) == ["UADA"]
    assert asked(watch, works) == ()
    assert drawn_again(works) == []


def test_aws_is_asked_once_in_a_while(works: SqlWorks, clock: FakeClock) -> None:
    directory = a_directory()
    watch = watched(works, directory, clock)
    asked(watch, works)
    before = len(directory.asked)

    for _ in range(5):
        asked(watch, works, DAN)
    assert len(directory.asked) == before

    clock.passes(minutes=11)
    asked(watch, works)
    assert len(directory.asked) == 2 * before


def test_a_group_that_goes_is_noticed_and_shown(works: SqlWorks, clock: FakeClock) -> None:
    directory = a_directory()
    watch = watched(works, directory, clock)
    asked(watch, works)
    drawn_again(works)
    directory.groups = {each: who for each, who in directory.groups.items() if each.id != AUDITORS}

    clock.passes(minutes=11)
    asked(watch, works)

    assert drawn_again(works) == ["UADA"]
    assert [str(each) for each in asked(watch, works) or ()] == [
        'auditors: the group "elevate-auditors" is no longer there'
    ]


def test_other_policies_are_looked_at_anew(works: SqlWorks, clock: FakeClock) -> None:
    watch = watched(works, a_directory(), clock)
    asked(watch, works)
    changed(works, make.a_book(approval=()))

    assert asked(watch, works) is None
    assert "nobody could give it" in str(asked(watch, works))


# Names that were found a moment ago


def test_a_name_that_was_found_is_not_looked_up_again_for_a_minute(clock: FakeClock) -> None:
    directory = a_directory()
    names = Remembering(directory, clock)
    lane = Lane.PERSON

    for _ in range(3):
        assert names.group_by_name("engineers", lane=lane) is not None
        assert names.user_by_name("eve", lane=lane) == EVE
    assert directory.asked == ["group engineers", "name eve"]

    clock.passes(seconds=61)
    names.group_by_name("engineers", lane=lane)
    assert directory.asked[2:] == ["group engineers"]


def test_a_name_that_was_not_found_is_looked_up_again(clock: FakeClock) -> None:
    directory = a_directory()
    names = Remembering(directory, clock)
    assert names.group_by_name("ops", lane=Lane.PERSON) is None
    directory.groups[a_group("ops", number=9)] = []

    assert names.group_by_name("ops", lane=Lane.PERSON) is not None
