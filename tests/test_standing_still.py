"""A process that stood still for longer than its lease lasts touches nothing when it goes on."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.clock import system_clock
from grants.model import State
from tests.beside import Outside, outside
from tests.kills.nursery import Mortal, Nursery, a_port
from tests.soundness import sound
from tests.standins.aws import Fault, Kind

pytestmark = pytest.mark.parametrize("database_kind", ["postgresql"])  # SQLite has one process

LEASE = 1.5
STILL = timedelta(seconds=3)
WRITES = ("CreateAccountAssignment", "DeleteAccountAssignment")


@pytest.fixture
def company(database_url: str, tmp_path: Path) -> Iterator[Outside]:
    with outside(database_url, tmp_path) as around:
        yield around


@pytest.fixture
def bot(company: Outside, nursery: Nursery) -> Mortal:
    bot = born(company, nursery, "bot")
    company.until(company.is_furnished, "policies")
    return bot


def born(company: Outside, nursery: Nursery, name: str) -> Mortal:
    environment = company.environment(PORT=str(a_port()))
    bot = nursery.born(environment, company.folder / f"{name}.log", lease=LEASE)
    company.until(bot.listens, "bot that listens")
    return bot


def stands_still(company: Outside, bot: Mortal, asking: Fault) -> None:
    """While it waits for AWS, whose answer comes meanwhile."""
    company.until(asking.reached.is_set, "question")
    bot.stops()
    asking.release()


def goes_on(company: Outside, bot: Mortal) -> None:
    """After longer than anything lasts that it holds; and has seen that it is nobody's any more.

    On a busy machine its lease may have run out before it stood still, and it has seen so then.
    """
    until = system_clock() + STILL
    company.until(lambda: system_clock() > until, "time")
    bot.goes_on()
    company.until(bot.listens, "bot that listens again")
    enough = system_clock() + 2 * STILL
    company.until(
        lambda: "another worker has it" in bot.log.read_text() or system_clock() > enough, "insight"
    )


def ended(company: Outside, bot: Mortal) -> None:
    bob = company.hand(bot, "bob")
    company.until(lambda: "End Access" in bob.dms()[-1].buttons(), "way to end it")
    bob.click(bob.dms()[-1], "End Access")


@pytest.mark.parametrize(
    ("pending", "how"),
    [("ListAccountAssignments", Kind.STALL), ("CreateAccountAssignment", Kind.STALL_ANSWER)],
)
def test_one_that_stood_still_while_it_gave_access_gives_nothing_more(
    company: Outside, nursery: Nursery, bot: Mortal, pending: str, how: Kind
) -> None:
    request = company.asks(bot)
    asking = company.aws.faults.add(pending, how)
    company.hand(bot, "eve").click(company.cards(request)[0], "Approve")
    stands_still(company, bot, asking)
    other = born(company, nursery, "other")
    company.is_to_be(request, State.ACTIVE)

    goes_on(company, bot)

    assert company.request(request).state is State.ACTIVE
    assert [company.aws.calls.count(write) for write in WRITES] == [1, 0]
    ended(company, other)
    company.is_to_be(request, State.REVOKED)
    assert [company.aws.calls.count(write) for write in WRITES] == [1, 1]
    assert not company.has_access()
    sound(company)


def test_one_that_stood_still_while_it_took_access_away_takes_nothing_more(
    company: Outside, nursery: Nursery, bot: Mortal
) -> None:
    request = company.active(bot)
    asking = company.aws.faults.add("DeleteAccountAssignment", Kind.STALL_ANSWER)
    ended(company, bot)
    stands_still(company, bot, asking)
    other = born(company, nursery, "other")
    company.is_to_be(request, State.REVOKED)
    again = company.active(other)

    goes_on(company, bot)

    assert company.request(again).state is State.ACTIVE
    assert company.has_access()
    assert [company.aws.calls.count(write) for write in WRITES] == [2, 1]
    sound(company)
