"""The journal keeps what was written in it, whole and in order."""

import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import DatabaseError

from grants.model import CLOCK, Actor, RequestId, Role, SlackUserId, acting
from grants.records import Entry, Finding
from storage import chain as module
from storage.columns import ticks
from storage.engine import Database
from storage.work import SqlWorks
from tests import make
from tests.make import NOON

EVE = acting(make.a_person(), Role.REQUESTER)
ADA = acting(make.a_person("Ada Approver"), Role.APPROVER)
ONE, TWO = RequestId("7K2M9QXB"), RequestId("8K2M9QXB")
ENTRIES = (
    Entry(NOON, "request.ask", EVE, ONE, "", "pending"),
    Entry(NOON, "vote", ADA, ONE, reason="Go ahead, „now“ \0", facts={"ballot": "approve", "n": [1]}),
    Entry(NOON, "request.approve", ADA, ONE, "pending", "scheduled"),
    Entry(NOON, "people.link", Actor(Role.ADMINISTRATOR, "operator:root@host"), facts={}),
    Entry(NOON, "request.ask", EVE, TWO, "", "pending"),
    Entry(NOON, "request.lapse", CLOCK, TWO, "pending", "expired"),
)  # fmt: skip


@pytest.fixture
def works(database: Database) -> SqlWorks:
    """With six lines in the journal, written in three units of work."""
    works = SqlWorks(database)
    for start in (0, 2, 4):
        with works() as work:
            work.journal.write(ENTRIES[start])
            work.journal.write(ENTRIES[start + 1])
    return works


def verified(works: SqlWorks) -> tuple[int, Finding | None]:
    with works.reading() as work:
        return work.journal.verify()


def test_lines_come_back_as_they_were_written(works: SqlWorks) -> None:
    with works.reading() as work:
        lines = list(work.journal.walk())
        ours = work.journal.of(ONE)
        later = list(work.journal.walk(after=4))

    assert [line.seq for line in lines] == [1, 2, 3, 4, 5, 6]
    assert lines[1].entry.reason == "Go ahead, „now“ \N{REPLACEMENT CHARACTER}"
    assert [line.entry for line in lines if line.seq != 2] == [*ENTRIES[:1], *ENTRIES[2:]]
    assert ours == lines[:3]
    assert later == lines[4:]


def test_a_unit_of_work_sees_what_it_has_written(works: SqlWorks) -> None:
    with works() as work:
        work.journal.write(ENTRIES[2])

        assert len(work.journal.of(ONE)) == 4


def test_an_untouched_journal_is_fine(works: SqlWorks) -> None:
    assert verified(works) == (6, None)


def test_an_empty_journal_is_fine(database: Database) -> None:
    assert verified(SqlWorks(database)) == (0, None)


def test_a_journal_longer_than_a_page_is_read_whole(
    works: SqlWorks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAGE", 2)

    assert verified(works) == (6, None)
    with works.reading() as work:
        assert len(list(work.journal.walk())) == 6


def test_what_was_rolled_back_leaves_no_gap(works: SqlWorks) -> None:
    with pytest.raises(ZeroDivisionError):
        leave(works)

    with works() as work:
        work.journal.write(ENTRIES[0])

    assert verified(works) == (7, None)


def leave(works: SqlWorks) -> None:
    with works() as work:
        work.journal.write(ENTRIES[0])
        work.journal.of(ONE)
        raise ZeroDivisionError


def test_a_line_can_be_checked_by_hand(works: SqlWorks) -> None:
    """As docs and `audit export` promise to whoever does not trust this program."""
    with works.reading() as work:
        first, second = work.journal.of(ONE)[:2]

    content = {
        "seq": 2,
        "at": ticks(NOON),
        "event": "vote",
        "actor_role": "approver",
        "actor_name": "Ada Approver",
        "actor_user_id": ADA.user_id,
        "actor_slack_id": ADA.slack_id,
        "request_id": ONE,
        "before": "",
        "after": "",
        "reason": "Go ahead, „now“ \N{REPLACEMENT CHARACTER}",
        "facts": '{"ballot":"approve","n":[1]}',
    }
    written = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert second.hash == hashlib.sha256((first.hash + written).encode()).hexdigest()
    assert second.prev_hash == first.hash


def test_facts_that_are_no_json_are_refused_at_once(works: SqlWorks) -> None:
    with works() as work, pytest.raises(TypeError):
        work.journal.write(Entry(NOON, "vote", ADA, facts={"at": NOON}))


def test_a_unit_of_work_that_only_reads_does_not_swallow_a_line(works: SqlWorks) -> None:
    with pytest.raises(DatabaseError), works.reading() as work:
        work.journal.write(ENTRIES[0])

    assert verified(works) == (6, None)


@pytest.mark.parametrize(
    ("changes", "recorded"),
    [
        ({}, True),
        ({"request_id": None}, False),
        ({"reason": "guest"}, False),
        ({"actor": EVE}, False),
        ({"since": NOON + timedelta(microseconds=1)}, False),
    ],
    ids=["this very one", "another request", "another reason", "another person", "long ago"],
)
def test_a_refusal_is_known_for_a_while(
    works: SqlWorks, changes: dict[str, Any], recorded: bool
) -> None:
    stranger = Actor(Role.REQUESTER, "stranger", slack_id=SlackUserId("U9"))
    with works() as work:
        work.journal.write(Entry(NOON, "refusal", stranger, ONE, reason="stranger"))

    asked: dict[str, Any] = {
        "actor": stranger,
        "request_id": ONE,
        "reason": "stranger",
        "since": NOON,
    } | changes
    with works.reading() as work:
        assert work.journal.refused_lately(**asked) is recorded
