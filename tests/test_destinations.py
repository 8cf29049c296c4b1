"""Files, addresses and buckets take the journal's lines, or it is known that they did not."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import boto3
import pytest
from moto import mock_aws
from pydantic import SecretStr

from bot.commands.iam_policy import document
from bot.destinations import Address, File, StandardOutput
from bot.journal_to import destinations
from bot.settings import Settings, SettingsError, load
from grants.aws.clients import Clients
from grants.aws.s3 import Bucket
from grants.errors import AwsRefused, NotTakenError
from grants.lines import COLUMNS
from grants.records import Row
from tests.terminal import a_terminal


def a_row(seq: int) -> Row:
    return dict.fromkeys(COLUMNS, "é") | {"seq": seq, "at": 0, "facts": None}


ROWS = [a_row(1), a_row(2)]


def lines(text: bytes) -> list[int]:
    return [json.loads(line)["seq"] for line in io.BytesIO(text)]


# Standard output, and a file


def test_standard_output_gets_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    StandardOutput().send(ROWS)

    assert lines(capsys.readouterr().out.encode()) == [1, 2]


@pytest.mark.parametrize("encoding", ["ascii", "utf-16"])
def test_standard_output_is_utf_8_whatever_the_locale(
    monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    out = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(out, encoding=encoding))

    StandardOutput().send([a_row(1)])

    assert json.loads(out.getvalue().decode("utf-8"))["event"] == "é"


def test_what_standard_output_takes_in_parts_comes_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    out = Narrow()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BufferedWriter(out)))

    StandardOutput().send(ROWS)

    assert lines(out.got) == [1, 2]


def test_standard_output_that_is_full_and_does_not_wait_has_taken_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = io.TextIOWrapper(io.BufferedWriter(Narrow(room=0)))
    monkeypatch.setattr("sys.stdout", out)

    with pytest.raises(NotTakenError, match="standard output takes nothing"):
        StandardOutput().send(ROWS)


def test_half_a_line_on_standard_output_spoils_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    out = Narrow(room=10)
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BufferedWriter(out)))
    output = StandardOutput()
    for room in (10, 0, 5):
        out.room = room
        with pytest.raises(NotTakenError):
            output.send(ROWS)
    out.room = 100_000

    output.send(ROWS)
    output.send([a_row(3)])

    first, second, *whole = out.got.splitlines(keepends=True)
    assert (len(first), len(second)) == (11, 5)
    assert lines(b"".join(whole)) == [1, 2, 3]


class Narrow(io.RawIOBase):
    """Takes seven bytes at a time, until there is no more room."""

    def __init__(self, *, room: int = 100_000) -> None:
        self.room, self.got = room, b""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int | None:
        if not self.room:
            return None
        taken = bytes(data[: min(7, self.room)])
        self.room -= len(taken)
        self.got += taken
        return len(taken)


HANGING = """
import time
from bot import daemons
from bot.assemble import hands
from tests.test_destinations import ROWS, StandardOutput
daemons.PATIENCE = 0.2
workers = hands()
workers.forwards.submit(StandardOutput().send, ROWS * 10_000)
time.sleep(0.5)
workers.shut()
"""


def test_standard_output_that_nobody_reads_keeps_no_process_from_ending() -> None:
    with subprocess.Popen([sys.executable, "-c", HANGING], stdout=subprocess.PIPE) as process:
        try:
            code = process.wait(60)
        finally:
            process.kill()

    assert code == 0


def test_a_file_is_appended_to_and_is_its_owners_alone(tmp_path: Path) -> None:
    file = File(tmp_path / "journal.jsonl")

    file.send(ROWS)
    file.send([a_row(3)])

    assert lines(file.path.read_bytes()) == [1, 2, 3]
    assert file.path.stat().st_mode & 0o077 == 0


def test_a_file_that_was_moved_away_is_begun_anew(tmp_path: Path) -> None:
    file = File(tmp_path / "journal.jsonl")
    file.send(ROWS)
    file.path.rename(tmp_path / "old.jsonl")

    file.send([a_row(3)])

    assert lines(file.path.read_bytes()) == [3]


def test_half_a_line_of_whoever_was_killed_spoils_no_other(tmp_path: Path) -> None:
    file = File(tmp_path / "journal.jsonl")
    file.path.write_text('{"seq": 1, "a')

    file.send(ROWS)

    torn, *whole = file.path.read_bytes().splitlines(keepends=True)
    assert lines(b"".join(whole)) == [1, 2]
    assert torn == b'{"seq": 1, "a\n'


def test_a_file_that_cannot_be_written_has_taken_nothing(tmp_path: Path) -> None:
    with pytest.raises(NotTakenError) as refused:
        File(tmp_path / "none" / "journal.jsonl").send(ROWS)

    assert refused.value.reason == "the file cannot be written: No such file or directory"


def test_what_is_no_file_has_taken_nothing_and_why_is_said(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")

    with pytest.raises(NotTakenError) as refused:
        File(tmp_path / "fifo").send(ROWS)

    assert refused.value.reason == "the file cannot be written: File or stream is not seekable."


# An address


@dataclass
class Receiver:
    """Answers as it is told to, and keeps what it got."""

    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    cuts: bool = False
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening() as receiver:
        yield receiver


@contextmanager
def listening() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.got.append((self.path, dict(self.headers.items()), body))
            if receiver.cuts:
                self.close_connection = True
                return
            self.send_response(receiver.status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.end_headers()

        do_GET = do_POST  # noqa: N815  # the server's own names

        def log_message(self, *_: Any) -> None:
            """Quietly."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}/secret/path"
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_an_address_gets_json_lines_and_the_token(receiver: Receiver) -> None:
    Address(receiver.url, SecretStr("t0ken")).send(ROWS)

    ((path, headers, body),) = receiver.got
    assert (path, lines(body)) == ("/secret/path", [1, 2])
    assert headers["Authorization"] == "Bearer t0ken"
    assert headers["Content-Type"] == "application/x-ndjson"


