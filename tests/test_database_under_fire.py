"""PostgreSQL's connections die and its server stops while people press: what was acknowledged stays."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from threading import Event

import psycopg
import pytest

from grants.model import Place
from grants.telling import moved_in
from storage.schema import migrate
from tests.beside import Outside, outside
from tests.databases import Run
from tests.kills.life import Ending, Life, Seat
from tests.kills.nursery import Nursery
from tests.postgres import start_again, stop_at_once, the_server_of
from tests.soundness import sound

STRIKES = 20
PAUSE = 8
"""So many calls to Slack between two strikes: a life takes about thirty."""
IN_HAND = 12
"""So many messages may be on their way when the server stops."""
LEASE = 5.0
ACCESS = {"bob": "payments-prod · AdministratorAccess", "mallory": "web-prod · ReadOnlyAccess"}
AT_WORK = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE application_name = 'elevate' ORDER BY state = 'active' DESC, random() LIMIT 2
"""


@dataclass(frozen=True, slots=True)
class Server:
    """PostgreSQL's, for this test alone."""

    run: Path
    url: str

    def ask(self, question: str) -> list[object]:
        url = self.url.replace("+psycopg", "")
        with closing(psycopg.connect(url, autocommit=True)) as connection:
            return [row[0] for row in connection.execute(question.encode())]


@pytest.fixture
def server() -> Iterator[Server]:
    run = Run.begin()
    try:
        server = Server(run.folder, the_server_of(run.folder))
        with closing(psycopg.connect(server.url.replace("+psycopg", ""), autocommit=True)) as admin:
            # What is acknowledged here has to survive the server, if not the machine.
            admin.execute("ALTER SYSTEM SET synchronous_commit = on")
            admin.execute("SELECT pg_reload_conf()")
        migrate(server.url)
        yield server
    finally:
        run.end()


@pytest.fixture
def company(server: Server, tmp_path: Path) -> Iterator[Outside]:
    with outside(server.url, tmp_path) as around:
        around.aws.company.add_member("engineers", "mallory")
        yield around


@dataclass(frozen=True, slots=True)
class Fire:
    """Strikes when something has been told since it struck last: never where nothing is under way."""

    server: Server
    company: Outside
    over: Event

    def burn(self) -> None:
        try:
            for number in range(STRIKES):
                self._told_on()
                self.server.ask(AT_WORK)
                if number == STRIKES // 2:
                    stop_at_once(self.server.run)
                    start_again(self.server.run)
        finally:
            self.over.set()

    def _told_on(self) -> None:
        before = len(self.company.slack.calls)
        self.company.until(
            lambda: len(self.company.slack.calls) > before + PAUSE, "word of anything"
        )


ENDINGS = (Ending.CLOCK, Ending.PRESS)
"""Those that need no policies of their own."""


def live_on(life: Life, over: Event) -> int:
    """One request after the other, until the fire is over; how many."""
    for number, ending in enumerate(cycle(ENDINGS), start=1):
        life.why, life.ending = f"{life.who}'s reason {number}", ending
        life.over()
        if over.is_set():
            return number
    return 0


def doubled(company: Outside) -> int:
    """How many lines are told more than once; none is missing."""
    twice = 0
    for request in company.requests():
        with company.reading() as work:
            moves = [moved_in(line.entry) for line in work.journal.of(request.id)]
            (copy,) = [one for one in work.copies.of(request.id) if one.place is Place.CHANNEL]
        lines = [line.text for line in company.slack.channel(copy.channel).thread(copy.ts)]
        told = [line for line in lines if not line.startswith("Activity")]
        assert len(set(told)) == len([moved for moved in moves if moved])
        twice += len(told) - len(set(told))
    return twice


def test_connections_die_and_the_server_stops_and_nothing_acknowledged_is_lost_or_doubled(
    server: Server, company: Outside, nursery: Nursery
) -> None:
    seats, over = [Seat("bot")], Event()
    lives = [
        Life(company, nursery, seats, who=who, access=access, lease=LEASE)
        for who, access in ACCESS.items()
    ]
    lives[0].settles()

    with ThreadPoolExecutor() as threads:
        burning = threads.submit(Fire(server, company, over).burn)
        lived = [threads.submit(live_on, life, over) for life in lives]
    count = sum(one.result() for one in lived)
    burning.result()
    lives[0].is_told()
    lives[0].closed()

    assert lives[0].deaths == 0
    assert len(company.requests()) == count
    sound(company, hastened=True)
    operations = [one.kind for one in company.aws.company.operations.values()]
    assert (operations.count("CREATE"), operations.count("DELETE")) == (count, count)
    assert company.aws.company.current_assignments() == []
    assert doubled(company) <= STRIKES + IN_HAND
    print(f"{count} lives under fire, {doubled(company)} lines told twice")  # noqa: T201 - `pytest -rP` shows it
