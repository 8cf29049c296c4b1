"""The catalogue is read piece by piece, by one process, from where it was left; nobody waits for it."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from math import ceil
from threading import Event

import pytest
from sqlalchemy import delete

from blocks.options import Index, accounts_index
from bot.assemble import piecemeal
from grants.crew import Crew
from grants.model import Account, AccountId, Catalogue, Lane
from grants.offering import Offers
from grants.piecemeal import ALARM_AFTER, SLICE, Piecemeal
from grants.ports import Organization
from grants.so_far import Piece, Refresh
from handlers.indexes import Indexes, Warm
from storage import tables
from tests.standins.aws.faults import Kind
from tests.world import AUDIT, POLICIES, Inline, World

PAGE = 20
"""Accounts, of Organizations' ListAccounts."""


class Killed(BaseException):
    """A process ends here and now."""


@dataclass(frozen=True)
class Watched:
    """An organization of which somebody is told before each page of accounts."""

    inner: Organization
    before: Callable[[], None]

    def accounts_page(self, token: str, *, lane: Lane) -> tuple[list[Account], str]:
        self.before()
        return self.inner.accounts_page(token, lane=lane)

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)


def a_process(world: World, before: Callable[[], None] | None = None) -> Piecemeal:
    """What keeps the catalogue fresh in one of them."""
    process = piecemeal(
        world.storage, world.ports, Crew(Inline(), lambda: None), jitter=lambda: 0.5
    )
    if before:
        reading = process.refresher.reading
        watched: Organization = Watched(reading.organization, before)  # type: ignore[assignment]  # by shape, the rest passed on
        process.refresher.reading = replace(reading, organization=watched)
    return process


@pytest.fixture
def process(world: World) -> Piecemeal:
    """One that has read everything once."""
    process = a_process(world)
    rounds(world, process)
    world.aws.calls.clear()
    return process


def rounds(world: World, process: Piecemeal) -> None:
    """All that is due now."""
    for _ in range(400):
        process.round()
        due = process.next_due()
        if due and due > world.clock():
            return
    raise AssertionError("still due after 400 rounds")


def passes(world: World, process: Piecemeal, **span: float) -> None:
    """Time goes by, and everything is read when it is due."""
    until = world.clock() + timedelta(**span)
    rounds(world, process)
    while (due := process.next_due()) and due <= until:
        world.clock.now = max(due, world.clock())
        rounds(world, process)
    world.clock.now = until


def grow(world: World, accounts: int, sets: int) -> None:
    for n in range(accounts - len(world.company.accounts)):
        world.company.add_account(f"service-{n:04d}", unit="Sandbox")
    for n in range(sets - len(world.company.permission_sets)):
        world.company.add_permission_set(f"Set{n:03d}")


def catalogue(world: World) -> Catalogue:
    with world.works.reading() as work:
        found = work.catalogue.load()
    assert found is not None
    return found


def names(world: World) -> set[str]:
    return {account.name for account in catalogue(world).accounts.values()}


def sets(world: World) -> set[str]:
    return {each.name for each in catalogue(world).permission_sets.values()}


def row(world: World, piece: Piece) -> Refresh:
    with world.works.reading() as work:
        return next(row for row in work.refreshes.all() if row.piece is piece)


def asked(world: World, *operations: str) -> list[int]:
    return [world.aws.calls.count(operation) for operation in operations]


def alarms(world: World) -> list[str]:
    return [event for event in world.journal() if event == "alarm.catalogue_not_read"]


OUS = "ListOrganizationalUnitsForParent"
SETS = "ListPermissionSets"
SET = "DescribePermissionSet"


# What it costs


