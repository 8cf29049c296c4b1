"""What holds of a world at every moment, and what AWS was asked for: for tests of giving and taking away."""

from typing import Protocol

from grants.journalled import differing, journalled
from grants.lifecycle import BIRTHS, LIFECYCLE
from grants.model import Assignment, Holding, Move, Request, RequestId
from grants.stores import Works
from grants.telling import moved_in
from tests.standins.aws.calls import Call
from tests.world import AUDIT, POLICIES, World

PRODUCTION = "payments-prod · AdministratorAccess"
SANDBOX = "data-sandbox · PowerUserAccess"
WITH_ALARMS = POLICIES.replace("  default_channel", f"  audit_channel: {AUDIT}\n  default_channel")
ROWS = {(step.source, step.move, step.target, step.by) for step in LIFECYCLE}


class Remembered(Protocol):
    """What can be looked at: a world in one process, or the database of several."""

    @property
    def works(self) -> Works: ...

    def requests(self) -> list[Request]: ...

    def verify(self) -> None: ...


def sound(world: Remembered, *, hastened: bool = False) -> None:
    """The journal is whole, and every row is what it says; no access is forgotten.

    `hastened`: ends were brought forward in their rows, which real time would take an hour for.
    """
    world.verify()
    for request in world.requests():
        with world.works.reading() as work:
            entries = [line.entry for line in work.journal.of(request.id)]
            _, finding = work.journal.verify_of(request.id)
        assert finding is None, finding
        other = set(differing(request, journalled(request, entries)))
        assert other <= ({"ends_at"} if hastened else set())
        told = [moved_in(entry) for entry in entries]
        birth, *moves = [moved for moved in told if moved]
        assert birth.move is Move.ASK
        assert birth.target in BIRTHS
        assert {(m.source, m.move, m.target, m.by.role) for m in moves} <= ROWS
        assert [m.source for m in moves] == [m.target for m in [birth, *moves][:-1]]
        assert [birth, *moves][-1].target is request.state
        assert len(moves) < request.version  # a vote that is not enough is written, and no move
    assert all(row.due_at for row in ledger(world) if row.holding is not Holding.ABSENT)


def ledger(world: Remembered) -> list[Assignment]:
    """Every row of the ledger of assignments that some request is about."""
    keys = sorted({request.key for request in world.requests()})
    with world.works.reading() as work:
        return [row for key in keys if (row := work.assignments.get(key))]


def held(world: World, request: RequestId) -> Assignment:
    """The ledger's row of this request's assignment."""
    with world.works.reading() as work:
        row = work.assignments.get(world.request(request).key)
    assert row is not None
    return row


def creates(world: World) -> list[Call]:
    return world.aws.calls.of("CreateAccountAssignment")


def deletes(world: World) -> list[Call]:
    return world.aws.calls.of("DeleteAccountAssignment")


def alarms(world: World) -> list[str]:
    """What the audit channel is alarmed about."""
    said = [message.text for message in world.slack.channel(AUDIT).messages]
    return [text for text in said if text.startswith("Alarm")]


def moves(world: World, request: RequestId) -> list[str]:
    """The moves of a request, as the journal has them."""
    return [each.removeprefix("request.") for each in world.journal(request) if "request." in each]


def leaps(world: World, **span: float) -> None:
    """Time goes by unseen, and what became due meanwhile happens at its end: many polls are one."""
    world.clock.passes(**span)
    world.rounds()


def restarted(world: World) -> None:
    """Another process takes over where the last one was killed: nobody holds a lease any more."""
    world.works.forget_leases()
