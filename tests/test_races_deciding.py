"""Approvers, requester and clock decide at the same instant, in processes of their own: one of them does.

`test_deciding_at_once.py` has two threads that share a process. Here nothing is shared but the database: no lock, no cache, no turn.
"""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from grants.model import RequestId, State
from tests.errands import approves, cancels, one_job, rejects, takes_in
from tests.racer import Answer
from tests.races import ROUNDS, Races
from tests.standins.slack import Hand
from tests.standins.slack.deliver import Delivered
from tests.world import POLICIES

TWO = POLICIES + "    approvals: 2\n"
DECISIONS = ("request.approve", "request.reject", "request.cancel", "request.lapse")


def decided(races: Races, request: RequestId) -> str:
    """The one decision that the journal has."""
    (decision,) = (each for each in races.world.journal(request) if each in DECISIONS)
    return decision.removeprefix("request.")


def votes(races: Races, request: RequestId) -> list[str]:
    with races.world.works.reading() as work:
        stored = [vote.voter.name for vote in work.votes.on(request)]
    assert races.world.journal(request).count("vote") == len(stored)
    return stored


def told(answers: list[Answer]) -> list[str]:
    """What those heard who came too late."""
    return [answer.told for answer in answers if answer.told]


@pytest.fixture
def four(races: Races) -> Races:
    """Four approvers."""
    for name in ("ada", "aud"):
        races.world.company.add_member("production-approvers", name)
    return races


def test_of_two_in_two_processes_one_decides_and_the_other_hears_who(races: Races) -> None:
    eve, dan = races.person("eve"), races.person("dan")
    for _ in range(ROUNDS):
        request = races.asked(starts_at=races.later()).id

        answers = races((approves, eve, request), (rejects, dan, request))

        winner = races.world.request(request).decided_by
        assert votes(races, request) == [winner]
        assert decided(races, request) == {eve.name: "approve", dan.name: "reject"}[winner]
        assert [winner in words for words in told(answers)] == [True]
        races.won[winner] += 1
        races.closed(request)


def test_of_four_in_four_processes_one_decides_and_three_hear_who(four: Races) -> None:
    people = [four.person(name) for name in ("eve", "ada", "dan", "aud")]
    does = (approves, approves, rejects, rejects)
    for _ in range(ROUNDS):
        request = four.asked(starts_at=four.later()).id

        answers = four(*((do, who, request) for do, who in zip(does, people, strict=True)))

        winner = four.world.request(request).decided_by
        assert votes(four, request) == [winner]
        assert decided(four, request) in {"approve", "reject"}
        assert [winner in words for words in told(answers)] == [True] * 3
        four.won[winner] += 1
        four.closed(request)


@dataclass
class Everywhere:
    """Delivers each click to four processes, which are at it at the same instant."""

    races: Races
    answers: list[Answer] = field(default_factory=list)

    def __call__(self, body: bytes, headers: dict[str, str]) -> Delivered:
        self.answers = self.races(*[(takes_in, body, headers)] * 4)
        status, content = self.answers[0].value
        return status, {}, content


def test_of_four_requests_decided_at_once_each_is_and_the_journal_is_one_chain(
    races: Races,
) -> None:
    eve = races.person("eve")
    for _ in range(ROUNDS):
        requests = [races.asked(starts_at=races.later()).id for _ in range(4)]

        answers = races(*((approves, eve, request) for request in requests))

        assert told(answers) == []
        assert [decided(races, request) for request in requests] == ["approve"] * 4
        races.world.verify()
        for request in requests:
            races.closed(request)


def test_a_click_that_is_delivered_to_four_processes_at_once_counts_once(races: Races) -> None:
    world, everywhere = races.world, Everywhere(races)
    eve = Hand(world.slack, everywhere).of("eve")
    for _ in range(ROUNDS):
        request = races.asked(starts_at=races.later()).id
        world.rounds()
        heard = len(world.whispers("eve"))

        eve.click(world.card(request), "Approve")
        world.rounds()

        assert [answer.value[0] for answer in everywhere.answers] == [200] * 4
        assert votes(races, request) == ["Eve Approver"]
        assert decided(races, request) == "approve"
        assert sum(line.startswith("Approved") for line in world.thread(request)) == 1
        late = ["You have decided on this" in words for words in world.whispers("eve")[heard:]]
        assert late == [True] * 3
        races.closed(request)


def test_two_approvals_at_once_are_two_of_the_two_that_it_takes(races: Races) -> None:
    races.world.policies(TWO)
    eve, dan = races.person("eve"), races.person("dan")
    for _ in range(ROUNDS):
        request = races.asked(starts_at=races.later()).id

        answers = races((approves, eve, request), (approves, dan, request))

        assert told(answers) == []
        assert sorted(votes(races, request)) == [dan.name, eve.name]
        assert decided(races, request) == "approve"
        assert races.world.state(request) is State.SCHEDULED
        races.won[races.world.request(request).decided_by + " second"] += 1
        races.closed(request)


def test_the_same_person_twice_at_once_is_one_of_the_two_that_it_takes(races: Races) -> None:
    races.world.policies(TWO)
    eve, dan = races.person("eve"), races.person("dan")
    for _ in range(ROUNDS):
        request = races.asked(starts_at=races.later()).id

        twice = races((approves, eve, request), (approves, eve, request))

        assert ["You have voted on this" in words for words in told(twice)] == [True]
        assert votes(races, request) == [eve.name]
        assert races.world.state(request) is State.PENDING
        races((approves, eve, request), (approves, dan, request), (approves, dan, request))
        assert sorted(votes(races, request)) == [dan.name, eve.name]
        assert decided(races, request) == "approve"
        races.closed(request)


def test_cancelled_and_approved_at_once_it_is_one_of_both(races: Races) -> None:
    bob, eve = races.person("bob"), races.person("eve")
    for _ in range(ROUNDS):
        request = races.asked(starts_at=races.later()).id

        cancelling, approving = races((cancels, bob, request), (approves, eve, request))

        decision = decided(races, request)
        late = {"cancel": approving, "approve": cancelling}[decision]
        by = {"cancel": bob.name, "approve": eve.name}[decision]
        assert [by in words for words in told([approving, cancelling])] == [True]
        assert late.told
        assert len(votes(races, request)) == (decision == "approve")
        races.won[decision] += 1
        races.closed(request)


def test_at_the_instant_of_its_expiry_it_is_approved_or_expired(races: Races) -> None:
    eve = races.person("eve")
    for _ in range(ROUNDS):
        request = races.asked(starts_at=races.later()).id
        expires_at = races.world.request(request).expires_at
        just_before = expires_at - timedelta(seconds=1)

        answers = races.at_their_times(
            ((approves, eve, request), just_before),
            ((one_job, "lapse_due"), expires_at),
        )

        decision = decided(races, request)
        assert ["expired" in words for words in told(answers)] == [True] * (decision == "lapse")
        assert len(votes(races, request)) == (decision == "approve")
        races.won[decision] += 1
        races.closed(request)
