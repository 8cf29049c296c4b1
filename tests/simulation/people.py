"""What people do at random instants: ask, vote, give back, revoke, edit policies, work at the console."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Final

from grants.errors import AwsFault, FormTakenError, Refusal, StaleRequest
from grants.lifecycle import OPEN
from grants.model import Actor, Ballot, Holding, Person, Request, Role, Slot, State, Wish
from tests import make
from tests.simulation.promises import Promises
from tests.simulation.universe import (
    ADA,
    BOB,
    DAN,
    EVE,
    KEYS,
    TARGETS,
    Process,
    Universe,
    user_of,
)
from tests.simulation.universe import a_book as book_with

NOISE: Final = timedelta(minutes=50)
MOST: Final = 22
VOTERS: Final = (EVE, DAN, ADA, BOB)
AGAIN: Final = timedelta(milliseconds=400)


@dataclass(frozen=True, slots=True)
class Act:
    """Something that somebody does, decided by numbers drawn beforehand."""

    number: int
    after: timedelta
    kind: str
    chance: float
    other: float


WEIGHTS: Final = {
    "ask": 6, "approve": 8, "reject": 1, "cancel": 1, "end": 2, "revoke": 2, "extend": 2,
    "edit": 1, "leave": 1, "join": 1, "give": 1, "take": 1,
}  # fmt: skip


def acts_of(seed: int) -> list[Act]:
    """All that people will try, in order; some of it twice, as double clicks go."""
    random = Random(f"{seed} people")
    acts: list[Act] = []
    for _ in range(random.randrange(5, MOST)):
        kind = random.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        act = Act(len(acts), NOISE * random.random() ** 1.5, kind, random.random(), random.random())
        acts.append(act)
        if random.random() < 0.15:
            acts.append(
                Act(act.number, act.after + AGAIN * random.random(), kind, act.chance, act.other)
            )
    acts.insert(0, Act(-1, timedelta(0), "ask", random.random(), random.random()))
    return sorted(acts, key=lambda act: act.after)


@dataclass
class People:
    """Everybody's hands."""

    universe: Universe
    promises: Promises

    def act(self, act: Act) -> None:
        """It happens in one of the processes; where there is none, nobody answers."""
        by_hand = {"give": self._give, "take": self._take, "leave": self._leave, "join": self._join}
        if act.kind in by_hand:
            by_hand[act.kind](act)
            return
        processes = self.universe.processes
        if not processes:
            return
        process = processes[int(act.other * 997) % len(processes)]
        do: Callable[[Process, Act], None] = getattr(self, f"_{act.kind}")
        self.universe.schedule.begin(f"{act.kind}#{act.number}", process, lambda: self._tried(do, process, act))  # fmt: skip

    def _tried(self, do: Callable[[Process, Act], None], process: Process, act: Act) -> None:
        try:
            do(process, act)
        except (Refusal, AwsFault, StaleRequest, FormTakenError, ConnectionError) as no:
            self.universe.say(f"{act.kind} refused: {type(no).__name__}")
            self.promises.counted["refused"] += 1

    # Through the bot

    def _ask(self, process: Process, act: Act) -> None:
        person = BOB if act.chance < 0.7 else EVE
        later = act.other > 0.8
        starts = self.universe.clock() + timedelta(minutes=10) * act.other if later else None
        wish = Wish(
            f"V{act.number}", TARGETS[int(act.other * 10) % 3 // 2], f"{1 + int(act.chance * 100) % 12}m",
            "the disk is full", "", starts, later=later, knowing=int(act.chance * 1000) % 4 > 0,
        )  # fmt: skip
        self._acknowledged(process.desk.ask(person, wish), person, "request.ask")

    def _extend(self, process: Process, act: Act) -> None:
        if request := self._one(act, State.ACTIVE):
            wish = Wish(f"V{act.number}", None, "9m", "more", "", None, extends=request.id)
            self._acknowledged(process.desk.ask(request.requester, wish), request.requester, "request.ask")  # fmt: skip

    def _approve(self, process: Process, act: Act) -> None:
        self._vote(process, act, Ballot.APPROVE)

    def _reject(self, process: Process, act: Act) -> None:
        self._vote(process, act, Ballot.REJECT)

    def _vote(self, process: Process, act: Act, ballot: Ballot) -> None:
        voter = VOTERS[int(act.other * 40) % 13 // 3 % 4]
        if request := self._one(act, State.PENDING, anyway=0.1):
            after = process.review.vote(voter, request.id, ballot)
            self._acknowledged(after, voter, "vote")

    def _cancel(self, process: Process, act: Act) -> None:
        if request := self._one(act, State.PENDING):
            process.closing.cancel(request.requester, request.id)
            self._acknowledged(request, request.requester, "request.cancel")

    def _end(self, process: Process, act: Act) -> None:
        if request := self._one(act, State.ACTIVE, State.GRANTING, State.SCHEDULED, anyway=0.1):
            process.closing.end(request.requester, request.id)
            self._acknowledged(request, request.requester, "request.end")

    def _revoke(self, process: Process, act: Act) -> None:
        if request := self._one(act, State.ACTIVE, State.GRANTING, State.SCHEDULED, anyway=0.1):
            by = DAN if act.other < 0.5 else ADA
            process.closing.revoke(by, request.id, "the incident is over")
            self._acknowledged(request, by, "request.revoke")

    def _edit(self, process: Process, act: Act) -> None:
        book = book_with(approvals=1 + (act.chance < 0.3), engineers=act.other < 0.7)
        by = Actor(Role.ADMINISTRATOR, "Ada", ADA.user_id)
        process.administration.apply(book, by=by)

    # Beside it

    def _leave(self, act: Act) -> None:
        """Out of a group for a while; or an administrator unlinks their Slack user."""
        person = (BOB, DAN)[act.chance < 0.5]
        known = self.promises.outlaws if person is BOB else self.promises.approvers
        if act.other < 0.3:
            with self.universe.works() as work:
                parted = work.people.remove(person.slack_id)
            if parted and person.user_id not in known:
                known[person.user_id] = self.universe.clock()
                self.universe.say(f"{person.name} is unlinked")
            return
        group = self.universe.engineers if person is BOB else self.universe.approvers
        members = self.universe.directory.groups[group]
        if user_of(person) in members:
            members.remove(user_of(person))
            known.setdefault(person.user_id, self.universe.clock())
            self.universe.say(f"{person.name} leaves {group.name}")

    def _join(self, act: Act) -> None:
        for person, group in ((BOB, self.universe.engineers), (DAN, self.universe.approvers)):
            members = self.universe.directory.groups[group]
            if user_of(person) not in members:
                members.append(user_of(person))
                self.universe.say(f"{person.name} joins {group.name}")
            with self.universe.works() as work:
                work.people.put(make.a_binding(person))
        self.promises.outlaws.clear()
        self.promises.approvers.clear()

    def _give(self, act: Act) -> None:
        key = KEYS[int(act.chance * 97) % len(KEYS)]
        with self.universe.works.reading() as work:
            row = work.assignments.get(key)
        now = self.universe.clock()
        rests = row is None or (
            row.holding in {Holding.ABSENT, Holding.STANDING}
            and row.slot is not Slot.TAKEN
            and not row.may_appear_until
        )
        if self.universe.aws.given_by_hand(key, claimed=not rests):
            self.universe.say(
                f"an administrator gives {key} ({'free' if rests else 'claimed'}) {now:%X}"
            )

    def _take(self, act: Act) -> None:
        there = sorted(self.universe.aws.there)
        if there and self.universe.aws.taken_by_hand(
            key := there[int(act.chance * 97) % len(there)]
        ):
            self.universe.say(f"an administrator takes {key}")

    # Whom it is about

    def _one(self, act: Act, *states: State, anyway: float = 0.0) -> Request | None:
        """One of those in these states; now and then any that is open."""
        wanted = OPEN if act.other < anyway else frozenset(states)
        found = sorted(
            (each for each in self.universe.everything() if each.state in wanted),
            key=lambda each: (each.asked_at, each.id),
        )
        return found[int(act.chance * 101) % len(found)] if found else None

    def _acknowledged(self, request: Request, by: Person, event: str) -> None:
        self.promises.acknowledged.append((request.id, by.user_id, event))
