"""The real process sends its journal out, and a receiver that never answers holds nobody up."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from grants.model import State
from tests.beside import Outside, outside


@pytest.fixture
def company(database_url: str, tmp_path: Path) -> Iterator[Outside]:
    with outside(database_url, tmp_path) as around:
        yield around


def test_access_is_given_and_the_journal_goes_out_while_another_receiver_hangs(
    company: Outside, tmp_path: Path
) -> None:
    file = tmp_path / "journal.jsonl"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hanging = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with company.bot(ELEVATE_JOURNAL_TO=f"{hanging},file:{file}") as bot:
            bot.ready()

            request = company.active(bot)

            company.is_to_be(request, State.ACTIVE)
            company.until(lambda: "request.confirm" in file.read_text(), "line in the file")

    sent = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line["seq"] for line in sent] == list(range(1, len(sent) + 1))
    assert [line["prev_hash"] for line in sent[1:]] == [line["hash"] for line in sent[:-1]]
