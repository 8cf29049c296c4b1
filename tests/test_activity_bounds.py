"""However much a session did, and however oddly, its summary stays small and its readers within memory."""

import json
import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from threading import Event as Signal
from threading import Lock, Thread

import pytest

from blocks import activity
from grants.activity import LONGEST, MOST, Event, Evidence, Session, Summary, summarise, to_json
from grants.aws.cloudtrail.querying import Asked, Look, Page, Phase, Queried
from grants.aws.cloudtrail.sifting import Sieve
from grants.errors import AwsRefused
from grants.model import AccountId, UserId
from tests import make
from tests.sources import LATER, NOON, Ground, a_ground
from tests.test_blocks_drawings import WORDS

USER = UserId("90671b2c3d-4e5f6a7b-8c9d-4e0f-8a1b-2c3d4e5f6a7b")
SESSION = Session(
    AccountId("200000000001"), USER, "bob", "Admin", NOON, NOON + timedelta(hours=1), LATER
)
LIMIT = 64 * 1024


def odd(number: int) -> Event:
    """Another one in everything."""
    name = f"{'ü' * 100}-{number:06}-{'x' * 1000}"
    return Event(
        id=f"{number}",
        at=NOON + timedelta(milliseconds=number),
        service=f"service{number:06}",
        action=f"Action{number:06}",
        read_only=False,
        error=f"Error{number:06}",
        region=f"region-{number:06}",
        address=f"198.51.{number // 256}.{number % 256}",
        session=f"{number}",
        client=name[:40],
        assumed=f"arn:aws:iam::200000000001:role/{name}",
    )


def summed(count: int) -> Summary:
    evidence = Evidence("lake", tuple(map(odd, range(count))))
    return summarise(evidence, SESSION, lambda _: True, final=True, at=LATER)


def test_the_summary_of_a_session_that_did_everything_once_is_small() -> None:
    summary = summed(20_000)

    assert len(json.dumps(to_json(summary))) < LIMIT
    assert {len(summary.clients), len(summary.addresses), len(summary.sensitive)} <= {1, MOST}
    assert max(map(len, summary.assumed)) <= LONGEST


def test_the_counts_stay_exact_and_what_is_not_named_is_counted() -> None:
    summary = summed(20_000)

    assert (summary.calls, summary.writes, summary.sessions) == (20_000, 20_000, 20_000)
    assert summary.more["addresses"] == 20_000 - MOST
    message = activity.summary(summary, make.a_request(), WORDS)
    assert "20,000 calls, 0 reads, 20,000 writes, 20,000 errors" in message.text
    assert "and 19994 more" in message.text


def test_a_long_name_keeps_both_its_ends() -> None:
    (first,) = summed(1).assumed

    assert first.startswith("arn:aws:iam::200000000001:role/")
    assert first.endswith("x" * 50)


def test_what_is_named_most_often_stays() -> None:
    events = [odd(0)] * 3 + [odd(number) for number in range(1, 1_000)]
    alike = [Event(f"e{n}", NOON, one.service, "A", True) for n, one in enumerate(events)]

    summary = summarise(
        Evidence("lake", tuple(alike)), SESSION, lambda _: False, final=True, at=LATER
    )

    assert next(iter(summary.services.items())) == ("service000000", 3)


# While it is read


@pytest.fixture
def ground(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    with a_ground(monkeypatch) as ground:
        yield ground


def test_what_events_have_in_common_is_held_once(ground: Ground) -> None:
    record, count = ground.record(), 5_000
    sieve = Sieve(ground.session())

    tracemalloc.start()
    try:
        for number in range(count):
            sieve.take(json.dumps({**record, "eventID": f"{number:036}"}))
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert len(sieve.events) == count
    assert held / count < 350


class Gate:
    """A lock that tells when somebody waits for it."""

    def __init__(self) -> None:
        self.lock, self.had, self.waited_for = Lock(), False, Signal()

    def __enter__(self) -> None:
        if self.had:
            self.waited_for.set()
        self.had = True
        self.lock.acquire()

    def __exit__(self, *_: object) -> None:
        self.lock.release()


class Three:
    """An engine whose every query has three pages of two events each."""

    source = "lake"

    def __init__(self, gate: Gate) -> None:
        self.gate, self.begun, self.read = gate, 0, list[tuple[str, int]]()
        self.first_reads_on = Signal()

    def start(self, _: Asked, *, rows: int) -> str:
        self.begun += 1
        return f"{self.begun}"

    def seek(self, _: Asked) -> str:
        raise NotImplementedError

    def look(self, _: str) -> Look:
        return Look(Phase.DONE)

    def page(self, query: str, token: str) -> Page:
        number = int(token or 1)
        if (query, number) == ("1", 2):
            self.first_reads_on.set()
            assert self.gate.waited_for.wait(20), "the other one does not wait its turn"
        self.read.append((query, number))
        return Page([record(2 * number), record(2 * number + 1)], f"{number + 1}" * (number < 3))

    def stop(self, _: str) -> None:
        raise NotImplementedError

    def cure(self, refused: AwsRefused) -> str:
        return refused.reason


def record(number: int) -> str:
    arn = "arn:aws:sts::200000000001:assumed-role/AWSReservedSSO_Admin_1a2b/bob"
    identity = {"type": "AssumedRole", "arn": arn, "onBehalfOf": {"userId": USER}}
    return json.dumps(
        {"eventID": f"{number}", "eventTime": "2026-11-22T12:00:01Z", "userIdentity": identity}
    )


def test_of_two_that_read_very_much_one_waits_until_the_other_has_done(ground: Ground) -> None:
    gate = Gate()
    engine = Three(gate)
    trail = Queried(engine, ground.limiter, big=2, turn=gate)
    found = list[Evidence]()
    first = Thread(target=lambda: found.append(trail.fetch(SESSION)))

    first.start()
    assert engine.first_reads_on.wait(20)
    found.append(trail.fetch(SESSION))
    first.join()

    assert engine.read == [("1", 1), ("2", 1), ("1", 2), ("1", 3), ("2", 2), ("2", 3)]
    assert [len(each.events) for each in found] == [6, 6]


def test_who_reads_little_waits_for_nobody(ground: Ground) -> None:
    gate = Gate()
    with gate:
        trail = Queried(Three(gate), ground.limiter, big=100, turn=gate)
        gate.waited_for.set()

        assert len(trail.fetch(SESSION).events) == 6
