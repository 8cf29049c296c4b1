"""A checkpoint that was kept outside finds what the journal itself cannot tell of."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, delete, insert, update

from grants.model import Actor, Role
from grants.records import Checkpoint, Entry, Finding
from storage import chain, verifying
from storage.chain import GENESIS, digest
from storage.engine import Database
from storage.journal import said
from storage.tables import journal, journal_counts, journal_head
from storage.work import SqlWorks
from tests import make
from tests.make import NOON
from tests.terminal import Terminal, a_terminal
from tests.test_journal import ENTRIES
from tests.test_storage_tampering import unguarded

OPERATOR = Actor(Role.ADMINISTRATOR, "operator:root@host")
EMPTY = Checkpoint(0, GENESIS)


@pytest.fixture
def works(database: Database) -> SqlWorks:
    """With six lines in the journal."""
    works = SqlWorks(database)
    write(works, *ENTRIES)
    return works


def write(works: SqlWorks, *entries: Entry) -> None:
    for entry in entries:
        with works() as work:
            work.journal.write(entry)


def head(works: SqlWorks) -> Checkpoint:
    with works.reading() as work:
        found = work.journal.head()
    assert found is not None
    return found


def every(works: SqlWorks) -> list[Checkpoint]:
    with works.reading() as work:
        return [Checkpoint(line.seq, line.hash) for line in work.journal.walk()]


def verified(works: SqlWorks, *kept: Checkpoint) -> Finding | None:
    with works.reading() as work:
        return work.journal.verify(kept)[1]


def rewritten(connection: Connection, entries: tuple[Entry, ...], *, since: int = 1) -> None:
    """By somebody who owns the database and knows how it is done: whole in itself, counts and all."""
    unguarded(connection)
    connection.execute(delete(journal).where(journal.c.seq >= since))
    last = connection.scalar(journal.select().with_only_columns(journal.c.hash).order_by(journal.c.seq.desc())) or GENESIS  # fmt: skip
    for seq, entry in enumerate(entries[since - 1 :], start=since):
        row = {"seq": seq, **said(entry)}
        row |= {"prev_hash": last, "hash": digest(last, row)}
        last = str(row["hash"])
        connection.execute(insert(journal).values({**row, "at": entry.at}))
    connection.execute(update(journal_head).values(seq=len(entries), hash=last))
    connection.execute(delete(journal_counts))
    for request in {entry.request_id for entry in entries if entry.request_id}:
        lines = sum(entry.request_id == request for entry in entries)
        connection.execute(insert(journal_counts).values(request_id=request, lines=lines))


FORGED = tuple(replace(entry, reason="Never mind.") for entry in ENTRIES)


def test_a_journal_that_has_grown_agrees_with_every_checkpoint_of_before(works: SqlWorks) -> None:
    kept = every(works)

    write(works, *ENTRIES)

    assert verified(works, EMPTY, *kept) is None


def test_a_journal_that_was_rewritten_whole_is_found_by_a_checkpoint_alone(
    works: SqlWorks, database: Database
) -> None:
    kept = head(works)
    with database.writing() as connection:
        rewritten(connection, FORGED)

    assert verified(works) is None
    found = verified(works, kept)
    assert found is not None
    assert found.seq == 6
    assert "rewritten" in found.what


@pytest.mark.parametrize("since", [2, 4, 6])
def test_a_rewritten_tail_is_found_between_the_checkpoints_around_its_beginning(
    works: SqlWorks, database: Database, since: int
) -> None:
    kept = every(works)
    with database.writing() as connection:
        rewritten(connection, FORGED, since=since)

    found = verified(works, *kept[::2], *kept[1::2])

    assert found is not None
    assert found.seq == since
    assert f"line {since - 1} is as its checkpoint has it" in found.what


def test_a_tail_that_was_cut_off_with_head_and_counts_is_found(
    works: SqlWorks, database: Database
) -> None:
    kept = every(works)
    with database.writing() as connection:
        rewritten(connection, ENTRIES[:4])

    assert verified(works, kept[1], kept[3]) is None
    found = verified(works, *kept[1::2])
    assert found is not None
    assert found.seq == 5
    assert "ends at line 4, and a checkpoint is of line 6" in found.what


def test_a_checkpoint_beyond_the_end_says_so(works: SqlWorks) -> None:
    found = verified(works, Checkpoint(9, "a" * 64))

    assert found is not None
    assert (found.seq, found.what.split(":")[0]) == (7, "lines 7 to 9 are missing")


@pytest.mark.parametrize("seq", [0, 3])
def test_a_checkpoint_with_another_hash_is_told_at_its_line(works: SqlWorks, seq: int) -> None:
    found = verified(works, Checkpoint(seq, "a" * 64))

    assert found is not None
    assert found.seq == seq


def test_what_is_wrong_before_a_checkpoint_is_named_first(
    works: SqlWorks, database: Database
) -> None:
    kept = head(works)
    with database.writing() as connection:
        unguarded(connection)
        connection.execute(update(journal).where(journal.c.seq == 2).values(reason="No."))

    assert verified(works, kept) == Finding(2, "its content was changed")


def test_checkpoints_are_met_on_every_page(
    works: SqlWorks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain, "PAGE", 2)
    monkeypatch.setattr(verifying, "PAGE", 2)

    assert verified(works, *every(works)) is None
    assert verified(works, Checkpoint(5, "a" * 64)) is not None


# At the command line


@pytest.fixture
def type_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    """With a journal of three lines."""
    with a_terminal(tmp_path, monkeypatch) as terminal:
        keep(terminal, "AAA00001", "AAA00002", "AAA00003")
        yield terminal


def keep(type_: Terminal, *ids: str) -> None:
    with type_.works() as works:
        write(works, *(Entry(NOON, "request.ask", OPERATOR, make.a_request(id_).id) for id_ in ids))  # fmt: skip


def test_what_verify_printed_it_takes_back(type_: Terminal) -> None:
    printed = type_("audit", "verify").stdout
    given = type_.json("audit", "verify")["checkpoint"]
    file = type_.write("kept.txt", printed + f"\n{given}\n")
    keep(type_, "AAA00004")

    ways: tuple[Callable[[], str], ...] = (
        lambda: type_("audit", "verify", "--checkpoint", given).stdout,
        lambda: type_("audit", "verify", "--checkpoint", f"@{file}").stdout,
        lambda: type_("audit", "verify", "--checkpoint", "-", typed=printed).stdout,
    )
    told = [way() for way in ways]

    assert [line.partition("; checkpoint 4:")[0] for line in told] == [
        "4 lines read: ok; 1 checkpoint agrees",
        "4 lines read: ok; 2 checkpoints agree",
        "4 lines read: ok; 1 checkpoint agrees",
    ]


def test_one_checkpoint_in_a_file_that_does_not_agree_is_a_finding_with_its_line(
    type_: Terminal,
) -> None:
    given = type_.json("audit", "verify")["checkpoint"]
    file = type_.write("kept.txt", f"{given}\n2:{'a' * 64}\n")

    result = type_("audit", "verify", "--checkpoint", f"@{file}")

    assert result.exit_code == 1
    assert "line 2: it is not what the checkpoint says" in result.stderr
    found = type_.json("audit", "verify", "--checkpoint", f"@{file}", exit_code=1)
    assert (found["wrong"]["line"], found["ok"], found["checkpoint"]) == (2, False, None)


@pytest.mark.parametrize("said", ["3", "3:abc", "three:" + "a" * 64, "-3:" + "a" * 64, "3:" + "A" * 64, "@", ""])  # fmt: skip
def test_what_is_no_checkpoint_is_misuse_and_never_passed_over(type_: Terminal, said: str) -> None:
    result = type_("audit", "verify", "--checkpoint", said)

    assert result.exit_code in {1, 2}
    assert "ok" not in result.stdout


@pytest.mark.parametrize("text", ["", "\n \n", "1 lines read: ok\n", "\xff\xfe"])
def test_a_file_without_a_checkpoint_is_misuse(type_: Terminal, text: str) -> None:
    file = Path(type_.folder, "kept.txt")
    file.write_bytes(text.encode("latin-1"))

    result = type_("audit", "verify", "--checkpoint", f"@{file}")

    assert result.exit_code == 2
    assert str(file) in result.stderr


def test_a_checkpoint_of_an_empty_journal_is_one(type_: Terminal) -> None:
    result = type_("audit", "verify", "--checkpoint", str(EMPTY))

    assert result.exit_code == 0
