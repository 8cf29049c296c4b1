"""Processes on one database share AWS's quotas: each knows how many there are."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from grants.presence import Presence
from storage.work import SqlWorks
from tests.clock import FakeClock


class Crowd:
    """Processes, and how many each thinks there are."""

    def __init__(self, works: SqlWorks) -> None:
        self.works, self.clock = works, FakeClock()
        self.counts: dict[str, int] = {}

    def process(self, name: str) -> Presence:
        def share(processes: int) -> None:
            self.counts[name] = processes

        return Presence(self.works, self.clock, name, share)

    def passes(self, seconds: int, *alive: Presence) -> None:
        for _ in range(seconds):
            self.clock.passes(seconds=1)
            for each in alive:
                each.round()


@pytest.fixture
def crowd(works: SqlWorks) -> Crowd:
    return Crowd(works)


def test_whoever_is_alone_has_the_whole_quota(crowd: Crowd) -> None:
    crowd.process("one").round()

    assert crowd.counts == {"one": 1}


def test_a_second_one_knows_at_once_and_the_first_within_five_seconds(crowd: Crowd) -> None:
    one, two = crowd.process("one"), crowd.process("two")
    one.round()

    two.round()
    assert crowd.counts == {"one": 1, "two": 2}
    crowd.passes(5, one, two)

    assert crowd.counts == {"one": 2, "two": 2}


def leaves(presence: Presence) -> None:
    presence.leave()


def dies(_: Presence) -> None:
    """Without a word."""


@pytest.mark.parametrize(("ends", "seconds"), [(leaves, 5), (dies, 26)])
def test_who_has_ended_is_counted_no_more(
    crowd: Crowd, ends: Callable[[Presence], None], seconds: int
) -> None:
    one, two = crowd.process("one"), crowd.process("two")
    crowd.passes(6, one, two)

    ends(two)
    crowd.passes(seconds, one)

    assert crowd.counts["one"] == 1


def test_it_writes_every_five_seconds_and_not_at_every_beat(crowd: Crowd) -> None:
    one = crowd.process("one")
    one.round()
    written = one.next_due()

    crowd.passes(4, one)

    assert one.next_due() == written


def test_of_whoever_was_killed_long_ago_nothing_is_kept(crowd: Crowd) -> None:
    alive, killed = crowd.process("one"), crowd.process("two")
    for each in (alive, killed):
        each.round()
    crowd.passes(60, alive)

    with crowd.works() as work:
        work.processes.forget(crowd.clock() - timedelta(seconds=30))
        known = work.processes.count(since=crowd.clock() - timedelta(days=1))

    assert known == 1
