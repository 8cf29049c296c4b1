"""The command line in the test's own process, with nothing of the developer's environment."""

import json
import logging
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bot.commands.all import cli
from storage.engine import open_database
from storage.schema import migrate
from storage.work import SqlWorks

ROOT = Path(__file__).parent.parent
OURS = ("AWS_", "ELEVATE_", "SLACK_", "DATABASE_")
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_REGION": "us-east-1",
}


@dataclass(frozen=True)
class Terminal:
    """Somebody at the command line, in a folder of their own."""

    folder: Path
    patch: pytest.MonkeyPatch

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.folder / 'elevate.db'}"

    def set(self, **variables: str) -> None:
        for name, value in variables.items():
            self.patch.setenv(name, value)

    def __call__(self, *words: str, typed: str | None = None) -> Result:
        """What is foreseen ends with an exit code; anything else fails the test."""
        result = CliRunner().invoke(cli, words, input=typed)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def start(self, *words: str) -> subprocess.CompletedProcess[str]:
        """In a process of its own, which `run` takes for granted."""
        command = [sys.executable, "-m", "bot", *words]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)

    def json(self, *words: str, exit_code: int = 0) -> Any:
        result = self(*words, "--json")
        assert result.exit_code == exit_code, result.output
        return json.loads(result.stdout)

    def write(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    @contextmanager
    def works(self) -> Iterator[SqlWorks]:
        """What is remembered, beside the command line."""
        migrate(self.database_url)
        database = open_database(self.database_url)
        yield SqlWorks(database)
        database.close()


@contextmanager
def a_terminal(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    """Leaves logging as it was: a command sets it up for a whole process."""
    for name in [*os.environ]:
        if name.startswith(OURS):
            patch.delenv(name)
    patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    patch.setenv("AWS_CONFIG_FILE", str(folder / "no-config"))
    patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(folder / "no-credentials"))
    patch.setenv("DATABASE_URL", f"sqlite:///{folder / 'elevate.db'}")
    root = logging.getLogger()
    handlers, level, show = root.handlers[:], root.level, warnings.showwarning
    try:
        yield Terminal(folder, patch)
    finally:
        logging.captureWarnings(capture=False)
        root.handlers[:] = handlers
        root.setLevel(level)
        warnings.showwarning = show