@pytest.mark.parametrize(("accounts", "count"), [(100, 20), (5_000, 300)])
def test_every_five_minutes_it_costs_the_two_lists_and_nothing_for_what_is_known(
    world: World, accounts: int, count: int
) -> None:
    grow(world, accounts, count)
    process = a_process(world)
    rounds(world, process)
    assert (len(catalogue(world).accounts), len(catalogue(world).permission_sets)) == (
        accounts,
        count,
    )
    world.aws.calls.clear()

    passes(world, process, minutes=5)

    beyond = "ListPermissionSetsProvisionedToAccount"
    lists = [ceil(accounts / PAGE), ceil(count / 100)]
    assert asked(world, "ListAccounts", SETS, SET, OUS, "ListRoots", "ListTagsForResource") == [
        *lists, 0, 0, 0, 0,
    ]  # fmt: skip
    assert world.aws.calls.count() == sum(lists) + world.aws.calls.count(beyond)
    assert world.aws.calls.count(beyond) <= 1


def test_a_permission_set_that_is_new_is_the_only_one_that_is_described(
    world: World, process: Piecemeal
) -> None:
    world.company.add_permission_set("BrandNew")

    passes(world, process, minutes=5)

    assert asked(world, SET) == [1]
    assert "BrandNew" in sets(world)


def test_every_hour_each_permission_set_is_described_and_the_tree_is_walked(
    world: World, process: Piecemeal
) -> None:
    passes(world, process, minutes=55)
    assert asked(world, SET, "ListRoots") == [0, 0]

    passes(world, process, minutes=6)

    assert asked(world, SET, "ListRoots") == [len(sets(world)), 1]


def test_an_ou_that_nobody_has_heard_of_is_looked_for_at_once(
    world: World, process: Piecemeal
) -> None:
    world.company.add_unit("Brand new", parent="Workloads")
    world.company.add_account("lonely", unit="Brand new")

    passes(world, process, minutes=5)

    assert asked(world, "ListRoots") == [1]
    assert "Brand new" in {ou.name for ou in catalogue(world).ous.values()}


def test_where_aws_gives_no_paths_each_ou_is_asked_and_a_new_one_is_found(
    world: World, process: Piecemeal
) -> None:
    world.company.paths = False
    unit = world.company.add_unit("Brand new", parent="Workloads")
    world.company.add_account("lonely", unit="Brand new")

    passes(world, process, minutes=10)

    placed = {account.name: account.path for account in catalogue(world).accounts.values()}
    assert placed["lonely"][-1] == unit
    assert all(placed.values())


def test_an_ou_that_is_deleted_meanwhile_keeps_nothing_from_being_read(
    world: World, process: Piecemeal
) -> None:
    world.company.paths = False
    for operation in (OUS, "ListAccountsForParent"):
        world.aws.faults.add(operation, Kind.ERROR, code="ParentNotFoundException", skip=3)
    world.clock.passes(hours=1)

    rounds(world, process)

    assert row(world, Piece.ACCOUNTS).ended_at == row(world, Piece.OUS).ended_at == world.clock()


def test_everything_is_asked_in_the_lowest_lane(world: World, process: Piecemeal) -> None:
    lanes: set[Lane] = set()
    inner = process.refresher.reading.organization

    class Seen:
        def accounts_page(self, token: str, *, lane: Lane) -> tuple[list[Account], str]:
            lanes.add(lane)
            return inner.accounts_page(token, lane=lane)

    process.refresher.reading = replace(process.refresher.reading, organization=Seen())  # type: ignore[arg-type]  # nothing else is asked of it

    passes(world, process, minutes=5)

    assert lanes == {Lane.REFRESH}


# A restart


def test_a_restart_starts_from_what_is_remembered(world: World, process: Piecemeal) -> None:
    passes(world, process, minutes=2)

    again = a_process(world)
    rounds(world, again)

    assert world.aws.calls.count() == 0
    assert again.next_due() == process.next_due()


def test_a_process_that_dies_costs_no_more_than_what_it_had_in_hand(
    world: World, process: Piecemeal
) -> None:
    grow(world, 40 * PAGE, 10)
    world.clock.passes(minutes=5)
    pages = iter(range(SLICE + 5))

    def dies() -> None:
        if next(pages, None) is None:
            raise Killed

    dying = a_process(world, dies)
    with suppress(Killed):
        rounds(world, dying)
    another = a_process(world)
    rounds(world, another)
    assert "service-0001" not in names(world)

    passes(world, another, minutes=3)

    assert "service-0001" in names(world)
    assert asked(world, "ListAccounts") == [40 + 5]


