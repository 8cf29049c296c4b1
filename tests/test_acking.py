"""Whoever acks is answered then, and not when somebody looks for it next."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from slack_bolt import BoltContext, BoltRequest, BoltResponse

from handlers.acking import Acking, Awaited, UntilAcked
from tests.world import World

LONG, LONGER = 20.0, 60.0
"""Seconds; nobody waits for so long where all is well."""


class Waited(Event):
    """It is known that somebody waits for it, and whether they were woken or lost patience."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = Event()
        self.woke: bool | None = None

    def wait(self, timeout: float | None = None) -> bool:
        self.begun.set()
        self.woke = super().wait(timeout)
        return self.woke


@pytest.fixture
def listeners() -> Iterator[UntilAcked]:
    pool = UntilAcked(ThreadPoolExecutor(2), LONGER)
    yield pool
    pool.shutdown()


def handed() -> Awaited:
    """The ack that a listener is handed, of a payload that comes in here."""
    request = BoltRequest(body="", context=BoltContext())
    passed = Acking().process(
        req=request, resp=BoltResponse(status=200), next=lambda: BoltResponse(status=201)
    )
    assert passed is not None
    assert passed.status == 201
    ack = request.context.ack
    assert isinstance(ack, Awaited)
    ack.came = Waited()
    return ack


def waits_for(ack: Awaited) -> bool:
    assert isinstance(ack.came, Waited)
    return ack.came.begun.wait(LONG)


def test_the_answer_is_there_as_soon_as_it_is_acked_while_the_listener_goes_on(
    listeners: UntilAcked,
) -> None:
    ack, over = handed(), Event()

    def listens() -> bool:
        if waits_for(ack):
            ack(text="Done.")
        return over.wait(LONG)

    listening = listeners.submit(listens)

    assert ack.response is not None
    assert ack.response.body == "Done."
    assert not listening.done()
    over.set()
    assert listening.result(LONG)


def test_an_errors_answer_is_one(listeners: UntilAcked) -> None:
    """Bolt puts it in the place of the ack's."""
    ack, over = handed(), Event()

    def listens() -> bool:
        if waits_for(ack):
            ack.response = BoltResponse(status=500)
        return over.wait(LONG)

    listening = listeners.submit(listens)

    assert ack.response is not None
    assert not listening.done()
    over.set()
    assert listening.result(LONG)


def test_nobody_waits_for_a_listener_that_ends_without_one(listeners: UntilAcked) -> None:
    ack = handed()

    listening = listeners.submit(lambda: waits_for(ack))

    assert listening.result(0)
    assert ack.response is None
    assert isinstance(ack.came, Waited)
    assert ack.came.woke


def test_what_is_acked_already_is_not_waited_for(listeners: UntilAcked) -> None:
    """As Bolt acks every event by itself."""
    ack, over = handed(), Event()
    ack()

    listening = listeners.submit(over.wait, LONG)

    assert not listening.done()
    over.set()
    assert listening.result(LONG)


def test_bolt_hands_it_to_listeners_and_runs_them_so(world: World) -> None:
    app = world.bot.app

    assert isinstance(app.listener_runner.listener_executor, UntilAcked)
    assert any(isinstance(each, Acking) for each in app._middleware_list)
