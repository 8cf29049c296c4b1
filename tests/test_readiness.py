"""Whether a process can be given work is said in time, also where the database says nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

import pytest

from bot.daemons import Daemons
from bot.readiness import Readiness
from grants.stores import Work
from storage.work import SqlWorks
from tests.world import Inline, World


class Works:
    """Storage that is read only once it is let go on, and maybe not then."""

    def __init__(self, works: SqlWorks, *, broken: bool = False) -> None:
        self.works, self.broken, self.go = works, broken, Event()

    @contextmanager
    def reading(self) -> Iterator[Work]:
        assert self.go.wait(60)
        for fault in [OSError("no route to host")] if self.broken else []:
            raise fault
        with self.works.reading() as work:
            yield work

    __call__ = reading


def ready(works: Works, *, policies: str = "", alive: bool = True) -> tuple[str, str]:
    works.go.set()
    said = Readiness(works, policies=lambda: policies, alive=lambda: alive, thread=Inline())
    return said()


def test_it_is_ready_with_a_catalogue_policies_and_loops_that_come_round(world: World) -> None:
    works = Works(world.works)

    assert ready(works) == ("", "")
    assert ready(works, alive=False) == ("a beat is not alive", "")
    assert ready(works, policies="line 3: no such group")[0] == "line 3: no such group"


def test_a_database_that_says_nothing_keeps_nobody_waiting(world: World) -> None:
    works, thread = Works(world.works), Daemons("readiness")
    said = Readiness(works, policies=str, alive=lambda: True, thread=thread, within=0.01)

    assert said() == ("the database does not answer in time", "")
    assert said() == ("the database does not answer in time", "")
    assert len(thread._threads) == 1  # All who ask wait for one look.

    works.go.set()
    assert any(said() == ("", "") for _ in range(1_000))  # each in its hundredth of a second
    thread.shutdown()


def test_one_that_is_away_is_said_to_be(world: World, caplog: pytest.LogCaptureFixture) -> None:
    works = Works(world.works, broken=True)

    assert ready(works) == ("the database does not answer", "")

    assert "no route to host" in caplog.text
