"""Cutting sessions while the process dies at any instant, stands still or has a rival: nothing is left behind."""

import json
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from itertools import count

import pytest

from grants import pace
from grants.errors import AwsUnsure
from grants.model import Assignment, Holding, Key, Slot, State, UserId
from grants.policy import CutWay
from grants.records import CutPhase
from storage.work import SqlWorks
from tests.cutting_room import ADMIN, PROD, CuttingRoom, Dead
from tests.engine_room import Killed

THEIRS = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}
)
INLINE = pytest.mark.parametrize("way", [CutWay.INLINE_POLICY])
SCP = pytest.mark.parametrize("way", [CutWay.SCP])
SHORT = timedelta(minutes=1)
"""So that a cut is over soon."""


@pytest.fixture(params=CutWay)
def way(request: pytest.FixtureRequest) -> CutWay:
    """Either, but where a test is about one."""
    return CutWay(request.param)


@pytest.fixture
def room(works: SqlWorks, way: CutWay) -> CuttingRoom:
    room = CuttingRoom(works, way)
    room.company.operation_seconds = 3
    room.put(THEIRS)
    return room


def lived(room: CuttingRoom, at: int, *, restarts: bool) -> Dead:
    """One cut, in which the process dies once, and another one takes over: at once, or much later."""
    doom = Dead(at)
    opened = room.clock()
    room.clock.passes(seconds=60)
    request = room.revoked(session=SHORT)
    with suppress(Killed):
        room.passes(room.process(doom), minutes=30)
    if restarts:
        room.works.forget_leases()
    else:
        room.clock.passes(seconds=pace.LEASE.total_seconds() + 1)

    if room.clock() < opened + timedelta(minutes=10):
        room.passes(minutes=3)
        assert room.phase(request) is CutPhase.IN_FORCE, at
        assert not room.allowed("bob", opened), at
        assert room.allowed("dan", opened), at
    room.passes(minutes=30)

    assert room.phase(request) is CutPhase.LIFTED, at
    assert room.events(request) == ["cut.force", "cut.lift"], at
    assert json.loads(room.document) == json.loads(THEIRS), at
    assert room.allowed("bob", opened), at
    return doom


def lives(room: CuttingRoom, first: int, step: int, *, restarts: bool) -> int:
    """A life for each instant at which it may end, until one is too short for that: how many."""
    for at in count(first, step):
        doom = lived(room, at, restarts=restarts)
        if doom.passed < doom.at:
            return (at - first) // step
    raise AssertionError


def test_killed_at_any_instant_and_started_again_it_is_cut_and_undone(room: CuttingRoom) -> None:
    assert lives(room, 1, 3, restarts=True) > 20


def test_killed_at_any_instant_and_its_lease_runs_out(room: CuttingRoom) -> None:
    assert lives(room, 2, 7, restarts=False) > 8


def test_two_processes_at_one_policy_do_not_write_over_each_other(room: CuttingRoom) -> None:
    room.revoked()
    rival = room.process()
    asked: list[int] = []

    def interferes(_: str) -> None:
        calls = len(room.calls)
        room.before = lambda _: None
        rival.work_on(room.carrier)
        asked.append(len(room.calls) - calls)
        room.before = interferes

    room.before = interferes
    room.passes(seconds=30)

    assert set(asked) == {0}
    assert room.calls.count("write") == 1


def test_whoever_stood_still_between_reading_and_writing_reads_again(room: CuttingRoom) -> None:
    request = room.revoked()
    theirs_since = THEIRS.replace("s3", "ec2")

    def stands_still(name: str) -> None:
        if name == "read":
            room.after = lambda _: None
            room.put(theirs_since)
            room.clock.passes(seconds=6)

    room.after = stands_still
    room.passes(minutes=1)

    assert room.phase(request) is CutPhase.IN_FORCE
    room.passes(hours=2)
    assert json.loads(room.document) == json.loads(theirs_since)


def test_whoever_stood_still_for_longer_than_the_lease_writes_nothing(room: CuttingRoom) -> None:
    room.revoked()
    rival = room.process()

    def stands_still(name: str) -> None:
        if name == "read":
            room.after = lambda _: None
            room.clock.passes(seconds=pace.LEASE.total_seconds() + 1)
            rival.work_on(room.carrier)

    room.after = stands_still
    room.passes(minutes=1)

    assert room.calls.count("write") == 1


@INLINE
def test_no_more_than_two_are_provisioned_at_a_time(room: CuttingRoom) -> None:
    room.company.operation_seconds = 20
    accounts = (PROD, "web-prod", "payments-dev", "web-dev")
    for account in accounts:
        if account != PROD:
            room.company.assign("dan", account, ADMIN)
    requests = [room.revoked(account=account) for account in accounts]
    most = []

    def looks(_: str) -> None:
        room.company.settle()
        under_way = [one.status for one in room.company.provisionings.values()]
        most.append(under_way.count("IN_PROGRESS"))

    room.before = looks
    room.passes(minutes=2)

    assert max(most) == 2
    assert {room.phase(request) for request in requests} == {CutPhase.IN_FORCE}


