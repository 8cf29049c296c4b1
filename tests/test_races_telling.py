"""Four processes tell from one outbox: every message stands once, in the order of its thread."""

from tests.errands import tells
from tests.lives import LIVES, ended, first_words
from tests.races import FEWER_ROUNDS, Races


def untold(races: Races) -> int:
    with races.world.works.reading() as work:
        return work.outbox.depth()


def told_of(races: Races, request: str) -> list[str]:
    return [words for words in races.world.told("bob") if f"equest {request}" in words]


def test_four_processes_that_tell_at_once_tell_everything_once_and_in_order(races: Races) -> None:
    thread, direct, _ = LIVES[ended]
    for _ in range(FEWER_ROUNDS):
        requests = [races.approved(races.asked()).id for _ in range(3)]
        races.pass_by(hours=1, seconds=20)

        while untold(races):
            races(*[(tells,)] * 4)

        for request in requests:
            assert len(races.world.cards(request)) == 1
            assert first_words(races.world.thread(request)) == thread
            begun = zip(told_of(races, request), direct, strict=True)
            assert all(words.startswith(first) for words, first in begun)
