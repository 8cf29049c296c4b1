"""One request's life, lived by people who try again and a bot that is started again when it dies."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from http.client import HTTPException
from itertools import count
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from bot.clock import system_clock
from grants.errors import StaleRequest
from grants.model import Request, RequestId, State
from grants.records import CutPhase
from tests.beside import PROD, Outside
from tests.kills import failpoints
from tests.kills.nursery import MINUTES, Mortal, Nursery, a_port
from tests.standins.slack import Message, NotPossible, Person

LOOKS: Final = 100
TRIES: Final = 50
HELD: Final = ("payments-prod", "AdministratorAccess")
OVER: Final = frozenset({State.ENDED, State.REVOKED})


class Ending(StrEnum):
    """How access comes to its end."""

    CLOCK = "clock"
    PRESS = "press"
    CUT = "cut"
    """Revoked, and with it the sessions that are open."""


@dataclass(slots=True)
class Seat:
    """A bot's place: when it dies, another is born there, at the same port."""

    name: str
    failpoint: str = ""
    """At which the next to be born here dies; empty: it lives."""
    port: int = field(default_factory=a_port)
    bot: Mortal | None = None


@dataclass
class Life:
    """Lived to its end, however often the bot dies meanwhile."""

    company: Outside
    nursery: Nursery
    seats: list[Seat]
    ending: Ending = Ending.CLOCK
    who: str = "bob"
    access: str = PROD
    settings: Mapping[str, str] = field(default_factory=dict)
    """Of every bot here, besides what all have."""
    why: str = "the disk is full"
    """Unlike any other's justification."""
    lease: float = MINUTES
    most: int = 1
    """So often whoever is to die dies: then nobody does any more."""
    deaths: int = 0
    _taken: bool = False
    _recorded: list[RequestId] = field(default_factory=list)

    def lived(self) -> Request:
        """Asked, approved, given, held, ended and told."""
        request = self.over()
        if self.ending is Ending.CUT:
            self._cut_and_undone(request)
        self.is_told()
        self._until(lambda: self._is_summed_up(request), "summary")
        self.is_told()
        return self.company.request(request)

    def settles(self) -> None:
        """The bots are up, and have read all that they work by."""
        self._until(self.company.is_furnished, "policies")

    def is_told(self) -> None:
        """Wait until all that happened was told."""
        self._until(self._all_is_told, "word of it all")

    def over(self) -> RequestId:
        """Asked, approved, given, held and ended: not everything may have been told yet."""
        request = self._asked()
        self._approved(request)
        self._until(lambda: self._state(request) is State.ACTIVE, "access")
        self._ended(request)
        self._until(lambda: self._state(request) in OVER, "end")
        return request

    def closed(self) -> None:
        for seat in self.seats:
            if seat.bot is not None:
                seat.bot.killed()

    def killed_at(self) -> list[str]:
        """Where, and at which passing: what `ELEVATE_FAILPOINT` takes to have it die there again."""
        logs = [seat.bot.log.read_text() for seat in self.seats if seat.bot]
        return [at for log in logs for at in re.findall(f"{failpoints.LAST_WORDS}(.+)", log)]

    # What people do, again and again until they see that it was done

    def _asked(self) -> RequestId:
        """The form stays open until somebody takes it."""
        self._taken = False
        self.settles()
        self._tries(self._opens, done=lambda: self._form() is not None)
        self._requester().fill({"Access": self.access, "Justification": self.why})
        self._tries(self._sends, done=lambda: self._taken)
        self._until(self._is_recorded, "request, although it was acknowledged")
        (request,) = self._recorded
        return request

    def _is_recorded(self) -> bool:
        every = self.company.requests()
        self._recorded = [one.id for one in every if one.justification == self.why]
        return bool(self._recorded)

    def _form(self) -> object:
        view = self.company.slack.workspace.top(self.company.slack.user(self.who).id)
        return view if view and "Access" in view.labels() else None

    def _opens(self) -> None:
        self._requester().command("", "general")

    def _sends(self) -> None:
        self._taken = self._requester().submit().closed

    def _approved(self, request: RequestId) -> None:
        self._until(lambda: self.company.cards(request), "card")
        self._tries(
            lambda: self._approves(request), done=lambda: self._state(request) is not State.PENDING
        )

    def _approves(self, request: RequestId) -> None:
        """On a card that offers it: one that was hung twice has lost it on the copy nobody knows."""
        for card in self.company.cards(request):
            if "Approve" in card.buttons():
                self._hand("eve").click(card, "Approve")
                return

    def _ended(self, request: RequestId) -> None:
        match self.ending:
            case Ending.CLOCK:
                self._tries(lambda: self._time_is_over(request), done=lambda: self._is_due(request))
            case Ending.PRESS:
                self._until(self._to_end_it, "End Access")
                self._tries(self._presses, done=lambda: self._state(request) is not State.ACTIVE)
            case Ending.CUT:
                self._tries(lambda: self._takes_up(request), done=self._reasons)
                self._hand("eve").fill(
                    {
                        "Reason": "the laptop is lost",
                        "What is taken away": "Revoke and cut sessions",
                    }
                )
                self._tries(self._revokes, done=lambda: self._state(request) is not State.ACTIVE)

    def _is_due(self, request: RequestId) -> bool:
        ends_at = self.company.request(request).ends_at
        return ends_at is not None and ends_at <= system_clock()

    def _time_is_over(self, request: RequestId) -> None:
        with suppress(StaleRequest), self.company.works() as work:
            held = work.requests.get(request)
            work.requests.save(replace(held, ends_at=system_clock()))

    def _to_end_it(self) -> list[Message]:
        told = self.company.slack.dms(self.who)
        return [message for message in told if "End Access" in message.buttons()]

    def _presses(self) -> None:
        for newest in self._to_end_it()[-1:]:
            self._requester().click(newest, "End Access")

    def _takes_up(self, request: RequestId) -> None:
        for card in self.company.cards(request):
            if "Revoke" in card.buttons():
                self._hand("eve").click(card, "Revoke")
                return

    def _reasons(self) -> bool:
        view = self.company.slack.workspace.top(self.company.slack.user("eve").id)
        return view is not None and "Reason" in view.labels()

    def _revokes(self) -> None:
        self._hand("eve").submit()

    def _cut_and_undone(self, request: RequestId) -> None:
        """What was open is denied; and when its time is over, here at once, it is let through."""
        ended_at = self.company.request(request).ended_at
        assert ended_at is not None
        self._until(lambda: self._phase(request) is CutPhase.IN_FORCE, "cut")
        allowed = partial(self.company.aws.company.session_allowed, self.who, *HELD, ended_at)
        assert not allowed()
        self._tries(
            lambda: self._cut_is_over(request),
            done=lambda: self._phase(request) is not CutPhase.IN_FORCE,
        )
        self._until(lambda: self._phase(request) is CutPhase.LIFTED, "end of the cut")
        assert allowed()

    def _cut_is_over(self, request: RequestId) -> None:
        now = system_clock()
        with self.company.works() as work:
            if cut := work.cuts.of(request):
                work.cuts.save(replace(cut, until=now, due_at=now))

    def _phase(self, request: RequestId) -> CutPhase | None:
        with self.company.reading() as work:
            cut = work.cuts.of(request)
        return cut.phase if cut else None

    # How they go about it

    def _hand(self, who: str) -> Person:
        """At the first bot that lives."""
        alive = [seat.bot for seat in self.seats if seat.bot and not seat.bot.is_dead()]
        return self.company.hand(alive[0] if alive else self._first(), who)

    def _requester(self) -> Person:
        return self._hand(self.who)

    def _first(self) -> Mortal:
        self._tend()
        bot = self.seats[0].bot
        assert bot is not None
        return bot

    def _tries(self, do: Callable[[], object], *, done: Callable[[], bool]) -> None:
        """A database that is away is looked at again; a press that failed is made again."""
        for _ in range(TRIES):
            if self._seen(done):
                return
            self._until(self._is_served, "bot that listens")
            deaths, looks = self.deaths, count()
            with suppress(OSError, HTTPException, NotPossible, SQLAlchemyError):
                do()
            self._until(partial(self._is_answered, done, looks, deaths), "answer")

        raise AssertionError(f"{TRIES} times in vain: {done}")

    def _is_answered(self, done: Callable[[], bool], looks: Iterator[int], deaths: int) -> bool:
        """Nobody waits for ever: after some looks they try again."""
        return done() or self.deaths > deaths or next(looks) > LOOKS

    def _is_served(self) -> bool:
        return any(seat.bot and seat.bot.listens() for seat in self.seats)

    def _until(self, happened: Callable[[], object], what: str) -> None:
        def looked() -> object:
            self._tend()
            return happened()

        self.company.until(lambda: self._seen(looked), what)

    def _seen(self, look: Callable[[], object]) -> object:
        try:
            return look()
        except SQLAlchemyError:
            return None

    def _tend(self) -> None:
        """Whoever is dead is followed by another."""
        for seat in self.seats:
            if seat.bot is None:
                self._bear(seat)
            elif seat.bot.is_dead():
                self.deaths += 1
                if self.deaths >= self.most:
                    seat.failpoint = ""
                self._bear(seat)

    def _bear(self, seat: Seat) -> None:
        environment = self.company.environment(
            PORT=str(seat.port), **{**self.settings, failpoints.VARIABLE: seat.failpoint}
        )
        log = self.company.folder / f"{seat.name}.log"
        seat.bot = self.nursery.born(environment, log, lease=self.lease)

    # What there is to see

    def _state(self, request: RequestId) -> State:
        return self.company.request(request).state

    def _is_summed_up(self, request: RequestId) -> bool:
        with self.company.reading() as work:
            row = work.activities.get(request)
        return row is not None and row.summary is not None

    def _all_is_told(self) -> bool:
        with self.company.reading() as work:
            return work.outbox.depth() == 0
