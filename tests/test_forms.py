"""The form itself: how it opens and changes, what it says first, and that it is taken once."""

from threading import Thread

from grants.errors import TooSlow
from tests.standins.slack import Person, View, payloads
from tests.world import World

ADMIN = "payments-prod · AdministratorAccess"
FIELDS = ["Access", "Duration", "Justification", "Ticket"]


def seen(person: Person) -> View:
    """The form before them."""
    view = person.view()
    assert view is not None
    return view


def filled_in(world: World, who: str = "bob") -> Person:
    """The form, ready to be sent."""
    person = world.opens(who)
    person.fill(Access=ADMIN, Justification="the disk is full")
    return person


def too_late() -> None:
    """What is asked before a commit, when the two seconds are over."""
    raise TooSlow


def opened_with(world: World) -> list[str]:
    """The words of each view that was opened, as it was then."""
    return [str(call.args["view"]) for call in world.slack.calls.of("views.open")]


# Opening


def test_of_somebody_not_met_lately_a_light_form_opens_before_aws_or_slack_are_asked(
    world: World,
) -> None:
    world.aws.calls.clear()
    asked_before: list[int] = []

    def notice(args: dict[str, object]) -> bool:
        asked = world.aws.calls.count() + world.slack.calls.count("users.info")
        asked_before.extend([asked] * ("trigger_id" in args))
        return False

    world.slack.faults.add("views.open", "never", matches=notice)
    bob = world.opens("bob")

    assert asked_before == [0]
    (light,) = opened_with(world)
    assert "Looking up what you may ask for" in light
    assert seen(bob).labels() == FIELDS


def test_of_somebody_met_within_a_minute_the_whole_form_opens_without_a_call_to_aws(
    world: World,
) -> None:
    world.opens("bob")
    world.clock.passes(seconds=60)
    world.aws.calls.clear()
    world.slack.calls.clear()

    bob = world.opens("bob")

    assert seen(bob).labels() == FIELDS
    assert [call.method for call in world.slack.calls] == ["views.open"]
    assert world.aws.calls.count() == 0


def test_after_a_minute_the_groups_are_read_anew(world: World) -> None:
    world.opens("bob")
    world.clock.passes(seconds=61)
    world.aws.calls.clear()

    world.opens("bob")

    assert "Looking up" in opened_with(world)[-1]
    assert world.aws.calls.count("IsMemberInGroups") == 1


def test_the_shortcut_opens_the_same_form(world: World) -> None:
    world["bob"].shortcut("request_access")

    assert seen(world["bob"]).labels() == FIELDS


def test_where_aws_does_not_answer_the_form_says_what_to_do(world: World) -> None:
    world.aws.faults.add("identitystore.*", "http500", times=None)

    bob = world.opens("bob")

    assert seen(bob).labels() == []
    assert "could not look up" in seen(bob).words()
    assert "/elevate again" in seen(bob).words()

    world.aws.faults.clear()
    assert seen(world.opens("bob")).labels() == FIELDS


def test_a_form_closed_while_it_is_looked_up_is_no_trouble(world: World) -> None:
    world.slack.faults.add("views.update", "not_found")

    world.opens("bob")

    assert (world.whispers("bob"), world.told("bob")) == ([], [])


def test_a_guest_hears_in_the_form_why_not_and_it_is_recorded_once(world: World) -> None:
    world.slack.user("bob").is_restricted = True

    bob = world.opens("bob")

    assert "Guests of this workspace cannot use Elevate" in seen(bob).words()
    assert world.journal().count("refusal") == 1


# Words after the command


def test_help_says_how_to_use_it_to_whoever_asks_alone(world: World) -> None:
    world["bob"].command(" HELP ", "general")

    (answer,) = world.whispers("bob")
    assert "/elevate opens the form" in answer
    assert world["bob"].view() is None


def test_an_unknown_word_is_answered_with_where_help_is(world: World) -> None:
    world["bob"].command("sudo <!channel> & *go*", "general")

    (answer,) = world.slack.ephemerals("bob")
    assert "/elevate sudo <!channel> & *go* is not known" in answer.words()
    assert "/elevate help" in answer.words()
    assert "<!channel>" not in answer.text


# Once, and not lost


def test_a_form_sent_again_makes_one_request(world: World) -> None:
    bob = filled_in(world)
    assert bob.submit().closed

    again = bob.replay()
    world.rounds()

    assert (again.status, again.body) == (200, b"")
    (request,) = world.requests()
    assert world.journal(request.id) == ["request.ask"]
    assert len(world.cards(request.id)) == 1


def test_a_form_sent_twice_at_the_same_time_makes_one_request(world: World) -> None:
    bob = filled_in(world)
    form = payloads.submission(world.slack, world.slack.user("bob"), seen(bob))
    first = world.aws.faults.add("IsMemberInGroups", "stall")
    second = world.aws.faults.add("IsMemberInGroups", "stall")
    answers: list[bytes] = []

    def send() -> None:
        answers.append(bob.raw(form, settled=False).body)

    sending = [Thread(target=send), Thread(target=send)]
    for thread in sending:
        thread.start()
    assert first.reached.wait(5)
    assert second.reached.wait(5)
    world.aws.faults.release()
    for thread in sending:
        thread.join()
    world.rounds()

    assert answers == [b"", b""]
    (request,) = world.requests()
    assert world.journal(request.id) == ["request.ask"]
    assert len(world.cards(request.id)) == 1


def test_another_form_is_another_request(world: World) -> None:
    assert filled_in(world).submit().closed
    assert filled_in(world).submit().closed

    assert len(world.requests()) == 2


def test_where_aws_fails_bob_may_press_again_and_it_makes_one_request(world: World) -> None:
    bob = filled_in(world)
    world.aws.faults.add("*", "http500", times=None)

    assert "Not recorded yet. Press again" in bob.submit().errors["Access"]
    assert world.requests() == []

    world.aws.faults.clear()
    assert bob.submit().closed
    assert len(world.requests()) == 1


def test_where_aws_takes_too_long_bob_may_press_again_and_it_makes_one_request(
    world: World,
) -> None:
    bob = filled_in(world)
    in_time = world.in_time
    world.in_time = lambda: too_late

    assert "Not recorded yet. Press again" in bob.submit().errors["Access"]
    assert world.requests() == []

    world.in_time = in_time
    assert bob.submit().closed
    assert len(world.requests()) == 1


def test_an_answer_leaves_in_time_while_aws_says_nothing_at_all(world: World) -> None:
    bob = filled_in(world)
    form = payloads.submission(world.slack, world.slack.user("bob"), seen(bob))
    world.patience = 0.2
    world.aws.faults.add("IsMemberInGroups", "stall", times=None)

    reply = bob.raw(form, settled=False)
    world.aws.faults.clear()

    assert "Not recorded yet. Press again" in reply.json["errors"]["access"]
    world.patience = 60
    assert bob.submit().closed
    assert len(world.requests()) == 1