@INLINE
def test_what_is_to_be_taken_away_in_that_account_goes_first_for_a_minute(
    room: CuttingRoom,
) -> None:
    request = room.revoked()
    account = room.cut(request).key.account_id
    key = Key(UserId(room.company.user("eve").id), account, room.permission_set)
    waits = Assignment(
        key, Holding.PRESENT, room.clock(), slot=Slot.NONE, wanted_gone_at=room.clock()
    )
    with room.works() as work:
        work.assignments.add(waits)

    room.passes(seconds=50)
    assert room.phase(request) is CutPhase.WRITTEN
    assert "push" not in room.calls

    room.passes(seconds=30)
    assert room.phase(request) is CutPhase.IN_FORCE


def test_it_waits_until_the_access_itself_is_gone(room: CuttingRoom) -> None:
    request = room.revoked(state=State.REVOKING)

    room.passes(minutes=6)

    assert room.phase(request) is CutPhase.WAITING
    assert room.calls == []


def test_where_there_is_no_room_it_waits_for_some_and_somebody_is_told(room: CuttingRoom) -> None:
    full = {"Effect": "Deny", "Action": "x" * 10_000, "Resource": "*"}
    room.put(json.dumps({"Version": "2012-10-17", "Statement": [full]}))
    request = room.revoked()

    room.passes(minutes=10)
    assert room.phase(request) is CutPhase.WANTED
    assert room.events(request) == ["alarm.cut_late"]

    room.put(THEIRS)
    room.passes(minutes=2)
    assert room.phase(request) is CutPhase.IN_FORCE


def test_what_is_written_over_at_once_counts_as_not_written(room: CuttingRoom) -> None:
    """It is read again, and not only on the next beat."""
    request = room.revoked()

    def writes_over(name: str) -> None:
        if name == "write":
            room.after = lambda _: None
            room.put(THEIRS)

    room.after = writes_over
    room.passes(seconds=10)

    assert room.phase(request) is CutPhase.IN_FORCE
    assert room.calls.count("write") == 2
    assert room.events(request) == ["cut.force"]


@SCP
def test_more_than_fit_in_wait_and_the_policy_never_grows_too_long(room: CuttingRoom) -> None:
    """AWS would refuse it; and so does the company here."""
    full = {"Sid": "Full", "Effect": "Deny", "Action": "x" * 9_300, "Resource": "*"}
    room.put(json.dumps({"Version": "2012-10-17", "Statement": [full]}))
    requests = [room.revoked(who, session=SHORT) for who in ("bob", "eve", "ada")]

    room.passes(minutes=6)

    phases = Counter(map(room.phase, requests))
    assert phases == {CutPhase.IN_FORCE: 2, CutPhase.WANTED: 1}
    (waiting,) = [each for each in requests if room.phase(each) is CutPhase.WANTED]
    assert room.events(waiting) == ["alarm.cut_late"]
    assert "there is no room left" in room.cut(waiting).last_error
    room.passes(minutes=20)
    assert {room.phase(each) for each in requests} == {CutPhase.LIFTED}
    assert json.loads(room.document)["Statement"] == [full]


@SCP
def test_of_a_policy_that_is_gone_the_denial_goes_into_the_one_that_is_named_now(
    room: CuttingRoom,
) -> None:
    request = room.revoked()
    room.passes(minutes=1)
    room.company.remove_scp(room.scp)

    room.passes(minutes=6)
    assert room.phase(request) is CutPhase.WANTED
    assert "alarm.cut_dropped" in room.events(request)
    assert "is not there any more" in room.cut(request).last_error

    room.scp = room.company.add_scp("another", THEIRS)
    room.company.attach_scp(room.scp, PROD)
    room.passes(minutes=2)
    assert room.phase(request) is CutPhase.IN_FORCE
    assert "ElevateCut" in room.document
    room.passes(hours=2)
    assert room.phase(request) is CutPhase.LIFTED
    assert json.loads(room.document) == json.loads(THEIRS)


@INLINE
def test_where_the_way_is_changed_what_stands_is_undone_where_it_stands(room: CuttingRoom) -> None:
    first = room.revoked()
    room.passes(minutes=10)
    room.way = CutWay.SCP

    second = room.revoked()
    room.passes(minutes=1)

    assert room.phase(second) is CutPhase.IN_FORCE
    assert room.company.inline_policy(ADMIN).count("ElevateCut") == 1
    room.passes(hours=2)
    third = room.revoked()
    room.passes(minutes=1)
    assert room.document.count("ElevateCut") == 1
    assert json.loads(room.company.inline_policy(ADMIN)) == json.loads(THEIRS)
    assert room.events(first) == ["cut.force"]
    assert room.phase(third) is CutPhase.IN_FORCE


def test_a_write_whose_answer_was_lost_is_watched_for_a_quarter_of_an_hour(
    room: CuttingRoom,
) -> None:
    """AWS may carry it out when everything seems to be over."""
    request = room.revoked()
    room.passes(minutes=1)
    denying = room.document
    lost = iter([AwsUnsure("the connection broke")])

    def loses(name: str) -> None:
        if name == "write" and (fault := next(lost, None)):
            raise fault

    room.after = loses
    room.passes(hours=1, minutes=16)
    assert room.phase(request) is CutPhase.LIFTING
    room.put(denying)

    room.passes(minutes=20)

    assert room.phase(request) is CutPhase.LIFTED
    assert json.loads(room.document) == json.loads(THEIRS)
