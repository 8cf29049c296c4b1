"""`run`: everything in one process, or one role of it, until it is told to stop."""

import logging
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from threading import Event, Thread
from typing import Final

from slack_bolt.adapter.socket_mode.websocket_client import SocketModeHandler
from slack_sdk.errors import SlackApiError, SlackClientError

from bot import logs
from bot.assemble import (
    Aws,
    Storage,
    bindings,
    cutting,
    desk,
    figures,
    forwarding,
    hands,
    jobs,
    open_aws,
    open_storage,
    piecemeal,
    presence,
    proving,
    rechecking,
    sweep,
)
from bot.daemons import Daemons
from bot.gauges import Gauges
from bot.keep_alive import keep_alive
from bot.meters import Beats, Meters
from bot.policies import FirstPolicies
from bot.readiness import Readiness
from bot.schedule import Round, Schedule
from bot.serve import Server, wsgi
from bot.settings import Settings
from bot.slack import LISTENERS, Slack, connect
from grants.crew import Crew
from grants.people import Memberships
from grants.piecemeal import Piecemeal
from grants.retention import forget
from storage.engine import sqlite_file
from storage.lock import only_one
from storage.schema import at_head, migrate

log = logging.getLogger(__name__)

GONE_FOR: Final = timedelta(days=7)
"""After so long a process that was killed is none of ours any longer."""
TIDY_EVERY: Final = timedelta(minutes=5)
PROMPT: Final = ("jobs", "outbox", "cuts", "journal")
"""The loops for which what somebody does, or a step of a grant, has something to do at once."""
RETRY: Final = timedelta(seconds=10)
"""After what could not be applied or reached."""


class Part(StrEnum):
    """What a process does."""

    ALL = "all"
    SLACK = "slack"
    JOBS = "jobs"


class NotAtHeadError(Exception):
    """The database's schema is not the one this code is written for."""


@dataclass(slots=True)
class Catalogues:
    """Keeps the catalogue fresh in its own time and threads, and applies the first policies by it."""

    piecemeal: Piecemeal
    policies: FirstPolicies
    storage: Storage
    crew: Crew
    policies_at: datetime
    tidy_at: datetime

    def round(self) -> None:
        """Have what is due read, applied and tidied away."""
        now = self.storage.clock()
        self.piecemeal.round()
        if now >= self.policies_at and self.policies.wanted():
            self.crew.take(now, self._apply, name="policies")
        if now >= self.tidy_at:
            self.crew.take(now, self._tidy, name="tidy")

    def _apply(self, now: datetime) -> None:
        self.policies.apply()
        if self.policies.trouble:
            self.policies_at = now + RETRY

    def _tidy(self, now: datetime) -> None:
        self.tidy_at = now + TIDY_EVERY
        forget(self.storage.works, now)
        with self.storage.works() as work:
            work.processes.forget(now - GONE_FOR)

    def next_due(self) -> datetime | None:
        """When something is read next."""
        return self.piecemeal.next_due()


def prepare(settings: Settings) -> None:
    """The schema: an embedded database migrates itself, a served one is migrated on purpose."""
    url = settings.database_url
    if sqlite_file(url) is not None:
        migrate(url)
    elif not at_head(url):
        raise NotAtHeadError(
            "the database's schema is not at head: run `python -m bot migrate` first"
        )


def run(settings: Settings, part: Part = Part.ALL) -> int:
    """Serve until SIGTERM or SIGINT; then finish what is in hand, and lose no ack."""
    stopping = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    with ExitStack() as stack:
        stack.enter_context(only_one(settings.database_url))
        prepare(settings)
        meters = Meters()
        logs.heard(meters.logged)
        storage = open_storage(settings, meters)
        stack.callback(storage.database.close)
        if sqlite_file(settings.database_url) is not None:
            storage.works.forget_leases()
        aws = open_aws(settings, meters=meters)
        FirstPolicies(settings, storage, aws).check()
        proving(settings, storage, Memberships(aws.directory, storage.clock)).reseal()
        keep_alive(settings.slack_api_url)
        process = Process(settings, part, storage, aws, meters)
        process.start()
        stack.callback(process.stop)
        stopping.wait()
        log.info("stopping")
    return 0


