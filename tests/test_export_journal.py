"""The journal's own lines as a file: whole, harmless, and to be checked by whoever has nothing else."""

import csv
import io
import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grants.exporting import Format
from grants.lines import COLUMNS, heading, line
from grants.model import Actor, RequestId, Role, SlackUserId, acting
from grants.records import KINDS, Binding, Entry
from storage import chain
from tests import make
from tests.make import HOUR, NOON
from tests.terminal import ROOT, Terminal, a_terminal
from tests.test_journal import ENTRIES, ONE

BOB = make.a_person("Bob")
ADA = make.a_person("Ada Approver")
OPERATOR = Actor(Role.ADMINISTRATOR, "operator:root@host")
DAY = 24 * HOUR
PAGE = (ROOT / "docs/reference/export.md").read_text(encoding="utf-8")
JOURNAL = PAGE[PAGE.index("## The journal") :]


@pytest.fixture
def type_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    with a_terminal(tmp_path, monkeypatch) as terminal:
        yield terminal


def write(type_: Terminal, *entries: Entry) -> None:
    with type_.works() as works, works() as work:
        for entry in entries:
            work.journal.write(entry)


def exported(type_: Terminal, *options: str) -> list[dict[str, Any]]:
    """Without the last one, which says that they were exported."""
    result = type_("audit", "export", "--what", "journal", "--format", "jsonl", *options)
    assert result.exit_code == 0, result.output
    found = [json.loads(text) for text in io.StringIO(result.stdout, newline="\n")]
    return [each for each in found if each["event"] != "audit.export"]


# What the page promises


def checked(type_: Terminal, file: Path) -> subprocess.CompletedProcess[str]:
    """By the very lines of the page, in a Python that knows nothing of us."""
    (script,) = re.findall(r"```python\n(.*?)```", JOURNAL, re.DOTALL)
    path = type_.write("check.py", script)
    return subprocess.run([sys.executable, "-I", path, str(file)], capture_output=True, text=True)


@pytest.fixture
def whole(type_: Terminal) -> Path:
    hostile = '"\\/\b\f\n\r\t\0\x01\x1f\x7f\x85\u2028é🦝\ud800<!channel>=1+1'
    write(type_, *ENTRIES, Entry(NOON, "vote", OPERATOR, ONE, reason=hostile, facts={"x": hostile}))
    file = type_.folder / "journal.jsonl"
    type_("audit", "export", "--what", "journal", "--format", "jsonl", "--output", str(file))
    return file


def test_whoever_has_the_file_alone_can_check_the_chain(type_: Terminal, whole: Path) -> None:
    result = checked(type_, whole)

    assert len(whole.read_text(encoding="utf-8").splitlines()) == whole.read_bytes().count(b"\n")
    assert result.stderr == ""
    assert result.stdout.strip() == type_.json("audit", "verify")["checkpoint"]


@pytest.mark.parametrize("column", COLUMNS)
def test_whoever_changes_the_file_is_found_by_the_page(
    type_: Terminal, whole: Path, column: str
) -> None:
    rows = whole.read_text(encoding="utf-8").split("\n")
    third = json.loads(rows[2])
    third[column] = third[column] + 1 if column in {"seq", "at"} else f"{third[column]}0"
    rows[2] = json.dumps(third)
    whole.write_text("\n".join(rows), encoding="utf-8")

    assert checked(type_, whole).stderr.strip() == "line 3 is not as it was written"


def test_every_column_and_every_kind_is_on_the_page() -> None:
    named = re.findall(r"^\| `(\w+)` \|", JOURNAL, re.MULTILINE)

    assert named == [*COLUMNS, *KINDS]
    assert set(COLUMNS) == {*chain.CONTENT, "prev_hash", "hash"}
    assert heading(Format.CSV) == ",".join(COLUMNS) + "\r\n"


# Which lines

EVE = acting(make.a_person(), Role.REQUESTER)
LINES = (
    Entry(NOON, "request.ask", EVE, ONE, "", "pending"),
    Entry(NOON + HOUR, "vote", acting(ADA, Role.APPROVER), ONE, after="approve"),
    Entry(NOON + HOUR, "request.approve", acting(ADA, Role.APPROVER), ONE, "pending", "scheduled"),
    Entry(NOON + DAY, "refusal", acting(BOB, Role.REQUESTER), ONE, reason="NotAnApprover"),
    Entry(NOON + DAY, "policies.apply", OPERATOR, before="0", after="1"),
    Entry(NOON + DAY, "request.ask", EVE, RequestId("8K2M9QXB"), "", "pending"),
    Entry(NOON + 2 * DAY, "requests.never", OPERATOR),
)


