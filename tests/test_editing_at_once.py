"""Two administrators in two processes at one instant: nothing is lost, and nobody is overwritten."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import pytest

from bot.policies import FirstPolicies
from grants.editing import Editing, Subject
from grants.errors import PoliciesMoved
from grants.model import Actor, Group, Lane, Person, Role, SlackUserId
from grants.policy import PolicyBook
from grants.ports import Directory
from grants.remembering import Remembering
from grants.sheets import Part
from storage.work import SqlWorks
from tests import make
from tests.admin_hand import lines
from tests.clock import FakeClock
from tests.databases import Databases
from tests.make import NOON
from tests.meeting import meeting
from tests.world import POLICIES, World

ROUNDS = 6
OPERATOR = Actor(Role.ADMINISTRATOR, "operator:test")


@pytest.fixture
def other(world: World, database_url: str) -> Iterator[World]:
    """One more process on the same database."""
    with world.beside(database_url) as other:
        yield other


def administrators(world: World, other: World) -> list[tuple[Editing, Person]]:
    world.company.add_member("elevate-admins", "dan")
    return [
        (each.bot.front.editing, each.bot.front.people.known(SlackUserId(who), seconds=0))
        for each, who in ((world, "UADA"), (other, "UDAN"))
    ]


def told(saving: "Future[PolicyBook]") -> bool:
    """Whether they were told that somebody was faster."""
    return isinstance(saving.exception(), PoliciesMoved)


def test_of_two_who_change_one_policy_one_wins_and_the_other_is_told(
    world: World, other: World
) -> None:
    both = administrators(world, other)

    for number in range(1, ROUNDS + 1):
        subject, meet = Subject(Part.ELIGIBILITY, "the sandbox", number), meeting()
        with ThreadPoolExecutor(2) as threads:
            savings = [
                threads.submit(
                    editing.save, person, subject,
                    {"max_duration": f"{10 * number + n}m"}, in_time=meet,
                )
                for n, (editing, person) in enumerate(both)
            ]  # fmt: skip

        assert sorted(map(told, savings)) == [False, True]
        assert world.book().version == number + 1
    assert len(lines(world, "policies.apply")) == ROUNDS + 1
    world.verify()


def test_two_who_change_different_policies_both_succeed(world: World, other: World) -> None:
    both = administrators(world, other)
    names = ("the sandbox", "engineers in production")

    for number in range(1, ROUNDS + 1):
        since, meet = world.book().version, meeting()
        with ThreadPoolExecutor(2) as threads:
            savings = [
                threads.submit(
                    editing.save, person, Subject(Part.ELIGIBILITY, name, since),
                    {"max_duration": f"{number}m"}, in_time=meet,
                )
                for name, (editing, person) in zip(names, both, strict=True)
            ]  # fmt: skip

        assert [saving.exception() for saving in savings] == [None, None]
        held = {each.name: each.max_duration for each in world.book().eligibility}
        assert {held[name] for name in names} == {held[names[0]]}
    assert world.book().version == 1 + 2 * ROUNDS
    world.verify()


def test_a_version_that_another_process_stored_meanwhile_is_not_stored_twice(
    world: World, other: World
) -> None:
    works: tuple[SqlWorks, SqlWorks] = (world.works, other.works)
    barrier = Barrier(2)

    def apply(works: SqlWorks, name: str) -> str:
        barrier.wait(timeout=5)
        try:
            with works() as work:
                work.policies.apply(replace(make.a_book(), version=0), by=name, at=NOON)
        except PoliciesMoved as moved:
            return f"told of {moved.by}"
        return name

    with ThreadPoolExecutor(2) as threads:
        first, second = (
            threads.submit(apply, each, name)
            for each, name in zip(works, ("ada", "dan"), strict=True)
        )
        results = {first.result(), second.result()}

    with world.works.reading() as work:
        stored = [(each.version, each.by) for each in work.policies.history()]
    assert stored[-1] == (1, "operator:test")
    assert len(stored) - 1 == len(results & {"ada", "dan"})


def test_a_policy_file_for_an_empty_database_replaces_nothing_that_came_meanwhile(
    world: World, databases: Databases, tmp_path: Path, database_kind: str
) -> None:
    file, folder = tmp_path / "policies.yml", tmp_path / "other"
    file.write_text(POLICIES)
    folder.mkdir()
    with (
        databases.fresh(database_kind, folder) as url,
        world.beside(url, policy_file=str(file)) as other,
    ):
        other.refresher.refresh()

        def meanwhile() -> None:
            other.administration.apply(make.a_book(), by=OPERATOR)

        directory = Meanwhile(other.ports.directory, meanwhile)
        first = FirstPolicies(
            other.settings, other.storage, replace(other.ports, directory=directory)
        )
        first.apply()

        assert (other.book().version, first.trouble) == (1, "")
        assert other.book().eligibility == make.a_book().eligibility


class Meanwhile(Remembering):
    """A directory beside whose first look-up something else happens."""

    def __init__(self, directory: Directory, happens: Callable[[], None]) -> None:
        super().__init__(directory, FakeClock())
        self.waiting = [happens]

    def group_by_name(self, name: str, *, lane: Lane) -> Group | None:
        while self.waiting:
            self.waiting.pop()()
        return super().group_by_name(name, lane=lane)
