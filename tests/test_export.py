"""Every request as a line of CSV or JSON: under names that stay, and harmless to whoever opens it."""

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from grants.activity import to_json
from grants.auditing import TOGETHER
from grants.exporting import COLUMNS, Format, Record, harmless, heading, line
from grants.model import Ballot, Request, State
from grants.records import ActivityRow
from tests import make
from tests.make import HOUR, NOON
from tests.opened import opened
from tests.terminal import ROOT, Terminal, a_terminal
from tests.test_blocks_drawings import a_summary

BOB = make.a_person("Bob")


@pytest.fixture
def type_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    with a_terminal(tmp_path, monkeypatch) as terminal:
        yield terminal


def keep(type_: Terminal, *requests: Request) -> None:
    with type_.works() as works, works() as work:
        for request in requests:
            work.requests.add(request)


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def row_of(record: Record) -> dict[str, str]:
    (row,) = table(heading(Format.CSV) + line(record, Format.CSV))
    return row


def line_of(record: Record) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(line(record, Format.JSONL))
    return found


# The columns


def test_the_columns_keep_their_names_and_their_places() -> None:
    assert heading(Format.CSV) == (
        "id,state,requester_name,requester_user_name,requester_email,requester_user_id,"
        "requester_slack_id,account_id,account_name,permission_set_name,permission_set_arn,"
        "duration,session_duration,justification,ticket,ticket_url,asked_at,starts_at,expires_at,"
        "approval_needed,approvals,may_approve,votes,decided_at,decided_by,active_at,ends_at,"
        "ended_at,because,closed_by,reason,standing,credentials_until,reminded,nudged_at,"
        "policy_version,activity_source,activity_unavailable,activity_final,activity_calls,"
        "activity_reads,activity_writes,activity_errors,activity_services,"
        "activity_write_actions,activity_first_at,activity_last_at,activity_after_end,"
        "activity_truncated,extends,activity_sensitive,activity_denied,activity_assumed,"
        "activity_sessions,activity_addresses,activity_stayed,activity_complete,"
        "activity_missing\r\n"
    )


def test_every_column_is_explained() -> None:
    page = (ROOT / "docs/reference/export.md").read_text(encoding="utf-8")
    page = page.partition("## The journal")[0]

    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == list(COLUMNS)


def test_every_column_is_a_field_of_the_json_too() -> None:
    record = Record(make.a_request(), activity=to_json(a_summary()))
    found = line_of(record)
    nested = {f"{name}_{key}" for name in ("requester", "activity") for key in found[name]}

    assert set(COLUMNS) - found.keys() - nested == set()


def test_a_request_is_told_whole() -> None:
    request = make.a_request(state=State.ENDED, starts_at=NOON + HOUR, standing=True)
    row = row_of(Record(request))

    assert (row["id"], row["state"], row["requester_email"]) == (
        "7K2M9QXB",
        "ended",
        "eve@example.com",
    )
    assert (row["duration"], row["approval_needed"], row["standing"]) == ("3600", "true", "true")
    assert row["asked_at"] == "2026-11-02T12:00:00+00:00"
    assert row["credentials_until"] == "2026-11-02T14:00:00+00:00"
    assert (row["nudged_at"], row["activity_calls"]) == ("", "")


def test_votes_are_told_with_who_when_and_why() -> None:
    agrees = make.a_vote()
    silent = make.a_vote(voter=BOB, ballot=Ballot.REJECT, comment="", at=NOON + HOUR)
    record = Record(make.a_request(), [agrees, silent])

    assert row_of(record)["votes"].splitlines() == [
        "approve by Ada Approver <ada@example.com> at 2026-11-02T12:00:00+00:00: Go ahead.",
        "reject by Bob <bob@example.com> at 2026-11-02T13:00:00+00:00",
    ]
    assert [(vote["ballot"], vote["voter"]["user_name"]) for vote in line_of(record)["votes"]] == [
        ("approve", "ada"),
        ("reject", "bob"),
    ]


def test_what_the_session_did_is_told() -> None:
    summary = replace(a_summary(), calls=3, services={"ec2": 2, "s3": 1}, after_end=1)
    record = Record(make.a_request(), activity=to_json(summary))

    row = row_of(record)
    assert (row["activity_calls"], row["activity_services"], row["activity_after_end"]) == (
        "3",
        "ec2 2; s3 1",
        "1",
    )
    assert line_of(record)["activity"]["services"] == {"ec2": 2, "s3": 1}