def test_what_was_begun_long_ago_is_begun_anew(world: World, process: Piecemeal) -> None:
    grow(world, 40 * PAGE, 10)
    world.clock.passes(minutes=5)
    process.round()
    assert asked(world, "ListAccounts") == [SLICE]

    world.clock.passes(hours=1)
    rounds(world, a_process(world))

    assert asked(world, "ListAccounts") == [SLICE + 40]


def test_a_page_token_that_aws_has_forgotten_is_asked_for_no_more(
    world: World, process: Piecemeal
) -> None:
    grow(world, 40 * PAGE, 10)
    world.clock.passes(minutes=5)
    process.round()
    world.aws.faults.add(
        "ListAccounts", Kind.ERROR, code="InvalidInputException", message="The token is not valid."
    )

    passes(world, process, minutes=1)

    assert asked(world, "ListAccounts") == [SLICE + 1 + 40]
    assert "service-0001" in names(world)
    assert alarms(world) == []


def test_the_first_catalogue_appears_when_all_of_it_was_read(
    world: World, process: Piecemeal
) -> None:
    forget_everything(world)
    refused = world.aws.faults.add(SET, Kind.ACCESS_DENIED, times=None)
    passes(world, process, seconds=30)
    with world.works.reading() as work:
        assert work.catalogue.load() is None

    refused.times = 0
    passes(world, process, minutes=2)

    assert "payments-prod" in names(world)
    assert "AdministratorAccess" in sets(world)
    assert world.opens("bob").view()


def forget_everything(world: World) -> None:
    with world.storage.database.writing() as connection:
        for table in (tables.catalogue, tables.catalogue_documents, tables.refreshes):
            connection.execute(delete(table))


# Several processes


def test_of_two_processes_one_reads(world: World, process: Piecemeal) -> None:
    world.clock.passes(minutes=5)
    other = a_process(world)

    rounds(world, a_process(world, other.round))

    assert asked(world, "ListAccounts", SETS) == [1, 1]


