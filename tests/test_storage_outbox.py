"""The outbox tells everything once, in order, and one thing of a stream at a time."""

from dataclasses import replace
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy.exc import IntegrityError

from grants.model import Copy, Move, Moved, Place, Role, State, Told, acting
from grants.records import Notice, Pending
from storage.engine import Database
from storage.work import SqlWork, SqlWorks
from tests import make
from tests.make import NOON

MINUTE = timedelta(minutes=1)
MOVED = Moved(
    make.a_request().id,
    Move.APPROVE,
    State.PENDING,
    State.SCHEDULED,
    acting(make.a_person("Ada Approver"), Role.APPROVER),
    NOON,
    "Go ahead.",
)


@pytest.fixture
def works(database: Database) -> SqlWorks:
    works = SqlWorks(database)
    with works() as work:
        work.requests.add(make.a_request())
    return works


def a_copy(work: SqlWork) -> Copy:
    return work.copies.add(make.a_request().id, Place.CHANNEL, "C0000000003")


def notice(kind: Told, copy: Copy | None, **facts: object) -> Notice:
    return Notice(kind, make.a_request().id, copy.id if copy else None, MOVED, facts)


def claim(work: SqlWork, *, at: timedelta = timedelta(0), limit: int = 9) -> list[Pending]:
    return work.outbox.claim(NOON + at, until=NOON + at + MINUTE, limit=limit)


def test_a_notice_comes_back_as_it_was(works: SqlWorks) -> None:
    with works() as work:
        told = notice(Told.LINE, a_copy(work), text="ä", list=[1, None])
        birth = replace(MOVED, source=None, because=State.FAILED)
        bare = Notice(Told.AUDIT, None, None, birth)
        work.outbox.put([told, bare], at=NOON)

        found = claim(work)

    assert [row.notice for row in found] == [told, bare]
    assert [(row.attempts, row.created_at, row.attempted_at) for row in found] == [
        (1, NOON, None)
    ] * 2


def test_a_stream_is_told_in_order_and_one_at_a_time(works: SqlWorks) -> None:
    with works() as work:
        copy = a_copy(work)
        work.outbox.put([notice(Told.CARD, copy), notice(Told.LINE, copy)], at=NOON)

        (card,) = claim(work)
        nothing = claim(work)
        work.outbox.done(card)
        (line,) = claim(work)
        work.outbox.done(line)

        assert (card.notice.kind, nothing, line.notice.kind) == (Told.CARD, [], Told.LINE)
        assert claim(work) == []
        assert work.outbox.depth() == 0


def test_streams_do_not_wait_for_each_other(works: SqlWorks) -> None:
    with works() as work:
        one, two = a_copy(work), a_copy(work)
        work.outbox.put([notice(Told.CARD, one), notice(Told.LINE, one)], at=NOON)
        work.outbox.put([notice(Told.CARD, two), Notice(Told.AUDIT, None, None)], at=NOON)

        assert [row.notice.copy_id for row in claim(work)] == [one.id, two.id, None]


def test_unsent_redraws_of_a_copy_are_one(works: SqlWorks) -> None:
    with works() as work:
        copy, other = a_copy(work), a_copy(work)
        work.outbox.put([notice(Told.REDRAW, copy, n=1)], at=NOON)
        work.outbox.put([notice(Told.LINE, copy), notice(Told.REDRAW, other)], at=NOON)
        work.outbox.put([notice(Told.REDRAW, copy, n=2)], at=NOON)

        assert work.outbox.depth() == 3
        assert claim(work)[0].notice == notice(Told.REDRAW, copy, n=2)


def test_a_redraw_that_somebody_is_sending_is_followed_by_another(works: SqlWorks) -> None:
    with works() as work:
        copy = a_copy(work)
        work.outbox.put([notice(Told.REDRAW, copy, n=1)], at=NOON)
        (sending,) = claim(work)

        work.outbox.put([notice(Told.REDRAW, copy, n=2)], at=NOON)
        work.outbox.done(sending)

        assert [row.notice.facts for row in claim(work)] == [{"n": 2}]


def test_what_could_not_be_told_comes_again_and_its_stream_waits(works: SqlWorks) -> None:
    with works() as work:
        copy = a_copy(work)
        work.outbox.put([notice(Told.CARD, copy), notice(Told.LINE, copy)], at=NOON)
        (card,) = claim(work)

        work.outbox.again(card, at=NOON + 5 * MINUTE, error="ratelimited")

        assert claim(work, at=4 * MINUTE) == []
        assert work.outbox.next_due() == NOON + 5 * MINUTE
        (again,) = claim(work, at=5 * MINUTE)
        assert (again.id, again.attempts, again.attempted_at) == (card.id, 2, None)