@pytest.mark.parametrize(
    ("changes", "complete", "missing"),
    [
        ({}, "true", ""),
        ({"final": False}, "false", ""),
        ({"unavailable": "No role."}, "false", "No role."),
        ({"again": "It is older."}, "false", "could not be read again: It is older."),
        (
            {"regions_missing": {"eu-west-1": "No right.", "eu-west-2": "Busy."}},
            "false",
            "eu-west-1 could not be read: No right.; eu-west-2 could not be read: Busy.",
        ),
        (
            {"blind": True},
            "false",
            "the source has no event of this account in this time: it may not see it",
        ),
        ({"gone": True}, "false", "part of it is older than what the source has"),
        (
            {"truncated": True, "unreadable": 2},
            "false",
            "there was more than could be read; records that could not be read: 2",
        ),
        (
            {"nameless": 3},
            "false",
            "calls under another name and with nobody's id: 3",
        ),
    ],
)
def test_whether_that_is_all_is_told_and_what_is_missing(
    changes: dict[str, Any], complete: str, missing: str
) -> None:
    record = Record(make.a_request(), activity=to_json(replace(a_summary(), **changes)))

    row, told = row_of(record), line_of(record)["activity"]
    assert (row["activity_complete"], row["activity_missing"]) == (complete, missing)
    assert (told["complete"], "; ".join(told["missing"])) == (complete == "true", missing)


def test_of_what_was_not_looked_up_nothing_is_said_to_be_complete() -> None:
    row = row_of(Record(make.a_request()))

    assert (row["activity_complete"], row["activity_missing"]) == ("", "")


# What somebody typed


@pytest.mark.parametrize("typed", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", "\uff1d1"])
def test_what_begins_like_a_formula_is_text(typed: str) -> None:
    row = row_of(Record(make.a_request(justification=typed, ticket=typed, reason=typed)))

    assert row["justification"] == row["ticket"] == row["reason"] == f"'{typed}"


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("fix;=1+1", "fix;'=1+1"),
        ("fix; -1", "fix; '-1"),
        ("fix\n@SUM(A1)", "fix\n'@SUM(A1)"),
        ("fix\r\n+1", "fix\r\n'+1"),
        ("fix\t\uff1d1", "fix\t'\uff1d1"),
        ("\t=1", "'\t'=1"),
        ("=1;=1;;=1", "'=1;'=1;;'=1"),
        ('fix;"=1', "fix;\"'=1"),
    ],
)
def test_what_begins_like_a_formula_within_a_cell_is_text(typed: str, told: str) -> None:
    assert harmless(typed) == told


@given(typed=st.text("=+-@\uff1d;,\t\r\n \"'a"), separator=st.sampled_from(",;\t"))
def test_wherever_a_spreadsheet_parts_cells_none_is_a_formula(typed: str, separator: str) -> None:
    record = Record(make.a_request(justification=typed, may_approve=("staff", typed)))
    text = io.StringIO(line(record, Format.CSV), newline="")

    cells = [cell for row in csv.reader(text, delimiter=separator) for cell in row]

    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\uff1d"))] == []


@pytest.mark.parametrize(
    "typed", ["a=1", "1-1", "'=1", " =1", "mail@example.com", "", "a; b=1", "a\nb - c"]
)
def test_other_cells_stay_as_they_were_typed(typed: str) -> None:
    assert harmless(typed) == typed


def test_names_and_groups_cannot_begin_a_formula_either() -> None:
    person = replace(BOB, name="=cmd()", email="@bob", user_name="-bob")
    request = make.a_request(requester=person, may_approve=("=group",), account_name="+1")
    row = row_of(Record(request, [make.a_vote(voter=person)]))

    cells = [cell for cell in row.values() if cell.startswith(("=", "+", "-", "@"))]
    assert cells == []


HOSTILE = 'a "quoted"\r\nline, <!channel> \u202eright\u202c; é 🦝 \u2028and \u2029so \x85on'


def test_what_was_typed_comes_back_from_both() -> None:
    record = Record(make.a_request(justification=HOSTILE), [make.a_vote(comment=HOSTILE)])

    assert row_of(record)["justification"] == HOSTILE
    assert line_of(record)["justification"] == HOSTILE
    assert line_of(record)["votes"][0]["comment"] == HOSTILE
    assert len(line(record, Format.JSONL).splitlines()) == 1


# At the command line


