"""The demo's own promises: what it runs is what was pinned, and nothing of it stays behind."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from select import select

import pytest

from tests.demo import package
from tests.demo.child import running
from tests.demo.errors import StageError
from tests.demo.proxy import completed


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An npm that brings whatever archive lies in this folder."""
    program = tmp_path / "npm"
    program.write_text('#!/bin/sh\ncp "$(dirname "$0")"/brought.tgz . 2>&1\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(package, "missing", lambda: "")
    return tmp_path


def test_a_package_that_is_not_the_pinned_one_is_refused(npm: Path, tmp_path: Path) -> None:
    (npm / "brought.tgz").write_bytes(b"something else")

    with pytest.raises(StageError, match="not the one that is pinned"):
        package.local_slack(tmp_path / "kept")

    assert not list((tmp_path / "kept").rglob("local-slack"))


def test_a_registry_that_is_out_of_reach_is_said(npm: Path, tmp_path: Path) -> None:
    with pytest.raises(StageError, match="is the registry reachable"):
        package.local_slack(tmp_path / "kept")


def test_a_part_that_dies_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    words = [sys.executable, "-c", "import sys; sys.exit('no such policy')"]

    with (
        running("bot", words, logs=tmp_path) as child,
        pytest.raises(StageError, match="bot went away") as told,
    ):
        child.says("never said")

    assert "no such policy" in str(told.value)


def test_what_a_part_started_ends_with_it(tmp_path: Path) -> None:
    held = tmp_path / "held"
    os.mkfifo(held)
    reader = os.open(held, os.O_RDONLY | os.O_NONBLOCK)
    words = ["sh", "-c", f"exec 9>{held}; sleep 600 & echo started; wait"]

    with running("parent", words, logs=tmp_path) as child:
        child.says("(started)")

    closed_by_all, _, _ = select([reader], [], [], 10)
    os.close(reader)
    assert closed_by_all


def test_the_proxy_vouches_for_people_and_changes_nothing_that_was_said() -> None:
    said = {"ok": True, "user": {"id": "U1", "is_bot": True, "is_restricted": True}}

    user = completed("users.info", said)["user"]

    assert user["is_email_confirmed"] is True
    assert user["is_bot"] is True
    assert user["is_restricted"] is True


def test_the_proxy_passes_a_refusal_through() -> None:
    refused = {"ok": False, "error": "user_not_found"}

    assert completed("users.info", refused) == refused
