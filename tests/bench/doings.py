"""What people do and what the loops do in a world, each with what has to be at hand for it and is not timed."""

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from time import perf_counter
from typing import Final, Protocol

from bot.assemble import figures
from bot.commands.stories import Story
from grants.crew import Crew
from grants.forwarding import Forwarding
from grants.model import RequestId
from grants.people import operator
from grants.records import Entry, Forward, Row, Search, SweepName, SweepRow
from grants.retention import TOLD_FOR, forget
from tests.bench.start import is_ready
from tests.beside import Outside
from tests.standins.slack import Person
from tests.standins.slack.workspace import Message
from tests.world import Inline, World, aws_environment

PROD: Final = "payments-prod · AdministratorAccess"
A_WEEK: Final = timedelta(days=7)
ROUNDS: Final = 100_000
"""After so many a loop that is still not through never will be."""


class Loop(Protocol):
    """What comes round by itself."""

    def round(self) -> None: ...
    def next_due(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class Timed:
    """Seconds that something takes; what comes before and after it is not counted."""

    line: str
    do: Callable[[], object]
    before: Callable[[], object] = lambda: None
    after: Callable[[], object] = lambda: None
    once: bool = False
    """In each round: it takes seconds."""
    slow: bool = False
    """It takes a tenth of a second, or what is before or after it does: a few times in each round."""
    bounded: bool = True
    """Against the same elsewhere."""
    beside_full: bool = False
    """Against a past that fills the lists, and not against none: it shows what was, or goes through it."""

    def __call__(self) -> float:
        self.before()
        began = perf_counter()
        self.do()
        took = perf_counter() - began
        self.after()
        return took


@dataclass
class Doings:
    """In one world; its AWS is where boto3 looks for it while something is done there."""

    world: World
    outside: Outside
    request: RequestId = field(init=False)
    card: Message = field(init=False)

    def all(self) -> list[Timed]:
        """The same in every world."""
        return [self._here(each) for each in (*self._people(), *self._loops(), self._start())]

    def _here(self, timed: Timed) -> Timed:
        def before() -> None:
            os.environ.update(aws_environment(self.world.aws))
            timed.before()

        return replace(timed, before=before)

    # People

    def _people(self) -> Sequence[Timed]:
        bob, eve, aud = (self.world[name] for name in ("bob", "eve", "aud"))

        def says(who: Person, word: str, *, full: bool = False) -> Timed:
            return Timed(f"/elevate {word}", lambda: who.command(word, "general"), beside_full=full)

        return (
            Timed("/elevate, the form", lambda: self.world.opens("bob"), after=bob.close),
            says(bob, "mine", full=True),
            says(eve, "approvals"),
            says(eve, "active"),
            says(aud, "audit", full=True),
            Timed("App Home", bob.open_home, beside_full=True),
            Timed("App Home, an auditor's", aud.open_home, beside_full=True),
            Timed("requests list", self._lists, beside_full=True),
            Timed("requests show", self._shows, before=self._looks_up),
            Timed("a form sent", self._sends, before=self._fills, after=self._rejects, slow=True),
            Timed("a vote", self._approves, before=self._asks, after=self._two_hours, slow=True),
            Timed(
                "access given, held and taken away",
                self._two_hours,
                before=self._is_approved,
                slow=True,
            ),
            # PostgreSQL plans five of its statements anew each time, once there is a past, however long.
            Timed("what /metrics reads", lambda: figures(self.world.storage), beside_full=True),
        )

    def _fills(self) -> None:
        self.world.clock.passes(seconds=1)  # So that it is the newest.
        bob = self.world.opens("bob")
        bob.fill({"Access": PROD, "Justification": "the disk is full", "Duration": "15m"})

    def _sends(self) -> None:
        outcome = self.world["bob"].submit()
        assert outcome.kind == "closed", outcome

    def _looks_up(self) -> None:
        with self.world.works.reading() as work:
            self.request = work.requests.listed(limit=1)[0].id

    def _finds(self) -> None:
        self.world.rounds()
        self._looks_up()
        self.card = self.world.card(self.request)

    def _asks(self) -> None:
        self._fills()
        self._sends()
        self._finds()

    def _approves(self) -> None:
        self.world["eve"].click(self.card, "Approve")

    def _is_approved(self) -> None:
        self._asks()
        self._approves()

    def _rejects(self) -> None:
        self._finds()
        eve = self.world["eve"]
        eve.click(self.card, "Reject")
        eve.fill({"Comment": ""})
        eve.submit()
        self.world.rounds()

    def _two_hours(self) -> None:
        self.world.passes(hours=2)

    def _lists(self) -> None:
        with self.world.works.reading() as work:
            assert work.requests.found(Search(), limit=100)
            work.assignments.ends()

    def _shows(self) -> None:
        with self.world.works.reading() as work:
            Story.of(work, self.request).as_json()

    # Loops

    def _loops(self) -> Sequence[Timed]:
        world = self.world
        out = Forwarding(world.works, [Nowhere()], world.clock, Crew(Inline(), lambda: None))

        def beat(what: str, loop: Loop, before: Callable[[], object] | None = None) -> Timed:
            def comes_round() -> None:
                loop.round()
                loop.next_due()

            return Timed(f"beat: {what}", comes_round, before or partial(_catches_up, loop, world))

        slice_of_fifty = beat("sweep, a slice of fifty", world.sweep, self._to_be_swept)

        return (
            beat("what is due, nothing", world.jobs),
            beat("outbox, nothing to tell", world.bot.announcer),
            beat("sessions cut, nothing due", world.cutting),
            replace(slice_of_fifty, beside_full=True, slow=True),
            beat("journal, a line sent on", out, self._writes),
            Timed(
                "beat: what was told is forgotten",
                self._forgets,
                before=self._was_told,
                beside_full=True,
            ),
        )

    def _to_be_swept(self) -> None:
        """From the beginning what was held lately; not the organization."""
        now = self.world.clock()
        with self.world.works() as work:
            for name in SweepName:
                work.sweeps.add(SweepRow(name, due_at=now))
            for row in work.sweeps.all():
                at = now if row.name is SweepName.LATELY else now + A_WEEK
                anew = SweepRow(row.name, due_at=at, ended_at=now, version=row.version)
                assert work.sweeps.save(anew)

    def _writes(self) -> None:
        """One line more, and all before it are sent."""
        with self.world.works() as work:
            head = work.journal.head()
            assert head is not None
            known = {row.name: row for row in work.forwards.all()}
            row = Forward(Nowhere.name, self.world.clock(), head.seq, head.hash)
            if before := known.get(row.name):
                assert work.forwards.save(replace(row, version=before.version))
            else:
                work.forwards.add(row)
            by = operator("bench")
            work.journal.write(Entry(self.world.clock(), "audit.export", by))

    def _was_told(self) -> None:
        """One thing too long ago, and nothing else."""
        self._forgets()
        at = self.world.clock() - TOLD_FOR - timedelta(minutes=1)
        with self.world.works() as work:
            work.acted.first(f"bench-{perf_counter()}", at=at)

    def _forgets(self) -> None:
        forget(self.world.works, self.world.clock())

    # A process of its own

    def _start(self) -> Timed:
        """By its clock everything is due; the policies are those that hold."""
        stack = ExitStack()

        def starts() -> None:
            with ExitStack() as until_ready:
                is_ready(until_ready.enter_context(self.outside.bot(ELEVATE_POLICY_FILE="")))
                stack.push(until_ready.pop_all())

        return Timed("start to ready", starts, after=stack.close, once=True, bounded=False)


class Nowhere:
    """Takes every line."""

    name = "https://logs.example.com"

    def send(self, rows: Sequence[Row]) -> None:
        """One, each time."""
        assert len(rows) == 1


def _catches_up(loop: Loop, world: World) -> None:
    """With all that is due."""
    for _ in range(ROUNDS):
        if not (due := loop.next_due()) or due > world.clock():
            return
        loop.round()
    raise AssertionError(f"always due: {loop}")