def test_an_attempt_that_nobody_settled_is_known_to_the_next_claimer(works: SqlWorks) -> None:
    with works() as work:
        work.outbox.put([notice(Told.CARD, a_copy(work))], at=NOON)
        (lost,) = claim(work)

        assert work.outbox.next_due() == NOON + MINUTE
        (found,) = claim(work, at=MINUTE)
        work.outbox.again(lost, at=NOON, error="too late to say so")

        assert (found.id, found.attempts, found.attempted_at) == (lost.id, 2, NOON)
        assert claim(work, at=MINUTE) == []


def test_a_doubt_is_kept_from_when_the_answer_was_lost_until_it_is_told(works: SqlWorks) -> None:
    lost_at = NOON + MINUTE / 2
    with works() as work:
        work.outbox.put([notice(Told.LINE, a_copy(work))], at=NOON)

    with works() as work:
        (row,) = claim(work)
        work.outbox.again(row, at=NOON + MINUTE, error="TimeoutError", unsure_since=lost_at)
    with works() as work:
        (row,) = claim(work, at=MINUTE)
        assert row.attempted_at == lost_at
        work.outbox.again(row, at=NOON + 2 * MINUTE, error="not its turn")
    with works() as work:
        (row,) = claim(work, at=2 * MINUTE)

    assert row.attempted_at == lost_at


def test_what_was_dropped_lets_its_stream_go_on(works: SqlWorks) -> None:
    with works() as work:
        copy = a_copy(work)
        work.outbox.put([notice(Told.LINE, copy), notice(Told.STRIP, copy)], at=NOON)
        (line,) = claim(work)

        work.outbox.drop(line, why="is_archived")

        assert [row.notice.kind for row in claim(work)] == [Told.STRIP]


def test_two_claimers_get_each_row_once(works: SqlWorks) -> None:
    with works() as work:
        for _ in range(40):
            work.outbox.put([notice(Told.CARD, a_copy(work))], at=NOON)
    found: list[int] = []
    together = Barrier(4)

    def send() -> None:
        together.wait()
        for _ in range(20):
            with works() as work:
                rows = claim(work, limit=3)
            found.extend(row.id for row in rows)

    senders = [Thread(target=send) for _ in range(4)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()

    assert len(found) == 40
    assert len(set(found)) == 40


def test_what_was_told_long_ago_is_forgotten(works: SqlWorks) -> None:
    with works() as work:
        work.outbox.put([notice(Told.CARD, a_copy(work)) for _ in range(3)], at=NOON)
        for row in claim(work)[:2]:
            work.outbox.done(row)

        assert work.outbox.forget(NOON, limit=9) == 0
        assert work.outbox.forget(NOON + MINUTE, limit=9) == 2
        assert work.outbox.depth() == 1


def test_copies_come_back_as_they_were(works: SqlWorks) -> None:
    with works() as work:
        copy = a_copy(work)
        posted = replace(
            copy, channel="C3", ts="1.2", summary_ts="1.3", dead="is_archived", note="end"
        )
        work.copies.save(posted)
        other = a_copy(work)

        assert work.copies.get(copy.id) == posted
        assert work.copies.of(copy.request_id) == [posted, other]
        assert work.copies.at(posted.channel, posted.ts) == posted
        assert work.copies.at(posted.channel, f"{posted.ts}0") is None
        with pytest.raises(LookupError):
            work.copies.get(other.id + 1)
        with pytest.raises(LookupError):
            work.copies.save(replace(other, id=other.id + 1))


def test_a_copy_belongs_to_a_request(works: SqlWorks) -> None:
    with pytest.raises(IntegrityError), works() as work:
        work.copies.add(make.a_request("N0THERE").id, Place.CHANNEL, "C1")


# App Home


def a_home(slack_id: str = "U1") -> Notice:
    return Notice(Told.HOME, None, None, None, {"slack_id": slack_id})


def test_one_drawing_of_a_home_serves_every_change_before_it(works: SqlWorks) -> None:
    with works() as work:
        for seconds in (0.0, 0.2, 0.4):
            work.outbox.put([a_home()], at=NOON + timedelta(seconds=1 + seconds))

        assert work.outbox.depth() == 1


def test_a_change_is_not_left_to_a_drawing_that_may_be_under_way(works: SqlWorks) -> None:
    with works() as work:
        work.outbox.put([a_home()], at=NOON)
        work.outbox.put([a_home()], at=NOON + timedelta(seconds=1))
        (claimed,) = claim(work)

        work.outbox.put([a_home()], at=NOON + timedelta(seconds=1))

        assert claimed.notice == a_home()
        assert work.outbox.depth() == 2


def test_everybodys_home_is_drawn_by_itself(works: SqlWorks) -> None:
    with works() as work:
        work.outbox.put([a_home("U1"), a_home("U2"), a_home("*")], at=NOON)

        assert [row.notice.facts for row in claim(work)] == [
            {"slack_id": "U1"},
            {"slack_id": "U2"},
            {"slack_id": "*"},
        ]
