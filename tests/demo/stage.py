"""Sets the stage: local-slack, what it lacks, a stand-in for AWS, and the bot between them."""

from __future__ import annotations

import json
import os
import socket
import sys
import tempfile
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from http.client import HTTPException
from pathlib import Path
from secrets import token_bytes
from typing import Any, Final
from urllib.request import ProxyHandler, build_opener

from tests.demo import workspace
from tests.demo.child import ROOT, Child, running
from tests.demo.package import local_slack
from tests.standins.aws import ACTIVITY_ROLE

FOLDER: Final = ROOT / ".demo"
"""Not in version control."""
LOGS: Final = FOLDER / "logs"
OPERATION_SECONDS: Final = 1.0
_KEPT: Final = ("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR", "TZ", "VIRTUAL_ENV")

_near = build_opener(ProxyHandler({}))


@dataclass(frozen=True, slots=True)
class Stage:
    """All of it, up and connected."""

    page: str
    """Where a browser finds the local Slack."""
    aws: str
    bot: str
    logs: Path
    children: tuple[Child, ...]

    def check(self) -> None:
        """StageError if one of them is gone."""
        for child in self.children:
            child.check()

    def assignments(self) -> list[dict[str, Any]]:
        """Who has which access in the AWS stand-in now."""
        found: list[dict[str, Any]] = json.loads(_read(f"{self.aws}/_control/assignments"))
        return found


@contextmanager
def stage(
    logs: Path = LOGS, *, port: int = 0, tell: Callable[[str], object] = lambda _: None
) -> Iterator[Stage]:
    """Everything up and connected, for as long as the block lasts; afterwards no process is left."""
    tell("Looking for the local Slack (37 MB from npm the first time) …")
    program = local_slack(FOLDER)
    logs.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        memory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="elevate-demo-")))
        start = partial(_start, stack, logs)
        tell("Starting the local Slack, the AWS stand-in and the bot …")
        slack = start("local-slack", _slack_command(program, memory, port))
        page = slack.says(r"Web UI:\s+(http://\S+)")
        proxy = start("slack-proxy", _python("-m", "tests.demo.proxy", page))
        aws = start(
            "aws", _python("-m", "tests.standins.aws", f"--operation-seconds={OPERATION_SECONDS}")
        )
        aws_url = aws.says(r"(http://\S+)")
        bot_port = _free_port()
        bot = start(
            "bot",
            _python("-m", "bot", "run"),
            _bot_environment(memory, bot_port, slack=proxy.says(r"(http://\S+)"), aws=aws_url),
        )
        bot_url = f"http://127.0.0.1:{bot_port}"
        bot.until(lambda: _answer(f"{bot_url}/readyz"), "answer of /readyz", seconds=120)
        bot.until(lambda: _connected(page), "Socket Mode connection")
        yield Stage(page, aws_url, bot_url, logs, (slack, proxy, aws, bot))


def _start(
    stack: ExitStack,
    logs: Path,
    name: str,
    command: list[str],
    environment: dict[str, str] | None = None,
) -> Child:
    given = _clean() if environment is None else environment
    return stack.enter_context(running(name, command, logs=logs, environment=given))


def _python(*words: str) -> list[str]:
    return [sys.executable, *words]


def _slack_command(program: Path, memory: Path, port: int) -> list[str]:
    config, files = memory / "slack.json", memory / "files"
    config.write_text(json.dumps(workspace.config()))
    words = {"--config": config, "--port": port, "--base-host": "localhost", "--files-dir": files}
    return [str(program), *(str(word) for pair in words.items() for word in pair)]


def _clean() -> dict[str, str]:
    # Nothing of the developer's own AWS or Slack gets in here, and nothing goes out by a proxy.
    return {name: os.environ[name] for name in _KEPT if name in os.environ}


def _bot_environment(memory: Path, port: int, *, slack: str, aws: str) -> dict[str, str]:
    return _clean() | {
        "SLACK_API_URL": f"{slack}/api/",
        "SLACK_BOT_TOKEN": workspace.BOT_TOKEN,
        "SLACK_APP_TOKEN": workspace.APP_TOKEN,
        "SLACK_SIGNING_SECRET": workspace.SIGNING_SECRET,
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "DATABASE_URL": f"sqlite:///{memory / 'elevate.db'}",
        "AWS_ENDPOINT_URL": aws,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "demo",
        "AWS_SECRET_ACCESS_KEY": "demo",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "ELEVATE_POLICY_FILE": str(Path(__file__).with_name("policies.yml")),
        "ELEVATE_EMAIL_DOMAINS": "example.com",
        "ELEVATE_ENCRYPTION_KEY": b64encode(token_bytes(32)).decode(),
        "ELEVATE_ACCESS_PORTAL_URL": "https://portal.example.com/start",
        "ELEVATE_ACTIVITY_SOURCE": "lookup_events",
        "ELEVATE_ACTIVITY_ROLE": ACTIVITY_ROLE,
        "ELEVATE_DATE_TOKENS": "off",
        "ELEVATE_LOG_FORMAT": "text",
    }


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def _read(url: str) -> bytes:
    with _near.open(url, timeout=5) as answer:
        content: bytes = answer.read()
        return content


def _answer(url: str) -> bytes | None:
    """None: nobody answers there yet, or not well."""
    try:
        return _read(url)
    except (OSError, HTTPException):
        return None


def _connected(page: str) -> bool | None:
    return True if b"socket connected" in (_answer(f"{page}/_control/log") or b"") else None
