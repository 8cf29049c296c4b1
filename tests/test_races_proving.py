"""One-time codes in several processes at the same instant: each counts once, and each wrong one is counted."""

import pytest

from grants.model import Ballot, State
from tests.errands import proves
from tests.phone import PROVED, Phone, enrolled
from tests.races import FEWER_ROUNDS, ROUNDS, Races
from tests.test_races_deciding import told, votes
from tests.world import POLICIES


@pytest.fixture
def proved(races: Races) -> tuple[Races, Phone]:
    """Where production asks for a proof, and eve has codes."""
    races.world.policies(PROVED)
    return races, enrolled(races.world)


def test_of_two_requests_one_code_approves_one(proved: tuple[Races, Phone]) -> None:
    races, phone = proved
    eve = races.person("eve")
    for _ in range(ROUNDS):
        both = [races.asked(starts_at=races.later()).id for _ in range(2)]
        code = phone.fresh()

        answers = races(*((proves, eve, request, code) for request in both))

        states = sorted(races.world.state(request) for request in both)
        assert states == [State.PENDING, State.SCHEDULED]
        assert ["has been used" in words for words in told(answers)] == [True]
        assert sorted(len(votes(races, request)) for request in both) == [0, 1]
        for request in both:
            races.closed(request)


def test_one_code_sent_four_times_for_one_request_approves_it_once(
    proved: tuple[Races, Phone],
) -> None:
    races, phone = proved
    eve = races.person("eve")
    for _ in range(ROUNDS):
        request = races.asked(starts_at=races.later()).id
        code = phone.fresh()

        races(*[(proves, eve, request, code)] * 4)

        assert races.world.state(request) is State.SCHEDULED
        assert votes(races, request) == ["Eve Approver"]
        assert races.world.journal(request).count("proof.use") == 1
        races.closed(request)


def test_guesses_at_the_same_instant_are_counted_each(proved: tuple[Races, Phone]) -> None:
    races, phone = proved
    eve = races.person("eve")
    for _ in range(FEWER_ROUNDS):
        request = races.asked(starts_at=races.later()).id
        theirs = {phone.code(ahead=n) for n in (-1, 0, 1)}
        guesses = [code for code in (f"{n:06}" for n in range(20)) if code not in theirs]

        races(*((proves, eve, request, guess) for guess in guesses[:4]))
        races(*((proves, eve, request, guess) for guess in guesses[4:8]))

        assert races.world.journal().count("proof.wrong") == 5
        assert races.world.journal().count("alarm.proof_locked") == 1
        assert votes(races, request) == []
        races.closed(request)


def test_two_who_press_again_at_once_both_count(races: Races) -> None:
    world = races.world
    world.company.add_member("production-approvers", "ada")
    eves, dans = enrolled(world, "eve"), enrolled(world, "dan")
    eve, dan = races.person("eve"), races.person("dan")
    for _ in range(ROUNDS):
        world.policies(POLICIES + "    approvals: 3\n")
        request = races.asked(starts_at=races.later()).id
        for person in (eve, dan):
            world.bot.front.review.vote(person, request, Ballot.APPROVE)
        world.policies(PROVED + "    approvals: 2\n")
        codes = (eves.fresh(), dans.code())

        answers = races((proves, eve, request, codes[0]), (proves, dan, request, codes[1]))

        assert told(answers) == []
        assert world.state(request) is State.SCHEDULED
        races.closed(request)