@pytest.mark.parametrize("status", [302, 400, 401, 429, 500, 503])
def test_anything_but_2xx_means_that_nothing_was_taken(receiver: Receiver, status: int) -> None:
    receiver.status = status

    with pytest.raises(NotTakenError) as refused:
        Address(receiver.url, SecretStr("t0ken")).send(ROWS)

    assert refused.value.reason == f"it answers {status}"


def test_nobody_is_followed_elsewhere(receiver: Receiver) -> None:
    with listening() as other:
        receiver.status, receiver.headers = 307, {"Location": other.url}

        with pytest.raises(NotTakenError):
            Address(receiver.url, SecretStr("t0ken")).send(ROWS)

        assert other.got == []


def test_what_is_not_encrypted_goes_past_every_proxy(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    with listening() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)

        Address(receiver.url, SecretStr("t0ken")).send(ROWS)

        assert proxy.got == []
    assert len(receiver.got) == 1


def test_an_answer_that_is_cut_off_is_none(receiver: Receiver) -> None:
    receiver.cuts = True

    with pytest.raises(NotTakenError) as refused:
        Address(receiver.url).send(ROWS)

    assert "secret" not in refused.value.reason


def test_where_nobody_listens_nothing_is_taken(receiver: Receiver) -> None:
    with listening() as gone:
        url = gone.url

    with pytest.raises(NotTakenError) as refused:
        Address(url).send(ROWS)

    assert refused.value.reason == "it is not reached (ConnectionRefusedError)"


def test_the_name_of_an_address_holds_no_secret_and_tells_two_apart() -> None:
    one, two = (Address(f"https://logs.example.com/{path}") for path in ("s3cret", "other"))

    assert one.name.startswith("https://logs.example.com (")
    assert "s3cret" not in one.name
    assert one.name != two.name
    assert "t0ken" not in repr(Address("https://x.example", SecretStr("t0ken")))


# A bucket


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield Clients(session=boto3.Session("AKIDEXAMPLE", "secret", region_name="us-east-1"))


def objects(clients: Clients, bucket: str) -> dict[str, list[int]]:
    found = clients.s3.list_objects_v2(Bucket=bucket).get("Contents", ())
    bodies = {each["Key"]: clients.s3.get_object(Bucket=bucket, Key=each["Key"]) for each in found}
    return {key: lines(found["Body"].read()) for key, found in bodies.items()}


