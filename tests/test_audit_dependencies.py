"""`make audit` tells a finding from a service that could not be asked, about every package that is pinned."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.audit import FILES, Exit, audit, pins

KNOWN = {
    "id": "PYSEC-0000-1",
    "modified": "2026-01-01T00:00:00Z",
    "summary": "made up",
    "affected": [
        {
            "package": {"name": "pyyaml", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}],
        }
    ],
}

FEW = {"click": "8.1.0", "pyyaml": "6.0"}
NOWHERE = "http://127.0.0.1:1/"


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path))


class Osv(ThreadingHTTPServer):
    """The service behind it, as far as it is asked: about which packages, and what it knows."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Asked)
        self.vulnerable = ""
        self.asked: set[tuple[str, str]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"


class Asked(BaseHTTPRequestHandler):
    server: Osv

    def do_POST(self) -> None:
        said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        of = [(each["package"]["name"], each["version"]) for each in said["queries"]]
        self.server.asked.update(of)
        known = [{"id": KNOWN["id"], "modified": KNOWN["modified"]}]
        self.answer(
            {
                "results": [
                    {"vulns": known} if name == self.server.vulnerable else {} for name, _ in of
                ]
            }
        )

    def do_GET(self) -> None:
        self.answer(KNOWN)

    def answer(self, said: object) -> None:
        body = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def osv() -> Iterator[Osv]:
    with Osv() as osv:
        thread = threading.Thread(target=osv.serve_forever)
        thread.start()
        yield osv
        osv.shutdown()
        thread.join()


def test_every_pin_of_both_files_is_read() -> None:
    pinned = sum(file.read_text().count("==") for file in FILES)

    assert pinned > len(pins()) > 70
    assert {"boto3", "pyyaml", "slack-bolt", "psycopg", "mypy", "uv"} <= set(pins())


def test_every_package_is_asked_about_and_nothing_is_known(osv: Osv) -> None:
    assert audit(pins(), "--service-url", osv.url, index=NOWHERE) is Exit.FINE
    assert osv.asked == set(pins().items())


def test_a_package_that_is_known_to_be_vulnerable_is_found(
    osv: Osv, capfd: pytest.CaptureFixture[str]
) -> None:
    osv.vulnerable = "pyyaml"

    assert audit(FEW, "--service-url", osv.url, index=NOWHERE) is Exit.FOUND
    assert "make audit: found" in capfd.readouterr().err


def test_a_service_out_of_reach_is_no_finding(capfd: pytest.CaptureFixture[str]) -> None:
    assert audit(FEW, "--service-url", NOWHERE, index=NOWHERE) is Exit.OUT_OF_REACH
    assert "could not be asked" in capfd.readouterr().err