@pytest.mark.parametrize(
    ("options", "seqs"),
    [
        ([], [1, 2, 3, 4, 5, 6, 7]),
        (["--request", "7k2m9qxb"], [1, 2, 3, 4]),
        (["--event", "request"], [1, 3, 6]),
        (["--event", "vote", "--event", "policies"], [2, 5]),
        (["--person", "Ada Approver"], [2, 3]),
        (["--person", ADA.user_id], [2, 3]),
        (["--person", ADA.slack_id], [2, 3]),
        (["--person", "BOB@example.com"], [4]),
        (["--person", "eve"], [1, 6]),
        (["--person", "operator:root@host"], [5, 7]),
        (["--since", "2026-11-03"], [4, 5, 6, 7]),
        (["--until", "2026-11-02"], [1, 2, 3]),
        (["--since", "2026-11-02T13:00:00Z", "--until", "2026-11-03T12:00:00Z"], [2, 3]),
        (["--person", "eve", "--since", "2026-11-03", "--event", "request"], [6]),
    ],
    ids=str,
)
def test_the_filters_narrow_it_down(type_: Terminal, options: list[str], seqs: list[int]) -> None:
    with type_.works() as works, works() as work:
        work.requests.add(make.a_request())
        link = Binding(BOB.slack_id, "T1", BOB.user_id, "bob@example.com", NOON, "address")
        work.people.put(link)
    write(type_, *LINES)

    assert [each["seq"] for each in exported(type_, *options)] == seqs


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--what", "journal", "--person", "nobody"], "--person: nobody of this name acted"),
        (["--what", "journal", "--person", "%"], "--person: nobody of this name acted"),
        (["--what", "journal", "--request", "9K2M9QXB"], '--request: the journal has nothing about "9K'),
        (["--what", "journal", "--event", "never"], "never"),
        (["--what", "journal", "--since", "x"], "--since: This is not a day"),
        (["--what", "journal", "--since", "2026-11-03", "--until", "2026-11-01"], "--until: This is"),
        (["--what", "journal", "--state", "open"], "--state is about requests"),
        (["--what", "journal", "--account", "1"], "--account is about requests"),
        (["--request", "7K2M9QXB"], "--request is about the journal: add --what journal"),
        (["--event", "vote"], "--event is about the journal"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)  # fmt: skip
def test_a_filter_that_means_nothing_is_misuse_and_takes_nothing_away(
    type_: Terminal, options: list[str], said: str
) -> None:
    write(type_, *LINES)

    result = type_("audit", "export", "--format", "csv", *options)

    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    with type_.works() as works, works.reading() as work:
        assert len(list(work.journal.walk())) == len(LINES)


def test_two_people_of_one_name_are_told_apart_by_what_else_they_are_called(
    type_: Terminal,
) -> None:
    twin = make.a_person("Eve Engineer", user_id="another", slack_id=SlackUserId("U9"))
    with type_.works() as works, works() as work:
        work.requests.add(make.a_request())
        work.requests.add(make.a_request("8K2M9QXB", requester=twin))
    write(type_, *LINES, Entry(NOON, "request.ask", acting(twin, Role.REQUESTER)))

    result = type_("audit", "export", "--what", "journal", "--format", "csv", "--person", "Eve Engineer")  # fmt: skip

    assert (result.exit_code, "Several people" in result.stderr) == (2, True)
    assert [each["seq"] for each in exported(type_, "--person", "U9")] == [8]


def test_that_it_was_taken_is_a_line_of_it(type_: Terminal) -> None:
    write(type_, *LINES)

    exported(type_, "--event", "vote", "--since", "2026-11-01", "--request", ONE)

    with type_.works() as works, works.reading() as work:
        *_, last = (each.entry for each in work.journal.walk())
    assert (last.event, last.actor.name[:9]) == ("audit.export", "operator:")
    assert last.facts == {
        "what": "journal",
        "format": "jsonl",
        "kinds": "vote",
        "request": ONE,
        "since": "2026-11-01T00:00:00+00:00",
    }


def test_without_a_word_it_is_requests_that_are_exported(type_: Terminal) -> None:
    write(type_, *LINES)

    assert type_("audit", "export", "--format", "jsonl").stdout == ""


# However it is


ROW = dict.fromkeys(COLUMNS) | {"seq": 1, "at": 0}


@given(typed=st.text("=+-@\uff1d;,\t\r\n \"'a"), separator=st.sampled_from(",;\t"))
def test_no_cell_is_a_formula(typed: str, separator: str) -> None:
    row = {**ROW, "actor_name": typed, "reason": typed, "facts": json.dumps({typed: typed})}
    text = io.StringIO(line(row, Format.CSV), newline="")

    cells = [cell for found in csv.reader(text, delimiter=separator) for cell in found]

    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\uff1d"))] == []


def test_a_table_has_instants_that_people_can_read(type_: Terminal) -> None:
    write(type_, replace(LINES[0], reason="=1+1"))

    text = type_("audit", "export", "--what", "journal", "--format", "csv").stdout_bytes.decode()

    first, *_ = csv.DictReader(io.StringIO(text, newline=""))
    assert (first["at"], first["reason"]) == ("2026-11-02T12:00:00+00:00", "'=1+1")


def test_what_somebody_put_there_by_hand_is_exported_as_it_stands(type_: Terminal) -> None:
    write(type_, *LINES)
    with closing(sqlite3.connect(type_.folder / "elevate.db")) as connection:
        connection.execute("DROP TRIGGER journal_no_update")
        connection.execute("UPDATE journal SET at = 'noon', reason = CAST(x'ff' AS TEXT) WHERE seq = 1")  # fmt: skip
        connection.execute("UPDATE journal SET at = 9000000000000000000, facts = '{' WHERE seq = 2")
        connection.execute("UPDATE journal SET event = x'ff', actor_name = 1.5 WHERE seq = 3")
        connection.commit()

    found = exported(type_)
    table = type_("audit", "export", "--what", "journal", "--format", "csv")

    assert len(found) == len(LINES)
    assert (found[0]["at"], found[0]["reason"]) == ("noon", "\udcff")
    assert (found[1]["at"], found[1]["facts"]) == (9 * 10**18, "{")
    assert table.exit_code == 0


def test_more_lines_than_a_page_come_whole_and_what_is_read_is_written_before_the_rest_is_read(
    type_: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain, "PAGE", 2)
    write(type_, *LINES)

    assert [each["seq"] for each in exported(type_)] == [1, 2, 3, 4, 5, 6, 7]
    assert [each["seq"] for each in exported(type_, "--person", "Ada Approver")] == [2, 3]
