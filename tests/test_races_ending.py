"""Whoever ends access, and whatever is due, at the same instant in processes of their own: each end comes once, and AWS is asked once."""

from datetime import timedelta

from grants.model import Request, RequestId, State
from tests.errands import approves, asks, ends, one_job, revokes, round_of_jobs
from tests.races import FEWER_ROUNDS, ROUNDS, Races
from tests.soundness import creates, deletes

HELD = ("bob", "payments-prod", "AdministratorAccess")
CLOSING = {"finish", "end", "revoke"}


def moves(races: Races, request: RequestId) -> list[str]:
    said = races.world.journal(request)
    return [event.removeprefix("request.") for event in said if event.startswith("request.")]


def asked_of_aws(races: Races) -> tuple[int, int]:
    """Creates and deletes since it was asked last."""
    counted = len(creates(races.world)), len(deletes(races.world))
    races.world.aws.calls.clear()
    return counted


def everywhere(races: Races, **span: float) -> None:
    """Time goes by, and the jobs of all four processes take whatever is due at the same instant."""
    over = races.world.clock() + timedelta(**span)
    races.until(over, races.world.jobs.next_due, *[(round_of_jobs,)] * 4)


# Ends


def test_given_back_revoked_and_over_at_once_it_ends_once(races: Races) -> None:
    bob, eve = races.person("bob"), races.person("eve")
    for _ in range(ROUNDS):
        request = races.active()
        assert request.ends_at

        answers = races(
            (ends, bob, request.id),
            (one_job, "finish_due"),
            (revokes, eve, request.id),
            at=request.ends_at,
        )

        (closing,) = CLOSING.intersection(moves(races, request.id))
        heard = [answers[n].told for n in (0, 2) if answers[n].told]
        by = {"finish": "", "end": bob.name, "revoke": eve.name}[closing]
        assert [by in words for words in heard] == [True] * (2 if closing == "finish" else 1)
        races.world.clock.now = request.ends_at
        races.pass_by(seconds=10)
        assert races.world.state(request.id) is (
            State.ENDED if closing == "finish" else State.REVOKED
        )
        assert not races.world.has_access(*HELD)
        assert asked_of_aws(races) == (1, 1)
        races.won[closing] += 1


# Extensions


def test_of_two_that_extend_one_access_at_once_one_lives(races: Races) -> None:
    bob = races.person("bob")
    for _ in range(ROUNDS):
        request = races.active()
        forms = [races.wish(extends=request.id) for _ in range(2)]

        answers = races(*((asks, bob, form) for form in forms))

        (extension,) = (answer.value for answer in answers if answer.value)
        (told,) = (answer.told for answer in answers if answer.told)
        assert f"Request {extension.id} extends this already" in told
        with races.world.works.reading() as work:
            assert [each.id for each in work.requests.extensions_of(request.id)] == [extension.id]
        races.won[f"form {1 + (answers[1].value is not None)}"] += 1
        races.closed(request.id)
        assert races.world.state(extension.id) is State.CANCELLED
        assert not races.world.has_access(*HELD)


def test_an_extension_that_is_approved_while_its_access_is_given_back_falls_with_it(
    races: Races,
) -> None:
    bob, eve = races.person("bob"), races.person("eve")
    for _ in range(ROUNDS):
        request = races.active()
        extension = races.asked(extends=request.id)

        races((ends, bob, request.id), (approves, eve, extension.id))
        races.pass_by(seconds=10)

        fate = moves(races, extension.id)
        assert fate in (["ask", "approve", "end"], ["ask", "cancel"])
        assert moves(races, request.id)[-2:] == ["end", "gone"]
        races.pass_by(hours=3)
        assert not races.world.has_access(*HELD)
        assert asked_of_aws(races) == (1, 1)
        races.won["approved first" if "approve" in fate else "given back first"] += 1


def test_an_extension_that_was_approved_begins_where_its_access_ends(races: Races) -> None:
    for _ in range(FEWER_ROUNDS):
        request = races.active()
        extension = races.approved(races.asked(extends=request.id))

        everywhere(races, hours=1, seconds=20)

        assert moves(races, request.id)[-2:] == ["finish", "gone"]
        assert moves(races, extension.id) == ["ask", "approve", "start", "confirm"]
        assert races.world.has_access(*HELD)
        assert asked_of_aws(races) == (1, 0)
        races.closed(extension.id)
        assert not races.world.has_access(*HELD)
        assert asked_of_aws(races) == (0, 1)


def test_an_extension_that_is_approved_as_its_access_ends_goes_on(races: Races) -> None:
    eve = races.person("eve")
    for _ in range(ROUNDS):
        request = races.active()
        extension = races.asked(extends=request.id)
        assert request.ends_at

        approving, _ = races(
            (approves, eve, extension.id), (one_job, "finish_due"), at=request.ends_at
        )
        races.world.clock.now = request.ends_at
        races.pass_by(seconds=20)

        assert not approving.told
        assert moves(races, request.id)[-2:] == ["finish", "gone"]
        assert moves(races, extension.id) == ["ask", "approve", "start", "confirm"]
        assert races.world.has_access(*HELD)
        made, taken = asked_of_aws(races)
        assert made == 1 + taken
        races.won[f"asked AWS {made} times"] += 1
        races.closed(extension.id)
        races.world.aws.calls.clear()
        assert not races.world.has_access(*HELD)


# Jobs


def test_four_processes_that_all_take_what_is_due_give_once_and_take_away_once(
    races: Races,
) -> None:
    for _ in range(FEWER_ROUNDS):
        request = races.approved(races.asked())

        everywhere(races, seconds=10)
        assert races.world.has_access(*HELD)
        everywhere(races, hours=1, seconds=10)

        assert moves(races, request.id) == [
            "ask", "approve", "start", "confirm", "finish", "gone",
        ]  # fmt: skip
        assert not races.world.has_access(*HELD)
        assert asked_of_aws(races) == (1, 1)


def test_access_that_one_grant_ends_as_another_is_held_stays(races: Races) -> None:
    for _ in range(FEWER_ROUNDS):
        first = races.active()
        second = overlapping(races, first)

        everywhere(races, minutes=40)

        assert moves(races, first.id)[-2:] == ["finish", "gone"]
        assert races.world.state(second.id) is State.ACTIVE
        assert races.world.has_access(*HELD)
        assert asked_of_aws(races) == (1, 0)
        everywhere(races, hours=1)
        assert moves(races, second.id)[-2:] == ["finish", "gone"]
        assert not races.world.has_access(*HELD)
        assert asked_of_aws(races) == (0, 1)


def test_access_that_one_grant_ends_as_another_begins_is_there_afterwards(races: Races) -> None:
    for _ in range(FEWER_ROUNDS):
        first = races.active()
        second = races.approved(races.asked(starts_at=first.ends_at, knowing=True))

        everywhere(races, hours=1, seconds=20)

        assert moves(races, first.id)[-2:] == ["finish", "gone"]
        assert moves(races, second.id) == ["ask", "approve", "start", "confirm"]
        assert races.world.has_access(*HELD)
        made, taken = asked_of_aws(races)
        assert made == 1 + taken
        races.won[f"asked AWS {made} times"] += 1
        everywhere(races, hours=1, seconds=20)
        assert not races.world.has_access(*HELD)
        races.world.aws.calls.clear()


def overlapping(races: Races, first: Request) -> Request:
    """Another grant of the same, that is half over when the first one ends."""
    races.pass_by(minutes=30)
    assert first.ends_at
    second = races.approved(races.asked(knowing=True))
    races.pass_by(seconds=3)
    return races.world.request(second.id)