def test_whoever_took_too_long_changes_nothing(
    world: World, process: Piecemeal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grants.pace.LEASE", timedelta(seconds=10))
    world.clock.passes(minutes=5)

    def meanwhile() -> None:
        world.clock.passes(seconds=15)
        world.company.add_account("newer", unit="Sandbox")
        rounds(world, process)
        world.company.remove_account("newer")

    slow = a_process(world, meanwhile)
    slow.round()

    assert "newer" in names(world)


def test_what_another_process_has_read_is_offered_here(world: World, process: Piecemeal) -> None:
    world.opens("bob")
    with world.beside(world.settings.database_url) as other:
        world.company.add_account("payments-next", unit="Production")
        passes(world, a_process(other), minutes=5)

    view = world.opens("bob").view()

    assert view is not None
    assert "payments-next · ReadOnlyAccess" in view.options("Access")


def test_two_pieces_that_end_at_one_moment_undo_nothing_of_each_other(world: World) -> None:
    read = Event()

    def without_ous() -> None:
        with world.works() as work:
            held = work.catalogue.hold()
            assert held is not None
            read.set()
            work.catalogue.replace(replace(held, ous={}))

    with ThreadPoolExecutor(1) as beside:
        with world.works() as work:
            held = work.catalogue.hold()
            assert held is not None
            other = beside.submit(without_ous)
            assert not read.wait(0.2)  # It has its turn afterwards.
            work.catalogue.replace(replace(held, accounts={}))
        other.result()

    assert (catalogue(world).accounts, catalogue(world).ous) == ({}, {})


# What goes, and what cannot be read


def test_an_account_that_is_gone_is_offered_five_minutes_more_at_most(
    world: World, process: Piecemeal
) -> None:
    world.company.remove_account("payments-prod")

    passes(world, process, minutes=5)

    view = world.opens("bob").view()
    assert view is not None
    assert not any(option.startswith("payments-prod") for option in view.options("Access"))


def test_a_part_of_a_list_never_takes_the_place_of_the_whole(
    world: World, process: Piecemeal
) -> None:
    grow(world, 40 * PAGE, 10)
    passes(world, process, minutes=5)
    before = catalogue(world)
    world.aws.faults.add("ListAccounts", Kind.ACCESS_DENIED, times=None, skip=30)

    passes(world, process, minutes=30)

    assert catalogue(world).accounts == before.accounts


def test_what_cannot_be_read_keeps_nothing_else_from_being_read(
    world: World, process: Piecemeal
) -> None:
    world.aws.faults.add("ListAccounts", Kind.ACCESS_DENIED, times=None)
    world.company.add_permission_set("BrandNew")

    passes(world, process, minutes=5)

    assert "BrandNew" in sets(world)
    assert "payments-prod" in names(world)


def test_the_administrators_are_told_once_whatever_fails(world: World, process: Piecemeal) -> None:
    world.policies(
        POLICIES.replace("  default_channel", f"  audit_channel: {AUDIT}\n  default_channel")
    )
    world.aws.faults.add("ListAccounts", Kind.ACCESS_DENIED, times=None)
    world.aws.faults.add(SETS, Kind.ACCESS_DENIED, times=None)

    passes(world, process, seconds=ALARM_AFTER.total_seconds())
    assert alarms(world) == []
    passes(world, process, minutes=30)
    world.rounds()

    (line,) = [one.text for one in world.slack.channel(AUDIT).messages if "Alarm" in one.text]
    assert "could not be read from AWS since" in line
    assert "Not authorized to perform" in line
    assert "What is offered is as of" in line
    assert len(alarms(world)) == 1


def test_what_fails_anew_after_it_was_read_is_told_anew(world: World, process: Piecemeal) -> None:
    refused = world.aws.faults.add("ListAccounts", Kind.ACCESS_DENIED, times=None)
    passes(world, process, minutes=30)
    refused.times = 0
    passes(world, process, minutes=10)

    world.aws.faults.add("ListAccounts", Kind.ACCESS_DENIED, times=None)
    passes(world, process, minutes=30)

    assert len(alarms(world)) == 2


def test_the_form_says_as_of_when_it_is_once_that_is_long_ago(
    world: World, process: Piecemeal
) -> None:
    world.aws.faults.add("ListAccounts", Kind.ACCESS_DENIED, times=None)
    passes(world, process, minutes=20)
    fresh = world.opens("bob").view()
    assert fresh is not None
    assert "as of" not in fresh.words()

    passes(world, process, minutes=20)

    view = world.opens("bob").view()
    assert view is not None
    assert "accounts and permission sets are as of 2026-11-02 12:00 UTC" in view.words()


def test_nobody_who_opens_or_searches_the_form_has_it_read(
    world: World, process: Piecemeal
) -> None:
    world.opens("bob")
    world.aws.calls.clear()
    world.clock.passes(seconds=50)

    world.opens("bob")

    assert world.aws.calls.count() == 0


def test_tags_are_gone_on_with_by_whoever_comes_next(world: World, process: Piecemeal) -> None:
    tagged = POLICIES.replace('accounts: ["666677778888"]', "tags: {env: sandbox}")
    grow(world, 400, 10)
    world.refresher.refresh()
    world.policies(tagged)
    rounds(world, process)
    world.aws.calls.clear()

    for _ in range(2):
        again = a_process(world)
        passes(world, again, minutes=5)

    calls = world.aws.calls.of("ListTagsForResource")
    assert len({AccountId(call.parameters["ResourceId"]) for call in calls}) == 400


def test_what_is_new_is_indexed_once_before_anybody_types(world: World, process: Piecemeal) -> None:
    made = list[int]()

    def make(accounts: Iterable[Account]) -> Index:
        index = accounts_index(accounts)
        made.append(len(index.entries))
        return index

    grow(world, 120, 10)
    passes(world, process, minutes=5)
    indexes = Indexes(make)
    warm = Warm(world.works, indexes, Offers())
    for _ in range(3):
        warm.round()
    assert made == [120]

    indexes.of(catalogue(world))
    assert made == [120]

    grow(world, 140, 10)
    passes(world, process, minutes=5)
    warm.round()
    indexes.of(catalogue(world))

    assert made == [120, 140]
