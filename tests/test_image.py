"""The image holds what the bot needs and nothing else, and the bot writes in one place alone."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.beside import Bot, Outside, outside
from tests.demo.child import ROOT, running

DOCKERFILE = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"))


def said(word: str) -> list[str]:
    """What follows an instruction, each time that it is there."""
    return re.findall(rf"^{word} (.+)$", DOCKERFILE, re.MULTILINE)


COPIED = [source for line in said("COPY") for source in line.split()[:-1]]
SETTINGS = dict(each.split("=", 1) for line in said("ENV") for each in line.split())


@dataclass(frozen=True)
class Image:
    """What would be in /app, without the right to write there, and /data beside it."""

    app: Path
    data: Path
    company: Outside

    @property
    def environment(self) -> dict[str, str]:
        """The image's own, and what somebody has to set; no home, no language."""
        ours = {name: self._here(value) for name, value in SETTINGS.items()}
        theirs = self.company.environment(HOST="127.0.0.1")
        for name in ("HOME", "LANG", "LC_ALL", "VIRTUAL_ENV"):
            theirs.pop(name, None)
        return {**theirs, **ours, "HOST": "127.0.0.1", "PORT": "0"}

    def command(self, *words: str) -> list[str]:
        """Without the capabilities by which root writes wherever it likes."""
        setpriv = shutil.which("setpriv") if os.geteuid() == 0 else None
        bare = [setpriv, "--inh-caps", "-all", "--bounding-set", "-all"] if setpriv else []
        return [*bare, sys.executable, *words]

    def done(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*words), cwd=self.app, env={**self.environment, **more},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    def files(self) -> set[Path]:
        return set(self.app.rglob("*"))

    def _here(self, value: str) -> str:
        return re.sub("^/app", str(self.app), value.replace("//data", f"/{self.data}"))


@pytest.fixture
def image(tmp_path: Path) -> Iterator[Image]:
    app, data, outer = (tmp_path / name for name in ("app", "data", "outer"))
    for folder in (app, data, outer):
        folder.mkdir()
    for source in COPIED:
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, app / source)  # with what Python made of it, as there
        else:
            shutil.copy(ROOT / source, app)
    for path in (app, *app.rglob("*")):
        path.chmod(path.stat().st_mode & ~0o222)
    with outside(f"sqlite:///{data / 'elevate.db'}", outer) as company:
        yield Image(app, data, company)
    for path in (app, *app.rglob("*")):
        path.chmod(path.stat().st_mode | 0o200)


def test_it_runs_where_nothing_can_be_written_but_its_data(image: Image) -> None:
    before = image.files()
    assert image.done("-c", "open('here', 'w')").returncode == 1, "it is not read-only"
    assert image.done(*json.loads(said("ENTRYPOINT")[0])[1:], "--help").returncode == 0

    words = [*json.loads(said("ENTRYPOINT")[0])[1:], *json.loads(said("CMD")[0])]
    command, environment = image.command(*words), image.environment
    logs = image.company.folder
    with running("image", command, logs=logs, environment=environment, cwd=image.app) as child:
        bot = Bot(child, int(child.says(r"listening\b.*\bport\W+(\d+)")))
        bot.ready()
        healthy = image.done(*_health(), PORT=str(bot.port))
        child.process.terminate()
        ended = child.process.wait(timeout=30)

    assert healthy.returncode == 0, healthy.stderr
    assert ended == 0, "the signal reaches the bot itself, and it ends well"
    assert "Traceback" not in bot.log()
    assert {path.name for path in image.data.iterdir()} >= {"elevate.db"}
    assert image.files() == before


def _health() -> list[str]:
    (check,) = said("HEALTHCHECK")
    python, *words = json.loads(check.partition("CMD ")[2])
    assert python == "python"
    return [str(word) for word in words]


def test_nothing_but_what_is_copied_is_sent_to_whoever_builds() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]

    assert rules[0] == "*"
    assert {rule[1:] for rule in rules if rule.startswith("!")} == set(COPIED)


def test_the_user_is_nobody_and_what_is_installed_is_known_by_hash() -> None:
    assert said("USER") == ["nobody"]
    assert DOCKERFILE.index("USER nobody") > DOCKERFILE.rindex("COPY ")
    assert all("--require-hashes" in line for line in said("RUN") if "pip install" in line)
    assert said("ADD") == []
