"""Each part of App Home at any size: within its blocks, within Slack's limits, whatever people typed."""

from dataclasses import replace
from datetime import timedelta
from itertools import cycle

import pytest
from slack_sdk.models.blocks import Block
from sqlalchemy import insert

from blocks import home
from blocks.text import Style
from grants.lifecycle import OPEN
from grants.model import Ballot, Role, SlackUserId, State, UserId
from grants.overview import REVOCABLE_IN, Viewer, mine
from grants.stores import Work
from handlers.home import OTHERS, SECTIONS
from handlers.showing import Section
from storage.engine import Database
from storage.requests import to_row
from storage.tables import requests
from storage.work import SqlWorks
from tests import make
from tests.make import HOUR, NOON
from tests.standins.blockkit import check_home, check_message

SIZES = (0, 1, 100, 5000)
HOSTILE = "<!channel> <@U123> *x* `y` & <https://e.vil|x> \u202egnp.exe\u2069 \u05d0 "
EVE, BOB = make.a_person("Eve Engineer"), make.a_person("Bob Builder")
STYLE = Style(date_tokens=True)


def a_viewer(**pages: int) -> Viewer:
    """Eve, who may do everything."""
    return Viewer(
        person=EVE,
        membership=make.a_membership(EVE, make.APPROVERS, make.ADMINS, make.AUDITORS),
        roles=frozenset(Role),
        book=make.a_book(),
        now=NOON,
        pages=pages,
    )


@pytest.fixture
def works(database: Database) -> SqlWorks:
    works = SqlWorks(database)
    with works() as work:
        work.catalogue.replace(make.a_catalogue())
    return works


def remember(database: Database, many: int) -> None:
    """So many requests of eve's, and as many of bob's, in every state, with the longest words."""
    names, states = (HOSTILE * 4)[:128], cycle(State)
    rows = [
        to_row(
            make.a_request(
                f"{who.name[0]}{n:07d}",
                requester=who,
                state=next(states),
                asked_at=NOON - timedelta(seconds=n),
                account_name=names,
                permission_set_name=names,
                justification=(HOSTILE * 100)[:3000],
                ticket=(HOSTILE * 9)[:255],
                reason=(HOSTILE * 100)[:3000],
                may_approve=tuple([names] * 40),
                approvals=3,
            )
        )
        for n in range(many)
        for who in (EVE, BOB)
    ]
    if rows:
        with database.writing() as connection:
            connection.execute(insert(requests), rows)


def drawn(work: Work, section: Section, viewer: Viewer) -> list[Block]:
    return list(home.placed(section.name, section.draw(work, viewer, STYLE)))


@pytest.mark.parametrize("many", SIZES)
def test_every_part_keeps_within_its_blocks_and_all_within_slacks_limits(
    database: Database, works: SqlWorks, many: int
) -> None:
    remember(database, many)
    viewer = a_viewer(approvals=1, holding=1, pending=1, recent=1, revocable=1)

    with works.reading() as work:
        parts = {section: drawn(work, section, viewer) for section in (*SECTIONS, *OTHERS)}
    head = list(home.placed(home.HEAD, home.head(NOON, STYLE)))
    view = home.view([*head, *(block for section in SECTIONS for block in parts[section])])
    messages = [home.message(blocks) for blocks in parts.values()]

    assert {s.name: len(blocks) for s, blocks in parts.items() if len(blocks) > s.budget} == {}
    assert check_home(view) == []
    assert [check_message(one.text, one.blocks) for one in messages] == [[]] * len(messages)


def test_however_many_are_held_or_wait_each_stands_on_a_page_and_what_ends_first_goes_first(
    database: Database, works: SqlWorks
) -> None:
    rows = [
        to_row(
            make.a_request(
                f"{state.name[0]}{n:07d}", requester=EVE, state=state, ends_at=NOON + n * HOUR,
                asked_at=NOON + timedelta(seconds=n),
            )
        )
        for state in (State.ACTIVE, State.PENDING)
        for n in range(120)
    ]  # fmt: skip
    with database.writing() as connection:
        connection.execute(insert(requests), rows)

    with works.reading() as work:
        found = mine(work, a_viewer())

    assert (found.holding.total, found.pending.total) == (120, 120)
    assert found.holding.items[0].id == "A0000000"


def test_the_parts_of_app_home_fit_into_it_together() -> None:
    others_to_come = 18  # the administrator's

    assert 2 + sum(section.budget for section in SECTIONS) + others_to_come <= 100


