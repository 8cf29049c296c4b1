"""The counts behind the speed: what each operation asks of AWS and of the database, however large the organization.

The numbers stand in docs/reference/speed.md, too.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Connection, event
from sqlalchemy.pool import ConnectionPoolEntry

from grants.model import GroupId, OuId, Request, RequestId, State, UserId
from grants.policy import Named, OuScope, PolicyBook, Scope, Who
from tests.bench.company import catalogue_of
from tests.make import a_person, a_request
from tests.world import DEFAULT, World

Counts = dict[str, tuple[dict[str, int], int]]
"""By step: AWS's calls, and the database's statements."""

PROD = "payments-prod · AdministratorAccess"
GROUPS: Final = 150
"""That policies name beside the small company's: more than one call asks about."""
PAST: Final = 300
"""Requests that have ended, a third of them bob's."""


CALLS: Final = {
    "form, nothing known": {"DescribeUser": 1, "IsMemberInGroups": 1},
    "form, groups known": {},
    "form sent": {
        "DescribeUser": 3,
        "IsMemberInGroups": 1,
        "ListGroupMemberships": 1,
        "ListAccountAssignments": 1,
    },
    "approval": {"DescribeUser": 1, "IsMemberInGroups": 2},
    "grant": {
        "DescribeUser": 2,
        "DescribeAccount": 1,
        "DescribePermissionSet": 1,
        "IsMemberInGroups": 2,
        "ListAccountAssignments": 2,
        "CreateAccountAssignment": 1,
        "DescribeAccountAssignmentCreationStatus": 1,
    },
    "end pressed": {"DescribeUser": 1},
    "end": {
        "DeleteAccountAssignment": 1,
        "DescribeAccountAssignmentDeletionStatus": 1,
        "ListAccountAssignments": 1,
        "LookupEvents": 1,
    },
    "nothing is due": {},
}
STATEMENTS: Final = {
    "form, nothing known": 3,
    "form, groups known": 1,
    "form sent": 24,
    "approval": 21,
    "end pressed": 20,
    "nothing is due": 16,
}
"""Of what somebody waits for, and of each second."""
BY_GROUPS: Final = {"form, nothing known", "form sent"}
"""What they may ask for is asked with a call for each hundred of the policies' groups."""


def test_nothing_is_asked_more_often_in_a_large_organization_with_a_long_past(world: World) -> None:
    lived(world)  # the first time it is also asked who everybody is

    small = lived(world)
    enlarge(world)
    large = lived(world)

    assert {step: calls for step, (calls, _) in small.items()} == CALLS
    assert {step: small[step][1] for step in STATEMENTS} == STATEMENTS
    assert {step: calls for step, (calls, _) in large.items()} == {
        step: calls | {"IsMemberInGroups": 2} if step in BY_GROUPS else calls
        for step, calls in CALLS.items()
    }
    assert {step: asked for step, (_, asked) in large.items()} == {
        step: asked for step, (_, asked) in small.items()
    }


def lived(world: World) -> Counts:
    """A request from its form to its end, and what each step of it asked."""
    asked: Counts = {}
    bob = world["bob"]

    def step(name: str, do: Callable[[], object]) -> None:
        with counted(world) as (calls, statements):
            do()
            world.listeners.settle()
        asked[name] = dict(calls), len(statements)

    world.clock.now += timedelta(hours=1)
    world.refresher.refresh()
    with world.works.reading() as work:  # read once, then kept
        assert work.catalogue.load()
    step("form, nothing known", lambda: bob.command("", DEFAULT))
    bob.close(everything=True)
    step("form, groups known", lambda: bob.command("", DEFAULT))
    bob.fill({"Access": PROD, "Justification": "the disk is full"})
    step("form sent", bob.submit)
    world.rounds()
    request = newest(world)
    step("approval", lambda: world["eve"].click(world.card(request), "Approve"))
    step("grant", lambda: world.passes(seconds=3))
    assert world.state(request) is State.ACTIVE
    step("end pressed", lambda: bob.click(world.last("bob"), "End Access"))
    step("end", lambda: world.passes(seconds=3))
    assert world.state(request) is State.REVOKED
    step("nothing is due", lambda: comes_round(world))
    return asked


def comes_round(world: World) -> None:
    """What is asked each second: whether anything is due of grants, of cut sessions, of messages."""
    for loop in (world.jobs, world.cutting, world.bot.announcer):
        loop.round()
        due = loop.next_due()
        assert due is None or due > world.clock()


@contextmanager
def counted(world: World) -> Iterator[tuple[Counter[str], list[str]]]:
    """While the block lasts."""
    statements: list[str] = []
    calls: Counter[str] = Counter()
    before = len(world.aws.calls)

    def note(asking: Connection, _cursor: object, statement: str, *_: Any) -> None:
        asking.info["asked"] = True
        if not statement.startswith("BEGIN"):
            statements.append(statement)

    def taken(_: object, record: ConnectionPoolEntry, *__: object) -> None:
        record.info["asked"] = False

    def given_back(_: object, record: ConnectionPoolEntry) -> None:
        if not record.info.get("asked", True):
            statements.append("asked of the driver itself")

    of = world.storage.database
    engines = {of.readers, of.writers, of.glances}
    heard: dict[str, Callable[..., None]] = {
        "before_cursor_execute": note,
        "checkout": taken,
        "checkin": given_back,
    }
    listeners = [(engine, name, hears) for engine in engines for name, hears in heard.items()]
    for engine, name, hears in listeners:
        event.listen(engine, name, hears)
    try:
        yield calls, statements
    finally:
        for engine, name, hears in listeners:
            event.remove(engine, name, hears)
        calls.update(call.operation for call in list(world.aws.calls)[before:])


def newest(world: World) -> RequestId:
    with world.works.reading() as work:
        found = work.requests.last_of(UserId(world.company.user("bob").id))
    assert found is not None
    return found.id


def enlarge(world: World) -> None:
    """Five hundred accounts more, permission sets, groups with policies of their own, and a past."""
    company = world.company
    unit = company.add_unit("Others")
    for number in range(500):
        company.add_account(f"other-{number:03d}", unit=unit)
    for number in range(40):
        company.add_permission_set(f"Other{number:02d}")
    groups = [company.add_group(f"others-{number:03d}") for number in range(GROUPS)]
    with world.works() as work:
        work.catalogue.replace(catalogue_of(company, world.clock()))
        book = work.policies.current()
        work.policies.apply(_larger(book, unit, groups), by="a test", at=world.clock())
        for number in range(PAST):
            work.requests.add(_ended(world, number))
    with world.works.reading() as work:  # read once, then kept
        assert work.policies.current()


def _larger(book: PolicyBook, unit: str, groups: list[str]) -> PolicyBook:
    others = tuple(
        replace(
            book.eligibility[0],
            name=f"others {number}",
            who=Who(groups=(Named(GroupId(group), f"others-{number:03d}"),)),
            scope=Scope(ous=(OuScope(OuId(unit), "Others"),)),
        )
        for number, group in enumerate(groups)
    )
    return replace(book, eligibility=(*book.eligibility, *others))


def _ended(world: World, number: int) -> Request:
    who = world.company.user("bob" if number % 3 == 0 else "dan")
    asked_at = world.clock() - timedelta(days=1 + number)
    return a_request(
        f"{number:08d}",
        requester=replace(a_person(who.display_name), user_id=UserId(who.id)),
        state=State.ENDED,
        asked_at=asked_at,
        expires_at=asked_at + timedelta(hours=3),
        ends_at=asked_at + timedelta(hours=1),
        ended_at=asked_at + timedelta(hours=1),
    )
