"""Fetches local-slack from the npm registry and holds it against the checksum written here."""

from __future__ import annotations

import base64
import hashlib
import platform
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Final

from tests.demo.errors import StageError

PACKAGE: Final = "local-slack-linux-x64@0.1.8"
INTEGRITY: Final = "sha512-2BCTKxKajjZNWCSCj66Jq5VDScUDNpGZ1lA3281I8RvpDE4/ULCwC26TlcW6/4sPbSTs02Q3KjTiltJp3ZBEvg=="
"""`npm view local-slack-linux-x64@0.1.8 dist.integrity`; the package is MIT-licensed."""
PROGRAM: Final = "package/bin/local-slack"
PATIENCE: Final = 600.0

IN_A_CONTAINER: Final = """\
The local Slack runs on Linux for x64 only. In a container, where there is Docker:
  docker run --rm -it --init --platform linux/amd64 -p 127.0.0.1:8080:8080 \\
    -v "$PWD":/elevate -v /elevate/.venv -v /elevate/.demo -w /elevate node:20-bookworm \\
    sh -c 'apt-get update && apt-get install -y python3-venv make && make setup &&
           exec .venv/bin/python -m tests.demo --port 8080'"""
NO_NODE: Final = "Node.js brings the local Slack: apt-get install nodejs npm"


def missing() -> str:
    """What this machine lacks, in words that say what to do; empty: nothing."""
    machine = (platform.system(), platform.machine(), platform.libc_ver()[0])
    if machine != ("Linux", "x86_64", "glibc"):
        return IN_A_CONTAINER
    if not (shutil.which("node") and shutil.which("npm")):
        return NO_NODE
    return ""


def local_slack(folder: Path) -> Path:
    """The program, fetched into this folder unless it is there."""
    if lacking := missing():
        raise StageError(lacking)
    program = folder / PACKAGE / "local-slack"
    if not program.exists():
        program.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as fresh:
            _unpacked(_fetched(Path(fresh))).rename(program)
    return program


def _fetched(folder: Path) -> Path:
    # `npm pack` only downloads: no lock file, no node_modules, and no script of the package runs.
    command = ["npm", "pack", PACKAGE, "--silent", "--ignore-scripts"]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        raise StageError(f"npm has not brought {PACKAGE} in {PATIENCE:.0f} s") from None
    found = sorted(folder.glob("*.tgz"))
    if done.returncode or not found:
        said = "\n".join(done.stderr.strip().splitlines()[-12:])
        raise StageError(f"npm cannot bring {PACKAGE} (is the registry reachable?)\n{said}")
    return found[0]


def _unpacked(archive: Path) -> Path:
    content = archive.read_bytes()
    digest = base64.b64encode(hashlib.sha512(content).digest()).decode()
    if f"sha512-{digest}" != INTEGRITY:
        raise StageError(f"{PACKAGE} from npm is not the one that is pinned: sha512-{digest}")
    program = archive.with_name("local-slack")
    with tarfile.open(archive) as packed:
        source = packed.extractfile(PROGRAM)
        if source is None:
            raise StageError(f"{PACKAGE} holds no {PROGRAM}")
        program.write_bytes(source.read())
    program.chmod(0o755)
    return program