def test_a_batch_is_an_object_and_the_same_again_is_the_same_object(clients: Clients) -> None:
    clients.s3.create_bucket(Bucket="example-journal", ObjectLockEnabledForBucket=True)
    bucket = Bucket(clients, "example-journal", "elevate/")

    for rows in (ROWS, ROWS, [a_row(3)]):
        bucket.send(rows)

    assert objects(clients, "example-journal") == {
        "elevate/000000000001.jsonl": [1, 2],
        "elevate/000000000003.jsonl": [3],
    }


def test_what_a_bucket_is_sent_is_counted(clients: Clients) -> None:
    clients.s3.create_bucket(Bucket="example-journal")
    heard: list[tuple[str, str, str]] = []
    settings = Settings(journal_to=("s3://example-journal",))
    (bucket,) = destinations(
        settings, clients, lambda service, call, outcome, _: heard.append((service, call, outcome))
    )

    bucket.send(ROWS)

    assert heard == [("s3", "PutObject", "ok")]


def test_an_object_bears_the_checksum_that_object_lock_demands(clients: Clients) -> None:
    clients.s3.create_bucket(Bucket="example-journal")
    sent: list[Any] = []

    def keep(request: Any, **_: Any) -> None:
        sent.append(request)

    clients.s3.meta.events.register("before-send.s3.PutObject", keep)

    Bucket(clients, "example-journal").send(ROWS)

    (request,) = sent
    assert request.headers["x-amz-sdk-checksum-algorithm"] in {b"SHA256", "SHA256"}


def test_a_bucket_that_is_not_there_has_taken_nothing(clients: Clients) -> None:
    with pytest.raises(AwsRefused) as refused:
        Bucket(clients, "example-journal").send(ROWS)

    assert "NoSuchBucket" in refused.value.reason


def test_the_bot_may_write_there_and_nothing_else() -> None:
    settings = Settings(journal_to=("s3://example-journal/elevate", "s3://other"))
    *_, last = document("arn:aws:sso:::instance/ssoins-0", settings)["Statement"]

    assert last["Action"] == ["s3:PutObject"]
    assert last["Resource"] == [
        "arn:aws:s3:::example-journal/elevate/*",
        "arn:aws:s3:::other/*",
    ]


# The setting


def test_several_are_named_at_once(clients: Clients) -> None:
    settings = Settings(
        journal_to=("stdout", "file:/var/log/j.jsonl", "s3://example-journal/a", "https://x.example/y"),
        journal_token="t0ken",
    )  # fmt: skip

    found = destinations(settings, clients)

    assert [each.name for each in found[:3]] == ["stdout", "file:/var/log/j.jsonl", "s3://example-journal/a"]  # fmt: skip
    assert "t0ken" not in repr(settings)


@pytest.mark.parametrize(
    "said",
    [
        "stderr", "file:journal.jsonl", "file://host/x", "s3://", "s3://UPPER", "http://logs.example.com",
        "http://127.0.0.1.evil.test/", "https://user:s3cret@x.example/", "https://x.example/?token=s3cret",
        "https://", "ftp://x.example", "https://x.example/ s3cret", "stdout,https://x.example/#s3cret",
    ],
)  # fmt: skip
def test_what_is_none_stops_the_start_with_one_line_that_quotes_no_secret(
    said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_terminal(tmp_path, monkeypatch) as terminal:
        terminal.set(ELEVATE_JOURNAL_TO=said)

        with pytest.raises(SettingsError) as refused:
            load()

    (problem,) = refused.value.problems
    assert problem.startswith("ELEVATE_JOURNAL_TO: one of them is not taken; write stdout,")
    assert "s3cret" not in problem


@pytest.mark.parametrize("said", ["stdout", "stdout, file:/x", "https://x.example", "https://x.example:8443/a/b", "http://localhost:9/x", "s3://a-bucket.of-ours/p/q/"])  # fmt: skip
def test_what_is_one_is_taken(said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with a_terminal(tmp_path, monkeypatch) as terminal:
        terminal.set(ELEVATE_JOURNAL_TO=said)

        assert ", ".join(load().journal_to) == said
