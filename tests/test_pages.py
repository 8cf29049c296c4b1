"""Where many accesses end at once, AWS is asked about them together: a page says which are done, and the next go first."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from grants import pace
from grants.desk import new_id
from grants.errors import AwsBusy
from grants.model import Assignment, Holding, Lane, Request, Slot, State
from grants.ports import Operation, Progress
from tests import make
from tests.engine_room import Room
from tests.troubles import always

HOUR = timedelta(hours=1)


def ending(room: Room, count: int, *, first: int = 0) -> list[Request]:
    """So many that AWS has given, and that end at this moment."""
    now = room.clock()
    people = [make.a_person(f"P{n}") for n in range(first, first + count)]
    some = [make.a_request(new_id(), requester=person) for person in people]
    requests = [replace(one, state=State.ACTIVE, active_at=now - HOUR, ends_at=now) for one in some]
    with room.works() as work:
        for request in requests:
            work.requests.add(request)
            work.assignments.add(Assignment(request.key, Holding.PRESENT, now + HOUR))
            room.aws.there.add(request.key)
    room.aws.takes = timedelta(seconds=0.4)
    return requests


def counted(room: Room) -> Counter[str]:
    calls: Counter[str] = Counter()
    room.aws.before = lambda name: calls.update([name])
    return calls


def looks(room: Room) -> Callable[[], int]:
    """How often AWS is asked for assignments, from now on."""
    before = len(room.aws.lanes)
    return lambda: len(room.aws.lanes) - before


def test_many_ends_are_a_removal_a_look_each_and_a_few_pages(room: Room) -> None:
    requests = ending(room, 36)
    calls, looked = counted(room), looks(room)

    room.passes(minutes=1)

    assert {room.state(each) for each in requests} == {State.ENDED}
    assert (calls["delete"], looked()) == (36, 36)
    assert calls["listed"] <= 8
    assert calls["deletion"] <= pace.CROWD
    room.verify()


def test_four_ends_are_asked_about_one_by_one(room: Room) -> None:
    requests = ending(room, 4)
    calls = counted(room)

    room.passes(minutes=1)

    assert {room.state(each) for each in requests} == {State.ENDED}
    assert calls["listed"] == 0


def test_what_aws_has_taken_away_makes_room_before_the_list_is_looked_at(room: Room) -> None:
    requests = ending(room, 15)
    room.aws.before = always(AwsBusy("Rate exceeded"), to="assigned")

    room.passes(seconds=20)

    assert not any(room.aws.holds(each.key) for each in requests)
    assert {room.state(each) for each in requests} == {State.REVOKING}
    assert room.alarms() == []


def test_where_nobody_can_see_that_it_is_gone_somebody_is_told(room: Room) -> None:
    ending(room, 6)
    room.aws.before = always(AwsBusy("Rate exceeded"), to="assigned")

    room.passes(minutes=3)

    assert room.alarms() == ["overdue"] * 6


def test_while_many_wait_to_be_looked_at_giving_goes_on(room: Room) -> None:
    gone = [make.a_key(make.a_person(f"G{number}")) for number in range(210)]
    now = room.clock()
    room.jobs.gone = room.idle()
    with room.works() as work:
        for key in gone:
            row = Assignment(key, Holding.DELETING, now, operation="op-1", wanted_gone_at=now)
            work.assignments.add(row)

    request = room.approved("Bob")
    for _ in range(4):
        room.jobs.round()
        room.clock.passes(seconds=1)

    assert room.state(request) is State.ACTIVE


def test_aws_is_asked_to_remove_the_first_before_all_that_end_are_written_down(room: Room) -> None:
    requests = ending(room, 45)
    still: list[int] = []
    room.aws.before = lambda name: (
        still.append([room.state(each) for each in requests].count(State.ACTIVE))
        if name == "delete"
        else None
    )

    room.jobs.round()

    assert still[0] == 25


def test_what_is_listed_although_aws_says_that_it_is_gone_is_told_late_and_not_as_gone(
    room: Room,
) -> None:
    requests = ending(room, 12)
    gone = room.aws.assigned

    def lags(account: str, permission_set: str, *, lane: Lane) -> object:
        found = gone(account, permission_set, lane=lane)  # type: ignore[arg-type]  # as they are
        return type(found)(found.users | {requests[0].key.user_id}, found.groups)

    room.aws.assigned = lags  # type: ignore[method-assign,assignment]  # the list lags for one
    room.passes(seconds=50)
    assert [room.state(each) for each in requests].count(State.ENDED) == 11
    assert room.ledger(requests[0]).slot is Slot.TAKEN
    assert room.alarms() == []
    room.passes(seconds=30)
    assert room.alarms() == ["overdue"]

    room.aws.assigned = gone  # type: ignore[method-assign]  # it has caught up
    room.passes(minutes=2)

    assert room.state(requests[0]) is State.ENDED
    assert room.held(requests[0].key) is Holding.ABSENT


def test_many_that_stay_listed_are_told_late_and_removed_again(room: Room) -> None:
    requests = ending(room, 6)
    gone, everybody = room.aws.assigned, {each.key.user_id for each in requests}

    def lags(account: str, permission_set: str, *, lane: Lane) -> object:
        found = gone(account, permission_set, lane=lane)  # type: ignore[arg-type]  # as they are
        return type(found)(found.users | everybody, found.groups)

    room.aws.assigned = lags  # type: ignore[method-assign,assignment]  # as if all were made anew
    calls = counted(room)

    room.passes(minutes=5)

    assert room.alarms() == ["overdue"] * 6
    assert calls["delete"] > 6
    assert not any(room.state(each) is State.ENDED for each in requests)


def test_where_pages_tell_nothing_each_is_asked_about_as_before(room: Room) -> None:
    """AWS does not say in which order it lists: the first page may be of long ago."""
    requests = ending(room, 20)
    calls = counted(room)
    room.aws.deletions = lambda **_: iter(())  # type: ignore[method-assign]  # all old

    room.passes(minutes=1)

    assert {room.state(each) for each in requests} == {State.ENDED}
    assert calls["deletion"] >= 12


def test_a_page_that_lists_what_was_asked_about_by_itself_before_is_not_in_vain(room: Room) -> None:
    """Else pages would be given up where the first removals are quicker than the first page."""
    pages = room.jobs.pages
    first = ending(room, 6)
    room.jobs.round()  # Each is under way, and a page is read too soon.
    room.clock.now += pace.poll(0)
    room.jobs.reconcile_due()
    assert {room.state(each) for each in first} == {State.ENDED}
    assert pages.look_in() == pace.poll(0)

    ending(room, 6, first=6)
    room.aws.takes = timedelta(seconds=20)
    room.jobs.finish_due()
    room.jobs.reconcile_due()
    room.clock.passes(seconds=1)
    pages.round()

    assert pages.wait == pace.PAGES
    assert pages.look_in() == pace.poll(0)  # Who runs now was on none yet.


def test_where_pages_lag_behind_ends_are_asked_about_as_soon_as_without_them(room: Room) -> None:
    """Else each slot would be held until a page lists it, or for five seconds."""
    requests = ending(room, 120)

    def lagging(*, progress: Progress | None = None, lane: Lane = Lane.STATUS) -> list[Operation]:
        old = room.clock() - timedelta(seconds=3)
        done = (one for one in room.aws.operations if one.progress is progress)
        return [one.told(whole=False) for one in done if not one.creates and one.until <= old]

    room.aws.deletions = lagging  # type: ignore[method-assign,assignment]
    room.passes(seconds=14)

    assert not any(room.aws.holds(each.key) for each in requests)


def test_a_removal_that_failed_is_found_beside_the_pages(room: Room) -> None:
    requests = ending(room, 15)
    room.aws.fails = "AWS could not"
    room.jobs.round()
    room.aws.fails = ""

    room.passes(minutes=2)

    assert {room.state(each) for each in requests} == {State.ENDED}


def test_several_processes_read_no_more_pages_than_one(room: Room) -> None:
    ending(room, 13)
    room.aws.takes = timedelta(seconds=20)
    calls = counted(room)
    several = [room.process() for _ in range(4)]
    for each in several:
        each.pages.share(4)

    for each in several:
        each.round()
    for _ in range(40):
        room.clock.passes(seconds=0.1)
        for each in several:
            each.pages.round()

    assert calls["listed"] <= 9
