"""What is promised, checked from outside after each step: by what AWS has and what the journal says."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from grants.endings import VANISHED
from grants.journalled import differing, journalled
from grants.lifecycle import FINAL, HOLDS, LIFECYCLE
from grants.model import EARLY, Holding, Key, Move, Moved, Request, RequestId, Slot, State, UserId
from grants.pace import CHECK_HOLDS, DECISION_HOLDS
from grants.records import Entry
from grants.stores import Work
from grants.telling import moved_in
from tests.simulation.universe import SECRET, Universe
from tests.simulation.weather import PAUSE

STEPS: Final = {(step.source, step.move, step.target, step.by) for step in LIFECYCLE}
LATELY: Final = PAUSE + timedelta(seconds=130)
"""What AWS answered is written down so late at the latest: after a pause, and within a lease."""
CHECKED: Final = CHECK_HOLDS + timedelta(seconds=5)
"""The last check was made so lately at the least, where nothing goes wrong."""
VOTES: Final = frozenset({Move.APPROVE, Move.REJECT})


class BrokenPromiseError(AssertionError):
    """What must never be, was."""


@dataclass
class Grant:
    """What the journal has told of one request."""

    id: RequestId
    key: Key
    needs_approval: bool
    state: State
    since: datetime
    starts_at: datetime | None
    extends: RequestId | None
    held_since: datetime | None = None
    """When AWS was first to be asked for it."""
    ends_at: datetime | None = None
    let_go: datetime | None = None
    """When it ceased to hold its access."""
    moves: list[Move] = field(default_factory=list)

    @property
    def span(self) -> tuple[datetime | None, datetime | None]:
        """From when until when its access may be there; None at first: never."""
        return self.held_since, min((at for at in (self.let_go, self.ends_at) if at), default=None)


@dataclass
class Promises:
    """Sees every commit and every write that leaves for AWS."""

    universe: Universe
    grants: dict[RequestId, Grant] = field(default_factory=dict)
    let_go: dict[Key, datetime] = field(default_factory=dict)
    """When the last grant ceased to hold it."""
    acknowledged: list[tuple[RequestId, UserId, str]] = field(default_factory=list)
    approvers: dict[UserId, datetime] = field(default_factory=dict)
    """Who was an approver until when; no longer in here: still is, or never was."""
    outlaws: dict[UserId, datetime] = field(default_factory=dict)
    """Since when somebody may not ask for what has to be approved."""
    counted: Counter[str] = field(default_factory=Counter)
    late: list[float] = field(default_factory=list)
    """Seconds between a grant's end and its being gone."""
    seq: int = 0
    calm_since: datetime | None = None
    broken: BaseException | None = None

    def committed(self) -> None:
        """Whatever was written just now."""
        with self.universe.works.reading() as work:
            lines = list(work.journal.walk(after=self.seq))
            for line in lines:
                self.seq = line.seq
                self._line(line.entry, work)
            for request_id in {each.entry.request_id for each in lines if each.entry.request_id}:
                request = work.requests.get(request_id)
                known = self.grants[request_id]
                self.demand(request.state is known.state, f"{request_id} moved without a line")
                if known.state is State.ACTIVE:
                    self._keeps_its_end(known, request.ends_at)

    def leaves(self, key: Key, creates: bool) -> None:
        """A write to AWS, at the moment it is carried out or may be."""
        now = self.universe.clock()
        with self.universe.works.reading() as work:
            row = work.assignments.get(key)
        what = "create" if creates else "delete"
        self.universe.say(f"AWS takes the {what} of {short(key)}")
        wanted = Holding.CREATING if creates else Holding.DELETING
        self.demand(
            row is not None and row.holding is wanted and row.intent_at is not None,
            f"a {what} left without its intent",
        )
        self.counted[what] += 1
        if creates:
            self._creates(key, now)
        else:
            self._deletes(key, now)

    def idle(self) -> None:
        """Before time goes on."""
        universe = self.universe
        with universe.aws.lock:
            universe.aws._settle()
        for key in universe.aws.ours:
            if self._holders(key):
                continue
            with universe.works.reading() as work:
                row = work.assignments.get(key)
            self.demand(row is not None and row.due_at is not None, f"{short(key)} is forgotten")

    def demand(self, holds: bool, otherwise: str) -> None:
        """Raised here and remembered: who runs jobs puts up with whatever one of them raises."""
        if not holds:
            self.broken = self.broken or BrokenPromiseError(otherwise)
            raise self.broken

    # Moves

    def _line(self, entry: Entry, work: Work) -> None:
        if entry.event.startswith("alarm") or entry.event == "vote":
            self.counted[entry.event] += 1
        if entry.event == "vote":
            self._vote(entry)
        moved = moved_in(entry)
        if moved is None:
            return
        self.universe.say(f"{moved.request_id} {moved.move} -> {moved.target} {moved.reason}")
        if moved.move is Move.ASK:
            self._birth(work.requests.get(moved.request_id))
            return
        known = self.grants[moved.request_id]
        self.demand(
            (moved.source, moved.move, moved.target, moved.by.role) in STEPS,
            f"{known.id}: {moved.move} by {moved.by.role} is no move of the table",
        )
        self.demand(moved.source is known.state, f"{known.id} moved twice from {moved.source}")
        held = known.state in HOLDS
        before, known.state, known.since = known.state, moved.target, moved.at
        known.moves.append(moved.move)
        if held and known.state not in HOLDS:
            known.let_go = self.universe.clock()
        if held and known.state not in HOLDS and not self._holders(known.key):
            self.let_go[known.key] = self.universe.clock()
        self._fits(known, moved, before, work.requests.get(known.id))

    def _birth(self, request: Request) -> None:
        self.demand(request.id not in self.grants, f"{request.id} was asked twice")
        birth = State.PENDING if request.approval_needed else State.SCHEDULED
        self.grants[request.id] = Grant(
            request.id, request.key, request.approval_needed, birth, request.asked_at,
            request.starts_at, request.extends,
        )  # fmt: skip

    def _fits(self, known: Grant, moved: Moved, before: State, request: Request) -> None:
        now, aws, move = self.universe.clock(), self.universe.aws, moved.move
        if move is Move.START:
            approved = not known.needs_approval or Move.APPROVE in known.moves
            self.demand(approved, f"{known.id} starts without approval")
            known.held_since = now
            starts = request.starts_at
            early = EARLY if request.extends else timedelta(0)
            self.demand(starts is None or starts - early <= now, f"{known.id} starts early")
        if move is Move.CONFIRM:
            was = known.key in aws.there or now - aws.went.get(known.key, now - 2 * LATELY) < LATELY
            self.demand(was, f"{known.id} is active, and AWS has nothing")
            known.ends_at = request.ends_at
        if move is Move.FINISH:
            self.demand(
                known.ends_at is not None and known.ends_at <= now, f"{known.id} ends early"
            )
            self._in_time(known, known.ends_at, timedelta(seconds=2), "finished")
        if move is Move.GONE:
            self._gone(known, before, moved.reason, standing=request.standing)

    def _gone(self, known: Grant, before: State, why: str, *, standing: bool) -> None:
        now, aws = self.universe.clock(), self.universe.aws
        if before is State.ACTIVE and why == VANISHED:
            self.demand(known.key in aws.taken, f"{known.id} was taken from its holder, by us")
        if not standing and not self._holders(known.key):
            still = known.key in aws.ours and now - aws.came[known.key] > LATELY
            self.demand(not still, f"{known.id} is told to be over, and AWS has it still")
        if before is State.REVOKING and Move.FINISH in known.moves and known.ends_at:
            self.late.append((now - known.ends_at).total_seconds())
            self._in_time(known, known.ends_at, timedelta(minutes=3), "gone")

    def _in_time(self, known: Grant, at: datetime | None, most: timedelta, what: str) -> None:
        if self.calm_since is None or at is None or at < self.calm_since:
            return
        late = self.universe.clock() - at
        self.demand(late <= most, f"{known.id} was {what} {late} late, with nothing in the way")

    def _keeps_its_end(self, known: Grant, ends_at: datetime | None) -> None:
        self.demand(known.ends_at == ends_at, f"{known.id}: its end was moved")

    def _vote(self, entry: Entry) -> None:
        now, voter = self.universe.clock(), entry.actor.user_id
        assert voter is not None
        assert entry.request_id is not None
        known = self.grants[entry.request_id]
        self.demand(known.key.user_id != voter, f"{known.id} was decided by its requester")
        since = self.approvers.get(voter)
        self.demand(since is None or now - since < LATELY, f"{voter} voted and was no approver")

    # Writes to AWS

    def _creates(self, key: Key, now: datetime) -> None:
        aws = self.universe.aws
        self.demand(key not in aws.theirs or now - aws.came[key] < LATELY,
                    f"{short(key)} was standing, and is created over")  # fmt: skip
        if not self._holders(key):
            since = self.let_go.get(key)
            self.demand(since is not None and now - since <= DECISION_HOLDS,
                        f"{short(key)} is created, and nobody has it granted")  # fmt: skip
            self.counted["create after its end, within 5 s"] += 1
        since = self.outlaws.get(key.user_id)
        if key.permission_set_arn == SECRET.arn and since is not None:
            most = 2 * LATELY if self.universe.weather.counted else CHECKED
            self.demand(
                now - since < most, f"{short(key)} is created for somebody who lost eligibility"
            )

    def _deletes(self, key: Key, now: datetime) -> None:
        for known in self._holders(key):
            self.demand(known.state is not State.ACTIVE, f"{short(key)} is taken from {known.id}")
            lately = now - known.since <= DECISION_HOLDS
            self.demand(lately, f"{short(key)} is taken from {known.id}, which waits for it")
            self.counted["delete before its start, within 5 s"] += 1
        self._does_not_blink(key, now)
        self.demand(key not in self.universe.aws.theirs, f"{short(key)} is standing, and is taken")
        if key in self.universe.aws.contested:
            self.counted["delete of what two had made"] += 1

    def _does_not_blink(self, key: Key, now: datetime) -> None:
        """Where nothing goes wrong, an extension that was agreed in time holds it before the end."""
        for known in self.grants.values():
            waits = known.key == key and known.state is State.SCHEDULED and known.extends
            if (
                waits
                and known.starts_at
                and known.starts_at <= now
                and now - known.since > 2 * EARLY
            ):
                self.demand(self.universe.weather.counted != {}, f"{short(key)} blinks")
                self.counted["blinks, in trouble"] += 1

    def _holders(self, key: Key) -> list[Grant]:
        return [each for each in self.grants.values() if each.key == key and each.state in HOLDS]

    # At the end

    def kept(self) -> None:
        """Everything has come to rest."""
        universe = self.universe
        aws = universe.aws
        self.committed()
        self.demand(not aws.ours, f"leaked: {[short(key) for key in aws.ours]}")
        with universe.works.reading() as work:
            requests = work.requests.listed(limit=1000)
            self.demand(work.outbox.depth() == 0, "something was not told")
            for request in requests:
                self.demand(request.state in FINAL, f"{request.id} is {request.state} for ever")
                self.demand(self.grants[request.id].state is request.state, f"{request.id} moved")
                row = work.assignments.get(request.key)
                rests = row is None or (row.holding is Holding.ABSENT and row.slot is Slot.NONE)
                self.demand(rests, f"{short(request.key)} has no rest")
                voters = Counter(each.voter.user_id for each in work.votes.on(request.id))
                lines = [each.entry for each in work.journal.of(request.id)]
                known = journalled(request, lines)
                self.demand(not differing(request, known), f"{request.id}: row and journal differ")
                told = Counter(each.actor.user_id for each in lines if each.event == "vote")
                self.demand(told == voters, f"{request.id}: votes and lines differ")
                decided = [each for each in self.grants[request.id].moves if each in VOTES]
                self.demand(len(decided) <= 1, f"{request.id} was decided twice")
                for request_id, user, event in self.acknowledged:
                    if request_id == request.id:
                        by = [each for each in lines
                              if each.event == event and each.actor.user_id == user]  # fmt: skip
                        self.demand(len(by) == 1, f"{request.id}: {event} was acknowledged")
            _, finding = work.journal.verify()
            self.demand(finding is None, f"the journal: {finding}")
        self.demand(len(requests) == len(self.grants), "a request is nowhere to be found")


def short(key: Key) -> str:
    return f"{key.user_id[9:]}/{key.permission_set_arn[-16:-10]}"
