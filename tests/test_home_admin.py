"""App Home's part for administrators at any size: within its blocks, whatever policies are called."""

from dataclasses import replace
from typing import Any

import pytest

from blocks import home
from blocks.text import Style
from grants.model import OuId, Role
from grants.overview import Viewer
from grants.policy import Named, OuScope, PolicyBook, Scope, Who
from handlers.admin import section
from handlers.showing import Section
from storage.engine import Database
from storage.work import SqlWorks
from tests import make
from tests.make import NOON
from tests.memory_directory import MemoryDirectory
from tests.standins.blockkit import check_home, check_message
from tests.watching import watched

HOSTILE = "<!channel> <@U123> *x* `y` & <https://e.vil|x> \u202egnp.exe\u2069 \u05d0 "
NAME = (HOSTILE * 2)[:100]
STYLE = Style(date_tokens=True)
ADA = make.a_person("Ada Administrator")


@pytest.fixture
def works(database: Database) -> SqlWorks:
    works = SqlWorks(database)
    with works() as work:
        work.catalogue.replace(make.a_catalogue())
    return works


def a_book(many: int) -> PolicyBook:
    """So many policies of each kind, each as long and hostile as it may be."""
    named = tuple(Named(f"{n}", f"{HOSTILE}{n}") for n in range(30))
    scope = Scope(
        accounts=named,
        ous=tuple(OuScope(OuId(f"ou-ab12-{n:08}"), HOSTILE, nested=True) for n in range(30)),
        tags=tuple((f"{HOSTILE}{n}", HOSTILE) for n in range(10)),
    )
    may = make.eligibility(who=Who(named, named), scope=scope, permission_sets=named)
    decides = make.approval(approvers=Who(named, named), scope=scope, permission_sets=named)
    return make.a_book(
        eligibility=tuple(replace(may, name=f"{NAME[:90]} {n}") for n in range(many)),
        approval=tuple(replace(decides, name=f"{NAME[:90]} {n}") for n in range(many)),
    )


def drawn(works: SqlWorks, part: Section, book: PolicyBook, **pages: int) -> list[object]:
    viewer = Viewer(
        person=ADA,
        membership=make.a_membership(ADA, make.ADMINS),
        roles=frozenset(Role),
        book=book,
        now=NOON,
        pages=pages,
    )
    with works.reading() as work:
        return [*home.placed(part.name, part.draw(work, viewer, STYLE))]


@pytest.mark.parametrize("many", [0, 1, 100, 5000])
@pytest.mark.parametrize("page", [0, 1, 9999])
def test_it_keeps_within_its_blocks_and_slacks_limits(
    works: SqlWorks, many: int, page: int
) -> None:
    part = section(watched(works, MemoryDirectory()))
    book = a_book(many)

    for _ in range(2):  # while warnings are looked up, and with them
        blocks: list[Any] = drawn(works, part, book, eligibility=page, approval=page)

        assert len(blocks) <= part.budget
        assert check_home(home.view(blocks).to_dict()) == []
        message = home.message(blocks)
        assert check_message(message.text, message.blocks) == []
