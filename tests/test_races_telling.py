"""Several processes tell from one outbox: every message stands once, in the order of its thread."""

from datetime import timedelta

from grants.model import RequestId
from tests.errands import round_of_jobs, tells
from tests.lives import LIVES, ended, first_words
from tests.races import FEWER_ROUNDS, Races


def is_told_once_and_in_order(races: Races, request: RequestId) -> None:
    """A life from asking to its end, in the channel and to who asked."""
    thread, direct, _ = LIVES[ended]
    assert "Ended" in races.world.card(request).words()
    assert first_words(races.world.thread(request)) == thread
    said = [words for words in races.world.told("bob") if f"equest {request}" in words]
    assert all(words.startswith(first) for words, first in zip(said, direct, strict=True))


def test_four_processes_that_tell_at_once_tell_everything_once_and_in_order(races: Races) -> None:
    world = races.world
    for _ in range(FEWER_ROUNDS):
        requests = [races.approved(races.asked()).id for _ in range(3)]
        races.pass_by(hours=1, seconds=20)

        races.until(world.clock(), world.bot.announcer.next_due, *[(tells,)] * 4)

        for request in requests:
            is_told_once_and_in_order(races, request)


def test_while_two_processes_work_and_two_tell_the_card_comes_to_say_what_the_row_says(
    races: Races,
) -> None:
    world = races.world
    for _ in range(FEWER_ROUNDS):
        request = races.approved(races.asked()).id
        over = world.clock() + timedelta(hours=1, seconds=20)

        races.until(over, world.next_due, *[(tells,), (round_of_jobs,)] * 2)

        is_told_once_and_in_order(races, request)
