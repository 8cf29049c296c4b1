"""Stands before local-slack's Web API and adds what a real Slack says and local-slack leaves out.

The bot refuses whoever Slack does not vouch for, and local-slack vouches for nobody. Nothing that
local-slack does say is changed; all else passes through.
"""

from __future__ import annotations

import argparse
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

SCOPES: Final = "commands,chat:write,im:write,users:read,users:read.email,channels:read,groups:read"
A_MEMBER: Final = {
    "is_restricted": False,
    "is_ultra_restricted": False,
    "is_email_confirmed": True,
}
OUR_OWN_CHANNEL: Final = {
    "is_shared": False,
    "is_ext_shared": False,
    "is_org_shared": False,
    "is_pending_ext_shared": False,
}
PATIENCE: Final = 30.0


def completed(method: str, answer: dict[str, Any]) -> dict[str, Any]:
    """The answer of a Web API method, with what was left out."""
    match method:
        case "users.info" | "users.lookupByEmail" if "user" in answer:
            return answer | {"user": A_MEMBER | answer["user"]}
        case "users.list" if "members" in answer:
            return answer | {"members": [A_MEMBER | user for user in answer["members"]]}
        case "conversations.info" if "channel" in answer:
            return answer | {"channel": OUR_OWN_CHANNEL | answer["channel"]}
        case _:
            return answer


class Handler(BaseHTTPRequestHandler):
    """Passes a call on and its answer back."""

    protocol_version = "HTTP/1.1"
    slack = ""

    def do_POST(self) -> None:
        """The Web API takes nothing else."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kept = {
            name: value
            for name in ("Authorization", "Content-Type")
            if (value := self.headers.get(name))
        }
        asked = Request(f"{self.slack}{self.path}", data=body, headers=kept, method="POST")
        try:
            with urlopen(asked, timeout=PATIENCE) as answer:
                self._say(200, answer.read())
        except HTTPError as refused:
            self._say(refused.code, refused.read())
        except (URLError, OSError) as gone:
            sys.stderr.write(f"{self.path}: {gone}\n")
            self._say(502, b'{"ok": false, "error": "local_slack_is_gone"}')

    def _say(self, status: int, body: bytes) -> None:
        if status == 200:
            method = urlsplit(self.path).path.removeprefix("/api/")
            body = json.dumps(completed(method, json.loads(body))).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-OAuth-Scopes", SCOPES)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """local-slack's own inspector shows every call."""


def main() -> None:
    """Serve until a signal comes; the first line says where."""
    parser = argparse.ArgumentParser(prog="python -m tests.demo.proxy", description=__doc__)
    parser.add_argument("slack", help="local-slack's address")
    Handler.slack = parser.parse_args().slack
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        sys.stdout.write(f"http://127.0.0.1:{server.server_port}\n")
        sys.stdout.flush()
        server.serve_forever()


if __name__ == "__main__":
    main()
