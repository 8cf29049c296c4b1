"""Whether what we build on is known to be vulnerable: `make audit`. Apart from `make check`, for it asks a service.

uv audits only its own lock file, so that one is written from the pins of the requirement files, in a folder of its own.
It exits 1 for a finding and 3 where nobody could be asked.
"""

import re
import subprocess
import sys
from collections.abc import Iterable
from enum import IntEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import click

ROOT: Final = Path(__file__).resolve().parent.parent
FILES: Final = (ROOT / "requirements.txt", ROOT / "requirements-dev.txt")
PIN: Final = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)
INDEX: Final = "https://pypi.org/simple"
"""Uv looks there besides for packages that were quarantined, and only mentions them; the exit code is OSV's."""
PROJECT: Final = '[project]\nname = "elevate-audit"\nversion = "0"\nrequires-python = ">=3.11"\n'


class Exit(IntEnum):
    FINE = 0
    FOUND = 1
    OUT_OF_REACH = 3


SAYS: Final = {
    Exit.FINE: "make audit: nothing is known of what we build on",
    Exit.FOUND: "make audit: found; `make lock with=--upgrade` takes newer versions",
    Exit.OUT_OF_REACH: "make audit: not done, the service could not be asked; nothing is known either way",
}


def pins(files: Iterable[Path] = FILES) -> dict[str, str]:
    """Every package of the requirement files with its version."""
    return dict(sorted(pin for file in files for pin in PIN.findall(file.read_text("utf-8"))))


def lock(pinned: dict[str, str], index: str) -> str:
    """A lock file of uv's, of a project that needs them all."""
    needs = ", ".join(f'{{ name = "{name}" }}' for name in pinned)
    packages = (
        f'[[package]]\nname = "{name}"\nversion = "{version}"\n'
        f'source = {{ registry = "{index}" }}\n'
        for name, version in pinned.items()
    )
    own = f'[[package]]\nname = "elevate-audit"\nversion = "0"\nsource = {{ virtual = "." }}\ndependencies = [{needs}]\n'
    return "\n".join(['version = 1\nrequires-python = ">=3.11"\n', own, *packages])


def audit(pinned: dict[str, str], *more: str, index: str = INDEX) -> Exit:
    """Asks, prints what uv says, and sums up in one line."""
    with TemporaryDirectory(prefix="elevate-audit-") as folder:
        Path(folder, "pyproject.toml").write_text(
            f"{PROJECT}dependencies = {list(pinned)}\n", "utf-8"
        )
        Path(folder, "uv.lock").write_text(lock(pinned, index), "utf-8")
        uv = ROOT / ".venv" / "bin" / "uv"
        told = ("--preview-features", "audit-command", "--no-progress", *more)
        asked = subprocess.run([uv, "audit", "--frozen", *told], cwd=folder, check=False)
    said = {0: Exit.FINE, 1: Exit.FOUND}.get(asked.returncode, Exit.OUT_OF_REACH)
    click.echo(SAYS[said], err=True)
    return said


if __name__ == "__main__":
    sys.exit(audit(pins()))