def test_nothing_that_was_typed_pings_links_or_breaks_out(
    database: Database, works: SqlWorks
) -> None:
    remember(database, 30)

    with works.reading() as work:
        texts = [
            home.message(drawn(work, section, a_viewer())).text for section in (*SECTIONS, *OTHERS)
        ]

    for text in texts:
        for wrong in ("<!channel", "<@U", "<https"):
            assert wrong not in text


def test_a_request_waits_for_whoever_may_approve_it_and_has_not_voted(works: SqlWorks) -> None:
    section = next(section for section in SECTIONS if section.name == "approvals")
    with works() as work:
        for request_id, who in (("MINE0000", EVE), ("WAITS000", BOB), ("VOTED000", BOB)):
            work.requests.add(make.a_request(request_id, requester=who))
        work.votes.add(make.a_vote("VOTED000", voter=EVE, ballot=Ballot.APPROVE))
        work.people.add(make.a_binding(EVE))
        # By a Slack user that is hers no more: she has it to decide anew.
        before = replace(EVE, slack_id=SlackUserId("UBEFORE"))
        work.requests.add(make.a_request("ANEW0000", requester=BOB))
        work.votes.add(make.a_vote("ANEW0000", voter=before, ballot=Ballot.APPROVE))
        elsewhere = make.a_target(make.an_account("999999999999"))
        work.requests.add(make.a_request("ELSEWHRE", requester=BOB, target=elsewhere))

    with works.reading() as work:
        words = home.message(drawn(work, section, a_viewer())).text

    shown = [name for name in ("MINE", "WAITS", "VOTED", "ELSE", "ANEW") if name in words]
    assert shown == ["WAITS", "ANEW"]


def test_what_ends_first_stands_first(works: SqlWorks) -> None:
    section = next(section for section in SECTIONS if section.name == "mine")
    with works() as work:
        for request_id, hours in (("LATER000", 3), ("SOONER00", 1)):
            work.requests.add(
                make.a_request(
                    request_id, requester=EVE, state=State.ACTIVE, ends_at=NOON + hours * HOUR
                )
            )

    with works.reading() as work:
        words = home.message(drawn(work, section, a_viewer())).text

    assert words.index("SOONER00") < words.index("LATER000")


# What storage gives for it


def test_a_glimpse_is_whose_it_is_and_what_for_oldest_first(works: SqlWorks) -> None:
    with works() as work:
        for n, state in enumerate((State.ACTIVE, State.PENDING, State.ENDED, State.PENDING)):
            asked_at = NOON - n * HOUR
            work.requests.add(make.a_request(f"{n}AAAAAAA", state=state, asked_at=asked_at))

    with works.reading() as work:
        found = work.requests.glimpses({State.PENDING, State.ACTIVE})

    assert [glimpse.id[0] for glimpse in found] == ["3", "1", "0"]
    assert {(g.user_id, g.target) for g in found} == {(EVE.user_id, make.a_target())}


def test_several_come_in_the_order_in_which_they_were_named(works: SqlWorks) -> None:
    with works() as work:
        for name in "ABC":
            work.requests.add(make.a_request(name * 8))
    wanted = [make.a_request(name * 8).id for name in "CAX"]

    with works.reading() as work:
        assert [request.id for request in work.requests.several(wanted)] == wanted[:2]
        assert work.requests.several([]) == []


def test_the_last_of_a_person_is_what_they_asked_for_last(works: SqlWorks) -> None:
    with works() as work:
        for n, state in enumerate((State.ENDED, State.PENDING)):
            asked_at = NOON - n * HOUR
            work.requests.add(make.a_request(f"{n}AAAAAAA", state=state, asked_at=asked_at))

    with works.reading() as work:
        last = work.requests.last_of(EVE.user_id)
        nobodys = work.requests.last_of(UserId("nobody"))

    assert last is not None
    assert last.id == "0AAAAAAA"
    assert nobodys is None


def test_who_voted_is_known_only_while_it_waits(works: SqlWorks) -> None:
    with works() as work:
        for name, state in (("PENDING0", State.PENDING), ("DECIDED0", State.ACTIVE)):
            work.requests.add(make.a_request(name, requester=BOB, state=state))
            work.votes.add(make.a_vote(name, voter=EVE))

    with works.reading() as work:
        assert work.votes.undecided(EVE.user_id, [EVE.slack_id]) == {"PENDING0": False}
        assert work.votes.undecided(BOB.user_id, [BOB.slack_id]) == {}


def test_states_that_can_be_revoked_are_open_ones() -> None:
    assert {State.SCHEDULED, State.GRANTING, State.ACTIVE} == REVOCABLE_IN
    assert REVOCABLE_IN < OPEN
