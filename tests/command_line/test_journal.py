"""The journal is verified."""

import sqlite3
from contextlib import closing

from tests import make
from tests.command_line.kept import keep
from tests.terminal import Terminal


def test_a_whole_journal_is_ok(type_: Terminal) -> None:
    keep(type_, make.a_request("AAA00001"), make.a_request("AAA00002"))

    result = type_("audit", "verify")

    assert result.exit_code == 0
    found = type_.json("audit", "verify")
    assert found["checkpoint"] == f"2:{found['head']['hash']}"
    assert result.stdout == f"2 lines read: ok; checkpoint {found['checkpoint']}\n"


def test_a_changed_line_is_found_and_named(type_: Terminal) -> None:
    keep(type_, make.a_request("AAA00001"), make.a_request("AAA00002"))
    with closing(sqlite3.connect(type_.folder / "elevate.db")) as connection:
        connection.execute("DROP TRIGGER journal_no_update")
        connection.execute("UPDATE journal SET reason = 'none' WHERE seq = 2")
        connection.commit()

    result = type_("audit", "verify")

    assert result.exit_code == 1
    assert "line 2: its content was changed" in result.stderr
    assert type_.json("audit", "verify", exit_code=1)["wrong"]["line"] == 2