def test_every_request_is_exported_the_oldest_first(type_: Terminal) -> None:
    late = make.a_request("LATE0002", asked_at=NOON + HOUR, requester=BOB)
    keep(type_, late, make.a_request("EAR00001", state=State.ENDED))
    with type_.works() as works, works() as work:
        work.votes.add(make.a_vote("EAR00001"))
        activity = ActivityRow(make.a_request("EAR00001").id, None, 1, to_json(a_summary()))
        work.activities.put(activity)

    found = table(type_("audit", "export", "--format", "csv").stdout_bytes.decode())

    assert [row["id"] for row in found] == ["EAR00001", "LATE0002"]
    assert found[0]["votes"].startswith("approve by Ada Approver")
    assert found[0]["activity_source"] == a_summary().source
    assert found[1]["votes"] == ""


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        (["--person", "BOB@example.com"], ["LATE0002"]),
        (["--person", "Eve Engineer"], ["EAR00001"]),
        (["--person", "eve", "--state", "open"], []),
        (["--account", "111122223333"], ["EAR00001", "LATE0002"]),
        (["--account", "999999999999"], []),
        (["--state", "ended", "--state", "failed"], ["EAR00001"]),
        (["--since", "2026-11-03"], ["LATE0002"]),
        (["--until", "2026-11-02"], ["EAR00001"]),
        (["--since", "2026-11-02T12:00:00+00:00", "--until", "2026-11-03T12:00:00Z"], ["EAR00001"]),
    ],
    ids=" ".join,
)
def test_the_filters_are_those_of_the_list(
    type_: Terminal, options: list[str], ids: list[str]
) -> None:
    late = make.a_request("LATE0002", asked_at=NOON + 24 * HOUR, requester=BOB)
    keep(type_, late, make.a_request("EAR00001", state=State.ENDED))

    exported = type_("audit", "export", "--format", "jsonl", *options)
    listed = type_.json("requests", "list", *options)

    assert [json.loads(line)["id"] for line in exported.stdout.splitlines()] == ids
    assert [request["id"] for request in listed] == ids[::-1]


def test_a_file_is_written_and_the_terminal_stays_quiet(type_: Terminal) -> None:
    keep(type_, make.a_request())
    file = type_.folder / "requests.csv"

    result = type_("audit", "export", "--format", "csv", "--output", str(file))

    assert (result.exit_code, result.output) == (0, "")
    assert [row["id"] for row in table(file.read_bytes().decode())] == ["7K2M9QXB"]


def test_an_export_of_nothing_is_a_file_all_the_same(type_: Terminal) -> None:
    keep(type_)
    file = type_.folder / "requests.jsonl"

    type_("audit", "export", "--format", "jsonl", "--output", str(file))

    assert file.read_text() == ""


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (["--person", "nobody"], "--person: Nobody of this name"),
        (["--person", "eve"], "--person: Several people"),
        (["--account", "nowhere"], "--account: There is no account"),
        (["--since", "yesterday"], "--since: This is not a day"),
        (["--until", "9999-12-31"], "--until: This is not a day"),
        (["--since", "2026-11-03", "--until", "2026-11-01"], "--until: This is before"),
        (["--state", "unheard"], "unheard"),
    ],
    ids=str,
)
def test_a_filter_that_means_nothing_is_misuse(
    type_: Terminal, option: list[str], said: str
) -> None:
    other = make.a_person("Other", user_name="eve")
    keep(type_, make.a_request(), make.a_request("8K2M9QXB", requester=other))

    result = type_("audit", "export", "--format", "csv", *option)

    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""


def test_everything_that_is_wrong_is_said_at_once(type_: Terminal) -> None:
    keep(type_)

    result = type_("requests", "list", "--person", "nobody", "--since", "x", "--until", "y")

    assert [line.split()[1] for line in result.stderr.splitlines()] == [
        "--person:",
        "--since:",
        "--until:",
    ]


def test_that_somebody_took_requests_away_is_in_the_journal(type_: Terminal) -> None:
    keep(type_, make.a_request())

    type_("audit", "export", "--format", "csv", "--person", "eve", "--state", "pending")

    with type_.works() as works, works.reading() as work:
        (entry,) = [line.entry for line in work.journal.walk()]
    assert entry.event == "audit.export"
    assert entry.actor.name.startswith("operator:")
    assert entry.facts == {
        "format": "csv",
        "person": make.a_person().user_id,
        "states": "pending",
    }


def test_what_could_not_be_written_was_not_taken(type_: Terminal) -> None:
    keep(type_, make.a_request())
    nowhere = str(type_.folder / "none" / "requests.csv")

    result = type_("audit", "export", "--format", "csv", "--output", nowhere)

    assert result.exit_code == 1
    assert nowhere in result.stderr
    with type_.works() as works, works.reading() as work:
        assert list(work.journal.walk()) == []


def test_more_requests_than_are_read_at_once_come_whole(type_: Terminal) -> None:
    many = [
        make.a_request(f"{number:08}", asked_at=NOON + timedelta(seconds=number))
        for number in range(1203)
    ]
    keep(type_, *many)

    found = table(type_("audit", "export", "--format", "csv").stdout)

    assert [row["id"] for row in found] == [request.id for request in many]


def test_what_is_read_is_written_before_the_rest_is_read(type_: Terminal) -> None:
    keep(type_, *(make.a_request(f"{number:08}") for number in range(TOGETHER)))
    keep(type_, make.a_request("ZZZZZZZZ"))
    with opened(type_.database_url) as database, database.writing() as connection:
        connection.execute(text("UPDATE requests SET tally = 'torn' WHERE id = 'ZZZZZZZZ'"))
    file = type_.folder / "requests.jsonl"

    with pytest.raises(ValueError, match="Expecting value"):
        type_("audit", "export", "--format", "jsonl", "--output", str(file))

    assert len(file.read_text().splitlines()) == TOGETHER
