"""What a vote takes of AWS is begun to be read early, and nobody waits behind what others have begun."""

from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event, get_ident

import pytest

from grants.model import GroupId, Lane, User, UserId
from grants.people import Ahead, Memberships
from tests.clock import NOON
from tests.memory_directory import MemoryDirectory, a_group, a_user

EVE, APPROVERS = a_user("eve"), a_group("approvers")
GROUPS = frozenset({APPROVERS.id})


class Watched(MemoryDirectory):
    """Which keeps in mind who asked."""

    def __init__(self) -> None:
        super().__init__([EVE], {APPROVERS: [EVE]})
        self.threads: list[int] = []

    def user(self, user_id: UserId, *, lane: Lane) -> User | None:
        self.threads.append(get_ident())
        return super().user(user_id, lane=lane)

    def member_of(
        self, user_id: UserId, groups: Collection[GroupId], *, lane: Lane
    ) -> frozenset[GroupId]:
        self.threads.append(get_ident())
        return super().member_of(user_id, groups, lane=lane)


@pytest.fixture
def busy() -> Iterator[tuple[ThreadPoolExecutor, Callable[[], None]]]:
    """One reader, that reads for somebody else until it is let go."""
    go = Event()
    with ThreadPoolExecutor(1) as readers:
        readers.submit(go.wait, 60)
        yield readers, go.set
        go.set()


Busy = tuple[ThreadPoolExecutor, Callable[[], None]]


def test_what_waits_behind_others_is_read_by_whoever_asks_and_once(busy: Busy) -> None:
    readers, goes_on = busy
    directory = Watched()
    ahead = Ahead(Memberships(directory, lambda: NOON), directory, readers)
    ahead.begin_user(EVE.id)
    ahead.begin(EVE.id, GROUPS)

    assert ahead.user(EVE.id) == EVE
    assert ahead.live(EVE.id, GROUPS).groups == GROUPS

    goes_on()
    readers.shutdown()
    assert directory.threads == [get_ident(), get_ident()]


def test_what_was_begun_is_not_read_again(busy: Busy) -> None:
    readers, goes_on = busy
    directory = Watched()
    ahead = Ahead(Memberships(directory, lambda: NOON), directory, readers)
    ahead.begin_user(EVE.id)
    ahead.begin(EVE.id, GROUPS)
    goes_on()
    readers.shutdown()

    assert ahead.user(EVE.id) == EVE
    assert ahead.live(EVE.id, GROUPS).groups == GROUPS

    assert len(directory.threads) == 2
    assert get_ident() not in directory.threads


def test_what_nobody_began_is_read_when_it_is_asked_for(busy: Busy) -> None:
    readers, _ = busy
    directory = Watched()
    ahead = Ahead(Memberships(directory, lambda: NOON), directory, readers)

    assert ahead.user(EVE.id) == EVE
    assert ahead.live(EVE.id, GROUPS).groups == GROUPS
    assert directory.threads == [get_ident(), get_ident()]
