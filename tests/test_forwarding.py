"""The journal goes out as it is written: in order, at least once, and in nobody's way."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, select, update

from blocks.audit import audit
from blocks.text import Style
from bot.check_journal import forwarded
from bot.findings import Verdict
from grants import forwarding, pace
from grants.crew import Crew
from grants.errors import AwsBusy, NotTakenError
from grants.forwarding import Forwarding
from grants.model import CLOCK
from grants.records import Entry, Forward, Row
from storage.engine import Database
from storage.tables import journal, journal_head
from storage.work import SqlWorks
from tests.clock import FakeClock
from tests.databases import Databases
from tests.make import NOON
from tests.opened import opened
from tests.test_storage_tampering import unguarded
from tests.world import Inline

HOUR = timedelta(hours=1)


class KilledError(BaseException):
    """The process is no more: nothing that would tidy up runs."""


def nothing() -> None:
    """Goes well."""


def raises(error: BaseException) -> Callable[[], None]:
    def trouble() -> None:
        raise error

    return trouble


DOWN = raises(NotTakenError("it answers 503"))


@dataclass
class Receiver:
    """Keeps what it is sent; meets with trouble before it takes anything, or after it took all."""

    name: str = "https://logs.example.com"
    before: Callable[[], None] = nothing
    after: Callable[[], None] = nothing
    batches: list[Sequence[Row]] = field(default_factory=list)

    def send(self, rows: Sequence[Row]) -> None:
        self.before()
        self.batches.append(rows)
        self.after()

    @property
    def seqs(self) -> list[int]:
        return [row["seq"] for batch in self.batches for row in batch]


@dataclass
class Outside:
    """A process that writes, and sends what it wrote."""

    works: SqlWorks
    clock: FakeClock = field(default_factory=FakeClock)
    jitter: float = 0.99

    def writes(self, count: int = 1) -> None:
        for _ in range(count):
            with self.works() as work:
                work.journal.write(Entry(NOON, "nudge", CLOCK))

    def sends(self, *receivers: Receiver) -> Forwarding:
        crew = Crew(Inline(), nothing)
        forwarding = Forwarding(self.works, receivers, self.clock, crew, lambda: self.jitter)
        forwarding.round()
        return forwarding

    def passes(self, span: timedelta, *receivers: Receiver) -> None:
        """Each time something is due it is done."""
        until = self.clock() + span
        while (due := self.sends(*receivers).next_due()) and due <= until:
            self.clock.now = max(due, self.clock())
        self.clock.now = until
        self.sends(*receivers)

    def row(self, receiver: Receiver) -> Forward:
        with self.works.reading() as work:
            return next(row for row in work.forwards.all() if row.name == receiver.name)

    def alarms(self) -> list[Entry]:
        with self.works.reading() as work:
            lines = [line.entry for line in work.journal.walk()]
        return [each for each in lines if each.event == "alarm.journal_not_taken"]

    def verdicts(self, *receivers: Receiver) -> list[tuple[Verdict, str]]:
        with self.works.reading() as work:
            rows, head = work.forwards.all(), work.journal.head()
        found = forwarded([each.name for each in receivers], rows, head)
        return [(each.verdict, each.what) for each in found]


@pytest.fixture
def outside(works: SqlWorks) -> Outside:
    return Outside(works)


def test_every_line_goes_out_in_order_and_once_when_all_is_well(outside: Outside) -> None:
    receiver = Receiver()
    outside.writes(3)
    outside.sends(receiver)
    outside.writes(2)

    after = outside.sends(receiver)
    outside.sends(receiver)

    assert receiver.seqs == [1, 2, 3, 4, 5]
    assert after.next_due() is None


def test_whoever_receives_them_can_check_the_chain(outside: Outside) -> None:
    receiver = Receiver()
    outside.writes(3)
    outside.sends(receiver)

    rows = [row for batch in receiver.batches for row in batch]

    assert [row["prev_hash"] for row in rows] == ["0" * 64, *(row["hash"] for row in rows[:-1])]


def test_a_destination_that_is_newly_named_begins_at_line_1(outside: Outside) -> None:
    old, new = Receiver(), Receiver("stdout")
    outside.writes(2)
    outside.sends(old)
    outside.writes(1)

    outside.sends(old, new)

    assert (old.seqs, new.seqs) == ([1, 2, 3], [1, 2, 3])


def test_no_more_lines_go_at_a_time_than_are_to(
    outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forwarding, "MOST", 2)
    receiver = Receiver()
    outside.writes(5)

    outside.sends(receiver)

    assert [len(batch) for batch in receiver.batches] == [2, 2, 1]


def test_no_more_bytes_go_at_a_time_than_are_to_and_a_long_line_goes_alone(
    outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forwarding, "MOST_BYTES", 10)
    receiver = Receiver()
    outside.writes(2)

    outside.sends(receiver)

    assert [len(batch) for batch in receiver.batches] == [1, 1]


# What goes wrong


def test_killed_between_taking_and_noting_the_very_same_is_sent_again_and_nothing_skipped(
    outside: Outside,
) -> None:
    receiver = Receiver(after=raises(KilledError()))
    outside.writes(3)
    with pytest.raises(KilledError):
        outside.sends(receiver)
    outside.writes(2)
    outside.works.forget_leases()

    receiver.after = nothing
    outside.sends(receiver)

    assert [[row["seq"] for row in batch] for batch in receiver.batches] == [
        [1, 2, 3],
        [1, 2, 3],
        [4, 5],
    ]
    assert receiver.batches[0] == receiver.batches[1]


def test_a_process_that_was_killed_elsewhere_is_followed_when_its_lease_is_over(
    outside: Outside,
) -> None:
    receiver = Receiver(before=raises(KilledError()))
    outside.writes(1)
    with pytest.raises(KilledError):
        outside.sends(receiver)
    receiver.before = nothing

    outside.passes(pace.LEASE - timedelta(seconds=1), receiver)
    early = receiver.seqs
    outside.passes(timedelta(seconds=2), receiver)

    assert (early, receiver.seqs) == ([], [1])


def test_of_two_processes_one_sends_at_a_time(outside: Outside) -> None:
    other = Receiver()

    def meanwhile() -> None:
        outside.sends(other)

    receiver = Receiver(before=meanwhile)
    outside.writes(3)

    outside.sends(receiver)

    assert (receiver.seqs, other.seqs) == ([1, 2, 3], [])


def test_whoever_took_too_long_notes_nothing_over_whom_came_after(outside: Outside) -> None:
    other = Receiver()

    def slow() -> None:
        outside.clock.now += pace.LEASE + timedelta(seconds=1)
        outside.writes(1)
        outside.sends(other)

    receiver = Receiver(after=slow)
    outside.writes(2)
    outside.sends(receiver)

    assert (receiver.seqs, other.seqs) == ([1, 2], [1, 2, 3])
    assert outside.row(receiver).seq == 3


@pytest.mark.parametrize(
    "down",
    [DOWN, raises(AwsBusy("SlowDown")), raises(ZeroDivisionError())],
    ids=["answers no", "AWS", "unforeseen"],
)
def test_after_an_hour_of_being_down_everything_comes_in_order_and_administrators_knew_once(
    outside: Outside, down: Callable[[], None]
) -> None:
    receiver = Receiver(before=down)
    outside.writes(2)
    outside.passes(HOUR - timedelta(minutes=3), receiver)
    early = outside.alarms()
    outside.passes(HOUR, receiver)
    outside.writes(2)

    receiver.before = nothing
    outside.passes(timedelta(minutes=2), receiver)

    assert early == []
    (alarm,) = outside.alarms()
    assert alarm.facts is not None
    assert (alarm.facts["destination"], alarm.facts["line"]) == (receiver.name, 1)
    assert receiver.seqs == [1, 2, 3, 4, 5]  # the alarm among them
    assert outside.row(receiver).error == ""


def test_one_that_is_down_again_later_is_an_alarm_again(outside: Outside) -> None:
    receiver = Receiver()
    for _ in range(2):
        outside.writes(1)
        receiver.before = DOWN
        outside.passes(2 * HOUR, receiver)
        receiver.before = nothing
        outside.passes(HOUR, receiver)

    assert len(outside.alarms()) == 2


def test_one_that_is_down_keeps_no_other_waiting(outside: Outside) -> None:
    down, well = Receiver("file:/full", before=DOWN), Receiver()
    outside.writes(2)

    outside.sends(down, well)

    assert (down.seqs, well.seqs) == ([], [1, 2])


def test_what_is_not_taken_is_tried_later_and_later_and_never_in_a_hot_loop(
    outside: Outside,
) -> None:
    tries: list[float] = []

    def down() -> None:
        tries.append((outside.clock() - NOON).total_seconds())
        DOWN()

    outside.jitter = 0
    outside.writes(1)
    outside.passes(timedelta(seconds=10), Receiver(before=down))

    assert tries == [float(second) for second in range(11)]  # the least that jitter gives


def test_what_was_rewritten_here_since_it_was_sent_is_not_sent_over_it(
    outside: Outside, database: Database
) -> None:
    receiver = Receiver()
    outside.writes(2)
    outside.sends(receiver)
    outside.writes(1)
    with database.writing() as connection:
        unguarded(connection)
        connection.execute(update(journal).where(journal.c.seq == 3).values(prev_hash="f" * 64))

    outside.sends(receiver)

    assert receiver.seqs == [1, 2]
    assert "line 3 does not follow" in outside.row(receiver).error


def cut(connection: Connection, last: int) -> None:
    """As somebody may who owns the database: what came after this line never was."""
    unguarded(connection)
    connection.execute(delete(journal).where(journal.c.seq > last))
    hashed = select(journal.c.hash).where(journal.c.seq == last).scalar_subquery()
    connection.execute(update(journal_head).values(seq=last, hash=hashed))


CUT = "the journal is not what was sent: run `python -m bot audit verify`"


@pytest.mark.parametrize("written_since", [0, 1], ids=["shorter", "as long, and another"])
def test_a_journal_that_was_cut_since_it_was_sent_is_said_at_once_and_an_alarm_later(
    outside: Outside, database: Database, written_since: int
) -> None:
    receiver = Receiver()
    outside.writes(3)
    outside.sends(receiver)
    with database.writing() as connection:
        cut(connection, 2)
    outside.clock.passes(minutes=1)
    for _ in range(written_since):
        with outside.works() as work:
            work.journal.write(Entry(outside.clock(), "nudge", CLOCK))

    at_once = outside.verdicts(receiver)
    outside.passes(HOUR - timedelta(minutes=3), receiver)
    early = outside.alarms()
    outside.passes(HOUR, receiver)

    assert at_once == [(Verdict.WARN, f"{receiver.name} has line 3: {CUT}")]
    assert receiver.seqs == [1, 2, 3]
    assert (early, len(outside.alarms())) == ([], 1)


def test_one_that_hangs_for_an_hour_is_an_alarm_once(outside: Outside) -> None:
    begun, over = Event(), Event()

    def hang() -> None:
        begun.set()
        over.wait(60)

    receiver = Receiver(before=hang)
    outside.writes(1)
    with ThreadPoolExecutor(1) as threads:
        forwarding = Forwarding(outside.works, [receiver], outside.clock, Crew(threads, nothing))
        forwarding.round()
        assert begun.wait(60)
        outside.clock.now += pace.LEASE + HOUR - timedelta(seconds=1)
        forwarding.round()
        early = outside.alarms()
        for _ in range(3):
            outside.clock.now += HOUR
            forwarding.round()
        over.set()

    (alarm,) = outside.alarms()
    assert early == []
    assert alarm.facts is not None
    assert alarm.facts["error"] == "it says neither yes nor no"


def test_what_a_process_left_long_ago_that_is_no_more_is_no_alarm(outside: Outside) -> None:
    receiver = Receiver(before=raises(KilledError()))
    outside.writes(1)
    with pytest.raises(KilledError):
        outside.sends(receiver)
    receiver.before = nothing
    outside.clock.now += 2 * HOUR

    outside.sends(receiver)

    assert (receiver.seqs, outside.alarms()) == ([1], [])


@settings(max_examples=40, deadline=None)
@given(troubles=st.lists(st.sampled_from(["well", "down", "lost", "killed"]), max_size=12))
@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_whatever_happens_nothing_is_skipped_and_nothing_overtakes(
    databases: Databases, tmp_path_factory: pytest.TempPathFactory, database_kind: str,
    troubles: list[str],
) -> None:  # fmt: skip
    with (
        databases.fresh(database_kind, tmp_path_factory.mktemp("forward")) as url,
        opened(url) as database,
    ):
        outside, receiver = Outside(SqlWorks(database)), Receiver()
        for trouble in [*troubles, "well"]:
            receiver.before = DOWN if trouble == "down" else nothing
            receiver.after = {"lost": DOWN, "killed": raises(KilledError())}.get(trouble, nothing)
            outside.writes(1)
            outside.clock.passes(minutes=5)
            try:
                outside.sends(receiver)
            except KilledError:
                outside.works.forget_leases()

    last = 0
    for batch in receiver.batches:
        first = batch[0]["seq"]
        assert first <= last + 1
        last = max(last, batch[-1]["seq"])
    assert last == len(troubles) + 1


# What people are told


def test_the_alarm_says_which_place_since_when_why_and_that_nothing_is_lost(
    outside: Outside,
) -> None:
    receiver = Receiver(before=DOWN)
    outside.writes(1)
    outside.passes(2 * HOUR, receiver)
    with outside.works() as work:
        (told,) = work.outbox.claim(outside.clock(), until=outside.clock(), limit=10)

    words = audit(None, None, told.notice.facts or {}, Style(date_tokens=False)).text

    assert words.startswith("Alarm: the journal has not been taken by https://logs.example.com")
    assert "from line 1 on: it answers 503. It is kept, and sent again" in words


def test_check_says_how_far_each_has_come(outside: Outside) -> None:
    new, well, behind, down = Receiver("new"), Receiver("well"), Receiver("behind"), Receiver("down", before=DOWN)  # fmt: skip
    outside.writes(2)
    outside.sends(behind)
    outside.writes(1)
    outside.sends(well, down)

    (of_new, of_well, of_behind, of_down) = outside.verdicts(new, well, behind, down)

    assert of_new[0] is Verdict.NOTE
    assert of_well == (Verdict.OK, "well has every line, up to 3")
    assert of_behind == (Verdict.NOTE, "behind has line 2, 1 lines wait")
    assert of_down[0] is Verdict.WARN
    assert "3 lines wait: it answers 503" in of_down[1]
