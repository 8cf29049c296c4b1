"""One of several processes on one database: does what it is ordered to, and waits for the others right before it writes."""

import logging
import os
import re
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import count
from multiprocessing.connection import Connection
from time import perf_counter_ns
from typing import Any, Concatenate, Final

from slack_bolt.adapter.wsgi import SlackRequestHandler
from sqlalchemy import event

from blocks.refusals import words
from bot.assemble import Storage, desk, jobs, open_aws
from bot.clock import in_time
from bot.settings import Settings
from bot.slack import connect
from grants.aws.clients import Clients
from grants.aws.limiter import Limiter
from grants.errors import Refusal
from handlers.pace import Pace
from handlers.promptly import Promptly
from storage.engine import Database
from storage.work import SqlWorks
from tests.addresses import aws_session
from tests.clock import FakeClock
from tests.opened import opened
from tests.standins.slack import Listeners, over_wsgi
from tests.world import Inline, inline_hands

HERE: Final = "here"
GO: Final = "go"
LOCKS: Final = re.compile(r"^\s*(INSERT|UPDATE|DELETE)\b|\bFOR (NO KEY )?UPDATE\b")
PATIENCE: Final = 60.0
"""Seconds in which a decision must be committed, and for which a lock is waited for: more than two
and five, for machines that are busy.
"""


@dataclass(frozen=True, slots=True)
class Course:
    """Where they race: one database, and the stand-ins beside it."""

    settings: Settings
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Order:
    """What one of them is to do, by a function that the other process finds by its name."""

    do: "Callable[Concatenate[Racer, ...], object]"
    about: tuple[object, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """What it came to: a value, or what a person was told instead."""

    value: Any = None
    told: str = ""
    trouble: str = ""
    """What nobody foresaw, as the log has it."""
    wrote: tuple[int, int] = (0, 0)
    """Since when, and until when, by a clock that is the same in all processes."""


class Gate:
    """The latest place where all can stand at once.

    On SQLite right before BEGIN IMMEDIATE, which lets one in; on PostgreSQL, where all may have
    begun and read, right before the first statement that locks a row or writes one.
    """

    def __init__(self, line: Connection) -> None:
        self.line = line
        self.shut = False
        self.passed_at = 0

    def come(self) -> None:
        """Wait there for the others, once."""
        if not self.shut:
            return
        self.shut = False
        self.line.send(HERE)
        assert self.line.recv() == GO
        self.passed_at = perf_counter_ns()

    @contextmanager
    def before_writing(self, database: Database) -> Iterator[None]:
        def begins(_: Any) -> None:
            self.come()

        def executes(_: Any, __: Any, statement: str, *___: Any) -> None:
            if LOCKS.search(statement):
                self.come()

        sqlite = database.writers.dialect.name == "sqlite"
        at, there = ("begin", begins) if sqlite else ("before_cursor_execute", executes)
        event.listen(database.writers, at, there)
        if sqlite:
            with database.writers.connect() as connection:  # the only one, and kept
                connection.exec_driver_sql(f"PRAGMA busy_timeout={1000 * PATIENCE:.0f}")
        try:
            yield
        finally:
            event.remove(database.writers, at, there)


class Racer:
    """The whole bot in this process, on the database of all."""

    def __init__(self, course: Course, database: Database) -> None:
        self.clock = FakeClock()
        storage = Storage(database, SqlWorks(database), self.clock)
        os.environ.update(course.environment)
        clients = _clients(course.environment["AWS_ENDPOINT_URL"])
        ports = open_aws(course.settings, Limiter(monotonic=count(0, 1000).__next__), clients)
        self.works = storage.works
        self.desk = desk(storage, ports)
        self.jobs = jobs(storage, ports, inline_hands(), wake=lambda: None, jitter=lambda: 0.5)
        self.listeners, self.deciders = Listeners(), ThreadPoolExecutor(2)
        slack = connect(
            course.settings,
            storage,
            ports,
            self.desk,
            wake=lambda: None,
            tellers=Inline(),
            listeners=self.listeners,
            pace=Pace(between_posts=timedelta(0), between_updates=timedelta(0)),
            promptly=Promptly(self.deciders, lambda: in_time(PATIENCE), lambda: PATIENCE),
        )
        self.front, self.announcer = slack.front, slack.announcer
        self.deliver = over_wsgi(SlackRequestHandler(slack.app))

    def close(self) -> None:
        self.listeners.shutdown()
        self.deciders.shutdown()


class Troubles(logging.Handler):
    """What was logged as an error: jobs go on where one row goes wrong, and a race must not."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.logged: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.logged.append(logging.Formatter().format(record))

    def taken(self) -> list[str]:
        logged, self.logged = self.logged, []
        return logged


def serve(line: Connection) -> None:
    """Whatever comes over the line: a course, orders on it, None at its end; until it is cut."""
    troubles = Troubles()
    logging.getLogger().addHandler(troubles)
    with suppress(EOFError), ThreadPoolExecutor(1) as hands:
        while True:
            _run(line, line.recv(), troubles, hands)


def _run(line: Connection, course: Course, troubles: Troubles, hands: ThreadPoolExecutor) -> None:
    gate = Gate(line)
    with opened(course.settings.database_url) as database, gate.before_writing(database):
        racer = Racer(course, database)
        line.send(HERE)
        try:
            while (order := line.recv()) is not None:
                line.send(_obeyed(racer, order, gate, troubles, hands))
        finally:
            racer.close()
    line.send(HERE)


def _obeyed(
    racer: Racer, order: Order, gate: Gate, troubles: Troubles, hands: ThreadPoolExecutor
) -> Answer:
    racer.clock.now, gate.shut, gate.passed_at = order.at, True, 0
    doing = hands.submit(order.do, racer, *order.about)
    match doing.exception():
        case None:
            return Answer(doing.result(), "", *_how(gate, troubles))
        case Refusal() as refusal:
            return Answer(None, words(refusal), *_how(gate, troubles))
        case _:
            return Answer(trouble=_spelled(doing))


def _how(gate: Gate, troubles: Troubles) -> tuple[str, tuple[int, int]]:
    return "\n".join(troubles.taken()), (gate.passed_at, perf_counter_ns())


def _spelled(doing: "Future[object]") -> str:
    return "".join(traceback.format_exception(doing.exception()))


@cache
def _clients(url: str) -> Clients:
    """boto3 reads the address from the environment."""
    return Clients(session=aws_session())
