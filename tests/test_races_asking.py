"""Forms that arrive in several processes at the same instant: each counts once, and no limit is passed."""

from dataclasses import replace

from grants.editing import Subject
from grants.sheets import Part
from tests.errands import asks, saves
from tests.races import ROUNDS, Races
from tests.world import POLICIES

LIMIT = 5
FEW = POLICIES.replace("  nudge_interval", f"  max_open_requests: {LIMIT}\n  nudge_interval")


def test_a_form_that_is_sent_to_four_processes_at_once_makes_one_request(races: Races) -> None:
    bob = races.person("bob")
    for _ in range(ROUNDS):
        form = races.wish(starts_at=races.later())

        answers = races(*[(asks, bob, form)] * 4)

        (request,) = {answer.value.id for answer in answers}
        with races.world.works.reading() as work:
            assert work.requests.open_of(bob.user_id) == 1
        assert races.world.journal(request) == ["request.ask"]
        races.world.rounds()
        assert len(races.world.cards(request)) == 1
        races.closed(request)


def test_of_two_forms_of_one_window_that_say_different_things_one_counts(races: Races) -> None:
    bob = races.person("bob")
    for _ in range(ROUNDS):
        form = races.wish(starts_at=races.later())
        other = replace(form, justification="the disk is empty")

        answers = races((asks, bob, form), (asks, bob, other))

        (request,) = (answer.value for answer in answers if answer.value)
        (told,) = (answer.told for answer in answers if answer.told)
        assert f"This form has made request {request.id} already" in told
        assert races.world.journal(request.id) == ["request.ask"]
        races.won[request.justification] += 1
        races.closed(request.id)


def test_who_asks_in_four_processes_at_once_never_has_more_open_than_the_limit(
    races: Races,
) -> None:
    races.world.policies(FEW)
    bob = races.person("bob")
    for number in range(ROUNDS):
        room = 1 + number % 3
        open_now = [races.asked(starts_at=races.later()).id for _ in range(LIMIT - room)]

        answers = races(*((asks, bob, races.wish(starts_at=races.later())) for _ in range(4)))

        made = [answer.value.id for answer in answers if answer.value]
        told = [answer.told for answer in answers if answer.told]
        assert len(made) == room
        assert ["open" in words for words in told] == [True] * (4 - room)
        with races.world.works.reading() as work:
            assert work.requests.open_of(bob.user_id) == LIMIT
        for request in [*open_now, *made]:
            races.closed(request)


def test_of_four_administrators_who_change_one_policy_at_once_one_does_and_three_hear_who(
    races: Races,
) -> None:
    names = ("ada", "eve", "dan", "aud")
    for name in names:
        races.world.company.add_member("elevate-admins", name)
    people = [races.person(name) for name in names]
    for number in range(1, ROUNDS + 1):
        subject = Subject(Part.ELIGIBILITY, "the sandbox", number)

        answers = races(
            *(
                (saves, person, subject, {"max_duration": f"{60 + (4 * number + n) % 400}m"})
                for n, person in enumerate(people)
            )
        )

        with races.world.works.reading() as work:
            newest, before = work.policies.history()[:2]
        assert (newest.version, before.version) == (number + 1, number)
        assert [answer.value for answer in answers if answer.value] == [number + 1]
        assert [newest.by in answer.told for answer in answers if answer.told] == [True] * 3
        races.won[newest.by] += 1
    assert races.world.journal().count("policies.apply") == ROUNDS + 1