class Process:
    """The parts of a running process, started and stopped in the order that loses nothing."""

    def __init__(
        self, settings: Settings, part: Part, storage: Storage, aws: Aws, meters: Meters
    ) -> None:
        """Put together, not started."""
        self._settings = settings
        self._part = part
        self._aws = aws
        self._hands = hands()
        self._tellers = ThreadPoolExecutor(4, "tellers")
        the_desk = desk(storage, aws, wake=self.wake)
        self.slack: Slack = connect(
            settings,
            storage,
            aws,
            the_desk,
            wake=self.wake,
            tellers=self._tellers,
            told=partial(self._wake, "outbox"),
            meters=meters,
        )
        self._jobs = the_jobs = jobs(storage, aws, self._hands, wake=self.wake)
        self.policies = FirstPolicies(settings, storage, aws)
        again = partial(self._wake, "catalogue", "indexes", "outbox")
        reading = Crew(self._hands.catalogue, again)
        catalogues = Catalogues(
            piecemeal(storage, aws, reading),
            self.policies,
            storage,
            reading,
            policies_at=storage.clock(),
            tidy_at=storage.clock(),
        )
        on = partial(self._wake, "sweep", *PROMPT)
        the_sweep = sweep(storage, aws, Crew(self._hands.sweep, on))
        links = rechecking(
            bindings(settings, storage, aws),
            Crew(self._hands.links, lambda: None),
            self.slack.front.people.seen,
        )
        the_cuts = cutting(settings, storage, aws, Crew(self._hands.cuts, self.wake))
        outgoing = forwarding(settings, storage, Crew(self._hands.forwards, lambda: None), meters)
        alone = sqlite_file(settings.database_url) is not None
        self._presence = None if alone else presence(storage, self._share)
        rounds: tuple[Round, ...] = ()
        if part is not Part.SLACK:
            rounds = (
                Round("jobs", the_jobs.round, the_jobs.next_due),
                Round("catalogue", catalogues.round, catalogues.next_due),
                Round("cuts", the_cuts.round, the_cuts.next_due),
                Round("sweep", the_sweep.round, the_sweep.next_due),
                Round("links", links.round, links.next_due),
                Round("outbox", self.slack.announcer.round, self.slack.announcer.next_due),
            )
            if outgoing.destinations:
                rounds = (*rounds, Round("journal", outgoing.round, outgoing.next_due))
        if part is not Part.JOBS:
            warm = self.slack.warm
            rounds = (*rounds, Round("indexes", warm.round, warm.next_due))
        if self._presence is not None:
            rounds = (Round("presence", self._presence.round, self._presence.next_due), *rounds)
        self._schedule = Schedule(rounds, storage.clock)
        meters.also(Beats(self._schedule.seen))
        meters.also(Gauges(partial(figures, storage), Daemons("figures")))
        self._readiness = Readiness(
            storage.works,
            policies=self.policies.missing,
            alive=self._schedule.alive,
            thread=Daemons("readiness"),
        )
        secret = settings.slack_signing_secret
        self._server = Server(
            wsgi(
                None if self._sockets else self.slack.app,
                self._readiness,
                meters.page,
                secret=secret.get_secret_value() if secret else "",
            ),
            host=settings.host,
            port=settings.port,
        )
        self._serving = Thread(target=self._server.run, name="http", daemon=True)
        self._socket: SocketModeHandler | None = None
        self._stopping = Event()

    @property
    def _sockets(self) -> bool:
        return self._settings.slack_app_token is not None or self._part is Part.JOBS

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._server.port

    def wake(self) -> None:
        """Somebody asked for something, decided or changed something; or a step is done, and the next may be due."""
        self._wake(*PROMPT)

    def _wake(self, *loops: str) -> None:
        self._schedule.wake(*loops)

    def _share(self, processes: int) -> None:
        """So many ask AWS under the same quotas."""
        self._aws.share(processes)
        self._jobs.pages.share(processes)

    def start(self) -> None:
        """What is overdue begins at once; Slack is listened to from the first second."""
        self._schedule.start()
        self._serving.start()
        token = self._settings.slack_app_token
        if token is not None and self._part is not Part.JOBS:
            self._socket = SocketModeHandler(
                self.slack.app, token.get_secret_value(), concurrency=LISTENERS
            )
            Thread(target=self._connect, args=(self._socket,), name="socket", daemon=True).start()
        Thread(target=self.slack.greet, name="greeting", daemon=True).start()
        log.info("listening", extra={"port": self.port, "role": self._part.value})

    def _connect(self, socket: SocketModeHandler) -> None:
        """Until it succeeds once: access ends on time while Slack is away. Then Bolt keeps it up."""
        while not self._stopping.is_set():
            try:
                socket.connect()  # type: ignore[no-untyped-call]  # Bolt leaves it untyped
            except (SlackClientError, OSError) as error:
                said = error.response.get("error") if isinstance(error, SlackApiError) else ""
                log.warning("Slack is not reached", extra={"error": said or type(error).__name__})
                self._stopping.wait(RETRY.total_seconds())
            else:
                return

    def stop(self) -> None:
        """Listeners finish and their acks leave before the connections are closed."""
        self._stopping.set()
        self.slack.closing.set()
        if self._socket is None:
            self._server.close()
        else:
            drain(self._socket)
        self.slack.listeners.shutdown(wait=True)
        if self._socket is not None:
            self._socket.close()  # type: ignore[no-untyped-call]  # Bolt leaves it untyped
            self._server.close()
        self._schedule.stop()
        # What AWS has been asked is in the rows: whoever starts next goes on from there.
        self._aws.shut()
        self.slack.later.shutdown(wait=True, cancel_futures=True)
        self.slack.front.readers.shutdown(wait=False, cancel_futures=True)
        self._hands.shut()
        self._tellers.shutdown(wait=True, cancel_futures=True)
        self._leave()

    def _leave(self) -> None:
        try:
            if self._presence is not None:
                self._presence.leave()
        except Exception:
            # The database is out of reach, most likely: the others miss this one soon.
            log.exception("left without a word")


def drain(socket: SocketModeHandler) -> None:
    """Take nothing new in, and wait until every answer in hand has left over the open connection.

    Bolt's own close begins with the connection: what a listener has just decided would be lost, and
    whoever waits for it reads of an error.
    """
    client = socket.client
    client.closed = True  # ends the loop that hands payloads out
    client.message_processor.shutdown()  # type: ignore[no-untyped-call]  # the SDK leaves it untyped
    client.message_workers.shutdown(wait=True)
