"""Requests and votes are remembered whole, and of two writers one is told."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError, StatementError

from grants.errors import FormTakenError, StaleRequest, UnknownRequest
from grants.model import AccountId, Ballot, RequestId, State, Tally, UserId, Wanted
from storage.engine import Database
from storage.requests import to_row
from storage.tables import requests
from storage.work import SqlWorks
from tests import make
from tests.make import HOUR, NOON


@pytest.mark.parametrize("state", State)
def test_a_request_comes_back_as_it_was(works: SqlWorks, state: State) -> None:
    owners = Wanted(("group owners", "ann@example.com"), approvals=2, count=1)
    tally = Tally(("Ada Approver",), (owners,))
    request = make.a_request(
        state=state, starts_at=NOON + HOUR, reason="why", closed_by="Ada", tally=tally
    )

    with works() as work:
        work.requests.add(request)

    with works.reading() as work:
        assert work.requests.get(request.id) == request


def test_what_people_type_comes_back_or_is_made_fit(works: SqlWorks) -> None:
    typed = "Робин'); DROP TABLE requests;-- <!channel> 🦝"
    request = make.a_request(justification=typed, ticket="a\0b\ud800c")

    with works() as work:
        work.requests.add(request)

    with works.reading() as work:
        found = work.requests.get(request.id)
    assert found.justification == typed
    assert found.ticket == "a\N{REPLACEMENT CHARACTER}b?c"


def test_saving_counts_the_version_up(works: SqlWorks) -> None:
    request = make.a_request()

    with works() as work:
        work.requests.add(request)
        saved = work.requests.save(replace(request, reason="because"))

    assert saved == replace(request, reason="because", version=2)
    with works.reading() as work:
        assert work.requests.get(request.id) == saved


def test_the_second_of_two_writers_is_stale(works: SqlWorks) -> None:
    request = make.a_request()
    with works() as work:
        work.requests.add(request)
        work.requests.save(replace(request, reason="first"))

    with pytest.raises(StaleRequest), works() as work:
        work.requests.save(replace(request, reason="second"))

    with works.reading() as work:
        assert work.requests.get(request.id).reason == "first"


def test_an_unknown_request_is_refused(works: SqlWorks) -> None:
    with works() as work, pytest.raises(UnknownRequest):
        work.requests.get(RequestId("N0THERE\0"))


def test_a_form_makes_one_request(works: SqlWorks) -> None:
    first, again = make.a_request("7K2M9QXB"), make.a_request("8K2M9QXB", form_id="V7K2M9QXB")

    with works() as work:
        work.requests.add(first)
        with pytest.raises(FormTakenError) as taken:
            work.requests.add(again)

        assert taken.value.request == first
        assert work.requests.by_form("V7K2M9QXB") == first
        assert work.requests.by_form("Vother") is None


def test_an_id_is_given_once(works: SqlWorks) -> None:
    with works() as work:
        work.requests.add(make.a_request())

        with pytest.raises(IntegrityError):
            work.requests.add(make.a_request(form_id="Vother"))


def test_raising_rolls_back(works: SqlWorks) -> None:
    with suppress(ZeroDivisionError), works() as work:
        work.requests.add(make.a_request())
        _ = 1 / 0

    with works.reading() as work:
        assert work.requests.listed() == []


@pytest.mark.parametrize(
    "broken",
    [
        {"state": "unheard_of"},
        {"state": "revoking"},
        {"state": "active", "due_at": None},
        {"because": "pending"},
        {"duration": timedelta(0)},
    ],
    ids=str,
)
def test_a_row_that_cannot_be_true_is_unrepresentable(
    database: Database, broken: dict[str, object]
) -> None:
    with pytest.raises((IntegrityError, StatementError)), database.writing() as connection:
        connection.execute(insert(requests).values(to_row(make.a_request()) | broken))


def test_a_naive_datetime_is_refused(works: SqlWorks) -> None:
    naive = datetime(2026, 11, 2, 12)  # noqa: DTZ001  # it is what the test is about

    with pytest.raises(StatementError, match="naive"), works() as work:
        work.requests.add(make.a_request(asked_at=naive))


def test_an_instant_keeps_its_microseconds_and_comes_back_in_utc(works: SqlWorks) -> None:
    exact = NOON + timedelta(microseconds=1)
    request = make.a_request(asked_at=exact)

    with works() as work:
        work.requests.add(request)

    with works.reading() as work:
        assert work.requests.get(request.id).asked_at.isoformat() == exact.isoformat()


def test_each_clock_finds_what_is_due_the_oldest_first(works: SqlWorks) -> None:
    ids = {}
    with works() as work:
        for state in State:
            for minutes in (2, 1, 9):
                at = NOON + timedelta(minutes=minutes)
                request = make.a_request(
                    f"{state[:7]}{minutes}".upper(),
                    state=state,
                    expires_at=at,
                    decided_at=at,
                    ends_at=at,
                )
                ids[state, minutes] = request.id
                work.requests.add(request)

    with works.reading() as work:
        now = NOON + timedelta(minutes=2)
        lapsing = [request.id for request in work.requests.lapsing(now, limit=9)]
        starting = [request.id for request in work.requests.starting(now, limit=9)]
        finishing = [request.id for request in work.requests.finishing(now, limit=9)]
        first = work.requests.finishing(now, limit=1)
        assert work.requests.next_due() == NOON + timedelta(minutes=1)
    assert lapsing == [ids[State.PENDING, 1], ids[State.PENDING, 2]]
    assert starting == [ids[State.SCHEDULED, 1], ids[State.SCHEDULED, 2]]
    assert finishing == [ids[State.ACTIVE, 1], ids[State.ACTIVE, 2]]
    assert [request.id for request in first] == [ids[State.ACTIVE, 1]]


def test_whoever_is_to_be_reminded_is_found_the_oldest_first(works: SqlWorks) -> None:
    soon, later = NOON + timedelta(minutes=15), NOON + timedelta(minutes=30)
    with works() as work:
        work.requests.add(make.a_request("0000000L", remind_at=later))
        work.requests.add(make.a_request("0000000S", remind_at=soon))
        work.requests.add(make.a_request("0000000N"))

    with works.reading() as work:
        assert [r.id for r in work.requests.reminding(later, limit=9)] == ["0000000S", "0000000L"]
        assert [r.id for r in work.requests.reminding(later, limit=1)] == ["0000000S"]
        assert work.requests.reminding(soon - timedelta(seconds=1), limit=9) == []
        assert work.requests.next_due() == soon


def test_a_reminder_is_written_beside_whoever_is_about_to_move_the_row(works: SqlWorks) -> None:
    request = make.a_request(remind_at=NOON)
    with works() as work:
        work.requests.add(request)
    reminded = replace(request, remind_at=NOON + HOUR, reminded=1, nudged_at=NOON)

    with works() as work:
        work.requests.save_reminder(replace(reminded, state=State.CANCELLED, reason="not this"))

    with works() as work:
        assert work.requests.get(request.id) == reminded
        assert work.requests.save(reminded).version == request.version + 1


def test_nothing_is_due_where_nothing_is(works: SqlWorks) -> None:
    with works.reading() as work:
        assert work.requests.next_due() is None
        assert work.assignments.next_due() is None
        assert work.outbox.next_due() is None
        assert work.activities.next_due() is None


def test_of_a_key_are_those_that_aws_has_been_asked_about(works: SqlWorks) -> None:
    bob = make.a_person("Bob")
    with works() as work:
        for state in State:
            work.requests.add(make.a_request(f"{state:_<8}", state=state))
        work.requests.add(make.a_request("BOBS", state=State.ACTIVE, requester=bob))

    with works.reading() as work:
        found = {request.state for request in work.requests.of_key(make.a_key())}
    assert found == {State.GRANTING, State.ACTIVE, State.REVOKING}


def test_open_are_those_that_are_not_at_an_end(works: SqlWorks) -> None:
    with works() as work:
        for state in State:
            work.requests.add(make.a_request(f"{state:_<8}", state=state))

    with works.reading() as work:
        assert work.requests.open_of(make.a_person().user_id) == 5
        assert work.requests.open_of(UserId("somebody else")) == 0


def test_lists_are_filtered_and_the_newest_first(works: SqlWorks) -> None:
    bob, other = make.a_person("Bob"), make.a_target(make.an_account("222233334444"))
    with works() as work:
        work.requests.add(make.a_request("A", asked_at=NOON))
        work.requests.add(make.a_request("B", asked_at=NOON + HOUR, requester=bob))
        work.requests.add(make.a_request("C", asked_at=NOON + 2 * HOUR, target=other))
        work.requests.add(make.a_request("D", asked_at=NOON + 3 * HOUR, state=State.ENDED))

    with works.reading() as work:
        listed = work.requests.listed
        assert "".join(request.id for request in listed()) == "DCBA"
        assert "".join(request.id for request in listed(limit=2)) == "DC"
        assert "".join(request.id for request in listed(before=NOON + HOUR)) == "A"
        assert "".join(request.id for request in listed(user_id=bob.user_id)) == "B"
        assert "".join(request.id for request in listed(states=[State.PENDING])) == "CBA"
        assert "".join(r.id for r in listed(account_id=AccountId("222233334444"))) == "C"


def test_a_person_votes_once_and_the_first_vote_stands(works: SqlWorks) -> None:
    vote = make.a_vote()
    with works() as work:
        work.requests.add(make.a_request())

        first = work.votes.add(vote)
        second = work.votes.add(replace(vote, ballot=Ballot.REJECT))
        other = work.votes.add(make.a_vote(voter=make.a_person("Bob")))

        assert (first, second, other) == (True, False, True)
        assert [each.voter.name for each in work.votes.on(vote.request_id)] == [
            "Ada Approver",
            "Bob",
        ]
        assert work.votes.on(vote.request_id)[0] == vote


def test_a_vote_on_nothing_is_a_fault_and_no_second_vote(works: SqlWorks) -> None:
    with pytest.raises(IntegrityError), works() as work:
        work.votes.add(make.a_vote("N0THERE"))
